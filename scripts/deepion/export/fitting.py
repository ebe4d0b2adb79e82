# SPDX-License-Identifier: MIT
"""The energy fitting net of a serialized model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.networks import network_value
from deepion.model.potential import Family, Network, ParameterScaling

from .descriptor_settings import Translated
from .refusals import check_version, refuse_fitting_kind, refuse_unknown
from .serialized_networks import fitting_nets
from .type_embedding import fold
from .values import finite_number, float_array, type_indices, whole_number

KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "var_name",
    "ntypes",
    "dim_descrpt",
    "neuron",
    "resnet_dt",
    "numb_fparam",
    "numb_aparam",
    "dim_case_embd",
    "default_fparam",
    "rcond",
    "activation_function",
    "precision",
    "mixed_types",
    "exclude_types",
    "nets",
    "type_map",
    "tot_ener_zero",
    "trainable",
    "layer_name",
    "use_aparam_as_mask",
    "spin",
    "dim_out",
    "atom_ener",
    "seed",
    "uniform_seed",
}


@dataclass(frozen=True)
class Fitting:
    """The fields of a Potential that a fitting net determines."""

    nets: list[Network] | Family
    vacuum: list[bool]
    scale: np.ndarray
    shift: np.ndarray
    numb_fparam: int
    numb_aparam: int
    default_fparam: list[float] | None
    scaling: ParameterScaling | None
    activation: str


def fitting_of(model: dict[str, Any], ntypes: int, parts: list[Translated], tensorflow: bool) -> Fitting:
    """The fitting net of a serialized model with these descriptors."""
    fitting = model["fitting"]
    refuse_fitting_kind(fitting)
    check_version("fitting net", fitting, 1, 4)
    refuse_unknown("fitting net", fitting, KEYS)
    silenced = set(type_indices("fitting net exclude_types", fitting.get("exclude_types"), ntypes))
    numb_fparam = whole_number("numb_fparam", fitting.get("numb_fparam", 0))
    numb_aparam = whole_number("numb_aparam", fitting.get("numb_aparam", 0))
    scaling = _scaling(fitting, numb_fparam, numb_aparam)
    kept, constants, vacant = _inputs(parts, ntypes, numb_fparam + numb_aparam, _case(fitting))
    stored = fitting_nets(fitting, ntypes, constants.shape[1], tensorflow)
    vacuum = _vacuum(fitting, ntypes, tensorflow)
    scale, shift = _energy_scale_and_shift(model, fitting, ntypes, silenced, tensorflow)
    nets: list[Network] | Family
    if fitting.get("mixed_types"):
        nets = fold(stored[0], kept, constants)
        vacuum = [any(vacuum)] * ntypes
        if vacuum[0] and (scaling is not None or tensorflow):
            raise ExportError(
                "atom_ener of a fitting net that all types share, with parameters or of TensorFlow, cannot be exported"
            )
    else:
        nets = stored
        if len(kept) < constants.shape[1]:
            nets = [fold(net, kept, constants[t : t + 1]).member(0) for t, net in enumerate(stored)]
    if scaling is None:
        for t in range(ntypes):
            if vacuum[t]:
                empty = stored[0 if len(stored) == 1 else t]
                shift[t] -= scale[t] * float(network_value(empty, vacant)[0, 0])
        vacuum = [False] * ntypes
    activation = str(fitting.get("activation_function", "tanh"))
    default = _default_fparam(fitting, numb_fparam)
    return Fitting(nets, vacuum, scale, shift, numb_fparam, numb_aparam, default, scaling, activation)


def _case(fitting: dict[str, Any]) -> np.ndarray:
    """What tells the tasks of a multi-task training apart, [n], a constant of each of its models; empty: there is none."""
    count = whole_number("dim_case_embd", fitting.get("dim_case_embd") or 0)
    if count == 0:
        return np.zeros(0)
    return float_array("case_embd", (fitting.get("@variables") or {}).get("case_embd"), (count,))


def _inputs(
    parts: list[Translated], ntypes: int, parameters: int, case: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which inputs of the fitting nets vary, the values [ntypes, n] of the others, and all in vacuum [1, n].

    The others are type embeddings, which are zero in vacuum, and the embedding of the case behind the parameters.
    """
    kept, columns = [], []
    for part in parts:
        length = part.descriptor.length
        kept.append(np.ones(length, dtype=bool))
        columns.append(np.zeros((ntypes, length)))
        if part.tail is not None:
            kept.append(np.zeros(part.tail.shape[1], dtype=bool))
            columns.append(part.tail)
    kept += [np.ones(parameters, dtype=bool), np.zeros(len(case), dtype=bool)]
    columns += [np.zeros((ntypes, parameters)), np.tile(case, (ntypes, 1))]
    constants = np.concatenate(columns, axis=1)
    vacant = np.zeros((1, constants.shape[1]))
    vacant[0, constants.shape[1] - len(case) :] = case
    return np.flatnonzero(np.concatenate(kept)), constants, vacant


def _vacuum(fitting: dict[str, Any], ntypes: int, tensorflow: bool) -> list[bool]:
    """Per type: is the net's value in vacuum subtracted (atom_ener)?"""
    given = fitting.get("atom_ener") or []
    if all(energy is None for energy in given):
        return [False] * ntypes
    beyond = not tensorflow  # types past the end of the list
    return [given[t] is not None if t < len(given) else beyond for t in range(ntypes)]


def _energy_scale_and_shift(
    model: dict[str, Any], fitting: dict[str, Any], ntypes: int, silenced: set[int], tensorflow: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Energy of an atom = scale * net + shift, eV, per type.

    out_std multiplies the energy in TensorFlow models only: the other backends store but do not use it.
    """
    bias = float_array("bias_atom_e", (fitting.get("@variables") or {}).get("bias_atom_e")).ravel()
    if bias.size != ntypes:
        raise ExportError(f"bias_atom_e: expected {ntypes} values, got {bias.size}")
    variables = model.get("@variables") or {}
    out_bias, out_std = np.zeros(ntypes), np.ones(ntypes)
    if variables.get("out_bias") is not None:
        out_bias = float_array("out_bias", variables["out_bias"], (1, ntypes, 1)).ravel()
    if variables.get("out_std") is not None and tensorflow:
        out_std = float_array("out_std", variables["out_std"], (1, ntypes, 1)).ravel()
    scale = out_std.copy()
    shift = out_std * bias + out_bias
    for t in silenced:
        scale[t], shift[t] = 0.0, out_bias[t]
    return scale, shift


def _scaling(fitting: dict[str, Any], numb_fparam: int, numb_aparam: int) -> ParameterScaling | None:
    if numb_fparam + numb_aparam == 0:
        return None
    variables = fitting.get("@variables") or {}
    columns: dict[str, list[np.ndarray]] = {"avg": [], "inv_std": []}
    for kind, count in (("fparam", numb_fparam), ("aparam", numb_aparam)):
        for key, parts in columns.items():
            if count:
                name = f"{kind}_{key}"
                value = variables.get(name)
                parts.append(float_array(name, None if value is None else np.ravel(value), (count,)))
    return ParameterScaling(np.concatenate(columns["avg"]), np.concatenate(columns["inv_std"]))


def _default_fparam(fitting: dict[str, Any], numb_fparam: int) -> list[float] | None:
    value = fitting.get("default_fparam")
    if value is None or numb_fparam == 0:
        return None
    if len(value) != numb_fparam:
        raise ExportError(f"default_fparam: expected {numb_fparam} values, got {len(value)}")
    return [finite_number("default_fparam", v) for v in value]
