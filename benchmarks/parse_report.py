"""The bars of `benchmarks.parse_peers` and its Markdown tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Record = dict[str, Any]
QUALITY_PEERS = ("rapidocr", "rapidocr-nocls", "faster-paddle-small", "tesseract")
_BEGIN, _END = "<!-- parse-peers:begin -->", "<!-- parse-peers:end -->"


def bars(
    groups: dict[str, dict[str, Record]],
    records: list[Record],
    process: Record | None,
    timed: bool,
    lists: Record | None = None,
) -> list[tuple[str, bool, str]]:
    """The bars, each with whether it is reached and its figures."""
    out: list[tuple[str, bool, str]] = []

    def bar(name: str, reached: bool, figures: str) -> None:
        out.append((name, reached, figures))

    images = groups.get("all images", {})
    ours = images.get("sampan")
    if ours is not None:
        for other, factor in (("rapidocr", 6.0), ("faster-paddle-tiny", 1.0)):
            if lists is not None and other in lists["programs"]:
                mine, theirs = (lists["programs"][name]["pages_per_second"] for name in ("sampan", other))
                single = ours["pages_per_second"] / images[other]["pages_per_second"]
                bar(
                    f"1 speed ≥ {factor:g}× {other}, a list of pictures",
                    mine / theirs >= factor,
                    f"{mine:.2f} pages/s, {mine / theirs:.2f}× (one call a page: {ours['pages_per_second']:.2f}, {single:.2f}×)",
                )
        if timed:
            peak = max(ours["peak_mb"], lists["programs"]["sampan"]["peak_mb"] if lists is not None else 0.0)
            bar("1 peak memory ≤ 400 MB", peak <= 400, f"{peak:.0f} MB")
        for metric in ("character_f1", "word_f1"):
            for name, peers in sorted(groups.items()):
                rivals = {p: peers[p][metric] for p in QUALITY_PEERS if p in peers}
                if "sampan" in peers and rivals and name != "all images":
                    best = max(rivals, key=lambda p: rivals[p])
                    value = peers["sampan"][metric]
                    bar(
                        f"1 {metric} on {name}",
                        value >= rivals[best] - 1e-9,
                        f"{value:.4f} (best: {best} {rivals[best]:.4f})",
                    )
        rivals = {p: images[p]["edit"] for p in QUALITY_PEERS if p in images}
        if rivals:
            best = min(rivals, key=lambda p: rivals[p])
            bar(
                "1 edit ≤ half of the best",
                ours["edit"] <= rivals[best] / 2,
                f"{ours['edit']:.4f} (best: {best} {rivals[best]:.4f})",
            )
        if ours["teds"] is not None:
            bar(
                "2 TEDS from images ≥ .90",
                ours["teds"] >= 0.9,
                f"TEDS {ours['teds']:.4f}, structure {ours['teds_s']:.4f}, {ours['tables']} tables",
            )
        own = {r["item"]: r for r in records if r["peer"] == "sampan"}
        pairs = [(r, own[r["upright"]]) for r in own.values() if r["kind"] == "image" and r["upright"] in own]
        if pairs:
            for metric in ("character_f1", "word_f1"):
                lost = sum(upright[metric] - turned[metric] for turned, upright in pairs) / len(pairs)
                bar(
                    f"2 rotated within .01 of upright, {metric}",
                    lost <= 0.01,
                    f"{lost:+.4f} over {len(pairs)} pairs",
                )
    digital = groups.get("all pdf", {})
    ours = digital.get("sampan")
    if ours is not None:
        # 0.0.27 is in the tables for its speed; it finds few tables, so the bars are the versions that do.
        for other in (p for p in ("pymupdf4llm", "pymupdf4llm-1.28") if p in digital):
            theirs = digital[other]
            if timed:
                ratio = ours["pages_per_second"] / theirs["pages_per_second"]
                bar(
                    f"3 speed ≥ 5× {other}",
                    ratio >= 5,
                    f"{ours['pages_per_second']:.1f} pages/s, {ratio:.1f}×",
                )
            if theirs["teds"] is not None:
                bar(
                    f"3 TEDS ≥ {other}",
                    ours["teds"] >= theirs["teds"],
                    f"{ours['teds']:.4f} ({theirs['teds']:.4f})",
                )
            bar(
                f"3 edit ≤ {other}",
                ours["edit"] <= theirs["edit"],
                f"{ours['edit']:.4f} ({theirs['edit']:.4f})",
            )
            if theirs["order"] is not None:
                bar(
                    f"3 order error ≤ {other}",
                    ours["order"] <= theirs["order"],
                    f"{ours['order']:.4f} ({theirs['order']:.4f})",
                )
        columns = groups.get("pdf-columns2", {})
        if "pdftotext" in columns and "sampan" in columns:
            for metric in ("edit", "order"):
                mine, other_value = columns["sampan"][metric], columns["pdftotext"][metric]
                bar(
                    f"3 {metric} on two columns ≤ pdftotext",
                    mine <= other_value,
                    f"{mine:.4f} ({other_value:.4f})",
                )
    if process is not None:
        ratio = process["sampan"] / process["rapidocr"]
        bar(
            "5 one image, whole process ≤ 40 % of rapidocr",
            ratio <= 0.4 and not process["failed"],
            f"{process['sampan']:.2f} s, {100 * ratio:.0f} % of {process['rapidocr']:.2f} s",
        )
        bar("5 import sampan ≤ 0.3 s", process["import_seconds"] <= 0.3, f"{process['import_seconds']:.3f} s")
    return out


def markdown_report(result: Record) -> str:
    def cell(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    about = result["machine"]
    lines = [
        f"Split `{result['split']}`, {result['files']} files; {about['cores']} cores of {about['cpu']}, Python {about['python']}; "
        f"made by `python -m benchmarks.parse_peers`. Timed were "
        + " and ".join(
            f"{next(iter(result['groups'][name].values()))['timed_files']} files of {name}"
            for name in ("all images", "all pdf")
            if name in result["groups"]
        )
        + ", read by all programs in turn.",
        "",
    ]
    if result.get("lists"):
        lists = result["lists"]
        lines += [
            f"### A list of {lists['pictures']} pictures", "",
            "Handed over at once and read by each program in its own way for that (`Parser.parse_many`, `ocr_batch`, one "
            f"call after another); median of {lists['rounds']} rounds, in turn.", "",
            "| program | pages/s | CPU-s/page | peak MB |", "|---|---|---|---|",
            *(
                f"| {name} | {s['pages_per_second']:.2f} | {s['cpu_per_page']:.2f} | {s['peak_mb']:.0f} |"
                for name, s in lists["programs"].items()
            ),
            "",
        ]  # fmt: skip
    for name in ("all images", "all pdf"):
        if name not in result["groups"]:
            continue
        lines += [
            f"### {name.capitalize()}", "",
            "| program | pages/s | CPU-s/page | peak MB | character F1 | word F1 | edit | order | TEDS | TEDS-S |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        for peer, s in result["groups"][name].items():
            speed = (
                [
                    cell(s["pages_per_second"], ".2f"),
                    cell(s["cpu_per_page"], ".2f"),
                    cell(s["peak_mb"], ".0f"),
                ]
                if result["timed"]
                else ["–"] * 3
            )
            rest = [cell(s[m], ".4f") for m in ("character_f1", "word_f1", "edit", "order", "teds", "teds_s")]
            lines.append("| " + " | ".join([peer, *speed, *rest]) + " |")
        lines.append("")
    lines += ["### By class: character F1 / word F1 / edit / TEDS", ""]
    for kind in ("images", "pdf"):
        peers = list(result["groups"].get(f"all {kind}", {}))
        if not peers:
            continue
        lines += ["| class | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
        for name, scores in result["groups"].items():
            if name.startswith("all ") or name.startswith("pdf") != (kind == "pdf"):
                continue
            row = []
            for peer in peers:
                s = scores.get(peer)
                row.append(
                    "–"
                    if s is None
                    else " / ".join(cell(s[m], ".3f") for m in ("character_f1", "word_f1", "edit", "teds"))
                )
            lines.append(f"| {name} | " + " | ".join(row) + " |")
        lines.append("")
    lines += ["### Bars", "", "| bar | reached | figures |", "|---|---|---|"]
    lines += [
        f"| {name} | {'PASS' if reached else 'FAIL'} | {figures} |"
        for name, reached, figures in result["bars"]
    ]
    return "\n".join(lines) + "\n"


def insert_report(path: Path, report: str) -> None:
    text = path.read_text(encoding="utf-8") if path.exists() else f"# Benchmarks\n\n{_BEGIN}\n{_END}\n"
    if _BEGIN not in text:
        text += f"\n{_BEGIN}\n{_END}\n"
    before, after = text.split(_BEGIN)[0], text.split(_END, 1)[1]
    path.write_text(f"{before}{_BEGIN}\n{report}{_END}{after}", encoding="utf-8")
