# SPDX-License-Identifier: MIT
"""Tables of compressed models (`dp compress`) in a TensorFlow graph.

Layout: `descriptor["compress"] = {"@variables": {"info": {net: [6]}, "data": {net: [intervals, 6 M]}}}`, nets named as DeePMD-kit
does, "filter_{center}_net_{neighbor}", "filter_-1_net_{neighbor}" where centers share nets, "filter_net" with type embedding (whose
values come as "type_embd_data": [rows, M], row center * (ntypes + 1) + neighbor, or the neighbor alone; the last type is padding).

info is lower, upper, max, h0, h1 and a number that evaluation does not use. data[i, 6 k + p] is the coefficient a_p of output k
in interval i. For x, the normalized radial component of the environment matrix (deepmd::tabulate_fusion_*, DeePMD-kit 3.2.0; int()
cuts off):

    n0   = int((upper - lower) / h0)
    last = n0 + int((nextafter(max, lower) - upper) / h1)
    x < lower           i = 0                         t = 0                                e = x - lower
    lower <= x < upper  i = int((x - lower) / h0)     t = x - (i h0 + lower)               e = 0
    upper <= x < max    i = n0 + int((x - upper)/h1)  t = x - ((i - n0) h1 + upper)        e = 0
    max <= x            i = last                      t = max - ((last - n0) h1 + upper)   e = x - max
    g = P(t) + P'(t) e,  dg/dx = P'(t),  P(t) = a0 + a1 t + ... + a5 t^5

so that value and slope go on in a straight line outside the table. (DeePMD-kit up to 3.1 kept the value constant there.)
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .graphdef import Graph, in_gradients
from .table import NotPlainError

KINDS = {
    "TabulateFusion": "se_e2_a",
    "TabulateFusionSeA": "se_e2_a",
    "TabulateFusionSeR": "se_e2_r",
    "TabulateFusionSeT": "se_e3",
    "TabulateFusionSeAtten": "se_atten",
}


@dataclass(frozen=True)
class Operator:
    """One evaluation of a table; center: None where all centers share it; neighbor: -1 where all types share it.

    columns: first column and number of columns of the neighbors in a row of the environment matrix.
    """

    name: str
    kind: str
    center: int | None
    columns: tuple[int, int]
    neighbor: int
    table: str
    info: str
    width: int


def operators(graph: Graph, scope: str, suffix: str) -> list[Operator]:
    """The tables of one descriptor, whose operators have names SCOPE_(center|all)SUFFIX/...; neighbor: still a column."""
    place = re.compile(rf"{re.escape(scope)}_(all|\d+){re.escape(suffix)}/[^/]*")
    found = []
    for name, node in graph.nodes.items():
        kind = KINDS.get(node.op)
        match = place.fullmatch(name)
        if kind is None or match is None or in_gradients(name):
            continue
        inputs = graph.inputs(name)
        if len(inputs) < (3 if kind == "se_e2_r" else 4):
            raise ExportError(f"{name} has {len(inputs)} inputs: the graph is damaged")
        center = None if match[1] == "all" else int(match[1])
        shared = kind in ("se_atten", "se_e3")
        columns = (0, 0) if shared else _columns(graph, name, inputs[-1])
        table = _constant_behind(graph, inputs[0])
        found.append(Operator(name, kind, center, columns, -1, table, inputs[1], int(node.attr["last_layer_size"].i)))
    return found


def _constant_behind(graph: Graph, name: str) -> str:
    """The constant that a table is cast from."""
    node = graph.nodes.get(name)
    if node is not None and node.op == "Cast" and node.input:
        return graph.source(node.input[0])
    return name


def _columns(graph: Graph, name: str, source: str) -> tuple[int, int]:
    """First column and number of columns, in a row of the environment matrix, of the neighbors that a table is for."""
    for _ in range(8):
        node = graph.nodes.get(source)
        if node is None or not node.input:
            break
        if node.op == "Slice" and len(node.input) == 3:
            _, begin, size = graph.inputs(source)
            first, count = graph.integers(begin), graph.integers(size)
            if first is not None and count is not None and len(first) == len(count) == 2:
                return first[1], count[1]
            break
        source = graph.inputs(source)[0]
    raise NotPlainError(
        f"{name}: which neighbors its table is for is not clear from the graph: it is of an unknown kind"
    )


def with_neighbors(tables: list[Operator], sel: list[int], width: int) -> list[Operator]:
    """The same tables with the types of their neighbors; width: columns of one neighbor (4, or 1 in se_e2_r)."""
    places = [(width * sum(sel[:kind]), width * sel[kind]) for kind in range(len(sel))]
    result: list[Operator] = []
    for op in tables:
        taken = {other.neighbor for other in result if other.center == op.center}
        kind = next((t for t, place in enumerate(places) if place == op.columns and t not in taken), None)
        if kind is None:
            raise ExportError(f"{op.name}: columns {op.columns} of the environment matrix fit to no type of sel {sel}")
        result.append(replace(op, neighbor=kind))
    return result


def compressed(graph: Graph, tables: list[Operator]) -> dict[str, Any]:
    """The entry `compress` of a descriptor."""
    info, data = {}, {}
    for op in tables:
        if op.neighbor < 0:
            net = "filter_net"
        else:
            net = f"filter_{-1 if op.center is None else op.center}_net_{op.neighbor}"
        info[net], data[net] = checked(op, graph.need(op.info), graph.need(op.table))
    return {"@variables": {"info": info, "data": data}}


def checked(op: Operator, info: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Settings [6] and coefficients [intervals, 6 M] of a table that can be evaluated everywhere."""
    info = info.ravel()
    if info.size != 6 or not np.issubdtype(info.dtype, np.floating) or not np.isfinite(info).all():
        raise ExportError(
            f"{op.info}: expected 6 finite numbers, got {info.size} of type {info.dtype}: the table is damaged"
        )
    lower, upper, top, first, second = (float(value) for value in info[:5])
    if not (lower < upper < top and first > 0.0 and second > 0.0) or (top - lower) / min(first, second) > 1e8:
        raise ExportError(
            f"{op.info}: a table from {lower} over {upper} to {top} with steps {first}, {second} makes no sense"
        )
    if table.ndim != 2 or op.width <= 0 or table.shape[1] != 6 * op.width:
        raise ExportError(f"{op.table}: expected [intervals, {6 * op.width}] coefficients, got {list(table.shape)}")
    kind = info.dtype.type
    needed = int((info[1] - info[0]) / info[3]) + int((np.nextafter(info[2], info[0]) - info[1]) / info[4]) + 1
    if table.shape[0] < needed:
        raise ExportError(
            f"{op.table}: {table.shape[0]} intervals, its settings ({kind.__name__}) need {needed}: it is damaged"
        )
    return info, table


def pair_rows(graph: Graph, op: Operator) -> np.ndarray:
    """The embedded pairs of types (or neighbors' types) that a table of DPA-1 is combined with, [rows, M]."""
    waiting, seen = [graph.inputs(op.name)[4]] if len(graph.inputs(op.name)) > 4 else [], set()
    while waiting:
        name = waiting.pop()
        node = graph.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op in ("GatherV2", "Gather", "ResourceGather") and node.input:
            value = graph.array(_constant_behind(graph, graph.source(node.input[0])))
            if value is not None and value.ndim == 2:
                return value
        if node.op in ("Reshape", "Mul", "Cast", "GatherV2"):
            waiting.extend(graph.inputs(name))
    raise ExportError(f"{op.name}: the type embedding that belongs to this table is not in the graph as a constant")
