# SPDX-License-Identifier: MIT
"""Energy, forces and virial of a structure from an exported model, with stock ONNX Runtime alone.

STRUCTURE is a LAMMPS data file (.data, .lmp, .lammps, data.*; units metal) or anything ASE reads, such as extxyz.
Energies in eV, positions in Angstrom, forces in eV/Angstrom, virial = sum of position times force = -stress * volume
in eV.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from deepion.errors import InputError

from .evaluator import Evaluator, Result
from .structure import Structure, model_types, read_structure


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", type=Path, help="the exported .onnx file")
    parser.add_argument("structure", metavar="STRUCTURE", type=Path, help="LAMMPS data file or extxyz")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--elements", nargs="+", metavar="NAME", help="elements of LAMMPS atom types 1, 2, ... (or NULL)"
    )
    parser.add_argument("--boundary", metavar="ppp", help="p (periodic) or f (open) for x, y and z")
    parser.add_argument("--frame", type=int, default=-1, help="frame of an extxyz, from 0 (default: the last)")
    parser.add_argument("--fparam", nargs="+", type=float, metavar="X", help="frame parameters")
    parser.add_argument(
        "--aparam", nargs="+", type=float, metavar="X", help="atomic parameters, of one or of all atoms"
    )
    parser.add_argument("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def boundary(text: str | None, structure: Structure) -> tuple[bool, ...]:
    if text is None:
        return structure.periodic
    if len(text) != 3 or set(text) - set("pf"):
        raise InputError(f"--boundary: expected three letters p or f, such as ppf, got '{text}'")
    return tuple(letter == "p" for letter in text)


def as_json(evaluator: Evaluator, structure: Structure, result: Result) -> str:
    return json.dumps(
        {
            "model": str(evaluator.file.path),
            "sha256": evaluator.file.sha256,
            "units": {"energy": "eV", "force": "eV/Angstrom", "virial": "eV"},
            "symbols": structure.symbols,
            "energy": result.energy,
            "atom_energy": result.atom_energy.tolist(),
            "force": result.force.tolist(),
            "virial": result.virial.tolist(),
        }
    )


def as_text(evaluator: Evaluator, structure: Structure, result: Result) -> str:
    lines = [
        f"model    {evaluator.file.path} (sha256 {evaluator.file.sha256})",
        f"atoms    {len(structure)}",
        f"energy   {result.energy:.10f} eV",
        "virial   (eV; -stress * volume)",
    ]
    lines += ["  " + " ".join(f"{x:18.10f}" for x in row) for row in result.virial]
    lines.append("   atom element      energy (eV)  force x, y, z (eV/Angstrom)")
    for number, (name, energy, force) in enumerate(
        zip(structure.symbols, result.atom_energy, result.force, strict=True), start=1
    ):
        lines.append(f"{number:7d} {name:>7s} {energy:16.10f}  " + " ".join(f"{x:16.10f}" for x in force))
    return "\n".join(lines)


def run(arguments: Namespace) -> None:
    evaluator = Evaluator(arguments.model, arguments.threads)
    structure = read_structure(arguments.structure, arguments.elements, arguments.frame)
    types = model_types(structure.symbols, evaluator.type_map)
    aparam = None if arguments.aparam is None else np.array(arguments.aparam)
    periodic = boundary(arguments.boundary, structure)
    result = evaluator.evaluate(structure.coord, types, structure.cell, periodic, arguments.fparam, aparam)
    if result.overflow is not None:
        atom, kind, found, sel = result.overflow
        of = f"{evaluator.type_map[kind]} " if kind >= 0 else ""
        print(
            f"WARNING: atom {atom + 1} has {found} {of}neighbors, the model's sel is {sel}: "
            "the nearest are used, as in DeePMD-kit; energies jump when atoms change places",
            file=sys.stderr,
        )
    print((as_json if arguments.json else as_text)(evaluator, structure, result))
