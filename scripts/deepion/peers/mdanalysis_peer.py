# SPDX-License-Identifier: MIT
"""MDAnalysis: EinsteinMSD, windowed and by FFT, of positions as they are (drift none); InterRDF of lithium and sulfur."""

from pathlib import Path

import numpy as np

from . import measured
from . import settings as s
from .trajectory import read_dump
from .verdicts import Row, close, close_curve, within_errors

NAME = "MDAnalysis"
DISTRIBUTION = "MDAnalysis"
LEVELS = 3  # of the default lags that a run of 1001 samples reaches

# What 13 digits in the file and the cancellation in an FFT allow; MDAnalysis' own reader keeps 7 digits of a position.
DOUBLE, SINGLE = 1e-10, 1e-6
# InterRDF takes the reader's positions: a pair that is so close to the border of a shell that 7 digits cannot tell is in the other one.
SHELLS = 1e-3
STRIDED = 1.0  # standard errors between MSDs from every origin and from every tenth or hundredth


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """MSD, A^2, at 0, 1, 2, ... samples. By its own reader, whose positions are 32-bit floats; and, as EinsteinMSD computes in
    double precision, from the digits of the dump with both algorithms and of every tenth and hundredth frame alone.
    """
    import MDAnalysis
    from MDAnalysis.analysis.msd import EinsteinMSD
    from MDAnalysis.analysis.rdf import InterRDF

    dump = read_dump(folder / "run.dump")
    ions = dump.unwrapped[:, dump.types == s.ION]
    universe = MDAnalysis.Universe(
        str(folder / "run.dump"), format="LAMMPSDUMP", dt=s.TIMESTEP, lammps_coordinate_convention="unwrapped"
    )

    class AllDigits(EinsteinMSD):
        """Positions of the dump in place of the reader's."""

        def _single_frame(self):
            self._position_array[self._frame_index] = ions[self._ts.frame]

    def msd(style: type, fft: bool, stride: int = 1) -> np.ndarray:
        analysis = style(universe, select=f"type {s.ION}", msd_type="xyz", fft=fft)
        analysis.run(step=stride)
        return analysis.results.timeseries

    found = {"windowed": msd(AllDigits, False), "fft": msd(AllDigits, True), "reader": msd(EinsteinMSD, True)}
    for level in range(1, LEVELS):
        stride = s.LAGS_PER_LEVEL**level
        found[f"stride{stride}"] = msd(AllDigits, False, stride)
    groups = [universe.select_atoms(f"type {kind}") for kind in (s.ION, s.SULFUR)]
    rdf = InterRDF(*groups, nbins=s.RDF_BINS, range=(0.0, s.RDF_MAX)).run().results
    pairs = np.cumsum(rdf.count) / (len(groups[0]) * universe.trajectory.n_frames)
    return found | {"rdf": np.asarray(rdf.rdf), "rdf_numbers": pairs}


def compare(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    ours = measured.table(folder, "none.dat")
    step = s.interval("run")
    lags = np.rint(ours.column("lag") / step).astype(int)
    msd, errors = ours.column("msd"), np.nan_to_num(ours.quantity("msd").errors)
    every = lags <= s.LAGS_PER_LEVEL
    rows = []
    for key, name, allowed in (
        ("windowed", "windowed", DOUBLE),
        ("fft", "FFT", DOUBLE),
        ("reader", "FFT, its own reader", SINGLE),
    ):
        what = f"MSD, drift none, lags 1 to {s.LAGS_PER_LEVEL} ({name})"
        rows.append(close(what, tool, msd[every], theirs[key][lags[every]], allowed, "A^2"))
    for level in range(1, LEVELS):
        stride = s.LAGS_PER_LEVEL**level
        some = (lags > stride) & (lags <= stride * s.LAGS_PER_LEVEL)
        what = f"MSD, lags {lags[some][0]} to {lags[some][-1]}, frames {stride} apart"
        rows.append(close(what, tool, msd[some], theirs[f"stride{stride}"][lags[some] // stride], DOUBLE, "A^2"))
    known = ~every & (errors > 0)
    what = f"MSD, lags {lags[known][0]} to {lags[known][-1]}, every origin"
    rows.append(within_errors(what, tool, msd[known], errors[known], theirs["windowed"][lags[known]], STRIDED, "A^2"))
    rdf = measured.table(folder, "rdf.dat")
    rows.append(close_curve("g(r) of Li and S", tool, rdf.column("g"), theirs["rdf"], SHELLS))
    rows.append(close_curve("S around Li up to r", tool, rdf.column("n"), theirs["rdf_numbers"], SHELLS))
    return rows
