"""Designs of documents: what a report, a paper, an invoice … is made of, in one language and one seed."""

from __future__ import annotations

from benchmarks.corpus.elements import Element, ListElement, Paragraph, Rule
from benchmarks.corpus.maker import Maker
from benchmarks.corpus.pages import PageDrawn, Section, compose
from benchmarks.corpus.tables import CellSpec, Look, TableElement


def report(make: Maker, pages: int = 1, extras: tuple[str, ...] = ()) -> list[PageDrawn]:
    """One column: title, sections, and what `extras` names."""
    setting = make.setting(pages=pages)
    elements: list[Element] = []
    if make.rng.random() < 0.6:
        elements.append(make.title(make.texts.title()))
    body = make.sections(2 if pages == 1 else 3)
    if "subheadings" in extras:
        body += make.sections(1, 2) + make.sections(1, 3)
    width = setting.width - setting.left - setting.right
    for extra in extras:
        at = int(make.rng.integers(2, len(body)))
        if extra == "list":
            body[at:at] = make.list()
        elif extra == "figure":
            body.insert(at, make.figure())
        elif extra == "table":
            body.insert(at, make.table(str(make.rng.choice(["ruled", "horizontal", "shaded"]))))  # type: ignore[arg-type]
        elif extra == "code":
            body.insert(at, make.code(width))
        elif extra == "footnote":
            make.footnote(body, setting)
    elements += body + make.sections(3 if pages == 1 else 6 * pages)
    return compose([Section(elements)], setting)


def paper(make: Maker, pages: int = 1, table: bool = False, figure: bool = True) -> list[PageDrawn]:
    """Two columns under a full-width title, authors and abstract."""
    setting = make.setting(pages=pages, left=54.0, right=54.0)
    align = str(make.rng.choice(["left", "center"]))
    head: list[Element] = [make.title(make.texts.title(), align, 1.9)]
    head.append(
        make.plain(
            f"{make.texts.author()}, {make.texts.author()}" if not make.cjk else make.texts.author(),
            align,
            gap=8.0,
        )
    )
    if make.rng.random() < 0.8:
        head.append(
            Paragraph(
                make.word["abstract"],
                make.body(1.0, align, bold=not make.cjk),
                "heading",
                10.0,
                2,
                keep_with_next=True,
            )
        )
        head.append(Paragraph(make.texts.abstract(), make.body(0.95), space_before=3.0))
    body = make.sections(6 + 5 * (pages - 1))
    if figure:
        body.insert(int(make.rng.integers(2, 6)), make.figure(height=105.0))
    if table:
        body.insert(int(make.rng.integers(3, 7)), make.table("horizontal", rows=5, columns=3, scale=0.88))
    if make.rng.random() < 0.5:
        make.footnote(body, setting)
    return compose([Section(head), Section(body, 2, float(make.rng.uniform(16, 26)))], setting)


def news(make: Maker, pages: int = 1) -> list[PageDrawn]:
    """Three columns under a headline, sometimes with rules between them."""
    make.numbered = False
    setting = make.setting(pages=pages, left=46.0, right=46.0)
    head: list[Element] = [make.title(make.texts.title(), "left", 2.3), Rule(8.0, 0.8)]
    body = make.sections(8 * pages)
    if make.rng.random() < 0.7:
        body.insert(int(make.rng.integers(2, 5)), make.figure("picture", 90.0))
    section = Section(body, 3, float(make.rng.uniform(14, 20)), rule=bool(make.rng.random() < 0.5))
    return compose([Section(head), section], setting)


def mixed(make: Maker, pages: int = 1) -> list[PageDrawn]:
    """Two balanced columns above and below something that spans the page."""
    setting = make.setting(pages=pages)
    head: list[Element] = [
        make.title(make.texts.title()),
        make.plain(make.texts.abstract(), make.align, gap=8.0),
    ]
    upper = Section(make.sections(1) + make.sections(1, 2), 2, 20.0, balanced=True)
    spanning: Element = (
        make.table("horizontal", rows=5) if make.rng.random() < 0.5 else make.figure("lines", 120.0)
    )
    lower = Section(make.sections(5), 2, 20.0)
    return compose([Section(head), upper, Section([spanning]), lower], setting)


def tables(
    make: Maker, looks: list[tuple[Look, str]], notes: bool = False, text: bool = True
) -> list[PageDrawn]:
    """Tables in the given looks with a little text between them."""
    setting = make.setting()
    elements: list[Element] = []
    for index, (look, spans) in enumerate(looks):
        if text or index == 0:
            heading, paragraphs = make.texts.section()
            elements += [make.heading(heading, 1), make.paragraph(paragraphs[0])]
        rows = int(make.rng.integers(4, 9))
        columns = 4 if spans in ("rows", "both") or notes else int(make.rng.integers(3, 6))
        if spans == "columns":
            columns = 5
        elements.append(
            make.table(
                look,
                spans,
                rows,
                columns,
                bool(make.rng.random() < 0.8),
                notes and index % 2 == 0,
                stretch=bool(make.rng.random() < 0.75),
            )
        )
        elements.append(Rule(6.0))
    elements += make.sections(2 if len(looks) > 1 else 4)
    return compose([Section(elements)], setting)


def listing(make: Maker, count: int = 2) -> list[PageDrawn]:
    """A manual page with program text."""
    setting = make.setting()
    width = setting.width - setting.left - setting.right
    elements: list[Element] = []
    for _ in range(count):
        heading, paragraphs = make.texts.section()
        elements += [
            make.heading(heading, 1),
            make.paragraph(paragraphs[0]),
            make.code(width),
            make.paragraph(paragraphs[1], gap=8.0),
        ]
    elements += make.sections(2)
    return compose([Section(elements)], setting)


def lists(make: Maker) -> list[PageDrawn]:
    """Bulleted and numbered lists with a second level."""
    setting = make.setting()
    elements: list[Element] = []
    for index in range(3):
        heading, paragraphs = make.texts.section()
        elements += [
            make.heading(heading, 1),
            make.paragraph(paragraphs[index % 2]),
            *make.list(ordered=index % 2 == 1),
        ]
    elements += make.sections(3)
    return compose([Section(elements)], setting)


def invoice(make: Maker) -> list[PageDrawn]:
    """Sender, recipient, positions, total and terms."""
    make.align, make.indented = "left", False
    setting = make.setting(furniture=False)
    texts, rng = make.texts, make.rng
    positions = []
    kinds = [texts.table("rows")[i] for i in rng.permutation(10)[: int(rng.integers(4, 8))]]
    for number, kind in enumerate(kinds, 1):
        amount, price = int(rng.integers(1, 20)), float(rng.uniform(2, 400))
        positions.append([
            CellSpec(str(number)), CellSpec(f"{kind} ({texts.figure('code')})"), CellSpec(str(amount)),
            CellSpec(texts.money(price)), CellSpec(texts.money(price * amount)),
        ])  # fmt: skip
    positions.append(
        [
            CellSpec(texts.table("total"), column_span=4, align="right", header=True),
            CellSpec(texts.figure("money"), header=True),
        ]
    )
    names = [
        "#",
        texts.table("corner"),
        texts.table("columns")[0],
        texts.table("columns")[4],
        texts.table("total"),
    ]
    head = [CellSpec(name, header=True) for name in names]
    look: Look = str(rng.choice(["ruled", "horizontal", "shaded"]))  # type: ignore[assignment]
    body = TableElement(
        [head, *positions], 5, ["right", "left", "right", "right", "right"], make.body(0.95, "left"), look
    )
    _, terms = texts.section()
    elements: list[Element] = [
        make.plain(texts.header(), scale=1.3, bold=not make.cjk),
        make.plain(f"{texts.author()}, {texts.table('rows')[3]} {texts.figure('small')}", gap=2.0),
        Rule(30.0),
        make.plain(texts.author(), gap=0.0),
        make.plain(f"{texts.table('rows')[4]} {texts.figure('small')}", gap=8.0),
        Rule(24.0),
        make.title(f"{make.word['invoice']} {texts.figure('code')}", scale=1.6),
        make.plain(terms[0], gap=10.0),
        Rule(6.0),
        body,
        Rule(6.0),
        make.plain(terms[1], gap=10.0),
    ]
    return compose([Section(elements)], setting)


def form(make: Maker) -> list[PageDrawn]:
    """A form: pairs of label and value in boxes, with a note below."""
    make.align, make.indented = "left", False
    setting = make.setting()
    texts = make.texts
    labels = [*texts.table("columns"), *texts.table("groups"), texts.table("corner"), texts.table("total")]
    rows = []
    for index in range(0, len(labels) - 1, 2):
        values = [texts.figure(str(make.rng.choice(["code", "date", "int", "money"]))) for _ in range(2)]
        if index == 2:
            rows.append(
                [CellSpec(labels[index], header=True), CellSpec(texts.author(), column_span=3, align="left")]
            )
            continue
        rows.append(
            [
                CellSpec(labels[index], header=True),
                CellSpec(values[0]),
                CellSpec(labels[index + 1], header=True),
                CellSpec(values[1]),
            ]
        )
    body = TableElement(rows, 4, ["left"] * 4, make.body(1.0, "left"), "ruled", pad=7.0)
    intro, items = texts.list()
    elements: list[Element] = [
        make.title(f"{make.word['form']} {texts.figure('code')}", scale=1.7), make.plain(texts.abstract(), gap=10.0), Rule(8.0), body,
        Rule(8.0), make.plain(intro), ListElement(items, make.body(1.0, "left"), bullets=make.bullets()),
    ]  # fmt: skip
    return compose([Section(elements)], setting)


def datasheet(make: Maker, pages: int = 2) -> list[PageDrawn]:
    """Features and many tables of several looks."""
    setting = make.setting(pages=pages)
    looks: list[tuple[Look, str]] = [
        ("shaded", "none"), ("ruled", "columns"), ("horizontal", "none"), ("ruled", "both"), ("horizontal", "columns"),
        ("borderless", "none"), ("outer", "none"),
    ]  # fmt: skip
    elements: list[Element] = [
        make.title(make.texts.title()),
        *make.list(ordered=False),
        make.figure("boxes", 90.0),
    ]
    for index in range(3 * pages):
        heading, paragraphs = make.texts.section()
        look, spans = looks[(index + int(make.rng.integers(2))) % len(looks)]
        elements += [
            make.heading(heading, 2),
            make.paragraph(paragraphs[0]),
            make.table(look, spans, int(make.rng.integers(4, 8)), 4),
            Rule(4.0),
        ]
    return compose([Section(elements)], setting)


def slides(make: Maker, pages: int = 3) -> list[PageDrawn]:
    """Wide pages with few, large words."""
    make.size, make.indented, make.align, make.numbered = 17.0, False, "left", False
    make.leading = make.size * (1.6 if make.cjk else 1.35)
    out: list[PageDrawn] = []
    for number in range(pages):
        setting = make.setting(
            furniture=False, width=960.0, height=540.0, left=60.0, right=60.0, top=50.0, bottom=50.0
        )
        heading, paragraphs = make.texts.section()
        _, items = make.texts.list()
        body: list[Element]
        if number == 0:
            body = [
                Rule(120.0),
                make.title(make.texts.title(), "center", 2.4),
                make.plain(make.texts.author(), "center", gap=20.0),
            ]
            out += compose([Section(body)], setting)
            continue
        head = [make.title(heading, scale=1.7)]
        body = (
            [ListElement(items, make.body(), indent=26.0, item_gap=6.0)]
            if number % 2
            else [make.plain(paragraphs[0])]
        )
        side = make.figure("bars" if number % 2 else "pie", 250.0)
        out += compose(
            [Section(head), Section([*body, Rule(0.0), side], 2, 30.0)]
            if number % 2
            else [Section([*head, *body, make.table("shaded", rows=4, captioned=False)])],
            setting,
        )
    return out


DESIGNS = {
    "report": report, "paper": paper, "news": news, "mixed": mixed, "tables": tables, "listing": listing, "lists": lists,
    "invoice": invoice, "form": form, "datasheet": datasheet, "slides": slides,
}  # fmt: skip
