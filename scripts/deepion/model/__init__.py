# SPDX-License-Identifier: MIT
"""The potential as data, and the ONNX file that holds it: contract, graph, networks."""
