"""Text detection: where the lines of text are, by differentiable binarisation (DB) as PP-OCRv2 … v6 have it."""
