# SPDX-License-Identifier: MIT
"""The kinds of descriptors that can be exported, each with its translator from the serialized dictionary."""

from collections.abc import Callable
from typing import Any

from deepion.model.potential import Descriptor

from .descriptor_se_e2_a import se_e2_a
from .descriptor_settings import Model
from .refusals import refuse_descriptor_kind

TRANSLATORS: dict[str, Callable[[dict[str, Any], Model, str, list[str]], Descriptor]] = {
    "se_e2_a": se_e2_a,
    "se_a": se_e2_a,
}


def descriptors_of(descriptor: dict[str, Any], model: Model, notes: list[str]) -> tuple[Descriptor, ...]:
    """The descriptors of a serialized model, in the order of the fitting nets' input."""
    refuse_descriptor_kind(descriptor)
    return (TRANSLATORS[str(descriptor["type"])](descriptor, model, "", notes),)
