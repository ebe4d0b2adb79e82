# SPDX-License-Identifier: MIT
"""Descriptors of a TorchScript archive in DeePMD-kit's serialized form."""

from typing import Any

import numpy as np

from .script_networks import NetworkReader
from .script_object import ScriptObject
from .table import NotPlainError

# descriptors that are refused by name: nothing but their type is read
OTHERS = {
    "DescrptSeT": "se_e3",
    "DescrptSeTTebd": "se_e3_tebd",
    "DescrptDPA2": "dpa2",
    "DescrptDPA3": "dpa3",
    "DescrptSeZM": "dpa4",
}


def descriptor(value: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    """The serialized descriptor; {"type": NAME} alone for a kind that has no table form."""
    readers = {
        "DescrptSeA": _se_e2_a, "DescrptSeR": _se_e2_r, "DescrptDPA1": _dpa1, "DescrptSeAttenV2": _dpa1,
        "DescrptHybrid": _hybrid,
    }  # fmt: skip
    if value.kind in readers:
        return readers[value.kind](value, nets)
    return {"type": OTHERS.get(value.kind, value.kind)}


def _hybrid(value: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    parts = []
    for part in value.children("descrpt_list"):
        if part.kind == "DescrptHybrid":
            raise NotPlainError("a hybrid descriptor within another")
        parts.append(descriptor(part, nets))
    return {"@class": "Descriptor", "type": "hybrid", "@version": 1, "list": parts}


def _common(block: ScriptObject) -> dict[str, Any]:
    """What every descriptor has; its statistics are called mean and stddev in the archive."""
    rcut, smooth = block.number("rcut"), block.number("rcut_smth")
    protection = block.number("env_protection", 0.0)
    return {
        "@class": "Descriptor",
        "@version": 2,
        "rcut": rcut,
        "rcut_smth": smooth,
        "sel": block.values("sel", (int,)),
        "neuron": block.values("neuron", (int,)),
        "resnet_dt": block.flag("resnet_dt"),
        "set_davg_zero": block.flag("set_davg_zero"),
        "activation_function": block.text("activation_function"),
        "precision": block.precision(),
        "env_mat": {"rcut": rcut, "rcut_smth": smooth, "protection": protection, "use_exp_switch": False},
        "exclude_types": _excluded_pairs(block),
        "env_protection": protection,
        "@variables": {"davg": block.array("mean"), "dstd": block.array("stddev")},
        "spin": None,
    }


def _excluded_pairs(block: ScriptObject) -> list[list[int]]:
    """exclude_types; from the mask of [ntypes + 1, ntypes + 1], which is what acts and is always there."""
    mask = block.child("emask")
    return excluded_pairs(mask)


def excluded_pairs(mask: ScriptObject) -> list[list[int]]:
    """Pairs of types that a PairExcludeMask takes out; zeros of its mask."""
    ntypes = mask.whole("ntypes")
    kept = np.ravel(mask.array("type_mask"))
    if ntypes < 0 or kept.size != (ntypes + 1) ** 2:
        return []
    square = kept.reshape(ntypes + 1, ntypes + 1)[:ntypes, :ntypes]
    return [[int(i), int(j)] for i, j in zip(*np.nonzero(square == 0), strict=True) if i <= j]


def _tables(data: dict[str, Any], block: ScriptObject) -> None:
    """The tables of a compressed model, as DeePMD-kit's own serialized form has them."""
    data["@version"] = 3
    data["compress"] = {
        "@variables": {"compress_data": block.arrays("compress_data"), "compress_info": block.arrays("compress_info")}
    }


def _se_e2_a(value: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    block = value.child("sea")
    data = {
        **_common(block),
        "type": "se_e2_a",
        "axis_neuron": block.whole("axis_neuron"),
        "embeddings": nets.collection(block.child("filter_layers"), "embedding_network"),
        "type_map": value.values("type_map", (str,), None),
        "trainable": True,
        "type_one_side": block.flag("type_one_side"),
    }
    if block.flag("compress", False):
        _tables(data, block)
    return data


def _se_e2_r(value: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    data = {
        **_common(value),
        "type": "se_r",
        "embeddings": nets.collection(value.child("filter_layers"), "embedding_network"),
        "type_map": value.values("type_map", (str,), None),
        "trainable": True,
        "type_one_side": True,
    }
    data["env_mat"]["protection"] = 0.0  # as DeePMD-kit writes it
    if value.flag("compress", False):
        _tables(data, value)
    return data


def _dpa1(value: ScriptObject, nets: NetworkReader) -> dict[str, Any]:
    """dpa1 (se_atten) and se_atten_v2; the attention layers themselves are not read."""
    block = value.child("se_atten")
    second = value.kind == "DescrptSeAttenV2"
    mode = block.text("tebd_input_mode")
    data = {
        **_common(block),
        "type": "se_atten_v2" if second else "dpa1",
        "ntypes": block.whole("ntypes"),
        "axis_neuron": block.whole("axis_neuron"),
        "tebd_dim": block.whole("tebd_dim"),
        "attn": block.whole("attn_dim"),
        "attn_layer": block.whole("attn_layer"),
        "attn_dotr": block.flag("attn_dotr"),
        "attn_mask": False,
        "scaling_factor": block.number("scaling_factor"),
        "normalize": block.flag("normalize"),
        "temperature": block.number("temperature", None),
        "trainable_ln": block.flag("trainable_ln", True),
        "ln_eps": block.number("ln_eps", 1e-5),
        "type_one_side": block.flag("type_one_side"),
        "concat_output_tebd": value.flag("concat_output_tebd"),
        "use_econf_tebd": value.flag("use_econf_tebd", False),
        "use_tebd_bias": value.flag("use_tebd_bias", True),
        "type_map": value.values("type_map", (str,), None),
        "embeddings": nets.collection(block.child("filter_layers"), "embedding_network"),
        "type_embedding": nets.type_embedding(value.child("type_embedding").child("embedding")),
        "trainable": value.flag("trainable", True),
    }
    if second:
        data["env_mat"]["protection"] = 0.0  # as DeePMD-kit writes it
    else:
        data |= {"tebd_input_mode": mode, "smooth_type_embedding": block.flag("smooth")}
    if block.whole("lmax", 1) != 1:
        data |= {"lmax": block.whole("lmax"), "@version": 4}
    if mode == "strip":
        data["embeddings_strip"] = nets.collection(block.child("filter_layers_strip"), "embedding_network")
    if block.flag("tebd_compress", False):
        tabled = block.flag("geo_compress", False)
        if tabled:
            _tables(data, block)
        else:
            data |= {"@version": 3, "compress": {"@variables": {}}}
        data["compress"]["geo_compress"] = tabled
        data["compress"]["@variables"]["type_embd_data"] = block.array("type_embd_data")
    return data
