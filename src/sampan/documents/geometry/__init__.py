"""Numpy geometry of pages: homographies, quads, boxes, intervals."""
