"""Where pretrained weights come from: known by name, carried by packages, checked by hash.

`locate("pp-ocrv6-tiny-det")` gives the path of a file that is already on this machine; nothing here
reaches for the network unless `carriers.install` or `hub.fetch` is called by name.
"""

from __future__ import annotations

from sampan.weights.cache import cache_directory, locate
from sampan.weights.register import REGISTER, Weights

__all__ = ["REGISTER", "Weights", "cache_directory", "locate"]
