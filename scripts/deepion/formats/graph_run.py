# SPDX-License-Identifier: MIT
"""Run a part of a frozen TensorFlow graph with numpy: the operators between a Deep Potential's environment matrix and its energies.

It is there to check, on a few atoms, that a potential read from a graph is what the graph computes. What it does not know is said
(UnknownOperator), so that the check is left out and not the model.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from .graphdef import Graph
from .graphdef_schema import DATA_TYPES
from .graphdef_tensor import STORED

MOST_NODES = 20000
MOST_ELEMENTS = 1 << 24  # of one value
MOST_IN_ALL = 1 << 27  # elements of all values
NUMPY_TYPES = {DATA_TYPES[name]: np.dtype(stored) for name, (stored, _) in STORED.items() if name != "DT_BFLOAT16"}


class UnknownOperatorError(Exception):
    """An operator, or a use of one, that is not known here."""


def run(graph: Graph, target: str, given: Mapping[str, tuple[np.ndarray, ...]]) -> np.ndarray:
    """The first output of a node; given: outputs of nodes that are not computed."""
    values: dict[str, tuple[np.ndarray, ...]] = dict(given)
    waiting = [target]
    visited = elements = 0
    while waiting:
        name = waiting[-1]
        if name in values:
            waiting.pop()
            continue
        visited += 1
        node = graph.nodes.get(name)
        if node is None:
            raise UnknownOperatorError(f"node {name} is missing")
        if visited > MOST_NODES:
            raise UnknownOperatorError("it has a loop or is too large")
        if node.op == "Const":
            value = graph.constant(name)
            if value is None:
                raise UnknownOperatorError(f"the constant {name} has no value")
            values[name] = (value,)
            continue
        wanted = [reference.partition(":") for reference in node.input if not reference.startswith("^")]
        missing = [source for source, _, _ in wanted if source not in values]
        if missing:
            if len(waiting) > MOST_NODES:
                raise UnknownOperatorError("it has a loop or is too large")
            waiting.extend(missing)
            continue
        inputs = [_output(values[source], source, number) for source, _, number in wanted]
        values[name] = (_computed(node, inputs),)
        elements += values[name][0].size
        if elements > MOST_IN_ALL:
            raise UnknownOperatorError("too much to compute")
    return values[target][0]


def _output(outputs: tuple[np.ndarray, ...], source: str, number: str) -> np.ndarray:
    index = int(number or 0) if (number or "0").isdigit() else len(outputs)
    if index >= len(outputs):
        raise UnknownOperatorError(f"output {number} of {source}")
    return outputs[index]


def _computed(node: Any, inputs: list[np.ndarray]) -> np.ndarray:
    operator = OPERATORS.get(node.op)
    if operator is None:
        raise UnknownOperatorError(f"operator {node.op}")
    try:
        with np.errstate(all="ignore"):
            result = operator(node.attr, *inputs)
    except (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError, MemoryError) as error:
        raise UnknownOperatorError(f"{node.op} {node.name}: {error}") from None
    return np.asarray(result)


def _bounded(*shape: int) -> None:
    if any(size < 0 for size in shape) or prod(shape) > MOST_ELEMENTS:
        raise ValueError(f"a value of shape {shape} is too large")


def _elementwise(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def operator(attr: Any, *values: np.ndarray) -> np.ndarray:
        _bounded(*np.broadcast_shapes(*(value.shape for value in values)))
        return function(*values)

    return operator


def _matmul(attr: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    for key, flips in (("transpose_a", 0), ("adj_x", 0), ("transpose_b", 1), ("adj_y", 1)):
        if attr[key].b:
            a, b = (np.swapaxes(a, -1, -2), b) if flips == 0 else (a, np.swapaxes(b, -1, -2))
    _bounded(*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    return a @ b


def _slice(attr: Any, value: np.ndarray, begin: np.ndarray, size: np.ndarray) -> np.ndarray:
    ends = [None if count < 0 else first + count for first, count in zip(begin, size, strict=True)]
    return value[tuple(slice(first, end) for first, end in zip(begin, ends, strict=True))]


def _strided_slice(attr: Any, value: np.ndarray, begin: np.ndarray, end: np.ndarray, step: np.ndarray) -> np.ndarray:
    if attr["ellipsis_mask"].i or attr["new_axis_mask"].i:
        raise ValueError("masks that are not known here")
    index: list[Any] = []
    for axis, (first, last, by) in enumerate(zip(begin, end, step, strict=True)):
        bit = 1 << axis
        if attr["shrink_axis_mask"].i & bit:
            index.append(int(first))
        else:
            open_begin, open_end = attr["begin_mask"].i & bit, attr["end_mask"].i & bit
            index.append(slice(None if open_begin else int(first), None if open_end else int(last), int(by)))
    return value[tuple(index)]


def _reshape(attr: Any, value: np.ndarray, shape: np.ndarray) -> np.ndarray:
    sizes = [int(size) for size in np.ravel(shape)]
    if -1 in sizes and not value.size:  # as TensorFlow does: zeros are left out on both sides, if the shape has any
        known = prod(size for size in sizes if size > 0)
        sizes[sizes.index(-1)] = prod(size for size in value.shape if size) // max(known, 1) if 0 in sizes else 0
    return value.reshape(sizes)


def _pack(attr: Any, *values: np.ndarray) -> np.ndarray:
    return np.stack(values, axis=int(attr["axis"].i))


def _concat(attr: Any, *values: np.ndarray) -> np.ndarray:
    return np.concatenate(values[:-1], axis=int(values[-1]))


def _cast(attr: Any, value: np.ndarray) -> np.ndarray:
    kind = NUMPY_TYPES.get(attr["DstT"].type)
    if kind is None:
        raise ValueError("a type that is not known here")
    return value.astype(kind)


def _gather(attr: Any, value: np.ndarray, index: np.ndarray, axis: np.ndarray | int = 0) -> np.ndarray:
    if attr["batch_dims"].i or (index.size and (index.min() < 0 or index.max() >= value.shape[int(axis)])):
        raise ValueError("an index that is not known here")
    _bounded(*index.shape, *value.shape[1:])
    return np.take(value, index, axis=int(axis))


def _tile(attr: Any, value: np.ndarray, times: np.ndarray) -> np.ndarray:
    _bounded(*(int(size) * int(n) for size, n in zip(value.shape, times, strict=True)))
    return np.tile(value, [int(n) for n in times])


def _fill(attr: Any, shape: np.ndarray, value: np.ndarray) -> np.ndarray:
    _bounded(*map(int, shape))
    return np.full([int(size) for size in shape], value)


def _one_hot(attr: Any, index: np.ndarray, depth: np.ndarray, on: np.ndarray, off: np.ndarray) -> np.ndarray:
    _bounded(*index.shape, int(depth))
    return np.where(index[..., None] == np.arange(int(depth)), on, off)


def _reduced(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def operator(attr: Any, value: np.ndarray, axes: np.ndarray) -> np.ndarray:
        return function(value, axis=tuple(int(axis) for axis in np.ravel(axes)), keepdims=bool(attr["keep_dims"].b))

    return operator


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, 0.0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _tabulated(table: np.ndarray, info: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The rule of tf_tables; x [...] -> [..., M]."""
    lower, upper, top, first, second = info[:5]
    count = int((upper - lower) / first)
    last = count + int((np.nextafter(top, lower) - upper) / second)
    in_first, in_second = x < upper, x < top
    low = np.trunc((np.clip(x, lower, upper) - lower) / first).astype(int)
    high = np.trunc((np.clip(x, upper, top) - upper) / second).astype(int)
    row = np.where(in_first, low, np.where(in_second, count + high, last))
    begin = np.where(in_first, row * first + lower, (row - count) * second + upper)
    inside = np.clip(x, lower, top)
    t, beyond = (inside - begin)[..., None], (x - inside)[..., None]
    _bounded(*x.shape, table.shape[1])
    a = np.moveaxis(table[row].reshape(*x.shape, table.shape[1] // 6, 6), -1, 0)
    slope = a[1] + (2 * a[2] + (3 * a[3] + (4 * a[4] + 5 * a[5] * t) * t) * t) * t
    return a[0] + (a[1] + (a[2] + (a[3] + (a[4] + a[5] * t) * t) * t) * t) * t + slope * beyond


def _fused(
    attr: Any, table: np.ndarray, info: np.ndarray, x: np.ndarray, rows: np.ndarray, *pairs: np.ndarray
) -> np.ndarray:
    """Sums over neighbors of rows [n, neighbors, 4] times tabulated embeddings of x."""
    g = _tabulated(table, info, x.reshape(rows.shape[:2]))
    if pairs:
        g = g * (1.0 + pairs[0].reshape(g.shape))
    return np.swapaxes(rows, -1, -2) @ g


def _distances(rij: np.ndarray, nlist: np.ndarray, natoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances [atoms, neighbors] and whether there is a neighbor."""
    atoms = int(natoms[0])
    return np.linalg.norm(rij.reshape(atoms, -1, 3), axis=-1), nlist.reshape(atoms, -1) >= 0


def _soft_minimum_switch(
    attr: Any, kind: np.ndarray, rij: np.ndarray, nlist: np.ndarray, natoms: np.ndarray
) -> np.ndarray:
    """deepmd::soft_min_switch_cpu: the weight of the short-range table, from 1 at rmin to 0 at rmax."""
    r, there = _distances(rij, nlist, natoms)
    weights = np.where(there, np.exp(-r / attr["alpha"].f), 0.0)
    nearest = (weights * r).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-300)
    width = float(np.float32(attr["rmax"].f) - np.float32(attr["rmin"].f))
    u = np.clip((nearest - attr["rmin"].f) / width, 0.0, 1.0)
    return np.where(there.any(axis=1), 1.0 + u**3 * (-6.0 * u**2 + 15.0 * u - 10.0), 0.0)[None]


def _pair_table(attr: Any, info: np.ndarray, data: np.ndarray, kind: np.ndarray, rij: np.ndarray, nlist: np.ndarray,
                natoms: np.ndarray, scale: np.ndarray) -> np.ndarray:  # fmt: skip
    """deepmd::pair_tab_cpu: half the energy of each pair."""
    r, there = _distances(rij, nlist, natoms)
    intervals, ntypes = int(info[2] + 0.1), int(info[3] + 0.1)
    own = kind.ravel()[: len(r), None]
    others = np.broadcast_to(np.repeat(np.arange(ntypes), list(attr["sel_a"].list.i)), r.shape)
    u = (r - info[0]) / info[1]
    row = np.clip(np.trunc(u).astype(int), 0, intervals - 1)
    a = data.reshape(ntypes, ntypes, intervals, 4)[own, others, row]
    t = u - row
    energies = ((a[..., 0] * t + a[..., 1]) * t + a[..., 2]) * t + a[..., 3]
    return 0.5 * np.where(there & (u < intervals), energies, 0.0).sum(axis=1)[None]


OPERATORS: dict[str, Callable[..., np.ndarray]] = {
    "Identity": lambda attr, x: x, "StopGradient": lambda attr, x: x, "Snapshot": lambda attr, x: x,
    "Add": _elementwise(np.add), "AddV2": _elementwise(np.add), "BiasAdd": _elementwise(np.add), "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply), "RealDiv": _elementwise(np.divide), "Pow": _elementwise(np.power),
    "AddN": lambda attr, *x: sum(x[1:], x[0]), "Neg": _elementwise(np.negative), "Square": _elementwise(np.square),
    "Minimum": _elementwise(np.minimum), "Maximum": _elementwise(np.maximum), "GreaterEqual": _elementwise(np.greater_equal),
    "Greater": _elementwise(np.greater), "Less": _elementwise(np.less), "Equal": _elementwise(np.equal),
    "Select": _elementwise(np.where), "SelectV2": _elementwise(np.where), "Tanh": _elementwise(np.tanh),
    "Relu": _elementwise(lambda x: np.maximum(x, 0)), "Relu6": _elementwise(lambda x: np.clip(x, 0, 6)),
    "Softplus": _elementwise(_softplus), "Sigmoid": _elementwise(_sigmoid), "Gelu": _elementwise(_gelu),
    "GeluCustom": _elementwise(_gelu), "MatMul": _matmul, "BatchMatMul": _matmul, "BatchMatMulV2": _matmul, "Slice": _slice,
    "StridedSlice": _strided_slice, "Reshape": _reshape, "Pack": _pack, "ConcatV2": _concat, "Cast": _cast, "GatherV2": _gather,
    "Gather": _gather, "Tile": _tile, "Fill": _fill, "OneHot": _one_hot, "Sum": _reduced(np.sum), "Mean": _reduced(np.mean),
    "Shape": lambda attr, x: np.array(x.shape, np.int32), "ZerosLike": lambda attr, x: np.zeros_like(x),
    "Transpose": lambda attr, x, order: np.transpose(x, [int(axis) for axis in order]),
    "ExpandDims": lambda attr, x, axis: np.expand_dims(x, int(axis)),
    "TabulateFusion": _fused, "TabulateFusionSeA": _fused, "TabulateFusionSeAtten": _fused,
    "SoftMinSwitch": _soft_minimum_switch, "PairTab": _pair_table,
    "TabulateFusionSeR": lambda attr, table, info, x: _tabulated(table, info, x),
}  # fmt: skip
