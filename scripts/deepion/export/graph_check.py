# SPDX-License-Identifier: MIT
"""Compare a potential read from a frozen TensorFlow graph with the energies that the graph itself computes.

Both take the same random environment matrices of a few atoms, so that neither coordinates nor neighbor lists are needed.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepion.errors import ExportError
from deepion.formats.graph_run import UnknownOperatorError, run
from deepion.formats.graphdef import Graph, in_gradients, read_graph
from deepion.formats.tf_descriptors import FULL, MIXED, RADIAL
from deepion.model.networks import network_value
from deepion.model.potential import Descriptor, PairTable, Potential
from deepion.model.switch import cubic_switch, switch
from deepion.reduction.radial import embedding_with_slope

NEAREST = 1.5  # A, or less where a table takes over at shorter distances
FILLED = 4  # neighbors of each type, or three times as many of all types
# allowed differences, of the spread of energies between environments and of the energies: cutoffs and constants in single
# precision (smooth_type_embedding, gelu_tf) make 1e-10 eV, another function than the one that was read makes 1e-3 eV or more
OF_SPREAD = {"float64": 1e-6, "float32": 1e-2}
OF_SIZE = {"float64": 1e-9, "float32": 1e-5}
ENERGIES = ("o_atom_energy", "atom_energy_test")  # the second one: version 0.12


@dataclass
class Rows:
    """What a descriptor sees: r [n, slots] (A), s [n, slots] (1/A, 0 where empty), unit [n, slots, 3], type [n, slots] (ntypes
    where empty).
    """

    r: np.ndarray
    s: np.ndarray
    unit: np.ndarray
    type: np.ndarray


def checked(path: Path, potential: Potential) -> Potential:
    """The potential, with a note where it could not be compared. Raises ExportError where its energies are not the graph's."""
    try:
        difference, spread, size = differences(read_graph(path), potential)
    except UnknownOperatorError as error:
        note = f"not compared with the energies that the graph itself computes: {error}"
        return replace(potential, notes=[*potential.notes, note])
    if not difference <= OF_SPREAD[potential.precision] * spread + OF_SIZE[potential.precision] * size:
        raise ExportError(
            f"{path}: the graph computes other energies than the potential that was read from it, by {difference:.1e} eV: it is of a "
            "kind that deepion does not know; convert it where DeePMD-kit is installed, with  dp convert-backend"
        )
    return potential


def differences(graph: Graph, potential: Potential) -> tuple[float, float, float]:
    """Largest difference of an atom's energy, the spread of the energies of one type, and the largest energy, eV."""
    random = np.random.RandomState(20)
    ntypes = potential.ntypes
    if ntypes <= 8:
        types = np.repeat(np.arange(ntypes), 2)
    elif all(part.mixed_types for part in potential.parts):
        types = np.sort(random.randint(0, ntypes, 16))
    else:
        types = np.arange(ntypes)
    counts = np.bincount(types, minlength=ntypes)
    nearest = NEAREST
    if potential.pair_table is not None and potential.pair_table.switch is not None:
        nearest = 0.6 * potential.pair_table.switch.rmin + 0.4 * potential.pair_table.switch.rmax
    rows = [_random_rows(part, len(types), nearest, random) for part in potential.parts]
    numbers = random.standard_normal((len(types), potential.numb_fparam + potential.numb_aparam))
    fparam, aparam = numbers[0, : potential.numb_fparam], numbers[:, potential.numb_fparam :]
    given: dict[str, tuple[np.ndarray, ...]] = {
        "t_natoms": (np.array([len(types), len(types), *counts], np.int32),),
        "t_type": (types.astype(np.int32),),
        "t_coord": (np.zeros(3 * len(types)),),  # of no meaning where the environment matrix is given
        "t_box": (np.zeros(9),),
        "t_mesh": (np.zeros(0, np.int32),),
        "t_fparam": (fparam,),
        "t_aparam": (aparam.ravel(),),
    }
    names = _environments(graph)
    if len(names) != len(rows):
        raise UnknownOperatorError("descriptors in another number than environment matrices")
    for name, part, seen in zip(names, potential.parts, rows, strict=True):
        given[name] = _outputs(part, seen, types)
    target = next((name for name in ENERGIES if name in graph.nodes), None)
    if target is None:
        raise UnknownOperatorError("no energies of atoms in it")
    found = run(graph, target, given).ravel().astype(np.float64)
    expected = _energies(potential, types, rows, fparam, aparam)
    if found.shape != expected.shape or not np.isfinite(found).all():
        raise UnknownOperatorError(f"energies of shape {list(found.shape)}, or not finite")
    within = [float(np.ptp(expected[types == kind])) for kind in np.flatnonzero(counts > 1)]
    spread = max(within) if within else float(np.ptp(expected - potential.energy_shift[types]))
    return float(np.abs(found - expected).max()), spread, float(np.abs(expected).max())


def _environments(graph: Graph) -> list[str]:
    """Operators of the environment matrices in the order of the descriptors (of the suffixes of their statistics)."""
    found = [
        (graph.inputs(name)[5].rpartition("/")[0], name)
        for name, node in graph.nodes.items()
        if node.op in FULL + MIXED + RADIAL and not in_gradients(name)
    ]
    return [name for _, name in sorted(found, key=lambda one: (len(one[0]), one))]


def _random_rows(part: Descriptor, n: int, nearest: float, random: np.random.RandomState) -> Rows:
    r, kind = np.full((n, part.slots), part.rcut), np.full((n, part.slots), part.ntypes)
    unit = random.standard_normal((n, part.slots, 3))
    unit /= np.linalg.norm(unit, axis=-1, keepdims=True)
    begin = 0
    for number, count in enumerate(part.sel):
        filled = min(count, 3 * FILLED if part.mixed_types else FILLED)
        here = slice(begin, begin + filled)
        r[:, here] = np.sort(random.uniform(min(nearest, 0.5 * part.rcut), part.rcut, (n, filled)))
        kind[:, here] = random.randint(0, part.ntypes, (n, filled)) if part.mixed_types else number
        begin += count
    s = switch(r, part.rcut_smth, part.rcut)[0] / (r + part.env_protection)
    return Rows(r, np.where(kind < part.ntypes, s, 0.0), unit, kind)


def _outputs(part: Descriptor, rows: Rows, types: np.ndarray) -> tuple[np.ndarray, ...]:
    """The outputs of the operator: matrix, derivative (not used), vectors, neighbors, their types, a mask."""
    n = len(types)
    radial = (rows.s - part.davg[types][:, None]) / part.dstd[types, 0][:, None]
    if part.kind == "se_e2_r":
        matrix = radial
    else:
        angular = rows.s[..., None] * rows.unit / part.dstd[types, 1][:, None, None]
        matrix = np.concatenate([radial[..., None], angular], axis=-1)
    first = {int(t): int(np.flatnonzero(types == t)[0]) for t in set(types.tolist())}
    neighbors = np.vectorize(lambda t: first.get(int(t), -1))(rows.type) if rows.type.size else rows.type
    return (
        matrix.reshape(1, -1), np.zeros(0), (rows.r[..., None] * rows.unit).reshape(1, -1), neighbors.reshape(1, -1).astype(np.int32),
        rows.type.reshape(1, -1).astype(np.int32), (rows.type < part.ntypes).reshape(1, n, -1),
    )  # fmt: skip


def _energies(
    potential: Potential, types: np.ndarray, rows: list[Rows], fparam: np.ndarray, aparam: np.ndarray
) -> np.ndarray:
    """Energies of atoms, eV."""
    energies = np.zeros(len(types))
    for atom, center in enumerate(types):
        parts = [_descriptor(part, center, seen, atom) for part, seen in zip(potential.parts, rows, strict=True)]
        net = potential.fitting_net(int(center))
        x = np.concatenate(parts)
        scaled = np.zeros(0)
        if potential.scaling is not None:
            scaled = (
                np.concatenate([fparam, aparam[atom]]) - potential.scaling.average
            ) * potential.scaling.inverse_std
        value = network_value(net, np.concatenate([x, scaled])[None])[0, 0]
        if potential.vacuum[center]:
            value -= network_value(net, np.concatenate([np.zeros_like(x), scaled])[None])[0, 0]
        energies[atom] = potential.energy_scale[center] * value + potential.energy_shift[center]
    if potential.pair_table is not None:
        return _with_table(potential, potential.pair_table, types, rows[0], energies)
    return energies


def _with_table(
    potential: Potential, table: PairTable, types: np.ndarray, rows: Rows, energies: np.ndarray
) -> np.ndarray:
    """Energies with the short-range table, which sees the neighbors of the only descriptor."""
    there, others = rows.type < potential.ntypes, np.minimum(rows.type, potential.ntypes - 1)
    u = (rows.r - table.start) / table.step
    row = np.clip(u.astype(int), 0, table.intervals - 1)
    polynomials = np.moveaxis(table.coefficients[types[:, None], others, row], -1, 0)
    pairs = np.where(there & (rows.r < table.end), np.polyval(polynomials, u - row), 0.0).sum(axis=1) / 2
    if table.switch is None:
        return energies + pairs
    weights = np.where(there, np.exp(-rows.r / table.switch.alpha), 0.0)
    nearest = (weights * rows.r).sum(axis=1) / weights.sum(axis=1)
    w = switch(nearest, table.switch.rmin, table.switch.rmax)[0]
    return (1.0 - w) * energies + w * pairs + table.switch.shift[types]


def _descriptor(part: Descriptor, center: int, rows: Rows, atom: int) -> np.ndarray:
    """D of one atom."""
    s, unit, kinds = rows.s[atom], rows.unit[atom], rows.type[atom].copy()
    if part.mixed_types:
        kinds[kinds == part.ntypes] = 0  # what an empty slot adds does not depend on its type, or is zero
    else:
        kinds = np.repeat(np.arange(part.ntypes), part.sel)
    radial = (s - part.davg[center]) / part.dstd[center, 0]
    matrix = np.concatenate([radial[:, None], s[:, None] * unit / part.dstd[center, 1]], axis=1)
    total = np.zeros((4, part.width))
    mean = np.zeros(part.width)
    for kind in np.unique(kinds):
        net = part.embedding_for(center, int(kind))
        pair = [min(center, int(kind)), max(center, int(kind))]
        here = kinds == kind
        if net is None:
            continue
        g = embedding_with_slope(net, radial[here])[0]
        gate = part.gate_for(center, int(kind))
        if gate is not None and part.gate is not None:
            weight = np.ones(here.sum())
            if part.gate.smooth:
                weight = cubic_switch(s[here], s[here], part.rcut_smth)[0]
            g = g * (1.0 + weight[:, None] * gate)
        if pair in part.exclude_types:
            continue
        total += matrix[here].T @ g
        mean += g.sum(axis=0)
    if part.kind == "se_e2_r":
        return mean / (5.0 * part.slots)
    total /= part.slots
    return (total.T @ total[:, : part.axis_neuron]).ravel()
