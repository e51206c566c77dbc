"""`sampan`: the door for people and shell scripts.

Exit codes
    0 all went well; 1 some files or pages failed; 2 the command was used wrongly; 3 the input cannot be
    read; 4 weights are missing or damaged; 5 the output cannot be written; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from sampan import __version__
from sampan.cli import (
    defects,
    doctor,
    eval_doc,
    evaluate,
    export,
    manual,
    mcp,
    mine,
    papers,
    parse,
    reproduce,
    serve,
    synthesize,
    train,
    watch,
    weights,
)
from sampan.errors import SampanError

INTERRUPTED = 130

EXAMPLES = """
**Examples**

`sampan parse report.pdf` prints a document as Markdown.

`sampan parse scans/ -o out --to md,json --workers 2` reads a folder into files.

`sampan serve` opens a page to drop files on; `sampan watch inbox/ -o out` reads what comes into a folder.

`sampan parse --help` tells all of a command; `sampan --install-completion` lets the shell complete it.
"""

app = typer.Typer(
    name="sampan",
    help="Reads PDFs, scans and photos into structured text, on an ordinary CPU and offline.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sampan {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("parse", epilog=parse.EXAMPLES)(parse.parse)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("watch", epilog=watch.EXAMPLES)(watch.watch)
app.command("mcp", epilog=mcp.EXAMPLES)(mcp.mcp)
app.command("eval-doc", epilog=eval_doc.EXAMPLES)(eval_doc.eval_doc)
app.command("train", epilog=train.EXAMPLES)(train.train)
app.command("eval", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("mine", epilog=mine.EXAMPLES)(mine.mine)
app.command("papers", epilog=papers.EXAMPLES)(papers.papers)
app.command("reproduce", epilog=reproduce.EXAMPLES)(reproduce.reproduce)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("manual", epilog=manual.EXAMPLES)(manual.manual)
app.add_typer(synthesize.app, name="synthesize")
app.add_typer(weights.app, name="weights")


def main() -> None:
    """Runs the command line; a user's mistake ends in one line on stderr and never in a traceback."""
    # Looking for plugins of pydantic reads the metadata of every installed package, and we want none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app(prog_name="sampan")
    except SampanError as error:
        _complain(str(error))
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _complain("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output has gone (`sampan papers | head`); nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if defects.show_traceback():
            raise
        _complain(defects.describe(error))
        raise SystemExit(SampanError.exit_code) from None


def _complain(message: str) -> None:
    typer.echo(f"sampan: {message}", err=True)
