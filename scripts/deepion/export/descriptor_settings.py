# SPDX-License-Identifier: MIT
"""What serialized descriptors of all kinds have in common: cutoff, slots, statistics."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Descriptor

from .refusals import refuse_unknown
from .values import finite_number, float_array, positive_integer, whole_number

ENV_MAT_KEYS = {"rcut", "rcut_smth", "protection", "use_exp_switch"}


@dataclass(frozen=True)
class Model:
    """What a descriptor has to know of its model; tensorflow: TensorFlow builds some things otherwise than the converted
    dictionary says, and what was trained counts.
    """

    type_map: list[str]
    tensorflow: bool
    type_embedding: dict[str, Any] | None = None  # of models that have one beside their descriptor

    @property
    def ntypes(self) -> int:
        return len(self.type_map)


@dataclass(frozen=True)
class Translated:
    """A descriptor, and what the fitting nets take behind it: the type embedding of the center [ntypes, n], where they do."""

    descriptor: Descriptor
    tail: np.ndarray | None = None


def slots_per_type(descriptor: dict[str, Any], ntypes: int) -> list[int]:
    sel = descriptor.get("sel")
    if not isinstance(sel, (list, tuple, np.ndarray)) or len(sel) != ntypes:
        raise ExportError(f"sel: expected one number per type ({ntypes}), got {sel!r}")
    sel = [whole_number("sel", int(s)) for s in sel]
    if sum(sel) == 0:
        raise ExportError("sel: the model has no neighbors at all")
    return sel


def environment_settings(descriptor: dict[str, Any]) -> tuple[float, float, float]:
    """rcut, rcut_smth and env_protection, after checks of the switching function."""
    protection = finite_number("env_protection", descriptor.get("env_protection", 0.0))
    env_mat = descriptor.get("env_mat") or {}
    refuse_unknown("environment matrix", env_mat, ENV_MAT_KEYS)
    if env_mat.get("use_exp_switch"):
        raise ExportError("use_exp_switch (exponential switching function) cannot be exported")
    for key, mine in (("rcut", "rcut"), ("rcut_smth", "rcut_smth")):
        if env_mat.get(key) is not None and env_mat[key] != descriptor.get(mine):
            raise ExportError(
                f"{key} of the environment matrix is {env_mat[key]}, of the descriptor {descriptor.get(mine)}"
            )
    rcut, smooth = (
        finite_number("rcut", descriptor.get("rcut")),
        finite_number("rcut_smth", descriptor.get("rcut_smth")),
    )
    if not 0.0 <= smooth < rcut:
        raise ExportError(f"expected 0 <= rcut_smth < rcut, got rcut_smth {smooth} and rcut {rcut}")
    if protection < 0.0:
        raise ExportError(f"env_protection: expected a number >= 0, got {protection}")
    return rcut, smooth, protection


def statistics(descriptor: dict[str, Any], ntypes: int, slots: int, columns: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """davg [ntypes] of the radial component and dstd [ntypes, 2]; they must not depend on the slot.

    columns: 4, or 1 where there is the radial component alone (dstd of the angular ones is 1 then).
    """
    variables = descriptor.get("@variables") or {}
    shape = (ntypes, slots, columns)
    davg, dstd = (float_array(key, variables.get(key), shape) for key in ("davg", "dstd"))
    if np.any(davg != davg[:, :1]) or np.any(dstd != dstd[:, :1]):
        raise ExportError("davg or dstd differ between the neighbor slots of one type: such a model cannot be exported")
    davg, dstd = davg[:, 0], dstd[:, 0]
    if columns == 1:
        dstd = np.concatenate([dstd, np.ones((ntypes, 3))], axis=1)
    if np.any(davg[:, 1:] != 0.0):
        raise ExportError("davg is not zero in its angular components: such a model is not rotationally invariant")
    if np.any(dstd[:, 1:] != dstd[:, 1:2]):
        raise ExportError("dstd differs between x, y and z: such a model is not rotationally invariant")
    if np.any(dstd == 0.0):
        raise ExportError("dstd holds zeros: the model is broken")
    return davg[:, 0].copy(), dstd[:, :2].copy()


def axis_of(descriptor: dict[str, Any], neuron: list[int]) -> int:
    """axis_neuron, which the embedding's width limits."""
    axis = positive_integer("axis_neuron", descriptor.get("axis_neuron"))
    if axis > neuron[-1]:
        raise ExportError(f"axis_neuron {axis} is larger than the embedding's last layer {neuron[-1]}")
    return axis
