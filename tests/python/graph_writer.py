# SPDX-License-Identifier: MIT
"""A TensorFlow graph of a serialized model: the nodes that deepion reads, with the names and the order that DeePMD-kit gives them.

Which names and which order was seen in graphs that DeePMD-kit 3.2.0 froze and compressed; with those, of every kind written here,
the reader was compared by energies and forces.
"""

from typing import Any

import numpy as np

from deepion.formats.graphdef_schema import graph_message
from graphs import added, constant

OPERATORS = {"se_e2_a": "ProdEnvMatA", "se_r": "ProdEnvMatR"}
ACTIVATIONS = {"tanh": "Tanh", "Linear": "Reshape", "relu": "Relu", "gelu": "GeluCustom", "softplus": "Softplus"}


def graph_of(data: dict[str, Any], script: dict[str, Any] | None = None) -> Any:
    """The message of a model; script: the entry "model" of a training script, for what the nodes do not show."""
    import json

    message, model = graph_message()(), data["model"]
    constant(message, "model_attr/tmap", " ".join(model["type_map"]))
    constant(message, "model_attr/model_type", "ener")
    constant(message, "model_attr/model_version", "1.1")
    constant(message, "descrpt_attr/ntypes", np.int32(len(model["type_map"])))
    for key in ("out_bias", "out_std"):
        constant(message, f"model_attr/model_attr/t_{key}", model["@variables"][key])
    if script is not None:
        constant(message, "train_attr/training_script", json.dumps({"model": script}))
    whole = model["descriptor"]
    embedding = model.get("type_embedding")
    for number, part in enumerate(whole.get("list", [whole])):
        suffix = f"_{number}" if "list" in whole else ""
        embedding = embedding or part.get("type_embedding")
        _descriptor(message, part, suffix, len(model["type_map"]))
    if embedding is not None:
        _embedding_net(message, "type_embed_net", "", embedding["embedding"], "one_hot")
    _fitting(message, model["fitting"])
    return message


def _descriptor(message: Any, part: dict[str, Any], suffix: str, ntypes: int) -> None:
    attributes, mixed = f"descrpt_attr{suffix}", part["type"] in ("dpa1", "se_atten", "se_atten_v2")
    sums = [read(message, f"{attributes}/t_{name}", part["@variables"][key].reshape(ntypes, -1))
            for name, key in (("avg", "davg"), ("std", "dstd"))]  # fmt: skip
    op = "ProdEnvMatAMix" if mixed else OPERATORS[part["type"]]
    environment = added(message, op, f"{op}{suffix}", ["coord", "type", "natoms", "box", "mesh", *sums])
    attr = next(node for node in message.node if node.name == environment).attr
    radial = part["type"] == "se_r"
    for key, value in (
        ("rcut" if radial else "rcut_r", part["rcut"]),
        ("rcut_smth" if radial else "rcut_r_smth", part["rcut_smth"]),
    ):
        attr[key].f = value
    attr["sel" if radial else "sel_a"].list.i.extend(part["sel"])
    rows = added(message, "Reshape", f"rows{suffix}", [environment, "shape"])
    shared = mixed or "type_embedding_mode" in part
    if not radial:
        scope = "" if mixed else f"filter_type_{'all' if shared or part['type_one_side'] else 0}{suffix}/"
        moments = added(
            message,
            "RealDiv",
            f"{scope}truediv{suffix}",
            [added(message, "BatchMatMulV2", f"{scope}moments{suffix}", [rows])],
        )
        slice_of(message, f"{scope}Slice_9{suffix}", moments, [0, 0, 0], [-1, -1, part["axis_neuron"]])
    if shared:
        _shared_nets(message, part, suffix, rows)
    else:
        _nets_of_types(message, part, suffix, rows, ntypes)


def _nets_of_types(message: Any, part: dict[str, Any], suffix: str, rows: str, ntypes: int) -> None:
    one_side, width = part["type_one_side"], 1 if part["type"] == "se_r" else 4
    excluded = {tuple(pair) for pair in part["exclude_types"]}
    tables = part.get("compress", {}).get("@variables")
    for center in [None] if one_side else range(ntypes):
        scope = f"filter_type_{'all' if center is None else center}{suffix}"
        for neighbor in range(ntypes):
            index = neighbor if center is None else center + ntypes * neighbor
            if {(center, neighbor), (neighbor, center)} & excluded:
                continue
            first, count = width * sum(part["sel"][:neighbor]), width * part["sel"][neighbor]
            own = slice_of(message, f"{scope}/neighbors_{neighbor}", rows, [0, first], [-1, count])
            if tables is None:
                _embedding_net(message, scope, f"_{neighbor}", part["embeddings"]["networks"][index], own)
                continue
            kind = "TabulateFusionSeR" if width == 1 else "TabulateFusionSeA"
            name = f"{scope}/{kind}_{neighbor}"
            inputs = (
                [own]
                if width == 1
                else [radial_of(message, name, own), added(message, "Reshape", f"{name}/rows", [own])]
            )
            _table(message, kind, name, tables, index, part["neuron"][-1], inputs)


def _shared_nets(message: Any, part: dict[str, Any], suffix: str, rows: str) -> None:
    scope = f"filter_type_all{suffix}"
    tables = part.get("compress", {}).get("@variables")
    mode = part.get("type_embedding_mode") or part.get("tebd_input_mode", "strip")
    side = "_one_side_ebd" if part["type_one_side"] else "_two_side_ebd"
    if tables is not None:
        embedded = constant(message, f"rows_of_types{suffix}", tables["type_embd_data"])
        pairs = added(message, "GatherV2", f"{scope}/embedding_lookup", [embedded, "index", "axis"])
        name = f"{scope}/TabulateFusionSeAtten"
        inputs = [radial_of(message, name, rows), rows, pairs]
        _table(message, "TabulateFusionSeAtten", name, tables, 0, part["neuron"][-1], inputs)
        return
    _embedding_net(message, scope, "", part["embeddings"]["networks"][0], rows)
    if mode == "strip":
        _embedding_net(message, scope, side, part["embeddings_strip"]["networks"][0], "t_typeebd")


def _table(
    message: Any, kind: str, name: str, tables: dict[str, Any], index: int, width: int, inputs: list[str]
) -> None:
    data = constant(message, f"{name}/data", tables["compress_data"][index])
    info = constant(message, f"{name}/table_info", tables["compress_info"][index])
    added(message, kind, name, [data, info, *inputs])
    next(node for node in message.node if node.name == name).attr["last_layer_size"].i = width


def _embedding_net(message: Any, scope: str, suffix: str, net: dict[str, Any], source: str) -> None:
    for number, layer in enumerate(net["layers"], 1):
        names = {
            key: f"{scope}/{kind}_{number}{suffix}" for key, kind in (("w", "matrix"), ("b", "bias"), ("idt", "idt"))
        }
        source = _layer(message, names, f"{scope}/layer_{number}{suffix}", layer, source)


def _fitting(message: Any, fitting: dict[str, Any]) -> None:
    constant(message, "fitting_attr/dfparam", np.int32(fitting["numb_fparam"]))
    constant(message, "fitting_attr/daparam", np.int32(fitting["numb_aparam"]))
    constant(message, "fitting_attr/t_bias_atom_e", fitting["@variables"]["bias_atom_e"].ravel())
    for name in ("fparam", "aparam"):
        if fitting[f"numb_{name}"]:
            constant(message, f"fitting_attr/t_{name}_avg", fitting["@variables"][f"{name}_avg"])
            constant(message, f"fitting_attr/t_{name}_istd", fitting["@variables"][f"{name}_inv_std"])
    nets = fitting["nets"]["networks"]
    for kind, net in enumerate(nets):
        suffix, source = "" if fitting["mixed_types"] else f"_type_{kind}", "o_descriptor"
        for number, layer in enumerate(net["layers"]):
            scope = f"layer_{number}{suffix}" if number < len(net["layers"]) - 1 else f"final_layer{suffix}"
            source = _layer(
                message, {"w": f"{scope}/matrix", "b": f"{scope}/bias", "idt": f"{scope}/idt"}, scope, layer, source
            )


def _layer(message: Any, names: dict[str, str], where: str, layer: dict[str, Any], source: str) -> str:
    values = {key: read(message, names[key], value) for key, value in layer["@variables"].items() if value is not None}
    product = added(message, "MatMul", f"{where}/MatMul", [source, values["w"]])
    shifted = added(message, "BiasAdd", f"{where}/BiasAdd", [product, values["b"]]) if "b" in values else product
    op = ACTIVATIONS.get(layer["activation_function"], "Reshape")
    return added(message, op, f"{where}/{op}_of_it", [shifted])


def read(message: Any, name: str, value: np.ndarray) -> str:
    """A variable as a frozen graph has it: a constant and a node that passes it on."""
    constant(message, name, value)
    return added(message, "Identity", f"{name}/read", [name])


def slice_of(message: Any, name: str, source: str, begin: list[int], size: list[int]) -> str:
    ends = [
        constant(message, f"{name}/{kind}", np.array(value, np.int32))
        for kind, value in (("begin", begin), ("size", size))
    ]
    return added(message, "Slice", name, [source, *ends])


def radial_of(message: Any, name: str, rows: str) -> str:
    """The first column of rows, as tables take it."""
    short = added(message, "Reshape", f"{name}/four", [rows])
    return added(message, "Reshape", f"{name}/radial", [slice_of(message, f"{name}/first", short, [0, 0], [-1, 1])])
