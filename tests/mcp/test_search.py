"""Search ranks as BM25 does, finds accents, cases and unspaced scripts, and says where a passage stands."""

from __future__ import annotations

import math
import random

from sampan.documents.model import (
    Cell,
    Document,
    HeadingBlock,
    Page,
    Source,
    Table,
    TableBlock,
    TextBlock,
)
from sampan.mcp.search import HEADING_WEIGHT, K1, B, Index, tokens


def document(*pages: list[str]) -> Document:
    """Pages of paragraphs; one that begins with # is a heading."""
    made = []
    for number, paragraphs in enumerate(pages, start=1):
        blocks = []
        for place, text in enumerate(paragraphs):
            box = (10.0, 20.0 * place, 90.0, 20.0 * place + 15.0)
            name = f"p{number}-b{place + 1}"
            if text.startswith("#"):
                level = len(text) - len(text.lstrip("#"))
                blocks.append(HeadingBlock(id=name, box=box, order=place, text=text.strip("# "), level=level))
            else:
                blocks.append(TextBlock(id=name, box=box, order=place, text=text))
        made.append(Page(number=number, width=100, height=1000, unit="pt", blocks=blocks))
    return Document(source=Source(name="x.pdf", media_type="application/pdf"), pages=made)


def test_tokens() -> None:
    assert tokens("Überfälle, ÉTÉ & naïve—x2_y") == ["uberfalle", "ete", "naive", "x2", "y"]
    assert tokens("Straße") == ["strasse"]
    assert tokens("東京都 Tower") == ["東", "京", "都", "東京", "京都", "tower"]
    assert tokens("ガイド") == tokens("ｶﾞｲﾄﾞ")
    assert tokens("한국어 문서") == ["한국어", "문서"]
    assert tokens("ﬁne ½") == ["fine", "1", "2"]
    assert tokens("مرحبا بالعالم") == ["مرحبا", "بالعالم"]
    assert tokens("_ --- !") == []


def test_a_passage_has_its_page_box_and_headings() -> None:
    index = Index(
        document(
            ["# Boats", "The oar is long.", "## Fares", "A crossing costs two crowns."],
            ["It is free on Sundays.", "# Weather", "Strong wind stops the ferry."],
        )
    )
    (hit,) = index.search("sundays", 1)
    assert "free on Sundays" in hit.passage.text
    assert hit.passage.headings == ("Boats", "Fares")
    assert (2, "p2-b1", (10.0, 0.0, 90.0, 15.0)) in [
        (place.page, place.block, place.box) for place in hit.passage.places
    ]
    assert index.search("FARES")[0].passage.headings == ("Boats", "Fares")
    assert index.search("wind ferry")[0].passage.headings == ("Weather",)
    assert index.search("nothing such") == [] and index.search("!?") == []


def test_chinese_is_found_by_words_inside_it() -> None:
    index = Index(document(["# 天气", "今天下雨,渡船停运。"], ["# 票价", "过河需要两个硬币。"]))
    assert "两个硬币" in index.search("硬币")[0].passage.text
    assert index.search("渡船")[0].passage.headings == ("天气",)


def test_markup_of_tables_is_not_text_but_written_tags_are() -> None:
    made = document(["a <td> cell", "# other", "plain"])
    cells = [Cell(row=0, column=0, column_span=2, text="wide"), Cell(row=1, column=0, text="a<b>c"),
             Cell(row=1, column=1, text="x")]  # fmt: skip
    table = Table(rows=2, columns=2, cells=cells)
    made.pages[0].blocks.append(
        TableBlock(id="p1-b9", box=(0, 0, 1, 1), order=9, text="wide a<b>c x", table=table)
    )
    index = Index(made)
    assert "<td" in "".join(passage.text for passage in index.passages), "the table is HTML here"
    assert len(index.search("td")) == 1 and "cell" in index.search("td")[0].passage.text
    assert index.search("wide") and index.search("b")
    assert not {"table", "tr", "tbody", "colspan", "lt", "gt"} & index._postings.keys()


def test_scores_are_those_of_the_formula() -> None:
    rng = random.Random(7)
    words = [f"w{n}" for n in range(30)]
    texts = [" ".join(rng.choices(words, k=rng.randint(3, 40))) for _ in range(25)]
    pages = [["# " + rng.choice(words), text] for text in texts]
    index = Index(document(*pages))
    full = [tokens(passage.text) for passage in index.passages]
    assert len(full) == 25, "each section is a passage"
    mean = sum(map(len, full)) / len(full)
    for _ in range(20):
        query = rng.sample(words, 3)
        expected = {}
        for number, terms in enumerate(full):
            total = 0.0
            for word in query:
                seen = [w for w in range(25) if word in full[w]]
                idf = math.log(1 + (25 - len(seen) + 0.5) / (len(seen) + 0.5))
                headings = [t for heading in index.passages[number].headings for t in tokens(heading)]
                tf = terms.count(word) + HEADING_WEIGHT * headings.count(word)
                total += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(terms) / mean)) if tf else 0.0
            if total:
                expected[number] = total
        hits = index.search(" ".join(query), 25)
        assert {index.passages.index(hit.passage): hit.score for hit in hits} == {
            number: round(score, 4) for number, score in expected.items()
        }
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_empty_document_is_searched_in_peace() -> None:
    assert Index(document([])).search("anything") == []
