"""Tables: from a region of a page to a grid of cells with spans, and from the grid to HTML and Markdown.

ruled      drawn lines            → grid
aligned    positions of words     → grid
slanet     picture (SLANet-plus)  → structure tokens with cell boxes → grid
matcher    words + grid           → cells with text
recogniser chooses by evidence
structure  structure tokens and OTSL ↔ grid, with repair
html, markdown                    ↔ text formats
"""
