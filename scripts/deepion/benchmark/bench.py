# SPDX-License-Identifier: MIT
"""Cost per atom and step of pair_style deepmd/onnx, beside its errors against float64 networks and, with --peer deepmd,
beside DeePMD-kit on the same model.

Every case is a run of LAMMPS on copies of one cell. The cases of a round are run in turn, rounds are repeated, and medians are
printed. Costs are wall times with the CPU times beside them: use a quiet machine.
"""

import dataclasses
import hashlib
import json
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from deepion import __version__, checkout
from deepion.evaluation.structure import read_structure
from deepion.model.contract import cutoff_of
from deepion.model.model_file import open_model_file

from . import classical_peer, deepmd_peer, phases, report
from .errors import BenchError
from .fitting_floor import FittingFloor
from .lammps_run import Lammps, Potential, Run, installed_lammps
from .lammps_run import run as run_lammps
from .modes import COMMITTEES, MODES, PEER_MODES, TRUTH, Mode, mode_of, peer_of
from .report import Case

# sizes in atoms, rounds, seconds of one run
PRESETS = {
    "default": ([96, 768, 12_000], 3, 1.5),
    "quick": ([96, 768], 1, 0.5),
    "full": ([96, 768, 12_000, 96_000], 3, 1.5),
}
LEAST_STEPS = 2
QUIET = 0.5  # load average of a machine that does nothing else
ALONE = "LAMMPS alone"


def run(arguments: Namespace) -> None:
    """Measure, and report what was measured even when a run failed or the user interrupted it."""
    complete(arguments)
    bench = Bench(arguments)
    try:
        bench.measure()
    finally:
        if bench.runs:
            print(bench.text())
            if arguments.json:
                arguments.json.write_text(json.dumps(bench.everything(), indent=1) + "\n")


def add_arguments(parser: ArgumentParser) -> None:
    root = checkout.root()
    preset = parser.add_mutually_exclusive_group()
    preset.add_argument("--quick", dest="preset", action="store_const", const="quick", help="two sizes, one round")
    preset.add_argument("--full", dest="preset", action="store_const", const="full", help="also 96,000 atoms")
    parser.set_defaults(preset="default")
    parser.add_argument("--atoms", type=int, nargs="+", help="sizes, rounded to n x n x n copies of the cell")
    parser.add_argument("--layouts", nargs="+", default=["1x1", "1x2", "2x1"], help="MPI ranks x threads")
    names = ", ".join(mode.name for mode in (*MODES, *COMMITTEES))
    parser.add_argument(
        "--modes",
        nargs="+",
        default=[mode.name for mode in MODES],
        help=f"of {names}; or keywords of the pair style, quoted",
    )
    parser.add_argument("--repeats", type=int, help="rounds; medians are printed")
    parser.add_argument("--seconds", type=float, help="about how long one run is timed")
    parser.add_argument("--model", type=Path, default=root / "build/models/lipsti-a.onnx", help="for deepion")
    parser.add_argument(
        "--cell",
        type=Path,
        default=root / "tests/data/lipsti/Ti00_f0.data",
        help="LAMMPS data file with the elements as comments behind the masses",
    )
    parser.add_argument(
        "--peer",
        choices=["deepmd", "classical"],
        nargs="+",
        default=[],
        help="measure as well: DeePMD-kit (downloads it once); LAMMPS' own buck/coul/long with PPPM on the same atoms",
    )
    parser.add_argument("--peer-model", type=Path, help="the .dp file that --model was exported from")
    parser.add_argument("--peer-venv", type=Path, help="an environment that has deepmd-kit[cpu,lmp] already")
    parser.add_argument(
        "--phases",
        action="store_true",
        help="where the time of a step goes, for each mode at the largest size on one core, and the rate of the arithmetic there",
    )
    parser.add_argument("--json", type=Path, help="write everything there, with versions and the machine")


def complete(arguments: Namespace) -> None:
    """Fill in what the preset leaves open, and read layouts and modes."""
    sizes, repeats, seconds = PRESETS[arguments.preset]
    arguments.atoms = arguments.atoms or sizes
    arguments.repeats = arguments.repeats or repeats
    arguments.seconds = arguments.seconds or seconds
    arguments.layouts = [layout_of(text) for text in arguments.layouts]
    arguments.modes = [mode_of(text) for text in arguments.modes]
    arguments.cell, arguments.model = arguments.cell.resolve(), arguments.model.resolve()


def layout_of(text: str) -> tuple[int, int]:
    """(ranks, threads) of a text like 2x1."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if not match:
        raise BenchError(f"layout '{text}': expected MPI ranks x threads, as in 2x1")
    return int(match[1]), int(match[2])


def elements_of(cell: Path) -> list[str]:
    """Element of each atom type of a LAMMPS data file, from the comments behind its masses."""
    text = cell.read_text()
    types = re.search(r"^\s*(\d+)\s+atom types", text, re.MULTILINE)
    elements = re.findall(r"^[ \t]*\d+[ \t]+\S+[ \t]*#[ \t]*([A-Za-z]+)", text, re.MULTILINE)
    if types is None or len(elements) != int(types[1]):
        raise BenchError(f"{cell}: put the element behind each of its masses, as in '1 6.94  # Li'")
    return elements


def edge_of(atoms: int, cell_atoms: int) -> int:
    """The edge of the cube of copies of a cell that comes closest to a number of atoms."""
    return max(1, round((atoms / cell_atoms) ** (1 / 3)))


def say(text: str) -> None:
    print(f"[bench] {text}", file=sys.stderr, flush=True)


class Bench:
    """What is to be run, and what the runs gave so far."""

    def __init__(self, arguments: Namespace):
        self.arguments, self.root = arguments, checkout.root()
        self.file = open_model_file(arguments.model)
        self.structure = read_structure(arguments.cell)
        self.symbols = self.structure.symbols
        self.elements = elements_of(arguments.cell)
        lammps = installed_lammps(Path(sys.prefix))
        self.versions = {"deepion": __version__, "onnxruntime": onnxruntime.__version__}
        self.machine = report.machine()
        self.against: list[tuple[str, str]] = []  # modes, and what they are compared with
        self.uncompressed: str | None = None  # why the peer's model could not be compressed
        self.alone = Potential(ALONE, lammps, f"pair_style zero {cutoff_of(self.file.contract)} full\npair_coeff * *")
        self.truth = self._ours(lammps, TRUTH)
        self.potentials = {mode.name: self._ours(lammps, mode) for mode in arguments.modes}
        if "deepmd" in arguments.peer:
            self._add_peer()
        if "classical" in arguments.peer:
            commands = classical_peer.commands(self.elements, self.symbols)
            self.potentials[classical_peer.NAME] = Potential(classical_peer.NAME, lammps, commands)
            self.against += [(mode.name, classical_peer.NAME) for mode in arguments.modes if mode.models == 1]
        self.floor = FittingFloor(arguments.model, self.symbols)
        self.floor_rounds: list[dict[tuple[str, int], float]] = []
        self.exact: dict[int, Run] = {}  # by edge
        self.alone_bytes: dict[tuple[int, tuple[int, int]], int] = {}  # by edge and layout
        self.errors: dict[Case, tuple[float, float]] = {}  # force RMS in eV/A, energy in eV/atom
        self.runs: dict[Case, list[Run]] = {}
        self.phases: list[report.Row] = []

    def measure(self) -> None:
        """Run everything, filling runs, errors, alone_bytes and floor_rounds."""
        cases = self._cases()
        edges = list(dict.fromkeys(case.edge for case in cases))
        largest = max(self.arguments.layouts, key=lambda layout: layout[0] * layout[1])
        begin = time.monotonic()
        if self.machine["load average"] > QUIET:
            say(
                f"other programs are running (load average {self.machine['load average']}): wall times will be too long"
            )
        for edge in edges:
            say(f"{self.atoms(edge)} atoms: float64 networks, and LAMMPS alone")
            self.exact[edge] = self._run(self.truth, edge, largest, 0, forces=True)
            for layout in self.arguments.layouts:
                self.alone_bytes[edge, layout] = self._run(self.alone, edge, layout, 20).peak_bytes
        for repeat in range(self.arguments.repeats):
            self.floor_rounds.append(self.floor.measure())
            for number, case in enumerate(cases, start=1):
                self._measure_case(case)
                cost = self.runs[case][-1].seconds / self.atoms(case.edge) * 1e6
                say(
                    f"round {repeat + 1} of {self.arguments.repeats}, {number} of {len(cases)}, "
                    f"{time.monotonic() - begin:.0f} s: {self.atoms(case.edge)} atoms, {case.ranks} x {case.threads}, "
                    f"{case.mode}: {cost:.1f} us/atom/step"
                )
        if self.arguments.phases:
            self._measure_phases(max(edges))

    def text(self) -> str:
        text = report.text(self._rows(), self._floor(), self.against, self.phases)
        return (
            text
            if self.uncompressed is None
            else f"{text}\n\n{self.uncompressed}: compared with its networks themselves"
        )

    def everything(self) -> dict[str, Any]:
        """All results with their units, and what they were measured with and on (JSON types only)."""
        arguments, rows = self.arguments, self._rows()
        return {
            "machine": self.machine,
            "versions": self.versions,
            "model": {
                "file": arguments.model.name,
                "sha256": self.file.sha256,
                "source": self.file.contract["source"],
            },
            "cell": {
                "file": arguments.cell.name,
                "sha256": hashlib.sha256(arguments.cell.read_bytes()).hexdigest(),
                "atoms": len(self.symbols),
            },
            "modes": [dataclasses.asdict(mode) for mode in arguments.modes]
            + [dataclasses.asdict(mode) for mode in PEER_MODES if mode.name in self.potentials],
            "rounds": arguments.repeats,
            "seconds of one run": arguments.seconds,
            "rows": rows,
            "fitting nets alone, one core": self._floor(),
            "phases of a step on one core": self.phases,
            "memory": report.memory(rows),
            "comparison": report.comparison(rows, self.against),
            "peer not compressed": self.uncompressed,
        }

    def atoms(self, edge: int) -> int:
        return edge**3 * len(self.symbols)

    def _ours(self, lammps: Lammps, mode: Mode) -> Potential:
        model = f'"{self.arguments.model}"'
        return Potential(
            f"{mode.name}: {mode.keywords}" if mode.name != mode.keywords else mode.name,
            lammps,
            f'plugin load "{self.root / "build/deepionplugin.so"}"\n'
            f"pair_style deepmd/onnx {' '.join([model] * mode.models)} {mode.keywords}\n"
            f"pair_coeff * * {' '.join(self.elements)}",
        )

    def _add_peer(self) -> None:
        """DeePMD-kit's modes that the chosen ones are compared with."""
        source = self._peer_source()
        folder = self.root / "build/peer"
        venv = self.arguments.peer_venv
        if venv is None:
            venv = deepmd_peer.environment(folder, self.root / "requirements-peer.lock", say)
        venv = venv.absolute()
        self.versions |= deepmd_peer.versions(venv)
        lammps = installed_lammps(venv)
        self.uncompressed = deepmd_peer.why_not_compressed(source)
        if self.uncompressed is not None:
            say(f"{self.uncompressed}: its networks themselves are measured")
        for mode in self.arguments.modes:
            if mode.models > 1:
                continue
            peer = peer_of(mode, self.uncompressed is None)
            self.against.append((mode.name, peer.name))
            if peer.name in self.potentials:
                continue
            file = deepmd_peer.model(folder, venv, source, peer, say)
            commands = f'pair_style deepmd "{file}"\npair_coeff * * {" ".join(self.elements)}'
            self.potentials[peer.name] = Potential(peer.name, lammps, commands)

    def _peer_source(self) -> Path:
        """The file the model was exported from, as its contract says."""
        source = self.file.contract["source"]
        path = self.arguments.peer_model or self.root / "lammps-examples/models" / source["file"]
        if path.suffix != ".dp" or not path.is_file():
            raise BenchError(
                f"{path}: no such .dp file: give the one {self.arguments.model.name} was made from (--peer-model)"
            )
        if hashlib.sha256(path.read_bytes()).hexdigest() != source["sha256"]:
            raise BenchError(f"{path}: not the file that {self.arguments.model} was exported from: export it again")
        return path

    def _cases(self) -> list[Case]:
        """Small sizes first, so that what cannot run at all is found out soon."""
        edges = sorted({edge_of(atoms, len(self.symbols)) for atoms in self.arguments.atoms})
        most = {mode.name: mode.most_atoms for mode in PEER_MODES if mode.most_atoms is not None}
        cases = []
        for edge in edges:
            for name in self.potentials:
                if name in most and self.atoms(edge) > most[name]:
                    say(f"{name}: not with {self.atoms(edge)} atoms, which take too much memory")
            cases += [
                Case(edge, ranks, threads, name)
                for ranks, threads in self.arguments.layouts
                for name in self.potentials
                if name not in most or self.atoms(edge) <= most[name]
            ]
        return cases

    def _run(self, potential: Potential, edge: int, layout: tuple[int, int], steps: int, forces: bool = False) -> Run:
        done = run_lammps(potential, self.arguments.cell, edge, layout, steps, forces)
        self.versions["LAMMPS of deepmd-kit" if potential.lammps != self.alone.lammps else "LAMMPS"] = done.version
        return done

    def _measure_case(self, case: Case) -> None:
        first = case not in self.runs and case.mode != classical_peer.NAME  # another potential has no error
        done = self._run(self.potentials[case.mode], case.edge, case.layout, self._steps(case), forces=first)
        if done.forces is not None:
            exact = self.exact[case.edge]
            force = float(np.sqrt(((done.forces - exact.forces) ** 2).mean()))
            self.errors[case] = force, (done.energy - exact.energy) / self.atoms(case.edge)
        self.runs.setdefault(case, []).append(dataclasses.replace(done, forces=None))

    def _measure_phases(self, edge: int) -> None:
        peak = phases.peak()
        for mode in (mode for mode in self.arguments.modes if mode.models == 1):
            say(f"{self.atoms(edge)} atoms, 1 x 1, {mode.name}: phases of a step")
            timed = self._ours(self.alone.lammps, dataclasses.replace(mode, keywords=f"{mode.keywords} timing yes"))
            found = self._run(timed, edge, (1, 1), self._steps(Case(edge, 1, 1, mode.name))).phases
            counted = phases.work(self.file, mode, self.structure, self.floor.flop)
            self.phases += report.phases(mode.name, self.atoms(edge), found, counted, peak)

    def _steps(self, case: Case) -> int:
        """Steps that fill the time, from this case's own last run, else from 200 us per atom and core."""
        guess = 200e-6 * self.atoms(case.edge) / (case.ranks * case.threads)
        cost = self.runs[case][-1].seconds if case in self.runs else guess
        return max(LEAST_STEPS, round(self.arguments.seconds / cost))

    def _rows(self) -> list[report.Row]:
        return [
            report.row(
                case,
                self.atoms(case.edge),
                runs,
                self.alone_bytes[case.edge, case.layout],
                self.errors.get(case),
            )
            for case, runs in self.runs.items()
        ]

    def _floor(self) -> list[report.Row]:
        return report.fitting_nets(self.floor_rounds, self.floor.flop)
