# SPDX-License-Identifier: MIT
"""The contract in an exported file's metadata: everything an engine needs beside the networks."""

from typing import Any

from deepion import __version__

from .potential import Potential
from .reduction import Reduction

FORMAT_VERSION = 1
DESCRIPTOR = "se_e2_a"
UNITS = {"energy": "eV", "length": "Angstrom"}


def fitting_names(potential: Potential) -> list[str]:
    return [f"fitting_{t}" for t in range(potential.ntypes)]


def basis_name(center: int) -> str:
    """Function g [n, M] -> psi [n, columns] of a center type's reduced networks."""
    return f"reduced_basis_{center}"


def reduced_fitting_name(level: int, center: int) -> str:
    """Function features [n, columns (columns + 3) / 2] -> energy [n, 1], denergy_dfeatures."""
    return f"reduced_{level}_fitting_{center}"


def contract_of(potential: Potential, reduction: Reduction | None = None) -> dict[str, Any]:
    """The contract of a potential (JSON types only)."""
    contract = {
        "producer": f"deepion {__version__}",
        "descriptor": DESCRIPTOR,
        "type_map": potential.type_map,
        "rcut": potential.rcut,
        "rcut_smth": potential.rcut_smth,
        "env_protection": potential.env_protection,
        "sel": potential.sel,
        "davg": [float(v) for v in potential.davg],
        "dstd": [[float(v) for v in row] for row in potential.dstd],
        "neuron": potential.neuron,
        "axis_neuron": potential.axis_neuron,
        "type_one_side": potential.type_one_side,
        "activation_function": potential.activation_function,
        "fitting_neuron": potential.fitting_neuron,
        "embedding": potential.embedding_of,
        "exclude_types": potential.exclude_types,
        "pair_exclude_types": potential.pair_exclude_types,
        "atom_exclude_types": potential.atom_exclude_types,
        "fitting": fitting_names(potential),
        "energy_scale": [float(v) for v in potential.energy_scale],
        "energy_shift": [float(v) for v in potential.energy_shift],
        "numb_fparam": potential.numb_fparam,
        "numb_aparam": potential.numb_aparam,
        "default_fparam": potential.default_fparam,
        "precision": potential.precision,
        "min_nbor_dist": potential.min_nbor_dist,
        "units": UNITS,
        "source": potential.source,
    }
    if reduction is not None:
        contract["reduced"] = _reduced(reduction)
    return contract


def _reduced(reduction: Reduction) -> dict[str, Any]:
    """Levels with falling force error (eV/A RMS; energy error eV per atom RMS); see reduction.ReducedCenter."""
    return {
        "sample": reduction.sample,
        "basis": [basis_name(i) for i in range(len(reduction.basis))],
        "levels": [
            {
                "force_error": level.force_error,
                "energy_error": level.energy_error,
                "columns": [center.columns for center in level.centers],
                "mean": [[float(v) for v in center.mean] for center in level.centers],
                "fitting": [reduced_fitting_name(k, i) for i in range(len(level.centers))],
            }
            for k, level in enumerate(reduction.levels)
        ],
    }


def function_names(contract: dict[str, Any]) -> list[str]:
    """Every local function that the contract names."""
    names = [name for row in contract["embedding"] for name in row if name] + contract["fitting"]
    reduced = contract.get("reduced")
    if reduced is not None:
        names += reduced["basis"] + [name for level in reduced["levels"] for name in level["fitting"]]
    return names
