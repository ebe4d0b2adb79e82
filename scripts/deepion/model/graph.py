# SPDX-License-Identifier: MIT
"""The whole potential as one ONNX graph in float64: energy, forces and virial from coordinates and a neighbor list.

Inputs: coord [nall, 3] (the nloc local atoms first), atype [nall] (-1: invisible), nlist [nloc, slots] (indices into
coord, -1 for an empty slot: the slots of all descriptors one after the other, of each a block of sel[t] slots per neighbor
type t, or one block for all types), and fparam [numb_fparam] and aparam [nloc, numb_aparam] where the model has them. Lengths
in Angstrom, energies in eV.

Outputs: atom_energy [nloc], energy [1], force [nall, 3], virial [3, 3] and atom_virial [nall, 3, 3] as DeePMD-kit gives
them: [a, b] = force_a * position_b; the term of a center and its neighbor belongs to the neighbor. The results of
image atoms are for the caller to add to their owners.

The networks are called as local functions; their derivatives come from the functions, everything else is differentiated
by hand here. Center types are gone through one by one where they have networks of their own; where all share their networks,
one pass serves all centers, and what depends on types is looked up.
"""

from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, TensorProto, helper

from .contract import fitting_names
from .graph_contraction import Contraction, contraction_of
from .graph_environment import Centers, Frame, environment
from .graph_pair_table import PairTerm
from .onnx_nodes import DOMAIN, Nodes
from .potential import Family, Potential


def build_graph(potential: Potential) -> GraphProto:
    """The graph of a potential whose functions are named as in its contract."""
    nodes = Nodes()
    frame = Frame(nodes, potential)
    results = [_centers(nodes, potential, frame, kind) for kind in _kinds(potential)]
    table = potential.pair_table
    _gather_results(nodes, frame, results, None if table is None else PairTerm(nodes, potential, frame, table))
    inputs = [
        _tensor("coord", TensorProto.DOUBLE, ["nall", 3]),
        _tensor("atype", TensorProto.INT64, ["nall"]),
        _tensor("nlist", TensorProto.INT64, ["nloc", potential.slots]),
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


def _kinds(potential: Potential) -> list[int | None]:
    """Center types to go through one by one, or None for all at once."""
    shared = isinstance(potential.fitting, Family) and all(
        isinstance(part.embedding_of, str) for part in potential.parts
    )
    if shared:
        return [None]
    return [t for t in range(potential.ntypes) if t not in potential.atom_exclude_types]


@dataclass
class _Pairs:
    """One descriptor's neighbors of n centers."""

    neighbor: str  # int64 [n, nsel]
    gradient: str  # [n, nsel, 3]: dE/d(r_neighbor - r_center)
    difference: str  # [n, nsel, 3]


@dataclass
class _Result:
    center: str  # int64 [n], row in nlist
    energy: str  # [n]
    pairs: list[_Pairs]


def _centers(nodes: Nodes, potential: Potential, frame: Frame, kind: int | None) -> _Result:
    """Energies and gradients of all centers of one type, or of all."""
    centers = Centers(nodes, potential, frame, kind)
    contractions: list[Contraction] = []
    for number in range(len(potential.parts)):
        env = environment(nodes, potential, frame, centers, number)
        contractions.append(contraction_of(nodes, potential, centers, number, env))
    energy, gradients = _fitting(nodes, potential, frame, centers, contractions)
    pairs = []
    for contraction, gradient in zip(contractions, gradients, strict=True):
        env = contraction.env
        pairs.append(_Pairs(env.neighbor, contraction.pair_gradient(gradient), env.difference))
    return _Result(centers.index, energy, pairs)


def _fitting(nodes: Nodes, potential: Potential, frame: Frame, centers: Centers, contractions: list[Contraction]):
    """Energies [n], and of every descriptor what its contraction makes of dE/dD."""
    descriptors = [contraction.descriptor() for contraction in contractions]
    lengths = [part.length for part in potential.parts]
    inputs = [descriptors[0] if len(descriptors) == 1 else nodes.add("Concat", *descriptors, axis=1)]
    names = fitting_names(potential)
    if isinstance(names, str):
        inputs.append(centers.types())
    if frame.param is not None:
        inputs.append(nodes.add("Gather", frame.param, centers.index, axis=0))
    name = names if isinstance(names, str) else names[centers.of_kind]
    energy, gradient = nodes.add_many(name, inputs, 2, domain=DOMAIN)
    scale = centers.constant(potential.energy_scale)
    shift = centers.constant(potential.energy_shift)
    energy = nodes.reshape(nodes.add("Add", nodes.add("Mul", energy, scale), shift), -1)
    scaled = nodes.add("Mul", gradient, scale)
    if len(contractions) == 1:
        return energy, [contractions[0].through(scaled)]
    found, stop = [], 0
    for contraction, length in zip(contractions, lengths, strict=True):
        start, stop = stop, stop + length
        found.append(contraction.through(nodes.slice(scaled, 1, start, stop)))
    return energy, found


def _scatter_rows(nodes: Nodes, count: str, width: int, terms: list[tuple[str, str]]) -> str:
    """Zeros [count, width] plus the rows of each (int64 index [k], updates [k, width])."""
    shape = nodes.add("Concat", count, nodes.integers(width), axis=0)
    total = nodes.add("Expand", nodes.array(np.zeros((1, 1))), shape)
    for index, updates in terms:
        index = nodes.add("Expand", nodes.reshape(index, -1, 1), nodes.add("Shape", updates))
        total = nodes.add("ScatterElements", total, index, updates, axis=0, reduction="add")
    return total


def _gather_results(nodes: Nodes, frame: Frame, results: list[_Result], pair: PairTerm | None) -> None:
    """Sum the center types into the graph's outputs."""
    energies: list[tuple[str, str]] = []
    forces: list[tuple[str, str]] = []
    virials: list[tuple[str, str]] = []
    for result in results:
        energies.append((result.center, nodes.reshape(result.energy, -1, 1)))
        if pair is not None and pair.switched:
            share = nodes.add("Unsqueeze", pair.model_share(result.center), nodes.integers(2))
            for pairs in result.pairs:
                pairs.gradient = nodes.add("Mul", pairs.gradient, share)
        for pairs in result.pairs:
            _add_pairs(nodes, result.center, pairs, forces, virials)
    if pair is not None:
        model = nodes.add("Gather", _scatter_rows(nodes, frame.nloc, 1, energies), pair.centers.index, axis=0)
        for gradient in pair.gradients(model):
            pairs = _Pairs(gradient.neighbor, gradient.gradient, gradient.difference)
            _add_pairs(nodes, pair.centers.index, pairs, forces, virials)
        energies = [(pair.centers.index, pair.combined(model))]
    atom_energy = nodes.reshape(_scatter_rows(nodes, frame.nloc, 1, energies), -1)
    nodes.rename(atom_energy, "atom_energy")
    nodes.rename(nodes.sum(atom_energy, 0, keepdims=1), "energy")
    nodes.rename(_scatter_rows(nodes, frame.nall, 3, forces), "force")
    atom_virial = _scatter_rows(nodes, frame.nall, 9, virials)
    nodes.rename(nodes.reshape(nodes.sum(atom_virial, 0), 3, 3), "virial")
    nodes.rename(nodes.reshape(atom_virial, -1, 3, 3), "atom_virial")


def _add_pairs(nodes: Nodes, center: str, pairs: _Pairs, forces: list, virials: list) -> None:
    minus = nodes.add("Neg", pairs.gradient)
    neighbor = nodes.reshape(pairs.neighbor, -1)
    forces.append((center, nodes.sum(pairs.gradient, 1)))
    forces.append((neighbor, nodes.reshape(minus, -1, 3)))
    tensor = nodes.add(
        "Mul",
        nodes.add("Unsqueeze", minus, nodes.integers(3)),
        nodes.add("Unsqueeze", pairs.difference, nodes.integers(2)),
    )
    virials.append((neighbor, nodes.reshape(tensor, -1, 9)))
