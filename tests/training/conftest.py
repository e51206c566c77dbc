"""Runs of the tests draw no pictures, but for the test that looks at one, and do not wait for the disk."""

import pytest

from sampan.training import checkpoint, trainer


@pytest.fixture(autouse=True)
def lighter_runs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "_to_disk", lambda _: None)
    if "record" not in request.node.name:
        monkeypatch.setattr(trainer, "draw_curves", lambda *_: None)
