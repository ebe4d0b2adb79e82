# SPDX-License-Identifier: MIT
"""The keywords of the pair style that say how a model is run, with its defaults."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepion.errors import InputError
from deepion.lammps_plugin import onnxruntime_library

MOST_THREADS = 16  # shares of the work of one configuration: more threads find nothing to do


@dataclass(frozen=True)
class Keywords:
    """As `pair_style deepmd/onnx` has them; its page says what they mean.

    precision: "mixed" or "double". threads: 0 = OMP_NUM_THREADS, else all cores of this process. tabulate: None = yes in mixed and
    no in double precision. table_error: relative, 0 = the default of the precision. reduce: eV/A RMS, None = the default, 0 = the full
    networks. sel: "warn" or "error". check: compare atoms of the first structure with the model file in float64; a number N
    compares some atoms with the full networks in float64 at every N-th step of a calculator, too. check_limit: eV/A, 0 = the default.
    on_excess: "warn", "full" or "stop", what to do where a check of such a step finds an atom with a larger error than excess_limit (eV/A, 0 = the
    default). onnxruntime: path of libonnxruntime.so, "" = search.
    """

    precision: str = "mixed"
    threads: int = 0
    tabulate: bool | None = None
    table_error: float = 0.0
    reduce: float | None = None
    sel: str = "warn"
    check: bool | int = True
    check_limit: float = 0.0
    on_excess: str = "warn"
    excess_limit: float = 0.0
    onnxruntime: str | Path = ""

    def __post_init__(self) -> None:
        _choice("precision", self.precision, ("mixed", "double"))
        _choice("sel", self.sel, ("warn", "error"))
        _choice("on_excess", self.on_excess, ("warn", "full", "stop"))
        if not isinstance(self.check, bool) and (not isinstance(self.check, int) or self.check < 1):
            raise InputError(f"check: expected True, False or a number of steps, got {self.check!r}")
        if self.tabulate is not None and not isinstance(self.tabulate, bool):
            raise InputError(f"tabulate: expected True or False, got {self.tabulate!r}")
        for name in ("threads", "table_error", "reduce", "check_limit", "excess_limit"):
            value = getattr(self, name)
            if name == "reduce" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise InputError(f"{name}: expected a number that is not negative, got {value!r}")
        if not isinstance(self.threads, int):
            raise InputError(f"threads: expected a whole number, got {self.threads!r}")
        if self.reduce and self.tabulate is False:
            raise InputError("reduced networks are always tabulated: use only one of tabulate=False and reduce")
        if (self.on_excess != "warn" or self.excess_limit) and not self.check_every:
            raise InputError("on_excess and excess_limit need a check at some of the steps: add check=N")
        full = self.reduce == 0 or not self.tabulated or (self.precision == "double" and not self.reduce)
        if self.on_excess == "full" and full:
            raise InputError(
                "on_excess='full' goes from reduced networks to the full ones, which are in use already: use only one of it and "
                "reduce=0, tabulate=False or precision='double'"
            )

    @property
    def check_every(self) -> int:
        """Steps between two checks; 0: none but the one before the first step."""
        return 0 if isinstance(self.check, bool) else self.check

    @property
    def tabulated(self) -> bool:
        """Whether embedding networks are tabulated."""
        return (self.precision == "mixed" or bool(self.reduce)) if self.tabulate is None else self.tabulate

    def settings(self) -> dict[str, Any]:
        """What the compiled module takes."""
        return {
            "precision": self.precision,
            "tabulate": self.tabulated,
            "table_error": float(self.table_error),
            "reduce": -1.0 if self.reduce is None else float(self.reduce),
            "threads": self.threads or default_threads(),
            "sel_error": self.sel == "error",
            "onnxruntime": str(self.onnxruntime),
            "search": [str(library.parent)] if (library := onnxruntime_library()) else [],
        }


def default_threads() -> int:
    """OMP_NUM_THREADS, as LAMMPS; else the cores of this process."""
    given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if given.isdigit() and int(given) > 0:
        return int(given)
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def _choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name}: expected {' or '.join(choices)}, got {value!r}")
