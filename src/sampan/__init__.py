"""Sampan: documents in, structure out; and the research line behind it as PyTorch components.

Names load on first use, so that `import sampan` costs next to nothing and never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sampan.documents.model import Document
    from sampan.documents.options import ParseOptions
    from sampan.documents.parser import Parser, parse
    from sampan.errors import SampanError

__all__ = ["Document", "ParseOptions", "Parser", "SampanError", "__version__", "parse"]

_HOMES = {
    "Document": "sampan.documents.model",
    "ParseOptions": "sampan.documents.options",
    "Parser": "sampan.documents.parser",
    "SampanError": "sampan.errors",
    "parse": "sampan.documents.parser",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sampan' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
