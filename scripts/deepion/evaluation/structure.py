# SPDX-License-Identifier: MIT
"""Structures to evaluate: LAMMPS data files and extxyz (or anything else that ASE reads).

LAMMPS data files are not read by ASE: it guesses elements from masses, knows no type without an element (NULL) and no names as
comments behind the masses, and is not there in the Python of a DeePMD-kit, where models are exported.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion.errors import InputError

LAMMPS_SUFFIXES = (".data", ".lmp", ".lammps")


@dataclass(frozen=True)
class Structure:
    """Atoms in the order of the file (LAMMPS: of the atom IDs).

    symbols: element names; coord [n, 3] and cell [3, 3] (rows: cell vectors) in Angstrom; periodic: three bools.
    """

    symbols: list[str]
    coord: np.ndarray
    cell: np.ndarray
    periodic: tuple[bool, bool, bool]

    def __len__(self) -> int:
        return len(self.symbols)


def read_structure(path: Path, elements: list[str] | None = None, index: int = -1) -> Structure:
    """Read a structure; elements: names of the LAMMPS atom types 1, 2, ...; index: the frame of an extxyz."""
    return _read(path, elements, index)[0]


def read_structures(path: Path) -> list[Structure]:
    """Read all structures of a file."""
    return _read(path, None, ":")


def _read(path: Path, elements: list[str] | None, index: int | str) -> list[Structure]:
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.suffix.lower() in LAMMPS_SUFFIXES or path.name.startswith("data."):
        return [_read_lammps(path, elements)]
    try:
        import ase.io
    except ImportError:
        raise InputError(f"{path}: reading this kind of file needs ASE: pip install ase") from None
    try:
        found = ase.io.read(path, index=index)
    except Exception as error:  # ASE's readers raise anything
        raise InputError(f"{path}: ASE cannot read it: {error}") from None
    return [from_atoms(atoms) for atoms in (found if isinstance(found, list) else [found])]


def from_atoms(atoms) -> Structure:
    """The structure of an ase.Atoms object."""
    x, y, z = (bool(p) for p in atoms.pbc)
    return Structure(list(atoms.get_chemical_symbols()), np.array(atoms.positions), np.array(atoms.cell), (x, y, z))


def model_types(symbols: list[str], type_map: list[str]) -> np.ndarray:
    """Type index of each atom; the name NULL is invisible to the model (-1)."""
    index = {name: t for t, name in enumerate(type_map)} | {"NULL": -1}
    unknown = sorted(set(symbols) - set(index))
    if unknown:
        raise InputError(f"the model does not know {' '.join(unknown)}; it knows {' '.join(type_map)}")
    return np.array([index[name] for name in symbols], dtype=np.int64)


_SECTIONS = ("Masses", "Atoms", "Velocities", "Bonds", "Angles", "Dihedrals", "Impropers", "Ellipsoids", "Lines",
             "Triangles", "Bodies", "Atom Type Labels", "Bond Type Labels", "Angle Type Labels",
             "Dihedral Type Labels", "Improper Type Labels")  # fmt: skip
# column of the atom type and of x, y, z in a line of Atoms (without image flags)
_STYLES = {"atomic": (1, 2, 5), "charge": (1, 3, 6), "molecular": (2, 3, 6), "bond": (2, 3, 6), "angle": (2, 3, 6),
           "full": (2, 4, 7), "sphere": (1, 4, 7)}  # fmt: skip


def _read_lammps(path: Path, elements: list[str] | None) -> Structure:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]  # the first line is a title
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    header, sections, style = _split(lines)
    cell, origin = _box(path, header)
    rows = _atom_rows(path, sections.get("Atoms"), style)
    names = _type_names(path, sections, elements)
    try:
        symbols = [names[kind] for _, kind, _ in rows]
    except KeyError as error:
        raise InputError(
            f"{path}: no element name for atom type {error}: give names of all types with --elements, "
            "or a comment '# Li' behind the masses"
        ) from None
    coord = np.array([position for _, _, position in rows]).reshape(-1, 3) - origin
    return Structure(symbols, coord, cell, (True, True, True))


def _split(lines: list[str]) -> tuple[list[str], dict[str, list[str]], str | None]:
    """Header lines, lines by section (comments kept), and the atom style named behind Atoms."""
    header: list[str] = []
    sections: dict[str, list[str]] = {}
    style = None
    current = header
    for line in lines:
        text = line.split("#")[0].strip()
        if text in _SECTIONS:
            current = sections.setdefault(text, [])
            if text == "Atoms" and "#" in line:
                style = line.split("#", 1)[1].strip().split("/")[0]
        elif line.strip():
            current.append(line)
    return header, sections, style


def _box(path: Path, header: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cell vectors as rows, and the origin."""
    low, high, tilt = np.zeros(3), np.zeros(3), np.zeros(3)
    found = set()
    for line in header:
        words = line.split("#")[0].split()
        try:
            for axis, name in enumerate("xyz"):
                if words[-2:] == [f"{name}lo", f"{name}hi"]:
                    low[axis], high[axis] = float(words[0]), float(words[1])
                    found.add(name)
            if words[-3:] == ["xy", "xz", "yz"]:
                tilt[:] = [float(w) for w in words[:3]]
            if words[-1:] == ["avec"] or words[-1:] == ["bvec"] or words[-1:] == ["cvec"]:
                raise InputError(f"{path}: general triclinic boxes (avec, bvec, cvec) are not read here")
        except ValueError:
            raise InputError(f"{path}: cannot read the header line '{line.strip()}'") from None
    if len(found) != 3:
        raise InputError(f"{path}: not a LAMMPS data file (xlo xhi, ylo yhi, zlo zhi expected)")
    edge = high - low
    return np.array([[edge[0], 0, 0], [tilt[0], edge[1], 0], [tilt[1], tilt[2], edge[2]]]), low


def _atom_rows(path: Path, lines: list[str] | None, style: str | None) -> list[tuple[int, str, list[float]]]:
    """(ID, type, position) sorted by ID."""
    if lines is None:
        raise InputError(f"{path}: a LAMMPS data file without atoms")
    if style is not None and style not in _STYLES:
        raise InputError(f"{path}: atom style '{style}' is not read here; known: {' '.join(_STYLES)}")
    kind_at, begin, end = _STYLES[style or "atomic"]
    rows = []
    for line in lines:
        words = line.split("#")[0].split()
        if style is None and len(words) not in (5, 8):
            raise InputError(f"{path}: name the atom style behind 'Atoms' (for example 'Atoms # charge')")
        try:
            rows.append((int(words[0]), words[kind_at], [float(w) for w in words[begin:end]]))
        except (ValueError, IndexError):
            raise InputError(f"{path}: cannot read the atom line '{line.strip()}'") from None
    return sorted(rows)


def _type_names(path: Path, sections: dict[str, list[str]], elements: list[str] | None) -> dict[str, str]:
    """Element name of each atom type, by number and by label."""
    labels = {}
    for line in sections.get("Atom Type Labels", []):
        number, label = line.split("#")[0].split()[:2]
        labels[number] = label
    names = dict(labels)
    if elements:
        names = {str(number): name for number, name in enumerate(elements, start=1)}
    elif not labels:
        for line in sections.get("Masses", []):
            match = re.match(r"\s*(\S+)\s+\S+\s*#\s*([A-Za-z]+)", line)
            if match:
                names[match[1]] = match[2]
    return names | {label: names[number] for number, label in labels.items() if number in names}
