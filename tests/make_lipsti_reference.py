# SPDX-License-Identifier: MIT
"""Write tests/data/lipsti/*.npz: DeePMD-kit's values for the example model in float64; not run in tests.

With a Python that has DeePMD-kit 3.2.0 and TensorFlow, whose large cells take less memory than those of PyTorch:

    PYTHONPATH=scripts:tests python tests/make_lipsti_reference.py

Frames of about 100 atoms (`*_f?.data`) get all values, large cells the digest of large_cells.py.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import large_cells
from deepmd.dpmodel.utils.serialization import load_dp_model, save_dp_model
from deepmd.entrypoints.convert_backend import convert_backend

from deepion.evaluation.structure import model_types, read_structure
from make_reference_models import ELEMENTS, evaluate, in_float64, save_reference

MODEL = large_cells.ROOT / "lammps-examples/models/lipsti-a.dp"


def values(model: Path, path: Path) -> dict:
    """DeePMD-kit's values for the atoms of a LAMMPS data file."""
    read = read_structure(path)
    structure = {"coord": read.coord, "cell": read.cell, "open": False}
    return evaluate(model, structure, model_types(read.symbols, ELEMENTS), None, None)


def main() -> None:
    with TemporaryDirectory() as folder:
        exact, model = Path(folder, "model.dp"), Path(folder, "model.pb")
        save_dp_model(str(exact), in_float64(load_dp_model(str(MODEL))))
        convert_backend(INPUT=str(exact), OUTPUT=str(model))
        for path in sorted(large_cells.DATA.glob("*_f?.data")):
            save_reference(path.with_suffix(".npz"), values(model, path))
        for name in large_cells.CELLS:
            all_values = values(model, large_cells.write(name, Path(folder)))
            parts = large_cells.digest(all_values["force"], all_values["atom_energy"])
            totals = {key: all_values[key] for key in ("energy", "virial")}
            save_reference(large_cells.DATA / f"{name}.npz", {**parts, **totals})


if __name__ == "__main__":
    main()
