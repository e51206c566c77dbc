"""The register of papers is whole, true about this tree, and docs/papers.md is made from it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import sampan
from sampan.errors import OptionError
from sampan.papers.page import ROOMS, markdown
from sampan.papers.register import Register, load

ROOT = Path(__file__).parents[2]


def test_there_are_44_papers_with_names_and_sources_of_their_own() -> None:
    papers = load().papers
    assert len(papers) == 44
    for field in ("name", "subject", "title", "arxiv", "claim"):
        assert len({getattr(paper, field) for paper in papers}) == 44, field


def test_the_yardstick_is_not_one_of_them() -> None:
    assert [paper.name for paper in load().yardsticks] == ["omnidocbench"]
    assert "omnidocbench" not in {paper.name for paper in load().papers}


def test_a_paper_that_works_in_part_names_files_that_exist() -> None:
    package = Path(sampan.__file__).parent
    for paper in (*load().papers, *load().yardsticks):
        assert paper.room.partition("/")[0] in ROOMS
        for file in paper.files:
            assert (package / file).exists(), f"{paper.name}: {file}"


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "papers.md").read_text(encoding="utf-8")
    assert page == markdown(load()), "run `make docs`"


def test_the_page_names_every_paper_once() -> None:
    page = markdown(load())
    for paper in (*load().papers, *load().yardsticks):
        assert page.count(f"]({paper.url})") == 1, paper.name
    assert all(line.count("|") == 5 for line in page.splitlines() if line.startswith("|"))


def test_a_paper_is_found_by_name_or_subject() -> None:
    assert load().find("pp-ocrv3") is load().find("PP-OCRv3")
    assert load().find("ernie 3.0 titan").name == "ernie-3-titan"
    with pytest.raises(OptionError, match="did you mean 'rrattention'"):
        load().find("rratention")


def test_the_data_are_validated() -> None:
    good = load().papers[0].model_dump()
    for change in (
        {"arxiv": "25021.1034"},
        {"state": "soon"},
        {"colour": "red"},
        {"here": "It works."},
        {"claim": None},
    ):
        with pytest.raises(ValidationError):
            Register.model_validate({"papers": [good | change], "yardsticks": []})
    with pytest.raises(ValidationError, match="named twice: adagc"):
        Register.model_validate({"papers": [good], "yardsticks": [good]})
