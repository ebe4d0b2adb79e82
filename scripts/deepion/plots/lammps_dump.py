# SPDX-License-Identifier: MIT
"""Reads unwrapped paths of atoms from text dumps of LAMMPS: `dump ID GROUP custom N FILE id type xu yu zu`.

The reader of ase keeps neither the IDs of atoms nor ITEM: TIME, and fails on a frame that a kill has cut off.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion.errors import DeepionError

WANTED = "dump p GROUP custom 100 FILE id type xu yu zu"
# Units of time in a ps, of the unit styles whose lengths are Angstrom.
PER_PS = {"metal": 1.0, "real": 1000.0}
# Lines after each ITEM; the atoms are as many as it says.
LINES = {"UNITS": 1, "TIME": 1, "TIMESTEP": 1, "NUMBER OF ATOMS": 1, "BOX BOUNDS": 3}


class DumpError(DeepionError):
    """A file that is no such dump, or dumps that do not belong together."""


@dataclass(frozen=True)
class Paths:
    """Where atoms were."""

    steps: np.ndarray  # (frames,)
    time: np.ndarray  # ps, (frames,); NaN: not in the file
    ids: np.ndarray  # (atoms,), ascending
    positions: np.ndarray  # Angstrom, unwrapped, (frames, atoms, 3)


def read(files: list[Path]) -> Paths:
    """The paths of one run: frames of the file that begins later replace those of an earlier one from there on."""
    parts = [part for path in files if (part := read_file(path)) is not None]
    if not parts:
        raise DumpError(f"{files[0]} holds no complete frame yet")
    parts.sort(key=lambda part: part.steps[0])
    for part in parts[1:]:
        if not np.array_equal(part.ids, parts[0].ids):
            raise DumpError(
                f"{', '.join(map(str, files))} hold different atoms: IDs {numbers(parts[0].ids)} and "
                f"{numbers(part.ids)}; are they of one run?"
            )
    ends = [part.steps[0] for part in parts[1:]] + [np.inf]
    kept = [part.steps < end for part, end in zip(parts, ends, strict=True)]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name)[keep] for part, keep in zip(parts, kept, strict=True)])

    return Paths(joined("steps"), joined("time"), parts[0].ids, joined("positions"))


def numbers(ids: np.ndarray) -> str:
    """IDs as text; of many only the first."""
    return ", ".join(map(str, ids[:10])) + (", ..." if len(ids) > 10 else "")


def read_file(path: Path) -> Paths | None:
    """All complete frames of a file, None: there are none. The last one may be cut off."""
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise DumpError(f"{path} is no text dump of LAMMPS: expected the file of a {WANTED}") from None
    except OSError as error:
        raise DumpError(f"cannot read {path}: {error.strerror}") from None
    lines = text.split("\n")[:-1]  # without a line that was not ended
    if not text.startswith("ITEM: "[: len(text)]):
        raise DumpError(f"{path} is no text dump of LAMMPS: it begins with '{lines[0][:40] if lines else text[:40]}'")
    found = list(frames(path, lines))
    if not found:
        return None
    steps, time, ids, positions = zip(*found, strict=True)
    for step, other in zip(steps, ids, strict=True):
        if not np.array_equal(other, ids[0]):
            raise DumpError(
                f"{path}: step {step} has other atoms than step {steps[0]}: dump a group that stays the same"
            )
    if (np.diff(steps) <= 0).any():
        raise DumpError(f"{path}: steps do not increase: are these several runs in one file?")
    return Paths(np.array(steps), np.array(time), ids[0], np.array(positions))


def frames(path: Path, lines: list[str]) -> Iterator[tuple[int, float, np.ndarray, np.ndarray]]:
    """Step, time in ps (NaN: not known), IDs and positions of each frame, atoms by ID."""
    at, per_ps, time = 0, 1.0, np.nan
    step: int | None = None
    atoms: int | None = None
    while at < len(lines):
        item, names = heading(path, lines, at)
        if item == "ATOMS":
            if step is None or atoms is None:
                raise DumpError(f"{path}, line {at + 1}: ITEM: ATOMS without a step and a number of atoms before it")
            body = lines[at + 1 : at + 1 + atoms]
            if len(body) < atoms:
                return
            yield step, time, *rows(path, names, body, at + 2)
            at += 1 + atoms
            time, step, atoms = np.nan, None, None
            continue
        count = LINES[item]
        body = lines[at + 1 : at + 1 + count]
        if len(body) < count:
            return
        if item == "UNITS":
            if body[0] not in PER_PS:
                raise DumpError(f"{path} has units {body[0]}: expected {' or '.join(PER_PS)}, with lengths in Angstrom")
            per_ps = PER_PS[body[0]]
        elif item == "TIME":
            time = number(path, body[0], at + 2, float) / per_ps
        elif item == "TIMESTEP":
            step = int(number(path, body[0], at + 2, int))
        elif item == "NUMBER OF ATOMS":
            atoms = int(number(path, body[0], at + 2, int))
        at += 1 + count


def heading(path: Path, lines: list[str], at: int) -> tuple[str, list[str]]:
    """What a line ITEM announces, and the names of columns after it."""
    line = lines[at]
    item = next((item for item in [*LINES, "ATOMS"] if f"{line} ".startswith(f"ITEM: {item} ")), None)
    if item is None:
        raise DumpError(f"{path}, line {at + 1}: expected an ITEM of a dump of atoms, got '{line[:40]}'")
    names = line.split()[2:]
    if item == "ATOMS":
        if missing := [name for name in ("id", "xu", "yu", "zu") if name not in names]:
            raise DumpError(
                f"{path} has no {', '.join(missing)} among its columns {' '.join(names)}: needed is {WANTED}"
            )
    return item, names


def number(path: Path, word: str, line: int, kind: type) -> float | int:
    try:
        return kind(word)
    except ValueError:
        raise DumpError(f"{path}, line {line}: expected a number, got '{word[:40]}'") from None


def rows(path: Path, names: list[str], lines: list[str], first: int) -> tuple[np.ndarray, np.ndarray]:
    """IDs and positions of one frame; `first`: number of its first line in the file."""
    wanted = [names.index(name) for name in ("id", "xu", "yu", "zu")]
    table = []
    for k, line in enumerate(lines, first):
        words = line.split()
        try:
            row = [float(words[column]) for column in wanted]
        except (ValueError, IndexError):
            row = []
        if len(words) != len(names) or not row or not all(map(math.isfinite, row)):
            raise DumpError(f"{path}, line {k}: expected {' '.join(names)}, got '{line[:60]}'")
        table.append(row)
    data = np.array(sorted(table))
    return data[:, 0].astype(int), data[:, 1:]
