# SPDX-License-Identifier: MIT
"""An exported model in the engine of the pair style: frames in, energies, forces and virials out."""

import os
import shlex
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepion.cache import entry_of
from deepion.errors import DeepionError, ExcessError, InputError, ModelFileError
from deepion.formats.table import SUFFIXES, export_command

from .keywords import Keywords

Floats = NDArray[np.float64]

# Times the error measured at export: where the self-check finds more, the structure is unlike those the networks were chosen by.
LARGEST_EXPECTED_RATIO = 5.0
ADVICE = {
    "overflow": "Forces jump when such neighbors come and go: train with a larger sel, or check the density. sel='error' makes "
    "this an error",
    "close": "The model extrapolates there: check the structure",
}


@dataclass(frozen=True)
class Results:
    """Of frames: energy [frames] in eV, virial [frames, 3, 3] = sum of position (x) force = -stress x volume in eV; and one frame
    after the other force [atoms, 3] in eV/A, atom_energy [atoms] and atom_virial [atoms, 3, 3] in eV (no atoms where not wanted).
    """

    energy: Floats
    force: Floats
    virial: Floats
    atom_energy: Floats
    atom_virial: Floats


@dataclass(frozen=True)
class Checked:
    """What the checks of a calculator found so far. The error of an atom (eV/A) is the root of a third of the sum of squares of the
    differences between the forces that its energy causes and those of the full networks in float64; rms is that over the atoms whose
    turn it was.

    checks and atoms: how many there were; largest: error of all, of the atom (from 0) at that step (from 1; 0: none yet); excesses:
    checks that found more than the limit; full_step: since when the full networks are used (0: they are not).
    """

    checks: int = 0
    atoms: int = 0
    in_turn: int = 0
    squares: float = 0.0
    largest: float = 0.0
    atom: int = -1
    step: int = 0
    excesses: int = 0
    full_step: int = 0

    @property
    def rms(self) -> float:
        """eV/A; 0 where nothing was checked yet."""
        return float(np.sqrt(self.squares / max(1, self.in_turn)))


class Model:
    """A model file with the keywords of the pair style. Copies share what is open; a pickle holds the file's content."""

    def __init__(self, path: str | Path, keywords: Keywords):
        self.path = Path(path)
        self.keywords = keywords
        self._content = _read(self.path)
        self._checked = not keywords.check
        self._steps = 0
        self.found = Checked()
        self._warned: set[str] = set()
        self._opened: Any = None
        self._process = 0
        self.potential  # noqa: B018  # what is wrong with the file is said now

    @property
    def potential(self) -> Any:
        """The compiled module's object; opened again in a process that was forked, where its threads do not exist."""
        if self._opened is None or self._process != os.getpid():
            try:
                from deepion import _engine
            except ImportError as error:
                raise DeepionError(
                    f"the compiled module deepion._engine cannot be used ({error}): run scripts/setup, or install the wheel"
                ) from None
            self._opened = _engine.Potential(str(self.path), self._content, **self.keywords.settings())
            self._process = os.getpid()
            if self.found.full_step:
                self._opened.use_full_networks()
        return self._opened

    def __deepcopy__(self, memo: dict) -> "Model":
        """Results do not depend on what was computed before, but for on_excess="full", which is for all copies: one may be the same."""
        return self

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_opened": None}

    @property
    def type_map(self) -> list[str]:
        return self.potential.type_map

    def types_of(self, symbols: list[str]) -> NDArray[np.int32]:
        """The model's types of chemical symbols; NULL is invisible to the model (-1)."""
        index = {name: t for t, name in enumerate(self.type_map)} | {"NULL": -1}
        unknown = sorted(set(symbols) - set(index))
        if unknown:
            raise InputError(f"the model does not know {' '.join(unknown)}; it knows {' '.join(self.type_map)}")
        return np.array([index[symbol] for symbol in symbols], dtype=np.int32)

    def fparam(self, frames: int, given: ArrayLike | None) -> Floats:
        """Frame parameters [frames, any]: those of each frame, or the same for all, or the model's default (none)."""
        count = self.potential.numb_fparam
        if given is None or np.size(given) == 0:
            if count and self.potential.default_fparam is None:
                raise InputError(f"the model needs fparam: {count} values")
            return np.zeros((frames, 0))
        values = _numbers("fparam", given)
        if count == 0:
            raise InputError(f"the model has no fparam, but {values.size} values were given")
        if values.size not in (count, frames * count):
            each = f" or {frames} x {count}" if frames > 1 else ""
            raise InputError(f"fparam: expected {count} values{each}, got {values.size}")
        return np.ascontiguousarray(np.broadcast_to(values.reshape(-1, count), (frames, count)))

    def aparam(self, frames: int, atoms: int, given: ArrayLike | None) -> Floats:
        """Atomic parameters [frames x atoms, any]: of each atom of each frame, of each atom, or the same for all."""
        count = self.potential.numb_aparam
        if given is None or np.size(given) == 0:
            if count and frames * atoms:
                raise InputError(f"the model needs aparam: {count} values per atom")
            return np.zeros((frames * atoms, count))
        values = _numbers("aparam", given)
        if count == 0:
            raise InputError(f"the model has no aparam, but {values.size} values were given")
        if values.size == count:
            values = np.broadcast_to(values.reshape(1, 1, count), (frames, atoms, count))
        elif values.size in (atoms * count, frames * atoms * count):
            values = np.broadcast_to(values.reshape(-1, atoms, count), (frames, atoms, count))
        else:
            raise InputError(
                f"aparam: expected {count} values, or {count} for each of {atoms} atoms, or that for each of {frames} frames; "
                f"got {values.size}"
            )
        return np.ascontiguousarray(values).reshape(frames * atoms, count)

    def frames(
        self,
        coord: Floats,
        types: NDArray[np.int32],
        counts: list[int],
        cells: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
        atomic: bool,
    ) -> Results:
        """Evaluate frames, in parallel. counts: atoms of each frame; coord [atoms, 3], types [atoms] and aparam [atoms, any] of one
        frame after the other; cells [frames, 3, 3], periodic [frames, 3], fparam [frames, any].
        """
        if counts and not self._checked:
            n = counts[0]
            self._check(coord[:n], types[:n], cells[:1], periodic[:1], fparam[:1], aparam[:n])
        return self._results(
            self.potential.frames(coord, types, counts, cells, periodic, fparam, aparam, atomic), len(counts)
        )

    def step(
        self,
        coord: Floats,
        types: NDArray[np.int32],
        cell: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
        atomic: bool,
        skin: float,
    ) -> Results:
        """Evaluate one frame as `frames` does; the next call uses its neighbor list again where atoms moved little (skin: A)."""
        if not self._checked:
            self._check(coord, types, cell, periodic, fparam, aparam)
        frame = (coord, types, cell, periodic, fparam, aparam)
        out = self._results(self.potential.step(*frame, atomic, skin), 1)
        self._steps += 1
        every = self.keywords.check_every
        if every and not self.found.full_step and self._steps % every == 0 and self._watch(*frame, out.atom_energy):
            out = self._results(self.potential.step(*frame, atomic, skin), 1)
        return out

    def _watch(self, *sample: Any) -> bool:
        """The check of a run of the pair style, at one step; whether this is to be evaluated again, with the full networks."""
        number = self._steps // self.keywords.check_every
        in_turn, above, squares, atoms, largest, worst = self.potential.watch(*sample, number)
        old, limit = self.found, self.keywords.excess_limit or self.potential.watch_limit
        larger = worst is not None and largest > old.largest
        self.found = Checked(
            old.checks + 1,
            old.atoms + atoms,
            old.in_turn + in_turn,
            old.squares + squares,
            largest if larger else old.largest,
            worst if larger and worst is not None else old.atom,
            self._steps if larger else old.step,
            old.excesses,
        )
        if largest <= limit and 2 * above <= in_turn:
            return False
        self.found = replace(self.found, excesses=old.excesses + 1)
        what = (
            f"{self.path}: check of step {self._steps}: atom {worst} (from 0) errs by {largest:.2g} eV/A (limit {limit:.2g}), and "
            f"{above} of {in_turn} atoms by more than a twentieth of the usual limit, against the full networks in float64"
        )
        advice = "use a smaller reduce or reduce=0, or export the model with --data of structures like this one"
        if self.keywords.on_excess == "stop":
            raise ExcessError(f"{what}: {advice} (on_excess='stop')")
        full = self.keywords.on_excess == "full"
        if full or "watch" not in self._warned:
            self._warned.add("watch")
            then = "The full networks are used from this step on" if full else f"{advice}. This warning comes once"
            warnings.warn(f"{what}: {then}", stacklevel=4)
        if full:
            self.potential.use_full_networks()
            self.found = replace(self.found, full_step=self._steps)
        return full

    def _results(self, found: dict[str, Any], frames: int) -> Results:
        for kind, advice in ADVICE.items():
            if found[kind] and kind not in self._warned:
                self._warned.add(kind)
                warnings.warn(f"{self.path}: {found[kind]}. {advice}. This warning comes once", stacklevel=4)
        return Results(
            found["energy"],
            found["force"],
            found["virial"].reshape(frames, 3, 3),
            found["atom_energy"],
            found["atom_virial"].reshape(-1, 3, 3),
        )

    def _check(self, *frame: Any) -> None:
        """The self-check of the pair style, once."""
        largest, rms, sampled = self.potential.check(*frame)
        limit = self.keywords.check_limit or self.potential.check_limit
        reduced_error = self.potential.reduced_error
        if not largest <= limit:
            advice = "try precision='double'; " if self.keywords.precision == "mixed" else ""
            advice = "try reduce=0; " if reduced_error > 0.0 else advice
            raise DeepionError(
                f"self-check failed: model {self.path} as it runs here and its own graph in float64 differ by {largest:.3g} eV/A in "
                f"the force on one of {sampled} atoms (limit {limit:.3g}): {advice}a wrong result is possible; check_limit sets the "
                "limit, check=False turns the check off"
            )
        if reduced_error > 0.0 and rms > LARGEST_EXPECTED_RATIO * reduced_error:
            warnings.warn(
                f"the reduced networks of model {self.path} err by {rms:.2g} eV/A RMS on atoms of this structure, but by "
                f"{reduced_error:.2g} on those they were chosen by: use a smaller reduce, or export the model with --data of "
                "structures like this one",
                stacklevel=5,
            )
        self._checked = True


def _read(path: Path) -> bytes:
    """The content of an exported file; of a DeePMD-kit model, that of what the cache has for it, as in the pair style."""
    source = path
    if path.suffix.lower() in SUFFIXES and path.is_file():
        source = entry_of(path)
        if not source.is_file():
            cached = f"deepion export {shlex.quote(str(path))} --cache"
            raise ModelFileError(
                f"{path}: a DeePMD-kit model: export it first: {export_command(path)}, or, for this name to do: {cached}"
            )
    try:
        return source.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{source}: cannot be read: {error.strerror or error}") from None


def _numbers(name: str, given: ArrayLike) -> Floats:
    try:
        return np.asarray(given, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError(f"{name}: expected numbers, got {str(given)[:60]}") from None
