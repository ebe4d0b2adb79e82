# SPDX-License-Identifier: MIT
"""A Deep Potential of one element and random weights, for the doctor's test run."""

from pathlib import Path

import numpy as np

from deepion.model.model_file import write_model_file
from deepion.model.potential import Descriptor, Layer, Network, Potential

ELEMENT = "Li"


def write(path: Path) -> None:
    """Write it: se_e2_a, cutoff 4 Angstrom, networks of 4 and 8 neurons."""
    rng = np.random.default_rng(1)

    def layer(n_in: int, n_out: int, activation: str = "tanh") -> Layer:
        return Layer(rng.normal(size=(n_in, n_out)) / np.sqrt(n_in), np.zeros(n_out), None, activation, "none")

    part = Descriptor(
        kind="se_e2_a",
        rcut=4.0,
        rcut_smth=1.0,
        env_protection=0.0,
        sel=[48],
        mixed_types=False,
        davg=np.zeros(1),
        dstd=np.full((1, 2), 0.1),
        neuron=[4, 8],
        axis_neuron=2,
        type_one_side=False,
        embedding={"embedding": Network((layer(1, 4), layer(4, 8)))},
        embedding_of=[["embedding"]],
        exclude_types=[],
        activation="tanh",
    )
    potential = Potential(
        type_map=[ELEMENT],
        parts=(part,),
        pair_exclude_types=[],
        atom_exclude_types=[],
        fitting=[Network((layer(16, 8), layer(8, 1, "none")))],
        vacuum=[False],
        energy_scale=np.ones(1),
        energy_shift=np.zeros(1),
        numb_fparam=0,
        numb_aparam=0,
        default_fparam=None,
        scaling=None,
        fitting_activation="tanh",
        precision="float64",
        min_nbor_dist=None,
        source={"file": "doctor", "sha256": "0" * 64, "software": "deepion doctor"},
    )
    write_model_file(path, potential)
