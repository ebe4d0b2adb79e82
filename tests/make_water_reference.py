# SPDX-License-Identifier: MIT
"""Write tests/data/water_reference.json with DeePMD-kit 3.2.0; not run in tests (see water.py).

With a Python that has DeePMD-kit and TensorFlow; FOLDER holds the published models as .pb, made by `dp convert-from pbtxt`:

    PYTHONPATH=tests:tests/python python tests/make_water_reference.py published FOLDER

and with one that has DeePMD-kit and PyTorch, in float64:

    PYTHONPATH=tests:tests/python python tests/make_water_reference.py random
"""

import json
import sys
from pathlib import Path

import numpy as np
import water

KEYS = ("energy", "atom_energy", "force", "virial", "atom_virial")
EVERY = 16  # of the many atoms, whose forces are stored


def published(folder: Path, kind: str) -> dict:
    from deepmd.infer import DeepPot

    potential = DeepPot(str(folder / water.PUBLISHED[kind][0].replace("pbtxt", "pb")))
    types, parameters = water.TYPES, {}
    if kind == "parameters":
        types = np.zeros_like(types)
        parameters = {"fparam": [water.PARAMETER], "aparam": [water.PARAMETER]}
    cell = np.diag([water.EDGE] * 3)
    e, f, v, ae, av = potential.eval(water.COORD[None], cell[None], types, atomic=True, **parameters)
    return dict(zip(KEYS, (e, ae, f, v, av), strict=True))


def by_pytorch(kind: str, coord, types, cell) -> dict:
    import torch
    from deepmd.pt.model.model.model import BaseModel

    net = BaseModel.deserialize(water.random_model(kind)["model"]).double().eval()
    parameters = {}
    if kind == "parameters":
        types = np.zeros_like(types)
    if kind in ("parameters", "dpa1"):
        parameters["fparam"] = torch.tensor([[water.PARAMETER]], dtype=torch.float64)
        parameters["aparam"] = torch.full((1, len(types), 1), water.PARAMETER, dtype=torch.float64)
    out = net(
        torch.tensor(coord[None]), torch.tensor(types[None]), torch.tensor(cell.reshape(1, 9)), do_atomic_virial=True,
        **parameters,
    )  # fmt: skip
    return {key: out[key].detach().cpu().numpy() for key in KEYS}


def chosen(values: dict, keys) -> dict:
    return {key: np.ravel(values[key]).tolist() if key != "energy" else float(np.ravel(values[key])[0]) for key in keys}


def main() -> None:
    known = json.loads(water.FILE.read_text()) if water.FILE.exists() else {}
    found = {}
    for kind in water.KINDS:
        if sys.argv[1] == "published":
            values = published(Path(sys.argv[2]), kind)
        else:
            values = by_pytorch(kind, water.COORD, water.TYPES, np.diag([water.EDGE] * 3))
        found[kind] = chosen(values, ("energy", "force", "virial") if kind == "second" else KEYS)
    if sys.argv[1] == "random":
        found["dpa1"] = chosen(by_pytorch("dpa1", water.COORD, water.TYPES, np.diag([water.EDGE] * 3)), KEYS)
        coord, types, cell, _ = water.many_atoms()
        values = by_pytorch("first", coord, types, cell)
        values["force"] = values["force"].reshape(-1, 3)[::EVERY]
        found["many"] = chosen(values, ("energy", "force", "virial"))
    known[sys.argv[1]] = found
    sources = (
        f"{json.dumps(source)}: {{\n"
        + ",\n".join(f"{json.dumps(kind)}: {json.dumps(values)}" for kind, values in known[source].items())
        + "\n}"
        for source in sorted(known)
    )
    water.FILE.write_text("{\n" + ",\n".join(sources) + "\n}\n")


if __name__ == "__main__":
    main()
