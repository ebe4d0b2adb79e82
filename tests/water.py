# SPDX-License-Identifier: MIT
"""The structure of DeePMD-kit's own tests in LAMMPS (two molecules of water), models for it, and what DeePMD-kit gives.

`published`: the models deeppot, deeppot-1 and fparam_aparam of DeePMD-kit's tests, which are not part of this repository, and
`default`, which is fparam_aparam once more, with default_fparam and weights that differ by 1e-8. `random`: models of the same
shape with random weights (python/random_models.py). Values of both in data/water_reference.json, by make_water_reference.py.
"""

import json
from pathlib import Path

import numpy as np

from random_models import dpa1, model, se_e2_a, structure

FILE = Path(__file__).parent / "data" / "water_reference.json"
EDGE = 13.0  # A, periodic
COORD = np.array([
    [12.83, 2.56, 2.18], [12.09, 2.87, 2.74], [0.25, 3.32, 1.68], [3.36, 3.00, 1.81], [3.51, 2.51, 2.60], [4.27, 3.22, 1.56]
])  # fmt: skip
TYPES = np.array([0, 1, 1, 0, 1, 1])  # O H H O H H
ELEMENTS = ["O", "H"]
PARAMETER = 0.25852028  # fparam and aparam of the model that takes them, whose only element all atoms are
KINDS = ("first", "second", "parameters")
PUBLISHED = {  # file and its sha256
    "first": ("deeppot.pbtxt", "89e6aaa544dafc4620ecf49340ac2cd9e74ca0cfc2aae2c7bb060028550283a3"),
    "second": ("deeppot-1.pbtxt", "126662e6d568e69a7d8b2d27ae56be6d4137a7c67222ed4bc103d312691696f7"),
    "parameters": ("fparam_aparam.pbtxt", "247566940c8140052ce19b5bde15e236075c41eb1157c4ba0947684f15dc01bb"),
    "default": ("fparam_aparam_default.pth", "f9b5a244c3d2f71fd4c265a52f8da621db932bea017bc3e34bb77f45089f25f5"),
}


def random_model(kind: str) -> dict:
    """Cutoff, slots and elements of the published ones, as DeePMD-kit's serialized dictionary."""
    random = np.random.RandomState(180707 + [*KINDS, "dpa1"].index(kind))
    if kind == "dpa1":  # two elements, one fitting net, and parameters as well
        return model(random, ELEMENTS, dpa1(random, ELEMENTS, sel=100), fparam=1, aparam=1)
    if kind == "parameters":
        part = se_e2_a(random, ["O"], sel=(60,), one_side=False, neuron=(5, 10, 20), axis=10)
        return model(random, ["O"], part, shared=False, neuron=(12, 12), fparam=1, aparam=1)
    part = se_e2_a(random, ELEMENTS, sel=(46, 92), one_side=False, neuron=(2, 4, 8), axis=4)
    return model(random, ELEMENTS, part, shared=False, neuron=(10, 10, 10))


def many_atoms():
    """64 molecules' worth of O and H at random: coord, types, cell, periodic."""
    return structure(1807, [64, 128], (12.6, 12.4, 12.8), (0.8, -0.6, 0.5), closest=1.0)


def expected(source: str, kind: str) -> dict[str, np.ndarray]:
    """energy, atom_energy [n], force [n, 3], virial [3, 3] and atom_virial [n, 3, 3] as DeePMD-kit gives them; eV and A."""
    shapes = {"energy": (), "atom_energy": (-1,), "force": (-1, 3), "virial": (3, 3), "atom_virial": (-1, 3, 3)}
    values = json.loads(FILE.read_text())[source][kind]
    return {key: np.reshape(values[key], shapes[key]) for key in values}
