# SPDX-License-Identifier: MIT
"""A connected net and its gradient in standard ONNX operators, with as few operations as there can be.

Its matrices are small, so passes over whole layers are what costs.
"""

import numpy as np

from . import activations
from .connected import ConnectedLayer, ConnectedNetwork
from .onnx_nodes import Nodes


def connected_net(nodes: Nodes, network: ConnectedNetwork, scaled: str | None, n_features: int) -> tuple[str, str]:
    """From features [n, n_features] and, behind them, scaled parameters to names of energy [n, 1] and dE/dfeatures."""
    names = _forward(nodes, network, scaled, n_features)
    energy = names[-1].value
    toward = ""  # dE/dy of the layer at hand
    for k in range(len(names) - 2, -1, -1):
        layer, here, later = network.layers[k], names[k], names[k + 1 :]
        on_t = _total(nodes, [(one.toward, one.inward[k]) for one in later])
        on_z = nodes.product(here.slope, on_t)
        direct = [(one.toward, one.linear[k]) for one in later]
        if layer.right is None:
            rest = _total(nodes, direct)
            toward = on_z if not rest else nodes.add("Add", on_z, rest)
        else:
            toward = _total(nodes, [*direct, (on_z, here.right)])
        here.toward = toward
    return energy, nodes.add("Gemm", toward, names[0].first, transB=1)


class _Names:
    """Names of one layer's tensors, and its matrices."""

    def __init__(self, nodes: Nodes, layer: ConnectedLayer):
        self.inward = [_Matrix(nodes, m) for m in layer.inward]
        self.linear = [_Matrix(nodes, m) for m in layer.linear]
        self.right = _Matrix(nodes, layer.right)
        self.first = ""
        self.projection = ""
        self.value = ""
        self.slope: str | None = None
        self.toward = ""  # dE/dy; empty: 1


class _Matrix:
    def __init__(self, nodes: Nodes, matrix: np.ndarray | None):
        self._nodes, self._matrix = nodes, matrix
        self.name = "" if matrix is None else nodes.array(matrix)

    def row(self) -> str:
        """The only column of the matrix as a row."""
        return "" if self._matrix is None else self._nodes.array(self._matrix.T)


def _forward(nodes: Nodes, network: ConnectedNetwork, scaled: str | None, n_features: int) -> list[_Names]:
    names: list[_Names] = []
    for layer in network.layers:
        here = _Names(nodes, layer)
        total = ""
        if layer.features is not None:
            here.first = nodes.array(layer.features[:n_features])
            total = nodes.add("MatMul", "features", here.first)
            if scaled is not None:
                total = nodes.add("Gemm", scaled, nodes.array(layer.features[n_features:]), total)
        for earlier, inward, linear in zip(names, here.inward, here.linear, strict=True):
            for source, matrix in ((earlier.value, inward), (earlier.projection, linear)):
                if matrix.name:
                    total = nodes.add("Gemm", source, matrix.name, *([total] if total else []))
        here.projection = total
        bias = None if layer.b is None else nodes.array(layer.b.reshape(1, -1))
        if here.right.name:
            total = nodes.add("Gemm", total, here.right.name, *([] if bias is None else [bias]))
        elif bias is not None:
            total = nodes.add("Add", total, bias)
        here.value, here.slope = activations.activation(nodes, layer.activation, total)
        names.append(here)
    return names


def _total(nodes: Nodes, terms: list[tuple[str, _Matrix]]) -> str:
    """The sum of gradients times transposed matrices; a gradient without name is 1."""
    total = ""
    for gradient, matrix in terms:
        if matrix.name and not gradient:
            total = matrix.row()
    for gradient, matrix in reversed(terms):
        if matrix.name and gradient:
            total = nodes.add("Gemm", gradient, matrix.name, *([total] if total else []), transB=1)
    return total
