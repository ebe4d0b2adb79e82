# SPDX-License-Identifier: MIT
"""Embedding and fitting nets from DeePMD-kit's serialized dictionary."""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model import activations
from deepion.model.potential import Layer, Network

from .refusals import check_version, refuse_unknown
from .values import float_array

NETWORK_KEYS = {
    "@class",
    "@version",
    "in_dim",
    "out_dim",
    "neuron",
    "activation_function",
    "resnet_dt",
    "precision",
    "bias",
    "bias_out",
    "layers",
}
LAYER_KEYS = {
    "@class",
    "@version",
    "@variables",
    "bias",
    "use_timestep",
    "activation_function",
    "resnet",
    "precision",
    "trainable",
}
COLLECTION_KEYS = {"@class", "@version", "ndim", "ntypes", "network_type", "networks"}


def collection(what: str, data: Any, ndim: int, ntypes: int) -> list[Any]:
    if not isinstance(data, dict):
        raise ExportError(f"the {what} nets are missing: the model file is incomplete")
    check_version(f"collection of {what} nets", data, 1, 1)
    refuse_unknown(f"collection of {what} nets", data, COLLECTION_KEYS)
    networks = data.get("networks") or []
    if data.get("ndim") != ndim or data.get("ntypes") != ntypes or len(networks) != ntypes**ndim:
        raise ExportError(
            f"{what} nets: expected {ntypes**ndim} ({ntypes} types, ndim {ndim}), got {len(networks)} "
            f"({data.get('ntypes')} types, ndim {data.get('ndim')})"
        )
    return networks


def network(name: str, data: Any, n_in: int) -> Network:
    if not isinstance(data, dict) or not data.get("layers"):
        raise ExportError(f"{name} is missing: the model file is incomplete")
    check_version(name, data, 1, 2)
    refuse_unknown(name, data, NETWORK_KEYS)
    layers = []
    for number, layer in enumerate(data["layers"]):
        layers.append(_layer(f"{name}, layer {number}", layer, n_in))
        n_in = layers[-1].n_out
    return Network(tuple(layers))


def _layer(name: str, data: dict[str, Any], n_in: int) -> Layer:
    if not isinstance(data, dict):
        raise ExportError(f"{name} is missing: the model file is incomplete")
    if data.get("@class", "Layer") != "Layer":
        raise ExportError(f"{name} is a {data['@class']}: only dense layers can be exported")
    check_version(name, data, 1, 2)
    refuse_unknown(name, data, LAYER_KEYS)
    variables = data.get("@variables") or {}
    w = float_array(f"{name}, weights", variables.get("w"))
    if w.ndim != 2 or w.shape[0] != n_in:
        raise ExportError(f"{name}, weights: expected shape [{n_in}, n], got {list(w.shape)}")
    vectors = []
    for key in ("b", "idt"):
        value = variables.get(key)
        vectors.append(None if value is None else float_array(f"{name}, {key}", np.ravel(value), (w.shape[1],)))
    skip = "none"
    if data.get("resnet") and w.shape[0] == w.shape[1]:
        skip = "same"
    elif data.get("resnet") and 2 * w.shape[0] == w.shape[1]:
        skip = "double"
    return Layer(w, vectors[0], vectors[1], activations.canonical_name(data.get("activation_function")), skip)


def embedding_nets(
    descriptor: dict[str, Any],
    ntypes: int,
    one_side: bool,
    dropped: set[tuple[int, int]],
    tensorflow: bool,
    prefix: str,
) -> tuple[dict[str, Network], list[list[str | None]]]:
    """Embedding nets by function name, and the name for each [center][neighbor]; prefix: of the names."""
    serialized = collection("embedding", descriptor.get("embeddings"), 1 if one_side else 2, ntypes)
    networks: dict[str, Network] = {}
    names: list[list[str | None]] = []
    for center in range(ntypes):
        row: list[str | None] = []
        for neighbor in range(ntypes):
            name = f"{prefix}embedding_{neighbor}" if one_side else f"{prefix}embedding_{center}_{neighbor}"
            index = neighbor if one_side else center + ntypes * neighbor
            if (center, neighbor) in dropped:
                row.append(None)
                continue
            if name not in networks:
                net = network(name, serialized[index], 1)
                networks[name] = tensorflow_embedding(net) if tensorflow else net
            row.append(name)
        names.append(row)
    if not networks:
        raise ExportError("exclude_types excludes every pair of types: the model has no neighbors at all")
    widths = {net.n_out for net in networks.values()}
    if len(widths) != 1:
        raise ExportError(f"the embedding nets have different last layers: {sorted(widths)}")
    return networks, names


def fitting_nets(fitting: dict[str, Any], ntypes: int, n_in: int, tensorflow: bool) -> list[Network]:
    """One net for each type, or a single one for all (mixed_types)."""
    shared = bool(fitting.get("mixed_types"))
    serialized = collection("fitting", fitting.get("nets"), 0 if shared else 1, ntypes)
    nets = [network("fitting" if shared else f"fitting_{t}", data, n_in) for t, data in enumerate(serialized)]
    for t, net in enumerate(nets):
        if net.n_out != 1:
            raise ExportError(f"fitting_{t}: expected one output, got {net.n_out}")
    return [_tensorflow_fitting(net) for net in nets] if tensorflow else nets


def tensorflow_embedding(network: Network) -> Network:
    """TensorFlow stores a time step for every layer and uses it in those with a skip connection."""
    return Network(tuple(
        layer if layer.skip != "none" else Layer(layer.w, layer.b, None, layer.activation, "none")
        for layer in network.layers
    ))  # fmt: skip


def _tensorflow_fitting(network: Network) -> Network:
    """TensorFlow's fitting net skips only from hidden layer to hidden layer of the same width."""
    layers = []
    for number, layer in enumerate(network.layers):
        hidden = 0 < number < len(network.layers) - 1
        if hidden and layer.n_in == layer.n_out:
            layers.append(Layer(layer.w, layer.b, layer.idt, layer.activation, "same"))
        else:
            layers.append(Layer(layer.w, layer.b, None, layer.activation, "none"))
    return Network(tuple(layers))
