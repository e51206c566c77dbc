"""Weights in and out: ONNX constants, public safetensors layouts, ONNX export that checks itself.

What needs no torch is imported here; the rest is in `onnx_layers`, `public_layout` and `export`.
"""

from __future__ import annotations

from sampan.vision.weights.onnx_tensors import Operator, onnx_metadata, onnx_operators, onnx_tensors

__all__ = ["Operator", "onnx_metadata", "onnx_operators", "onnx_tensors"]
