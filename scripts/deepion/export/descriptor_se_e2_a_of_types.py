# SPDX-License-Identifier: MIT
"""se_e2_a with a type embedding, which only TensorFlow has: one net for all pairs of types, slots by type as in se_e2_a.

The serialized dictionary is that of se_e2_a with `type_embedding_mode` "concat" or "strip", with nets as those of DPA-1, and the
type embedding beside the descriptor, in the model. What an empty slot adds belongs to the slot's type with concat; with strip to
a type of its own, whose embedding is zero.
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Descriptor

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
    if np.any(davg != 0.0) and (mode == "strip" or exclude):
        what = "tebd_input_mode strip" if mode == "strip" else "exclude_types"
        raise ExportError(
            f"se_e2_a with type embedding and {what} cannot be exported with set_davg_zero false: use DeePMD-kit for it"
        )
    types = type_embedding(model.type_embedding, model.type_map)
    neuron, net, gate = shared_nets(descriptor, types, mode, False, model)
    name = f"{prefix}embedding"
    found = Descriptor(
        kind="se_e2_a", rcut=rcut, rcut_smth=rcut_smth, env_protection=protection, sel=sel, mixed_types=False, davg=davg,
        dstd=dstd, neuron=neuron, axis_neuron=axis_of(descriptor, neuron),
        type_one_side=bool(descriptor.get("type_one_side", False)), embedding={name: net}, embedding_of=name,
        exclude_types=exclude, activation=str(descriptor.get("activation_function", "tanh")), gate=gate,
    )  # fmt: skip
    return Translated(found, types if descriptor.get("concat_output_tebd", True) else None)
