# SPDX-License-Identifier: MIT
"""se_e2_a and se_e2_r (DeePMD-kit's se_r), with a network or a table for each pair of types."""

from collections.abc import Mapping
from typing import Any

from deepion.errors import ExportError
from deepion.model.potential import Descriptor, Embedding

from .compressed import pair_tables
from .descriptor_se_e2_a_of_types import se_e2_a_of_types
from .descriptor_settings import Model, Translated, axis_of, environment_settings, slots_per_type, statistics
from .refusals import check_version, refuse_unknown
from .serialized_networks import embedding_nets
from .values import type_pairs, widths

RADIAL = ("se_e2_r", "se_r")
KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "rcut",
    "rcut_smth",
    "sel",
    "neuron",
    "axis_neuron",
    "resnet_dt",
    "trainable",
    "type_one_side",
    "exclude_types",
    "env_protection",
    "set_davg_zero",
    "activation_function",
    "precision",
    "spin",
    "env_mat",
    "embeddings",
    "type_map",
    "seed",
    "uniform_seed",
    "ntypes",
    "compress",
}


def se_e2_a(descriptor: dict[str, Any], model: Model, prefix: str, notes: list[str]) -> Translated:
    """The descriptor of its serialized dictionary; prefix: of its functions' names. notes: receives what people should know."""
    if descriptor.get("type_embedding_mode"):
        return se_e2_a_of_types(descriptor, model, prefix)
    check_version("descriptor", descriptor, 1, 3)
    refuse_unknown("descriptor", descriptor, KEYS)
    ntypes, tensorflow = model.ntypes, model.tensorflow
    sel = slots_per_type(descriptor, ntypes)
    rcut, rcut_smth, protection = environment_settings(descriptor)
    radial = str(descriptor["type"]) in RADIAL
    davg, dstd = statistics(descriptor, ntypes, sum(sel), 1 if radial else 4)
    one_side = bool(descriptor.get("type_one_side", False))
    exclude = type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), ntypes)
    dropped = {(i, j) for i, j in exclude} | {(j, i) for i, j in exclude} if tensorflow else set()
    embedding: Mapping[str, Embedding]
    tables = pair_tables(descriptor, ntypes, one_side, dropped, prefix)
    if tables is None:
        nets, embedding_of = embedding_nets(descriptor, ntypes, one_side, dropped, tensorflow, prefix)
        neuron = [layer.n_out for layer in next(iter(nets.values())).layers]
        embedding = nets
    else:
        embedding, embedding_of = tables
        neuron = widths("neuron", descriptor.get("neuron"))
        width = next(iter(embedding.values())).n_out
        if not neuron or neuron[-1] != width:
            raise ExportError(f"neuron is {neuron}, but the tables have {width} outputs: the model file is damaged")
    axis_neuron = 0 if radial else axis_of(descriptor, neuron)
    if tensorflow and exclude:
        notes.append("exclude_types: as in TensorFlow, excluded pairs contribute nothing, empty slots included")
    return Translated(Descriptor(
        kind="se_e2_r" if radial else "se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=sel,
        mixed_types=False, davg=davg, dstd=dstd, neuron=neuron, axis_neuron=axis_neuron, type_one_side=one_side,
        embedding=embedding, embedding_of=embedding_of, exclude_types=[] if tensorflow else exclude,
        activation=str(descriptor.get("activation_function", "tanh")),
    ))  # fmt: skip
