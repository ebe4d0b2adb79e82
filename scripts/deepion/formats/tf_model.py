# SPDX-License-Identifier: MIT
"""A frozen TensorFlow graph of DeePMD-kit, of version 0.12 to 3, as DeePMD-kit's serialized dictionary.

What the graph shows is taken from it: it is what runs. The training script, which graphs have since version 2.0, gives what it
does not show (excluded types where nets are shared, names). Where DeePMD-kit's own conversion of such a file looks up settings in
the script alone and fails without it, this reader goes on.
"""

from typing import Any

import numpy as np

from deepion.errors import ExportError, RefusedError
from deepion.export.refusals import refuse_fitting_kind
from deepion.export.stays_out import DPLR, SPIN

from .graphdef import Graph
from .table import NotPlainError
from .tf_descriptors import MIXED, Environment, descriptor, environments, settle_sides, sums_of_sel
from .tf_networks import (
    collection,
    embedding_layers,
    embedding_net,
    fitting_net,
    fitting_scopes,
    multiplications,
)
from .tf_pair_table import has_pair_table, with_pair_table
from .tf_script import Settings, model_settings

MOST_TYPES = 512


def serialized(graph: Graph) -> dict[str, Any]:
    """The dictionary that deepion.export.serialized makes a potential of."""
    script = model_settings(graph)
    _refuse_kind(graph, script)
    ntypes = _ntypes(graph)
    type_map = _type_map(graph, script, ntypes)
    parts = environments(graph, ntypes)
    scripts = _scripts_of_parts(script, len(parts))
    descriptors = [descriptor(graph, part, given) for part, given in zip(parts, scripts, strict=True)]
    embedding = _type_embedding(graph, parts, type_map)
    if embedding is not None:
        for one in descriptors:
            settle_sides(one, embedding["neuron"][-1])
    for one, part in zip(descriptors, parts, strict=True):
        one["type_map"] = type_map
        if part.op in MIXED:
            _move_in(one, embedding)
            one["concat_output_tebd"] = part is parts[-1]  # the fitting net takes the type embedding once, at the end
    whole = descriptors[0]
    if len(parts) > 1 or parts[0].suffix:
        whole = {"@class": "Descriptor", "type": "hybrid", "@version": 1, "list": descriptors}
    model = {
        "@class": "Model",
        "type": "standard",
        "@version": 2,
        "type_map": type_map,
        "descriptor": whole,
        "fitting": _fitting(graph, script, type_map, embedding, parts, descriptors),
        "atom_exclude_types": [],
        "pair_exclude_types": [],
        "rcond": None,
        "preset_out_bias": None,
        "@variables": _output_statistics(graph, ntypes),
    }
    if any("type_embedding_mode" in one for one in descriptors):
        model["type_embedding"] = embedding
    if has_pair_table(graph):
        model = with_pair_table(graph, model, parts)
    data = {
        "software": "deepmd-kit",
        "version": f"graph {graph.text('model_attr/model_version') or 'before 1.0'}",
        "backend": "TensorFlow",
        "model": model,
        "model_def_script": script.values,
    }
    nearest = graph.array("train_attr/min_nbor_dist")
    if nearest is not None:
        data["@variables"] = {"min_nbor_dist": nearest}
    return data


def _refuse_kind(graph: Graph, script: Settings) -> None:
    """Kinds of models that the script need not say."""
    kind = graph.text("model_attr/model_type")
    if kind is not None and kind != "ener":
        refuse_fitting_kind({"type": kind})
    if script.values.get("modifier") or graph.text("model_attr/modifier_type") is not None:
        raise RefusedError(DPLR)
    if script.values.get("spin") or any(name.startswith("spin_attr") for name in graph.nodes):
        raise RefusedError(SPIN)
    kind = script.text("type") or "standard"
    if kind not in ("standard", "multi") or "models" in script.values:
        raise RefusedError(
            f"a model of type '{kind}' cannot be read from a TensorFlow graph; use DeePMD-kit for it, or export the "
            "models it is made of"
        )
    if any(node.attr["T"].type == 19 for node in graph.nodes.values() if node.op == "MatMul" and "T" in node.attr):
        raise RefusedError("a model in half or mixed precision cannot be exported: only float32 and float64 models")


def _ntypes(graph: Graph) -> int:
    for name in ("descrpt_attr/ntypes", "t_ntypes"):
        count = graph.number(name)
        if count is not None:
            if not 0 < count <= MOST_TYPES:
                raise ExportError(f"{name} is {count}, expected at most {MOST_TYPES}: the graph is damaged")
            return count
    raise ExportError(
        "no descrpt_attr/ntypes in the graph: not a Deep Potential, or several of them (multi-task): freeze one of its heads"
    )


def _type_map(graph: Graph, script: Settings, ntypes: int) -> list[str]:
    """Names of the types; in models that were trained without names: Type_0, Type_1, ..."""
    names = (graph.text("model_attr/tmap") or "").split()
    if not names:
        names = [str(name) for name in script.names("type_map")]
    if not names:
        return [f"Type_{kind}" for kind in range(ntypes)]
    if len(names) != ntypes:
        raise ExportError(f"the graph names {len(names)} types ({' '.join(names)}) and has {ntypes}: it is damaged")
    return names


def _scripts_of_parts(script: Settings, count: int) -> list[Settings]:
    """The script of each descriptor."""
    given = script.part("descriptor")
    if not given:
        return [given] * count
    listed = given.parts("list") if given.text("type") == "hybrid" else [given]
    if len(listed) != count:
        raise NotPlainError(
            f"the training script has {len(listed)} descriptors and the graph {count}: a kind that deepion does not know"
        )
    return listed


def _type_embedding(graph: Graph, parts: list[Environment], type_map: list[str]) -> dict[str, Any] | None:
    """The net that embeds types, in DeePMD-kit's layout (TypeEmbedNet)."""
    suffix = next((part.suffix for part in parts if embedding_layers(graph, f"type_embed_net{part.suffix}", "")), "")
    scope = f"type_embed_net{suffix}"
    if not embedding_layers(graph, scope, ""):
        return None
    net = embedding_net(graph, scope, "", None)
    return {
        "@class": "TypeEmbedNet",
        "@version": 2,
        "ntypes": len(type_map),
        "neuron": net["neuron"],
        "resnet_dt": net["resnet_dt"],
        "precision": net["precision"],
        "activation_function": net["activation_function"],
        "trainable": True,
        "padding": True,
        "use_econf_tebd": net["in_dim"] != len(type_map),
        "use_tebd_bias": net["bias"],
        "type_map": type_map,
        "embedding": net,
    }


def _move_in(one: dict[str, Any], embedding: dict[str, Any] | None) -> None:
    """DPA-1 has its type embedding within the descriptor."""
    if embedding is None:
        raise ExportError("the graph has a descriptor with type embedding and no type_embed_net: it is incomplete")
    one |= {
        "type_embedding": embedding,
        "tebd_dim": embedding["neuron"][-1],
        "use_tebd_bias": embedding["use_tebd_bias"],
        "use_econf_tebd": embedding["use_econf_tebd"],
    }


def _fitting(
    graph: Graph,
    script: Settings,
    type_map: list[str],
    embedding: dict[str, Any] | None,
    parts: list[Environment],
    descriptors: list[dict[str, Any]],
) -> dict[str, Any]:
    given = script.part("fitting_net")
    ntypes = len(type_map)
    shared = given.names("layer_name")
    mixed = f"{fitting_scopes(graph, '', '_type_0', shared)[0]}/matrix" not in graph.nodes
    kinds = [""] if mixed else [f"_type_{kind}" for kind in range(ntypes)]
    scopes = [fitting_scopes(graph, "", kind, shared) for kind in kinds]
    nets = [fitting_net(graph, names, given.text("activation_function")) for names in scopes]
    counts = [graph.number(f"fitting_attr/{name}") or 0 for name in ("dfparam", "daparam")]
    if not all(0 <= count <= 4096 for count in counts):
        raise ExportError(f"fitting_attr/dfparam and daparam are {counts}: the graph is damaged")
    as_mask = given.flag("use_aparam_as_mask")
    inputs = nets[0]["in_dim"] - counts[0] - (0 if as_mask else counts[1])
    _rescale(graph, nets, parts, descriptors)
    bias = graph.array("fitting_attr/t_bias_atom_e")
    variables: dict[str, Any] = {
        "bias_atom_e": np.zeros((ntypes, 1)) if bias is None else bias.reshape(-1, 1),
        "case_embd": None,
    }
    for name, count in zip(("fparam", "aparam"), counts, strict=True):
        for key, stored in (("avg", "avg"), ("inv_std", "istd")):
            used = count and not (as_mask and name == "aparam")
            variables[f"{name}_{key}"] = _parameters(graph, f"fitting_attr/t_{name}_{stored}", count) if used else None
    return {
        "@class": "Fitting",
        "type": "ener",
        "@version": 4,
        "var_name": "energy",
        "ntypes": ntypes,
        "dim_descrpt": inputs,
        "mixed_types": mixed,
        "dim_out": 1,
        "neuron": nets[0]["neuron"],
        "resnet_dt": nets[0]["resnet_dt"],
        "numb_fparam": counts[0],
        "numb_aparam": counts[1],
        "dim_case_embd": 0,
        "default_fparam": None,
        "rcond": None,
        "tot_ener_zero": given.flag("tot_ener_zero"),
        "trainable": True,
        "atom_ener": _vacuum(graph, scopes, given, ntypes),
        "activation_function": nets[0]["activation_function"],
        "precision": nets[0]["precision"],
        "layer_name": None,  # shared layers are repeated
        "use_aparam_as_mask": as_mask,
        "spin": None,
        "exclude_types": [],
        "nets": collection(nets, 0 if mixed else 1, ntypes, "fitting"),
        "@variables": variables,
        "type_map": type_map,
    }


def _parameters(graph: Graph, name: str, count: int) -> np.ndarray:
    value = graph.need(name).ravel()
    if value.size != count:
        raise ExportError(f"{name}: expected {count} values, got {value.size}: the graph is damaged")
    return value


def _vacuum(graph: Graph, scopes: list[list[str]], given: Settings, ntypes: int) -> list[float | None]:
    """atom_ener: a number for each type whose net's value in vacuum is subtracted.

    Such a net is evaluated twice in the graph; the number itself is within the bias already.
    """
    listed = given.numbers("atom_ener")
    if listed:
        return listed
    twice = [len(multiplications(graph, f"{names[0]}/matrix")) > 1 for names in scopes]
    if len(twice) == 1:
        twice *= ntypes
    return [0.0 if each else None for each in twice] if any(twice) else []


def _rescale(
    graph: Graph, nets: list[dict[str, Any]], parts: list[Environment], descriptors: list[dict[str, Any]]
) -> None:
    """Where sel was changed after training, the moments are still divided by its old sum.

    The descriptor is a product of two moments, so that the weights it is multiplied with take the square of the ratio.
    """
    begin = 0
    for part, one in zip(parts, descriptors, strict=True):
        if "neuron" not in one:
            return  # a descriptor that is refused
        columns = one["neuron"][-1] * one.get("axis_neuron", 1)
        now, then = sums_of_sel(graph, part)
        if now != then and "axis_neuron" in one:
            for net in nets:
                layer = net["layers"][0]["@variables"]
                layer["w"] = layer["w"].copy()
                layer["w"][begin : begin + columns] *= (now / then) ** 2
        begin += columns


def _output_statistics(graph: Graph, ntypes: int) -> dict[str, np.ndarray]:
    """out_bias and out_std, which DeePMD-kit names twice: model_attr/model_attr/t_out_bias."""
    found = {}
    for key, usual in (("out_bias", 0.0), ("out_std", 1.0)):
        value = graph.array(f"model_attr/model_attr/t_{key}")
        value = graph.array(f"model_attr/t_{key}") if value is None else value
        found[key] = np.full((1, ntypes, 1), usual) if value is None else value
    return found
