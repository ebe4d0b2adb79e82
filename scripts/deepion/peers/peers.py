# SPDX-License-Identifier: MIT
"""The tools, and their evaluation in an environment of their own."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np

from .errors import ComparisonError
from .verdicts import Row

PEERS = ("mdanalysis", "pymatgen", "kinisi", "freud", "numpy")
SCRIPTS = Path(__file__).resolve().parents[2]  # in the environments of the tools the package is not installed


def module(peer: str):
    return importlib.import_module(f"deepion.peers.{peer}_peer")


def evaluate(peer: str, folder: Path) -> None:
    """Have a tool evaluate the dumps in the folder; what it finds goes into PEER.npz. Runs in the tool's environment."""
    from importlib.metadata import version

    of = module(peer)
    found = of.evaluate(folder)
    np.savez(folder / f"{peer}.npz", **found, _version=np.array(version(of.DISTRIBUTION)))


def evaluated(peer: str, folder: Path, venv: Path) -> None:
    """The same in a process of the environment."""
    # not above: the environments of the tools, where evaluate() runs, lack packages that it needs
    from deepion.benchmark.lammps_run import own_environment

    command = [venv / "bin/python", "-W", "ignore", "-m", "deepion.peers.peers", peer, folder]
    environment = own_environment() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        result = subprocess.run(
            [str(word) for word in command],
            cwd=SCRIPTS,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise ComparisonError(f"{venv} is no virtual environment: {error.strerror}") from None
    if result.returncode != 0:
        raise ComparisonError(f"{peer} in {venv} failed:\n{(result.stdout + result.stderr)[-2000:]}")


def compared(peer: str, folder: Path) -> list[Row]:
    """Ours against what the tool found, which is called by its short name and the version of its distribution."""
    of = module(peer)
    try:
        with np.load(folder / f"{peer}.npz") as file:
            found = dict(file)
    except OSError as error:
        raise ComparisonError(f"cannot read {folder / f'{peer}.npz'}: {error.strerror}") from None
    return of.compare(folder, found, f"{of.NAME} {found.pop('_version')}")


if __name__ == "__main__":
    evaluate(sys.argv[1], Path(sys.argv[2]))
