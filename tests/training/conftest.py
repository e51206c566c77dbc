"""Runs of the tests draw no pictures, but for the test that looks at one."""

import pytest

from sampan.training import trainer


@pytest.fixture(autouse=True)
def no_curves(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "record" not in request.node.name:
        monkeypatch.setattr(trainer, "draw_curves", lambda *_: None)
