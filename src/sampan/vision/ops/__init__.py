"""Geometry of boxes on tensors: overlap, suppression. Pages in NumPy have theirs in `documents.geometry`."""
