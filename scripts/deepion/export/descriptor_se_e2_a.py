# SPDX-License-Identifier: MIT
"""se_e2_a with a network for each pair of types."""

from typing import Any

from deepion.errors import ExportError
from deepion.model.potential import Descriptor

from .descriptor_settings import Model, Translated, environment_settings, slots_per_type, statistics
from .refusals import check_version, refuse_unknown
from .serialized_networks import embedding_nets
from .values import positive_integer, type_pairs

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
    check_version("descriptor", descriptor, 1, 2)
    refuse_unknown("descriptor", descriptor, KEYS)
    ntypes, tensorflow = model.ntypes, model.tensorflow
    sel = slots_per_type(descriptor, ntypes)
    rcut, rcut_smth, protection = environment_settings(descriptor)
    davg, dstd = statistics(descriptor, ntypes, sum(sel))
    one_side = bool(descriptor.get("type_one_side", False))
    exclude = type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), ntypes)
    dropped = {(i, j) for i, j in exclude} | {(j, i) for i, j in exclude} if tensorflow else set()
    embedding, embedding_of = embedding_nets(descriptor, ntypes, one_side, dropped, tensorflow, prefix)
    axis_neuron = positive_integer("axis_neuron", descriptor.get("axis_neuron"))
    neuron = [layer.n_out for layer in next(iter(embedding.values())).layers]
    if axis_neuron > neuron[-1]:
        raise ExportError(f"axis_neuron {axis_neuron} is larger than the embedding's last layer {neuron[-1]}")
    if tensorflow and exclude:
        notes.append("exclude_types: as in TensorFlow, excluded pairs contribute nothing, empty slots included")
    return Translated(Descriptor(
        kind="se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=sel, mixed_types=False, davg=davg,
        dstd=dstd, neuron=neuron, axis_neuron=axis_neuron, type_one_side=one_side, embedding=embedding,
        embedding_of=embedding_of, exclude_types=[] if tensorflow else exclude,
        activation=str(descriptor.get("activation_function", "tanh")),
    ))  # fmt: skip
