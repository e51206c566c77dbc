"""`sampan mcp`: documents for language models, over the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sampan.errors import OptionError

EXAMPLES = """
**Examples**

`sampan mcp --root ~/Documents` serves one folder over standard input and output, as desktop clients start it.

`sampan mcp --root papers --root scans --cache ~/.cache/sampan/mcp` serves two, and remembers what it read.

`sampan mcp --root ~/Documents --http 8765` serves http://127.0.0.1:8765/mcp to clients on this machine.
"""


def mcp(
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Folder whose files may be read; give it again for more."),
    ] = None,
    http: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=1, max=65535, help="Serve HTTP on 127.0.0.1 instead of standard input."
        ),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep what was read here from session to session.")
    ] = None,
    max_bytes: Annotated[int, typer.Option(min=1, help="Refuse larger files.")] = 200_000_000,
    max_pages: Annotated[int, typer.Option(min=1, help="Refuse longer selections.")] = 2_000,
    page_seconds: Annotated[float, typer.Option(min=1, help="Give up on a page after so long.")] = 120.0,
    memory: Annotated[int, typer.Option(metavar="MB", min=256, help="Memory of the reading process.")] = 3072,
) -> None:
    """Let language models read documents and search in them, offline, in the folders that you name."""
    try:
        from sampan.mcp.server import build_server
    except ModuleNotFoundError as error:
        raise OptionError(
            f"`sampan mcp` needs the package {(error.name or 'mcp').partition('.')[0]}: "
            "run `pip install 'sampan[mcp]'`"
        ) from None
    from sampan.documents.bulk.isolation import Limits
    from sampan.documents.options import ParseOptions
    from sampan.mcp.roots import Roots
    from sampan.mcp.shelf import Shelf
    from sampan.runtime import usable_cores

    shelf = Shelf(
        Roots(root or []),
        ParseOptions(max_bytes=max_bytes, max_pages=max_pages),
        Limits(page_seconds=page_seconds, memory=memory << 20),
        usable_cores(),
        cache.expanduser() if cache is not None else None,
    )
    server = build_server(shelf)
    try:
        if http is None:
            server.run("stdio")
        else:
            typer.echo(f"sampan: serving http://127.0.0.1:{http}/mcp", err=True)
            server.run("streamable-http", host="127.0.0.1", port=http)
    finally:
        shelf.close()
