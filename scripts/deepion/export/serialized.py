# SPDX-License-Identifier: MIT
"""From DeePMD-kit's serialized dictionary to a Potential; whatever cannot be represented exactly is refused by name."""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.networks import network_value
from deepion.model.potential import ParameterScaling, Potential

from .refusals import (
    check_version,
    refuse_by_script,
    refuse_descriptor_kind,
    refuse_fitting_kind,
    refuse_model_kind,
    refuse_unknown,
)
from .serialized_networks import embedding_nets, fitting_nets
from .values import finite_number, float_array, positive_integer, type_indices, type_pairs, whole_number

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
}
DESCRIPTOR_KEYS = {
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
FITTING_KEYS = {
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
ENV_MAT_KEYS = {"rcut", "rcut_smth", "protection", "use_exp_switch"}


def potential_from_serialized(data: dict[str, Any], source: dict[str, str]) -> Potential:
    """The potential of a serialized model (see dp_model.read_model)."""
    refuse_by_script(data.get("model_def_script"))
    model = data["model"]
    refuse_model_kind(model)
    descriptor, fitting = model.get("descriptor"), model.get("fitting")
    if not isinstance(descriptor, dict) or not isinstance(fitting, dict):
        raise ExportError("the model has no descriptor and fitting net: its file is incomplete")
    refuse_descriptor_kind(descriptor)
    refuse_fitting_kind(fitting)
    check_version("model", model, 2, 2)
    check_version("descriptor", descriptor, 1, 2)
    check_version("fitting net", fitting, 1, 4)
    refuse_unknown("model", model, MODEL_KEYS)
    refuse_unknown("descriptor", descriptor, DESCRIPTOR_KEYS)
    refuse_unknown("fitting net", fitting, FITTING_KEYS)

    precision = _precision(descriptor, fitting)
    # TensorFlow builds some things otherwise than the converted dictionary says; what was trained counts
    tensorflow = data.get("backend") == "TensorFlow"
    type_map = _type_map(model, descriptor, fitting)
    ntypes = len(type_map)
    sel = _sel(descriptor, ntypes)
    protection = _environment_settings(descriptor)
    davg, dstd = _statistics(descriptor, ntypes, sel)
    one_side = bool(descriptor.get("type_one_side", False))
    exclude = type_pairs("descriptor exclude_types", descriptor.get("exclude_types"), ntypes)
    pair_exclude = type_pairs("pair_exclude_types", model.get("pair_exclude_types"), ntypes)
    atom_exclude = type_indices("atom_exclude_types", model.get("atom_exclude_types"), ntypes)
    silenced = set(type_indices("fitting net exclude_types", fitting.get("exclude_types"), ntypes))

    dropped = {(i, j) for i, j in exclude} | {(j, i) for i, j in exclude} if tensorflow else set()
    embedding, embedding_of = embedding_nets(descriptor, ntypes, one_side, dropped, tensorflow)
    axis_neuron = positive_integer("axis_neuron", descriptor.get("axis_neuron"))
    width = next(iter(embedding.values())).n_out
    if axis_neuron > width:
        raise ExportError(f"axis_neuron {axis_neuron} is larger than the embedding's last layer {width}")

    numb_fparam = whole_number("numb_fparam", fitting.get("numb_fparam", 0))
    numb_aparam = whole_number("numb_aparam", fitting.get("numb_aparam", 0))
    scaling = _scaling(fitting, numb_fparam, numb_aparam)
    nets = fitting_nets(fitting, ntypes, width * axis_neuron + numb_fparam + numb_aparam, tensorflow)
    vacuum = _vacuum(fitting, ntypes, tensorflow)
    scale, shift = _energy_scale_and_shift(model, fitting, ntypes, silenced, tensorflow)
    if scaling is None:
        for t in range(ntypes):
            if vacuum[t]:
                shift[t] -= scale[t] * float(network_value(nets[t], np.zeros((1, nets[t].n_in)))[0, 0])
        vacuum = [False] * ntypes
    for t in atom_exclude:
        scale[t] = shift[t] = 0.0

    notes = []
    if tensorflow and exclude:
        notes.append("exclude_types: as in TensorFlow, excluded pairs contribute nothing, empty slots included")
    return Potential(
        type_map=type_map, rcut=finite_number("rcut", descriptor["rcut"]),
        rcut_smth=finite_number("rcut_smth", descriptor["rcut_smth"]), env_protection=protection, sel=sel, davg=davg,
        dstd=dstd, axis_neuron=axis_neuron, type_one_side=one_side, embedding=embedding, embedding_of=embedding_of,
        exclude_types=[] if tensorflow else exclude, pair_exclude_types=pair_exclude, atom_exclude_types=atom_exclude,
        fitting=nets, vacuum=vacuum, energy_scale=scale, energy_shift=shift, numb_fparam=numb_fparam,
        numb_aparam=numb_aparam, default_fparam=_default_fparam(fitting, numb_fparam), scaling=scaling,
        activation_function={"embedding": str(descriptor.get("activation_function", "tanh")),
                             "fitting": str(fitting.get("activation_function", "tanh"))},
        precision=precision, min_nbor_dist=_min_nbor_dist(data), source=source, notes=notes,
    )  # fmt: skip


def _type_map(model: dict[str, Any], descriptor: dict[str, Any], fitting: dict[str, Any]) -> list[str]:
    type_map = model.get("type_map") or descriptor.get("type_map") or fitting.get("type_map")
    if not type_map:
        raise ExportError(
            "the model has no type_map: name its element types in the training input and convert it again"
        )
    type_map = [str(name) for name in type_map]
    if len(set(type_map)) != len(type_map):
        raise ExportError(f"the model's type_map has duplicates: {' '.join(type_map)}")
    return type_map


def _sel(descriptor: dict[str, Any], ntypes: int) -> list[int]:
    sel = descriptor.get("sel")
    if not isinstance(sel, (list, tuple, np.ndarray)) or len(sel) != ntypes:
        raise ExportError(f"sel: expected one number per type ({ntypes}), got {sel!r}")
    sel = [whole_number("sel", int(s)) for s in sel]
    if sum(sel) == 0:
        raise ExportError("sel: the model has no neighbors at all")
    return sel


def _environment_settings(descriptor: dict[str, Any]) -> float:
    """env_protection, after checks of the switching function."""
    protection = finite_number("env_protection", descriptor.get("env_protection", 0.0))
    env_mat = descriptor.get("env_mat") or {}
    refuse_unknown("environment matrix", env_mat, ENV_MAT_KEYS)
    if env_mat.get("use_exp_switch"):
        raise ExportError("use_exp_switch (exponential switching function) cannot be exported with se_e2_a")
    for key, mine in (("rcut", "rcut"), ("rcut_smth", "rcut_smth")):
        if key in env_mat and float(env_mat[key]) != float(descriptor[mine]):
            raise ExportError(
                f"{key} of the environment matrix is {env_mat[key]}, of the descriptor {descriptor[mine]}"
            )
    rcut, smooth = (
        finite_number("rcut", descriptor.get("rcut")),
        finite_number("rcut_smth", descriptor.get("rcut_smth")),
    )
    if not 0.0 <= smooth < rcut:
        raise ExportError(f"expected 0 <= rcut_smth < rcut, got rcut_smth {smooth} and rcut {rcut}")
    if protection < 0.0:
        raise ExportError(f"env_protection: expected a number >= 0, got {protection}")
    return protection


def _statistics(descriptor: dict[str, Any], ntypes: int, sel: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """davg [ntypes] of the radial component and dstd [ntypes, 2]; they must not depend on the slot."""
    variables = descriptor.get("@variables") or {}
    shape = (ntypes, sum(sel), 4)
    davg, dstd = (float_array(key, variables.get(key), shape) for key in ("davg", "dstd"))
    if np.any(davg != davg[:, :1]) or np.any(dstd != dstd[:, :1]):
        raise ExportError("davg or dstd differ between the neighbor slots of one type: such a model cannot be exported")
    davg, dstd = davg[:, 0], dstd[:, 0]
    if np.any(davg[:, 1:] != 0.0):
        raise ExportError("davg is not zero in its angular components: such a model is not rotationally invariant")
    if np.any(dstd[:, 1:] != dstd[:, 1:2]):
        raise ExportError("dstd differs between x, y and z: such a model is not rotationally invariant")
    if np.any(dstd == 0.0):
        raise ExportError("dstd holds zeros: the model is broken")
    return davg[:, 0].copy(), dstd[:, :2].copy()


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
    value = (data.get("@variables") or {}).get("min_nbor_dist", data.get("min_nbor_dist"))
    if value is None or np.size(value) != 1:
        return None
    value = float(np.asarray(value).ravel()[0])
    return value if np.isfinite(value) and value > 0.0 else None


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
