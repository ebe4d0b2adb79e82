# SPDX-License-Identifier: MIT
"""DPA-1 without attention (dpa1, se_atten, se_atten_v2): a function of the distance for each pair of types, with G in the
place of the embedding of se_e2_a and the nearest neighbors of all types together.

concat: G = N([g, T_neighbor (, T_center)]); strip: G = N(g) (1 + N_t([T_neighbor (, T_center)]) (w)). T: type embedding, g:
normalized radial component, w: switch, where smooth_type_embedding is set. (Zhang et al., npj Comput. Mater. 10, 94 (2024),
and DeePMD-kit's manual, "Descriptor se_atten".)
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.networks import network_value
from deepion.model.potential import Descriptor, Embedding, Gate, Network, Table

from .compressed import geometry_table, type_rows
from .descriptor_settings import Model, Translated, environment_settings, statistics
from .refusals import check_version, refuse_unknown
from .serialized_networks import collection, network, tensorflow_embedding
from .type_embedding import fold, type_embedding
from .values import positive_integer, type_pairs

KEYS = {
    "@class", "@version", "@variables", "type", "rcut", "rcut_smth", "sel", "ntypes", "neuron", "axis_neuron", "tebd_dim",
    "tebd_input_mode", "set_davg_zero", "attn", "attn_layer", "attn_dotr", "attn_mask", "activation_function", "resnet_dt",
    "scaling_factor", "normalize", "temperature", "trainable_ln", "ln_eps", "smooth_type_embedding", "type_one_side",
    "concat_output_tebd", "use_econf_tebd", "use_tebd_bias", "type_map", "precision", "embeddings", "embeddings_strip",
    "attention_layers", "env_mat", "type_embedding", "exclude_types", "env_protection", "trainable", "spin", "lmax", "compress",
    "seed", "uniform_seed", "stripped_type_embedding",
}  # fmt: skip


def dpa1(descriptor: dict[str, Any], model: Model, prefix: str, notes: list[str]) -> Translated:
    """The descriptor of its serialized dictionary; prefix: of its functions' names."""
    del notes
    check_version("descriptor", descriptor, 1, 4)
    refuse_unknown("descriptor", descriptor, KEYS)
    kind = str(descriptor["type"])
    if int(descriptor.get("lmax", 1)) != 1:
        raise ExportError(
            f"{kind} with lmax {descriptor['lmax']} cannot be exported: only lmax 1; use DeePMD-kit for it"
        )
    sel = _sel(descriptor)
    rcut, rcut_smth, protection = environment_settings(descriptor)
    davg, dstd = statistics(descriptor, model.ntypes, sel)
    mode, smooth = "strip", True
    if kind != "se_atten_v2":
        mode = str(descriptor.get("tebd_input_mode", "concat"))
        smooth = bool(descriptor.get("smooth_type_embedding", True))
    if model.tensorflow and mode == "strip" and smooth:
        raise ExportError(
            f"{kind} of TensorFlow with smooth_type_embedding cannot be exported: TensorFlow smooths in another way than "
            "the other backends"
        )
    if np.any(davg != 0.0) and not (mode == "strip" and smooth):
        raise ExportError(
            f"{kind} with set_davg_zero false and tebd_input_mode {mode} cannot be exported: the energy of such a model depends "
            "on the order of atoms in DeePMD-kit, by what empty neighbor slots contribute; train it with set_davg_zero true"
        )
    embedding_of_types = type_embedding(descriptor.get("type_embedding"), model.type_map)
    one_side = bool(descriptor.get("type_one_side", False))
    pairs = _pairs(embedding_of_types, one_side)
    table = geometry_table(descriptor)
    net: Embedding
    gate = None
    if mode == "concat":
        if table is not None:
            raise ExportError(
                f"a compressed {kind} with tebd_input_mode concat does not exist: the model file is damaged"
            )
        net = _concat(descriptor, pairs, model)
    elif mode == "strip":
        net = table if table is not None else _radial(descriptor, model)
        gate = Gate(_gate(descriptor, pairs, model, one_side), smooth)
    else:
        raise ExportError(f"tebd_input_mode: expected concat or strip, got {mode!r}")
    neuron = [positive_integer("neuron", n) for n in descriptor.get("neuron") or []]
    axis_neuron = positive_integer("axis_neuron", descriptor.get("axis_neuron"))
    if not neuron or net.n_out != neuron[-1]:
        raise ExportError(
            f"neuron is {neuron}, but the embedding net has {net.n_out} outputs: the model file is damaged"
        )
    if axis_neuron > neuron[-1]:
        raise ExportError(f"axis_neuron {axis_neuron} is larger than the embedding's last layer {neuron[-1]}")
    if gate is not None and gate.values.shape[1] != neuron[-1]:
        raise ExportError(
            f"the nets of the type embedding and of the distance have {gate.values.shape[1]} and {neuron[-1]} outputs: the model "
            "file is damaged"
        )
    name = f"{prefix}embedding"
    found = Descriptor(
        kind="se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=[sel], mixed_types=True, davg=davg,
        dstd=dstd, neuron=neuron, axis_neuron=axis_neuron, type_one_side=one_side, embedding={name: net}, embedding_of=name,
        exclude_types=type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), model.ntypes),
        activation=str(descriptor.get("activation_function", "tanh")), gate=gate,
    )  # fmt: skip
    return Translated(found, embedding_of_types if descriptor.get("concat_output_tebd", True) else None)


def _sel(descriptor: dict[str, Any]) -> int:
    """Slots of all types together."""
    sel = descriptor.get("sel")
    numbers = sel if isinstance(sel, (list, tuple, np.ndarray)) else [sel]
    return positive_integer("sel", int(sum(numbers)) if all(isinstance(n, (int, np.integer)) for n in numbers) else sel)


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


def _concat(descriptor: dict[str, Any], pairs: np.ndarray, model: Model):
    net = _net("embedding", descriptor.get("embeddings"), 1 + pairs.shape[1], model)
    return fold(net, np.array([0]), np.concatenate([np.zeros((len(pairs), 1)), pairs], axis=1))


def _radial(descriptor: dict[str, Any], model: Model) -> Network | Table:
    return _net("embedding", descriptor.get("embeddings"), 1, model)


def _gate(descriptor: dict[str, Any], pairs: np.ndarray, model: Model, one_side: bool) -> np.ndarray:
    stored = type_rows(descriptor, model.ntypes, one_side)
    if stored is not None:
        return stored
    return network_value(_net("type embedding", descriptor.get("embeddings_strip"), pairs.shape[1], model), pairs)
