# SPDX-License-Identifier: MIT
"""Activation functions: derivative, precision, and no NaN for large arguments."""

import numpy as np
import onnx
import onnxruntime
import pytest

from deepion.model.activations import activation, value
from deepion.model.onnx_nodes import DOMAIN, OPSET, Nodes

NAMES = ["tanh", "relu", "relu6", "gelu", "gelu_tf", "softplus", "sigmoid", "silu", "silut", "silut:-1.0", "silut:10",
         "custom_silu:0.5", "linear", "none"]  # fmt: skip


def session(name: str, kind) -> onnxruntime.InferenceSession:
    nodes = Nodes(like="z", prefix="t_")
    y, slope = activation(nodes, name, "z")
    nodes.rename(y, "y")
    nodes.rename(nodes.add("Expand", slope or nodes.number(1.0), nodes.add("Shape", "z")), "d")
    function = onnx.helper.make_function(
        DOMAIN, "f", ["z"], ["y", "d"], nodes.nodes, [onnx.helper.make_opsetid("", OPSET)]
    )
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("f", ["z"], ["y", "d"], domain=DOMAIN)],
        "g",
        [onnx.helper.make_tensor_value_info("z", element, ["n"])],
        [onnx.helper.make_tensor_value_info(n, element, ["n"]) for n in "yd"],
    )
    imports = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(DOMAIN, 1)]
    model = onnx.helper.make_model(graph, functions=[function], opset_imports=imports, ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", NAMES)
def test_value_and_derivative(name):
    z = np.linspace(-12.0, 12.0, 4801) + 1.234e-4
    run = session(name, np.float64)
    y, d = run.run(None, {"z": z})
    np.testing.assert_allclose(y, value(name, z), rtol=1e-13, atol=1e-14)
    step = 1e-6
    np.testing.assert_allclose(d, (value(name, z + step) - value(name, z - step)) / (2 * step), atol=3e-9)
    y32, d32 = session(name, np.float32).run(None, {"z": z.astype(np.float32)})
    np.testing.assert_allclose(y32, y, rtol=2e-6, atol=2e-6)
    away = (np.abs(z) > 1e-3) & (np.abs(z - 6.0) > 1e-3)  # the kinks
    np.testing.assert_allclose(d32[away], d[away], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind,largest", [(np.float32, 3e38), (np.float64, 1e308)])
def test_large_arguments(name, kind, largest):
    z = np.concatenate([s * np.geomspace(1.0, largest, 200) for s in (1, -1)]).astype(kind)
    y, d = session(name, kind).run(None, {"z": z})
    assert np.isfinite(y).all() and np.isfinite(d).all()
    assert np.abs(d).max() < 1.2
    with np.errstate(over="ignore"):
        expected = value(name, np.clip(z.astype(np.float64), -1e100, 1e100))
    np.testing.assert_allclose(np.clip(y.astype(np.float64), -1e100, 1e100), expected, rtol=1e-5, atol=1e-5)
