# SPDX-License-Identifier: MIT
"""The kinds of descriptors that can be exported, each with its translator from the serialized dictionary."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Descriptor

from .descriptor_dpa1 import dpa1
from .descriptor_se_e2_a import se_e2_a
from .descriptor_settings import Model, Translated
from .refusals import check_version, refuse_descriptor_kind, refuse_unknown

TRANSLATORS: dict[str, Callable[[dict[str, Any], Model, str, list[str]], Translated]] = {
    "se_e2_a": se_e2_a,
    "se_a": se_e2_a,
    "se_e2_r": se_e2_a,
    "se_r": se_e2_a,
    "dpa1": dpa1,
    "se_atten": dpa1,
    "se_atten_v2": dpa1,
}


def descriptors_of(descriptor: dict[str, Any], model: Model, notes: list[str]) -> list[Translated]:
    """The descriptors of a serialized model, in the order of the fitting nets' input."""
    if str(descriptor.get("type")) != "hybrid":
        return [_one(descriptor, model, "", notes)]
    check_version("hybrid descriptor", descriptor, 1, 1)
    refuse_unknown(
        "hybrid descriptor", descriptor, {"@class", "@version", "@variables", "type", "list", "type_map", "ntypes"}
    )
    inner = descriptor.get("list")
    if not isinstance(inner, list) or not inner or not all(isinstance(one, dict) for one in inner):
        raise ExportError("the hybrid descriptor has no parts: the model file is incomplete")
    found = []
    for number, one in enumerate(inner):
        try:
            found.append(_one(one, model, f"part_{number}_", notes))
        except ExportError as error:
            raise ExportError(f"part {number + 1} of the hybrid descriptor: {error}") from None
    _refuse_hidden_neighbors([one.descriptor for one in found])
    return found


def _one(descriptor: dict[str, Any], model: Model, prefix: str, notes: list[str]) -> Translated:
    refuse_descriptor_kind(descriptor)
    return TRANSLATORS[str(descriptor["type"])](descriptor, model, prefix, notes)


def _refuse_hidden_neighbors(parts: list[Descriptor]) -> None:
    """Between the cutoff of a part and the largest one, DeePMD-kit masks excluded neighbors, which no engine with the part's
    own cutoff sees; they count where davg is not 0.
    """
    largest = max(part.rcut for part in parts)
    for part in parts:
        if part.rcut < largest and part.exclude_types and np.any(part.davg != 0.0):
            raise ExportError(
                "a hybrid descriptor with exclude_types in a part of smaller cutoff cannot be exported with set_davg_zero false"
            )
