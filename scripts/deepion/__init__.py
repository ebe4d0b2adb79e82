"""Python side of deepion: DeePMD-kit models to self-contained ONNX files, and their evaluation with stock ONNX Runtime."""

__version__ = "0.1.0"
