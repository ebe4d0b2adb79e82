# SPDX-License-Identifier: MIT
"""Tables of compressed models in their serialized dictionary: `compress`, as DeePMD-kit 3.2.0 writes it or as readers of other
formats add it.
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError
from deepion.model.potential import Table
from deepion.model.tables import POWERS, intervals

from .values import float_array


def geometry_table(descriptor: dict[str, Any]) -> Table | None:
    """The one table of a descriptor whose types share it; None where it is not compressed."""
    tables = _tables(descriptor)
    if tables is None or not (descriptor["compress"].get("geo_compress", True)):
        return None
    found = list(tables.values())
    if len(found) != 1 or found[0] is None:
        raise ExportError(f"a compressed model with a shared embedding net has {len(found)} tables, expected 1")
    return found[0]


def pair_tables(
    descriptor: dict[str, Any], ntypes: int, one_side: bool, dropped: set[tuple[int, int]], prefix: str
) -> tuple[dict[str, Table], list[list[str | None]]] | None:
    """Tables by function name, and the name for each [center][neighbor]; None where the model is not compressed."""
    tables = _tables(descriptor)
    if tables is None:
        return None
    if any(name.isdigit() for name in tables) and len(tables) != (ntypes if one_side else ntypes**2):
        raise ExportError(f"the compressed model has {len(tables)} tables, expected one for each embedding net")
    named: dict[str, Table] = {}
    names: list[list[str | None]] = []
    for center in range(ntypes):
        row: list[str | None] = []
        for neighbor in range(ntypes):
            number = str(neighbor if one_side else center + ntypes * neighbor)
            net = f"filter_{-1 if one_side else center}_net_{neighbor}"
            found = tables.get(number, tables.get(net))
            if found is None or (center, neighbor) in dropped:
                row.append(None)
                continue
            name = f"{prefix}embedding_{neighbor}" if one_side else f"{prefix}embedding_{center}_{neighbor}"
            named[name] = found
            row.append(name)
        names.append(row)
    if len({found.n_out for found in named.values()}) != 1:
        raise ExportError("the tables of the compressed model are missing, or have different numbers of outputs")
    return named, names


def type_rows(descriptor: dict[str, Any], ntypes: int, one_side: bool) -> np.ndarray | None:
    """Values of the type embedding's net, [ntypes or ntypes^2, M], as compression stores them with one more type, the padding."""
    stored = ((descriptor.get("compress") or {}).get("@variables") or {}).get("type_embd_data")
    if stored is None:
        return None
    rows = float_array("type_embd_data", stored)
    count = ntypes + 1
    expected = count if one_side else count**2
    if rows.ndim != 2 or len(rows) != expected:
        raise ExportError(f"type_embd_data: expected {expected} rows, got the shape {list(rows.shape)}")
    if one_side:
        return rows[:ntypes]
    width = rows.shape[1]
    return rows.reshape(count, count, width)[:ntypes, :ntypes].reshape(-1, width)


def _tables(descriptor: dict[str, Any]) -> dict[str, Table | None] | None:
    """Tables by the name, or the number in the order of nets, of each; None of a pair without one."""
    compress = descriptor.get("compress")
    if not compress:
        return None
    variables = compress.get("@variables") or {}
    if "info" in variables or "data" in variables:
        info, data = variables.get("info"), variables.get("data")
        if not isinstance(info, dict) or not isinstance(data, dict) or set(info) != set(data):
            raise ExportError("the tables of the compressed model and their settings do not belong together")
        return {name: table(name, info[name], data[name]) for name in data}
    infos, tables = variables.get("compress_info"), variables.get("compress_data")
    if infos is None or tables is None:
        return None
    if len(infos) != len(tables):
        raise ExportError("the tables of the compressed model and their settings do not belong together")
    return {str(k): table(str(k), one, data) for k, (one, data) in enumerate(zip(infos, tables, strict=True))}


def table(name: str, info: Any, data: Any) -> Table | None:
    """A checked table; None for an empty one."""
    if np.size(data) == 0:
        return None
    info, data = float_array(f"settings of table {name}", np.ravel(info)), float_array(f"table {name}", data)
    if info.size < 5 or not info[0] < info[1] <= info[2] or info[3] <= 0.0 or info[4] <= 0.0:
        raise ExportError(f"table {name}: expected lower < upper <= top and two steps > 0, got {info.tolist()}")
    if data.ndim != 2 or data.shape[1] == 0 or data.shape[1] % POWERS:
        raise ExportError(f"table {name}: expected the shape [intervals, 6 n], got {list(data.shape)}")
    if (info[2] - info[0]) / min(info[3], info[4]) > 1e9 or len(data) <= intervals(info)[1]:
        raise ExportError(f"table {name}: has {len(data)} intervals, fewer than its settings {info.tolist()} say")
    return Table(info, data)
