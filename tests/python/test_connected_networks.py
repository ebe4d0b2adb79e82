# SPDX-License-Identifier: MIT
"""Reduced nets whose layers see all before them: what skip connections become, and nets with fewer units."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, load_from_string

from conftest import ROOT
from deepion.model.connected import ConnectedNetwork, connected, flow, gradients
from deepion.model.model_file import IR_VERSION, open_model_file
from deepion.model.networks import network_value, reduced_fitting_function
from deepion.model.onnx_nodes import DOMAIN, DOMAIN_VERSION, OPSET
from deepion.model.potential import Network
from deepion.reduction.units import select, with_units
from plain_networks import random_network

INPUTS = 9
SHAPES = {
    "chain": {"skips": ["none", "none", "none"]},
    "skips": {"skips": ["none", "same", "same"]},
    "low rank, timed": {"skips": ["none", "same", "same"], "rank": 2, "timed": True},
}


def network_of(shape: str, width: int = 8) -> Network:
    return random_network(np.random.default_rng(8), [INPUTS, width, width, width], "tanh", **SHAPES[shape])


def inputs(count: int = 60, rank: int = INPUTS) -> tuple[np.ndarray, np.ndarray]:
    """x and two directions, in a subspace of some dimension."""
    random = np.random.default_rng(3)
    basis = random.normal(size=(rank, INPUTS)) / np.sqrt(rank)
    return random.normal(size=(count, rank)) @ basis, random.normal(size=(2, count, rank)) @ basis


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_function_with_skip_connections_written_out(shape):
    network = network_of(shape)
    net, (x, dx) = connected(network), inputs()
    passed = flow(net, x, dx)
    np.testing.assert_allclose(passed.t[-1], network_value(network, x), atol=1e-12)
    high, low = (network_value(network, x + sign * 1e-5 * dx[1]) for sign in (1, -1))
    np.testing.assert_allclose(passed.dt[-1][1], (high - low) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_by_what_enters_a_layer(shape):
    """A change of a layer's bias, pulled back through `right`, is one of its projection."""
    net, (x, _) = connected(network_of(shape)), inputs()
    net = with_units(net, select(net, 0, *inputs()), 6)
    found = gradients(net, flow(net, x))
    first = net.layers[0].features
    along = np.random.default_rng(1).normal(size=INPUTS)
    high, low = (flow(net, x + sign * 1e-5 * along).t[-1] for sign in (1, -1))
    np.testing.assert_allclose(found[0] @ (along @ first), ((high - low) / 2e-5)[:, 0], atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_as_a_function_of_the_file(shape):
    """Energy and gradient in ONNX, with fewer units in every layer, as the net in numpy and its differences."""
    net, (x, dx) = connected(network_of(shape)), inputs()
    for layer, count in ((2, 3), (1, 4), (0, 6)):
        net = with_units(net, select(net, layer, x, dx), count)
    function = reduced_fitting_function("reduced", net)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", None]) for name in ("features", *function.output)
    ]
    graph = helper.make_graph(
        [helper.make_node("reduced", ["features"], list(function.output), domain=DOMAIN)], "call", ends[:1], ends[1:]
    )
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, DOMAIN_VERSION)]
    model = helper.make_model(graph, functions=[function], opset_imports=imports, ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    energy, gradient = session.run(None, {"features": x})
    np.testing.assert_allclose(energy, network_value(net, x), atol=1e-12)
    for k in range(INPUTS):
        high, low = (network_value(net, x + sign * 1e-5 * np.eye(INPUTS)[k]) for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, k], ((high - low) / 2e-5)[:, 0], atol=1e-8)
    assert np.abs(gradient).max() > 0.05


def units(net: ConnectedNetwork) -> list[int]:
    return [layer.b.size for layer in net.layers[:-1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_with_all_units_nothing_changes(shape):
    net, (x, dx) = connected(network_of(shape)), inputs()
    for layer in range(3):
        same = with_units(net, select(net, layer, x, dx), 8)
        np.testing.assert_allclose(network_value(same, x), network_value(net, x), atol=1e-6)


def test_units_that_others_stand_for_are_left_out():
    """Of a layer in which every unit is there twice, half are enough, and the order has one of each pair first."""
    network = network_of("skips")
    first, second, *others = network.layers
    twice = np.r_[np.arange(8), np.arange(8)]
    doubled = Network(
        (
            replace(first, w=first.w[:, twice], b=first.b[twice], skip="none"),
            replace(second, w=0.5 * second.w[twice], skip="none"),
            *others,
        )
    )
    net, (x, dx) = connected(doubled), inputs()
    selection = select(net, 0, x, dx)
    assert {unit % 8 for unit in selection.order[:8]} == set(range(8))
    half = with_units(net, selection, 8)
    assert units(half) == [8, 8, 8] and half.weights < net.weights
    np.testing.assert_allclose(network_value(half, x), network_value(net, x), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_error_falls_with_the_number_of_units(shape):
    """On inputs that were not sampled, much faster than when units are simply left out; coefficients stay small."""
    net = connected(network_of(shape, width=24))
    x, dx = inputs(600, rank=2)
    unseen = inputs(900, rank=2)[0][600:]
    selection = select(net, 2, x, dx)
    errors = []
    for count in (2, 4, 8, 16, 24):
        fewer = with_units(net, selection, count)
        errors.append(float(np.sqrt(np.mean((network_value(fewer, unseen) - network_value(net, unseen)) ** 2))))
        assert max(np.abs(matrix).max() for layer in fewer.layers for matrix in layer.matrices()) < 1e3
    size = float(np.std(network_value(net, unseen)))
    assert errors[0] < 0.5 * size and errors[2] < 0.15 * size and errors[-1] < 1e-4 * size
    assert all(later <= 1.05 * earlier for earlier, later in zip(errors, errors[1:], strict=False))


def test_the_example_needs_few_units():
    """Of the three hidden layers of 240, in the networks that `reduce 1e-3` takes, for each element."""
    file = open_model_file(ROOT / "build/models/lipsti-a.onnx")
    functions = {function.name: function for function in load_from_string(file.content).functions}
    level = next(one for one in file.contract["reduced"]["levels"] if one["force_error"] <= 1e-3)
    for name in level["fitting"]:
        nodes = {output: node for node in functions[name].node for output in node.output}
        widths = []
        for node in nodes.values():
            if node.op_type == "Tanh":
                weights = nodes[nodes[nodes[node.input[0]].input[1]].input[0]]  # Constant, CastLike, Gemm, Tanh
                widths.append(weights.attribute[0].t.dims[1])
        assert len(widths) == 3 and max(widths[1:]) <= 40 and widths[0] < 240
