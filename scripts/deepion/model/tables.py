# SPDX-License-Identifier: MIT
"""Embedding nets as tables of polynomials (DeePMD-kit's compressed models), evaluated as DeePMD-kit 3.2.0 does.

With info = lower, upper, top, h0, h1: intervals of width h0 from lower to upper, then of width h1 to top. Inside an interval,
t from its beginning, g = a0 + a1 t + ... + a5 t^5. Outside, value and slope go on along a straight line.
"""

import numpy as np
from onnx import FunctionProto, TensorProto, helper

from .onnx_nodes import DOMAIN, OPSET, Nodes
from .potential import Table

POWERS = 6


def intervals(info: np.ndarray) -> tuple[int, int]:
    """Number of intervals of the first width, and the index of the last interval of all."""
    lower, upper, top, first, second = (float(x) for x in info[:5])
    count = int((upper - lower) / first)
    return count, count + int((np.nextafter(top, lower) - upper) / second)


def table_value_and_slope(table: Table, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """G and dG/ds, [n, M], of s [n] with numpy."""
    lower, upper, top, first, second = (float(x) for x in table.info[:5])
    count, last = intervals(table.info)
    low = np.trunc((np.clip(s, lower, upper) - lower) / first).astype(np.int64)
    high = np.trunc((np.clip(s, upper, top) - upper) / second).astype(np.int64)
    index = np.where(s < upper, low, np.where(s < top, count + high, last))
    t = np.where(s < upper, np.maximum(s, lower) - (low * first + lower), s - (high * second + upper))
    t = np.where(s < top, t, top - ((last - count) * second + upper))
    beyond = np.where(s < lower, s - lower, np.where(s < top, 0.0, s - top))
    a = table.data[index].reshape(len(s), -1, POWERS)
    t, beyond = t[:, None], beyond[:, None]
    value, slope = a[..., 5], 5.0 * a[..., 5]
    for power in range(4, -1, -1):
        value = a[..., power] + value * t
        if power:
            slope = power * a[..., power] + slope * t
    return value + slope * beyond, slope


def is_table(function: FunctionProto) -> bool:
    """Whether a function of a model file is a table, by its first two constants: no layer has 6 n outputs and an offset of 5."""
    shapes = [list(node.attribute[0].t.dims) for node in function.node if node.op_type == "Constant"][:2]
    return len(shapes) == 2 and len(shapes[0]) == 2 and shapes[0][1] % POWERS == 0 and shapes[1] == [5]


def table_function(name: str, table: Table) -> FunctionProto:
    """Function s [n, 1] -> g [n, M], dg_ds [n, M]; its first two constants are data and info as they are stored."""
    nodes = Nodes(like="s", prefix="t_")
    data = nodes.array(table.data)
    info = nodes.array(table.info[:5])
    lower, upper, top, first, second = (nodes.slice(info, 0, k, k + 1) for k in range(5))
    count, last = intervals(table.info)
    zero = nodes.number(0.0)

    def whole(x: str) -> str:
        return nodes.add("Cast", x, to=TensorProto.INT64)

    def real(x: str) -> str:
        return nodes.add("CastLike", x, "s")

    below = nodes.add("Less", "s", lower)
    in_first = nodes.add("Less", "s", upper)
    inside = nodes.add("Less", "s", top)
    x = nodes.add("Max", nodes.add("Min", "s", upper), lower)
    low = whole(nodes.add("Div", nodes.add("Sub", x, lower), first))
    x = nodes.add("Max", nodes.add("Min", "s", top), upper)
    high = whole(nodes.add("Div", nodes.add("Sub", x, upper), second))
    beyond = nodes.add("Where", below, nodes.add("Sub", "s", lower), zero)
    beyond = nodes.add("Where", inside, beyond, nodes.add("Sub", "s", top))
    index = nodes.add("Min", nodes.add("Add", high, nodes.integer(count)), nodes.integer(last))
    index = nodes.add("Where", inside, index, nodes.integer(last))
    index = nodes.add("Where", in_first, low, index)
    x = nodes.add("Max", "s", lower)
    t_low = nodes.add("Sub", x, nodes.add("Add", nodes.add("Mul", real(low), first), lower))
    t_high = nodes.add("Sub", "s", nodes.add("Add", nodes.add("Mul", real(high), second), upper))
    start = nodes.add("Add", nodes.add("Mul", nodes.number(float(last - count)), second), upper)
    t = nodes.add("Where", in_first, t_low, nodes.add("Where", inside, t_high, nodes.add("Sub", top, start)))

    rows = nodes.add("Gather", data, nodes.reshape(index, -1), axis=0)
    rows = nodes.reshape(rows, -1, table.n_out, POWERS)
    a = [nodes.add("Squeeze", nodes.slice(rows, 2, k, k + 1), nodes.integers(2)) for k in range(POWERS)]
    value, slope = a[5], nodes.add("Mul", a[5], nodes.number(5.0))
    for power in range(4, -1, -1):
        value = nodes.add("Add", a[power], nodes.add("Mul", value, t))
        if power:
            term = nodes.add("Mul", a[power], nodes.number(float(power))) if power > 1 else a[1]
            slope = nodes.add("Add", term, nodes.add("Mul", slope, t))
    nodes.rename(nodes.add("Add", value, nodes.add("Mul", slope, beyond)), "g")
    nodes.rename(slope, "dg_ds")
    return helper.make_function(DOMAIN, name, ["s"], ["g", "dg_ds"], nodes.nodes, [helper.make_opsetid("", OPSET)])
