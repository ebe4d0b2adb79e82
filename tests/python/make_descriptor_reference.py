# SPDX-License-Identifier: MIT
"""Write tests/data/descriptor_reference.json: what DeePMD-kit's PyTorch backend gives for descriptor_cases.py, in float64.

Needs a Python with DeePMD-kit 3.2.0 and PyTorch; not run in tests:  python tests/python/make_descriptor_reference.py
"""

import json
import sys
from pathlib import Path

import numpy as np

from descriptor_cases import CASES, STRUCTURES, projected

FILE = Path(__file__).parents[1] / "data" / "descriptor_reference.json"


def reference(case) -> dict:
    import torch
    from deepmd.pt.model.model.model import BaseModel

    net = BaseModel.deserialize(case.build()["model"])
    net.double().eval()
    coord, types, cell, periodic = STRUCTURES[case.structure]()
    out = net(
        torch.tensor(coord[None]), torch.tensor(types[None]), torch.tensor(cell.reshape(1, 9)) if periodic else None,
        do_atomic_virial=True,
    )  # fmt: skip
    found = {key: value.detach().cpu().numpy() for key, value in out.items() if value is not None}
    values = {"energy": float(found["energy"].ravel()[0]), "virial": found["virial"].ravel().tolist()}
    for key in ("atom_energy", "force", "atom_virial"):
        values[key] = projected(key, found[key])
    values["largest_force"] = float(np.abs(found["force"]).max())
    return values


if __name__ == "__main__":
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    wanted = sys.argv[1:] or list(CASES)
    known.update({name: reference(CASES[name]) for name in wanted})
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(known[name])}" for name in CASES if name in known)
    FILE.write_text(f"{{\n{lines}\n}}\n")
