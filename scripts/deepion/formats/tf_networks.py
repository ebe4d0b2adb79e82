# SPDX-License-Identifier: MIT
"""Networks of a frozen TensorFlow graph as DeePMD-kit serializes them.

DeePMD-kit names the weights `SCOPE/matrix_LAYER[SUFFIX]`, `bias_...`, `idt_...` in embedding nets (layers from 1) and
`layer_LAYER[_type_TYPE]/matrix` in fitting nets (layers from 0, then `final_layer`). What the weights do not show, the
activation functions, is read from the nodes that follow the bias.
"""

import re
from collections.abc import Iterable
from typing import Any

from deepion.errors import ExportError

from .graphdef import Graph
from .table import NotPlainError

ACTIVATIONS = {
    "Tanh": "tanh",
    "Relu": "relu",
    "Relu6": "relu6",
    "Softplus": "softplus",
    "Sigmoid": "sigmoid",
    "Gelu": "gelu",
    "GeluCustom": "gelu",
}
ADDITIONS = ("BiasAdd", "Add", "AddV2")
MOST_LAYERS = 64


def embedding_layers(graph: Graph, scope: str, suffix: str) -> int:
    """Number of layers of an embedding net."""
    count = 0
    while count < MOST_LAYERS and f"{scope}/matrix_{count + 1}{suffix}" in graph.nodes:
        count += 1
    return count


def embedding_net(graph: Graph, scope: str, suffix: str, declared: str | None) -> dict[str, Any]:
    """The embedding net with weights SCOPE/matrix_1SUFFIX, ...

    declared: the activation function in the training script, where there is one.
    """
    count = embedding_layers(graph, scope, suffix)
    if not count:
        raise ExportError(f"the embedding net {scope}/matrix_1{suffix} is missing: the graph is incomplete")
    names = [(f"{scope}/{{}}_{number}{suffix}") for number in range(1, count + 1)]
    layers = [weights(graph, name) for name in names]
    activation = activation_of(graph, names[0].format("matrix"), declared)
    has_dt = any(layer["idt"] is not None for layer in layers)
    for layer in layers:
        n_in, n_out = layer["w"].shape
        if n_out not in (n_in, 2 * n_in):
            layer["idt"] = None  # stored, and not used, see deepmd.tf.utils.network.embedding_net
    precision = graph.type_of(names[0].format("matrix"))
    return {
        "@class": "EmbeddingNetwork",
        "@version": 2,
        "in_dim": layers[0]["w"].shape[0],
        "neuron": [layer["w"].shape[1] for layer in layers],
        "activation_function": activation,
        "resnet_dt": has_dt,
        "bias": layers[0]["b"] is not None,
        "precision": precision,
        "layers": [serialized_layer(layer, activation, True, precision) for layer in layers],
    }


def fitting_net(graph: Graph, names: list[str], declared: str | None) -> dict[str, Any]:
    """The fitting net whose layers, the last one included, have these scopes."""
    layers = [weights(graph, f"{name}/{{}}") for name in names]
    activation = activation_of(graph, f"{names[0]}/matrix", declared) if len(names) > 1 else declared or "tanh"
    precision = graph.type_of(f"{names[0]}/matrix")
    last = len(layers) - 1
    return {
        "@class": "FittingNetwork",
        "@version": 1,
        "in_dim": layers[0]["w"].shape[0],
        "out_dim": layers[-1]["w"].shape[1],
        "neuron": [layer["w"].shape[1] for layer in layers[:-1]],
        "activation_function": activation,
        "resnet_dt": any(layer["idt"] is not None for layer in layers),
        "precision": precision,
        "bias_out": True,
        "layers": [
            serialized_layer(layer, activation if number < last else "none", number < last, precision)
            for number, layer in enumerate(layers)
        ],
    }


def weights(graph: Graph, name: str) -> dict[str, Any]:
    """Matrix [n_in, n_out], bias [n_out] and time step [n_out] of one layer; name: with {} for what kind."""
    w = graph.need(name.format("matrix"))
    if w.ndim != 2 or 0 in w.shape:
        raise ExportError(f"{name.format('matrix')}: expected a matrix, got shape {list(w.shape)}")
    layer: dict[str, Any] = {"w": w}
    for key, kind in (("b", "bias"), ("idt", "idt")):
        value = graph.array(name.format(kind))
        if value is not None and value.size != w.shape[1]:
            raise ExportError(f"{name.format(kind)}: expected {w.shape[1]} values, got {value.size}")
        layer[key] = None if value is None else value.ravel()
    return layer


def serialized_layer(layer: dict[str, Any], activation: str, resnet: bool, precision: str) -> dict[str, Any]:
    return {
        "@class": "Layer",
        "@version": 2,
        "bias": layer["b"] is not None,
        "use_timestep": layer["idt"] is not None,
        "activation_function": activation,
        "resnet": resnet,
        "precision": precision,
        "trainable": True,
        "@variables": layer,
    }


def collection(networks: list[Any], ndim: int, ntypes: int, kind: str) -> dict[str, Any]:
    """Networks in DeePMD-kit's order: the first index runs fastest. None: a net that the model does not have."""
    return {
        "@class": "NetworkCollection",
        "@version": 1,
        "ndim": ndim,
        "ntypes": ntypes,
        "network_type": f"{kind}_network",
        "networks": networks,
    }


def multiplications(graph: Graph, matrix: str) -> list[str]:
    """The products x w, outside the gradients, that a weight matrix is used in."""
    return [name for name in graph.users(matrix) if graph.nodes[name].op == "MatMul"]


def activation_of(graph: Graph, matrix: str, declared: str | None) -> str:
    """Activation function of the layer with this weight matrix: what the graph does with x w + b.

    declared: the name in the training script; it counts where the nodes are not of a kind that is known here.
    """
    products = multiplications(graph, matrix)
    if not products:
        if declared is not None:
            return declared
        raise ExportError(f"nothing uses {matrix}: the graph is damaged")
    before = products[0]
    added = [name for name in graph.users(before) if graph.nodes[name].op in ADDITIONS]
    if added:
        before = added[0]
    users = graph.users(before)
    found = recognized({graph.nodes[name].op for name in users})
    if found == declared or found is None:
        if declared is None:
            raise NotPlainError(
                f"the activation function after {matrix} is of a kind that deepion does not know "
                f"({', '.join(sorted({graph.nodes[name].op for name in users})) or 'none'})"
            )
        return declared
    if found in ("gelu", "linear") and declared in ("gelu_tf", "none", "custom_silu"):
        return declared
    return found


def recognized(ops: Iterable[str]) -> str | None:
    """The activation function that begins with nodes of these kinds; None: not clear from them alone."""
    kinds = set(ops)
    single = [name for op, name in ACTIVATIONS.items() if op in kinds]
    if kinds == {"Sigmoid", "Mul"}:
        return "silu"
    if len(single) == 1 and len(kinds) == 1:
        return single[0]
    if "Pow" in kinds and kinds <= {"Pow", "Mul", "Add", "AddV2"}:
        return "gelu_tf"
    if kinds and kinds <= {"Reshape"}:
        return "linear"
    return None


def fitting_scopes(graph: Graph, suffix: str, kind: str, shared: list[str | None]) -> list[str]:
    """Scopes of the layers of one fitting net; kind: "_type_0", ... or "" where all types share one net.

    shared: names of shared layers from the training script (layer_name), which have scopes of their own.
    """
    scopes = []
    for number in range(MOST_LAYERS):
        name = shared[number] if number < len(shared) - 1 else None
        scope = f"layer_{number}{kind}{suffix}" if name is None else f"share_{name}{kind}"
        if f"{scope}/matrix" not in graph.nodes:
            break
        scopes.append(scope)
    last = shared[-1] if shared else None
    scopes.append(f"final_layer{kind}{suffix}" if last is None else f"share_{last}{kind}")
    return scopes


def numbered(graph: Graph, pattern: str) -> list[int]:
    """The numbers that the group of a pattern takes in the names of all nodes, sorted."""
    found = re.compile(pattern)
    return sorted({int(match[1]) for name in graph.nodes if (match := found.fullmatch(name))})
