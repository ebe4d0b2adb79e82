# SPDX-License-Identifier: MIT
"""Make tests/data/models/torch_archives.tar.xz and its reference values with DeePMD-kit's PyTorch backend.

Not run in tests. Needs a Python with DeePMD-kit and the PyTorch that fits its operators:

    PYTHONPATH=scripts:tests/python python tests/python/make_torch_archives.py make FOLDER [NAME ...]
    PYTHONPATH=scripts:tests/python python tests/python/make_torch_archives.py pack FOLDER

`make` freezes models as `dp --pt freeze` does, `pack` writes the files of the repository. The archive older_dpa1 was made
with DeePMD-kit 3.0.2, all others with 3.2.0.
"""

import copy
import json
import lzma
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from deepion.formats.torch_archive import STORAGES, Instance, Tensor, TorchArchive
from torch_archives import REFERENCE, STORED, digest, packed, weights

CUTOFF = {"rcut": 5.0, "rcut_smth": 1.5, "precision": "float64", "seed": 1}
SEA = {"type": "se_e2_a", "sel": [10, 12], "neuron": [4, 8], "axis_neuron": 3, **CUTOFF}
SER = {"type": "se_e2_r", "sel": [10, 12], "neuron": [4, 8], **CUTOFF, "rcut": 4.5}
DPA1 = {"type": "dpa1", "sel": 20, "neuron": [4, 8], "axis_neuron": 3, "tebd_dim": 4, "attn_layer": 0, **CUTOFF}
FITTING = {"neuron": [8, 8], "precision": "float64", "seed": 5}
STRIP = {**DPA1, "tebd_input_mode": "strip", "smooth_type_embedding": False, "activation_function": "relu"}


def model(descriptor, **more):
    return {"type_map": ["Li", "P"], "descriptor": descriptor, "fitting_net": FITTING, **more}


KINDS = {
    "sea": model({**SEA, "resnet_dt": True, "type_one_side": False}, pair_exclude_types=[[1, 1]], atom_exclude_types=[1]),
    "sea_float32": model({**SEA, "precision": "float32", "activation_function": "gelu_tf", "exclude_types": [[0, 1]]}),
    "sea_parameters": model(SEA, fitting_net={**FITTING, "numb_fparam": 2, "numb_aparam": 1, "default_fparam": [0.1, 0.2],
                                              "atom_ener": [-1.0, None]}),
    "ser": model(SER),
    "dpa1_concat": model({**DPA1, "type_one_side": True, "use_econf_tebd": True, "use_tebd_bias": True,
                          "exclude_types": [[0, 0]], "concat_output_tebd": False}),
    "dpa1_strip": model(STRIP),
    "dpa1_v2": model({**DPA1, "type": "se_atten_v2", "type_one_side": True, "set_davg_zero": False}),
    "hybrid_compressed": model({"type": "hybrid", "list": [SEA, SER, {**SEA, "rcut": 4.0, "sel": [9, 9]}]}),
    "dpa1_v2_compressed": model({**DPA1, "type": "se_atten_v2"}),
    "zbl": model(DPA1, use_srtab="zbl.txt", smin_alpha=0.1, sw_rmin=0.2, sw_rmax=2.0),
    "older_dpa1": model(STRIP),
    # checkpoints of a training
    "checkpoint_hybrid": model({"type": "hybrid", "list": [SEA, SER, {**STRIP, "precision": "float32"}]},
                               fitting_net={**FITTING, "numb_fparam": 1}),
    "checkpoint_dpa1_v2": model({**DPA1, "type": "se_atten_v2", "exclude_types": [[0, 1]], "use_tebd_bias": True},
                                atom_exclude_types=[1]),
}  # fmt: skip
MADE = {"matrix", "bias", "idt", "bias_atom_e", "out_bias", "type_embd_data", "compress_data"}


def structure():
    """Coordinates and types of an open cluster of eight atoms."""
    random = np.random.RandomState(3)
    coord: list[np.ndarray] = []
    while len(coord) < 8:
        trial = np.round(random.uniform(0.0, 4.2, 3), 4)
        if all(np.linalg.norm(trial - other) > 1.6 for other in coord):
            coord.append(trial)
    return np.array(coord), [0, 1] * 4


def frozen(name, folder):
    """The archive as DeePMD-kit freezes it, with plausible statistics."""
    from deepmd.pt.model.model import get_model
    from deepmd.pt.train.wrapper import ModelWrapper

    table = np.repeat(np.linspace(0.01, 6.0, 14)[:, None], 4, axis=1)
    table[:, 1:] = 1.0 / table[:, 1:]
    np.savetxt("zbl.txt", table)
    script = copy.deepcopy(KINDS[name])
    if name.startswith("checkpoint"):
        script = complete(script)
    built = get_model(copy.deepcopy(script))
    for key, value in built.state_dict().items():
        if key.endswith("stddev"):
            value[...] = 0.3
            value[..., 1:] = 0.2
        if key.endswith("mean") and ("sea." in key or "se_r" in name or "v2" in name):
            value[..., 0] = 0.1
    if name.startswith("checkpoint"):
        path = folder / f"{name}.pt"
        state = ModelWrapper(built, model_params=script).state_dict()
        torch.save({"model": state, "optimizer": {}}, path)
        return path
    built.model_def_script = json.dumps(script)
    built.min_nbor_dist = torch.tensor(0.9, dtype=torch.float64)
    if name.endswith("_compressed"):
        built.enable_compression(5, 0.1, 1.0, -1)
    path = folder / f"{name}.pth"
    torch.jit.save(torch.jit.script(built.eval()), path, {"data_modifier.pth": ""})
    return path


def complete(script):
    """The settings with every default filled in, as a training saves them."""
    from deepmd.utils.argcheck import normalize

    training = {"training_data": {"systems": ["."]}, "numb_steps": 1}
    rate = {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-4}
    whole = normalize({"model": script, "training": training, "loss": {"type": "ener"}, "learning_rate": rate})
    return whole["model"]


def tensors(value, path=()):
    """All tensors of an archive with the path of attributes to each."""
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Instance):
        for key, inner in value.attributes.items():
            yield from tensors(inner, (*path, key))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from tensors(inner, (*path, *str(key).split(".")))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from tensors(inner, (*path, str(number)))


def make(name, folder):
    path = frozen(name, folder)
    made = {}
    for place, tensor in tensors(TorchArchive(path).root):
        if tensor.elements and MADE & set(place[-2:]):
            made[tensor.key] = STORAGES[tensor.kind]
    with zipfile.ZipFile(path) as file:
        content = {record: file.read(record) for record in file.namelist()}
    root = f"{name}/"
    kept, listed = {}, []
    for record, value in content.items():
        key = record.removeprefix(f"{root}data/")
        if key != record and key in made:
            count = len(value) // np.dtype(made[key]).itemsize
            content[record] = weights(key, made[key], count)
            listed.append([key, made[key], count])
        elif key != record or record == f"{root}data.pkl":
            kept[record] = value
    kept[f"{root}weights.json"] = json.dumps(listed).encode()
    path.write_bytes(packed(content))
    stored = folder / name
    stored.mkdir(exist_ok=True)
    (stored / "kept.json").write_text(json.dumps({key: value.hex() for key, value in kept.items()}))
    (stored / "values.json").write_text(json.dumps(evaluate(name, path)))


def evaluate(name, path):
    from deepmd.infer import DeepPot
    from deepmd.pt.utils.serialization import serialize_from_file

    coord, types = structure()
    parameters = {}
    if name == "checkpoint_hybrid":
        parameters = {"fparam": [0.3]}
    if name == "sea_parameters":
        parameters = {"fparam": [0.3, -0.4], "aparam": [0.1 * n for n in range(8)]}
    arguments = {key: np.reshape(value, (1, -1)) for key, value in parameters.items()}
    energy, force, virial, _, _ = DeepPot(str(path)).eval(coord.reshape(1, -1), None, types, atomic=True, **arguments)
    values = {"energy": energy.item(), "force": force.ravel().tolist(), "virial": virial.ravel().tolist(),
              **parameters}  # fmt: skip
    if not name.endswith("_compressed") and not name.startswith("older"):  # DeePMD-kit cannot read these back
        values["digest"] = digest(serialize_from_file(str(path)))
    return values


def pack(folder):
    members, values = {}, {}
    for name in KINDS:
        members |= {k: bytes.fromhex(v) for k, v in json.loads((folder / name / "kept.json").read_text()).items()}
        values[name] = json.loads((folder / name / "values.json").read_text())
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for key in sorted(members, key=lambda key: (not key.endswith(".pkl"), key)):
            info = tarfile.TarInfo(key)
            info.size = len(members[key])
            file.addfile(info, BytesIO(members[key]))
    STORED.write_bytes(lzma.compress(stream.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    coord, types = structure()
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
    REFERENCE.write_text(
        f'{{"coord": {json.dumps(coord.tolist())}, "types": {json.dumps(types)}, "models": {{\n{lines}\n}}}}\n'
    )


if __name__ == "__main__":
    what, target, *names = sys.argv[1:]
    if what == "make":
        for each_name in names or [name for name in KINDS if not name.startswith("older")]:
            make(each_name, Path(target))
            print(each_name, flush=True)
    else:
        pack(Path(target))
