# SPDX-License-Identifier: MIT
# The compiled module; rust/python/src/potential.rs says what its methods do.
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class Potential:
    def __init__(
        self,
        name: str,
        content: bytes,
        *,
        precision: str,
        tabulate: bool,
        table_error: float,
        reduce: float,
        threads: int,
        sel_error: bool,
        onnxruntime: str,
        search: list[str],
    ) -> None: ...
    @property
    def type_map(self) -> list[str]: ...
    @property
    def cutoff(self) -> float: ...
    @property
    def numb_fparam(self) -> int: ...
    @property
    def numb_aparam(self) -> int: ...
    @property
    def default_fparam(self) -> list[float] | None: ...
    @property
    def sha256(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def reduced_error(self) -> float: ...
    @property
    def check_limit(self) -> float: ...
    @property
    def watch_limit(self) -> float: ...
    @property
    def summary(self) -> list[str]: ...
    def take_times(self) -> dict[str, float]: ...
    def frames(
        self,
        x: Floats,
        types: NDArray[np.int32],
        counts: list[int],
        vectors: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
        atomic: bool,
    ) -> dict[str, Any]: ...
    def step(
        self,
        x: Floats,
        types: NDArray[np.int32],
        vectors: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
        atomic: bool,
        skin: float,
    ) -> dict[str, Any]: ...
    def check(
        self,
        x: Floats,
        types: NDArray[np.int32],
        vectors: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
    ) -> tuple[float, float, int]: ...
    def watch(
        self,
        x: Floats,
        types: NDArray[np.int32],
        vectors: Floats,
        periodic: NDArray[np.bool_],
        fparam: Floats,
        aparam: Floats,
        energies: Floats,
        number: int,
    ) -> tuple[int, int, float, int, float, int | None]: ...
