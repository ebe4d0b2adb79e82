# SPDX-License-Identifier: MIT
"""From DeePMD-kit's serialized dictionary to a Potential; whatever cannot be represented exactly is refused by name."""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Potential

from .combined import KINDS, Combination
from .descriptor_settings import Model
from .descriptors import descriptors_of
from .fitting import fitting_of
from .kinds import check_kinds
from .refusals import check_version, refuse_by_script, refuse_model_kind, refuse_unknown
from .values import type_indices, type_pairs

SUPPORTED_PRECISIONS = {
    "float64": "float64",
    "double": "float64",
    "default": "float64",
    "float32": "float32",
    "single": "float32",
}
MODEL_KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "type_map",
    "descriptor",
    "fitting",
    "atom_exclude_types",
    "pair_exclude_types",
    "rcond",
    "preset_out_bias",
    "type_embedding",
}


def potential_from_serialized(data: dict[str, Any], source: dict[str, str]) -> Potential:
    """The potential of a serialized model (see dp_model.read_model)."""
    model = data.get("model")
    if not isinstance(model, dict):
        raise ExportError("no DeePMD-kit model in it (no 'model' entry)")
    check_kinds(model)
    if str(model.get("type")) in KINDS:
        combination = Combination(model, str(data.get("backend")))
        inner = data | {"model": combination.model, "model_def_script": _settings(data.get("model_def_script"))}
        return combination.complete(potential_from_serialized(inner, source))
    descriptor, fitting = model.get("descriptor"), model.get("fitting")
    refuse_by_script(data.get("model_def_script"), model)
    refuse_model_kind(model)
    if not isinstance(descriptor, dict) or not isinstance(fitting, dict):
        raise ExportError("the model has no descriptor and fitting net: its file is incomplete")
    check_version("model", model, 2, 2)
    refuse_unknown("model", model, MODEL_KEYS)
    tensorflow = str(data.get("backend")) == "TensorFlow"
    type_map = _type_map(model, descriptor, fitting)
    ntypes = len(type_map)
    notes: list[str] = []
    found = descriptors_of(descriptor, Model(type_map, tensorflow, model.get("type_embedding")), notes)
    precision = _precision(descriptor, fitting)
    pair_exclude = type_pairs("pair_exclude_types", model.get("pair_exclude_types"), ntypes)
    atom_exclude = type_indices("atom_exclude_types", model.get("atom_exclude_types"), ntypes)
    net = fitting_of(model, ntypes, found, tensorflow)
    for t in atom_exclude:
        net.scale[t] = net.shift[t] = 0.0
    return Potential(
        type_map=type_map, parts=tuple(part.descriptor for part in found), pair_exclude_types=pair_exclude, atom_exclude_types=atom_exclude, fitting=net.nets,
        vacuum=net.vacuum, energy_scale=net.scale, energy_shift=net.shift, numb_fparam=net.numb_fparam,
        numb_aparam=net.numb_aparam, default_fparam=net.default_fparam, scaling=net.scaling,
        fitting_activation=net.activation, precision=precision, min_nbor_dist=_min_nbor_dist(data), source=source,
        notes=notes,
    )  # fmt: skip


def _settings(script: Any) -> Any:
    """The training input without what the table of a combined model adds to it."""
    return {key: value for key, value in script.items() if key != "use_srtab"} if isinstance(script, dict) else script


def _type_map(model: dict[str, Any], descriptor: dict[str, Any], fitting: dict[str, Any]) -> list[str]:
    type_map = model.get("type_map") or descriptor.get("type_map") or fitting.get("type_map")
    if not type_map:
        raise ExportError(
            "the model has no type_map: name its element types in the training input and convert it again"
        )
    type_map = [str(name) for name in type_map]
    if not all(0 < len(name) <= 1000 for name in type_map):
        raise ExportError("the model's type_map has empty or very long names: the model file is damaged")
    if len(set(type_map)) != len(type_map):
        raise ExportError(f"the model's type_map has duplicates: {' '.join(type_map)}")
    return type_map


def _precision(descriptor: dict[str, Any], fitting: dict[str, Any]) -> str:
    found = []
    for what, part in (("descriptor", descriptor), ("fitting net", fitting)):
        name = str(part.get("precision", "default")).lower()
        if name not in SUPPORTED_PRECISIONS:
            raise ExportError(f"the {what} has precision {name}: only float32 and float64 models can be exported")
        found.append(SUPPORTED_PRECISIONS[name])
    return "float64" if "float64" in found else "float32"


def _min_nbor_dist(data: dict[str, Any]) -> float | None:
    """Smallest distance of the training data, Angstrom, where it is known."""
    variables = data.get("@variables")
    value = variables.get("min_nbor_dist") if isinstance(variables, dict) else None
    known = np.asarray(data.get("min_nbor_dist") if value is None else value)
    if known.size != 1 or known.dtype.kind not in "fi":
        return None
    value = float(known.ravel()[0])
    return value if np.isfinite(value) and value > 0.0 else None
