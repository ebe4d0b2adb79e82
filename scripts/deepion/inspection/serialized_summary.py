# SPDX-License-Identifier: MIT
"""A summary of DeePMD-kit's serialized dictionary; what is missing or strange in it stays unknown."""

from typing import Any

import numpy as np

from .summary import Fitting, Part, Summary, Verdict

MODELS = {
    "standard": "Deep Potential",
    "zbl": "DP-ZBL: a Deep Potential that becomes a pair table at short distances",
    "linear": "a linear combination of models",
    "linear_ener": "a linear combination of models",
    "pairtab": "a pair table",
    "spin": "a Deep Potential with spins",
    "spin_ener": "a Deep Potential with spins",
    "dpa4": "DPA-4",
    "frozen": "another frozen model",
}


def summarize(
    data: dict[str, Any], file: str, size: int, kind: str, verdict: Verdict, notes: list[str] | None = None
) -> Summary:
    """kind: the name of the file's format."""
    model, script = _dict(data.get("model")), _dict(data.get("model_def_script"))
    models = [_dict(inner) for inner in _list(model.get("models"))] or [model]
    parts = [part for inner in models for part in _parts(_dict(inner.get("descriptor")), script)]
    potentials = [inner for inner in models if "fitting" in inner]
    tables = [inner for inner in models if inner.get("type") == "pairtab"]
    return Summary(
        file=file,
        size=size,
        format=kind,
        verdict=verdict,
        software=_software(data),
        model=MODELS.get(str(model.get("type", "standard")), str(model.get("type"))) if model else None,
        elements=_elements(model, models, script),
        parts=parts,
        fitting=_fitting(_dict(potentials[0].get("fitting"))) if potentials else None,
        parameters=_parameters(model) if all(map(_complete, potentials)) and potentials else None,
        compressed=any(part.tables is not None for part in parts),
        min_nbor_dist=_distance(data),
        pair_table=_pair_table(_dict(tables[0].get("tab"))) if tables else None,
        notes=list(notes or []),
    )


def _software(data: dict[str, Any]) -> str | None:
    """Name and version, and the backend where they do not name it."""
    words = " ".join(str(data[key]) for key in ("software", "version") if data.get(key))
    backend = str(data.get("backend") or "")
    return " ".join(filter(None, [words, f"({backend})" if backend not in words else ""])) or None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, (list, tuple)) else []


def _whole_numbers(value: Any) -> list[int] | None:
    values = _list(value) or ([value] if isinstance(value, int) and not isinstance(value, bool) else [])
    whole = [int(item) for item in values if isinstance(item, (int, np.integer)) and not isinstance(item, bool)]
    return whole if whole and len(whole) == len(values) else None


def _number(value: Any) -> float | None:
    known = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return float(value) if known else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    return bool(value) if isinstance(value, (bool, np.bool_)) else None


def _elements(model: dict[str, Any], models: list[dict[str, Any]], script: dict[str, Any]) -> list[str] | None:
    inner = [part for each in models for part in (each, _dict(each.get("descriptor")), _dict(each.get("fitting")))]
    for place in (model, *inner, script):
        names = _list(place.get("type_map"))
        if names:
            return [str(name) for name in names]
    return None


def _parts(descriptor: dict[str, Any], script: dict[str, Any]) -> list[Part]:
    """A hybrid has several; of kinds that are not read there are the settings of the training input alone."""
    if not descriptor:
        return []
    given = _dict(script.get("descriptor"))
    if descriptor.get("type") == "hybrid":
        listed = [_dict(part) for part in _list(given.get("list"))]
        inner = [_dict(part) for part in _list(descriptor.get("list"))]
        settings = listed if len(listed) == len(inner) else [{}] * len(inner)
        return [_part(part, setting) for part, setting in zip(inner, settings, strict=True)]
    return [_part(descriptor, given)]


def _part(descriptor: dict[str, Any], given: dict[str, Any]) -> Part:
    found = {**given, **{key: value for key, value in descriptor.items() if value is not None}}
    kind = str(descriptor.get("type", given.get("type", "unknown")))
    tables = descriptor.get("compress")
    dpa1 = kind in ("dpa1", "se_atten", "se_atten_v2")
    return Part(
        type=kind,
        rcut=_number(found.get("rcut")),
        rcut_smth=_number(found.get("rcut_smth")),
        sel=_whole_numbers(found.get("sel")),
        neuron=_whole_numbers(found.get("neuron")),
        axis_neuron=_number_of(found.get("axis_neuron")),
        activation=_text(found.get("activation_function")),
        precision=_text(found.get("precision")),
        type_one_side=_flag(found.get("type_one_side")),
        resnet_dt=_flag(found.get("resnet_dt")),
        exclude_types=[pair for pair in map(_whole_numbers, _list(found.get("exclude_types"))) if pair],
        type_embedding=_type_embedding(found) if dpa1 or "type_embedding_mode" in found else None,
        attention_layers=(_number_of(found.get("attn_layer")) or 0) if dpa1 else 0,
        tables=None if tables is None else _number_of_tables(_dict(tables)),
    )


def _number_of(value: Any) -> int | None:
    number = _number(value)
    return None if number is None or not np.isfinite(number) else int(number)


def _number_of_tables(compress: dict[str, Any]) -> int:
    variables = _dict(compress.get("@variables"))
    tables = variables.get("compress_data", variables.get("data"))
    values = list(tables.values()) if isinstance(tables, dict) else _list(tables)
    return sum(1 for table in values if np.size(table))


def _type_embedding(found: dict[str, Any]) -> str:
    """In a few words: how it enters, and what it is made of."""
    mode = _text(found.get("tebd_input_mode")) or _text(found.get("type_embedding_mode"))
    mode = mode or ("strip" if found.get("type") == "se_atten_v2" else "concat")
    words = [mode]
    width = _number_of(found.get("tebd_dim"))
    if width is not None:
        words.append(f"{width} numbers")
    if found.get("use_econf_tebd") is True:
        words.append("of the electron configuration")
    if mode == "strip" and (found.get("smooth_type_embedding") is True or found.get("type") == "se_atten_v2"):
        words.append("smooth")
    if found.get("concat_output_tebd") is False:
        words.append("not in the fitting net")
    return ", ".join(words)


def _fitting(fitting: dict[str, Any]) -> Fitting:
    return Fitting(
        type=str(fitting.get("type", "ener")),
        neuron=_whole_numbers(fitting.get("neuron")),
        activation=_text(fitting.get("activation_function")),
        precision=_text(fitting.get("precision")),
        fparam=_number_of(fitting.get("numb_fparam")) or 0,
        aparam=_number_of(fitting.get("numb_aparam")) or 0,
        shared=fitting.get("mixed_types") is True,
    )


def _complete(model: dict[str, Any]) -> bool:
    """Whether the networks of a Deep Potential are there; of kinds that stay out only the names were read."""
    descriptor = _dict(model.get("descriptor"))
    parts = [_dict(part) for part in _list(descriptor.get("list"))] or [descriptor]
    return all("embeddings" in part for part in parts) and "nets" in _dict(model.get("fitting"))


def _parameters(model: dict[str, Any]) -> int:
    """Weights, offsets and time steps of all layers; a stack in place of recursion, for any depth."""
    count = 0
    open_nodes: list[Any] = [model]
    seen: set[int] = set()
    while open_nodes:
        node = open_nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            variables = _dict(node.get("@variables"))
            if "w" in variables:
                count += sum(
                    int(np.size(variables[key])) for key in ("w", "b", "idt") if variables.get(key) is not None
                )
            open_nodes += [value for value in node.values() if isinstance(value, (dict, list))]
        else:
            open_nodes += [value for value in node if isinstance(value, (dict, list))]
    return count


def _distance(data: dict[str, Any]) -> float | None:
    value = _dict(data.get("@variables")).get("min_nbor_dist", data.get("min_nbor_dist"))
    if value is None or np.size(value) != 1:
        return None
    try:
        distance = float(np.asarray(value).ravel()[0])
    except (TypeError, ValueError):
        return None
    return distance if distance > 0.0 else None


def _pair_table(tab: dict[str, Any]) -> str:
    low, high, splines = _number(tab.get("rmin")), _number(tab.get("rmax")), _number_of(tab.get("nspline"))
    if low is None or high is None:
        return "of unknown range"
    return f"{low:g} to {high:g} A" + (f", {splines} splines" if splines else "")
