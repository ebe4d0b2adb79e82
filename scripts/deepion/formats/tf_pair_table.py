# SPDX-License-Identifier: MIT
"""Short-range tables (DP-ZBL, `use_srtab`) in a frozen TensorFlow graph, as DeePMD-kit serializes models of type zbl.

An atom's energy is (1 - w) E_DP + w (E_table + b): w is a function of the distance of the nearest neighbors, b the energy bias of
the element where `srtab_add_bias` is set. Serialized is (1 - w) (E_DP - b) + w E_table + b, the same, since the serialized bias of
the whole is added behind the switch.
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError

from .graphdef import Graph, in_gradients
from .table import NotPlainError
from .tf_descriptors import Environment, as_computed

INFO, DATA = "model_attr/t_tab_info", "model_attr/t_tab_data"


def has_pair_table(graph: Graph) -> bool:
    return INFO in graph.nodes


def with_pair_table(graph: Graph, model: dict[str, Any], parts: list[Environment]) -> dict[str, Any]:
    """The serialized model of type zbl whose Deep Potential is this model."""
    switches = [node for node in graph.nodes.values() if node.op == "SoftMinSwitch" and not in_gradients(node.name)]
    tables = [node for node in graph.nodes.values() if node.op == "PairTab" and not in_gradients(node.name)]
    if len(switches) != 1 or len(tables) != 1 or len(parts) != 1:
        raise NotPlainError(
            f"{len(tables)} short-range tables with {len(switches)} switches and {len(parts)} descriptors: of an unknown kind"
        )
    attr = switches[0].attr
    sw_rmax, sw_rmin = as_computed(attr["rmax"].f, attr["rmin"].f)
    fitting = model["fitting"]["@variables"]
    bias = fitting["bias_atom_e"].reshape(1, -1, 1)
    statistics = model["@variables"]
    added = bias if _adds_bias(graph, tables[0].name) else np.zeros_like(bias)
    if bias.size != len(model["type_map"]) or any(value.shape != bias.shape for value in statistics.values()):
        raise ExportError(
            "the biases of the energies have other shapes than one number for each type: the graph is damaged"
        )
    fitting["bias_atom_e"] = (bias + (statistics["out_bias"] - added) / statistics["out_std"]).reshape(-1, 1)
    table = {
        "@class": "Model",
        "@version": 2,
        "type": "pairtab",
        "rcut": parts[0].rcut,
        "sel": sum(parts[0].sel),
        "tab": {
            "@class": "PairTab",
            "@version": 1,
            "@variables": {"tab_info": graph.need(INFO), "tab_data": graph.need(DATA)},
        },
        "type_map": model["type_map"],
    }
    return {
        "@class": "Model",
        "@version": 2,
        "type": "zbl",
        "type_map": model["type_map"],
        "models": [model | {"@variables": {}}, table],
        "sw_rmin": sw_rmin,
        "sw_rmax": sw_rmax,
        "smin_alpha": float(attr["alpha"].f),
        "atom_exclude_types": [],
        "pair_exclude_types": [],
        "@variables": {"out_bias": added, "out_std": statistics["out_std"]},
    }


def _adds_bias(graph: Graph, table: str) -> bool:
    """Whether something is added to the energy of the table (its first output; the second one is a force)."""
    for name in graph.users(table):
        node = graph.nodes[name]
        if node.op in ("Add", "AddV2"):
            outputs = {ref.partition(":")[2] or "0" for ref in node.input if graph.source(ref) == table}
            if "0" in outputs:
                return True
    return False
