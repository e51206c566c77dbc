"""Structure tokens: the released order, merging and its inverse."""

from __future__ import annotations

import pytest

from sampan.errors import InputError, OptionError, WeightsError
from sampan.vision.tables.vocabulary import ENGLISH, StructureVocabulary
from sampan.vision.weights.onnx_tensors import onnx_metadata
from sampan.weights import locate

HEAD = ["<thead>", "<tr>", "<td>", "</td>", "<td", ' colspan="2"', ">", "</td>", "</tr>", "</thead>"]
BODY = ["<tbody>", "<tr>", "<td>", "</td>", "<td>", "</td>", "<td>", "</td>", "</tr>", "</tbody>"]


@pytest.mark.parametrize(
    ("weights", "name", "size"), [("slanet-1m", "english", 30), ("slanet-plus", "chinese", 50)]
)
def test_the_order_is_that_of_the_released_models(weights: str, name: str, size: int) -> None:
    try:
        file = locate(weights)
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    tokens = onnx_metadata(file)["character"].split("\n")
    assert StructureVocabulary(tokens).tokens == StructureVocabulary.named(name).tokens
    assert len(StructureVocabulary.named(name)) == size


def test_merging_saves_a_token_for_every_plain_cell() -> None:
    merged, split = StructureVocabulary.named("english"), StructureVocabulary.named("english", merged=False)
    assert len(split.encode(HEAD + BODY)) - len(merged.encode(HEAD + BODY)) == 4
    assert len(merged) == len(split) == 30


@pytest.mark.parametrize("merged", [True, False])
@pytest.mark.parametrize("name", ["english", "chinese"])
def test_decoding_inverts_encoding(name: str, merged: bool) -> None:
    vocabulary = StructureVocabulary.named(name, merged)
    numbers = vocabulary.encode(HEAD + BODY)
    assert "".join(vocabulary.decode(numbers)) == "".join(HEAD + BODY)
    assert (
        vocabulary.html([vocabulary.start, *numbers, vocabulary.end, 5, 5])
        == f"<table>{''.join(HEAD + BODY)}</table>"
    )


@pytest.mark.parametrize("merged", [True, False])
def test_as_many_tokens_open_cells_as_there_are_cells(merged: bool) -> None:
    vocabulary = StructureVocabulary.named("english", merged)
    assert sum(map(vocabulary.opens_cell, vocabulary.encode(HEAD + BODY))) == 5


def test_wrong_tokens_are_named() -> None:
    with pytest.raises(InputError, match='colspan="11"'):
        StructureVocabulary.named("english").encode(["<td", ' colspan="11"', ">", "</td>"])
    with pytest.raises(OptionError, match="english, chinese"):
        StructureVocabulary.named("french")
    with pytest.raises(OptionError, match="<td>"):
        StructureVocabulary([token for token in ENGLISH if token != "<td>"], merged=False)
    with pytest.raises(OptionError, match="twice"):
        StructureVocabulary([*ENGLISH, "<tr>"])
