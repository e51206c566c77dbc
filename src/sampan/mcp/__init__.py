"""Sampan for language models: tools and resources over the Model Context Protocol (`sampan mcp`).

roots    which files may be read, and how they are opened safely
shelf    documents that were read, kept by the hash of their content
search   ranked search inside one document
server   the tools and resources, on the official SDK
"""
