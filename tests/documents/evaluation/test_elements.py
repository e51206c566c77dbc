from __future__ import annotations

import pytest

from sampan.documents.evaluation.elements import extract_elements, html_to_markdown
from sampan.documents.evaluation.latex import formula_lines, join_lines, latex_to_text, normalise_formula
from sampan.documents.evaluation.normalise import normalise_text, plain_text
from sampan.documents.evaluation.table_tree import table_grid

PAGE = r"""# Title
First paragraph,
second line with $a_1$.

| a | b |
|:--|--:|
| 1 \| 2 | **c** |

$$
E = mc^2
$$
![figure](x.png)
```python
cost = "$$ <table> $$"
```
<table><tr><td>x<table><tr><td>y</td></tr></table></td></tr></table>
after
"""


def test_elements_keep_kind_and_order() -> None:
    elements = extract_elements(PAGE)
    assert [element.kind for element in elements] == [
        *("text", "text", "table", "formula", "code", "table", "text")
    ]
    assert [e.position for e in elements] == sorted(e.position for e in elements)
    assert elements[2].content.startswith("<table><tr><td>a</td>")
    assert "<td>1 | 2</td><td>c</td>" in elements[2].content
    assert elements[3].content == "E = mc^2"
    assert elements[4].content == 'cost = "$$ <table> $$"'
    assert elements[5].content.count("<table>") == 2
    assert elements[6].content == "after"


def test_cells_of_pipe_tables() -> None:
    (table,) = extract_elements("| **a** b | 2*3*4 |\n|--|--|\n| `x_y` | <b & \\<c |\n| 1<br>2 | &amp; |")
    cells = [["a b", "2*3*4"], ["x_y", "<b & <c"], ["12", "&"]]
    assert table_grid(table.content) == cells


def test_positions_are_those_of_the_file() -> None:
    text = "one\n\n$$x$$\n\ntwo\n\n<table><tr><td>1</td></tr></table>\n\nthree"
    for element in extract_elements(text):
        start = text.index("$$x$$") if element.kind == "formula" else text.index(element.content)
        assert element.position == start


def test_answer_in_a_fence_and_single_newlines() -> None:
    assert [e.content for e in extract_elements("```markdown\none\n\ntwo\n```")] == ["one", "two"]
    assert [e.content for e in extract_elements("one\ntwo\nthree")] == ["one", "two", "three"]
    assert extract_elements("") == []


@pytest.mark.parametrize(
    "broken", ["<table><tr><td>1", "| a |\n|---|", "$$ x", "```\ncode", "</table></td>", "\0$$$$"]
)
def test_broken_markup_is_read(broken: str) -> None:
    for element in extract_elements(f"before\n\n{broken}"):
        assert element.content.strip()


def test_html_page() -> None:
    page = (
        "<html><head><title>no</title></head><body><h2>Head</h2><p>a\n b <b>c</b></p>"
        '<table><tr><th colspan="2">1</th></tr></table><pre>if x:\n    y</pre>'
        '<math display="block" alttext="x^2"><mi>x</mi></math><ul><li>i</li><li>j</li></ul></body></html>'
    )
    elements = extract_elements(html_to_markdown(page))
    assert [(e.kind, e.content) for e in elements] == [
        ("text", "## Head"),
        ("text", "a b c"),
        ("table", '<table><tr><th colspan="2">1</th></tr></table>'),
        ("code", "if x:\n    y"),
        ("formula", "x^2"),
        ("text", "i\nj"),
    ]


def test_text_rules() -> None:
    source = "## Net *profit*: −3.5 % of [sales](http://x.org), $\\alpha_1 \\leq 2$ <b>up</b>"
    assert normalise_text(source) == "Netprofit35ofsalesα12up"
    assert plain_text(source) == "Net profit: −3.5 % of sales, α1 ≤ 2 up"
    assert normalise_text("语言 模型。") == "语言模型"
    assert plain_text("- snake_case_name \\* 2") == "snake_case_name * 2"
    assert plain_text("costs $5 and $6") == "costs $5 and $6"


def test_formula_rules() -> None:
    assert normalise_formula(r"$$\mathbf{X} \quad = \left( a \right) \tag{1}$$") == "{x}=(a)"
    assert latex_to_text(r"\frac{a}{\beta} \times \sin x") == "a/β × sin x"
    block = r"\begin{aligned} a &= b \\ c &= d \end{aligned}"
    assert formula_lines(block) == ["a = b", "c = d"]
    assert formula_lines(r"\begin{array}{cc} a & b \\ c & d \end{array}") != ["a  b", "c  d"]
    assert formula_lines(join_lines(["a = b", "c = d"])) == ["a = b", "c = d"]
