"""Runs ONNX models on a CPU. Imports no torch; imports ONNX Runtime only when a model is opened."""

from sampan.runtime.model import Model, open_model, usable_cores

__all__ = ["Model", "open_model", "usable_cores"]
