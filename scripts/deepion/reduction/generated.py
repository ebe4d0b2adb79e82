# SPDX-License-Identifier: MIT
"""Structures for a model that comes without its training data: packings of spheres, led by the model's own forces.

Compositions, temperatures and pressures are random: one element alone up to all together. From packings as dense as the model's `sel` allows
for, Brownian motion takes the atoms to where the model wants them and about there, and the cell to the volume at which the
model has that pressure: `sel` may be many times what a model needs. Frame and atomic parameters change at random on the way.
"""

from collections.abc import Callable

import numpy as np

from deepion.errors import InputError
from deepion.evaluation.evaluator import Evaluator
from deepion.evaluation.frames import Frame
from deepion.evaluation.neighbors import pairs_within
from deepion.model.potential import Potential

from .parameters import Draws

TRAJECTORIES = 48
ATOMS = 64  # per structure
FILLING = (0.3, 0.65)  # of sum(sel) in the cutoff sphere, to begin with: sel leaves room beyond what training data held
LEAST_FILLING = 0.1  # however far the model drives atoms apart
STEPS, FIRST, EVERY = 36, 8, 4  # of Brownian motion; which structures are kept
TEMPERATURES = (0.02, 0.15)  # kT, eV
PRESSURES = (-0.01, 0.05)  # eV/A^3: -1.6 to 8 GPa
COMPLIANCE = 0.3  # A^3/eV: strain of a step for each unit of excess pressure; halved where that changes its sign
LARGEST_STRAIN = 0.02  # in a step
MOBILITY = 0.0125  # A^2/eV per step: a force of 1 eV/A moves an atom by this many A
LONGEST = 0.15  # A; longest move of a step
PACKING_STEPS = 60


def generate_frames(potential: Potential, model: Evaluator, say: Callable[[str], None] = lambda _: None) -> list[Frame]:
    """Structures that the exported model finds plausible; the same ones every time."""
    random, draws = np.random.default_rng(20220726), Draws(potential)
    frames: list[Frame] = []
    part = potential.parts[0]
    for k in range(TRAJECTORIES):
        if k % 10 == 0:
            say(f"generating structures: {k} of {TRAJECTORIES} trajectories")
        types = _composition(potential, random)
        full = part.slots / (4.0 / 3.0 * np.pi * part.rcut**3)
        density = random.uniform(*FILLING) * full
        edge = (len(types) / density) ** (1.0 / 3.0)
        cell = np.eye(3) * edge
        coord = _packing(random.uniform(0.0, edge, (len(types), 3)), cell, 0.9 * density ** (-1.0 / 3.0))
        temperature = random.uniform(*TEMPERATURES)
        barostat = Barostat(random.uniform(*PRESSURES), len(types) / (np.array([FILLING[1], LEAST_FILLING]) * full))
        fparam, aparam = draws.of_frame(len(frames), len(types))
        for step in range(STEPS):
            found = model.evaluate(coord, types, cell, (True,) * 3, fparam, aparam)
            if not np.isfinite(found.force).all():
                raise InputError(
                    "no reduced networks: forces on generated structures are not finite: give data with --data"
                )
            if step >= FIRST and (step - FIRST) % EVERY == 0:
                frames.append(Frame(types, coord.copy(), cell, (True,) * 3, fparam, aparam))
                fparam, aparam = draws.of_frame(len(frames), len(types))
            noise = random.standard_normal(coord.shape) * np.sqrt(2.0 * temperature * MOBILITY)
            stretch = barostat.stretch(np.trace(found.virial) / 3.0 + len(types) * temperature, np.linalg.det(cell))
            coord, cell = stretch * (coord + _limited(MOBILITY * found.force) + noise), stretch * cell
    return frames


class Barostat:
    """Leads the volume to where the pressure is as wanted (eV/A^3), within volumes (A^3)."""

    def __init__(self, pressure: float, volumes: np.ndarray):
        self._pressure, self._volumes = pressure, volumes
        self._compliance, self._excess = COMPLIANCE, 0.0

    def stretch(self, work: float, volume: float) -> float:
        """The factor on all lengths; work: pressure times volume, eV."""
        excess = work / volume - self._pressure
        if excess * self._excess < 0.0:
            self._compliance *= 0.5
        self._excess = excess
        strain = np.clip(self._compliance * excess, -LARGEST_STRAIN, LARGEST_STRAIN)
        wanted = np.clip(volume * (1.0 + strain) ** 3, *self._volumes)
        return float((wanted / volume) ** (1.0 / 3.0))


def _composition(potential: Potential, random: np.random.Generator) -> np.ndarray:
    """Types of the atoms: every element is there in most structures, in any proportion."""
    share = random.dirichlet(np.ones(potential.ntypes) * 0.8) * (random.random(potential.ntypes) < 0.85)
    if share.sum() == 0.0:
        share = np.ones(potential.ntypes)
    return np.sort(random.choice(potential.ntypes, ATOMS, p=share / share.sum()))


def _packing(coord: np.ndarray, cell: np.ndarray, diameter: float) -> np.ndarray:
    """The atoms pushed apart until few are closer than a diameter (A)."""
    for _ in range(PACKING_STEPS):
        center, _, vector = pairs_within(coord, cell, (True,) * 3, diameter)
        r = np.maximum(np.linalg.norm(vector, axis=1), 1e-3)
        push = np.zeros_like(coord)
        np.add.at(push, center, -0.5 * ((diameter - r) / r)[:, None] * vector)
        coord = coord + _limited(push)
    return coord


def _limited(move: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(move, axis=1, keepdims=True)
    return move * np.minimum(1.0, LONGEST / np.maximum(length, 1e-12))
