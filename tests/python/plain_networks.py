# SPDX-License-Identifier: MIT
"""Full and reduced networks of a potential with numpy, straight from the formulas: what the reduction is tested against."""

from dataclasses import replace

import numpy as np

from deepion.evaluation.frames import Frame
from deepion.model.networks import network_value
from deepion.model.potential import Layer, Network, Potential
from deepion.model.reduction import Level, Reduction


def random_network(random, widths, activation="tanh", skips=(), timed=False, rank=None) -> Network:
    """Layers of these widths, of which the last is linear with one output.

    skips: of the hidden layers; timed: with idt; rank: of the hidden layers' matrices, None: full.
    """
    layers = []
    for k, (n_in, n_out) in enumerate(zip(widths, [*widths[1:], 1], strict=True)):
        last = k == len(widths) - 1
        w, right = random.normal(size=(n_in, n_out)) / np.sqrt(n_in), None
        if rank is not None and not last:
            w, right = w[:, :rank], random.normal(size=(rank, n_out)) / np.sqrt(rank)
        b = random.normal(size=n_out) * 0.3
        idt = random.uniform(0.5, 1.5, n_out) if timed and not last else None
        skip = skips[k] if k < len(skips) and not last else "none"
        layers.append(Layer(w, b, idt, "linear" if last else activation, skip, right))
    return Network(tuple(layers))


def environment_row(potential: Potential, center: int, neighbor: int, r: np.ndarray):
    """f0 = g0 G - g_p G_p and f1 = g1 G [n, M] of neighbors at the distances r, and g_p G_p of an empty slot."""
    avg, (std0, std1) = potential.parts[0].davg[center], potential.parts[0].dstd[center]
    u = np.clip((r - potential.parts[0].rcut_smth) / (potential.parts[0].rcut - potential.parts[0].rcut_smth), 0.0, 1.0)
    w = u**3 * (-6.0 * u**2 + 15.0 * u - 10.0) + 1.0
    inverse = 1.0 / (r + potential.parts[0].env_protection)
    network = potential.parts[0].embedding[potential.parts[0].embedding_of[center][neighbor]]

    def embedded(s):
        return network_value(network, s[:, None])

    empty = np.array([-avg / std0])
    padding = empty[:, None] * embedded(empty)
    g0, g1 = (w * inverse - avg) / std0, w * r * inverse**2 / std1
    return g0[:, None] * embedded(g0) - padding, g1[:, None] * embedded(g0), padding[0]


def constant_of(potential: Potential, center: int) -> np.ndarray:
    """First row of T of an atom without neighbors."""
    one = np.array([1.0])
    parts = [
        potential.parts[0].sel[j] * environment_row(potential, center, j, one)[2]
        for j in range(potential.ntypes)
        if potential.parts[0].embedding_of[center][j] is not None
    ]
    return sum(parts) / potential.slots


def sums(potential: Potential, frame: Frame) -> np.ndarray:
    """T of every atom without its constant, [n, 4, M]: a double loop over atoms and the atoms of each type around them."""
    reach = [
        int(np.ceil(potential.parts[0].rcut / height)) if periodic else 0
        for height, periodic in zip(_heights(frame), frame.periodic, strict=True)
    ]
    grid = np.stack(np.meshgrid(*[np.arange(-k, k + 1) for k in reach], indexing="ij"), -1).reshape(-1, 3)
    shifts = grid @ frame.cell
    t = np.zeros((len(frame.types), 4, potential.parts[0].width))
    for i, center in enumerate(frame.types):
        for kind in range(potential.ntypes):
            others = frame.coord[frame.types == kind]
            vector = (others[None] + shifts[:, None] - frame.coord[i]).reshape(-1, 3)
            r = np.linalg.norm(vector, axis=1)
            near = (r < potential.parts[0].rcut) & (r > 1e-9)
            f0, f1, _ = environment_row(potential, center, kind, r[near])
            t[i, 0] += f0.sum(axis=0)
            t[i, 1:] += (vector[near] / r[near, None]).T @ f1
    return t / potential.slots


def _heights(frame: Frame) -> np.ndarray:
    if not any(frame.periodic):
        return np.ones(3)
    return 1.0 / np.linalg.norm(np.linalg.inv(frame.cell), axis=0)


def descriptor(t: np.ndarray, axis: int) -> np.ndarray:
    """D = T^T T[:, :axis], [n, M axis] with the axis running faster."""
    return np.einsum("nkm,nka->nma", t, t[:, :, :axis]).reshape(len(t), t.shape[2] * axis)


def energies(potential: Potential, frame: Frame, t: np.ndarray) -> np.ndarray:
    """Energy of every atom with the full networks; t: its sums."""
    out = np.zeros(len(frame.types))
    for kind in range(potential.ntypes):
        atoms = frame.types == kind
        whole = t[atoms].copy()
        whole[:, 0] += constant_of(potential, kind)
        d = descriptor(whole, potential.parts[0].axis_neuron)
        net = network_value(potential.fitting[kind], with_parameters(potential, frame, atoms, d))[:, 0]
        net -= vacuum(potential, frame, atoms, kind)
        out[atoms] = potential.energy_scale[kind] * net + potential.energy_shift[kind]
    return out


def with_parameters(potential: Potential, frame: Frame, atoms: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x [n, k] of these atoms with their scaled parameters as further columns."""
    if potential.scaling is None:
        return x
    columns = []
    for row, atom in zip(x, np.flatnonzero(atoms), strict=True):
        values = list(frame.fparam) if potential.numb_fparam else []
        values += list(frame.aparam[atom]) if potential.numb_aparam else []
        columns.append([*row, *(potential.scaling.inverse_std * (values - potential.scaling.average))])
    return np.array(columns)


def vacuum(potential: Potential, frame: Frame, atoms: np.ndarray, kind: int):
    """What models with energies of free atoms subtract: the net's value without neighbors, with the same parameters."""
    if not potential.vacuum[kind]:
        return 0.0
    nothing = np.zeros((int(atoms.sum()), potential.parts[0].length))
    return network_value(potential.fitting[kind], with_parameters(potential, frame, atoms, nothing))[:, 0]


def reduced_energies(potential: Potential, frame: Frame, t: np.ndarray, level: Level):
    """Energy of every atom with the reduced networks of a level."""
    out = np.zeros(len(frame.types))
    for kind, center in enumerate(level.centers):
        atoms = frame.types == kind
        a = t[atoms] @ center.basis
        a[:, 0] -= center.mean
        features = [
            np.concatenate(
                [[one[:, p] @ one[:, q] for p in range(center.products) for q in range(p, center.columns)], one[0]]
            )
            for one in a
        ]
        if features:
            net = network_value(center.network, with_parameters(potential, frame, atoms, np.array(features)))[:, 0]
            net -= vacuum(potential, frame, atoms, kind)
            out[atoms] = potential.energy_scale[kind] * net + potential.energy_shift[kind]
    return out


def force_errors(potential: Potential, reduction: Reduction, frames, directions, seed=5):
    """Force errors of every level, eV/A RMS of a component, from finite differences of both energies: of the whole, and of
    the energies of the worst center type (as the reduction records it).

    The energy changes by F . v along a displacement v, so for normally distributed v the variance of the difference is the
    sum of the squares of the forces' differences; likewise for the energy of one center.
    """
    random = np.random.default_rng(seed)
    step = 1e-4
    levels = reduction.levels
    whole, centers, types = [], [], []
    for frame in frames:
        for _ in range(directions):
            v = random.normal(size=frame.coord.shape)
            change = np.zeros((len(levels), len(frame.types)))
            for sign in (1, -1):
                moved = replace(frame, coord=frame.coord + sign * step * v)
                t = sums(potential, moved)
                full = energies(potential, moved, t)
                for k, level in enumerate(levels):
                    reduced = reduced_energies(potential, moved, t, level)
                    change[k] += sign * (reduced - full) / (2 * step)
            whole.append(change.sum(axis=1) / np.sqrt(v.size))
            centers.append(change / np.sqrt(3.0))
            types.append(frame.types)
    centers, types = np.concatenate(centers, axis=1), np.concatenate(types)
    of_types = [np.sqrt((centers[:, types == kind] ** 2).mean(axis=1)) for kind in np.unique(types)]
    return np.sqrt(np.mean(np.square(whole), axis=0)), np.max(of_types, axis=0)
