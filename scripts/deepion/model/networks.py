# SPDX-License-Identifier: MIT
"""Embedding and fitting nets with their first derivatives, as ONNX local functions that serve float32 and float64."""

from dataclasses import dataclass, replace

import numpy as np
from onnx import FunctionProto, TensorProto, helper

from . import activations
from .connected import ConnectedNetwork, can_be_connected, connected, flow
from .graph_connected import connected_net
from .onnx_nodes import DOMAIN, OPSET, Nodes
from .potential import Family, Gate, Layer, Network, ParameterScaling


@dataclass(frozen=True)
class ReducedParameters:
    """Frame and atomic parameters of a reduced fitting net.

    vacuum: the full net, whose value at descriptor zero is subtracted from the energy; None: nothing is. of_atoms: whether
    parameters differ between the atoms of a call.
    """

    scaling: ParameterScaling
    vacuum: Network | None
    of_atoms: bool


def embedding_function(name: str, network: Network | Family, ntypes: int) -> FunctionProto:
    """Function s [n, 1] -> g [n, M], dg_ds [n, M] (forward mode).

    That of a family has one more input, pair int64 [1 or n] = center * ntypes + neighbor.
    """
    nodes = Nodes(like="s", prefix="t_")
    inputs = ["s"]
    x = "s"
    dx: str | None = None  # derivative of x with respect to s; None for the constant 1
    row = None
    if isinstance(network, Family):
        inputs.append("pair")
        row = row_of_pair(nodes, len(network.offsets), ntypes)
    for number, layer in enumerate(_layers(network)):
        weights = _Weights(nodes, layer, network, row if number == 0 else None)
        x, dx = _forward_with_derivative(nodes, layer, weights, x, dx)
    if dx is None:
        raise ValueError("an embedding net has at least one layer")
    nodes.rename(x, "g")
    nodes.rename(nodes.add("Expand", dx, nodes.add("Shape", x)), "dg_ds")
    return _function(name, inputs, ["g", "dg_ds"], nodes)


def gate_function(name: str, gate: Gate, ntypes: int) -> FunctionProto:
    """Function pair int64 [k] -> t [k, M] in float64; its first constant is the table of all rows."""
    nodes = Nodes(prefix="t_")
    table = nodes.short_array(gate.values)
    row = row_of_pair(nodes, len(gate.values), ntypes)
    found = nodes.add("Gather", table, row, axis=0)
    nodes.rename(nodes.add("Cast", found, to=TensorProto.DOUBLE), "t")
    return _function(name, ["pair"], ["t"], nodes)


def row_of_pair(nodes: Nodes, rows: int, ntypes: int) -> str:
    """The rows of `pair` in a table of neighbor types or of pairs."""
    return nodes.add("Mod", "pair", nodes.integer(ntypes)) if rows == ntypes else "pair"


def fitting_function(
    name: str, network: Network | Family, scaling: ParameterScaling | None, vacuum: bool
) -> FunctionProto:
    """Function descriptor [n, D] (, param [n, np]) -> energy [n, 1], denergy_ddescriptor [n, D].

    That of a family has one more input behind the descriptor, type int64 [1 or n] of the centers. vacuum: subtract the net's
    value at descriptor zero and the same parameters.
    """
    nodes = Nodes(like="descriptor", prefix="t_")
    inputs = _inputs("descriptor", scaling)
    row = None
    if isinstance(network, Family):
        row = "type"
        inputs.insert(1, row)
    n_descriptor = network.n_in
    x = "descriptor"
    scaled = None
    if scaling is not None:
        n_descriptor -= scaling.size
        scaled = _scaled(nodes, scaling)
        x = nodes.add("Concat", x, scaled, axis=1)
    layers = _layers(network)
    weights = _weights(nodes, network, row)
    energy, slopes = _forward(nodes, layers, weights, x)
    if vacuum:
        zero = nodes.add("Mul", "descriptor", nodes.number(0.0))
        empty = zero if scaled is None else nodes.add("Concat", zero, scaled, axis=1)
        energy = nodes.add("Sub", energy, _forward(nodes, layers, weights, empty)[0])
    gradient = _backward(nodes, layers, weights, slopes, energy)
    if scaling is not None:
        gradient = nodes.slice(gradient, 1, 0, n_descriptor)
    nodes.rename(energy, "energy")
    nodes.rename(gradient, "denergy_ddescriptor")
    return _function(name, inputs, ["energy", "denergy_ddescriptor"], nodes)


def reduced_fitting_function(
    name: str, network: Network | ConnectedNetwork, parameters: ReducedParameters | None = None
) -> FunctionProto:
    """Function features [n, nf] (, param [n, np]) -> energy [n, 1], denergy_dfeatures [n, nf]."""
    nodes = Nodes(like="features", prefix="t_")
    scaling = None if parameters is None else parameters.scaling
    scaled = None if scaling is None else _scaled(nodes, scaling)
    inputs, outputs = _inputs("features", scaling), ["energy", "denergy_dfeatures"]
    if isinstance(network, Network) and can_be_connected(network):
        network = connected(network)
    if isinstance(network, Network):
        _plain(nodes, network, scaled, parameters)
        return _function(name, inputs, outputs, nodes)
    n_features = network.n_in - (0 if scaling is None else scaling.size)
    energy, gradient = connected_net(nodes, network, scaled, n_features)
    nodes.rename(_less_vacuum(nodes, energy, scaled, parameters), "energy")
    nodes.rename(gradient, "denergy_dfeatures")
    return _function(name, inputs, outputs, nodes)


def _plain(nodes: Nodes, network: Network, scaled: str | None, parameters: ReducedParameters | None) -> None:
    """The reduced net layer by layer, as the full ones are written."""
    x = "features" if scaled is None else nodes.add("Concat", "features", scaled, axis=1)
    weights = _weights(nodes, network, None)
    energy, slopes = _forward(nodes, network.layers, weights, x)
    gradient = _backward(nodes, network.layers, weights, slopes, energy)
    if scaled is not None:
        n = nodes.length("features", 1)
        gradient = nodes.add("Slice", gradient, nodes.integers(0), n, nodes.integers(1))
    nodes.rename(_less_vacuum(nodes, energy, scaled, parameters), "energy")
    nodes.rename(gradient, "denergy_dfeatures")


def _less_vacuum(nodes: Nodes, energy: str, scaled: str | None, parameters: ReducedParameters | None) -> str:
    """The energy less the full net's at descriptor zero and the same parameters: no approximation in it."""
    if scaled is None or parameters is None or parameters.vacuum is None:
        return energy
    first, *others = parameters.vacuum.layers
    rows = first.product()[-parameters.scaling.size :]
    layers = (replace(first, w=rows, right=None), *others)
    x = scaled if parameters.of_atoms else nodes.slice(scaled, 0, 0, 1)
    return nodes.add("Sub", energy, _forward(nodes, layers, [_Weights(nodes, layer) for layer in layers], x)[0])


def _inputs(first: str, scaling: ParameterScaling | None) -> list[str]:
    return [first] if scaling is None else [first, "param"]


def _scaled(nodes: Nodes, scaling: ParameterScaling) -> str:
    """(param - average) / std: in this order, so that a large average costs no digits in float32."""
    centerd = nodes.add("Sub", "param", nodes.array(scaling.average.reshape(1, -1)))
    return nodes.add("Mul", centerd, nodes.array(scaling.inverse_std.reshape(1, -1)))


def basis_function(name: str, basis: np.ndarray) -> FunctionProto:
    """Function g [n, M] -> psi [n, columns]: the embedding in a basis [M, columns]."""
    nodes = Nodes(like="g", prefix="t_")
    nodes.rename(nodes.add("MatMul", "g", nodes.array(basis)), "psi")
    return _function(name, ["g"], ["psi"], nodes)


def network_value(network: Network | ConnectedNetwork, x: np.ndarray) -> np.ndarray:
    """The net at x [n, n_in] in float64, with numpy."""
    if isinstance(network, ConnectedNetwork):
        return flow(network, x).t[-1]
    for layer in network.layers:
        y = activations.value(layer.activation, layer.affine(x))
        if layer.idt is not None:
            y = y * layer.idt
        if layer.skip == "same":
            y = y + x
        elif layer.skip == "double":
            y = y + np.concatenate([x, x], axis=1)
        elif layer.passed is not None:
            y = y + x @ layer.passed
        if layer.added is not None:
            y = y + layer.added
        x = y
    return x


class _Weights:
    """Names of one layer's constants; row: of a family's first layer, where its rows are to be looked up."""

    def __init__(self, nodes: Nodes, layer: Layer, family: Network | Family | None = None, row: str | None = None):
        self.single_output = layer.n_out == 1
        self.w = nodes.array(layer.w)
        self.right = None if layer.right is None else nodes.array(layer.right)
        self.b: str | None
        self.added: str | None
        if isinstance(family, Family) and row is not None:
            self.b = nodes.add("Gather", nodes.array(family.offsets), row, axis=0)
            self.added = None if family.added is None else nodes.add("Gather", nodes.array(family.added), row, axis=0)
        else:
            self.b = None if layer.b is None else nodes.array(layer.b.reshape(1, -1))
            self.added = None if layer.added is None else nodes.array(layer.added.reshape(1, -1))
        self.idt = None if layer.idt is None else nodes.array(layer.idt.reshape(1, -1))
        self.passed = None if layer.passed is None else nodes.array(layer.passed)


def _layers(network: Network | Family) -> tuple[Layer, ...]:
    return network.network.layers if isinstance(network, Family) else network.layers


def _weights(nodes: Nodes, network: Network | Family, row: str | None) -> list["_Weights"]:
    first, *others = _layers(network)
    return [_Weights(nodes, first, network, row), *(_Weights(nodes, layer) for layer in others)]


def _affine(nodes: Nodes, weights: _Weights, x: str) -> str:
    if weights.single_output:
        # A matrix product with one column adds its terms one after the other; ReduceSum keeps partial sums apart, so that
        # the last layer does not spoil an energy in float32.
        z = nodes.sum(nodes.add("Mul", x, nodes.transpose(weights.w, 1, 0)), 1, keepdims=1)
    else:
        z = nodes.add("MatMul", x, weights.w)
        if weights.right is not None:
            z = nodes.add("MatMul", z, weights.right)
    return z if weights.b is None else nodes.add("Add", z, weights.b)


def _skip(nodes: Nodes, layer: Layer, weights: _Weights, x: str, y: str) -> str:
    if layer.skip == "same":
        return nodes.add("Add", y, x)
    if layer.skip == "double":
        return nodes.add("Add", y, nodes.add("Concat", x, x, axis=1))
    if layer.skip == "matrix" and weights.passed is not None:
        return nodes.add("Add", y, nodes.add("MatMul", x, weights.passed))
    return y


def _forward_with_derivative(nodes: Nodes, layer: Layer, weights: _Weights, x: str, dx: str | None) -> tuple[str, str]:
    """One layer and its derivative with respect to the net's scalar input."""
    y, slope = activations.activation(nodes, layer.activation, _affine(nodes, weights, x))
    y = nodes.product(y, weights.idt)
    ones = None
    if dx is None:
        dz = weights.w  # [1, n_out]
        if layer.skip != "none":
            ones = nodes.array(np.ones((1, 1)))
    else:
        dz = nodes.add("MatMul", dx, weights.w)
    dy = nodes.product(nodes.product(slope, weights.idt), dz)
    value = _skip(nodes, layer, weights, x, y)
    if weights.added is not None:
        value = nodes.add("Add", value, weights.added)
    return value, _skip(nodes, layer, weights, dx or ones or "", dy)


def _forward(nodes: Nodes, layers: tuple[Layer, ...], weights: list[_Weights], x: str) -> tuple[str, list[str | None]]:
    """All layers; returns the output and each layer's idt * activation'(z) (None for the constant 1)."""
    slopes = []
    for layer, layer_weights in zip(layers, weights, strict=True):
        y, slope = activations.activation(nodes, layer.activation, _affine(nodes, layer_weights, x))
        slopes.append(nodes.product(slope, layer_weights.idt))
        x = _skip(nodes, layer, layer_weights, x, nodes.product(y, layer_weights.idt))
        if layer_weights.added is not None:
            x = nodes.add("Add", x, layer_weights.added)
    return x, slopes


def _backward(
    nodes: Nodes, layers: tuple[Layer, ...], weights: list[_Weights], slopes: list[str | None], energy: str
) -> str:
    """Gradient of the scalar output with respect to the net's input, [n, n_in]."""
    gradient = nodes.add("Expand", nodes.array(np.ones((1, 1))), nodes.add("Shape", energy))
    for layer, layer_weights, slope in reversed(list(zip(layers, weights, slopes, strict=True))):
        through = nodes.product(gradient, slope)
        if layer_weights.right is not None:
            through = nodes.add("Gemm", through, layer_weights.right, transB=1)
        through = nodes.add("Gemm", through, layer_weights.w, transB=1)
        if layer.skip == "same":
            through = nodes.add("Add", through, gradient)
        elif layer.skip == "double":
            low = nodes.slice(gradient, 1, 0, layer.n_in)
            high = nodes.slice(gradient, 1, layer.n_in, 2 * layer.n_in)
            through = nodes.add("Add", through, nodes.add("Add", low, high))
        elif layer_weights.passed is not None:
            through = nodes.add("Gemm", gradient, layer_weights.passed, through, transB=1)
        gradient = through
    return gradient


def _function(name: str, inputs: list[str], outputs: list[str], nodes: Nodes) -> FunctionProto:
    return helper.make_function(DOMAIN, name, inputs, outputs, nodes.nodes, [helper.make_opsetid("", OPSET)])
