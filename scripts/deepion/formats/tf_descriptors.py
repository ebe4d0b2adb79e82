# SPDX-License-Identifier: MIT
"""Descriptors of a frozen TensorFlow graph as DeePMD-kit serializes them.

The operator that makes the environment matrix carries cutoffs and `sel` (its name changed: DescrptNorot in version 0.12,
DescrptSeA up to 1.3, ProdEnvMatA since 2.0); the names of the embedding nets tell the kind of descriptor. Two forms that only
TensorFlow has get a layout of their own:

* se_e2_a with type embedding: `type_embedding_mode` "concat" or "strip" in the descriptor; its nets as in DPA-1
  (`embeddings` and, for "strip", `embeddings_strip`, each a collection of ndim 0), the type embedding in `model["type_embedding"]`.
* compressed models: see tf_tables.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepion.errors import ExportError, RefusedError
from deepion.export.stays_out import DPLR, descriptor_stays_out

from . import tf_tables
from .graphdef import Graph, in_gradients
from .table import NotPlainError
from .tf_networks import collection, embedding_layers, embedding_net, numbered
from .tf_script import Settings

RADIAL = ("DescrptSeR", "ProdEnvMatR")
MIXED = ("ProdEnvMatAMix",)
FULL = ("DescrptNorot", "DescrptSeA", "ProdEnvMatA")
REFUSED = {
    "Descrpt": "loc_frame",
    "DescrptSeAEf": "se_a_ef",
    "DescrptSeAEfPara": "se_a_ef",
    "DescrptSeAEfVert": "se_a_ef",
    "DescrptSeAMask": "se_a_mask",
    "ProdEnvMatANvnmdQuantize": "se_a of NVNMD",
    "ProdEnvMatAMixNvnmdQuantize": "se_atten of NVNMD",
}
TWO_SIDES, ONE_SIDE = "_two_side_ebd", "_one_side_ebd"


@dataclass(frozen=True)
class Environment:
    """One environment matrix: its operator and what it carries; suffix: of the names of its descriptor, "" or "_0", ..."""

    node: str
    op: str
    suffix: str
    scope: str  # of the embedding nets: filter_type, DS_layer_type in version 0.12
    rcut: float
    rcut_smth: float
    sel: list[int]
    ntypes: int
    davg: np.ndarray  # [ntypes, slots, 4], for se_e2_r [ntypes, slots, 1]
    dstd: np.ndarray


def environments(graph: Graph, ntypes: int) -> list[Environment]:
    """The environment matrices of a graph, in the order of their descriptors."""
    found = []
    for name, node in graph.nodes.items():
        if node.op in REFUSED:
            raise RefusedError(descriptor_stays_out(REFUSED[node.op], {}))
        if node.op in FULL + MIXED + RADIAL and not in_gradients(name):
            found.append(_environment(graph, name, ntypes))
    if not found:
        raise ExportError("no descriptor of DeePMD-kit in this TensorFlow graph: it is another kind of model")
    found.sort(key=lambda one: (len(one.suffix), one.suffix))
    if len({one.suffix for one in found}) != len(found):
        raise NotPlainError("the graph has several descriptors of one name: a kind of model that deepion does not know")
    return found


def _environment(graph: Graph, name: str, ntypes: int) -> Environment:
    node = graph.nodes[name]
    inputs = graph.inputs(name)
    if len(inputs) < 7:
        raise ExportError(f"{name} has {len(inputs)} inputs, expected 7: the graph is damaged")
    average, deviation = inputs[5], inputs[6]
    holder = average.rpartition("/")[0]
    if holder and not holder.startswith("descrpt_attr"):
        raise RefusedError(DPLR)  # the charges' model within a model of energies
    radial = node.op in RADIAL
    if radial:
        sel = [int(count) for count in node.attr["sel"].list.i]
        cutoffs = node.attr["rcut"].f, node.attr["rcut_smth"].f
    else:
        sel = [int(count) for count in node.attr["sel_a"].list.i]
        cutoffs = node.attr["rcut_r"].f, node.attr["rcut_r_smth"].f
        if any(node.attr["sel_r"].list.i) or node.attr["rcut_a"].f > 0.0:
            raise NotPlainError(
                f"{name} has neighbors with radial information alone (sel_r), which deepion does not know"
            )
    expected = 1 if node.op in MIXED else ntypes
    if len(sel) != expected or min(sel, default=-1) < 0 or sum(sel) > 1 << 20:
        raise ExportError(f"{name}: sel {sel} does not fit to {ntypes} types: the graph is damaged")
    rcut, smooth = as_computed(*cutoffs)
    shape = (ntypes, sum(sel), 1 if radial else 4)
    statistics = []
    for what in (average, deviation):
        value = graph.need(what)
        if value.size != np.prod(shape):
            raise ExportError(f"{what}: expected {list(shape)} values, got {list(value.shape)}: the graph is damaged")
        statistics.append(value.reshape(shape))
    old = node.op == "DescrptNorot"
    return Environment(
        name, node.op, holder.removeprefix("descrpt_attr"), "DS_layer_type" if old else "filter_type", rcut, smooth, sel,
        ntypes, statistics[0], statistics[1],
    )  # fmt: skip


def as_computed(rcut: float, smooth: float) -> tuple[float, float]:
    """Cutoff and begin of the switch that give DeePMD-kit's numbers in double precision.

    The operators hold both in single precision and divide by their difference in single precision (deepmd::spline5_switch):
    for 6 and 1.8 that is a switch from 1.7999999523 to 5.9999997616. Where all is exact, as for 6 and 0.5, nothing changes.
    """
    width = np.float32(rcut) - np.float32(smooth)
    return float(smooth) + float(width), float(smooth)


def descriptor(graph: Graph, part: Environment, script: Settings) -> dict[str, Any]:
    """The serialized descriptor of one environment matrix; script: its part of the training script, may be empty."""
    if part.op in MIXED:
        return _mixed(graph, part, script)
    shared = f"{part.scope}_all{part.suffix}"
    tables = tf_tables.operators(graph, part.scope, part.suffix)
    if numbered(graph, rf"{shared}/matrix_1_(\d+)_\d+") or any(op.kind == "se_e3" for op in tables):
        return {"type": "se_e3"} | ({"compress": True} if tables else {})  # refused by name
    if embedding_layers(graph, shared, "") or any(op.kind == "se_atten" for op in tables):
        return _with_type_embedding(graph, part, script)
    columns = 1 if part.op in RADIAL else 4
    return _typed(graph, part, script, tf_tables.with_neighbors(tables, part.sel, columns))


def _typed(graph: Graph, part: Environment, script: Settings, tables: list[tf_tables.Operator]) -> dict[str, Any]:
    """se_e2_a or se_e2_r with a net for each type or pair of types."""
    ntypes, scope, suffix = part.ntypes, part.scope, part.suffix
    centers = {op.center for op in tables}
    one_side = None in centers if tables else bool(numbered(graph, rf"{scope}_all{suffix}/matrix_1_(\d+)"))
    declared = script.text("activation_function")
    networks: list[Any] = []
    excluded = []
    for neighbor in range(ntypes):
        for center in [None] if one_side else range(ntypes):
            where = f"{scope}_{'all' if center is None else center}{suffix}"
            net = None
            if not tables and embedding_layers(graph, where, f"_{neighbor}"):
                net = embedding_net(graph, where, f"_{neighbor}", declared)
            tabulated = any((op.center, op.neighbor) == (center, neighbor) for op in tables)
            if net is None and not tabulated and center is not None:
                excluded.append([center, neighbor])
            networks.append(net)
    present = [net for net in networks if net is not None]
    if not present and not tables:
        raise ExportError(f"no embedding nets {scope}_...{suffix}/matrix_1_0: the graph is incomplete")
    pairs = _exclude_types(graph, part, script, one_side, excluded)
    result = _common(graph, part, script, pairs)
    result |= {
        "type": "se_r" if part.op in RADIAL else "se_e2_a",
        "@version": 2,
        "sel": part.sel,
        "neuron": present[0]["neuron"] if present else [tables[0].width],
        "activation_function": present[0]["activation_function"] if present else declared or "tanh",
        "resnet_dt": bool(present and present[0]["resnet_dt"]),
        "precision": present[0]["precision"] if present else graph.type_of(tables[0].table),
        "type_one_side": one_side,
        "embeddings": collection(networks, 1 if one_side else 2, ntypes, "embedding"),
    }
    if tables:
        result |= {"@version": 3, "compress": tf_tables.compressed(graph, tables)}
    return result


def _common(graph: Graph, part: Environment, script: Settings, pairs: list[list[int]]) -> dict[str, Any]:
    """What all descriptors have."""
    return {
        "@class": "Descriptor",
        "rcut": part.rcut,
        "rcut_smth": part.rcut_smth,
        "trainable": True,
        "exclude_types": pairs,
        "env_protection": 0.0,
        "set_davg_zero": not part.davg.any(),
        "env_mat": {"rcut": part.rcut, "rcut_smth": part.rcut_smth, "protection": 0.0, "use_exp_switch": False},
        "@variables": {"davg": part.davg, "dstd": part.dstd},
        "spin": None,
        **({} if part.op in RADIAL else {"axis_neuron": _axis_neuron(graph, part)}),
    }


def _exclude_types(
    graph: Graph, part: Environment, script: Settings, one_side: bool, missing: list[list[int]]
) -> list[list[int]]:
    """Pairs of types that are not neighbors: of the script; without one, those that have no net."""
    if script:
        return script.pairs("exclude_types")
    if one_side and any(graph.nodes[name].op == "Mul" for name in _followers(graph, part)):
        raise ExportError(
            "the graph masks neighbors (exclude_types) and has no training script that says which: convert it where "
            "DeePMD-kit trained it"
        )
    return [list(pair) for pair in sorted({(min(pair), max(pair)) for pair in missing})]


def _followers(graph: Graph, part: Environment) -> set[str]:
    """Nodes that the environment matrix goes through, up to the first that computes something."""
    found: set[str] = set()
    waiting = [part.node]
    while waiting:
        for name in graph.users(waiting.pop()):
            reads_matrix = not any(ref.partition(":")[2] not in ("", "0") for ref in graph.nodes[name].input[:1])
            if name not in found and reads_matrix:
                found.add(name)
                if graph.nodes[name].op == "Reshape":
                    waiting.append(name)
    return found


def _axis_neuron(graph: Graph, part: Environment) -> int:
    """The width of the second embedding: the size of the slice [0, 0, 0], [-1, -1, axis] of the moments."""
    widths = set()
    for name in _behind(graph, part):
        node = graph.nodes[name]
        if node.op != "Slice" or len(node.input) != 3:
            continue
        _, begin, size = graph.inputs(name)
        first, count = graph.integers(begin), graph.integers(size)
        if first == [0, 0, 0] and count is not None and count[:2] == [-1, -1] and len(count) == 3:
            widths.add(count[2])
    if len(widths) != 1:
        raise NotPlainError(
            f"axis_neuron is not clear from the graph (found {sorted(widths) or 'none'}): it is of an unknown kind"
        )
    return widths.pop()


def _behind(graph: Graph, part: Environment) -> set[str]:
    """All nodes, outside the gradients, that come from this environment matrix."""
    waiting, seen = [part.node], {part.node}
    while waiting:
        for name in graph.users(waiting.pop()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def _with_type_embedding(graph: Graph, part: Environment, script: Settings) -> dict[str, Any]:
    """se_e2_a with one net for all types, whose input or output the type embedding joins."""
    result = _common(graph, part, script, _exclude_types(graph, part, script, True, []))
    return result | _shared_nets(graph, part, script) | {
        "type": "se_e2_a",
        "@version": 2,
        "sel": part.sel,
    }  # fmt: skip


def _mixed(graph: Graph, part: Environment, script: Settings) -> dict[str, Any]:
    """DPA-1 (se_atten); the layers of attention are counted, not read: such models are refused."""
    layers = numbered(graph, rf"attention_layer_(\d+){part.suffix}/c_query/matrix")
    result = _common(graph, part, script, _exclude_types(graph, part, script, True, []))
    nets = _shared_nets(graph, part, script)
    mode = nets.pop("type_embedding_mode")
    smooth = script.flag("smooth_type_embedding", script.text("type") == "se_atten_v2")
    matters = mode == "strip" or bool(result["exclude_types"])  # elsewhere nothing is switched without attention
    return result | nets | {
        "type": "dpa1",
        "@version": 2,
        "sel": part.sel,
        "ntypes": part.ntypes,
        "attn": 128,
        "attn_layer": len(layers),
        "attn_dotr": True,
        "attn_mask": False,
        "scaling_factor": 1.0,
        "normalize": True,
        "temperature": None,
        "trainable_ln": True,
        "ln_eps": 1e-3,
        "smooth_type_embedding": smooth and matters,
        "tebd_input_mode": mode,
        "concat_output_tebd": True,
        "attention_layers": {
            "@class": "NeighborGatedAttention", "@version": 1, "layer_num": len(layers), "nnei": sum(part.sel),
            "embed_dim": nets["neuron"][-1], "hidden_dim": 128, "attention_layers": [],
        },
    }  # fmt: skip


def _shared_nets(graph: Graph, part: Environment, script: Settings) -> dict[str, Any]:
    """Nets of a descriptor with type embedding, both of se_e2_a and of DPA-1."""
    scope = f"{part.scope}_all{part.suffix}"
    declared = script.text("activation_function")
    tables = [op for op in tf_tables.operators(graph, part.scope, part.suffix) if op.kind == "se_atten"]
    strip = {suffix for suffix in (TWO_SIDES, ONE_SIDE) if embedding_layers(graph, scope, suffix)}
    result: dict[str, Any] = {"type_embedding_mode": "strip" if strip or tables else "concat"}
    if tables:
        rows = tf_tables.pair_rows(graph, tables[0])
        padded = part.ntypes + 1
        if rows.shape[0] not in (padded, padded**2) or rows.shape[1] != tables[0].width:
            raise NotPlainError(
                f"the compressed type embedding has shape {list(rows.shape)}: the graph is of an unknown kind"
            )
        tabulated = tf_tables.compressed(graph, tables[:1])
        tabulated["@variables"]["type_embd_data"] = rows
        one_side = rows.shape[0] == padded
        return result | {
            "neuron": [tables[0].width], "activation_function": declared or "tanh", "resnet_dt": False,
            "precision": graph.type_of(tables[0].table), "type_one_side": one_side, "compress": tabulated,
            "embeddings": collection([None], 0, part.ntypes, "embedding"),
        }  # fmt: skip
    main = embedding_net(graph, scope, "", declared)
    result |= {
        "neuron": main["neuron"],
        "activation_function": main["activation_function"],
        "resnet_dt": main["resnet_dt"],
        "precision": main["precision"],
        "embeddings": collection([main], 0, part.ntypes, "embedding"),
    }
    if not strip:
        return result | {
            "type_one_side": None
        }  # from the width of the input, where that of the type embedding is known
    net = embedding_net(graph, scope, strip.pop(), declared)
    return result | {
        "type_one_side": None,
        "embeddings_strip": collection([net], 0, part.ntypes, "embedding"),
    }


def settle_sides(result: dict[str, Any], width: int) -> None:
    """Set type_one_side of a descriptor with type embedding of this width, from the inputs of its net."""
    if "type_one_side" not in result or result["type_one_side"] is not None:
        return
    strip = "embeddings_strip" in result
    net = (result["embeddings_strip"] if strip else result["embeddings"])["networks"][0]
    found = net["in_dim"] - (0 if strip else 1)
    if found not in (width, 2 * width):
        raise ExportError(
            f"the embedding net takes {net['in_dim']} inputs, which does not fit to a type embedding of {width}"
        )
    result["type_one_side"] = found == width


def sums_of_sel(graph: Graph, part: Environment) -> tuple[int, int]:
    """The sum of sel, and the one that the moments are divided by (`original_sel`: sel at the time of training)."""
    original = graph.integers(f"descrpt_attr{part.suffix}/original_sel")
    now = sum(part.sel)
    then = now if original is None else sum(original)
    if then <= 0 or now <= 0:
        raise ExportError(f"descrpt_attr{part.suffix}/original_sel: expected positive numbers, got a sum of {then}")
    return now, then
