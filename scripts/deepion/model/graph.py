# SPDX-License-Identifier: MIT
"""The whole potential as one ONNX graph in float64: energy, forces and virial from coordinates and a neighbor list.

Inputs: coord [nall, 3] (the nloc local atoms first), atype [nall] (-1: invisible), nlist [nloc, sum(sel)] (indices into
coord, a block of sel[t] slots per neighbor type t, -1 for an empty slot), and fparam [numb_fparam] and
aparam [nloc, numb_aparam] where the model has them. Lengths in Angstrom, energies in eV.

Outputs: atom_energy [nloc], energy [1], force [nall, 3], virial [3, 3] and atom_virial [nall, 3, 3] as DeePMD-kit gives
them: [a, b] = force_a * position_b; the term of a center and its neighbor belongs to the neighbor. The results of
image atoms are for the caller to add to their owners.

The networks are called as local functions; their derivatives come from the functions, everything else is differentiated
by hand here.
"""

from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, TensorProto, helper

from .onnx_nodes import DOMAIN, Nodes
from .potential import Potential
from .switch import C0, C1, C2, SLOPE


def build_graph(potential: Potential, fitting_names: list[str]) -> GraphProto:
    """The graph of a potential whose functions are named by potential.embedding_of and fitting_names."""
    nodes = Nodes()
    frame = _Frame(nodes, potential)
    parts = [
        _center_type(nodes, potential, frame, center, fitting_names[center])
        for center in range(potential.ntypes)
        if center not in potential.atom_exclude_types
    ]
    _gather_results(nodes, potential, frame, parts)
    inputs = [
        _tensor("coord", TensorProto.DOUBLE, ["nall", 3]),
        _tensor("atype", TensorProto.INT64, ["nall"]),
        _tensor("nlist", TensorProto.INT64, ["nloc", sum(potential.sel)]),
    ]
    if potential.numb_fparam:
        inputs.append(_tensor("fparam", TensorProto.DOUBLE, [potential.numb_fparam]))
    if potential.numb_aparam:
        inputs.append(_tensor("aparam", TensorProto.DOUBLE, ["nloc", potential.numb_aparam]))
    outputs = [
        _tensor("atom_energy", TensorProto.DOUBLE, ["nloc"]),
        _tensor("energy", TensorProto.DOUBLE, [1]),
        _tensor("force", TensorProto.DOUBLE, ["nall", 3]),
        _tensor("virial", TensorProto.DOUBLE, [3, 3]),
        _tensor("atom_virial", TensorProto.DOUBLE, ["nall", 3, 3]),
    ]
    return helper.make_graph(nodes.nodes, "deep_potential", inputs, outputs)


def _tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


class _Frame:
    """Tensors shared by all center types."""

    def __init__(self, nodes: Nodes, potential: Potential):
        self.nloc = nodes.length("nlist")  # int64 [1]
        self.nall = nodes.length("coord")
        local_type = nodes.add("Slice", "atype", nodes.integers(0), self.nloc, nodes.integers(0))
        self.local_type = local_type
        # a neighbor that is invisible leaves its slot empty
        listed = nodes.add("GreaterOrEqual", "nlist", nodes.integer(0))
        index = nodes.add("Where", listed, "nlist", nodes.integer(0))
        visible = nodes.add("GreaterOrEqual", nodes.add("Gather", "atype", index, axis=0), nodes.integer(0))
        self.real = nodes.add("And", listed, visible)  # bool [nloc, nsel]
        self.index = index  # int64 [nloc, nsel], 0 in empty slots
        self.param = self._parameters(nodes, potential)

    def _parameters(self, nodes: Nodes, potential: Potential) -> str | None:
        """[nloc, numb_fparam + numb_aparam] or None."""
        if potential.scaling is None:
            return None
        parts = []
        if potential.numb_fparam:
            shape = nodes.add("Concat", self.nloc, nodes.integers(potential.numb_fparam), axis=0)
            parts.append(nodes.add("Expand", nodes.reshape("fparam", 1, potential.numb_fparam), shape))
        if potential.numb_aparam:
            parts.append("aparam")
        return parts[0] if len(parts) == 1 else nodes.add("Concat", *parts, axis=1)


@dataclass
class _Part:
    """Results of the n local atoms of one center type."""

    center: str  # int64 [n], row in nlist
    energy: str  # [n]
    neighbor: str  # int64 [n, nsel]
    pair_gradient: str  # [n, nsel, 3]: dE/d(r_neighbor - r_center)
    difference: str  # [n, nsel, 3]


@dataclass
class _Environment:
    """Environment-matrix rows of one center type and what their derivatives need; each [n, nsel] unless stated."""

    center: str
    neighbor: str
    difference: str  # [n, nsel, 3]
    unit: str  # difference / r, [n, nsel, 3]
    radial: str  # (a - davg) / dstd0
    radial_slope: str  # d radial / dr
    angular: str  # b / dstd1
    angular_slope: str
    rows: str  # [n, nsel, 4]


def _environment(nodes: Nodes, potential: Potential, frame: _Frame, center_type: int) -> _Environment:
    found = nodes.add("Equal", frame.local_type, nodes.integer(center_type))
    center = nodes.reshape(nodes.add("NonZero", found), -1)
    neighbor = nodes.add("Gather", frame.index, center, axis=0)
    real = nodes.add("Gather", frame.real, center, axis=0)
    real = _mask_types(nodes, potential, real, _partners(potential.pair_exclude_types, center_type))
    position = nodes.add("Unsqueeze", nodes.add("Gather", "coord", center, axis=0), nodes.integers(1))
    difference = nodes.add("Sub", nodes.add("Gather", "coord", neighbor, axis=0), position)

    zero, one = nodes.number(0.0), nodes.number(1.0)
    square = nodes.sum(nodes.add("Mul", difference, difference), 2)
    r = nodes.add("Sqrt", nodes.add("Where", real, square, one))
    weight, weight_slope = _switch(nodes, potential, r)
    present = nodes.add("Where", real, one, zero)
    weight = nodes.add("Mul", weight, present)
    weight_slope = nodes.add("Mul", weight_slope, present)

    inverse = nodes.add("Div", one, nodes.add("Add", r, nodes.number(potential.env_protection)))
    a = nodes.add("Mul", weight, inverse)
    b = nodes.add("Mul", a, inverse)
    a_slope = nodes.add("Sub", nodes.add("Mul", weight_slope, inverse), b)
    b_slope = nodes.add("Mul", nodes.add("Sub", a_slope, b), inverse)  # w'/(r+p)^2 - 2 w/(r+p)^3

    average = nodes.number(float(potential.davg[center_type]))
    std_radial = nodes.number(float(potential.dstd[center_type, 0]))
    std_angular = nodes.number(float(potential.dstd[center_type, 1]))
    radial = nodes.add("Div", nodes.add("Sub", a, average), std_radial)
    radial_slope = nodes.add("Div", a_slope, std_radial)
    angular = nodes.add("Div", b, std_angular)
    angular_slope = nodes.add("Div", b_slope, std_angular)

    masked = _partners(potential.exclude_types, center_type)
    if masked:
        kept = nodes.add("Not", _and_type(nodes, potential, real, masked))
        kept = nodes.add("Where", kept, one, zero)
        radial, radial_slope, angular, angular_slope = (
            nodes.add("Mul", x, kept) for x in (radial, radial_slope, angular, angular_slope)
        )
    unit = nodes.add("Div", difference, nodes.add("Unsqueeze", r, nodes.integers(2)))
    vector = nodes.add("Mul", nodes.add("Unsqueeze", angular, nodes.integers(2)), difference)
    rows = nodes.add("Concat", nodes.add("Unsqueeze", radial, nodes.integers(2)), vector, axis=2)
    return _Environment(center, neighbor, difference, unit, radial, radial_slope, angular, angular_slope, rows)


def _partners(pairs: list[list[int]], center_type: int) -> set[int]:
    """Neighbor types excluded for a center type; pairs hold in both orders."""
    return {j for i, j in pairs if i == center_type} | {i for i, j in pairs if j == center_type}


def _slots_of(nodes: Nodes, potential: Potential, types: set[int]) -> str:
    """bool [1, nsel]: the slots of these neighbor types."""
    flags = np.repeat([int(t in types) for t in range(potential.ntypes)], potential.sel)
    return nodes.add("Greater", nodes.array(flags.reshape(1, -1)), nodes.number(0.5))


def _and_type(nodes: Nodes, potential: Potential, real: str, types: set[int]) -> str:
    return nodes.add("And", real, _slots_of(nodes, potential, types))


def _mask_types(nodes: Nodes, potential: Potential, real: str, types: set[int]) -> str:
    """real without the slots of these neighbor types."""
    if not types:
        return real
    return nodes.add("And", real, nodes.add("Not", _slots_of(nodes, potential, types)))


def _switch(nodes: Nodes, potential: Potential, r: str) -> tuple[str, str]:
    """DeePMD-kit's quintic switch w(r) and dw/dr."""
    width = potential.rcut - potential.rcut_smth
    u = nodes.add("Div", nodes.add("Sub", r, nodes.number(potential.rcut_smth)), nodes.number(width))
    u = nodes.add("Min", nodes.add("Max", u, nodes.number(0.0)), nodes.number(1.0))
    u2 = nodes.add("Mul", u, u)

    def quadratic(c2: float, c1: float, c0: float) -> str:
        linear = nodes.add("Add", nodes.add("Mul", u, nodes.number(c1)), nodes.number(c0))
        return nodes.add("Add", nodes.add("Mul", u2, nodes.number(c2)), linear)

    w = nodes.add("Add", nodes.add("Mul", nodes.add("Mul", u2, u), quadratic(C2, C1, C0)), nodes.number(1.0))
    slope = nodes.add("Mul", u2, quadratic(*(c / width for c in SLOPE)))
    return w, slope


@dataclass
class _Embedded:
    """Embedding g and dg/ds, and rows of the slots of one neighbor type; [n, sel_j, M], [n, sel_j, M], [n, sel_j, 4]."""

    g: str
    g_slope: str
    rows: str


@dataclass
class _Block:
    """The slots of one neighbor type; embedded: None where this pair of types is excluded."""

    start: int
    stop: int
    embedded: _Embedded | None


def _blocks(nodes: Nodes, potential: Potential, env: _Environment, center_type: int) -> list[_Block]:
    width = potential.neuron[-1]
    blocks = []
    stop = 0
    for j, name in enumerate(potential.embedding_of[center_type]):
        start, stop = stop, stop + potential.sel[j]
        if start == stop:
            continue
        if name is None:
            blocks.append(_Block(start, stop, None))
            continue
        s = nodes.reshape(nodes.slice(env.radial, 1, start, stop), -1, 1)
        g, g_slope = nodes.add_many(name, [s], 2, domain=DOMAIN)
        blocks.append(
            _Block(
                start,
                stop,
                _Embedded(
                    nodes.reshape(g, -1, stop - start, width),
                    nodes.reshape(g_slope, -1, stop - start, width),
                    nodes.slice(env.rows, 1, start, stop),
                ),
            )
        )
    return blocks


def _descriptor_matrix(nodes: Nodes, potential: Potential, env: _Environment, blocks: list[_Block]) -> str:
    """T [n, 4, M] = sum over slots of row (x) embedding, over sum(sel)."""
    width = potential.neuron[-1]
    embedded = [block.embedded for block in blocks if block.embedded is not None]
    terms = [nodes.add("MatMul", nodes.transpose(of.rows, 0, 2, 1), of.g) for of in embedded]
    if not terms:
        count = nodes.length(env.center)
        shape = nodes.add("Concat", count, nodes.integers(4, width), axis=0)
        return nodes.add("Expand", nodes.array(np.zeros((1, 1, 1))), shape)
    total = terms[0]
    for term in terms[1:]:
        total = nodes.add("Add", total, term)
    return nodes.add("Div", total, nodes.number(float(sum(potential.sel))))


def _fitting(nodes: Nodes, potential: Potential, frame: _Frame, env: _Environment, t: str, center_type: int, name: str):
    """Energies [n] and dE/dT [n, 4, M]."""
    width, axis = potential.neuron[-1], potential.axis_neuron
    t_axis = nodes.slice(t, 2, 0, axis)
    descriptor = nodes.add("MatMul", nodes.transpose(t, 0, 2, 1), t_axis)
    inputs = [nodes.reshape(descriptor, -1, width * axis)]
    if frame.param is not None:
        inputs.append(nodes.add("Gather", frame.param, env.center, axis=0))
    energy, gradient = nodes.add_many(name, inputs, 2, domain=DOMAIN)
    scale = nodes.number(float(potential.energy_scale[center_type]))
    shift = nodes.number(float(potential.energy_shift[center_type]))
    energy = nodes.reshape(nodes.add("Add", nodes.add("Mul", energy, scale), shift), -1)
    p = nodes.reshape(nodes.add("Mul", gradient, scale), -1, width, axis)
    left = nodes.add("MatMul", t_axis, nodes.transpose(p, 0, 2, 1))
    right = nodes.add("MatMul", t, p)
    if axis < width:
        right = nodes.add("Pad", right, nodes.integers(0, 0, 0, 0, 0, width - axis))
    return energy, nodes.add("Add", left, right)


def _pair_gradient(nodes: Nodes, potential: Potential, env: _Environment, blocks: list[_Block], t_gradient: str) -> str:
    """dE/d(r_neighbor - r_center), [n, nsel, 3]."""
    scaled = nodes.add("Div", t_gradient, nodes.number(float(sum(potential.sel))))
    scaled_t = nodes.transpose(scaled, 0, 2, 1)
    row_gradients, radial_gradients = [], []
    for block in blocks:
        of = block.embedded
        if of is None:
            empty = nodes.add("Mul", nodes.slice(env.rows, 1, block.start, block.stop), nodes.number(0.0))
            row_gradients.append(empty)
            radial_gradients.append(nodes.sum(empty, 2))
            continue
        row_gradients.append(nodes.add("MatMul", of.g, scaled_t))
        through_g = nodes.add("MatMul", of.rows, scaled)
        radial_gradients.append(nodes.sum(nodes.add("Mul", through_g, of.g_slope), 2))
    row_gradient = nodes.add("Concat", *row_gradients, axis=1)
    direct = nodes.add("Squeeze", nodes.slice(row_gradient, 2, 0, 1), nodes.integers(2))
    radial_gradient = nodes.add("Add", nodes.add("Concat", *radial_gradients, axis=1), direct)
    vector_gradient = nodes.slice(row_gradient, 2, 1, 4)
    # along the bond: through the radial row and through the length of the vector row; across: b * gradient
    stretch = nodes.add("Mul", nodes.sum(nodes.add("Mul", vector_gradient, env.difference), 2), env.angular_slope)
    along = nodes.add("Add", nodes.add("Mul", radial_gradient, env.radial_slope), stretch)
    along = nodes.add("Mul", nodes.add("Unsqueeze", along, nodes.integers(2)), env.unit)
    across = nodes.add("Mul", nodes.add("Unsqueeze", env.angular, nodes.integers(2)), vector_gradient)
    return nodes.add("Add", along, across)


def _center_type(nodes: Nodes, potential: Potential, frame: _Frame, center_type: int, fitting_name: str) -> _Part:
    env = _environment(nodes, potential, frame, center_type)
    blocks = _blocks(nodes, potential, env, center_type)
    t = _descriptor_matrix(nodes, potential, env, blocks)
    energy, t_gradient = _fitting(nodes, potential, frame, env, t, center_type, fitting_name)
    gradient = _pair_gradient(nodes, potential, env, blocks, t_gradient)
    return _Part(env.center, energy, env.neighbor, gradient, env.difference)


def _scatter_rows(nodes: Nodes, count: str, width: int, terms: list[tuple[str, str]]) -> str:
    """Zeros [count, width] plus the rows of each (int64 index [k], updates [k, width])."""
    shape = nodes.add("Concat", count, nodes.integers(width), axis=0)
    total = nodes.add("Expand", nodes.array(np.zeros((1, 1))), shape)
    for index, updates in terms:
        index = nodes.add("Expand", nodes.reshape(index, -1, 1), nodes.add("Shape", updates))
        total = nodes.add("ScatterElements", total, index, updates, axis=0, reduction="add")
    return total


def _gather_results(nodes: Nodes, potential: Potential, frame: _Frame, parts: list[_Part]) -> None:
    """Sum the center types into the graph's outputs."""
    energies, forces, virials = [], [], []
    for part in parts:
        energies.append((part.center, nodes.reshape(part.energy, -1, 1)))
        minus = nodes.add("Neg", part.pair_gradient)
        neighbor = nodes.reshape(part.neighbor, -1)
        forces.append((part.center, nodes.sum(part.pair_gradient, 1)))
        forces.append((neighbor, nodes.reshape(minus, -1, 3)))
        tensor = nodes.add(
            "Mul",
            nodes.add("Unsqueeze", minus, nodes.integers(3)),
            nodes.add("Unsqueeze", part.difference, nodes.integers(2)),
        )
        virials.append((neighbor, nodes.reshape(tensor, -1, 9)))
    atom_energy = nodes.reshape(_scatter_rows(nodes, frame.nloc, 1, energies), -1)
    nodes.rename(atom_energy, "atom_energy")
    nodes.rename(nodes.sum(atom_energy, 0, keepdims=1), "energy")
    nodes.rename(_scatter_rows(nodes, frame.nall, 3, forces), "force")
    atom_virial = _scatter_rows(nodes, frame.nall, 9, virials)
    nodes.rename(nodes.reshape(nodes.sum(atom_virial, 0), 3, 3), "virial")
    nodes.rename(nodes.reshape(atom_virial, -1, 3, 3), "atom_virial")
