"""Office files without the hour: the same document gives the same bytes whenever it is written.

DOCX and XLSX are ZIP files (ECMA-376, part 2). The libraries that make them note the present time in every
entry and in the core properties; entries get the earliest date that ZIP knows, the properties go.
"""

from __future__ import annotations

import io
import re
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"<dcterms:(created|modified)\b[^>]*>[^<]*</dcterms:\1>")
_STORED = (".png", ".jpeg", ".jpg")


def reproducible(data: bytes) -> bytes:
    """The same package with nothing in it that depends on when it was made."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _TIMES.sub(b"", content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return file.getvalue()
