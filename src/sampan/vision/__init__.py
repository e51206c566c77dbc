"""PyTorch models that see: backbones, text, layout, tables, classification."""
