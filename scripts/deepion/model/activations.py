# SPDX-License-Identifier: MIT
"""DeePMD-kit's activation functions and their first derivatives in standard ONNX operators.

Every form is free of overflow to NaN for any finite argument, in float32 and float64.
"""

import math
from collections.abc import Callable

from deepion.errors import ExportError

from .onnx_nodes import Nodes

SUPPORTED = "tanh, relu, relu6, gelu, gelu_tf, softplus, sigmoid, silu, silut[:x], custom_silu[:x], linear, none"
_SATURATION = 40.0  # sigmoid and gelu's tanh are 0 or 1 to double precision beyond this argument
_GELU_SCALE = math.sqrt(2.0 / math.pi)
_GELU_CUBIC = 0.044715

# value and derivative (None for the constant 1) of an activation at the tensor named z
ActivationOutput = tuple[str, str | None]


def canonical_name(name: str | None) -> str:
    """Lower-case name with "" and None as "none"; unknown names are refused."""
    text = (name or "none").strip().lower()
    head, _, tail = text.partition(":")
    if head in ("silut", "custom_silu"):
        if tail:
            try:
                threshold = float(tail)
            except ValueError:
                raise ExportError(f"activation function '{name}': '{tail}' is not a number") from None
            if not math.isfinite(threshold):
                raise ExportError(f"activation function '{name}': the threshold must be finite")
        return text
    if tail or head not in _FUNCTIONS:
        raise ExportError(f"activation function '{name}' is not supported; deepion knows {SUPPORTED}")
    return head


def activation(nodes: Nodes, name: str, z: str) -> ActivationOutput:
    """Add the nodes of activation `name` at `z`; returns the names of its value and of its derivative."""
    name = canonical_name(name)
    head, _, tail = name.partition(":")
    if head in ("silut", "custom_silu"):
        return _silut(nodes, z, float(tail) if tail else 3.0)
    return _FUNCTIONS[head](nodes, z)


def value(name: str, z):
    """The activation of a numpy array, in its own precision (for constants folded at export)."""
    import numpy as np

    name = canonical_name(name)
    head, _, tail = name.partition(":")

    def sigmoid(x):
        return 0.5 * (1.0 + np.tanh(0.5 * x))

    if head in ("silut", "custom_silu"):
        threshold = float(tail) if tail else 3.0
        slope, constant = _silut_constants(threshold)
        return np.where(z < threshold, z * sigmoid(z), np.tanh(slope * (z - threshold)) + constant)
    if head in ("gelu", "gelu_tf"):
        return 0.5 * z * (1.0 + np.tanh(_GELU_SCALE * (z + _GELU_CUBIC * z**3)))
    functions: dict[str, Callable] = {
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0.0),
        "relu6": lambda x: np.clip(x, 0.0, 6.0),
        "softplus": lambda x: np.logaddexp(0.0, x),
        "sigmoid": sigmoid,
        "silu": lambda x: x * sigmoid(x),
        "linear": lambda x: x,
        "none": lambda x: x,
    }
    return functions[head](z)


def value_and_slope(name: str, z):
    """The activation of a float64 numpy array and its derivative (a central difference where it is not tanh)."""
    if canonical_name(name) == "tanh":
        y = value(name, z)
        return y, 1.0 - y * y
    step = 1e-5  # truncation and rounding errors about 1e-10 and 1e-11
    return value(name, z), (value(name, z + step) - value(name, z - step)) / (2.0 * step)


def _identity(nodes: Nodes, z: str) -> ActivationOutput:
    return z, None


def _tanh(nodes: Nodes, z: str) -> ActivationOutput:
    y = nodes.add("Tanh", z)
    return y, nodes.add("Sub", nodes.number(1.0), nodes.add("Mul", y, y))


def _step(nodes: Nodes, condition: str) -> str:
    return nodes.add("Where", condition, nodes.number(1.0), nodes.number(0.0))


def _relu(nodes: Nodes, z: str) -> ActivationOutput:
    return nodes.add("Relu", z), _step(nodes, nodes.add("Greater", z, nodes.number(0.0)))


def _relu6(nodes: Nodes, z: str) -> ActivationOutput:
    y = nodes.add("Min", nodes.add("Relu", z), nodes.number(6.0))
    inside = nodes.add("And", nodes.add("Greater", z, nodes.number(0.0)), nodes.add("Less", z, nodes.number(6.0)))
    return y, _step(nodes, inside)


def _clamp(nodes: Nodes, z: str) -> str:
    return nodes.add("Min", nodes.add("Max", z, nodes.number(-_SATURATION)), nodes.number(_SATURATION))


def _gelu(nodes: Nodes, z: str) -> ActivationOutput:
    one, half = nodes.number(1.0), nodes.number(0.5)
    c = _clamp(nodes, z)
    c2 = nodes.add("Mul", c, c)
    inner = nodes.add("Add", one, nodes.add("Mul", nodes.number(_GELU_CUBIC), c2))
    t = nodes.add("Tanh", nodes.add("Mul", nodes.number(_GELU_SCALE), nodes.add("Mul", c, inner)))
    gate = nodes.add("Mul", half, nodes.add("Add", one, t))
    y = nodes.add("Mul", z, gate)
    slope = nodes.add("Add", one, nodes.add("Mul", nodes.number(3.0 * _GELU_CUBIC), c2))
    rest = nodes.add("Mul", nodes.add("Sub", one, nodes.add("Mul", t, t)), nodes.add("Mul", c, slope))
    return y, nodes.add("Add", gate, nodes.add("Mul", nodes.number(0.5 * _GELU_SCALE), rest))


def _softplus(nodes: Nodes, z: str) -> ActivationOutput:
    tail = nodes.add("Exp", nodes.add("Neg", nodes.add("Abs", z)))
    y = nodes.add("Add", nodes.add("Relu", z), nodes.add("Log", nodes.add("Add", nodes.number(1.0), tail)))
    return y, nodes.add("Sigmoid", z)


def _sigmoid(nodes: Nodes, z: str) -> ActivationOutput:
    y = nodes.add("Sigmoid", z)
    return y, nodes.add("Mul", y, nodes.add("Sub", nodes.number(1.0), y))


def _silu(nodes: Nodes, z: str) -> tuple[str, str]:
    one = nodes.number(1.0)
    s = nodes.add("Sigmoid", z)
    y = nodes.add("Mul", nodes.add("Max", z, nodes.number(-_SATURATION)), s)
    curve = nodes.add("Mul", _clamp(nodes, z), nodes.add("Sub", one, s))
    return y, nodes.add("Mul", s, nodes.add("Add", one, curve))


def _silut_constants(threshold: float) -> tuple[float, float]:
    """Slope and value of silu at the threshold, where the tanh branch takes over."""
    s = 0.5 * (1.0 + math.tanh(0.5 * threshold))
    return s + threshold * s * (1.0 - s), threshold * s


def _silut(nodes: Nodes, z: str, threshold: float) -> ActivationOutput:
    slope, constant = _silut_constants(threshold)
    y_low, d_low = _silu(nodes, z)
    below = nodes.add("Less", z, nodes.number(threshold))
    shifted = nodes.add("Mul", nodes.number(slope), nodes.add("Sub", z, nodes.number(threshold)))
    t = nodes.add("Tanh", shifted)
    y_high = nodes.add("Add", t, nodes.number(constant))
    falling = nodes.add("Sub", nodes.number(1.0), nodes.add("Mul", t, t))
    d_high = nodes.add("Mul", nodes.number(slope), falling)
    return nodes.add("Where", below, y_low, y_high), nodes.add("Where", below, d_low, d_high)


_FUNCTIONS: dict[str, Callable[[Nodes, str], ActivationOutput]] = {
    "tanh": _tanh,
    "relu": _relu,
    "relu6": _relu6,
    "gelu": _gelu,
    "gelu_tf": _gelu,
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "linear": _identity,
    "none": _identity,
}
