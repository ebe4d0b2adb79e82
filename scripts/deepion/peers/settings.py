# SPDX-License-Identifier: MIT
"""What is run, measured and compared: one place for both stages. Lengths in A, times in ps, temperatures in K."""

import numpy as np

from deepion.constants import BOLTZMANN

ELEMENTS = ("Li", "P", "S", "Ti")  # of atom types 1 to 4
ION, SULFUR = 1, 3  # atom types

# The run: 105 atoms under the lipsti-a model.
TEMPERATURE = 1000.0
TIMESTEP = 0.002
EVERY = 10  # time steps between samples, and between frames of the dump
STEPS = 10_000
EQUILIBRATION = 1_000  # time steps before the measurement
CHARGE = 1.0  # of an ion, elementary charges

# fix ion/transport: the default lags (every origin for the first 10, strided ones above), and 100 lags with every origin
LAGS_PER_LEVEL, LEVELS = 10, 6
EVERY_ORIGIN = 100  # lags
FIT = (50, 100)  # window of the straight line, in samples

CUTOFFS = np.round(np.linspace(2.5, 3.1, 7), 12)
VDOS_LAGS = 200
RDF_MAX, RDF_BINS = 5.0, 50  # A

# Random walks of known D = D_HOT at the highest temperature, with this activation energy (eV), evaluated with rerun.
WALK_TEMPERATURES = (600, 700, 800, 1000)
WALK_ENERGY, D_HOT = 0.3, 1e-4  # eV, cm^2/s
WALKERS, WALLS, FRAMES = 64, 8, 2001  # ions, framework atoms, frames
WALK_EVERY = 50  # time steps between frames
WALK_FIT = (10, 100)  # in samples
WALK_BOX = 25.0  # A
# So few ions over so long a window that D has no error: the Arrhenius line is unweighted then.
FEW_IONS, FEW_FIT = 5, (100, 1000)


def walk_diffusion(kelvin: float) -> float:
    """The true D of the random walk at a temperature, cm^2/s."""
    return D_HOT * float(np.exp(-WALK_ENERGY / BOLTZMANN * (1 / kelvin - 1 / WALK_TEMPERATURES[-1])))


def interval(name: str) -> float:
    """Time between the frames of a trajectory, ps; `name`: run, or walk with its temperature."""
    return TIMESTEP * (EVERY if name == "run" else WALK_EVERY)
