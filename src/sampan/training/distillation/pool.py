"""Images without labels beside the task's own data: SSLD's mined pool, or general images (SKL-UGI).

Sources: SSLD (arXiv 2103.05959, §3.2). SKL-UGI appends general images as they are, with no selection.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from torch.utils.data import Dataset

from sampan.errors import InputError
from sampan.training.distillation.options import UnlabelledPool
from sampan.training.sampling import set_epoch

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


class WithUnlabelled(Dataset[dict[str, Any]]):
    """The labelled items first, the unlabelled ones after them."""

    def __init__(self, labelled: Dataset[dict[str, Any]], unlabelled: Dataset[dict[str, Any]]) -> None:
        self._labelled, self._unlabelled = labelled, unlabelled
        self._border = len(cast("list[Any]", labelled))

    def set_epoch(self, epoch: int) -> None:
        """Tells both parts."""
        set_epoch(self._labelled, epoch)
        set_epoch(self._unlabelled, epoch)

    def __len__(self) -> int:
        return self._border + len(cast("list[Any]", self._unlabelled))

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index < self._border:
            return self._labelled[index]
        return self._unlabelled[index - self._border]


def pool_files(options: UnlabelledPool) -> list[Path]:
    """The files of a pool, in an order that does not change.

    Raises:
        InputError: there are none, or a folder or manifest cannot be read.
    """
    files = list(islice(_files(options), options.limit))
    if not files:
        names = ", ".join(map(str, [*options.folders, *options.manifests]))
        raise InputError(f"distillation.unlabelled: there is no picture in {names}")
    return files


def pictures_in(folder: Path) -> Iterator[Path]:
    """Every picture in a folder and below it, folder by folder in the order of their names.

    Raises:
        InputError: it is no folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            yield from pictures_in(entry)
        elif entry.suffix.lower() in PICTURES:
            yield entry


def _files(options: UnlabelledPool) -> Iterator[Path]:
    for folder in options.folders:
        yield from pictures_in(folder)
    for manifest in options.manifests:
        yield from manifest_files(manifest)


def manifest_files(manifest: Path) -> Iterator[Path]:
    """The files that a manifest names; paths that are not absolute are meant from the manifest's folder.

    Raises:
        InputError: it cannot be read, or a line has no `path`.
    """
    try:
        with manifest.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield manifest.parent / json.loads(line)["path"]
                    except (ValueError, KeyError, TypeError):
                        raise InputError(
                            f'{manifest}, line {number}: expected {{"path": …}}, and found {line.strip()[:60]!r}'
                        ) from None
    except OSError as error:
        raise InputError(f"{manifest} cannot be read: {error.strerror or error}") from error
