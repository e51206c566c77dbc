"""Made once, whoever asks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sampan.runtime.once import once


class Shop:
    def __init__(self) -> None:
        self.made = 0

    @once
    def model(self) -> object:
        """What it is."""
        self.made += 1
        time.sleep(0.02)
        return object()


def test_many_threads_get_one_object() -> None:
    shop = Shop()
    gate = threading.Barrier(8)

    def ask(_: int) -> object:
        gate.wait(5)
        return shop.model

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1
    assert shop.made == 1


def test_every_instance_has_its_own() -> None:
    assert Shop().model is not Shop().model
    assert Shop.model.__doc__ == "What it is."


def test_a_failure_is_not_kept() -> None:
    class Fragile:
        tries = 0

        @once
        def value(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("not yet")
            return self.tries

    fragile = Fragile()
    with pytest.raises(ValueError, match="not yet"):
        _ = fragile.value
    assert fragile.value == 2
