"""Reads and writes annotations in OmniDocBench's JSON: a list of pages with `layout_dets` and `page_info`.

Unknown keys are kept out of the way and unknown categories are scored as text; what is needed and
wrong (no `layout_dets`, a polygon of seven numbers) is refused with its place in the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sampan.documents.evaluation.truth import TruthBlock, TruthPage, join_truncated
from sampan.errors import InputError

Polygon = Annotated[list[float], Field(min_length=8, max_length=8)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="allow")


class LayoutDet(_Lenient):
    """One block."""

    category_type: str
    poly: Polygon | None = None
    ignore: bool = False
    order: int | None = None
    anno_id: int | str
    text: str | None = None
    latex: str | None = None
    html: str | None = None
    attribute: dict[str, Any] = Field(default_factory=dict)
    line_with_spans: list[dict[str, Any]] = Field(default_factory=list)
    merge_list: list[LayoutDet] = Field(default_factory=list)

    def content(self) -> str:
        """HTML of a table, LaTeX of a formula, otherwise text; of its parts where it has none of its own."""
        if self.category_type == "table":
            own = self.html or self.latex or self.text
        elif self.category_type == "equation_isolated":
            own = self.latex or self.text
        else:
            own = self.text or self.latex or self.html
        if own:
            return own
        return "\n\n".join(part.content() for part in self.merge_list)


class PageInfo(_Lenient):
    """Which page it is."""

    page_no: int | None = None
    height: float | None = None
    width: float | None = None
    image_path: str = ""
    page_attribute: dict[str, Any] = Field(default_factory=dict)


class Relation(_Lenient):
    """A bond between two blocks: `parent_son` or `truncated`."""

    source_anno_id: int | str
    target_anno_id: int | str
    relation_type: str = Field(validation_alias="relation_type", default="")


class Extra(_Lenient):
    relation: list[Relation] = Field(default_factory=list)


class AnnotatedPage(_Lenient):
    """One page of the file."""

    layout_dets: list[LayoutDet]
    page_info: PageInfo = Field(default_factory=PageInfo)
    extra: Extra = Field(default_factory=Extra)

    def to_truth(self, fallback_name: str) -> TruthPage:
        """The page as the evaluator takes it: parts joined, figures and masks still there."""
        blocks = [
            TruthBlock(
                str(det.anno_id),
                det.category_type,
                det.content(),
                det.order,
                det.ignore,
                _flat(det.attribute),
            )
            for det in self.layout_dets
        ]
        broken = [
            (str(relation.source_anno_id), str(relation.target_anno_id))
            for relation in self.extra.relation
            if relation.relation_type == "truncated"
        ]
        # Names like `a.pdf_3.jpg` keep everything but the last suffix.
        name = Path(self.page_info.image_path.replace("\\", "/")).stem or fallback_name
        return TruthPage(name, join_truncated(blocks, broken), _flat(self.page_info.page_attribute))


def _flat(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in attributes.items() if isinstance(value, str | int | float)}


def is_omnidocbench(data: object) -> bool:
    """Whether parsed JSON looks like such a file."""
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and "layout_dets" in data[0]


def read_omnidocbench(data: object, name: str) -> list[TruthPage]:
    """Pages of parsed JSON. Raises InputError with the place of the first thing that is wrong."""
    if not isinstance(data, list):
        raise InputError(f"{name} holds {type(data).__name__}, not a list of pages: pass OmniDocBench JSON")
    pages = []
    for number, entry in enumerate(data):
        try:
            page = AnnotatedPage.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{name}: page {number}, {place or 'page'}: {first['msg']}") from None
        pages.append(page.to_truth(f"page-{number}"))
    return pages


def write_omnidocbench(pages: list[TruthPage], path: Path) -> None:
    """Writes pages so that `read_omnidocbench` gives them back, for other evaluators as well."""
    entries = []
    for number, page in enumerate(pages):
        dets = []
        for block in page.blocks:
            det: dict[str, Any] = {
                "category_type": block.category,
                "poly": [0.0] * 8,
                "ignore": block.ignore,
                "order": block.order,
                "anno_id": block.id,
                "attribute": block.attributes,
                "line_with_spans": [],
            }
            det[{"table": "html", "equation_isolated": "latex"}.get(block.category, "text")] = block.content
            dets.append(det)
        info = {"page_no": number, "height": 0, "width": 0, "image_path": f"{page.name}.png"}
        info["page_attribute"] = page.attributes
        entries.append({"layout_dets": dets, "page_info": info, "extra": {"relation": []}})
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
