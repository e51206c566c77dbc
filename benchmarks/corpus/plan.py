"""Which items a split has: design, language, resolution and degradation of every file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Item:
    name: str
    primary: str
    """Class under which it is reported."""
    design: str
    language: str = "en"
    kind: Literal["image", "pdf"] = "image"
    dpi: int = 150
    how: str = "clean"
    rotation: int = 0
    """Degrees clockwise by which a reader must turn the picture (or, in a PDF, its /Rotate entry)."""
    options: dict[str, Any] = field(default_factory=dict)
    size: float = 0.0
    upright: str | None = None
    """Name of the item of which this one is the turned copy."""
    tags: list[str] = field(default_factory=list)


def _images() -> list[Item]:
    items: list[Item] = []

    def add(primary: str, design: str, language: str = "en", **more: Any) -> Item:
        count = sum(item.primary == primary for item in items) + 1
        item = Item(f"{primary}-{count:02d}", primary, design, language, **more)
        items.append(item)
        return item

    add("clean", "report", dpi=150, options={"extras": ("subheadings",)})
    add("clean", "report", dpi=200, options={"extras": ("list", "footnote")})
    add("clean", "report", dpi=150, options={"extras": ("figure",)})
    add("clean", "mixed", dpi=150)
    add("clean", "invoice", dpi=200)
    add("clean", "report", dpi=300, options={"extras": ("subheadings", "table")})
    for language in ("de", "fr", "it", "es", "pt"):
        add("latin", "report", language, dpi=150, options={"extras": ("list", "subheadings")})
    for language in ("de", "fr", "it", "es", "pt"):
        add("latin", "paper" if language in ("de", "es") else "report", language, dpi=200)
    add("cjk", "report", "zh-hans", dpi=150, options={"extras": ("list",)})
    add("cjk", "report", "zh-hans", dpi=200, options={"extras": ("table", "subheadings")})
    add("cjk", "paper", "zh-hans", dpi=200)
    add("cjk", "report", "zh-hant", dpi=150, options={"extras": ("figure",)})
    add("cjk", "report", "zh-hant", dpi=200, options={"extras": ("list", "footnote")})
    add("cjk", "report", "ja", dpi=150, options={"extras": ("list",)})
    add("cjk", "report", "ja", dpi=200, options={"extras": ("subheadings",)})
    add("cjk", "paper", "ja", dpi=200)
    add("columns2", "paper", dpi=150)
    add("columns2", "paper", dpi=200, options={"table": True})
    add("columns2", "paper", "de", dpi=150)
    add("columns2", "mixed", "fr", dpi=150)
    add("columns2", "mixed", dpi=200)
    add("columns2", "paper", dpi=150, options={"table": True, "figure": False})
    add("columns3", "news", dpi=200)
    add("columns3", "news", "de", dpi=200)
    add("columns3", "news", "es", dpi=150)
    add("columns3", "news", dpi=150)
    looks: list[list[tuple[str, str]]] = [
        [("ruled", "none"), ("ruled", "columns")],
        [("horizontal", "none"), ("horizontal", "columns")],
        [("borderless", "none"), ("shaded", "none")],
        [("ruled", "both")],
        [("ruled", "rows"), ("outer", "none")],
        [("shaded", "columns"), ("horizontal", "rows")],
        [("ruled", "none")],
        [("horizontal", "none")],
        [("ruled", "columns"), ("shaded", "none")],
        [("borderless", "columns")],
    ]
    languages = ["en", "de", "en", "en", "fr", "es", "zh-hans", "en", "ja", "en"]
    for index, (look, language) in enumerate(zip(looks, languages, strict=True)):
        add(
            "tables",
            "tables",
            language,
            dpi=(150, 200)[index % 2],
            options={"looks": look, "notes": index in (3, 7)},
        )
    for index in range(4):
        add("code", "listing", "en" if index != 2 else "de", dpi=(150, 200)[index % 2])
    for language, dpi in (("en", 150), ("de", 150), ("en", 200), ("pt", 150)):
        add("lists", "lists", language, dpi=dpi)
    add("lowres", "report", dpi=72, size=12.0)
    add("lowres", "report", dpi=100, options={"extras": ("list",)})
    add("lowres", "paper", dpi=100)
    add("lowres", "tables", dpi=100, options={"looks": [("ruled", "none"), ("horizontal", "none")]})
    add("lowres", "report", "zh-hans", dpi=100, size=12.0)
    add("lowres", "report", "fr", dpi=72, size=12.0)
    add("scan", "report", dpi=150, how="scan", options={"extras": ("list", "footnote")})
    add("scan", "paper", dpi=200, how="scan")
    add(
        "scan",
        "tables",
        dpi=200,
        how="scan",
        options={"looks": [("ruled", "columns"), ("horizontal", "none")]},
    )
    add("scan", "report", "de", dpi=150, how="scan", options={"extras": ("subheadings",)})
    add("scan", "report", "zh-hant", dpi=200, how="scan")
    add("scan", "invoice", "it", dpi=150, how="scan")
    add("scan", "report", dpi=300, how="scan")
    add("fax", "report", dpi=204, how="fax", size=12.0)
    add("fax", "invoice", dpi=204, how="fax", size=12.0)
    add("fax", "report", "de", dpi=204, how="fax", size=12.0)
    add("fax", "form", dpi=204, how="fax", size=12.0)
    add("photo", "report", dpi=150, how="photo")
    add("photo", "report", dpi=200, how="photo", options={"extras": ("list",)})
    add("photo", "paper", dpi=200, how="photo")
    add("photo", "tables", dpi=200, how="photo", options={"looks": [("ruled", "none"), ("shaded", "none")]})
    add("photo", "report", "ja", dpi=200, how="photo")
    add("photo", "report", "fr", dpi=150, how="photo")
    by_name = {item.name: item for item in items}
    turned = [
        ("clean-01", 90), ("clean-02", 180), ("columns2-01", 270), ("tables-01", 90), ("cjk-01", 180), ("scan-01", 270),
        ("latin-01", 180), ("photo-01", 90),
    ]  # fmt: skip
    for number, (name, rotation) in enumerate(turned, 1):
        base = by_name[name]
        items.append(
            Item(
                f"rotated-{number:02d}",
                "rotated",
                base.design,
                base.language,
                "image",
                base.dpi,
                base.how,
                rotation,
                base.options,
                base.size,
                upright=name,
            )
        )
    return items


def _pdfs() -> list[Item]:
    items: list[Item] = []

    def add(primary: str, design: str, language: str = "en", **more: Any) -> None:
        count = sum(item.primary == primary for item in items) + 1
        items.append(Item(f"{primary}-{count:02d}", primary, design, language, "pdf", **more))

    add("pdf-report", "report", options={"pages": 3, "extras": ("subheadings", "list", "footnote")})
    add("pdf-report", "report", "de", options={"pages": 2, "extras": ("list", "figure")})
    add("pdf-report", "report", "fr", options={"pages": 2, "extras": ("table", "subheadings")})
    add("pdf-report", "report", "it", options={"extras": ("list",)})
    add("pdf-report", "report", "pt", options={"pages": 2, "extras": ("figure", "footnote")})
    add("pdf-columns2", "paper", options={"pages": 3, "table": True})
    add("pdf-columns2", "paper", options={"pages": 2})
    add("pdf-columns2", "paper", "de", options={"pages": 2})
    add("pdf-columns2", "paper", "es", options={"pages": 2, "table": True})
    add("pdf-columns2", "mixed")
    add("pdf-columns2", "mixed", "fr")
    add("pdf-columns3", "news")
    add("pdf-columns3", "news", "it", options={"pages": 2})
    add("pdf-invoice", "invoice")
    add("pdf-invoice", "invoice", "de")
    add("pdf-invoice", "invoice", "ja")
    add("pdf-form", "form")
    add("pdf-form", "form", "es")
    add("pdf-tables", "datasheet", options={"pages": 3})
    add("pdf-tables", "datasheet", "de", options={"pages": 2})
    add("pdf-tables", "datasheet", options={"pages": 4})
    add("pdf-tables", "datasheet", "zh-hans", options={"pages": 2})
    add("pdf-tables", "tables", options={"looks": [("ruled", "both"), ("horizontal", "columns")]})
    add("pdf-tables", "tables", options={"looks": [("borderless", "none"), ("outer", "none")], "notes": True})
    add("pdf-slides", "slides", options={"pages": 3})
    add("pdf-slides", "slides", "fr", options={"pages": 4})
    add("pdf-rotated", "report", rotation=90, options={"extras": ("list",)})
    add(
        "pdf-rotated",
        "tables",
        rotation=270,
        options={"looks": [("ruled", "columns"), ("horizontal", "none")]},
    )
    add("pdf-cjk", "report", "zh-hans", options={"pages": 2, "extras": ("list", "table")})
    add("pdf-cjk", "paper", "zh-hans", options={"pages": 2})
    add("pdf-cjk", "report", "zh-hant", options={"extras": ("list",)})
    add("pdf-cjk", "report", "ja", options={"pages": 2, "extras": ("subheadings",)})
    add("pdf-code", "listing", options={"count": 2})
    add("pdf-lists", "lists", "de")
    return items


def plan() -> list[Item]:
    """The same items for both splits; what they look like follows from the split's seeds."""
    return [*_images(), *_pdfs()]
