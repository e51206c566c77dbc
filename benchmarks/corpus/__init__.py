"""Pages of our own making with exact ground truth: page images and digital-born PDFs.

`python -m benchmarks.corpus --split dev -o benchmarks/data/dev` writes files, one `Document` JSON for each
as its ground truth, and `index.json`. Everything follows from the seed of the split. `dev` is for tuning,
`test` only for reporting: they share no section of text, no layout seed, no font and no degradation parameter.
"""
