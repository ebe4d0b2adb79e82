# SPDX-License-Identifier: MIT
"""DPA-1 without attention (dpa1, se_atten, se_atten_v2): a function of the distance for each pair of types, with G in the
place of the embedding of se_e2_a and the nearest neighbors of all types together.

concat: G = N([g, T_neighbor (, T_center)]); strip: G = N(g) (1 + N_t([T_neighbor (, T_center)]) (w)). T: type embedding, g:
normalized radial component, w: switch, where smooth_type_embedding is set (TensorFlow: another switch, see switch.py). (Zhang et al., npj Comput. Mater. 10, 94 (2024),
and DeePMD-kit's manual, "Descriptor se_atten".)
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Descriptor

from .descriptor_settings import Model, Translated, axis_of, environment_settings, statistics
from .refusals import check_version, refuse_unknown
from .shared_nets import shared_nets
from .type_embedding import type_embedding
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
    if np.any(davg != 0.0) and not (mode == "strip" and smooth):
        why = ": use DeePMD-kit for it, or train it with set_davg_zero true"
        if not model.tensorflow:
            why = (
                ": the energy of such a model depends on the order of atoms in DeePMD-kit, by what empty neighbor slots contribute; "
                "train it with set_davg_zero true"
            )
        raise ExportError(f"{kind} with set_davg_zero false and tebd_input_mode {mode} cannot be exported{why}")
    exclude = type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), model.ntypes)
    if np.any(davg != 0.0) and exclude and model.tensorflow:
        raise ExportError(
            f"{kind} of TensorFlow with exclude_types and set_davg_zero false cannot be exported: use DeePMD-kit for it"
        )
    embedding_of_types = type_embedding(descriptor.get("type_embedding"), model.type_map)
    one_side = bool(descriptor.get("type_one_side", False))
    neuron, net, gate = shared_nets(descriptor, embedding_of_types, mode, smooth, model)
    axis_neuron = axis_of(descriptor, neuron)
    name = f"{prefix}embedding"
    found = Descriptor(
        kind="se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=[sel], mixed_types=True, davg=davg,
        dstd=dstd, neuron=neuron, axis_neuron=axis_neuron, type_one_side=one_side, embedding={name: net}, embedding_of=name,
        exclude_types=exclude,
        activation=str(descriptor.get("activation_function", "tanh")), gate=gate,
    )  # fmt: skip
    return Translated(found, embedding_of_types if descriptor.get("concat_output_tebd", True) else None)


def _sel(descriptor: dict[str, Any]) -> int:
    """Slots of all types together."""
    sel = descriptor.get("sel")
    numbers = sel if isinstance(sel, (list, tuple, np.ndarray)) else [sel]
    return positive_integer("sel", int(sum(numbers)) if all(isinstance(n, (int, np.integer)) for n in numbers) else sel)
