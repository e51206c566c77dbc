"""Lines over time as an SVG that needs no library: panels under one another, on one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, PANEL, LEFT, TOP, GAP = 760, 190, 64, 44, 46
COLOURS = ("#0b6e99", "#c2571a", "#4c7a34", "#7a4c9a")


@dataclass(frozen=True)
class Panel:
    """One vertical axis from zero, and lines by name."""

    label: str
    lines: dict[str, list[float]]


def line_plot(title: str, axis: str, x: list[float], panels: list[Panel]) -> str:
    """The whole SVG; it has its own background, so that it can be read on any page."""
    height = TOP + len(panels) * (PANEL + GAP)
    most_x = max(x, default=1.0) or 1.0
    inner = WIDTH - LEFT - 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        top = TOP + number * (PANEL + GAP)
        bottom = top + PANEL
        step = _step(max((value for line in panel.lines.values() for value in line), default=1.0))
        most = (
            step
            * math.ceil(max((value for line in panel.lines.values() for value in line), default=1.0) / step)
            or step
        )
        value = 0.0
        while value <= most:
            y = bottom - PANEL * value / most
            parts.append(f'<path d="M{LEFT} {y:.1f}h{inner}" stroke="#ddd"/>')
            parts.append(
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:g}</text>'
            )
            value += step
        parts.append(f'<text x="{LEFT}" y="{top - 6}" fill="#444">{escape(panel.label)}</text>')
        tick, minute = _step(most_x), 0.0
        while minute <= most_x:
            place = LEFT + inner * minute / most_x
            parts.append(
                f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#444">{minute:g}</text>'
            )
            minute += tick
        for index, (name, line) in enumerate(panel.lines.items()):
            points = " ".join(
                f"{LEFT + inner * at / most_x:.1f},{bottom - PANEL * value / most:.1f}"
                for at, value in zip(x, line, strict=True)
            )
            colour = COLOURS[index % len(COLOURS)]
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            place = WIDTH - 20 - 90 * index
            parts.append(
                f'<text x="{place}" y="{top - 6}" text-anchor="end" fill="{colour}">{escape(name)}</text>'
            )
    parts.append(
        f'<text x="{WIDTH - 20}" y="{height - 8}" text-anchor="end" fill="#444">{escape(axis)}</text></svg>\n'
    )
    return "\n".join(parts)


def _step(most: float) -> float:
    """A round distance between about five marks."""
    rough = max(most, 1e-9) / 5
    power: float = 10 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
