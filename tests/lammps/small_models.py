# SPDX-License-Identifier: MIT
"""Small potentials with random weights and small structures, for tests that need physics but no material."""

from pathlib import Path

import numpy as np

from deepion.model.model_file import write_model_file
from deepion.model.potential import Descriptor, Layer, Network, ParameterScaling, Potential

RCUT = 4.0


def _layer(rng, n_in, n_out, activation="tanh", skip="none", scale=1.0):
    w = rng.normal(size=(n_in, n_out)) * scale / np.sqrt(n_in)
    return Layer(w, rng.normal(size=n_out) * 0.1, None, activation, skip)


def random_potential(
    seed, type_map=("Li", "S"), sel=(28, 28), numb_fparam=0, numb_aparam=0, hidden=12, rcut=RCUT, **changes
):
    """A potential whose forces are of the order of 1 eV/A; the seed chooses its weights.

    hidden: width of the fitting nets' two hidden layers.
    """
    rng = np.random.default_rng(seed)
    n = len(type_map)
    axis = 4
    embedding, names = {}, []
    for i in range(n):
        names.append([f"embedding_{i}_{j}" for j in range(n)])
        for name in names[-1]:
            layers = (_layer(rng, 1, 4), _layer(rng, 4, 8, skip="double"), _layer(rng, 8, 8, skip="same"))
            embedding[name] = Network(layers)
    parameters = numb_fparam + numb_aparam
    fitting = [
        Network(
            (
                _layer(rng, 8 * axis + parameters, hidden, scale=2.0),
                _layer(rng, hidden, hidden, skip="same"),
                _layer(rng, hidden, 1, "none", scale=2.0),
            )
        )
        for _ in range(n)
    ]
    part = Descriptor(
        kind="se_e2_a",
        rcut=rcut,
        rcut_smth=1.0,
        env_protection=0.0,
        sel=list(sel),
        mixed_types=False,
        davg=rng.uniform(0.02, 0.05, n),
        dstd=rng.uniform(0.05, 0.1, (n, 2)),
        neuron=[4, 8, 8],
        axis_neuron=axis,
        type_one_side=False,
        embedding=embedding,
        embedding_of=names,
        exclude_types=[],
        activation="tanh",
    )
    values = {
        "type_map": list(type_map),
        "parts": (part,),
        "pair_exclude_types": [],
        "atom_exclude_types": [],
        "fitting": fitting,
        "vacuum": [False] * n,
        "energy_scale": np.ones(n),
        "energy_shift": rng.uniform(-5, -1, n),
        "numb_fparam": numb_fparam,
        "numb_aparam": numb_aparam,
        "default_fparam": None,
        "scaling": ParameterScaling(np.full(parameters, 0.1), np.full(parameters, 1.5)) if parameters else None,
        "fitting_activation": "tanh",
        "precision": "float64",
        "min_nbor_dist": None,
        "source": {"file": f"random-{seed}", "sha256": "0" * 64, "software": "tests/lammps"},
    }
    return Potential(**(values | changes))


def write_model(path: Path, seed, **changes) -> Path:
    write_model_file(path, random_potential(seed, **changes))
    return path


class Box:
    """Atoms in a periodic cell: x [n, 3], types [n] from 1, cell rows = vectors (a along x, b in the xy plane)."""

    def __init__(self, x, types, cell, ntypes=2, ids=None):
        self.x, self.types, self.cell, self.ntypes = np.array(x, float), np.array(types), np.array(cell, float), ntypes
        self.ids = np.arange(1, len(self.x) + 1) if ids is None else np.array(ids)

    def __len__(self):
        return len(self.x)

    def changed(self, **changes):
        values = {"x": self.x, "types": self.types, "cell": self.cell, "ntypes": self.ntypes, "ids": self.ids}
        return Box(**(values | changes))

    def in_meters(self) -> "Box":
        return self.changed(x=self.x * 1e-10, cell=self.cell * 1e-10)

    def write(self, path: Path) -> Path:
        a, b, c = self.cell
        lines = ["test", "", f"{len(self)} atoms", f"{self.ntypes} atom types", ""]
        for length, name in zip((a[0], b[1], c[2]), "xyz", strict=True):
            lines.append(f"0 {length:.17g} {name}lo {name}hi")
        if any(abs(v) > 0 for v in (b[0], c[0], c[1])):
            lines.append(f"{b[0]:.17g} {c[0]:.17g} {c[1]:.17g} xy xz yz")
        lines += ["", "Masses", ""] + [f"{t} {10.0 * t}" for t in range(1, self.ntypes + 1)]
        lines += ["", "Atoms # atomic", ""]
        rows = zip(self.ids, self.types, self.x, strict=True)
        lines += [f"{i} {t} {r[0]:.17g} {r[1]:.17g} {r[2]:.17g}" for i, t, r in rows]
        path.write_text("\n".join(lines) + "\n")
        return path


def random_box(seed=1, n=4, spacing=2.3, shift=0.25, tilt=0.0, ntypes=2):
    """n^3 atoms on a shaken grid, half of them of each type."""
    rng = np.random.default_rng(seed)
    cell = spacing * n * np.eye(3)
    cell[1, 0], cell[2, 0], cell[2, 1] = tilt * 1.0, -tilt * 0.7, tilt * 0.5
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    x = (grid + 0.5) / n @ cell + rng.uniform(-shift, shift, (n**3, 3))
    types = rng.permutation(np.arange(n**3) % 2) + 1
    return Box(x, types, cell, ntypes)
