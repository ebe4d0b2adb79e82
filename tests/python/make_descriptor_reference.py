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


def install_tables(descriptor, data: dict) -> None:
    """What DeePMD-kit's PyTorch backend does not read from the dictionary of a compressed model."""
    import torch

    if "compress" not in data:
        return
    variables = data["compress"]["@variables"]
    inner = getattr(descriptor, "sea", getattr(descriptor, "se_atten", descriptor))
    for k, (table, info) in enumerate(zip(variables["compress_data"], variables["compress_info"], strict=True)):
        inner.compress_data[k] = torch.nn.Parameter(torch.tensor(table), requires_grad=False)
        inner.compress_info[k] = torch.nn.Parameter(torch.tensor(info), requires_grad=False)
    inner.compress = descriptor.compress = True
    if "type_embd_data" in variables:
        inner.type_embd_data = descriptor.type_embd_data = torch.tensor(variables["type_embd_data"])
        inner.tebd_compress = inner.geo_compress = descriptor.tebd_compress = descriptor.geo_compress = True


def reference(case) -> dict:
    import torch
    from deepmd.pt.model.model.model import BaseModel

    data = case.build()["model"]
    net = BaseModel.deserialize(data)
    if "descriptor" in data:
        install_tables(net.atomic_model.descriptor, data["descriptor"])
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
