# SPDX-License-Identifier: MIT
"""The .pth files of DeePMD-kit's PyTorch backend, without PyTorch.

`dp --pt freeze` writes the model as a TorchScript archive: its objects keep the names of their classes and attributes, and
that is where weights and settings are read from (deepmd/pt/model of DeePMD-kit 3.2.0). The code in the archive is not looked
at: what a class computes is known by its name.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import ExportError, RefusedError
from deepion.export.stays_out import DPLR

from .script_descriptors import descriptor, excluded_pairs
from .script_networks import NetworkReader
from .script_object import ScriptObject
from .table import NotPlainError
from .torch_archive import TorchArchive

# models and fitting nets that are refused by name: nothing but their type is read
OTHER_MODELS = {
    "SpinEnergyModel": "spin_ener",
    "SpinModel": "spin",
    "SeZMModel": "dpa4",
    "SeZMSpinModel": "spin",
    "SeZMNativeSpinModel": "spin",
    "FrozenModel": "frozen",
}
OTHER_FITTINGS = {
    "DipoleFittingNet": "dipole",
    "PolarFittingNet": "polar",
    "DOSFittingNet": "dos",
    "PropertyFittingNet": "property",
    "PopulationFittingNet": "population",
    "EnergyFittingNetDirect": "direct_force_ener",
    "DenoiseNet": "denoise",
}


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .pth file; raises ExportError with the file's name, NotPlainError without it."""
    with TorchArchive(path) as archive:
        if isinstance(archive.root, dict):
            raise ExportError(
                f"{path}: weights alone, or a checkpoint of a training: no frozen model (a checkpoint's name has to end in .pt)"
            )
        if archive.size_beside("data_modifier.pth"):
            raise RefusedError(f"{path}: {DPLR}")
        return serialized(path, ScriptObject(archive, archive.root, "model"))


def serialized(path: Path, model: ScriptObject) -> dict[str, Any]:
    """The serialized dictionary of a model that was frozen."""
    data: dict[str, Any] = {
        "software": "deepmd-kit",
        "backend": "PyTorch",
        "model": _model(model),
        "model_def_script": _script(path, model.text("model_def_script", None)),
        "@variables": {},
    }
    closest = model.array("min_nbor_dist", None)
    if closest is not None and closest.size == 1 and closest.item() > 0.0:  # -1: not known
        data["@variables"]["min_nbor_dist"] = np.float64(closest.item())
    return data


def _script(path: Path, text: str | None) -> Any:
    """The model section of the training input."""
    if not text:
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path}: damaged: its model_def_script is no JSON text: {error}") from None


def _model(model: ScriptObject) -> dict[str, Any]:
    if model.kind in OTHER_MODELS or "backbone_model" in model:
        return {"type": OTHER_MODELS.get(model.kind, "spin")}
    if "atomic_model" not in model:
        raise NotPlainError(f"its object is a {model.kind}, not a model as DeePMD-kit 3 freezes it")
    return atomic_model(model.child("atomic_model"), NetworkReader())


def atomic_model(atomic: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    """The serialized form of a model of atomic energies."""
    variables = {"out_bias": atomic.array("out_bias", None), "out_std": atomic.array("out_std", None)}
    data: dict[str, Any] = {
        "@class": "Model",
        "@version": 2,
        "type_map": atomic.values("type_map", (str,), []),
        "atom_exclude_types": _excluded_atoms(atomic.child("atom_excl")) if "atom_excl" in atomic else [],
        "pair_exclude_types": excluded_pairs(atomic.child("pair_excl")) if "pair_excl" in atomic else [],
        "rcond": atomic.number("rcond", None),
        "preset_out_bias": None,  # in out_bias by now
        "@variables": variables,
    }
    if atomic.kind == "PairTabAtomicModel":
        return data | _pair_table(atomic)
    if "models" in atomic:
        return data | _linear(atomic, nets)
    return data | {
        "type": "standard",
        "descriptor": descriptor(atomic.child("descriptor"), nets),
        "fitting": _fitting(atomic.child("fitting_net"), nets),
    }


def _excluded_atoms(mask: ScriptObject) -> list[int]:
    """Types that an AtomExcludeMask takes out; zeros of its mask."""
    return [int(t) for t in np.flatnonzero(np.ravel(mask.array("type_mask")) == 0)]


def _linear(atomic: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    """A linear combination of models; DP-ZBL is one of a Deep Potential and a pair table."""
    data: dict[str, Any] = {"type": "linear", "@version": 3, "weights": "mean"}
    if "weights" in atomic:
        listed = isinstance(atomic.plain("weights"), list)
        data["weights"] = atomic.values("weights", (int, float)) if listed else atomic.text("weights")
    parts = list(atomic.children("models"))
    if any("models" in part for part in parts):
        raise NotPlainError("a linear combination of models within another")
    data["models"] = [atomic_model(part, nets) for part in parts]
    if "sw_rmin" in atomic:
        data |= {"type": "zbl", "@version": 2}
        data |= {key: atomic.number(key) for key in ("sw_rmin", "sw_rmax", "smin_alpha")}
    return data


def _pair_table(atomic: ScriptObject) -> dict[str, Any]:
    """A pair table: tab_info holds (rmin, step, number of splines, number of types), tab_data the splines' coefficients."""
    info = np.ravel(atomic.array("tab_info"))
    if info.size != 4 or not np.isfinite(info).all():
        raise NotPlainError("its pair table has a form that deepion does not know")
    rmin, step, splines, ntypes = map(float, info)
    return {
        "type": "pairtab",
        "rcut": atomic.number("rcut"),
        "sel": atomic.values("sel", (int,)) if isinstance(atomic.plain("sel"), list) else atomic.whole("sel"),
        "tab": {
            "@class": "PairTab", "@version": 1, "rmin": rmin, "rmax": rmin + step * splines, "hh": step,
            "ntypes": int(ntypes), "rcut": atomic.number("rcut"), "nspline": int(splines),
            "@variables": {"vdata": None, "tab_info": info, "tab_data": np.ravel(atomic.array("tab_data"))},
        },
    }  # fmt: skip


def _fitting(fitting: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    if fitting.kind not in ("EnergyFittingNet", "InvarFitting"):
        return {"type": OTHER_FITTINGS.get(fitting.kind, fitting.kind)}
    neuron = fitting.values("neuron", (int,))
    scaling = ("fparam_avg", "fparam_inv_std", "aparam_avg", "aparam_inv_std")
    return {
        "@class": "Fitting",
        "@version": 4,
        "type": "ener" if fitting.kind == "EnergyFittingNet" else "invar",
        "var_name": fitting.text("var_name"),
        "ntypes": fitting.whole("ntypes"),
        "dim_descrpt": fitting.whole("dim_descrpt"),
        "neuron": neuron,
        "resnet_dt": fitting.flag("resnet_dt"),
        "numb_fparam": fitting.whole("numb_fparam"),
        "numb_aparam": fitting.whole("numb_aparam"),
        "dim_case_embd": fitting.whole("dim_case_embd", 0),
        "default_fparam": fitting.values("default_fparam", (int, float), None),
        "activation_function": fitting.text("activation_function"),
        "precision": fitting.text("precision"),
        "mixed_types": fitting.flag("mixed_types"),
        "nets": nets.collection(fitting.child("filter_layers"), "fitting_network"),
        "rcond": fitting.number("rcond", None),
        "exclude_types": _excluded_atoms(fitting.child("emask")),
        "@variables": {
            "bias_atom_e": fitting.array("bias_atom_e"),
            "case_embd": fitting.array("case_embd", None),
            **{key: fitting.array(key, None) for key in scaling},
        },
        "type_map": fitting.values("type_map", (str,), None),
        "tot_ener_zero": False,
        "trainable": [True] * (len(neuron) + 1),
        "layer_name": None,
        "use_aparam_as_mask": fitting.flag("use_aparam_as_mask", False),
        "spin": None,
        "dim_out": fitting.whole("dim_out"),
        "atom_ener": fitting.values("atom_ener", (int, float, type(None)), None),
    }
