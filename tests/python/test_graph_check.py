# SPDX-License-Identifier: MIT
"""A potential read from a graph is compared with the energies that the graph itself computes."""

import numpy as np
import pytest

from conftest import DATA
from deepion.errors import ExportError
from deepion.export.exporter import load_potential
from deepion.export.graph_check import differences
from deepion.formats.graph_run import MOST_NODES, UnknownOperatorError, run
from deepion.formats.graphdef import Graph, read_graph
from deepion.formats.graphdef_schema import graph_message
from graphs import added, constant, node_of, renamed, saved, stored
from test_graphdef import MODELS, compressed


@pytest.mark.parametrize("name", ["tf_out_std", "tf_trained"])
def test_energies_of_the_graph(name):
    path = MODELS / f"{name}.pb"
    difference, spread, size = differences(read_graph(path), load_potential(path))
    assert difference <= 1e-14 * size
    assert spread > 1e-3
    assert load_potential(path).notes == load_potential(DATA / "models" / f"{name}.dp").notes


def test_energies_of_a_compressed_graph(tmp_path):
    path = saved(compressed(stored("tf_out_std")), tmp_path / "graph.pb")
    difference, _, size = differences(read_graph(path), load_potential(path))
    assert difference <= 1e-14 * size


@pytest.mark.parametrize("adds_bias", [True, False])
def test_energies_with_a_short_range_table(tmp_path, adds_bias):
    """DP-ZBL as DeePMD-kit writes it: (1 - w) E_DP + w (E_table + bias)."""
    message = renamed(stored("tf_out_std"), lambda name: "dp_energy" if name == "o_atom_energy" else name)
    random = np.random.RandomState(8)
    constant(message, "model_attr/t_tab_info", np.array([0.05, 0.5, 12.0, 1.0]))
    constant(message, "model_attr/t_tab_data", random.standard_normal(48))
    constant(message, "one", np.float64(1))
    constant(message, "flat", np.array([-1], np.int32))
    added(message, "SoftMinSwitch", "SoftMinSwitch", ["t_type", "o_rij", "o_nlist", "t_natoms"])
    attr = node_of(message, "SoftMinSwitch").attr
    attr["alpha"].f, attr["rmin"].f, attr["rmax"].f = 0.3, 0.9, 3.7
    tables = [
        "model_attr/t_tab_info",
        "model_attr/t_tab_data",
        "t_type",
        "o_rij",
        "o_nlist",
        "t_natoms",
        "SoftMinSwitch",
    ]
    added(message, "PairTab", "PairTab", tables)
    node_of(message, "PairTab").attr["sel_a"].list.i.append(30)
    pairs, weight, energy = (added(message, "Reshape", f"flat_{k}", [name, "flat"]) for k, name in
                             enumerate(["PairTab", "SoftMinSwitch", "dp_energy"]))  # fmt: skip
    if adds_bias:
        node_of(message, pairs).input[0] = added(
            message, "AddV2", "with_bias", ["PairTab", "fitting_attr/t_bias_atom_e/read"]
        )
    rest = added(message, "Sub", "rest", ["one", weight])
    terms = [added(message, "Mul", f"term_{k}", pair) for k, pair in enumerate([[weight, pairs], [rest, energy]])]
    added(message, "AddV2", "o_atom_energy", terms)
    path = saved(message, tmp_path / "graph.pb")
    potential = load_potential(path)
    assert potential.pair_table is not None and not potential.notes
    difference, spread, size = differences(read_graph(path), potential)
    assert difference <= 1e-14 * size and spread > 0.1


@pytest.mark.parametrize(
    ("node", "op"), [("layer_1_type_0/Tanh", "Relu"), ("filter_type_0/Tanh_1", "Sigmoid"), ("filter_type_0/add", "Sub")]
)
def test_what_the_reader_does_not_see(tmp_path, node, op):
    """Another activation in a later layer, another skip: nothing of this is looked for, and all of it is found."""
    message = stored("tf_out_std")
    node_of(message, node).op = op
    with pytest.raises(ExportError, match=r"graph.pb: the graph computes other energies .* by \d\.\de.\d+ eV"):
        load_potential(saved(message, tmp_path / "graph.pb"))


def test_a_factor_that_is_not_where_it_was(tmp_path):
    message = stored("tf_out_std")
    constant(message, "filter_type_0/truediv/y", np.float64(30.001))
    with pytest.raises(ExportError, match="computes other energies"):
        load_potential(saved(message, tmp_path / "graph.pb"))


def test_operators_that_are_not_known_leave_a_note(tmp_path):
    message = stored("tf_out_std")
    node_of(message, "o_atom_energy").op = "Fancy"
    (note,) = load_potential(saved(message, tmp_path / "graph.pb")).notes
    assert note == "not compared with the energies that the graph itself computes: operator Fancy"


def computed(op: str, inputs: list, **attributes) -> np.ndarray:
    """The result of one operator."""
    message = graph_message()()
    names = [constant(message, f"input_{number}", value) for number, value in enumerate(inputs)]
    node = node_of(message, added(message, op, "result", names))
    for key, value in attributes.items():
        if isinstance(value, bool):
            node.attr[key].b = value
        elif key == "DstT":
            node.attr[key].type = value
        else:
            node.attr[key].i = value
    return run(Graph(message), "result", {})


CUBE = np.arange(24.0).reshape(2, 3, 4)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (computed("StridedSlice", [CUBE, whole(0, 1), whole(2, 3), whole(1, 1)]), CUBE[0:2, 1:3]),
        (
            computed("StridedSlice", [CUBE, whole(1, 0), whole(2, 0), whole(1, 1)], shrink_axis_mask=1, end_mask=2),
            CUBE[1],
        ),
        (computed("StridedSlice", [CUBE, whole(1), whole(9), whole(2)], begin_mask=1), CUBE[0:9:2]),
        (computed("Slice", [CUBE, whole(0, 1, 2), whole(-1, 2, 1)]), CUBE[:, 1:3, 2:3]),
        (computed("Reshape", [CUBE, whole(-1, 6)]), CUBE.reshape(4, 6)),
        (computed("Reshape", [np.zeros((0, 16)), whole(-1, 0, 16)]), np.zeros((1, 0, 16))),
        (computed("Reshape", [np.zeros((2, 0)), whole(-1, 4)]), np.zeros((0, 4))),
        (computed("MatMul", [CUBE[0], CUBE[1]], transpose_a=True), CUBE[0].T @ CUBE[1]),
        (computed("BatchMatMulV2", [CUBE, CUBE], adj_y=True), CUBE @ CUBE.transpose(0, 2, 1)),
        (computed("Pack", [whole(1, 2), whole(3, 4)], axis=1), np.array([[1, 3], [2, 4]], np.int32)),
        (computed("ConcatV2", [CUBE, CUBE, np.int32(2)]), np.concatenate([CUBE, CUBE], axis=2)),
        (computed("GatherV2", [CUBE[0], whole(2, 0), np.int32(0)]), CUBE[0][[2, 0]]),
        (computed("Tile", [CUBE[0], whole(2, 1)]), np.tile(CUBE[0], (2, 1))),
        (computed("Fill", [whole(2, 2), np.float64(1.5)]), np.full((2, 2), 1.5)),
        (computed("OneHot", [whole(1, 0), np.int32(3), np.float64(1), np.float64(0)]), np.eye(3)[[1, 0]]),
        (computed("Sum", [CUBE, whole(1)]), CUBE.sum(axis=1)),
        (computed("Mean", [CUBE, whole(0, 2)], keep_dims=True), CUBE.mean(axis=(0, 2), keepdims=True)),
        (computed("Cast", [CUBE], DstT=3), CUBE.astype(np.int32)),
        (computed("Shape", [CUBE]), whole(2, 3, 4)),
        (computed("Transpose", [CUBE, whole(2, 0, 1)]), CUBE.transpose(2, 0, 1)),
    ],
)
def test_operators(result, expected):
    np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("Fill", [whole(1 << 20, 1 << 20), np.float64(0)]),
        ("Fill", [whole(-1), np.float64(0)]),
        ("Tile", [CUBE[0], whole(1 << 20, 1 << 20)]),
        ("OneHot", [whole(1), np.int32(1 << 30), np.float64(1), np.float64(0)]),
        ("Add", [np.zeros((1, 1 << 14)), np.zeros((1 << 14, 1))]),
        ("MatMul", [np.zeros((1 << 14, 1)), np.zeros((1, 1 << 14))]),
        ("GatherV2", [CUBE[0], whole(7), np.int32(0)]),
        ("Reshape", [CUBE, whole(5, 5)]),
        ("MatMul", [CUBE[0], CUBE[0]]),
        ("Nothing", []),
    ],
)
def test_what_cannot_be_computed(op, inputs):
    with pytest.raises(UnknownOperatorError):
        computed(op, inputs)


def test_a_loop_ends():
    message = graph_message()()
    for name, source in (("a", "b"), ("b", "a")):
        message.node.add(name=name, op="Neg").input.append(source)
    with pytest.raises(UnknownOperatorError, match="loop or is too large"):
        run(Graph(message), "a", {})
    assert MOST_NODES < 1e5
