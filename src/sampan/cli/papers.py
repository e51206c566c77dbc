"""`sampan papers`: the research line, and how far each paper has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sampan.papers.register import Paper, Register

EXAMPLES = """
**Examples**

`sampan papers` lists all of them.

`sampan papers pp-ocrv3` shows one.

`sampan papers --json | jq '.papers[] | select(.state == "partial").name'`
"""


def papers(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One paper.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The page docs/papers.md.")] = False,
) -> None:
    """List the 44 papers that Sampan implements, with their claims and their state."""
    from sampan.papers.register import load

    register = load()
    if markdown:
        from sampan.papers.page import markdown as page

        typer.echo(page(register), nl=False)
    elif as_json:
        chosen = register if name is None else register.find(name)
        typer.echo(chosen.model_dump_json(indent=2))
    elif name is None:
        _print_all(register)
    else:
        _print_one(register.find(name))


def _print_all(register: Register) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "paper", "where", "state", box=None, pad_edge=False, header_style="bold")
    styles = {"planned": "dim", "partial": "yellow", "done": "green"}
    for paper in (*register.papers, *register.yardsticks):
        table.add_row(paper.name, paper.subject, paper.room, f"[{styles[paper.state]}]{paper.state}[/]")
    Console().print(table)


def _print_one(paper: Paper) -> None:
    typer.echo(f"{paper.title}\n{paper.authors}\n{paper.venue or 'arXiv'} ({paper.year}), {paper.url}\n")
    typer.echo(f"claim    {paper.claim}")
    typer.echo(f"code     {paper.licence}")
    typer.echo(f"where    {paper.room}")
    typer.echo(f"state    {paper.state}{f': {paper.here}' if paper.here else ''}")
