# SPDX-License-Identifier: MIT
"""Energy, forces and virial of a structure from an exported model, in the engine of the pair style, by default in float64.

STRUCTURE is a LAMMPS data file (.data, .lmp, .lammps, data.*; units metal) or anything ASE reads, such as extxyz.
Energies in eV, positions in Angstrom, forces in eV/Angstrom, virial = sum of position times force = -stress * volume
in eV.
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from deepion.errors import InputError

from .evaluations import Evaluations, add_engine_arguments, evaluations
from .evaluator import Result
from .frames import Frame
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
    add_engine_arguments(parser, "double")


def boundary(text: str | None, structure: Structure) -> tuple[bool, bool, bool]:
    if text is None:
        return structure.periodic
    if len(text) != 3 or set(text) - set("pf"):
        raise InputError(f"--boundary: expected three letters p or f, such as ppf, got '{text}'")
    x, y, z = (letter == "p" for letter in text)
    return x, y, z


def as_json(path: Path, model: Evaluations, structure: Structure, result: Result) -> str:
    return json.dumps(
        {
            "model": str(path),
            "sha256": model.sha256,
            "units": {"energy": "eV", "force": "eV/Angstrom", "virial": "eV"},
            "symbols": structure.symbols,
            "energy": result.energy,
            "atom_energy": result.atom_energy.tolist(),
            "force": result.force.tolist(),
            "virial": result.virial.tolist(),
        }
    )


def as_text(path: Path, model: Evaluations, structure: Structure, result: Result) -> str:
    lines = [
        f"model    {path} (sha256 {model.sha256})",
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
    model = evaluations(arguments)
    structure = read_structure(arguments.structure, arguments.elements, arguments.frame)
    types = model_types(structure.symbols, model.type_map)
    aparam = None if arguments.aparam is None else np.array(arguments.aparam)
    fparam = None if arguments.fparam is None else np.array(arguments.fparam)
    frame = Frame(types, structure.coord, structure.cell, boundary(arguments.boundary, structure), fparam, aparam)
    (result,) = model.results([frame], atomic=True)
    print((as_json if arguments.json else as_text)(arguments.model, model, structure, result))
