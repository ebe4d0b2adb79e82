# SPDX-License-Identifier: MIT
"""What cannot be exported is refused by name, with what to do."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
from google.protobuf import text_format

import torch_archives
from conftest import DATA, INDEX
from deepion.errors import ExportError, ModelFileError
from deepion.export.dp_model import read_model
from deepion.export.exporter import load_potential
from deepion.export.serialized import potential_from_serialized
from deepion.export.stays_out import DISTILL
from deepion.formats.graphdef_schema import graph_message
from deepion.inspection.file import inspect
from deepion.model.model_file import open_model_file, write_model_file

ORIGINAL = read_model(DATA / INDEX["two_sided"]["model"])
SOURCE = {"file": "x.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
ADVICE = "update deepion, or convert the model with DeePMD-kit 3.2.0"
SPIN = "a spin model cannot be exported: deepion has no magnetic moments; run it with DeePMD-kit (pair_style deepspin)"
COMPRESSED = (
    "a compressed model whose tables are not in its file cannot be exported: export the original (not compressed) model"
)
MESSAGES = "its atoms exchange messages, deepion looks at one neighborhood at a time"
INCOMPLETE = "the model file is incomplete"


def refusal(*changes) -> str:
    """The message after setting (path, value) pairs in a good model's dictionary."""
    data = copy.deepcopy(ORIGINAL)
    for path, value in changes:
        node = data
        *parents, last = path.split(".")
        for key in parents:
            node = node[int(key) if isinstance(node, list) else key]
        node[int(last) if isinstance(node, list) else last] = value
    with pytest.raises(ExportError) as caught:
        potential_from_serialized(data, SOURCE)
    return str(caught.value)


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


DAVG = ORIGINAL["model"]["descriptor"]["@variables"]["davg"]
DSTD = ORIGINAL["model"]["descriptor"]["@variables"]["dstd"]
LAYER = "model.descriptor.embeddings.networks.1.layers.0"

CASES = [
    (("model.type", "spin_ener"), SPIN),
    (("model_def_script", {"spin": {"use_spin": [True]}}), SPIN),
    (("model.descriptor.spin", {"use_spin": [True]}), SPIN),
    (("model", {"type": "zbl"}), "the model of type zbl has no models in it: the model file is incomplete"),
    (("model", {"type": "zbl", "models": [{"type": "pairtab"}, {"type": "standard"}]}), "a zbl model of pairtab, standard cannot "
     "be exported: only a Deep Potential with a table of pair energies; export Deep Potentials one by one and add them with "
     "pair_style hybrid/overlay"),
    (("model.type", "pairtab"), "a model of a pair table alone (type 'pairtab') cannot be exported: it has no Deep Potential; "
     "run its table with pair_style table"),
    (("model.type", "frozen"), "a model of type 'frozen' cannot be exported: it names another model's file (model_file); "
     "export that one"),
    (("model.type", "something"), "a model of type 'something' cannot be exported: deepion does not know it; use "
     "DeePMD-kit for it"),
    (("model.type", "native_spin"), SPIN),
    (("model.descriptor.type", "SeZM"), f"descriptor 'SeZM' (DPA-4) cannot be exported: {MESSAGES}{DISTILL}"),
    (("model.type", "sezm_ener"), f"descriptor 'dpa4' (DPA-4) cannot be exported: {MESSAGES}{DISTILL}"),
    (("model_def_script", {"model_dict": {"water": {}, "salt": {}}}), "a multi-task model cannot be exported: freeze one "
     "of its heads (water, salt) with: dp --pt freeze --head NAME"),
    (("model_def_script", {"compress": {"model_file": "x"}}), COMPRESSED),
    (("model.descriptor.@version", 3), COMPRESSED),
    (("model.descriptor.compress", {"@variables": {"compress_info": [], "compress_data": []}}), "the tables of the "
     "compressed model are missing, or have different numbers of outputs"),
    (("model_def_script", {"modifier": {"type": "dipole_charge"}}), "a model with a modifier (long-range charges, DPLR) "
     "cannot be exported: deepion has no electrostatics; run it with DeePMD-kit (pair_style deepmd with fix dplr)"),
    (("model.descriptor", {"type": "dpa1", "attn_layer": 2}), "dpa1 with attention (attn_layer 2) cannot be exported: its "
     f"neighbors act on each other, only without attention is each a function of its distance{DISTILL}"),
    (("model.descriptor.type", "dpa2"), f"descriptor 'dpa2' (DPA-2) cannot be exported: {MESSAGES}{DISTILL}"),
    (("model.descriptor.type", "dpa3"), f"descriptor 'dpa3' (DPA-3) cannot be exported: {MESSAGES}{DISTILL}"),
    (("model.descriptor", {"type": "hybrid", "list": [{"type": "se_e3"}]}), "part 1 of the hybrid descriptor: descriptor 'se_e3' "
     "(DeepPot-SE, three-body) cannot be exported: it sums over pairs of neighbors, which no table of a distance "
     f"replaces{DISTILL}"),
    (("model.descriptor.type", "se_a_mask"), "descriptor 'se_a_mask' cannot be exported: deepion does not know it; it runs "
     "se_e2_a, se_e2_r, DPA-1 without attention (dpa1, se_atten, se_atten_v2) and hybrids of these; use DeePMD-kit for it"),
    (("model.fitting.type", "dipole"), "fitting net 'dipole' cannot be exported: it predicts dipoles, and nothing moves by "
     "that; use DeePMD-kit (dp test, compute deeptensor/atom)"),
    (("model.fitting.type", "dos"), "fitting net 'dos' cannot be exported: it predicts the density of states, and nothing "
     "moves by that; use DeePMD-kit (dp test)"),
    (("model.fitting.type", "property"), "fitting net 'property' cannot be exported: it predicts a property, and nothing "
     "moves by that; use DeePMD-kit (dp test)"),
    (("model.fitting.type", "direct_force_ener"), "fitting net 'direct_force_ener' cannot be exported: its forces are not "
     "the slope of its energy; use DeePMD-kit for it"),
    (("model.fitting.type", "new"), "fitting net 'new' cannot be exported: deepion runs energy models (fitting 'ener') only; "
     "use DeePMD-kit for it"),
    (("model.fitting.mixed_types", True), "fitting nets: expected 1 (2 types, ndim 0), got 2 (2 types, ndim 1)"),
    (("model.fitting.dim_case_embd", 2), "case_embd is missing: the model file is incomplete"),
    (("model.fitting.use_aparam_as_mask", True), "use_aparam_as_mask cannot be exported: use DeePMD-kit for this model"),
    (("model.descriptor.precision", "bfloat16"), "the descriptor has precision bfloat16: only float32 and float64 models "
     "can be exported"),
    (("model.fitting.precision", "float16"), "the fitting net has precision float16: only float32 and float64 models can "
     "be exported"),
    (("model.descriptor.env_mat.use_exp_switch", True), "use_exp_switch (exponential switching function) cannot be exported"),
    (("model.descriptor.@variables.davg", changed(DAVG, (0, 3, 0), 9.0)), "davg or dstd differ between the neighbor "
     "slots of one type: such a model cannot be exported"),
    (("model.descriptor.@variables.davg", changed(DAVG, (slice(None), slice(None), 2), 1.0)), "davg is not zero in its "
     "angular components: such a model is not rotationally invariant"),
    (("model.descriptor.@variables.dstd", changed(DSTD, (slice(None), slice(None), 2), 1.0)), "dstd differs between x, y "
     "and z: such a model is not rotationally invariant"),
    (("model.descriptor.@variables.dstd", DSTD * 0.0), "dstd holds zeros: the model is broken"),
    (("model.descriptor.@variables.davg", DAVG * np.nan), "davg holds NaN or Inf: the model is broken"),
    (("model.@version", 3), f"the model is stored in version 3, this deepion reads 2 to 2: {ADVICE}"),
    (("model.fitting.@version", 5), f"the fitting net is stored in version 5, this deepion reads 1 to 4: {ADVICE}"),
    (("model.descriptor.new_physics", 1.5), "the descriptor has a setting that deepion does not know: new_physics = 1.5; "
     f"{ADVICE}"),
    (("model.descriptor.activation_function", "tanh"), None),
    ((f"{LAYER}.activation_function", "mish"), "activation function 'mish' is not supported; deepion knows tanh, relu, "
     "relu6, gelu, gelu_tf, softplus, sigmoid, silu, silut[:x], custom_silu[:x], linear, none"),
    ((f"{LAYER}.activation_function", "silut:many"), "activation function 'silut:many': 'many' is not a number"),
    ((f"{LAYER}.@variables.w", None), f"embedding_1_0, layer 0, weights is missing: {INCOMPLETE}"),
    ((f"{LAYER}.@variables.w", np.ones((2, 4))), "embedding_1_0, layer 0, weights: expected shape [1, n], got [2, 4]"),
    ((f"{LAYER}.@variables.w", np.ones((1, 4), dtype=np.float16)), "embedding_1_0, layer 0, weights has precision "
     "float16: only float32 and float64 models can be exported"),
    (("model.descriptor.embeddings.networks.1", None), f"embedding_1_0 is missing: {INCOMPLETE}"),
    (("model.descriptor.axis_neuron", 17), "axis_neuron 17 is larger than the embedding's last layer 16"),
    (("model.descriptor.sel", [16]), "sel: expected one number per type (2), got [16]"),
    (("model.type_map", ["Li", "Li"]), "the model's type_map has duplicates: Li Li"),
    (("model.atom_exclude_types", [5]), "atom_exclude_types: type 5 does not exist, the model has 2 types"),
]  # fmt: skip


@pytest.mark.parametrize("change,message", [c for c in CASES if c[1]], ids=lambda v: str(v[0]) if len(v) == 2 else "")
def test_message(change, message):
    assert refusal(change) == message


def test_the_untouched_model_is_accepted():
    assert potential_from_serialized(copy.deepcopy(ORIGINAL), SOURCE).type_map == ["Li", "P"]


def test_settings_that_are_off_do_not_matter():
    data = copy.deepcopy(ORIGINAL)
    data["model"]["descriptor"]["new_option"] = None
    data["model"]["fitting"]["another"] = []
    potential_from_serialized(data, SOURCE)


def test_files(tmp_path):
    def message(path):
        with pytest.raises(ExportError) as caught:
            load_potential(path)
        return str(caught.value)

    missing = tmp_path / "missing.dp"
    assert message(missing) == f"{missing}: no such file or directory"
    junk = tmp_path / "junk.dp"
    junk.write_bytes(b"not HDF5")
    assert message(junk).startswith(f"{junk}: cannot be read as a .dp file (HDF5): ")
    yaml = tmp_path / "junk.yaml"
    yaml.write_text("a: [1")
    assert message(yaml).startswith(f"{yaml}: cannot be read as YAML: ")
    yaml.write_text("a: 1")
    assert message(yaml) == f"{yaml}: no DeePMD-kit model in it (no 'model' entry)"
    for name, text in (("input.json", '{"model": {}, "training": {}}'), ("input.yaml", "model: {}\ntraining: {}\n")):
        (tmp_path / name).write_text(text)
        assert message(tmp_path / name).startswith(f"{tmp_path / name}: a training input, not a model: give the model ")
        with pytest.raises(ExportError, match="a training input, not a model"):
            inspect(tmp_path / name)
    other = tmp_path / "model.txt"
    other.touch()
    assert message(other).startswith(f"{other}: unknown kind of file '.txt'; the exporter reads DeePMD-kit models, ")
    onnx = tmp_path / "model.onnx"
    onnx.touch()
    assert message(onnx).startswith(f"{onnx}: already an ONNX file")


@pytest.mark.parametrize("suffix", [".dp", ".yaml", ".pb", ".pbtxt", ".pth", ".pt", ".pt2", ".pte"])
def test_folders_and_empty_files(tmp_path, suffix):
    folder, empty = tmp_path / f"folder{suffix}", tmp_path / f"empty{suffix}"
    folder.mkdir()
    empty.touch()
    for path, message in ((folder, "a folder: name a model file in it"), (empty, "the file is empty")):
        for reading in (load_potential, inspect):
            with pytest.raises(ExportError) as caught:
                reading(path)
            assert str(caught.value) == f"{path}: {message}"


def test_pipes_are_not_waited_for(tmp_path):
    path = tmp_path / "model.pb"
    os.mkfifo(path)
    for command in (["inspect", path], ["export", path, tmp_path / "model.onnx"]):
        words = [sys.executable, "-m", "deepion.command", *map(str, command)]
        finished = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert finished.returncode == 1
        assert finished.stderr.endswith(f"deepion {command[0]}: {path}: not a regular file: name a model file\n")


def test_commands_to_copy_are_quoted(tmp_path):
    path = tmp_path / "my model.pb"
    path.write_bytes(content(".pb"))
    command = f"deepion export '{path}' 'my model.onnx'"
    assert inspect(path).verdict.command == command
    with pytest.raises(ModelFileError) as caught:
        open_model_file(path)
    assert str(caught.value) == f"{path}: a DeePMD-kit model: export it first: {command}"
    exported = tmp_path / "my model.onnx"
    write_model_file(exported, load_potential(path))
    assert "pair_style deepmd/onnx 'my model.onnx'" in inspect(exported).verdict.why


def content(suffix):
    """A sound model of this ending."""
    if suffix == ".pth":
        return torch_archives.packed(torch_archives.records("sea"))
    if suffix == ".pbtxt":
        message = graph_message()()
        message.ParseFromString(content(".pb"))
        return text_format.MessageToString(message).encode()
    model = {
        ".dp": INDEX["tf_trained"]["model"],
        ".pb": INDEX["tf_trained"]["foreign"],
        ".yaml": INDEX["yaml"]["model"],
    }
    return (DATA / model[suffix]).read_bytes()


@pytest.mark.parametrize("right", [".dp", ".yaml", ".pb", ".pbtxt", ".pth"])
def test_models_with_the_ending_of_another_kind(tmp_path, right):
    """The message names the ending that the content has."""
    model = content(right)
    for suffix in (
        {".dp", ".yaml", ".pb", ".pbtxt", ".pth", ".pt2"} - {right} - ({".pt2"} if right == ".pth" else set())
    ):
        path = tmp_path / f"model{suffix}"
        path.write_bytes(model)
        for reading in (load_potential, inspect):
            with pytest.raises(ExportError) as caught:
                reading(path)
            expected = f"{path}: its content is that of a {right} file: give it a name that ends in {right}"
            assert str(caught.value) == expected
    path = tmp_path / f"model{right}"
    path.write_bytes(model)
    assert inspect(path).verdict.possible


@pytest.mark.parametrize("suffix", [".dp", ".yaml", ".pb", ".pbtxt", ".pth"])
def test_exported_files_with_the_ending_of_a_model(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    write_model_file(path, potential_from_serialized(ORIGINAL, SOURCE))
    with pytest.raises(ExportError, match="its content is that of a .onnx file: give it a name that ends in .onnx"):
        load_potential(path)


def test_script_prints_the_message_alone(deepion, tmp_path):
    finished = deepion("export", tmp_path / "missing.dp", tmp_path / "out.onnx")
    assert finished.returncode == 1
    assert finished.stderr == f"deepion export: {tmp_path / 'missing.dp'}: no such file or directory\n"
    assert not list(tmp_path.iterdir())
