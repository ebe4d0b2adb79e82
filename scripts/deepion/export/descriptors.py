# SPDX-License-Identifier: MIT
"""The kinds of descriptors that can be exported, each with its translator from the serialized dictionary."""

from collections.abc import Callable
from typing import Any

from .descriptor_dpa1 import dpa1
from .descriptor_se_e2_a import se_e2_a
from .descriptor_settings import Model, Translated
from .refusals import refuse_descriptor_kind

TRANSLATORS: dict[str, Callable[[dict[str, Any], Model, str, list[str]], Translated]] = {
    "se_e2_a": se_e2_a,
    "se_a": se_e2_a,
    "dpa1": dpa1,
    "se_atten": dpa1,
    "se_atten_v2": dpa1,
}


def descriptors_of(descriptor: dict[str, Any], model: Model, notes: list[str]) -> list[Translated]:
    """The descriptors of a serialized model, in the order of the fitting nets' input."""
    refuse_descriptor_kind(descriptor)
    return [TRANSLATORS[str(descriptor["type"])](descriptor, model, "", notes)]
