# SPDX-License-Identifier: MIT
"""Tables of pair energies as a function of the exported file."""

import numpy as np
from onnx import FunctionProto, TensorProto, helper

from .onnx_nodes import DOMAIN, OPSET, Nodes
from .potential import PairTable


def pair_table_function(name: str, table: PairTable) -> FunctionProto:
    """Function pair int64 [k], r [k, 1] -> energy [k, 1], denergy_dr [k, 1]; 0 beyond the table's end.

    Its first constant holds the coefficients [pairs * intervals, 4], row = pair * intervals + interval.
    """
    nodes = Nodes(like="r", prefix="t_")
    coefficients = nodes.array(table.coefficients.reshape(-1, 4))
    u = nodes.add("Div", nodes.add("Sub", "r", nodes.number(table.start)), nodes.number(table.step))
    place = nodes.add("Cast", u, to=TensorProto.INT64)
    # closer than the table begins, its first polynomial goes on
    place = nodes.add("Min", nodes.add("Max", place, nodes.integer(0)), nodes.integer(table.intervals - 1))
    t = nodes.add("Sub", u, nodes.add("CastLike", place, "r"))
    base = nodes.add("Mul", "pair", nodes.integer(table.intervals))
    row = nodes.add("Add", base, nodes.reshape(place, -1))
    a = nodes.add("Gather", coefficients, row, axis=0)
    a3, a2, a1, a0 = (nodes.slice(a, 1, k, k + 1) for k in range(4))
    energy = nodes.add("Add", nodes.add("Mul", a3, t), a2)
    energy = nodes.add("Add", nodes.add("Mul", energy, t), a1)
    energy = nodes.add("Add", nodes.add("Mul", energy, t), a0)
    slope = nodes.add("Add", nodes.add("Mul", nodes.add("Mul", a3, nodes.number(3.0)), t), nodes.add("Add", a2, a2))
    slope = nodes.add("Add", nodes.add("Mul", slope, t), a1)
    slope = nodes.add("Div", slope, nodes.number(table.step))
    within = nodes.add("Less", "r", nodes.number(float(np.float64(table.end))))
    zero = nodes.number(0.0)
    nodes.rename(nodes.add("Where", within, energy, zero), "energy")
    nodes.rename(nodes.add("Where", within, slope, zero), "denergy_dr")
    return helper.make_function(
        DOMAIN, name, ["pair", "r"], ["energy", "denergy_dr"], nodes.nodes, [helper.make_opsetid("", OPSET)]
    )
