# SPDX-License-Identifier: MIT
"""A summary of an exported file, from its contract."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from deepion.model.contract import parts_of
from deepion.model.model_file import FORMAT_KEY, open_model_file
from deepion.model.tables import is_table

from .summary import Fitting, Part, Summary, Verdict


def summarize_onnx(path: Path) -> Summary:
    """What an exported file holds. Raises ModelFileError for other ONNX files and for damaged ones."""
    file = open_model_file(path)
    contract = file.contract
    model = onnx.ModelProto.FromString(file.content)
    version = {entry.key: entry.value for entry in model.metadata_props}[FORMAT_KEY]
    activation = contract["activation_function"]
    tables = {function.name for function in model.functions if is_table(function)}
    parts = [_part(part, activation, contract["precision"], tables) for part in parts_of(contract)]
    reduced = contract.get("reduced") or {}
    return Summary(
        file=str(path),
        size=len(file.content),
        format=f"deepion ONNX, format version {version}",
        software=contract["producer"],
        model="exported Deep Potential",
        elements=contract["type_map"],
        parts=parts,
        compressed=any(part.tables is not None for part in parts),
        fitting=Fitting(
            "ener", contract["fitting_neuron"], activation["fitting"], contract["precision"], contract["numb_fparam"],
            contract["numb_aparam"], isinstance(contract["fitting"], str),
        ),
        pair_table=_pair_table(contract.get("pair_table")),
        min_nbor_dist=contract["min_nbor_dist"],
        reduced_networks=[
            {"force_error": level["force_error"], "energy_error": level["energy_error"]}
            for level in reduced.get("levels", [])
        ],
        source={**contract["source"], "file": str(contract["source"]["file"])},
        verdict=Verdict(False, why="exported already: in LAMMPS  " + _command(path, contract["type_map"])),
        notes=[f"sha256 {file.sha256}"],
    )  # fmt: skip


def _pair_table(table: dict[str, Any] | None) -> str | None:
    if table is None:
        return None
    end = min(table["rcut"], table["start"] + table["intervals"] * table["step"])
    switch = table["switch"]
    where = (
        "added"
        if switch is None
        else f"in place of the Deep Potential below {switch['rmin']:g} to {switch['rmax']:g} A"
    )
    return f"{table['start']:g} to {end:g} A, {table['intervals']} splines, {where}"


def _part(part: dict[str, Any], activation: dict[str, str], precision: str, tables: set[str]) -> Part:
    embedding = part["embedding"]
    names = {embedding} if isinstance(embedding, str) else {name for row in embedding for name in row if name}
    mixed = bool(part.get("mixed_types"))
    return Part(
        type="dpa1"
        if mixed
        else part["descriptor"],  # all that is left of DPA-1 is se_e2_a with slots for all types together
        rcut=part["rcut"],
        rcut_smth=part["rcut_smth"],
        sel=list(map(int, np.ravel(part["sel"]))),
        neuron=part["neuron"],
        axis_neuron=part["axis_neuron"] or None,
        activation=part.get("activation") or activation.get("embedding"),
        precision=precision,
        type_one_side=part["type_one_side"],
        exclude_types=part["exclude_types"],
        type_embedding=_type_embedding(part) if mixed or isinstance(embedding, str) else None,
        tables=len(names & tables) or None,
    )


def _type_embedding(part: dict[str, Any]) -> str:
    gate = part.get("gate")
    if gate is None:
        return "concat, folded into the networks"
    return "strip, folded into factors" + (", smooth" if gate["smooth"] else "")


def _command(path: Path, elements: list[str]) -> str:
    names = " ".join(elements[:6]) + (" ..." if len(elements) > 6 else "")
    return f"pair_style deepmd/onnx {shlex.quote(path.name)}  and  pair_coeff * * {names}"
