# SPDX-License-Identifier: MIT
"""What is known about a model file, as plain data."""

from dataclasses import dataclass, field

# descriptors by the name in the file
DESCRIPTORS = {
    "se_e2_a": "DeepPot-SE",
    "se_a": "DeepPot-SE",
    "se_e2_r": "DeepPot-SE, radial",
    "se_r": "DeepPot-SE, radial",
    "se_e3": "DeepPot-SE, three-body",
    "se_t": "DeepPot-SE, three-body",
    "se_e3_tebd": "DeepPot-SE, three-body with type embedding",
    "dpa1": "DPA-1",
    "se_atten": "DPA-1",
    "se_atten_v2": "DPA-1, second form",
    "dpa2": "DPA-2",
    "dpa3": "DPA-3",
    "dpa4": "DPA-4",
    "loc_frame": "local frames of the first Deep Potentials",
}


@dataclass(frozen=True)
class Part:
    """One descriptor. Lengths in Angstrom; None: not known from the file."""

    type: str
    rcut: float | None = None
    rcut_smth: float | None = None
    sel: list[int] | None = None  # per type, or one number: the nearest of all types together
    neuron: list[int] | None = None
    axis_neuron: int | None = None
    activation: str | None = None
    precision: str | None = None
    type_one_side: bool | None = None
    resnet_dt: bool | None = None
    exclude_types: list[list[int]] = field(default_factory=list)
    type_embedding: str | None = None
    attention_layers: int = 0
    tables: int | None = None  # number of tables in place of the embedding nets; None: not compressed


@dataclass(frozen=True)
class Fitting:
    """The fitting net."""

    type: str
    neuron: list[int] | None = None
    activation: str | None = None
    precision: str | None = None
    fparam: int = 0
    aparam: int = 0
    shared: bool = False  # one net for all types


@dataclass(frozen=True)
class Verdict:
    """Whether `deepion export` takes the file.

    command: what to run; reduced: why there will be no reduced networks, None: there will be; why: why not, with what to do.
    """

    possible: bool
    command: str | None = None
    reduced: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Summary:
    """One file. size in bytes; min_nbor_dist: the smallest distance of the training data, Angstrom."""

    file: str
    size: int
    format: str
    verdict: Verdict
    software: str | None = None
    model: str | None = None
    elements: list[str] | None = None
    parts: list[Part] = field(default_factory=list)
    fitting: Fitting | None = None
    parameters: int | None = None
    compressed: bool | None = None
    min_nbor_dist: float | None = None
    pair_table: str | None = None
    notes: list[str] = field(default_factory=list)
    reduced_networks: list[dict[str, float]] | None = None
    source: dict[str, str] | None = None
