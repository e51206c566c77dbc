"""Mutated documents for the reader: seeds of our own making, mutators that know the formats, and one trial.

`benchmarks.fuzz_reader` runs the campaign.
"""
