# SPDX-License-Identifier: MIT
"""kinisi on walks whose D is known: its samples of D, from lags where the slope is constant."""

from pathlib import Path

import numpy as np

from .walks import case_of, positions

NAME = "kinisi"
DISTRIBUTION = "kinisi"
BOX = 1e6  # so large that no ion crosses it between two samples


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """Mean and standard deviation of D for each walk in the folder, in the order of their seeds: [run, 2]."""
    case = case_of(folder)
    return {"d": np.array([diffusion(positions(path, case), case.lags) for path in sorted(folder.glob("*.walk"))])}


def diffusion(x: np.ndarray, lags: np.ndarray) -> tuple[float, float]:
    """x: [sample, ion, 3]; lags: samples. In the squared length of x per sample."""
    import scipp
    from kinisi.analyze import DiffusionAnalyzer
    from kinisi.displacement import calculate_msd
    from kinisi.parser import Parser

    samples, ions, _ = x.shape
    # an atom that stays where it is: kinisi takes the drift of all others away
    x = np.concatenate([x, np.zeros((samples, 1, 3))], axis=1)
    cells = np.repeat(np.diag([BOX] * 3)[None], samples, axis=0)
    parser = Parser(
        coords=scipp.array(dims=["time", "particle", "dimension"], values=x / BOX),
        latt=scipp.array(dims=["time", "row", "column"], values=cells, unit="angstrom"),
        time_step=scipp.scalar(1, unit="fs"),
        step_skip=scipp.scalar(1, unit="dimensionless"),
        dt=scipp.array(dims=["time interval"], values=lags, unit="fs"),
        specie_indices=scipp.array(dims=["particle"], values=np.arange(ions)),
        drift_indices=scipp.array(dims=["particle"], values=[ions]),
    )
    analyzer = DiffusionAnalyzer(parser)
    analyzer._dg = calculate_msd(parser, progress=False)  # as its constructors from files do
    analyzer.diffusion(scipp.scalar(int(lags[0]), unit="fs"), progress=False, random_state=np.random.RandomState(4711))
    found = np.asarray(analyzer.D.values) * 10  # from cm^2/s to A^2/fs
    return found.mean(), found.std(ddof=1)
