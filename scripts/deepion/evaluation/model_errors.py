# SPDX-License-Identifier: MIT
"""Errors of a model against labels."""

from dataclasses import dataclass, field

import numpy as np

from .evaluator import Result
from .labeled_frames import Labeled


@dataclass
class Pairs:
    """Labels and the model's values, and which element each belongs to (-1: none)."""

    label: list[float] = field(default_factory=list)
    model: list[float] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)

    def add(self, label, model, kind) -> None:
        label, model = np.ravel(label), np.ravel(model)
        self.label += label.tolist()
        self.model += model.tolist()
        self.kind += np.broadcast_to(kind, label.shape).tolist()

    def arrays(self, kind: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Labels and values, of all or of one element."""
        chosen = np.ones(len(self.label), bool) if kind is None else np.array(self.kind) == kind
        return np.array(self.label)[chosen], np.array(self.model)[chosen]


@dataclass(frozen=True)
class Error:
    """count of numbers; mae and rmse in the unit of the quantity."""

    count: int
    mae: float
    rmse: float

    @classmethod
    def of(cls, label: np.ndarray, model: np.ndarray) -> "Error":
        difference = model - label
        return cls(len(label), float(np.abs(difference).mean()), float(np.sqrt((difference**2).mean())))


class Comparison:
    """energy and virial per atom (eV), force components (eV/A)."""

    def __init__(self, type_map: list[str]):
        self.type_map = type_map
        self.energy, self.force, self.virial = Pairs(), Pairs(), Pairs()
        self.systems: list[str] = []

    def add(self, one: Labeled, result: Result) -> None:
        """Take one frame and what the model gives for it."""
        frame = one.frame
        n = len(frame.types)
        if one.energy is not None:
            self.energy.add(one.energy / n, result.energy / n, -1)
            self.systems.append(one.system)
        if one.force is not None:
            self.force.add(one.force, result.force, np.repeat(frame.types, 3))
        if one.virial is not None:
            self.virial.add(one.virial / n, result.virial / n, -1)

    def rows(self) -> list[tuple[str, str, Error]]:
        """Quantity, unit and error: all that has labels, forces also by element, energies also by system."""
        rows = []
        if self.energy.label:
            label, model = self.energy.arrays()
            rows.append(("energy per atom", "meV", _milli(Error.of(label, model))))
            shifted = model - model.mean() + label.mean()
            rows.append(("energy per atom, without the mean shift", "meV", _milli(Error.of(label, shifted))))
            names = np.array(self.systems)
            for name in dict.fromkeys(self.systems) if len(set(self.systems)) > 1 else ():
                mine = names == name
                rows.append((f"energy per atom, {name}", "meV", _milli(Error.of(label[mine], model[mine]))))
        if self.force.label:
            rows.append(("force component", "meV/A", _milli(Error.of(*self.force.arrays()))))
            for kind, name in enumerate(self.type_map):
                label, model = self.force.arrays(kind)
                if len(label):
                    rows.append((f"force component, {name}", "meV/A", _milli(Error.of(label, model))))
        if self.virial.label:
            rows.append(("virial per atom, component", "meV", _milli(Error.of(*self.virial.arrays()))))
        return rows


def _milli(error: Error) -> Error:
    return Error(error.count, 1e3 * error.mae, 1e3 * error.rmse)
