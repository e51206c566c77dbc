"""`sampan synthesize`: draws training data with exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sampan.errors import OptionError

if TYPE_CHECKING:
    from sampan.vision.synthesis.typefaces import SynthesisOptions

EXAMPLES = """
**Examples**

`sampan synthesize lines -l ru,uk -n 10000 -o data/lines` draws ten thousand lines with PaddleOCR labels.

`sampan synthesize tables -l en=2,de -n 500 -o data/tables rows='[4, 20]'` draws tables, labelled as PubTabNet's.

`sampan synthesize sources -l vi` shows the fonts and texts that this machine has for a language.

`sampan synthesize library -l cyrillic -o build/cyrillic` gathers them for a machine that has none.
"""

app = typer.Typer(
    help="Draw training data with exact truth: lines, pages, tables, forms, scenes.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Languages = Annotated[
    str, typer.Option("--languages", "-l", metavar="CODES", help="Codes or groups, with shares: ru=2,uk.")
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="A new or empty folder.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many to draw.")]
Seed = Annotated[int, typer.Option("--seed", help="Another seed, other pictures.")]
Start = Annotated[int, typer.Option("--start", min=0, help="Number of the first.")]
Workers = Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes; the result is the same.")]
Held = Annotated[bool, typer.Option("--held-out", help="Only fonts and texts that training never sees.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Further options, as in recipes; values are YAML."),
]


def _draw(
    kind: str, languages: str, out: Path, count: int, seed: int, start: int, workers: int, held_out: bool,
    overrides: list[str] | None,
) -> None:  # fmt: skip
    _need_libraries()
    from rich.progress import Progress

    from sampan.vision.synthesis.folders import OPTIONS, write_folder

    given: dict[str, Any] = {"languages": parse_languages(languages), "seed": seed}
    if held_out:
        given |= {"split": "held-out", "fonts": "held-out"}
    options = make_options(OPTIONS[kind], given, overrides or [])
    with Progress(transient=True) as bar:
        task = bar.add_task(kind, total=count)
        write_folder(kind, options, count, out, start, workers, lambda done: bar.update(task, completed=done))
    typer.echo(
        f"{count} {kind} in {out}; manifest.json tells their fonts, licences and how to draw them again"
    )


def parse_languages(text: str) -> dict[str, float]:
    """`ru=2,uk` as shares."""
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        code, _, share = part.partition("=")
        try:
            shares[code] = float(share) if share else 1.0
        except ValueError:
            raise OptionError(f"--languages {part}: the share must be a number, as in ru=2,uk") from None
    if not shares:
        raise OptionError("--languages names none: give codes such as ru,uk")
    return shares


def make_options(
    kind: type[SynthesisOptions], given: dict[str, Any], overrides: list[str]
) -> SynthesisOptions:
    """The options with `KEY=VALUE` put in; raises `OptionError` with the nearest right name."""
    from difflib import get_close_matches

    import yaml
    from pydantic import ValidationError

    values = dict(given)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise OptionError(f"'{override}' is not KEY=VALUE")
        if key not in kind.model_fields:
            near = get_close_matches(key, kind.model_fields, n=1)
            hint = f": did you mean {near[0]}?" if near else f": there are {', '.join(kind.model_fields)}"
            raise OptionError(f"no option is called {key}{hint}")
        try:
            values[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise OptionError(f"the value of {key} is not YAML: {value}") from None
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise OptionError(f"{place}: {first['msg']} (given: {first['input']!r})") from None


@app.command(
    "lines",
    epilog="""
**Examples**

`sampan synthesize lines -l ru,uk -n 10000 -o data/lines -w 2` draws ten thousand lines in two processes.

`sampan synthesize lines -l vi --held-out -o data/check degradations="{scan: 1}"` draws scanned lines in unseen fonts.
""",
)
def lines(
    out: Out, languages: Languages = "en", count: Count = 1000, seed: Seed = 0, start: Start = 0, workers: Workers = 1,
    held_out: Held = False, overrides: Overrides = None,
) -> None:  # fmt: skip
    """Draw lines of text for recognisers, with PaddleOCR's labels."""
    _draw("lines", languages, out, count, seed, start, workers, held_out, overrides)


@app.command(
    "pages",
    epilog="""
**Examples**

`sampan synthesize pages -l bg -n 200 -o data/pages` draws pages with blocks, lines, words and tables.
""",
)
def pages(
    out: Out, languages: Languages = "en", count: Count = 100, seed: Seed = 0, start: Start = 0, workers: Workers = 1,
    held_out: Held = False, overrides: Overrides = None,
) -> None:  # fmt: skip
    """Draw whole pages for detectors of text (PaddleOCR's labels) and of layout (COCO)."""
    _draw("pages", languages, out, count, seed, start, workers, held_out, overrides)


@app.command(
    "tables",
    epilog="""
**Examples**

`sampan synthesize tables -l en=2,de -n 500 -o data/tables rows='[4, 20]'` draws tables of 4 to 20 rows.
""",
)
def tables(
    out: Out, languages: Languages = "en", count: Count = 100, seed: Seed = 0, start: Start = 0, workers: Workers = 1,
    held_out: Held = False, overrides: Overrides = None,
) -> None:  # fmt: skip
    """Draw tables with their structure, as in PubTabNet."""
    _draw("tables", languages, out, count, seed, start, workers, held_out, overrides)


@app.command(
    "forms",
    epilog="""
**Examples**

`sampan synthesize forms -l sr -n 100 -o data/forms` draws forms.
""",
)
def forms(
    out: Out, languages: Languages = "en", count: Count = 100, seed: Seed = 0, start: Start = 0, workers: Workers = 1,
    held_out: Held = False, overrides: Overrides = None,
) -> None:  # fmt: skip
    """Draw forms with questions and answers."""
    _draw("forms", languages, out, count, seed, start, workers, held_out, overrides)


@app.command(
    "scenes",
    epilog="""
**Examples**

`sampan synthesize scenes -l el -n 300 -o data/scenes angle=40` draws text that leans up to 40 degrees.
""",
)
def scenes(
    out: Out, languages: Languages = "en", count: Count = 100, seed: Seed = 0, start: Start = 0, workers: Workers = 1,
    held_out: Held = False, overrides: Overrides = None,
) -> None:  # fmt: skip
    """Draw sparse text at any angle on cluttered surfaces."""
    _draw("scenes", languages, out, count, seed, start, workers, held_out, overrides)


@app.command(
    "sources",
    epilog="""
**Examples**

`sampan synthesize sources -l cyrillic` tells what there is for six languages.
""",
)
def sources(
    languages: Languages = "en",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the fonts and texts that this machine has for languages, with their licences."""
    _need_libraries()
    import json

    from sampan.vision.synthesis.languages import expand, language
    from sampan.vision.synthesis.library import Library
    from sampan.vision.synthesis.text_sources import PACKAGES
    from sampan.vision.synthesis.typefaces import able

    codes = list(expand(parse_languages(languages)))
    library = Library.open(codes)
    report: list[dict[str, Any]] = []
    for code in codes:
        fonts = {split: able(library.fonts.split(split), code) for split in ("train", "held-out")}
        report.append(
            {
                "language": code,
                "sentences": len(library.texts.texts(code, "train").sentences),
                "words": len(library.texts.texts(code, "train").words),
                "held_out_sentences": len(library.texts.texts(code, "held-out").sentences),
                "families": sorted(fonts["train"].families),
                "held_out_families": sorted(fonts["held-out"].families),
                "texts": [row for row in library.texts.origins if row["language"] == code],
            }
        )
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    for row in report:
        typer.echo(
            f"{language(row['language']).name}: {row['sentences']} sentences and {row['words']} words to train on, "
            f"{row['held_out_sentences']} sentences held out; {len(row['families'])} font families, "
            f"{len(row['held_out_families'])} held out"
        )
        for origin in sorted(row["texts"], key=lambda origin: -origin["sentences"]):
            typer.echo(
                f"    {origin['sentences']:>7} {origin['words']:>7}  {origin['origin']:<44} {origin['licence']}"
            )
    typer.echo(f"More text on Debian: apt-get install {PACKAGES}")


@app.command(
    "library",
    epilog="""
**Examples**

`sampan synthesize library -l cyrillic,vi -o build/library --megabytes 40` gathers fonts and texts.
""",
)
def library(
    out: Out,
    languages: Languages = "en",
    megabytes: Annotated[
        float | None, typer.Option(min=0.1, help="Most room for fonts; the everyday ones come first.")
    ] = None,
) -> None:
    """Gather fonts and texts into a folder, for machines that have none (option `library` there)."""
    _need_libraries()
    from sampan.vision.synthesis.languages import expand
    from sampan.vision.synthesis.library import Library

    codes = list(expand(parse_languages(languages)))
    gathered = Library.open(codes)
    gathered.save(out, codes, megabytes)
    typer.echo(f"fonts and texts in {out}: look at fonts.json and texts/origins.json before passing them on")


def _need_libraries() -> None:
    from importlib.util import find_spec

    missing = [
        name for name, module in (("pillow", "PIL"), ("fonttools", "fontTools")) if find_spec(module) is None
    ]
    if missing:
        raise OptionError(f"drawing needs {' and '.join(missing)}: pip install 'sampan[torch]'")
