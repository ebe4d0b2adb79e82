# SPDX-License-Identifier: MIT
"""Values of TensorProto messages, in every encoding: raw content, typed fields, and fields shorter than the tensor."""

from math import prod
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .graphdef_schema import DATA_TYPES

# type -> (numpy type of the raw content, typed field)
STORED = {
    "DT_FLOAT": ("<f4", "float_val"),
    "DT_DOUBLE": ("<f8", "double_val"),
    "DT_HALF": ("<f2", "half_val"),
    "DT_BFLOAT16": ("<u2", "half_val"),
    "DT_INT8": ("<i1", "int_val"),
    "DT_INT16": ("<i2", "int_val"),
    "DT_INT32": ("<i4", "int_val"),
    "DT_INT64": ("<i8", "int64_val"),
    "DT_UINT8": ("<u1", "int_val"),
    "DT_UINT16": ("<u2", "int_val"),
    "DT_UINT32": ("<u4", "uint32_val"),
    "DT_UINT64": ("<u8", "uint64_val"),
    "DT_BOOL": ("?", "bool_val"),
}
NAMES = {number: name for name, number in DATA_TYPES.items()}
# a tensor is never larger than what its values fill, but for the last one, which may stand for all that follow, up to this many
MOST_REPEATED = 1 << 22


def type_name(tensor: Any) -> str:
    """Name of the element type, as DeePMD-kit calls precisions: float64, float32, float16, bfloat16, int32, ..."""
    name = NAMES.get(tensor.dtype, "")
    special = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}
    return special.get(name, name.removeprefix("DT_").lower() or f"type {tensor.dtype}")


def shape_of(name: str, tensor: Any) -> tuple[int, ...]:
    if tensor.tensor_shape.unknown_rank or any(dim.size < 0 for dim in tensor.tensor_shape.dim):
        raise ExportError(f"the constant {name} has no definite shape: the graph is damaged")
    if len(tensor.tensor_shape.dim) > 8:
        raise ExportError(f"the constant {name} has {len(tensor.tensor_shape.dim)} dimensions: the graph is damaged")
    return tuple(dim.size for dim in tensor.tensor_shape.dim)


def decode(name: str, tensor: Any) -> np.ndarray:
    """The value of a constant; texts as an array of bytes objects, bfloat16 widened to float32."""
    shape, kind = shape_of(name, tensor), NAMES.get(tensor.dtype, "")
    count = prod(shape)
    if kind == "DT_STRING":
        return _filled(name, np.array(list(tensor.string_val), dtype=object), count, b"").reshape(shape)
    if kind not in STORED:
        raise ExportError(f"the constant {name} holds values of {type_name(tensor)}, which models do not have")
    stored, field = STORED[kind]
    dtype = np.dtype(stored)
    content = tensor.tensor_content
    if content:
        if len(content) != count * dtype.itemsize:
            raise ExportError(
                f"the constant {name} holds {len(content)} bytes, expected {count * dtype.itemsize} for its shape "
                f"{list(shape)}: the graph is damaged"
            )
        values = np.frombuffer(content, dtype)
    else:
        values = _filled(name, _from_field(getattr(tensor, field), kind, dtype), count, 0)
    if kind == "DT_BFLOAT16":
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(shape)


def _from_field(field: Any, kind: str, dtype: np.dtype) -> np.ndarray:
    if kind == "DT_HALF":
        return np.array(field, dtype=np.int64).astype("<u2").view("<f2")
    if kind in ("DT_FLOAT", "DT_DOUBLE", "DT_BOOL", "DT_UINT64"):
        return np.array(field, dtype=dtype)
    return np.array(field, dtype=np.int64).astype(dtype)


def _filled(name: str, values: np.ndarray, count: int, nothing: object) -> np.ndarray:
    """All values of a tensor whose last value was stored once for all that follow; none at all: zeros."""
    if len(values) > count:
        raise ExportError(f"the constant {name} holds {len(values)} values, expected {count}: the graph is damaged")
    if count - len(values) > MOST_REPEATED:
        raise ExportError(f"the constant {name} claims {count} values and holds {len(values)}: the graph is damaged")
    if len(values) == count:
        return values
    last = values[-1] if len(values) else nothing
    return np.concatenate([values, np.full(count - len(values), last, dtype=values.dtype)])
