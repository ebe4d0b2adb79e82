"""From DeePMD-kit's serialized dictionary to a Potential; whatever cannot be represented exactly is refused by name."""

from typing import Any

import numpy as np

from . import activations
from .errors import ExportError
from .networks import network_value
from .potential import Layer, Network, ParameterScaling, Potential

SUPPORTED_PRECISIONS = {
    "float64": "float64",
    "double": "float64",
    "default": "float64",
    "float32": "float32",
    "single": "float32",
}

MODEL_KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "type_map",
    "descriptor",
    "fitting",
    "atom_exclude_types",
    "pair_exclude_types",
    "rcond",
    "preset_out_bias",
}
DESCRIPTOR_KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "rcut",
    "rcut_smth",
    "sel",
    "neuron",
    "axis_neuron",
    "resnet_dt",
    "trainable",
    "type_one_side",
    "exclude_types",
    "env_protection",
    "set_davg_zero",
    "activation_function",
    "precision",
    "spin",
    "env_mat",
    "embeddings",
    "type_map",
    "seed",
    "uniform_seed",
    "ntypes",
    "compress",
}
FITTING_KEYS = {
    "@class",
    "@version",
    "@variables",
    "type",
    "var_name",
    "ntypes",
    "dim_descrpt",
    "neuron",
    "resnet_dt",
    "numb_fparam",
    "numb_aparam",
    "dim_case_embd",
    "default_fparam",
    "rcond",
    "activation_function",
    "precision",
    "mixed_types",
    "exclude_types",
    "nets",
    "type_map",
    "tot_ener_zero",
    "trainable",
    "layer_name",
    "use_aparam_as_mask",
    "spin",
    "dim_out",
    "atom_ener",
    "seed",
    "uniform_seed",
}
ENV_MAT_KEYS = {"rcut", "rcut_smth", "protection", "use_exp_switch"}
NETWORK_KEYS = {
    "@class",
    "@version",
    "in_dim",
    "out_dim",
    "neuron",
    "activation_function",
    "resnet_dt",
    "precision",
    "bias",
    "bias_out",
    "layers",
}
LAYER_KEYS = {
    "@class",
    "@version",
    "@variables",
    "bias",
    "use_timestep",
    "activation_function",
    "resnet",
    "precision",
    "trainable",
}
COLLECTION_KEYS = {"@class", "@version", "ndim", "ntypes", "network_type", "networks"}


def potential_from_serialized(data: dict[str, Any], source: dict[str, str]) -> Potential:
    """The potential of a serialized model (see dp_model.read_model)."""
    _refuse_by_script(data.get("model_def_script"))
    model = data["model"]
    _refuse_model_kind(model)
    descriptor, fitting = model.get("descriptor"), model.get("fitting")
    if not isinstance(descriptor, dict) or not isinstance(fitting, dict):
        raise ExportError("the model has no descriptor and fitting net: its file is incomplete")
    _refuse_descriptor_kind(descriptor)
    _refuse_fitting_kind(fitting)
    _check_version("model", model, 2, 2)
    _check_version("descriptor", descriptor, 1, 2)
    _check_version("fitting net", fitting, 1, 4)
    _refuse_unknown("model", model, MODEL_KEYS)
    _refuse_unknown("descriptor", descriptor, DESCRIPTOR_KEYS)
    _refuse_unknown("fitting net", fitting, FITTING_KEYS)

    precision = _precision(descriptor, fitting)
    # TensorFlow builds some things otherwise than the converted dictionary says; what was trained counts
    tensorflow = data.get("backend") == "TensorFlow"
    type_map = _type_map(model, descriptor, fitting)
    ntypes = len(type_map)
    sel = _sel(descriptor, ntypes)
    protection = _environment_settings(descriptor)
    davg, dstd = _statistics(descriptor, ntypes, sel)
    one_side = bool(descriptor.get("type_one_side", False))
    exclude = _pairs("descriptor exclude_types", descriptor.get("exclude_types"), ntypes)
    pair_exclude = _pairs("pair_exclude_types", model.get("pair_exclude_types"), ntypes)
    atom_exclude = _types("atom_exclude_types", model.get("atom_exclude_types"), ntypes)
    silenced = set(_types("fitting net exclude_types", fitting.get("exclude_types"), ntypes))

    dropped = {(i, j) for i, j in exclude} | {(j, i) for i, j in exclude} if tensorflow else set()
    embedding, embedding_of = _embedding(descriptor, ntypes, one_side, dropped, tensorflow)
    axis_neuron = _positive_integer("axis_neuron", descriptor.get("axis_neuron"))
    width = next(iter(embedding.values())).n_out
    if axis_neuron > width:
        raise ExportError(f"axis_neuron {axis_neuron} is larger than the embedding's last layer {width}")

    numb_fparam = _count("numb_fparam", fitting.get("numb_fparam", 0))
    numb_aparam = _count("numb_aparam", fitting.get("numb_aparam", 0))
    scaling = _scaling(fitting, numb_fparam, numb_aparam)
    nets = _fitting_nets(fitting, ntypes, width * axis_neuron + numb_fparam + numb_aparam, tensorflow)
    vacuum = _vacuum(fitting, ntypes, tensorflow)
    scale, shift = _energy_scale_and_shift(model, fitting, ntypes, silenced, tensorflow)
    if scaling is None:
        for t in range(ntypes):
            if vacuum[t]:
                shift[t] -= scale[t] * float(network_value(nets[t], np.zeros((1, nets[t].n_in)))[0, 0])
        vacuum = [False] * ntypes
    for t in atom_exclude:
        scale[t] = shift[t] = 0.0

    notes = []
    if tensorflow and exclude:
        notes.append("exclude_types: as in TensorFlow, excluded pairs contribute nothing, empty slots included")
    return Potential(
        type_map=type_map, rcut=_number("rcut", descriptor["rcut"]),
        rcut_smth=_number("rcut_smth", descriptor["rcut_smth"]), env_protection=protection, sel=sel, davg=davg,
        dstd=dstd, axis_neuron=axis_neuron, type_one_side=one_side, embedding=embedding, embedding_of=embedding_of,
        exclude_types=[] if tensorflow else exclude, pair_exclude_types=pair_exclude, atom_exclude_types=atom_exclude,
        fitting=nets, vacuum=vacuum, energy_scale=scale, energy_shift=shift, numb_fparam=numb_fparam,
        numb_aparam=numb_aparam, default_fparam=_default_fparam(fitting, numb_fparam), scaling=scaling,
        activation_function={"embedding": str(descriptor.get("activation_function", "tanh")),
                             "fitting": str(fitting.get("activation_function", "tanh"))},
        precision=precision, min_nbor_dist=_min_nbor_dist(data), source=source, notes=notes,
    )  # fmt: skip


# --- refusals of whole kinds of models ------------------------------------------------------------------------------


def _refuse_by_script(script: Any) -> None:
    """What the training input says and the serialized model does not."""
    if not isinstance(script, dict):
        return
    if "model_dict" in script:
        heads = ", ".join(map(str, script["model_dict"]))
        raise ExportError(
            f"a multi-task model cannot be exported: freeze one of its heads ({heads}) with: dp --pt freeze --head NAME"
        )
    if script.get("compress"):
        raise ExportError("a compressed model cannot be exported: export the original (not compressed) model")
    if script.get("spin"):
        raise ExportError("a spin model cannot be exported: deepion has no magnetic moments; train without 'spin'")
    if script.get("modifier"):
        raise ExportError(
            "a model with a modifier (long-range charges, DPLR) cannot be exported; use DeePMD-kit for it"
        )
    if script.get("use_srtab"):
        raise ExportError("a model with a short-range table (use_srtab) cannot be exported; use DeePMD-kit for it")
    if script.get("type_embedding") and script.get("descriptor", {}).get("type") in ("se_e2_a", "se_a"):
        raise ExportError("a model with type embedding cannot be exported: train se_e2_a without 'type_embedding'")
    if str(script.get("bridging_method") or "None").lower() != "none":
        raise ExportError(f"bridging_method '{script['bridging_method']}' cannot be exported; use DeePMD-kit for it")


def _refuse_model_kind(model: dict[str, Any]) -> None:
    kind = str(model.get("type", "standard"))
    name = {
        "spin": "spin", "spin_ener": "spin", "zbl": "DP-ZBL", "linear": "linear", "linear_ener": "linear",
        "pairtab": "pair table", "pair_tab": "pair table", "frozen": "frozen",
    }.get(kind)  # fmt: skip
    if name == "spin" or "backbone_model" in model:
        raise ExportError("a spin model cannot be exported: deepion has no magnetic moments; train without 'spin'")
    if name is not None:
        raise ExportError(
            f"a {name} model (type '{kind}') cannot be exported: only a standard model, one se_e2_a descriptor with one "
            "energy fitting net; export its Deep Potential alone and add the rest with pair_style hybrid/overlay"
        )
    if kind != "standard":
        raise ExportError(f"a model of type '{kind}' cannot be exported: only a standard energy model with se_e2_a")


def _refuse_descriptor_kind(descriptor: dict[str, Any]) -> None:
    kind = str(descriptor.get("type"))
    if kind == "hybrid":
        inner = ", ".join(str(d.get("type")) for d in descriptor.get("list", []) if isinstance(d, dict))
        raise ExportError(f"a hybrid descriptor ({inner}) cannot be exported: deepion runs a single se_e2_a")
    if kind not in ("se_e2_a", "se_a"):
        raise ExportError(f"descriptor '{kind}' cannot be exported: deepion runs se_e2_a (DeepPot-SE) only")
    if descriptor.get("compress") or int(descriptor.get("@version", 1)) == 3:
        raise ExportError("a compressed model cannot be exported: export the original (not compressed) model")
    if descriptor.get("spin") is not None:
        raise ExportError("a spin model cannot be exported: deepion has no magnetic moments; train without 'spin'")


def _refuse_fitting_kind(fitting: dict[str, Any]) -> None:
    kind = str(fitting.get("type"))
    if kind != "ener" or fitting.get("var_name", "energy") != "energy" or fitting.get("dim_out", 1) != 1:
        raise ExportError(f"fitting net '{kind}' cannot be exported: deepion runs energy models (fitting 'ener') only")
    if fitting.get("mixed_types"):
        raise ExportError("a fitting net with mixed_types (shared by all types) cannot be exported with se_e2_a")
    if fitting.get("dim_case_embd"):
        raise ExportError("dim_case_embd (multi-task case embedding) cannot be exported: use a single-task model")
    if fitting.get("use_aparam_as_mask"):
        raise ExportError("use_aparam_as_mask cannot be exported: use DeePMD-kit for this model")
    if fitting.get("tot_ener_zero"):
        raise ExportError("tot_ener_zero cannot be exported: use DeePMD-kit for this model")
    if fitting.get("spin") is not None:
        raise ExportError("a spin model cannot be exported: deepion has no magnetic moments; train without 'spin'")
    if any(name is not None for name in fitting.get("layer_name") or []):
        raise ExportError("a fitting net with shared layers (layer_name) cannot be exported")


def _check_version(what: str, part: dict[str, Any], oldest: int, newest: int) -> None:
    version = part.get("@version", 1)
    if not isinstance(version, int) or not oldest <= version <= newest:
        raise ExportError(
            f"the {what} is stored in version {version}, this deepion reads {oldest} to {newest}: update deepion, or "
            "convert the model with DeePMD-kit 3.2.0"
        )


def _refuse_unknown(what: str, part: dict[str, Any], known: set[str]) -> None:
    """An unknown setting that is not off may change the energy."""
    for key, setting in part.items():
        off = setting is None or setting is False or (isinstance(setting, (list, dict, str)) and not setting)
        if key not in known and not off:
            text = repr(setting)
            text = text if len(text) < 80 else text[:80] + "..."
            raise ExportError(
                f"the {what} has a setting that deepion does not know: {key} = {text}; update deepion, or convert the "
                "model with DeePMD-kit 3.2.0"
            )


# --- settings -------------------------------------------------------------------------------------------------------


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise ExportError(f"{name}: expected a finite number, got {value!r}")
    return float(value)


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ExportError(f"{name}: expected a whole number >= 0, got {value!r}")
    return int(value)


def _positive_integer(name: str, value: Any) -> int:
    if _count(name, value) == 0:
        raise ExportError(f"{name}: expected a whole number > 0, got 0")
    return int(value)


def _types(name: str, value: Any, ntypes: int) -> list[int]:
    types = sorted({_count(name, t) for t in (value if value is not None else [])})
    if types and types[-1] >= ntypes:
        raise ExportError(f"{name}: type {types[-1]} does not exist, the model has {ntypes} types")
    return types


def _pairs(name: str, value: Any, ntypes: int) -> list[list[int]]:
    pairs = set()
    for pair in value if value is not None else []:
        if len(pair) != 2:
            raise ExportError(f"{name}: expected pairs of types, got {pair!r}")
        _types(name, pair, ntypes)
        pairs.add(tuple(sorted(int(t) for t in pair)))
    return [list(pair) for pair in sorted(pairs)]


def _type_map(model: dict[str, Any], descriptor: dict[str, Any], fitting: dict[str, Any]) -> list[str]:
    type_map = model.get("type_map") or descriptor.get("type_map") or fitting.get("type_map")
    if not type_map:
        raise ExportError(
            "the model has no type_map: name its element types in the training input and convert it again"
        )
    type_map = [str(name) for name in type_map]
    if len(set(type_map)) != len(type_map):
        raise ExportError(f"the model's type_map has duplicates: {' '.join(type_map)}")
    return type_map


def _sel(descriptor: dict[str, Any], ntypes: int) -> list[int]:
    sel = descriptor.get("sel")
    if not isinstance(sel, (list, tuple, np.ndarray)) or len(sel) != ntypes:
        raise ExportError(f"sel: expected one number per type ({ntypes}), got {sel!r}")
    sel = [_count("sel", int(s)) for s in sel]
    if sum(sel) == 0:
        raise ExportError("sel: the model has no neighbours at all")
    return sel


def _environment_settings(descriptor: dict[str, Any]) -> float:
    """env_protection, after checks of the switching function."""
    protection = _number("env_protection", descriptor.get("env_protection", 0.0))
    env_mat = descriptor.get("env_mat") or {}
    _refuse_unknown("environment matrix", env_mat, ENV_MAT_KEYS)
    if env_mat.get("use_exp_switch"):
        raise ExportError("use_exp_switch (exponential switching function) cannot be exported with se_e2_a")
    for key, mine in (("rcut", "rcut"), ("rcut_smth", "rcut_smth")):
        if key in env_mat and float(env_mat[key]) != float(descriptor[mine]):
            raise ExportError(
                f"{key} of the environment matrix is {env_mat[key]}, of the descriptor {descriptor[mine]}"
            )
    rcut, smooth = _number("rcut", descriptor.get("rcut")), _number("rcut_smth", descriptor.get("rcut_smth"))
    if not 0.0 <= smooth < rcut:
        raise ExportError(f"expected 0 <= rcut_smth < rcut, got rcut_smth {smooth} and rcut {rcut}")
    if protection < 0.0:
        raise ExportError(f"env_protection: expected a number >= 0, got {protection}")
    return protection


def _array(name: str, value: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """A finite float64 array of this shape; half precision is refused."""
    if value is None:
        raise ExportError(f"{name} is missing: the model file is incomplete")
    array = np.asarray(value)
    if array.dtype not in (np.float32, np.float64) and not np.issubdtype(array.dtype, np.integer):
        raise ExportError(f"{name} has precision {array.dtype}: only float32 and float64 models can be exported")
    if shape is not None and array.shape != shape:
        raise ExportError(f"{name}: expected shape {list(shape)}, got {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ExportError(f"{name} holds NaN or Inf: the model is broken")
    return array.astype(np.float64)


def _statistics(descriptor: dict[str, Any], ntypes: int, sel: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """davg [ntypes] of the radial component and dstd [ntypes, 2]; they must not depend on the slot."""
    variables = descriptor.get("@variables") or {}
    shape = (ntypes, sum(sel), 4)
    davg, dstd = (_array(key, variables.get(key), shape) for key in ("davg", "dstd"))
    if np.any(davg != davg[:, :1]) or np.any(dstd != dstd[:, :1]):
        raise ExportError(
            "davg or dstd differ between the neighbour slots of one type: such a model cannot be exported"
        )
    davg, dstd = davg[:, 0], dstd[:, 0]
    if np.any(davg[:, 1:] != 0.0):
        raise ExportError("davg is not zero in its angular components: such a model is not rotationally invariant")
    if np.any(dstd[:, 1:] != dstd[:, 1:2]):
        raise ExportError("dstd differs between x, y and z: such a model is not rotationally invariant")
    if np.any(dstd == 0.0):
        raise ExportError("dstd holds zeros: the model is broken")
    return davg[:, 0].copy(), dstd[:, :2].copy()


def _precision(descriptor: dict[str, Any], fitting: dict[str, Any]) -> str:
    found = []
    for what, part in (("descriptor", descriptor), ("fitting net", fitting)):
        name = str(part.get("precision", "default")).lower()
        if name not in SUPPORTED_PRECISIONS:
            raise ExportError(f"the {what} has precision {name}: only float32 and float64 models can be exported")
        found.append(SUPPORTED_PRECISIONS[name])
    return "float64" if "float64" in found else "float32"


def _min_nbor_dist(data: dict[str, Any]) -> float | None:
    """Smallest distance of the training data, Angstrom, where it is known."""
    value = (data.get("@variables") or {}).get("min_nbor_dist", data.get("min_nbor_dist"))
    if value is None or np.size(value) != 1:
        return None
    value = float(np.asarray(value).ravel()[0])
    return value if np.isfinite(value) and value > 0.0 else None


# --- networks -------------------------------------------------------------------------------------------------------


def _collection(what: str, data: Any, ndim: int, ntypes: int) -> list[Any]:
    if not isinstance(data, dict):
        raise ExportError(f"the {what} nets are missing: the model file is incomplete")
    _check_version(f"collection of {what} nets", data, 1, 1)
    _refuse_unknown(f"collection of {what} nets", data, COLLECTION_KEYS)
    if data.get("ndim") != ndim or data.get("ntypes") != ntypes or len(data.get("networks", [])) != ntypes**ndim:
        raise ExportError(
            f"{what} nets: expected {ntypes**ndim} ({ntypes} types, ndim {ndim}), got {len(data.get('networks', []))} "
            f"({data.get('ntypes')} types, ndim {data.get('ndim')})"
        )
    return data["networks"]


def _network(name: str, data: Any, n_in: int) -> Network:
    if not isinstance(data, dict) or not data.get("layers"):
        raise ExportError(f"{name} is missing: the model file is incomplete")
    _check_version(name, data, 1, 2)
    _refuse_unknown(name, data, NETWORK_KEYS)
    layers = []
    for number, layer in enumerate(data["layers"]):
        layers.append(_layer(f"{name}, layer {number}", layer, n_in))
        n_in = layers[-1].n_out
    return Network(tuple(layers))


def _layer(name: str, data: dict[str, Any], n_in: int) -> Layer:
    if data.get("@class", "Layer") != "Layer":
        raise ExportError(f"{name} is a {data['@class']}: only dense layers can be exported")
    _check_version(name, data, 1, 2)
    _refuse_unknown(name, data, LAYER_KEYS)
    variables = data.get("@variables") or {}
    w = _array(f"{name}, weights", variables.get("w"))
    if w.ndim != 2 or w.shape[0] != n_in:
        raise ExportError(f"{name}, weights: expected shape [{n_in}, n], got {list(w.shape)}")
    vectors = []
    for key in ("b", "idt"):
        value = variables.get(key)
        vectors.append(None if value is None else _array(f"{name}, {key}", np.ravel(value), (w.shape[1],)))
    skip = "none"
    if data.get("resnet") and w.shape[0] == w.shape[1]:
        skip = "same"
    elif data.get("resnet") and 2 * w.shape[0] == w.shape[1]:
        skip = "double"
    return Layer(w, vectors[0], vectors[1], activations.canonical_name(data.get("activation_function")), skip)


def _embedding(
    descriptor: dict[str, Any], ntypes: int, one_side: bool, dropped: set[tuple[int, int]], tensorflow: bool
) -> tuple[dict[str, Network], list[list[str | None]]]:
    """Embedding nets by function name, and the name for each [centre][neighbour]."""
    serialized = _collection("embedding", descriptor.get("embeddings"), 1 if one_side else 2, ntypes)
    networks: dict[str, Network] = {}
    names: list[list[str | None]] = []
    for centre in range(ntypes):
        row: list[str | None] = []
        for neighbour in range(ntypes):
            name = f"embedding_{neighbour}" if one_side else f"embedding_{centre}_{neighbour}"
            index = neighbour if one_side else centre + ntypes * neighbour
            if (centre, neighbour) in dropped:
                row.append(None)
                continue
            if name not in networks:
                network = _network(name, serialized[index], 1)
                networks[name] = _tensorflow_embedding(network) if tensorflow else network
            row.append(name)
        names.append(row)
    if not networks:
        raise ExportError("exclude_types excludes every pair of types: the model has no neighbours at all")
    widths = {network.n_out for network in networks.values()}
    if len(widths) != 1:
        raise ExportError(f"the embedding nets have different last layers: {sorted(widths)}")
    return networks, names


def _fitting_nets(fitting: dict[str, Any], ntypes: int, n_in: int, tensorflow: bool) -> list[Network]:
    serialized = _collection("fitting", fitting.get("nets"), 1, ntypes)
    nets = [_network(f"fitting_{t}", serialized[t], n_in) for t in range(ntypes)]
    for t, net in enumerate(nets):
        if net.n_out != 1:
            raise ExportError(f"fitting_{t}: expected one output, got {net.n_out}")
    return [_tensorflow_fitting(net) for net in nets] if tensorflow else nets


def _tensorflow_embedding(network: Network) -> Network:
    """TensorFlow stores a time step for every layer and uses it in those with a skip connection."""
    return Network(tuple(
        layer if layer.skip != "none" else Layer(layer.w, layer.b, None, layer.activation, "none")
        for layer in network.layers
    ))  # fmt: skip


def _tensorflow_fitting(network: Network) -> Network:
    """TensorFlow's fitting net skips only from hidden layer to hidden layer of the same width."""
    layers = []
    for number, layer in enumerate(network.layers):
        hidden = 0 < number < len(network.layers) - 1
        if hidden and layer.n_in == layer.n_out:
            layers.append(Layer(layer.w, layer.b, layer.idt, layer.activation, "same"))
        else:
            layers.append(Layer(layer.w, layer.b, None, layer.activation, "none"))
    return Network(tuple(layers))


# --- energies and parameters ----------------------------------------------------------------------------------------


def _vacuum(fitting: dict[str, Any], ntypes: int, tensorflow: bool) -> list[bool]:
    """Per type: is the net's value in vacuum subtracted (atom_ener)?"""
    given = fitting.get("atom_ener") or []
    if all(energy is None for energy in given):
        return [False] * ntypes
    beyond = not tensorflow  # types past the end of the list
    return [given[t] is not None if t < len(given) else beyond for t in range(ntypes)]


def _energy_scale_and_shift(
    model: dict[str, Any], fitting: dict[str, Any], ntypes: int, silenced: set[int], tensorflow: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Energy of an atom = scale * net + shift, eV, per type.

    out_std multiplies the energy in TensorFlow models only: the other backends store but do not use it.
    """
    bias = _array("bias_atom_e", (fitting.get("@variables") or {}).get("bias_atom_e")).ravel()
    if bias.size != ntypes:
        raise ExportError(f"bias_atom_e: expected {ntypes} values, got {bias.size}")
    variables = model.get("@variables") or {}
    out_bias, out_std = np.zeros(ntypes), np.ones(ntypes)
    if variables.get("out_bias") is not None:
        out_bias = _array("out_bias", variables["out_bias"], (1, ntypes, 1)).ravel()
    if variables.get("out_std") is not None and tensorflow:
        out_std = _array("out_std", variables["out_std"], (1, ntypes, 1)).ravel()
    scale = out_std.copy()
    shift = out_std * bias + out_bias
    for t in silenced:
        scale[t], shift[t] = 0.0, out_bias[t]
    return scale, shift


def _scaling(fitting: dict[str, Any], numb_fparam: int, numb_aparam: int) -> ParameterScaling | None:
    if numb_fparam + numb_aparam == 0:
        return None
    variables = fitting.get("@variables") or {}
    columns: dict[str, list[np.ndarray]] = {"avg": [], "inv_std": []}
    for kind, count in (("fparam", numb_fparam), ("aparam", numb_aparam)):
        for key, parts in columns.items():
            if count:
                name = f"{kind}_{key}"
                value = variables.get(name)
                parts.append(_array(name, None if value is None else np.ravel(value), (count,)))
    return ParameterScaling(np.concatenate(columns["avg"]), np.concatenate(columns["inv_std"]))


def _default_fparam(fitting: dict[str, Any], numb_fparam: int) -> list[float] | None:
    value = fitting.get("default_fparam")
    if value is None or numb_fparam == 0:
        return None
    if len(value) != numb_fparam:
        raise ExportError(f"default_fparam: expected {numb_fparam} values, got {len(value)}")
    return [_number("default_fparam", v) for v in value]
