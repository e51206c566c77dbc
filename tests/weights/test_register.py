"""The register of weights is whole and consistent."""

import re

from sampan.weights import REGISTER
from sampan.weights.carriers import default_weights

NEEDED_BY_PARSE = {
    "pp-ocrv6-tiny-det",
    "pp-ocrv6-tiny-rec",
    "pp-ocrv6-tiny-dict",
    "pp-ocrv6-small-det",
    "pp-ocrv6-small-rec",
    "pp-ocrv6-dict",
    "pp-lcnet-doc-orientation",
    "picodet-layout-cdla",
    "slanet-plus",
}


def test_every_entry_says_what_it_is_and_where_it_comes_from() -> None:
    for name, weights in REGISTER.items():
        assert weights.name == name
        assert re.fullmatch(r"[0-9a-f]{64}", weights.sha256), name
        assert weights.size > 1000, name
        assert weights.file.startswith(weights.carrier.package.replace("-", "_") + "/"), name
        assert weights.suffix in {".onnx", ".txt", ".safetensors"}, name
        assert weights.licence and weights.task and weights.paper and weights.authors, name


def test_no_file_is_registered_twice() -> None:
    assert len({weights.sha256 for weights in REGISTER.values()}) == len(REGISTER)
    assert len({(weights.carrier, weights.file) for weights in REGISTER.values()}) == len(REGISTER)


def test_the_default_set_is_what_parse_needs() -> None:
    assert {weights.name for weights in default_weights()} == NEEDED_BY_PARSE
