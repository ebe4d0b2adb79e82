# SPDX-License-Identifier: MIT
"""Embedding nets that all pairs of types share, with the type embedding in their input (concat) or beside them (strip)."""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.networks import network_value
from deepion.model.potential import Embedding, Family, Gate, Network

from .compressed import geometry_table, type_rows
from .descriptor_settings import Model
from .serialized_networks import collection, network, tensorflow_embedding
from .type_embedding import fold
from .values import widths


def shared_nets(
    descriptor: dict[str, Any], types: np.ndarray, mode: str, smooth: bool, model: Model
) -> tuple[list[int], Embedding, Gate | None]:
    """Widths, net and gate of a descriptor whose elements have these embeddings [ntypes, n]."""
    one_side = bool(descriptor.get("type_one_side", False))
    pairs = _pairs(types, one_side)
    table = geometry_table(descriptor)
    net: Embedding
    gate = None
    if mode == "concat":
        if table is not None:
            raise ExportError(
                "compressed, with the type embedding in the input of the net (concat): the model file is damaged"
            )
        net = _concat(descriptor, pairs, model)
    elif mode == "strip":
        net = table if table is not None else _net("embedding", descriptor.get("embeddings"), 1, model)
        gate = Gate(_gate(descriptor, pairs, model, one_side), smooth, smooth and model.tensorflow)
    else:
        raise ExportError(f"tebd_input_mode: expected concat or strip, got {mode!r}")
    neuron = widths("neuron", descriptor.get("neuron"))
    if not neuron or net.n_out != neuron[-1]:
        raise ExportError(
            f"neuron is {neuron}, but the embedding net has {net.n_out} outputs: the model file is damaged"
        )
    if gate is not None and gate.values.shape[1] != neuron[-1]:
        raise ExportError(
            f"the nets of the type embedding and of the distance have {gate.values.shape[1]} and {neuron[-1]} outputs: the model "
            "file is damaged"
        )
    return neuron, net, gate


def _pairs(types: np.ndarray, one_side: bool) -> np.ndarray:
    """What the nets take beside the distance: T_neighbor [ntypes, n], or [T_neighbor, T_center] [ntypes^2, 2 n], center first."""
    if one_side:
        return types
    count = len(types)
    return np.concatenate([np.tile(types, (count, 1)), np.repeat(types, count, axis=0)], axis=1)


def _net(what: str, serialized: Any, n_in: int, model: Model) -> Network:
    (data,) = collection(what, serialized, 0, model.ntypes)
    found = network(what, data, n_in)
    return tensorflow_embedding(found) if model.tensorflow else found


def _concat(descriptor: dict[str, Any], pairs: np.ndarray, model: Model) -> Family:
    net = _net("embedding", descriptor.get("embeddings"), 1 + pairs.shape[1], model)
    return fold(net, np.array([0]), np.concatenate([np.zeros((len(pairs), 1)), pairs], axis=1))


def _gate(descriptor: dict[str, Any], pairs: np.ndarray, model: Model, one_side: bool) -> np.ndarray:
    stored = type_rows(descriptor, model.ntypes, one_side)
    if stored is not None:
        return stored
    return network_value(_net("type embedding", descriptor.get("embeddings_strip"), pairs.shape[1], model), pairs)
