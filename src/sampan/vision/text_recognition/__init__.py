"""Text recognition: a strip with one line of text in, its characters out.

The models are in `models` (by name), their parts in `svtr`, `heads`, `nrtr` and `sar`; what training needs is in
`task`, `dataset`, `augmentation` and `losses`. `vocabulary_surgery` starts a reader of another script from given
weights.
"""
