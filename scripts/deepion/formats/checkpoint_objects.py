# SPDX-License-Identifier: MIT
"""The objects that a frozen model would have, from the weights of a checkpoint and the settings of its training.

Names and settings as in deepmd/pt/model of DeePMD-kit 3.2.0. Whatever is not known by name is no business of this module:
NotPlainError sends it to an installed DeePMD-kit.
"""

import re
from typing import Any

import numpy as np

from .pickle_data import Global, Instance, printable
from .script_object import PRECISIONS
from .table import NotPlainError
from .torch_archive import Tensor

LAYER = r"layers\.\d+\.(matrix|bias|idt)"
NETS = rf"_?networks\.\d+\.{LAYER}"
STATISTICS = r"(mean|stddev|type_embd_data)"
TABLES = r"compress_(info|data)\.\d+"
BLOCK = rf"({STATISTICS}|{TABLES}|filter_layers(_strip)?\.{NETS})"
PART = rf"((sea|se_atten)\.({BLOCK}|dpa1_attention\..*)|{BLOCK}|type_embedding\.embedding\.embedding_net\.{LAYER})"
DESCRIPTOR = rf"({PART}|descrpt_list\.\d+\.{PART})"
FITTING = rf"(bias_atom_e|case_embd|default_fparam_tensor|[fa]param_(avg|inv_std)|filter_layers\.{NETS})"
KNOWN = re.compile(rf"(min_nbor_dist|atomic_model\.(out_bias|out_std|descriptor\.{DESCRIPTOR}|fitting_net\.{FITTING}))")
NUMBERS = {"float64": 7, "double": 7, "default": 7, "float32": 6, "single": 6, "float16": 5, "half": 5, "bfloat16": 15}
DPA1 = ("dpa1", "se_atten", "se_atten_v2")
CLASSES = {
    "se_e2_a": "DescrptSeA", "se_a": "DescrptSeA", "se_e2_r": "DescrptSeR", "se_r": "DescrptSeR", "dpa1": "DescrptDPA1",
    "se_atten": "DescrptDPA1", "se_atten_v2": "DescrptSeAttenV2", "hybrid": "DescrptHybrid",
}  # fmt: skip
FITTINGS = {"ener": "EnergyFittingNet"}


def frozen_model(weights: dict[str, Any], script: dict[str, Any], text: str) -> Instance:
    """The model as an object.

    weights: tensors by the names of their attributes. script: the model section of the training input, complete; text: the
    same as JSON.
    """
    kind = script.get("type", "standard")
    plain = not any(script.get(key) for key in ("spin", "use_srtab", "hessian_mode"))
    if kind != "standard" or not plain or not isinstance(script.get("fitting_net"), dict):
        raise NotPlainError(
            f"a checkpoint of a model of type '{printable(str(kind))}' or with settings beyond a plain one"
        )
    model = _tree(weights)
    model.attributes["model_def_script"] = text
    settings = _Settings(script, "model")
    names = settings.get("type_map", list)
    excluded = _atom_mask(settings.get("atom_exclude_types", list), len(names))
    atomic = _inner(model, "atomic_model")
    atomic.attributes |= {
        "type_map": names,
        "atom_excl": excluded,
        "pair_excl": _pair_mask(settings.get("pair_exclude_types", list), len(names)),
    }
    descriptor = settings.part("descriptor")
    mixed = _mixed(descriptor)
    _complete_descriptor(_inner(atomic, "descriptor"), descriptor, names)
    _complete_fitting(_inner(atomic, "fitting_net"), settings.part("fitting_net"), names, mixed, excluded)
    return model


class _Settings:
    """A section of the training input."""

    def __init__(self, values: Any, where: str):
        if not isinstance(values, dict):
            raise NotPlainError(f"the settings of its {where} are missing")
        self.values = values
        self._where = where

    def get(self, key: str, kind: type | tuple[type, ...]) -> Any:
        """A value, which a training has filled in."""
        value = self.values.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise NotPlainError(f"its settings do not say the {self._where}'s {key} as DeePMD-kit 3.2 would")
        return value

    def part(self, key: str) -> "_Settings":
        return _Settings(self.values.get(key), key)


def _object(name: str = "") -> Instance:
    return Instance(Global("", name))


def _tree(weights: dict[str, Any]) -> Instance:
    """Objects in each other, by the dots in the names."""
    root = _object("EnergyModel")
    for name, value in weights.items():
        if not isinstance(value, Tensor) or not KNOWN.fullmatch(name):
            raise NotPlainError(f"a checkpoint with weights that deepion does not know ({printable(name)})")
        *path, last = name.split(".")
        node = root
        for key in path:
            inner = node.attributes.setdefault(key, _object())
            if not isinstance(inner, Instance):
                raise NotPlainError(f"a checkpoint with weights in each other ({printable(name)})")
            node = inner
        node.attributes[last] = value
    return root


def _inner(node: Instance, key: str) -> Instance:
    found = node.attributes.get(key)
    if not isinstance(found, Instance):
        raise NotPlainError(f"a checkpoint without the weights of a {key}")
    return found


def _pair_mask(pairs: list[Any], ntypes: int) -> Instance:
    """A PairExcludeMask: zeros at the pairs that are left out."""
    mask = np.ones((ntypes + 1, ntypes + 1), dtype=np.int32)
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(_is_type(t, ntypes) for t in pair):
            raise NotPlainError("settings with excluded pairs of types that do not exist")
        mask[pair[0], pair[1]] = mask[pair[1], pair[0]] = 0
    found = _object("PairExcludeMask")
    found.attributes |= {"ntypes": ntypes, "type_mask": mask.ravel()}
    return found


def _atom_mask(types: list[Any], ntypes: int) -> Instance:
    """An AtomExcludeMask: zeros at the types that are left out."""
    if not all(_is_type(t, ntypes) for t in types):
        raise NotPlainError("settings with excluded types that do not exist")
    found = _object("AtomExcludeMask")
    found.attributes |= {"type_mask": np.array([t not in types for t in range(ntypes)], dtype=np.int32)}
    return found


def _is_type(value: Any, ntypes: int) -> bool:
    return type(value) is int and 0 <= value < ntypes


def _mixed(settings: _Settings) -> bool:
    """Whether all types share the fitting net."""
    kind = settings.get("type", str)
    if kind == "hybrid":
        kinds = [_Settings(part, "descriptor").get("type", str) for part in settings.get("list", list)]
        if "hybrid" in kinds:
            raise NotPlainError("a hybrid descriptor within another")
        return any(inner in DPA1 for inner in kinds)
    return kind in DPA1


def _complete_descriptor(value: Instance, settings: _Settings, names: list[str]) -> None:
    """Give a descriptor the attributes that are no weights."""
    kind = settings.get("type", str)
    value.kind = Global("", CLASSES.get(kind, kind))
    if kind not in CLASSES:
        return  # refused by its name
    if kind == "hybrid":
        listed = settings.get("list", list)
        parts = _inner(value, "descrpt_list")
        if len(parts.attributes) != len(listed):
            raise NotPlainError("a checkpoint whose hybrid descriptor has another number of parts than its settings")
        for number, part in enumerate(listed):
            _complete_descriptor(_inner(parts, str(number)), _Settings(part, "descriptor"), names)
        return
    value.attributes["type_map"] = names
    if kind in ("se_e2_a", "se_a"):
        _complete_block(_inner(value, "sea"), settings, len(names), 1 if settings.get("type_one_side", bool) else 2)
    elif kind in ("se_e2_r", "se_r"):
        _complete_block(value, settings, len(names), 1)
    else:
        _complete_dpa1(value, settings, names)


def _complete_block(block: Instance, settings: _Settings, ntypes: int, ndim: int) -> None:
    """What all descriptors have; ndim: of the collection of embedding nets."""
    sel = settings.get("sel", (int, list))
    block.attributes |= {
        "rcut": settings.get("rcut", (int, float)),
        "rcut_smth": settings.get("rcut_smth", (int, float)),
        "sel": [sel] if isinstance(sel, int) else sel,
        "neuron": settings.get("neuron", list),
        "resnet_dt": settings.get("resnet_dt", bool),
        "set_davg_zero": settings.get("set_davg_zero", bool),
        "activation_function": settings.get("activation_function", str),
        "prec": NUMBERS[_full_name(settings.get("precision", str))],
        "env_protection": settings.get("env_protection", (int, float)),
        "emask": _pair_mask(settings.get("exclude_types", list), ntypes),
        "compress": False,
    }
    if "axis_neuron" in settings.values:
        block.attributes["axis_neuron"] = settings.get("axis_neuron", int)
    if ndim != 1 or "type_one_side" in settings.values:
        block.attributes["type_one_side"] = settings.get("type_one_side", bool)
    for key in ("filter_layers", "filter_layers_strip"):
        if key in block.attributes:
            _complete_collection(_inner(block, key), settings, ntypes, ndim, last=None)


def _complete_dpa1(value: Instance, settings: _Settings, names: list[str]) -> None:
    second = settings.get("type", str) == "se_atten_v2"
    block = _inner(value, "se_atten")
    _complete_block(block, settings, len(names), 0)
    mode = "strip" if second or settings.values.get("stripped_type_embedding") else settings.get("tebd_input_mode", str)
    precision = settings.get("precision", str)
    econf, bias = (settings.get(key, bool) for key in ("use_econf_tebd", "use_tebd_bias"))
    width = settings.get("tebd_dim", int)
    block.attributes |= {
        "ntypes": len(names),
        "tebd_dim": width,
        "tebd_input_mode": mode,
        "attn_dim": settings.get("attn", int),
        "attn_layer": settings.get("attn_layer", int),
        "attn_dotr": settings.get("attn_dotr", bool),
        "scaling_factor": float(settings.get("scaling_factor", (int, float))),
        "normalize": settings.get("normalize", bool),
        "temperature": settings.values.get("temperature"),
        "trainable_ln": settings.get("trainable_ln", bool),
        "ln_eps": settings.values.get("ln_eps") or 1e-5,
        "smooth": True if second else settings.get("smooth_type_embedding", bool),
        "lmax": settings.values.get("lmax", 1),
        "tebd_compress": False,
    }
    value.attributes |= {
        "concat_output_tebd": settings.get("concat_output_tebd", bool),
        "use_econf_tebd": econf,
        "use_tebd_bias": bias,
    }
    embedding = _inner(_inner(value, "type_embedding"), "embedding")
    embedding.attributes |= {
        "ntypes": len(names),
        "neuron": [width],
        "resnet_dt": False,
        "precision": precision,
        "activation_function": "Linear",
        "padding": True,
        "use_econf_tebd": econf,
        "use_tebd_bias": bias,
        "type_map": names,
    }
    net = _inner(embedding, "embedding_net")
    _complete_network(net, [width], "Linear", False, precision, last=None)
    net.attributes["bias"] = bias


def _full_name(precision: str) -> str:
    if precision not in NUMBERS:
        raise NotPlainError(f"precision {printable(precision)}")
    return PRECISIONS[NUMBERS[precision]]


def _complete_collection(nets: Instance, settings: _Settings, ntypes: int, ndim: int, last: str | None) -> None:
    """last: the activation function of the last layer, which then has no skip connection; None: as the others."""
    nets.attributes |= {"ndim": ndim, "ntypes": ntypes}
    for net in _inner(nets, "networks").attributes.values():
        if not isinstance(net, Instance):
            raise NotPlainError("a checkpoint with weights outside of networks")
        neuron, activation = settings.get("neuron", list), settings.get("activation_function", str)
        _complete_network(
            net, neuron, activation, settings.get("resnet_dt", bool), settings.get("precision", str), last
        )


def _complete_network(
    net: Instance, neuron: list[Any], activation: str, resnet_dt: bool, precision: str, last: str | None
) -> None:
    layers = _inner(net, "layers")
    count = len(layers.attributes)
    if count != len(neuron) + (last is not None):
        raise NotPlainError("a checkpoint with another number of layers than its settings")
    for number in range(count):
        layer = _inner(layers, str(number))
        ends = last is not None and number == count - 1
        layer.attributes |= {
            "activate_name": last if ends else activation,
            "resnet": not ends,
            "precision": precision if ends else _full_name(precision),
        }
    shape: tuple[int, ...] = getattr(_inner(layers, "0").attributes.get("matrix"), "shape", ())
    if len(shape) != 2:
        raise NotPlainError("a checkpoint with a layer that has no matrix")
    net.attributes |= {
        "in_dim": shape[0],
        "neuron": neuron,
        "activation_function": activation,
        "resnet_dt": resnet_dt,
        "precision": precision,
        "out_dim": 1,
    }


def _complete_fitting(value: Instance, settings: _Settings, names: list[str], mixed: bool, excluded: Instance) -> None:
    """Give a fitting net the attributes that are no weights."""
    kind = settings.values.get("type") or "ener"
    value.kind = Global("", FITTINGS.get(str(kind), str(kind)))
    if kind != "ener":
        return  # refused by its name
    precision = settings.get("precision", str)
    fparam, aparam = (settings.get(key, int) for key in ("numb_fparam", "numb_aparam"))
    nets = _inner(value, "filter_layers")
    _complete_collection(nets, settings, len(names), 0 if mixed else 1, last="none")
    first = next(iter(_inner(nets, "networks").attributes.values()))
    case = settings.get("dim_case_embd", int) if settings.values.get("dim_case_embd") else 0
    value.attributes |= {
        "var_name": "energy",
        "ntypes": len(names),
        "type_map": names,
        "dim_descrpt": first.attributes["in_dim"] - fparam - aparam - case,
        "neuron": settings.get("neuron", list),
        "resnet_dt": settings.get("resnet_dt", bool),
        "numb_fparam": fparam,
        "numb_aparam": aparam,
        "dim_case_embd": case,
        "default_fparam": settings.values.get("default_fparam"),
        "activation_function": settings.get("activation_function", str),
        "precision": precision,
        "mixed_types": mixed,
        "rcond": settings.values.get("rcond"),
        "emask": excluded,  # the model's: it hands them on
        "use_aparam_as_mask": settings.values.get("use_aparam_as_mask") or False,
        "dim_out": 1,
        "atom_ener": settings.values.get("atom_ener"),
    }
