"""What `import sampan` and the doors bring with them: start-up is quick because little is imported."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "cv2", "onnxruntime", "openvino", "numpy", "pydantic", "pypdfium2", "rich", "yaml", "scipy"}


def heavy_modules_after(code: str) -> set[str]:
    """Which of the heavy packages a fresh Python has loaded after running `code`."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({HEAVY!r} & set(sys.modules))))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import sampan; dir(sampan); sampan.__version__", set()),
        ("import sampan.cli.main", set()),
        ("from sampan.weights import locate", set()),
        ("import sampan.weights.carriers, sampan.weights.hub", set()),
        ("import sampan; sampan.SampanError", set()),
        ("import sampan; sampan.ParseOptions", {"pydantic"}),
        ("import sampan; sampan.Document", {"pydantic"}),
        ("from sampan.papers.register import load; load()", {"pydantic", "yaml"}),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str, allowed: set[str]) -> None:
    assert heavy_modules_after(code) <= allowed


def test_parsing_never_imports_torch() -> None:
    code = "import sampan; sampan.Parser; sampan.parse; import sampan.documents.writers"
    assert "torch" not in heavy_modules_after(code)


def test_an_unknown_name_is_an_ordinary_attribute_error() -> None:
    import sampan

    with pytest.raises(AttributeError, match="has no attribute 'parrse'"):
        sampan.parrse  # noqa: B018
    assert "parse" in dir(sampan)
