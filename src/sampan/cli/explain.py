"""`sampan parse --explain PAGE`: how one page was read, as tables for people or JSON for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sampan.errors import OptionError

if TYPE_CHECKING:
    from rich.console import Console

    from sampan.documents.explain import Explanation
    from sampan.documents.options import ParseOptions

LONGEST_LIST = 12
"""Second looks and regions shown to people; JSON has all of them."""


def show(inputs: list[str], options: ParseOptions, page: int, as_json: bool) -> None:
    """Explain page `page` of the one document in `inputs` on standard output."""
    from sampan.cli.batch import STDIN, read_stdin
    from sampan.documents.explain import explain

    if len(inputs) != 1 or Path(inputs[0]).is_dir():
        raise OptionError(f"--explain {page} takes one file: name the one whose page {page} it is")
    source = read_stdin(options.max_bytes) if inputs[0] == STDIN else Path(inputs[0])
    explanation = explain(source, options, page)
    if as_json:
        sys.stdout.flush()
        sys.stdout.buffer.write(explanation.model_dump_json(indent=2).encode() + b"\n")
    else:
        from rich.console import Console

        _print(Console(highlight=False), explanation)


def _print(console: Console, page: Explanation) -> None:
    from rich.text import Text

    turned = f", turned by {page.rotation}°" if page.rotation else ""
    tilted = f", straightened by {page.skew:.2f}°" if page.skew else ""
    console.print(
        Text(
            f"{page.source}, page {page.page} of {page.pages}: {page.width:g} × {page.height:g} {page.unit}"
            f"{turned}{tilted}",
            style="bold",
        )
    )
    console.print(Text(page.why))
    for note in page.notes:
        console.print(Text(note))
    _regions(console, page)
    _stages(console, page)
    _models(console, page)
    _second_looks(console, page)
    _confidences(console, page)
    console.print(Text(f"\nblocks   {_counts(page.blocks)}"))
    console.print(Text(f"lines    {_counts(page.lines_by_model)}"))
    console.print(Text(f"scripts  {_counts(page.scripts)}"))
    rules = {name: value for name, value in page.settings.items() if not isinstance(value, dict)}
    said = ", ".join(f"{name} {value}" for name, value in rules.items() if value is not None)
    console.print(Text(f"settings {said}"))


def _regions(console: Console, page: Explanation) -> None:
    from rich.table import Table
    from rich.text import Text

    if page.regions:
        table = Table(
            "region", "its text layer is not trusted because", box=None, pad_edge=False, header_style="bold"
        )
        for region in page.regions[:LONGEST_LIST]:
            table.add_row(", ".join(f"{side:.0f}" for side in region.box), Text(region.reason))
        console.print("", table)
        _say_how_many_more(console, len(page.regions))


def _stages(console: Console, page: Explanation) -> None:
    from rich.table import Table

    total = sum(page.seconds.values()) or 1.0
    table = Table("stage", box=None, pad_edge=False, header_style="bold")
    table.add_column("ms", justify="right")
    table.add_column("share")
    for stage, seconds in page.seconds.items():
        table.add_row(stage, f"{seconds * 1000:.1f}", _bar(seconds / total))
    table.add_row("together", f"{total * 1000:.1f}", "", style="bold")
    console.print("", table)


def _models(console: Console, page: Explanation) -> None:
    from rich.table import Table
    from rich.text import Text

    if page.models:
        table = Table("model", box=None, pad_edge=False, header_style="bold")
        for column in ("runs", "ms", "largest input"):
            table.add_column(column, justify="right")
        for use in page.models:
            shape = " × ".join(map(str, use.largest_input))
            table.add_row(Text(use.name), str(use.runs), f"{use.seconds * 1000:.1f}", shape)
        console.print("", table)


def _second_looks(console: Console, page: Explanation) -> None:
    from rich.table import Table
    from rich.text import Text

    if not page.second_looks:
        return
    looks = page.second_looks
    changed = [look for look in looks if look.taken and look.before != look.after]
    kept = sum(not look.taken for look in looks)
    console.print(
        f"\nread again by the careful model: {len(looks)}, of which changed {len(changed)}, left as they were {kept}"
    )
    if changed:
        table = Table("was", "", "is", "", box=None, pad_edge=False, header_style="bold")
        for look in changed[:LONGEST_LIST]:
            table.add_row(
                Text(look.before),
                f"{look.confidence_before:.2f}",
                Text(look.after),
                f"{look.confidence_after:.2f}",
            )
        console.print(table)
        _say_how_many_more(console, len(changed))


def _confidences(console: Console, page: Explanation) -> None:
    from rich.table import Table
    from rich.text import Text

    seen = page.confidences
    if not seen.words or seen.mean is None:
        return
    console.print(f"\n{seen.words} words read by OCR, mean confidence {seen.mean:.3f}")
    table = Table("confidence", box=None, pad_edge=False, header_style="bold")
    table.add_column("words", justify="right")
    table.add_column("share")
    for part in reversed(seen.histogram):
        if part.words:
            table.add_row(f"{part.low:g} … {part.high:g}", str(part.words), _bar(part.words / seen.words))
    console.print(table)
    table = Table("least certain", "", "model", "box", box=None, pad_edge=False, header_style="bold")
    for word in seen.lowest:
        box = ", ".join(f"{side:.0f}" for side in word.box)
        table.add_row(Text(word.text), f"{word.confidence:.3f}", word.model or "", box)
    console.print("", table)


def _say_how_many_more(console: Console, count: int) -> None:
    if count > LONGEST_LIST:
        console.print(f"… and {count - LONGEST_LIST} more; --json lists all")


def _bar(share: float, width: int = 24) -> str:
    return "█" * max(1, round(share * width)) + f" {share:.0%}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
