import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.documents.options import ParseOptions
from sampan.errors import OptionError
from sampan.server.choices import ALLOWED, choices_schema, chosen_options, stored_choices
from sampan.server.settings import ServerSettings

SETTINGS = ServerSettings(data=Path("x"), max_pages=50, max_pixels=10_000_000, max_bytes=1000)


def test_choices_are_taken_and_limits_kept() -> None:
    options = chosen_options('{"pages": "1-3", "dpi": 150, "max_pages": 7}', SETTINGS)
    assert (options.pages, options.dpi, options.max_pages) == ("1-3", 150, 7)
    assert (options.max_pixels, options.max_bytes) == (10_000_000, 1000)
    assert chosen_options("", SETTINGS).max_pages == 50


@pytest.mark.parametrize("name", sorted(set(ParseOptions.model_fields) - set(ALLOWED)))
def test_what_is_the_operators_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"option {name} is chosen by whoever runs the server"):
        chosen_options(json.dumps({name: None}), SETTINGS)


def test_no_path_and_no_model_can_be_chosen() -> None:
    assert not {"detection_model", "recognition_model", "dictionary", "threads", "max_bytes"} & set(ALLOWED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"max_pages": 51}', "limit of 50"),
        ('{"max_pixels": 10000001}', "limit of 10000000"),
        ('{"dpi": 5}', "option dpi = 5"),
        ('{"page": "1"}', "did you mean 'pages'"),
        ("[1]", "no JSON object"),
        ("{", "no JSON"),
        ("NaN", "no JSON object"),
        ('{"password": "\\ud800"}', "no JSON"),
        ("[" * 5000, "no JSON"),
        ('"' + "x" * 10_000 + '"', "no JSON object"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says) as error:
        chosen_options(text, SETTINGS)
    assert len(str(error.value)) < 300


def test_equal_choices_are_stored_equally() -> None:
    assert stored_choices('{"tables": false, "pages":"1"}', SETTINGS) == stored_choices(
        '{ "pages": "1", "tables": false }', SETTINGS
    )
    assert stored_choices("", SETTINGS) == stored_choices("{}", SETTINGS)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "dpi": st.integers(0, 1300),
            "max_pages": st.integers(-1, 60),
            "ocr": st.sampled_from(["auto", "always", "never", "maybe"]),
            "tables": st.booleans(),
            "threads": st.just(2),
        },
    )
)
def test_the_published_schema_says_what_is_taken(choices: dict[str, object]) -> None:
    fits = jsonschema.Draft202012Validator(choices_schema(SETTINGS)).is_valid(choices)
    try:
        chosen_options(json.dumps(choices), SETTINGS)
    except OptionError:
        assert not fits
    else:
        assert fits
