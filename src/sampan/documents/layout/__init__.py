"""What is where on a page: regions with one function each, and the order in which they are read.

`RuleLayout(options).find(lines, size, image, text_layer)` is the entrance. `find_rulings(image)` in
`image_rulings` finds drawn lines on pictures; `reading_order` orders any boxes.
"""

from sampan.documents.layout.rule_layout import RuleLayout

__all__ = ["RuleLayout"]
