"""`sampan serve`: the same reading over HTTP, with a queue that survives crashes and a web page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sampan.errors import OptionError

EXAMPLES = """
**Examples**

`sampan serve` opens http://127.0.0.1:8000/, a page to drop files on.

`curl -F file=@report.pdf 'http://127.0.0.1:8000/v1/parse?to=md'` reads a document.

`sampan serve --host 0.0.0.0 --key-file keys.txt --workers 4 --data /var/lib/sampan` serves others, with keys.

Every option can also be set in the environment: `SAMPAN_PORT=9000 sampan serve`.
"""

ACCESS = "Who may use it"
LIMITS = "Limits"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.", envvar="SAMPAN_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", envvar="SAMPAN_PORT")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that read side by side.", envvar="SAMPAN_WORKERS")
    ] = 1,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of jobs and results.", envvar="SAMPAN_DATA"),
    ] = None,
    keep_days: Annotated[
        float, typer.Option(help="Remove jobs that ended so long ago.", envvar="SAMPAN_KEEP_DAYS")
    ] = 7.0,
    grace: Annotated[
        float, typer.Option(help="Seconds for running jobs when stopping.", envvar="SAMPAN_GRACE")
    ] = 20.0,
    log_names: Annotated[
        bool, typer.Option("--log-names", help="Write names of files to the log.", envvar="SAMPAN_LOG_NAMES")
    ] = False,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME:]KEY",
            help="API key; may be repeated. Better: --key-file, or SAMPAN_KEYS with spaces between.",
            rich_help_panel=ACCESS,
            envvar="SAMPAN_KEYS",
            show_envvar=False,
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="API keys, one a line, KEY or NAME:KEY.",
            rich_help_panel=ACCESS,
            envvar="SAMPAN_KEY_FILE",
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name by which clients may call it; may be repeated.",
            rich_help_panel=ACCESS,
            envvar="SAMPAN_ALLOWED_HOSTS",
        ),
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Other site whose pages may use it; may be repeated.",
            rich_help_panel=ACCESS,
            envvar="SAMPAN_CORS_ORIGINS",
        ),
    ] = None,
    queue: Annotated[
        int,
        typer.Option(min=1, help="Most documents in hand.", rich_help_panel=LIMITS, envvar="SAMPAN_QUEUE"),
    ] = 100,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1, help="Most requests at one time.", rich_help_panel=LIMITS, envvar="SAMPAN_CONCURRENCY"
        ),
    ] = 256,
    max_mb: Annotated[
        float,
        typer.Option(min=0.001, help="Of one document.", rich_help_panel=LIMITS, envvar="SAMPAN_MAX_MB"),
    ] = 100.0,
    max_pages: Annotated[
        int, typer.Option(help="Of one document.", rich_help_panel=LIMITS, envvar="SAMPAN_MAX_PAGES")
    ] = 1000,
    max_pixels: Annotated[
        int, typer.Option(help="Of one page.", rich_help_panel=LIMITS, envvar="SAMPAN_MAX_PIXELS")
    ] = 120_000_000,
    max_seconds: Annotated[
        float, typer.Option(help="For one document.", rich_help_panel=LIMITS, envvar="SAMPAN_MAX_SECONDS")
    ] = 600.0,
    max_memory_mb: Annotated[
        float,
        typer.Option(
            min=256, help="Of one worker process.", rich_help_panel=LIMITS, envvar="SAMPAN_MAX_MEMORY_MB"
        ),
    ] = 4000.0,
) -> None:
    """Read documents over HTTP: for other programs, and with a page for people.

    Jobs are on disk before they are acknowledged; a killed server goes on where it was.
    """
    try:
        from sampan.server.run import serve as run
    except ModuleNotFoundError as error:
        raise OptionError(
            f"the server needs {error.name}, which is not installed: pip install 'sampan[server]'"
        ) from error
    from pydantic import ValidationError

    from sampan.server.settings import LOOPBACK, ServerSettings, data_directory, read_keys

    keys = read_keys(key or [], key_file)
    try:
        settings = ServerSettings(
            host=host, port=port, workers=workers, data=data or data_directory(), keep_days=keep_days,
            grace_seconds=grace, log_names=log_names, keys=keys, queue=queue, concurrency=concurrency,
            max_bytes=round(max_mb * 1e6), max_pages=max_pages, max_pixels=max_pixels, max_seconds=max_seconds,
            max_memory=round(max_memory_mb * 1e6), allowed_hosts=tuple(allowed_host or ()),
            cors_origins=tuple(cors_origin or ()),
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise OptionError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}") from None
    if not keys and host not in LOOPBACK:
        typer.echo(
            f"sampan: everybody who reaches {host}:{port} can use this server: give it keys with --key-file",
            err=True,
        )

    def announce(address: str) -> None:
        typer.echo(f"Sampan is at {address} and keeps its jobs in {settings.data}. Ctrl-C stops it.")

    run(settings, announce)
