//! Model files and their networks on ONNX Runtime.
