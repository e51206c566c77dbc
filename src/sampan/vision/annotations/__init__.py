"""Label files of text detection, text recognition, tables and page layout: reading and writing, no PyTorch."""
