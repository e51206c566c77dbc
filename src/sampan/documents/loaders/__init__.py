"""Documents for retrieval frameworks: `langchain.SampanLoader` and `llamaindex.SampanReader`.

Each module imports its framework when it is imported; `pieces` is what they share and needs neither.
"""
