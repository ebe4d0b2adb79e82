# SPDX-License-Identifier: MIT
"""Frame and atomic parameters of sampled structures: those of the data, else drawn from the statistics that the model keeps."""

from dataclasses import replace

import numpy as np

from deepion.errors import InputError
from deepion.evaluation.frames import Frame
from deepion.model.potential import Potential

SEED = 18731217
WIDER = 2.0


class Draws:
    """Parameters by chance, the same ones every time.

    Normal with the mean and the standard deviation of the training data, which a model keeps to scale its parameters by; the
    mean where the deviation is none (infinite or zero). One draw per frame for fparam, one per atom for aparam. A model with
    default_fparam gets that in every second frame or so: it is what runs use that give none. In every third frame the
    deviation is WIDER times as large, as frames are rattled: runs may go beyond the data. None of those that errors are measured
    on (build.HELD_OUT) is among them.
    """

    def __init__(self, potential: Potential):
        self._frame, self._atom = potential.numb_fparam, potential.numb_aparam
        self._default = potential.default_fparam
        average, inverse = np.zeros(0), np.zeros(0)
        if potential.scaling is not None:
            average, inverse = potential.scaling.average, potential.scaling.inverse_std
        usable = np.isfinite(inverse) & (inverse != 0.0)
        self._mean, self._spread = average, np.where(usable, 1.0 / np.where(usable, np.abs(inverse), 1.0), 0.0)

    def of_frame(self, number: int, atoms: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """fparam [numb_fparam] and aparam [atoms, numb_aparam] of the frame with this number; None where the model takes none."""
        random = np.random.default_rng([SEED, number])
        spread = self._spread * (1.0 if number % 3 else WIDER)
        fparam, aparam = None, None
        if self._frame:
            fparam = self._mean[: self._frame] + spread[: self._frame] * random.standard_normal(self._frame)
            if self._default is not None and random.random() < 0.5:
                fparam = np.array(self._default, dtype=np.float64)
        if self._atom:
            drawn = random.standard_normal((atoms, self._atom))
            aparam = self._mean[self._frame :] + spread[self._frame :] * drawn
        return fparam, aparam


def with_parameters(potential: Potential, frames: list[Frame]) -> list[Frame]:
    """The frames with the parameters that the model takes: their own where they have them, else drawn, and no others.

    Raises InputError where a frame has another number of them than the model takes.
    """
    draws = Draws(potential)
    return [_with_parameters(potential, frame, *draws.of_frame(k, len(frame.types))) for k, frame in enumerate(frames)]


def said(potential: Potential, frames: list[Frame]) -> str:
    """Where the parameters of the sample come from, for people: appended to what is said of the structures.

    frames: those of the data; none where structures are generated.
    """
    sources: dict[str, list[str]] = {}
    for name, count in (("fparam", potential.numb_fparam), ("aparam", potential.numb_aparam)):
        given = sum(getattr(frame, name) is not None for frame in frames)
        source = "of the data" if frames and given == len(frames) else "drawn from the model's statistics"
        if 0 < given < len(frames):
            source = f"of the data in {given}, in others {source}"
        if count:
            sources.setdefault(source, []).append(name)
    return "".join(f", {' and '.join(names)} {source}" for source, names in sources.items())


def _with_parameters(potential: Potential, frame: Frame, fparam: np.ndarray | None, aparam: np.ndarray | None) -> Frame:
    if fparam is not None and frame.fparam is not None:
        fparam = _of_shape("fparam", frame.fparam, (potential.numb_fparam,))
    if aparam is not None and frame.aparam is not None:
        aparam = _of_shape("aparam", frame.aparam, (len(frame.types), potential.numb_aparam))
    return replace(frame, fparam=fparam, aparam=aparam)


def _of_shape(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.shape != shape:
        per = "per atom" if name == "aparam" else "per frame"
        raise InputError(
            f"{name} of the data: {values.shape[-1]} values {per}, but the model takes {shape[-1]}: name data that the model "
            f"was trained with, or take {name}.npy out of them"
        )
    return values


def scaled_parameters(potential: Potential, frame: Frame, atoms: np.ndarray) -> np.ndarray:
    """Parameters of these atoms as the fitting nets take them, [atoms, numb_fparam + numb_aparam]; the frame has all of them."""
    if potential.scaling is None:
        return np.zeros((len(atoms), 0))
    parts = []
    if frame.fparam is not None:
        parts.append(np.tile(frame.fparam, (len(atoms), 1)))
    if frame.aparam is not None:
        parts.append(frame.aparam[atoms])
    return (np.concatenate(parts, axis=1) - potential.scaling.average) * potential.scaling.inverse_std
