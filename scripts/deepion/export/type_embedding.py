# SPDX-License-Identifier: MIT
"""Type embeddings: a vector for each element, and their folding into networks that are functions of other inputs alone."""

from dataclasses import replace
from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.networks import network_value
from deepion.model.potential import Family, Layer, Network

from .electrons import electron_vectors
from .refusals import check_version, refuse_unknown
from .serialized_networks import network

KEYS = {
    "@class",
    "@version",
    "ntypes",
    "neuron",
    "resnet_dt",
    "precision",
    "activation_function",
    "trainable",
    "padding",
    "use_econf_tebd",
    "use_tebd_bias",
    "type_map",
    "embedding",
    "seed",
    "uniform_seed",
}


def type_embedding(data: Any, type_map: list[str]) -> np.ndarray:
    """T [ntypes, n] of the serialized net: its values at unit vectors, or at the elements' electron configurations."""
    if not isinstance(data, dict):
        raise ExportError("the type embedding is missing: the model file is incomplete")
    check_version("type embedding", data, 1, 2)
    refuse_unknown("type embedding", data, KEYS)
    inputs = electron_vectors(type_map) if data.get("use_econf_tebd") else np.eye(len(type_map))
    return network_value(network("type embedding", data.get("embedding"), inputs.shape[1]), inputs)


def fold(net: Network, kept: np.ndarray, constants: np.ndarray) -> Family:
    """A net of which only some inputs vary, for rows of constants in place of the others.

    kept: indices of the inputs that vary; constants [rows, n_in]: the others' values, 0 at those that vary. The first layer's
    skip connection, which is over its whole input, goes on as a matrix and a constant.
    """
    first, *others = net.layers
    base = np.zeros(first.n_out) if first.b is None else first.b
    offsets = constants @ first.w + base
    skip, passed, added = first.skip, None, None
    if skip != "none" and len(kept) < first.n_in:
        copies = 1 if skip == "same" else 2
        passed = np.tile(np.eye(first.n_in)[kept], copies)
        added = np.tile(constants, copies)
        skip = "matrix"
    folded: Layer = replace(first, w=first.w[kept], b=None, skip=skip, passed=passed)
    return Family(Network((folded, *others)), offsets, added)
