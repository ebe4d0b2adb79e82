# SPDX-License-Identifier: MIT
"""se_e2_a with a type embedding, which only TensorFlow has: one net for all pairs of types, slots by type as in se_e2_a.

The serialized dictionary is that of se_e2_a with `type_embedding_mode` "concat" or "strip", with nets as those of DPA-1, and the
type embedding beside the descriptor, in the model. What an empty slot adds belongs to the slot's type with concat; with strip to
a type of its own, whose embedding is zero.
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Descriptor, Embedding, Family

from .descriptor_settings import Model, Translated, axis_of, environment_settings, slots_per_type, statistics
from .refusals import check_version
from .shared_nets import shared_nets
from .type_embedding import type_embedding
from .values import type_pairs


def se_e2_a_of_types(descriptor: dict[str, Any], model: Model, prefix: str) -> Translated:
    """The descriptor of its serialized dictionary; prefix: of its functions' names."""
    check_version("descriptor", descriptor, 1, 3)
    sel = slots_per_type(descriptor, model.ntypes)
    rcut, rcut_smth, protection = environment_settings(descriptor)
    davg, dstd = statistics(descriptor, model.ntypes, sum(sel))
    mode = str(descriptor["type_embedding_mode"])
    exclude = type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), model.ntypes)
    shifted = bool(np.any(davg != 0.0))
    if shifted and mode == "strip":
        raise ExportError(
            "se_e2_a with type embedding and tebd_input_mode strip cannot be exported with set_davg_zero false: use DeePMD-kit for it"
        )
    types = type_embedding(model.type_embedding, model.type_map)
    neuron, net, gate = shared_nets(descriptor, types, mode, False, model)
    name = f"{prefix}embedding"
    embedding: dict[str, Embedding] = {name: net}
    embedding_of: str | list[list[str | None]] = name
    if shifted and exclude and isinstance(net, Family):
        # excluded pairs contribute nothing, empty slots included: a net for each of the others
        embedding, embedding_of = _pairs(net, name, model.ntypes, exclude)
        exclude = []
    found = Descriptor(
        kind="se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=sel, mixed_types=False, davg=davg,
        dstd=dstd, neuron=neuron, axis_neuron=axis_of(descriptor, neuron),
        type_one_side=bool(descriptor.get("type_one_side", False)), embedding=embedding, embedding_of=embedding_of,
        exclude_types=exclude, activation=str(descriptor.get("activation_function", "tanh")), gate=gate,
    )  # fmt: skip
    return Translated(found, types if descriptor.get("concat_output_tebd", True) else None)


def _pairs(
    family: Family, name: str, ntypes: int, exclude: list[list[int]]
) -> tuple[dict[str, Embedding], list[list[str | None]]]:
    """The nets of a family by name, and the name for each [center][neighbor], of pairs that are not excluded."""
    nets: dict[str, Embedding] = {}
    names: list[list[str | None]] = []
    for center in range(ntypes):
        row: list[str | None] = []
        for neighbor in range(ntypes):
            if [min(center, neighbor), max(center, neighbor)] in exclude:
                row.append(None)
                continue
            one_side = len(family.offsets) == ntypes
            key = f"{name}_{neighbor}" if one_side else f"{name}_{center}_{neighbor}"
            nets[key] = family.member(neighbor if one_side else center * ntypes + neighbor)
            row.append(key)
        names.append(row)
    if not nets:
        raise ExportError("exclude_types excludes every pair of types: the model has no neighbors at all")
    return nets, names
