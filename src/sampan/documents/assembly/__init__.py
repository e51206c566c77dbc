"""Regions, lines and tables → blocks in reading order; pages → a document.

`assemble_page` works on one page, `assemble_document` afterwards on all of them: what repeats, how large headings are
compared with each other, and what goes on over a column or page break.
"""

from sampan.documents.assembly.document import assemble_document
from sampan.documents.assembly.page import assemble_page

__all__ = ["assemble_document", "assemble_page"]
