#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make small Deep Potentials of every kind the exporter supports, with reference values by DeePMD-kit's own DeepPot.

Needs a Python with DeePMD-kit 3.2.0 (PyTorch and TensorFlow); not run in tests, whose data it writes:

    python scripts/make_reference_models.py tests/data

Models have random weights and are built with DeePMD-kit's own classes. Most references come from the PyTorch backend,
those of the kinds where TensorFlow differs from the TensorFlow backend, all in float64.

What a clone of the repository transfers is kept small: weights are hundredths, kinds with networks of the same shape have
the same weights (git stores the difference), and references have no more digits than the tests compare.
"""

import argparse
import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

# dp convert-backend loses out_bias and out_std of a .pb; the exporter's reader does not
from deepion.export.deepmd_backend import read_through_deepmd

MASS = {"Li": 6.94, "P": 30.974, "S": 32.06, "Ti": 47.867}
FPARAM = [0.37, -1.2]
ELEMENTS = ["Li", "P", "S", "Ti"]
SEED = 10  # of every model: networks of the same shape have the same weights
# Step of a stored reference value: the rounding error is at most 3 % of what tests allow, 1e-9 of the largest energy,
# 1e-8 eV/A for forces, 1e-8 of the largest virial.
BITS_BELOW_LARGEST = {"atom_energy": 35, "atom_energy_sums": 35, "atom_virial": 32, "virial": 32}
FORCE_STEP = 2.0**-33  # eV/A


# --- structures -----------------------------------------------------------------------------------------------------


def random_structure(seed, counts, edges, tilts=(0.0, 0.0, 0.0), closest=1.7, open_box=False):
    """Random atoms no closer than `closest`, in a LAMMPS-style cell; coordinates as they will be printed."""
    rng = np.random.default_rng(seed)
    cell = np.array([[edges[0], 0, 0], [tilts[0], edges[1], 0], [tilts[1], tilts[2], edges[2]]], dtype=float)
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1 if not open_box else np.zeros((1, 3))
    positions: list[np.ndarray] = []
    tries = 0
    while len(positions) < sum(counts):
        tries += 1
        if tries > 200000:
            raise RuntimeError("the box is too full")
        trial = np.round(rng.random(3) @ cell, 8)
        images = trial + shifts @ cell
        gap = min((np.linalg.norm(images - p, axis=1).min() for p in positions), default=np.inf)
        own = np.linalg.norm(shifts @ cell, axis=1)
        if gap > closest and (open_box or own[own > 0].min() > closest):
            positions.append(trial)
    types = np.repeat(np.arange(len(counts)), counts)
    return {"coord": np.array(positions), "cell": cell, "type": types, "open": open_box}


STRUCTURES = {
    "one_type": lambda: random_structure(1, [24], (8.1, 8.7, 9.2)),
    "two_types": lambda: random_structure(2, [16, 20], (9.3, 9.9, 10.4)),
    "four_triclinic": lambda: random_structure(3, [22, 8, 24, 6], (11.0, 10.2, 9.7), (2.1, -1.3, 1.7)),
    "three_triclinic": lambda: random_structure(9, [16, 7, 15], (9.7, 9.2, 10.1), (1.9, -1.1, 1.3)),
    "small_box": lambda: random_structure(4, [5, 7], (5.6, 5.2, 6.1), (0.9, -0.7, 0.5)),
    "no_sulfur": lambda: random_structure(5, [16, 14, 0], (9.0, 8.5, 8.8)),
    "cluster": lambda: random_structure(6, [9, 11], (9.0, 9.0, 9.0), open_box=True),
    "dense": lambda: random_structure(7, [40], (8.0, 8.4, 8.8), closest=1.55),
    "dense_two": lambda: random_structure(8, [24, 20], (8.6, 8.2, 8.8), closest=1.55),
}


def write_lammps_data(path, structure):
    """A LAMMPS data file, atom style atomic, element names as comments behind the masses."""
    cell, kinds = structure["cell"], max(int(structure["type"].max()) + 1, structure.get("kinds", 0))
    lines = [f"{path.stem}: random atoms", "", f"{len(structure['type'])} atoms", f"{kinds} atom types", ""]
    lines += [f"0.0 {cell[k, k]:.8f} {'xyz'[k]}lo {'xyz'[k]}hi" for k in range(3)]
    if cell[1, 0] or cell[2, 0] or cell[2, 1]:
        lines.append(f"{cell[1, 0]:.8f} {cell[2, 0]:.8f} {cell[2, 1]:.8f} xy xz yz")
    lines += ["", "Masses", ""]
    lines += [f"{t + 1} {MASS[ELEMENTS[t]]}  # {ELEMENTS[t]}" for t in range(kinds)]
    lines += ["", "Atoms # atomic", ""]
    for number, (kind, position) in enumerate(zip(structure["type"], structure["coord"], strict=True), start=1):
        lines.append(f"{number} {kind + 1} " + " ".join(f"{x:.8f}" for x in position))
    path.write_text("\n".join(lines) + "\n")


def write_extxyz(path, structure):
    """The same as extended XYZ."""
    lattice = " ".join(f"{x:.8f}" for x in structure["cell"].ravel())
    lines = [str(len(structure["type"])), f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"']
    for kind, position in zip(structure["type"], structure["coord"], strict=True):
        lines.append(ELEMENTS[kind] + " " + " ".join(f"{x:.8f}" for x in position))
    path.write_text("\n".join(lines) + "\n")


# --- models ---------------------------------------------------------------------------------------------------------


def kind(covers, structure="two_types", descriptor=None, fitting=None, model=None, **more):
    """One entry of KINDS; sel of the descriptor is chosen per number of types unless given."""
    return {"covers": covers, "structure": structure, "descriptor": descriptor or {}, "fitting": fitting or {},
            "model": model or {}, **more}  # fmt: skip


def activation_kinds():
    names = ["relu", "relu6", "gelu", "gelu_tf", "softplus", "sigmoid", "silu", "silut", "silut:1.5", "custom_silu:0.5",
             "linear", "none"]  # fmt: skip
    return {
        "activation_" + name.replace(":", "_").replace(".", "p"): kind(
            f"activation {name} in both nets",
            "one_type",
            descriptor={"activation_function": name},
            fitting={"activation_function": name},
        )
        for name in names
    }


KINDS = {
    "one_type": kind("one element type", "one_type"),
    "two_sided": kind("two types, type_one_side false", descriptor={"neuron": [4, 8, 16]}, fitting={"neuron": [12, 12, 10]}),
    "four_types": kind("four types, triclinic cell", "four_triclinic"),
    "four_types_one_sided": kind("four types, type_one_side true", "four_triclinic", {"type_one_side": True}),
    "small_box": kind("cell smaller than the cutoff sphere, triclinic", "small_box"),
    "absent_type": kind("a type of the model is absent from the structure", "no_sulfur"),
    "cluster": kind("not periodic", "cluster"),
    "odd_widths": kind("widths that do not double", descriptor={"neuron": [3, 7, 10], "axis_neuron": 5},
                       fitting={"neuron": [9, 12, 5]}),
    "same_widths": kind("equal widths", descriptor={"neuron": [6, 6, 6], "axis_neuron": 3}),
    "one_layer": kind("one layer in each net", descriptor={"neuron": [5], "axis_neuron": 2}, fitting={"neuron": [7]}),
    "no_hidden_layer": kind("a fitting net without hidden layers", "one_type", fitting={"neuron": []}),
    "skip_from_input": kind("skip connections in the first embedding layers",
                            descriptor={"neuron": [1, 2, 4, 8], "axis_neuron": 4, "resnet_dt": True}),
    "full_axis": kind("axis_neuron equal to the embedding's width", descriptor={"axis_neuron": 8}),
    "resnet_dt": kind("resnet_dt in both nets", descriptor={"resnet_dt": True, "neuron": [4, 8, 8, 16]}),
    "no_resnet_dt": kind("resnet_dt false in both nets", fitting={"resnet_dt": False}),
    "doubling_fitting": kind("fitting layers that double", "one_type", fitting={"neuron": [6, 12, 24]}),
    "exclude_types": kind("exclude_types, type_one_side false", "three_triclinic",
                          {"exclude_types": [[0, 1], [2, 2]]}),
    "exclude_types_softplus": kind("exclude_types, activation not zero at zero", descriptor={
        "exclude_types": [[0, 1]], "activation_function": "softplus"}),
    "exclude_types_kept_nets": kind("exclude_types with nets as PyTorch keeps them",
                                    descriptor={"exclude_types": [[0, 1]]}, kept_nets=True),
    "exclude_types_one_sided": kind("exclude_types, type_one_side true", "three_triclinic",
                                    {"exclude_types": [[0, 0], [1, 2]], "type_one_side": True}),
    "pair_exclude_types": kind("pair_exclude_types of the model", "three_triclinic",
                               model={"pair_exclude_types": [[0, 2], [1, 1]]}),
    "atom_exclude_types": kind("atom_exclude_types of the model", "three_triclinic",
                               model={"atom_exclude_types": [1]}),
    "atom_ener": kind("atom_ener for one type", fitting={"atom_ener": [-1.5, None]}),
    "atom_ener_fparam": kind("atom_ener with frame parameters", "one_type", fitting={"atom_ener": [-1.5], "numb_fparam": 2},
                             fparam=FPARAM),
    "set_davg_zero": kind("davg zero", "one_type", descriptor={"set_davg_zero": True}),
    "env_protection": kind("env_protection", "one_type", descriptor={"env_protection": 0.15}),
    "out_std": kind("out_std other than 1, which DeePMD-kit stores but does not apply", "one_type", out_std=True),
    "fparam": kind("frame parameters", "one_type", fitting={"numb_fparam": 2}, fparam=FPARAM),
    "default_fparam": kind("frame parameters with a default", "one_type", fitting={"numb_fparam": 2, "default_fparam": [0.1, 0.9]}),
    "aparam": kind("atomic parameters", "one_type", fitting={"numb_aparam": 1}, aparam=1),
    "fparam_aparam": kind("frame and atomic parameters", "one_type", fitting={"numb_fparam": 2, "numb_aparam": 2}, fparam=FPARAM,
                          aparam=2),
    "float32": kind("trained in float32", descriptor={"precision": "float32"}, fitting={"precision": "float32"}),
    "yaml": kind("stored as YAML", "one_type", suffix=".yaml", descriptor={"neuron": [3, 6, 10]}),
    "sel_overflow": kind("more neighbors than sel, one type", "dense", {"sel": [14]}),
    "sel_overflow_two": kind("more neighbors than sel, of one type", "dense_two", {"sel": [9, 40]}),
    "sel_zero": kind("a type that is never a neighbor", descriptor={"sel": [24, 0]}, fitting={"resnet_dt": False}),
    "null_atoms": kind("atoms that the model does not see (type -1)", "three_triclinic", invisible=1),
    "min_nbor_dist": kind("smallest training distance carried", "one_type", min_nbor_dist=0.93),
    **activation_kinds(),
    "tf_exclude_types": kind("exclude_types in TensorFlow", "three_triclinic", {
        "exclude_types": [[0, 1], [2, 2]], "activation_function": "softplus"}, backend="tf"),
    "tf_exclude_types_one_sided": kind("exclude_types, type_one_side true, in TensorFlow", "three_triclinic", {
        "exclude_types": [[0, 0], [1, 2]], "type_one_side": True}, backend="tf"),
    "tf_widths": kind("skip connections as TensorFlow has them", "one_type", descriptor={"neuron": [3, 6, 6, 10], "resnet_dt": True},
                      fitting={"neuron": [12, 24, 24]}, backend="tf"),
    "tf_first_fitting_layer": kind("a first fitting layer as wide as the descriptor", descriptor={"neuron": [3, 6],
                                   "axis_neuron": 2}, fitting={"neuron": [12, 12]}, backend="tf"),
    "tf_out_std": kind("out_std, which TensorFlow applies", "one_type", out_std=True, backend="tf"),
    "tf_gelu": kind("gelu as TensorFlow's own operator", "one_type", descriptor={"activation_function": "gelu"},
                    fitting={"activation_function": "gelu"}, backend="tf"),
    "tf_atom_ener": kind("atom_ener and parameters in TensorFlow", fitting={"atom_ener": [-1.5, None], "numb_fparam": 2,
                         "numb_aparam": 1}, fparam=FPARAM, aparam=1, backend="tf"),
    "tf_sel_overflow": kind("more neighbors than sel in TensorFlow", "dense_two", {"sel": [9, 11]}, backend="tf"),
    "tf_trained": kind("one step of training with TensorFlow", "two_types", {
        "neuron": [3, 6, 6, 10], "resnet_dt": True, "type_one_side": True, "exclude_types": [[1, 1]]},
        {"neuron": [10, 10, 20]}, backend="tf", trained=True),
}  # fmt: skip
# Virials of each atom are two thirds of a file. For kinds that differ by what the networks are, forces and the virial show
# the derivative of these.
WITHOUT_ATOM_VIRIAL = {"odd_widths", "one_layer", "no_hidden_layer", "same_widths", "doubling_fitting", "no_resnet_dt", "yaml",
                       "min_nbor_dist", "default_fparam", "tf_widths", "tf_first_fitting_layer", "tf_gelu"}  # fmt: skip
FOREIGN = {"tf_trained": ".pb", "tf_out_std": ".pb"}
SEL = {"one_type": [30], "dense": [80], "two_types": [16, 20], "small_box": [30, 40], "cluster": [16, 20],
       "four_triclinic": [22, 10, 22, 8],
    "three_triclinic": [20, 12, 20], "no_sulfur": [22, 20, 4], "dense_two": [50, 45]}  # fmt: skip


def settings(entry):
    """(descriptor, fitting net, model) of DeePMD-kit's training input."""
    sel = SEL[entry["structure"]]
    descriptor = {"type": "se_e2_a", "sel": sel, "rcut": 5.0, "rcut_smth": 1.5, "neuron": [4, 8], "axis_neuron": 3,
                  "resnet_dt": False, "type_one_side": False, "activation_function": "tanh", "precision": "float64",
                  "seed": SEED, **entry["descriptor"]}  # fmt: skip
    fitting = {"type": "ener", "neuron": [8, 8, 6], "resnet_dt": True, "activation_function": "tanh",
               "precision": "float64", "seed": SEED + 1, **entry["fitting"]}  # fmt: skip
    model = {"type_map": ELEMENTS[: len(sel)], **entry["model"]}
    return descriptor, fitting, model


def build(entry):
    """The serialized dictionary of a model with random weights and plausible statistics."""
    from deepmd.dpmodel.model.model import get_model

    descriptor, fitting, model = settings(entry)
    built = get_model({**copy.deepcopy(model), "descriptor": copy.deepcopy(descriptor),
                       "fitting_net": copy.deepcopy(fitting)})  # fmt: skip
    rng = np.random.default_rng(descriptor["seed"])
    ntypes, nsel = len(descriptor["sel"]), sum(descriptor["sel"])
    inner = built.atomic_model.descriptor
    dtype = inner.davg.dtype
    inner.davg = np.zeros((ntypes, nsel, 4), dtype=dtype)
    inner.dstd = np.ones((ntypes, nsel, 4), dtype=dtype)
    if not descriptor.get("set_davg_zero"):
        inner.davg[:, :, 0] = rng.uniform(0.05, 0.13, ntypes)[:, None]
    inner.dstd[:, :, 0] = rng.uniform(0.09, 0.16, ntypes)[:, None]
    inner.dstd[:, :, 1:] = rng.uniform(0.05, 0.11, ntypes)[:, None, None]
    net = built.atomic_model.fitting_net
    net.bias_atom_e = rng.uniform(-4.0, -1.0, (ntypes, 1))
    for kind_ in ("fparam", "aparam"):
        count = getattr(net, f"numb_{kind_}")
        if count:
            setattr(net, f"{kind_}_avg", rng.normal(size=count))
            setattr(net, f"{kind_}_inv_std", rng.uniform(0.5, 2.0, count))
    built.atomic_model.out_bias = rng.uniform(-0.5, 0.5, (1, ntypes, 1))
    if entry.get("out_std"):
        built.atomic_model.out_std = rng.uniform(0.5, 1.8, (1, ntypes, 1))
    if entry.get("kept_nets"):
        excluded = list(inner.exclude_types)
        inner.reinit_exclude([])
        data = built.serialize()
        data["descriptor"]["exclude_types"] = excluded
    else:
        data = built.serialize()
    adjust_layers(data, rng)
    return data


def adjust_layers(node, rng):
    """Time steps of order one, so that a forgotten one shows; all numbers of layers as hundredths.

    Hundredths have all 52 bits of a float64, so that a cast to float32 still shows, but are few: they compress to a quarter.
    """
    if isinstance(node, dict):
        if node.get("idt") is not None:
            node["idt"] = rng.uniform(0.3, 1.2, node["idt"].shape).astype(node["idt"].dtype)
        for key in ("w", "b", "idt"):
            if isinstance(node.get(key), np.ndarray):
                node[key] = np.round(node[key], 2)
        for value in node.values():
            adjust_layers(value, rng)
    elif isinstance(node, list):
        for value in node:
            adjust_layers(value, rng)


def in_float64(node):
    """The same model with every precision tag and array in float64."""
    if isinstance(node, dict):
        return {k: "float64" if k == "precision" else in_float64(v) for k, v in node.items()}
    if isinstance(node, list):
        return [in_float64(v) for v in node]
    if isinstance(node, np.ndarray) and node.dtype == np.float32:
        return node.astype(np.float64)
    return node


def train_with_tensorflow(entry, folder):
    """A frozen .pb after one training step on random data."""
    descriptor, fitting, model = settings(entry)
    rng = np.random.default_rng(11)
    structure = STRUCTURES[entry["structure"]]()
    frames = 2
    system = folder / "system"
    (system / "set.000").mkdir(parents=True)
    n = len(structure["type"])
    np.savetxt(system / "type.raw", structure["type"], fmt="%d")
    (system / "type_map.raw").write_text("\n".join(model["type_map"]) + "\n")
    coord = structure["coord"].ravel() + rng.normal(scale=0.05, size=(frames, 3 * n))
    for key, value in {
        "coord": coord,
        "box": np.tile(structure["cell"].ravel(), (frames, 1)),
        "energy": rng.normal(-60.0, 1.0, frames),
        "force": rng.normal(size=(frames, 3 * n)),
    }.items():
        np.save(system / "set.000" / f"{key}.npy", value)  # fmt: skip
    script = {
        "model": {**model, "descriptor": descriptor, "fitting_net": fitting},
        "learning_rate": {"type": "exp", "start_lr": 0.01, "stop_lr": 0.001, "decay_steps": 1},
        "loss": {"type": "ener"},
        "training": {"training_data": {"systems": [str(system)], "batch_size": 1}, "numb_steps": 1, "seed": 3,
                     "disp_file": "lcurve.out", "disp_freq": 1, "save_freq": 1},
    }  # fmt: skip
    (folder / "input.json").write_text(json.dumps(script))
    dp = Path(sys.executable).parent / "dp"
    for command in (["train", "input.json"], ["freeze", "-o", "trained.pb"]):
        subprocess.run([str(dp), "--tf", *command], cwd=folder, check=True, capture_output=True)
    return folder / "trained.pb"


# --- references -----------------------------------------------------------------------------------------------------


def kept(key, values):
    """Values as they are stored: multiples of a power of two, whose last bits are zero, which compresses."""
    largest = np.abs(values).max()
    if np.ndim(values) == 0 or largest == 0:
        return values
    step = 2.0 ** (np.ceil(np.log2(largest)) - BITS_BELOW_LARGEST[key]) if key in BITS_BELOW_LARGEST else FORCE_STEP
    return np.round(values / step) * step


def save_reference(path, values):
    """A .npz of `kept` values, not compressed: git compresses what it stores and transfers, and does it better alone."""
    np.savez(path, **{key: kept(key, value) for key, value in values.items()})


def evaluate(path, structure, types, fparam, aparam):
    """DeepPot's values of one frame."""
    from deepmd.infer import DeepPot

    cell = None if structure["open"] else structure["cell"].reshape(1, -1)
    out = DeepPot(str(path)).eval(
        structure["coord"].reshape(1, -1), cell, types, atomic=True,
        fparam=None if fparam is None else np.reshape(fparam, (1, -1)),
        aparam=None if aparam is None else np.reshape(aparam, (1, -1)),
    )  # fmt: skip
    n = len(types)
    shapes = {"energy": (), "force": (n, 3), "virial": (3, 3), "atom_energy": (n,), "atom_virial": (n, 3, 3)}
    values = {key: np.reshape(value, shape) for (key, shape), value in zip(shapes.items(), out, strict=False)}
    for key, value in values.items():
        if not np.isfinite(value).all():
            raise RuntimeError(f"{path}: {key} is not finite")
    return values


def make(name, entry, target, scratch):
    """Write model, structure and reference of one kind; returns its line in the index."""
    from deepmd.dpmodel.utils.serialization import save_dp_model
    from deepmd.entrypoints.convert_backend import convert_backend

    suffix = entry.get("suffix", ".dp")
    model_path = target / "models" / f"{name}{suffix}"
    work = scratch / name
    work.mkdir()
    if entry.get("trained"):
        backend_file = train_with_tensorflow(entry, work)
        convert_backend(INPUT=str(backend_file), OUTPUT=str(model_path))
    else:
        descriptor, fitting, model = settings(entry)
        script = {**model, "descriptor": descriptor, "fitting_net": fitting}
        data = {"backend": "DPModel", "model": build(entry), "model_def_script": script}
        if "min_nbor_dist" in entry:
            data["@variables"] = {"min_nbor_dist": np.array(entry["min_nbor_dist"])}
        exact = work / "model.dp"
        save_dp_model(str(exact), in_float64(data))
        backend_file = exact.with_suffix(".pb" if entry.get("backend") == "tf" else ".pth")
        convert_backend(INPUT=str(exact), OUTPUT=str(backend_file))
        if entry.get("backend") == "tf":
            save_dp_model(str(model_path), read_through_deepmd(backend_file))
        else:
            save_dp_model(str(model_path), data)

    structure = STRUCTURES[entry["structure"]]()
    structure_name = entry["structure"]
    structure["kinds"] = len(SEL[structure_name])
    write_lammps_data(target / "structures" / f"{structure_name}.data", structure)
    types = structure["type"].copy()
    line = {"model": f"models/{name}{suffix}", "structure": f"structures/{structure_name}.data",
            "reference": f"reference/{name}.npz", "covers": entry["covers"], "periodic": not structure["open"],
            "elements": ELEMENTS[: len(SEL[structure_name])]}  # fmt: skip
    if "invisible" in entry:
        types[types == entry["invisible"]] = -1
        line["elements"][entry["invisible"]] = "NULL"
    aparam = None
    if "aparam" in entry:
        aparam = np.round(np.random.default_rng(9).normal(size=(len(types), entry["aparam"])), 6)
        line["aparam"] = aparam.tolist()
    fparam = entry.get("fparam")
    if fparam is not None:
        line["fparam"] = fparam
    line["by"] = "DeePMD-kit's DeepPot, " + ("TensorFlow" if entry.get("backend") == "tf" else "PyTorch")
    values = evaluate(backend_file, structure, types, fparam, aparam)
    if name.startswith("activation_") or name in WITHOUT_ATOM_VIRIAL:
        del values["atom_virial"]
    save_reference(target / "reference" / f"{name}.npz", values)
    if name in FOREIGN:
        copy_path = target / "models" / f"{name}{FOREIGN[name]}"
        copy_path.write_bytes(backend_file.read_bytes())
        line["foreign"] = f"models/{copy_path.name}"
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="folder to write models/, structures/ and reference/ into")
    parser.add_argument("--only", nargs="*", help="make these kinds only and keep the rest of the index")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)
    for folder in ("models", "structures", "reference"):
        (arguments.target / folder).mkdir(parents=True, exist_ok=True)
    index_path = arguments.target / "models" / "index.json"
    index = json.loads(index_path.read_text()) if arguments.only is not None else {}
    for name, entry in KINDS.items():
        if arguments.only is not None and name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            index[name] = make(name, entry, arguments.target.resolve(), Path(scratch))
        write_index(index_path, index)
        print(f"{name}: {index[name]['covers']}", flush=True)
    write_extxyz(arguments.target / "structures" / "two_types.extxyz", STRUCTURES["two_types"]())
    write_extxyz(arguments.target / "structures" / "four_triclinic.extxyz", STRUCTURES["four_triclinic"]())
    return 0


def write_index(path, index):
    """One line a model."""
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(index[name])}" for name in KINDS if name in index)
    path.write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    sys.exit(main())
