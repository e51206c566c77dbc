"""Synthetic text and documents with exact truth: lines, pages, tables, forms.

Nothing here needs PyTorch. Everything is drawn by number: the same options, seed and number give the same picture
on the same fonts and texts.
"""
