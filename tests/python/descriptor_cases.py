# SPDX-License-Identifier: MIT
"""Models with every setting of the descriptors beyond one se_e2_a, each with a structure, for comparison with DeePMD-kit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from random_models import ELEMENTS, combined, compressed, dpa1, hybrid, model, pair_table, se_e2_a, structure

THREE = ELEMENTS[:3]
PROJECTIONS = 4  # numbers stored of each quantity with one value per atom or more

STRUCTURES: dict[str, Callable[[], tuple]] = {
    "triclinic": lambda: structure(1, [10, 7, 12], (8.7, 8.1, 8.9), (1.9, -1.1, 1.3)),
    "small": lambda: structure(2, [4, 3, 5], (5.6, 5.2, 6.1), (0.9, -0.7, 0.5)),
    "cluster": lambda: structure(3, [7, 6, 8], (9.0, 9.0, 9.0), periodic=False),
}


@dataclass(frozen=True)
class Case:
    build: Callable[[], dict[str, Any]]
    structure: str = "triclinic"
    fparam: tuple[float, ...] = ()
    aparam: int = 0


def _dpa1(seed: int, where: str = "triclinic", fitting: dict[str, Any] | None = None, **settings) -> Case:
    def build() -> dict[str, Any]:
        random = np.random.RandomState(seed)
        return model(random, THREE, dpa1(random, THREE, **settings), **(fitting or {}))

    return Case(build, where)


def _parts(seed: int, where: str, parts: Callable[[Any], dict[str, Any]], shared: bool = False, **fitting) -> Case:
    def build() -> dict[str, Any]:
        random = np.random.RandomState(seed)
        return model(random, THREE, parts(random), shared=shared, **fitting)

    return Case(build, where)


def _combined(
    seed: int, where: str, kind: str, table: dict[str, Any], descriptor: Callable[[Any], dict[str, Any]], **more
) -> Case:
    def build() -> dict[str, Any]:
        random = np.random.RandomState(seed)
        inner = descriptor(random)
        data = model(random, THREE, inner, shared=inner["type"] == "dpa1")
        return combined(random, data, pair_table(random, THREE, **table), kind, **more)

    return Case(build, where)


NARROW = (-0.2, 0.5, 1.0, 0.05, 0.1, -1.0)  # a table that values of s leave on both sides

CASES: dict[str, Case] = {
    "concat": _dpa1(1),
    "concat_one_side": _dpa1(2, "small", one_side=True),
    "concat_skip_double": _dpa1(3, tebd_dim=2, neuron=(10, 10, 20)),
    "concat_skip_same": _dpa1(4, "cluster", tebd_dim=2, neuron=(5, 10, 10), resnet_dt=True),
    "concat_econf_gelu": _dpa1(5, econf=True, activation="gelu", fitting={"activation": "silu"}),
    "concat_softplus_exclude": _dpa1(6, activation="softplus", exclude=((0, 1), (2, 2)), protection=0.1),
    "concat_sel_overflow": _dpa1(7, "small", sel=20),
    "strip": _dpa1(8, mode="strip", smooth=False),
    "strip_smooth": _dpa1(9, "small", kind="se_atten", mode="strip", tebd_bias=True),
    "strip_one_side_no_output": _dpa1(10, "cluster", mode="strip", one_side=True, tebd_output=False, rcut_smth=3.0),
    "v2_shifted": _dpa1(11, kind="se_atten_v2", shifted=True, sel=60),
    "v2_shifted_one_side_exclude": _dpa1(
        12, "small", kind="se_atten_v2", shifted=True, one_side=True, exclude=((0, 2),)
    ),
    "concat_fitting_skip": _dpa1(13, neuron=(4, 8), axis=2, tebd_dim=4, fitting={"neuron": (20, 20)}),
    "concat_fitting_skip_double": _dpa1(14, neuron=(4, 8), axis=2, tebd_dim=4, fitting={"neuron": (40, 20)}),
    "concat_excluded": _dpa1(15, fitting={"pair_exclude": ((0, 2),), "atom_exclude": (1,)}),
    "se_e2_r": _parts(17, "triclinic", lambda random: se_e2_a(random, THREE, kind="se_r")),
    "se_e2_r_exclude": _parts(18, "small", lambda random: se_e2_a(random, THREE, kind="se_r", exclude=((0, 1),))),
    "hybrid": _parts(
        19,
        "triclinic",
        lambda random: hybrid(
            se_e2_a(random, THREE, one_side=False, rcut=4.0, sel=(12, 10, 14)),
            se_e2_a(random, THREE, kind="se_r", rcut=7.0),
            se_e2_a(random, THREE, neuron=(4, 8), axis=2, rcut=5.0, exclude=((0, 2),), shifted=False),
        ),
    ),
    "hybrid_mixed": _parts(
        20,
        "small",
        lambda random: hybrid(
            dpa1(random, THREE, rcut=5.0), se_e2_a(random, THREE), dpa1(random, THREE, kind="se_atten_v2", shifted=True)
        ),
        shared=True,
    ),
    "hybrid_dpa1": _parts(
        21,
        "cluster",
        lambda random: hybrid(
            dpa1(random, THREE, rcut=5.0, sel=50), dpa1(random, THREE, mode="strip", tebd_output=False)
        ),
        shared=True,
    ),
    "compressed": _parts(22, "triclinic", lambda random: compressed(random, se_e2_a(random, THREE, one_side=False))),
    "compressed_outside": _parts(23, "small", lambda random: compressed(random, se_e2_a(random, THREE), NARROW)),
    "compressed_se_e2_r": _parts(
        24, "cluster", lambda random: compressed(random, se_e2_a(random, THREE, kind="se_r"), NARROW)
    ),
    "compressed_strip": _parts(
        25,
        "triclinic",
        lambda random: compressed(random, dpa1(random, THREE, mode="strip", smooth=False, kind="se_atten")),
        shared=True,
    ),
    "compressed_v2": _parts(
        26,
        "small",
        lambda random: compressed(random, dpa1(random, THREE, kind="se_atten_v2", shifted=True, one_side=True), NARROW),
        shared=True,
    ),
    "zbl": _combined(27, "triclinic", "zbl", {"sel": 90, "rcut": 6.0}, lambda random: dpa1(random, THREE, rcut=5.0)),
    "zbl_of_descriptor": _combined(28, "small", "zbl", {"rcut": 3.5}, lambda random: dpa1(random, THREE)),
    "linear": _combined(
        29, "cluster", "linear_ener", {"end": 3.0}, lambda random: dpa1(random, THREE), weights=[0.7, 1.3]
    ),
    "case": _dpa1(30, "small", fitting={"case": 3, "atom_ener": [-1.0, None, None]}),
    "case_of_se_e2_a": _parts(
        31, "small", lambda random: se_e2_a(random, THREE, neuron=(4, 8), axis=2), case=2, neuron=(18, 10)
    ),
    "concat_vacuum": _dpa1(16, fitting={"atom_ener": [None, -1.0, None]}),
}


def projected(quantity: str, values: np.ndarray) -> list[float]:
    """Sums of all values with random weights: few numbers in which every value counts."""
    flat = np.ravel(values)
    random = np.random.RandomState(len(quantity))
    return [float(random.normal(size=flat.size) @ flat / np.sqrt(flat.size)) for _ in range(PROJECTIONS)]
