# SPDX-License-Identifier: MIT
"""The contract in an exported file's metadata: everything an engine needs beside the networks.

Format version 1 holds one se_e2_a descriptor with its keys beside all others; version 2 holds a list of descriptors, `parts`.
"""

from typing import Any

from deepion import __version__

from .potential import Descriptor, Family, Network, PairTable, Potential
from .reduction import Reduction

NEWEST_FORMAT = 2
UNITS = {"energy": "eV", "length": "Angstrom"}
# keys of a contract of version 1 that version 2 holds in each part
PART_KEYS = ("descriptor", "rcut", "rcut_smth", "env_protection", "sel", "davg", "dstd", "neuron", "axis_neuron",
             "type_one_side", "embedding", "exclude_types")  # fmt: skip
SHARED_FITTING = "fitting"
PAIR_TABLE = "pair_table"


def format_version(potential: Potential) -> int:
    """1 for what files of version 1 can hold: one se_e2_a with a network for each pair of types."""
    part = potential.parts[0]
    shared = isinstance(part.embedding_of, str) or isinstance(potential.fitting, Family)
    if len(potential.parts) > 1 or part.kind != "se_e2_a" or shared or potential.pair_table is not None:
        return 2
    nets = [potential.fitting_net(t) for t in range(potential.ntypes)]
    plain = all(isinstance(net, Network) for net in part.embedding.values())
    return 1 if plain and all(net.layers[0].skip != "matrix" for net in nets) else 2


def fitting_names(potential: Potential) -> list[str] | str:
    """One name where all types share a fitting net."""
    if isinstance(potential.fitting, Family):
        return SHARED_FITTING
    return [f"fitting_{t}" for t in range(potential.ntypes)]


def gate_name(part: int) -> str:
    return f"gate_{part}"


def basis_name(level: int, center: int) -> str:
    """Function g [n, M] -> psi [n, columns] of a center type's reduced network."""
    return f"reduced_basis_{level}_{center}"


def reduced_fitting_name(level: int, center: int) -> str:
    """Function features [n, features] -> energy [n, 1], denergy_dfeatures."""
    return f"reduced_{level}_fitting_{center}"


def contract_of(potential: Potential, reduction: Reduction | None = None) -> dict[str, Any]:
    """The contract of a potential (JSON types only)."""
    head: dict[str, Any] = {"producer": f"deepion {__version__}"}
    activation = {"fitting": potential.fitting_activation}
    if format_version(potential) == 1:
        part = _part(potential.parts[0], 0)
        flat = {key: part[key] for key in PART_KEYS}
        head |= {"descriptor": flat.pop("descriptor"), "type_map": potential.type_map}
        behind = {key: flat.pop(key) for key in ("embedding", "exclude_types")}
        head |= flat | {"activation_function": {"embedding": part["activation"]} | activation}
        head |= {"fitting_neuron": potential.fitting_neuron} | behind
        layout = {}
    else:
        head |= {"type_map": potential.type_map, "parts": [_part(part, k) for k, part in enumerate(potential.parts)]}
        head |= {"activation_function": activation, "fitting_neuron": potential.fitting_neuron}
        layout = {"descriptor_layout": _layout(potential)}
    contract = head | {
        "pair_exclude_types": potential.pair_exclude_types,
        "atom_exclude_types": potential.atom_exclude_types,
        "fitting": fitting_names(potential),
        **layout,
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
    if potential.pair_table is not None:
        contract["pair_table"] = _pair_table(potential.pair_table, potential.ntypes)
    if reduction is not None:
        contract["reduced"] = _reduced(reduction)
    return contract


def _pair_table(table: PairTable, ntypes: int) -> dict[str, Any]:
    switch, shift = None, [0.0] * ntypes
    if table.switch is not None:
        of = "table" if table.switch.of_table else "descriptor"
        switch = {"rmin": table.switch.rmin, "rmax": table.switch.rmax, "alpha": table.switch.alpha, "of": of}
        shift = [float(v) for v in table.switch.shift]
    return {
        "function": PAIR_TABLE,
        "rcut": table.rcut,
        "sel": table.sel,
        "start": table.start,
        "step": table.step,
        "intervals": table.intervals,
        "switch": switch,
        "shift": shift,
    }


def _part(part: Descriptor, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "descriptor": part.kind,
        "rcut": part.rcut,
        "rcut_smth": part.rcut_smth,
        "env_protection": part.env_protection,
        "sel": part.sel,
        "davg": [float(v) for v in part.davg],
        "dstd": [[float(v) for v in row] for row in part.dstd],
        "neuron": part.neuron,
        "axis_neuron": part.axis_neuron,
        "type_one_side": part.type_one_side,
        "embedding": part.embedding_of,
        "exclude_types": part.exclude_types,
        "activation": part.activation,
    }
    if part.mixed_types:
        found["mixed_types"] = True
    if part.gate is not None:
        found["gate"] = {"function": gate_name(number), "smooth": part.gate.smooth}
        if part.gate.cubic:
            found["gate"]["switch"] = "cubic"
    return found


def _layout(potential: Potential) -> str:
    """How the fitting nets use the descriptor; see the schema."""
    nets = [potential.fitting.network] if isinstance(potential.fitting, Family) else potential.fitting
    alone = all(net.layers[0].skip == "none" for net in nets)
    return "axis_fastest_first_layer_only" if alone else "axis_fastest"


def _reduced(reduction: Reduction) -> dict[str, Any]:
    """Levels with falling force error (eV/A RMS; energy error eV per atom RMS); see reduction.ReducedCenter."""
    return {
        "sample": reduction.sample,
        "levels": [
            {
                "force_error": level.force_error,
                "energy_error": level.energy_error,
                "basis": [basis_name(k, i) for i in range(len(level.centers))],
                "columns": [center.columns for center in level.centers],
                "products": [center.products for center in level.centers],
                "mean": [[float(v) for v in center.mean] for center in level.centers],
                "fitting": [reduced_fitting_name(k, i) for i in range(len(level.centers))],
            }
            for k, level in enumerate(reduction.levels)
        ],
    }


def parts_of(contract: dict[str, Any]) -> list[dict[str, Any]]:
    """The descriptors of a contract of either version."""
    return contract["parts"] if "parts" in contract else [{key: contract[key] for key in PART_KEYS}]


def cutoff_of(contract: dict[str, Any]) -> float:
    """The largest cutoff, Angstrom."""
    tables = [contract["pair_table"]] if "pair_table" in contract else []
    return max(part["rcut"] for part in [*parts_of(contract), *tables])


def descriptor_length(contract: dict[str, Any]) -> int:
    """Components that the fitting nets take."""
    return sum(part["neuron"][-1] * max(1, part["axis_neuron"]) for part in parts_of(contract))


def function_names(contract: dict[str, Any]) -> list[str]:
    """Every local function that the contract names."""
    names = []
    for part in parts_of(contract):
        embedding = part["embedding"]
        names += [embedding] if isinstance(embedding, str) else [name for row in embedding for name in row if name]
        names += [part["gate"]["function"]] if "gate" in part else []
    fitting = contract["fitting"]
    names += [fitting] if isinstance(fitting, str) else fitting
    names += [contract["pair_table"]["function"]] if "pair_table" in contract else []
    reduced = contract.get("reduced")
    if reduced is not None:
        names += reduced.get("basis", [])
        names += [name for level in reduced["levels"] for name in [*level.get("basis", []), *level["fitting"]]]
    return names
