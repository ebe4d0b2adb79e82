# SPDX-License-Identifier: MIT
"""A potential without some of its elements: the same energies for atoms of the others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deepion.errors import InputError

from .potential import Descriptor, Embedding, Family, PairTable, Potential


def with_elements(potential: Potential, names: Sequence[str]) -> Potential:
    """The potential for these elements alone, in the order of its type_map."""
    unknown = [name for name in names if name not in potential.type_map]
    if unknown:
        raise InputError(
            f"--elements: the model does not know {' '.join(unknown)}; it knows {' '.join(potential.type_map)}"
        )
    kept = [t for t, name in enumerate(potential.type_map) if name in names]
    if len(kept) == potential.ntypes:
        return potential
    if not all(part.mixed_types for part in potential.parts):
        raise InputError(
            "--elements: this model counts neighbors of each element apart (sel), so that its energies depend on the slots of all "
            "of them: export all elements; runs pay for those alone that pair_coeff names"
        )
    place = {old: new for new, old in enumerate(kept)}
    fitting = potential.fitting
    return replace(
        potential,
        type_map=[potential.type_map[t] for t in kept],
        parts=tuple(_part(part, kept, place) for part in potential.parts),
        pair_exclude_types=_pairs(potential.pair_exclude_types, place),
        atom_exclude_types=[place[t] for t in potential.atom_exclude_types if t in place],
        fitting=_rows(fitting, kept) if isinstance(fitting, Family) else [fitting[t] for t in kept],
        vacuum=[potential.vacuum[t] for t in kept],
        energy_scale=potential.energy_scale[kept],
        energy_shift=potential.energy_shift[kept],
        pair_table=None if potential.pair_table is None else _pair_table(potential.pair_table, kept),
        notes=[*potential.notes, f"{len(kept)} of the {potential.ntypes} elements of the model were kept (--elements)"],
    )


def _part(part: Descriptor, kept: list[int], place: dict[int, int]) -> Descriptor:
    def of(net: Embedding) -> Embedding:
        return _rows(net, _chosen(len(net.offsets), part.ntypes, kept)) if isinstance(net, Family) else net

    gate = part.gate
    if gate is not None:
        gate = replace(gate, values=gate.values[_chosen(len(gate.values), part.ntypes, kept)])
    return replace(
        part,
        davg=part.davg[kept],
        dstd=part.dstd[kept],
        embedding={name: of(net) for name, net in part.embedding.items()},
        exclude_types=_pairs(part.exclude_types, place),
        gate=gate,
    )


def _pair_table(table: PairTable, kept: list[int]) -> PairTable:
    switch = table.switch
    if switch is not None:
        switch = replace(switch, shift=switch.shift[kept])
    return replace(table, coefficients=table.coefficients[np.ix_(kept, kept)], switch=switch)


def _chosen(rows: int, ntypes: int, kept: list[int]) -> list[int]:
    """Rows that stay in a table of types or of pairs of types."""
    return kept if rows == ntypes else [i * ntypes + j for i in kept for j in kept]


def _rows(family: Family, rows: list[int]) -> Family:
    added = None if family.added is None else family.added[np.array(rows)]
    return replace(family, offsets=family.offsets[np.array(rows)], added=added)


def _pairs(pairs: list[list[int]], place: dict[int, int]) -> list[list[int]]:
    return [[place[i], place[j]] for i, j in pairs if i in place and j in place]
