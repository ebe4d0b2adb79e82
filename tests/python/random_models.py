# SPDX-License-Identifier: MIT
"""Random models of every kind of descriptor as DeePMD-kit's serialized dictionaries, and structures for them, from seeds.

Nothing but numpy: the tests build the same models as DeePMD-kit's environment does for reference values
(make_descriptor_reference.py). RandomState's streams are frozen.
"""

from typing import Any

import numpy as np

ELEMENTS = ["Li", "P", "S", "Ti"]


def layer(
    random, n_in: int, n_out: int, activation: str, resnet: bool, bias: bool = True, timed: bool = False
) -> dict[str, Any]:
    return {
        "@class": "Layer", "@version": 2, "bias": bias, "use_timestep": timed, "activation_function": activation,
        "resnet": resnet, "precision": "float64", "trainable": True,
        "@variables": {
            "w": random.normal(size=(n_in, n_out)) * 1.4 / np.sqrt(n_in + n_out),
            "b": random.normal(size=n_out) * 0.4 if bias else None,
            "idt": 0.5 + random.uniform(size=n_out) if timed else None,
        },
    }  # fmt: skip


def embedding_net(
    random, n_in: int, neuron: list[int], activation: str = "tanh", resnet_dt: bool = False, bias: bool = True
):
    layers, width = [], n_in
    for n in neuron:
        timed = resnet_dt and n in (width, 2 * width)
        layers.append(layer(random, width, n, activation, True, bias, timed))
        width = n
    return {
        "@class": "EmbeddingNetwork", "@version": 2, "in_dim": n_in, "neuron": neuron, "activation_function": activation,
        "resnet_dt": resnet_dt, "bias": bias, "precision": "float64", "layers": layers,
    }  # fmt: skip


def fitting_net(
    random, n_in: int, neuron: list[int], activation: str = "tanh", resnet_dt: bool = True
) -> dict[str, Any]:
    net = embedding_net(random, n_in, neuron, activation, resnet_dt)
    net["layers"].append(layer(random, neuron[-1] if neuron else n_in, 1, "none", False))
    del net["bias"]
    return {**net, "@class": "FittingNetwork", "@version": 1, "out_dim": 1, "bias_out": True}


def collection(kind: str, ndim: int, ntypes: int, networks: list[Any]) -> dict[str, Any]:
    return {
        "@class": "NetworkCollection", "@version": 1, "ndim": ndim, "ntypes": ntypes, "network_type": kind,
        "networks": networks,
    }  # fmt: skip


def statistics(random, ntypes: int, slots: int, shifted: bool, columns: int = 4) -> dict[str, np.ndarray]:
    davg, dstd = np.zeros((ntypes, slots, columns)), np.ones((ntypes, slots, columns))
    for t in range(ntypes):
        if shifted:
            davg[t, :, 0] = random.uniform(0.02, 0.1)
        dstd[t, :, 0] = random.uniform(0.1, 0.2)
        dstd[t, :, 1:] = random.uniform(0.08, 0.12)
    return {"davg": davg, "dstd": dstd}


def _environment(rcut: float, rcut_smth: float, protection: float) -> dict[str, Any]:
    return {"rcut": rcut, "rcut_smth": rcut_smth, "protection": protection, "use_exp_switch": False}


def type_embedding(random, type_map: list[str], size: int, econf: bool, bias: bool) -> dict[str, Any]:
    n_in = 118 if econf else len(type_map)
    return {
        "@class": "TypeEmbedNet", "@version": 2, "ntypes": len(type_map), "neuron": [size], "resnet_dt": False,
        "precision": "float64", "activation_function": "Linear", "trainable": True, "padding": True,
        "use_econf_tebd": econf, "use_tebd_bias": bias, "type_map": type_map,
        "embedding": embedding_net(random, n_in, [size], "Linear", False, bias),
    }  # fmt: skip


def dpa1(
    random, type_map: list[str], *, kind: str = "dpa1", mode: str = "concat", one_side: bool = False, smooth: bool = True,
    shifted: bool = False, tebd_dim: int = 6, tebd_output: bool = True, econf: bool = False, tebd_bias: bool = False,
    neuron: tuple[int, ...] = (5, 10, 20), axis: int = 4, sel: int = 70, rcut: float = 6.0, rcut_smth: float = 0.5,
    activation: str = "tanh", resnet_dt: bool = False, exclude: tuple = (), protection: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    ntypes, mode = len(type_map), "strip" if kind == "se_atten_v2" else mode
    extra = tebd_dim * (1 if one_side else 2)
    found = {
        "@class": "Descriptor", "type": kind, "@version": 2, "rcut": rcut, "rcut_smth": rcut_smth, "sel": [sel],
        "ntypes": ntypes, "neuron": list(neuron), "axis_neuron": axis, "tebd_dim": tebd_dim,
        "set_davg_zero": not shifted, "attn": 128, "attn_layer": 0, "attn_dotr": True, "attn_mask": False,
        "activation_function": activation, "resnet_dt": resnet_dt, "scaling_factor": 1.0, "normalize": True,
        "temperature": None, "trainable_ln": True, "ln_eps": 1e-5, "type_one_side": one_side,
        "concat_output_tebd": tebd_output, "use_econf_tebd": econf, "use_tebd_bias": tebd_bias, "type_map": type_map,
        "precision": "float64", "env_mat": _environment(rcut, rcut_smth, protection),
        "exclude_types": [list(pair) for pair in exclude], "env_protection": protection, "trainable": True, "spin": None,
        "attention_layers": {
            "@class": "NeighborGatedAttention", "@version": 1, "layer_num": 0, "nnei": sel, "embed_dim": neuron[-1],
            "hidden_dim": 128, "dotr": True, "do_mask": False, "scaling_factor": 1.0, "normalize": True, "temperature": None,
            "trainable_ln": True, "ln_eps": 1e-5, "precision": "float64", "attention_layers": [],
        },
    }  # fmt: skip
    if kind != "se_atten_v2":
        found |= {"tebd_input_mode": mode, "smooth_type_embedding": smooth}
    found["type_embedding"] = type_embedding(random, type_map, tebd_dim, econf, tebd_bias)
    n_in = 1 + extra if mode == "concat" else 1
    nets = [embedding_net(random, n_in, list(neuron), activation, resnet_dt)]
    found["embeddings"] = collection("embedding_network", 0, ntypes, nets)
    if mode == "strip":
        nets = [embedding_net(random, extra, list(neuron), activation, resnet_dt)]
        found["embeddings_strip"] = collection("embedding_network", 0, ntypes, nets)
    found["@variables"] = statistics(random, ntypes, sel, shifted)
    return found


def se_e2_a(
    random, type_map: list[str], *, one_side: bool = True, shifted: bool = True, neuron: tuple[int, ...] = (5, 10, 20),
    axis: int = 4, sel: tuple[int, ...] = (), rcut: float = 6.0, rcut_smth: float = 0.5, exclude: tuple = (),
    kind: str = "se_e2_a", protection: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """se_e2_a, or se_r (without axis_neuron)."""
    ntypes = len(type_map)
    sel = sel or (40,) * ntypes
    count = ntypes if one_side else ntypes**2
    found = {
        "@class": "Descriptor", "type": kind, "@version": 2, "rcut": rcut, "rcut_smth": rcut_smth, "sel": list(sel),
        "neuron": list(neuron), "axis_neuron": axis, "resnet_dt": False, "trainable": True, "type_one_side": one_side,
        "exclude_types": [list(pair) for pair in exclude], "env_protection": protection, "set_davg_zero": not shifted,
        "activation_function": "tanh", "precision": "float64", "spin": None,
        "env_mat": _environment(rcut, rcut_smth, protection), "type_map": type_map,
        "embeddings": collection(
            "embedding_network", 1 if one_side else 2, ntypes, [embedding_net(random, 1, list(neuron)) for _ in range(count)]
        ),
        "@variables": statistics(random, ntypes, sum(sel), shifted, 1 if kind == "se_r" else 4),
    }  # fmt: skip
    if kind == "se_r":
        del found["axis_neuron"]
    return found


def table(random, width: int, info: tuple[float, ...]) -> np.ndarray:
    """Polynomials of fifth order, [intervals, 6 width], that are smooth where intervals meet: waves of s."""
    lower, upper, top, first, second = info[:5]
    count = int((upper - lower) / first)
    last = count + int((np.nextafter(top, lower) - upper) / second)
    low = lower + first * np.arange(count + 1)
    high = upper + second * np.arange(last + 2 - count)
    begin = np.concatenate([low[:count], high[:-1]])
    end = np.concatenate([low[1 : count + 1], high[1:]])
    amplitude, rate, phase = random.normal(size=width), random.uniform(0.3, 1.5, size=width), random.normal(size=width)

    def wave(s):
        angle = rate * s[:, None] + phase
        return amplitude * np.sin(angle), amplitude * rate * np.cos(angle), -amplitude * rate**2 * np.sin(angle)

    (y0, d0, c0), (y1, d1, c1), h = wave(begin), wave(end), (end - begin)[:, None]
    d0, d1, c0, c1 = d0 * h, d1 * h, c0 * h**2, c1 * h**2
    rise = y1 - y0
    a = [y0, d0, c0 / 2, 10 * rise - 6 * d0 - 4 * d1 - 1.5 * c0 + 0.5 * c1,
         -15 * rise + 8 * d0 + 7 * d1 + 1.5 * c0 - c1, 6 * rise - 3 * d0 - 3 * d1 - 0.5 * c0 + 0.5 * c1]  # fmt: skip
    return np.stack([a[k] / h**k for k in range(6)], axis=-1).reshape(len(begin), 6 * width)


def compressed(random, descriptor: dict[str, Any], info=(-1.0, 4.0, 20.0, 0.05, 0.5, -1.0)) -> dict[str, Any]:
    """The descriptor with a table for each of its embedding nets, and rows of its type embedding's net."""
    nets, width = descriptor["embeddings"]["networks"], descriptor["neuron"][-1]
    variables: dict[str, Any] = {
        "compress_data": [table(random, width, info) for _ in nets],
        "compress_info": [np.array(info) for _ in nets],
    }
    found = {**descriptor, "@version": 3, "compress": {"@variables": variables}}
    if descriptor.get("type_embedding"):
        count = len(descriptor["type_map"]) + 1
        rows = count if descriptor["type_one_side"] else count**2
        variables["type_embd_data"] = random.normal(size=(rows, width)) * 0.5
        found["compress"]["geo_compress"] = True
    return found


def length(descriptor: dict[str, Any]) -> int:
    """Inputs that a descriptor gives to the fitting nets."""
    if descriptor["type"] == "hybrid":
        return sum(map(length, descriptor["list"]))
    behind = descriptor["tebd_dim"] if descriptor.get("concat_output_tebd") else 0
    return descriptor["neuron"][-1] * descriptor.get("axis_neuron", 1) + behind


def hybrid(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"@class": "Descriptor", "type": "hybrid", "@version": 1, "list": list(parts)}


def model(
    random, type_map: list[str], descriptor: dict[str, Any], *, shared: bool = True, neuron: tuple[int, ...] = (16, 16),
    activation: str = "tanh", fparam: int = 0, aparam: int = 0, atom_ener: list[float | None] | None = None,
    pair_exclude: tuple = (), atom_exclude: tuple = (), case: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """The whole model file's dictionary."""
    ntypes = len(type_map)
    n_in = length(descriptor) + fparam + aparam + case
    nets = [fitting_net(random, n_in, list(neuron), activation) for _ in range(1 if shared else ntypes)]
    scaling = {}
    for name, count in (("fparam", fparam), ("aparam", aparam)):
        scaling[f"{name}_avg"] = random.normal(size=count) * 0.3 if count else None
        scaling[f"{name}_inv_std"] = 0.5 + random.uniform(size=count) if count else None
    fitting = {
        "@class": "Fitting", "@version": 4, "type": "ener", "var_name": "energy", "ntypes": ntypes,
        "dim_descrpt": length(descriptor), "neuron": list(neuron), "resnet_dt": True, "numb_fparam": fparam,
        "numb_aparam": aparam, "dim_case_embd": case, "default_fparam": None, "rcond": None,
        "activation_function": activation, "precision": "float64", "mixed_types": shared, "exclude_types": [],
        "nets": collection("fitting_network", 0 if shared else 1, ntypes, nets), "type_map": type_map,
        "tot_ener_zero": False, "trainable": [True] * (len(neuron) + 1), "layer_name": None, "use_aparam_as_mask": False,
        "spin": None, "dim_out": 1, "atom_ener": atom_ener,
        "@variables": {"bias_atom_e": random.normal(size=(ntypes, 1)), "case_embd": np.eye(case)[1] if case else None, **scaling},
    }  # fmt: skip
    return {
        "backend": "dpmodel",
        "model": {
            "@class": "Model", "@version": 2, "type": "standard", "type_map": type_map, "descriptor": descriptor,
            "fitting": fitting, "atom_exclude_types": list(atom_exclude), "pair_exclude_types": [list(p) for p in pair_exclude],
            "rcond": None, "preset_out_bias": None,
            "@variables": {"out_bias": random.normal(size=(1, ntypes, 1)), "out_std": np.ones((1, ntypes, 1))},
        },
        "model_def_script": {},
    }  # fmt: skip


def pair_table(random, type_map: list[str], rcut: float = 4.0, sel: int = 60, end: float = 4.2) -> dict[str, Any]:
    """The serialized model of a table of repulsive pair energies, splines of 0.05 A that fall to 0 at `end`."""
    ntypes, step, start = len(type_map), 0.05, 0.05
    count = round((end - start) / step)
    r = start + step * np.arange(count + 1)
    data = np.zeros((ntypes, ntypes, count, 4))
    for i in range(ntypes):
        for j in range(i + 1):
            amplitude, rate = random.uniform(0.5, 2.0), random.uniform(0.8, 1.5)
            y = amplitude * np.exp(-rate * r) * (1.0 - r / end) ** 3 * end
            d = step * (-rate * y - 3.0 * amplitude * np.exp(-rate * r) * (1.0 - r / end) ** 2)
            rise = y[1:] - y[:-1]
            rows = [d[:-1] + d[1:] - 2 * rise, 3 * rise - 2 * d[:-1] - d[1:], d[:-1], y[:-1]]
            data[i, j] = data[j, i] = np.stack(rows, axis=-1)
    info = np.array([start, step, count, ntypes], dtype=float)
    return {
        "@class": "Model", "type": "pairtab", "@version": 2, "rcut": rcut, "sel": sel, "type_map": type_map,
        "atom_exclude_types": [], "pair_exclude_types": [], "rcond": None, "preset_out_bias": None,
        "@variables": {"out_bias": np.zeros((1, ntypes, 1)), "out_std": np.ones((1, ntypes, 1))},
        "tab": {
            "@class": "PairTab", "@version": 1, "rmin": start, "rmax": end, "hh": step, "ntypes": ntypes, "rcut": rcut,
            "nspline": count, "@variables": {"vdata": np.zeros((count + 1, 1)), "tab_info": info, "tab_data": data},
        },
    }  # fmt: skip


def combined(random, data: dict[str, Any], table: dict[str, Any], kind: str, **settings) -> dict[str, Any]:
    """A model (of `model`) with a table of pair energies: zbl, or linear with weights."""
    inner = data["model"]
    ntypes = len(inner["type_map"])
    settings = {"sw_rmin": 1.5, "sw_rmax": 2.6, "smin_alpha": 0.1} | settings if kind == "zbl" else settings
    outer = {
        "@class": "Model", "type": kind, "@version": 2 if kind == "zbl" else 3, "type_map": inner["type_map"],
        "models": [inner | {"@variables": table["@variables"]}, table], "weights": "mean",
        "atom_exclude_types": [], "pair_exclude_types": [], "rcond": None, "preset_out_bias": None, **settings,
        "@variables": {"out_bias": random.normal(size=(1, ntypes, 1)), "out_std": np.ones((1, ntypes, 1))},
    }  # fmt: skip
    return data | {"model": outer}


def structure(seed: int, counts: list[int], edges, tilts=(0.0, 0.0, 0.0), closest: float = 1.7, periodic: bool = True):
    """Random atoms no closer than `closest` (A): coord [n, 3], types [n], cell [3, 3], periodic."""
    random = np.random.RandomState(seed)
    cell = np.array([[edges[0], 0, 0], [tilts[0], edges[1], 0], [tilts[1], tilts[2], edges[2]]], dtype=float)
    shifts = (np.array(list(np.ndindex(3, 3, 3))) - 1 if periodic else np.zeros((1, 3))) @ cell
    placed: list[np.ndarray] = []
    while len(placed) < sum(counts):
        trial = random.uniform(size=3) @ cell
        if all(np.linalg.norm(trial + shifts - other, axis=1).min() > closest for other in placed):
            placed.append(trial)
    types = random.permutation(np.repeat(np.arange(len(counts)), counts))
    return np.array(placed), types, cell, periodic
