"""Reading: files in, pages out — pictures, and for PDF what the page says about itself.

Start at `source.open_source`. `images` and `pdf` are the two kinds of file, each looked over (`image_header`,
`pdf_guard`) before a native library opens it; `text_layer` puts together `glyphs` → `text_lines`,
`vector_graphics` and `reliability`.
"""

from sampan.documents.reading.source import OpenSource, brought, open_source

__all__ = ["OpenSource", "brought", "open_source"]
