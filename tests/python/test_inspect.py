# SPDX-License-Identifier: MIT
"""`deepion inspect`: what any model file holds, and how it can be exported."""

import json
import pickle
import subprocess
import sys
from collections import OrderedDict

import pytest

import torch_archives
from conftest import DATA, INDEX, LIPSTI
from deepion.errors import DeepionError
from deepion.export.exporter import export
from deepion.inspection.file import inspect
from deepion.inspection.text import lines_of

TRAINED = DATA / INDEX["tf_trained"]["model"]


def text(path) -> str:
    return "\n".join(line.rstrip() for line in lines_of(inspect(path)))


def test_text_of_a_model():
    assert (
        text(TRAINED)
        == f"""{TRAINED}
  format         DeePMD-kit HDF5, 47.3 kB, by deepmd-kit 3.2.0 (TensorFlow)
  model          Deep Potential
  elements       Li P
  descriptor     DeepPot-SE (se_e2_a); excluded pairs of types 1-1
                 cutoff 5 A (smooth from 1.5), sel 16 20
                 embedding 3-6-6-10, axis 3, tanh, float64, by the neighbor's element, time steps
  fitting net    energy, 10-10-20, tanh, float64
  parameters     1,690
  closest atoms  1.732 A in the training data
  export         deepion export {TRAINED} tf_trained.onnx"""
    )


@pytest.mark.parametrize("name", [name for name in INDEX if not INDEX[name]["model"].endswith(".yaml")])
def test_what_can_be_exported_is_said_so(name):
    summary = inspect(DATA / INDEX[name]["model"])
    assert summary.verdict.possible and summary.parameters > 0 and not summary.compressed
    assert (
        summary.elements == [element for element in INDEX[name]["elements"] if element != "NULL"]
        or name == "null_atoms"
    )


def test_frame_and_atomic_parameters():
    summary = inspect(DATA / INDEX["fparam_aparam"]["model"])
    assert summary.fitting.fparam == 2 and summary.fitting.aparam > 0
    assert "fparam" in text(DATA / INDEX["fparam_aparam"]["model"])


def test_yaml():
    summary = inspect(DATA / INDEX["yaml"]["model"])
    assert summary.format == "DeePMD-kit YAML" and summary.parts[0].type == "se_e2_a"


def test_archives(tmp_path):
    compressed = inspect(torch_archives.write("hybrid_compressed", tmp_path))
    assert compressed.compressed and [part.tables for part in compressed.parts] == [2, 2, 2]
    assert [part.rcut for part in compressed.parts] == [5.0, 4.5, 4.0]
    assert [part.type for part in compressed.parts] == ["se_e2_a", "se_r", "se_e2_a"]
    strip = text(torch_archives.write("dpa1_v2_compressed", tmp_path))
    assert "DPA-1, second form (se_atten_v2); type embedding: strip, 4 numbers, smooth" in strip
    assert "sel 20 of all elements together" in strip and ", 1 table\n" in strip
    zbl = text(torch_archives.write("zbl", tmp_path))
    assert "DP-ZBL" in zbl and "pair table     0.01 to 6 A, 13 splines" in zbl
    assert "one net for all elements" in zbl


def test_why_not_and_what_then(tmp_path):
    """The exporter's own words."""
    content = torch_archives.records("dpa1_strip")
    name = "dpa1_strip/data.pkl"
    path = tmp_path / "dipole.pth"
    changed = content[name].replace(b"EnergyFittingNet\n", b"DipoleFittingNet\n")
    path.write_bytes(torch_archives.packed(content | {name: changed}))
    summary = inspect(path)
    assert not summary.verdict.possible and "dipole" in summary.verdict.why
    assert summary.parameters is None  # those of the fitting net were not read
    assert f"export         {summary.verdict.why}".splitlines()[0] in text(path)


def test_exported_file(tmp_path):
    path = tmp_path / "model.onnx"
    export(DATA / INDEX["two_sided"]["model"], path, reduced=False)
    words = text(path)
    assert "deepion ONNX, format version 1" in words and "made from      two_sided.dp, by deepmd-kit" in words
    assert "pair_style deepmd/onnx model.onnx  and  pair_coeff * * Li P" in words
    path.write_bytes(b"no model")
    with pytest.raises(DeepionError, match="not a readable ONNX file"):
        inspect(path)


def test_frozen_graphs(tmp_path):
    path = DATA / INDEX["tf_trained"]["foreign"]
    words = text(path)
    assert (
        "frozen TensorFlow graph, 0.1 MB, by deepmd-kit" in words and f"deepion export {path} tf_trained.onnx" in words
    )
    content = path.read_bytes()
    kind = b"\x42\x04ener"  # the text of model_attr/model_type
    assert content.count(kind) == 1
    other = tmp_path / "dipole.pb"
    other.write_bytes(content.replace(kind, b"\x42\x04dos2"))
    summary = inspect(other)
    assert not summary.verdict.possible
    assert summary.verdict.why.startswith("fitting net 'dos2' cannot be exported: ")


def checkpoint(path, model_params) -> None:
    """A checkpoint as far as it is looked at."""
    state = OrderedDict([("weight", 1.0), ("_extra_state", {"model_params": model_params})])
    content = pickle.dumps({"model": state, "optimizer": {}}, protocol=2)
    path.write_bytes(torch_archives.packed({"model/data.pkl": content}))


def test_checkpoint(tmp_path):
    path = tmp_path / "model.ckpt.pt"
    checkpoint(path, {"type_map": ["Li", "P"], "descriptor": {"type": "se_atten_v2", "rcut": 6.0, "sel": 120}})
    words = text(path)
    assert "DPA-1, second form (se_atten_v2)" in words and "cutoff 6 A, sel 120 of all elements together" in words
    assert "with DeePMD-kit:  dp --pt freeze -c model.ckpt.pt -o model.ckpt.pth" in words
    checkpoint(path, {"model_dict": {"water": {}, "salt": {}}})
    assert "freeze one of its heads (water, salt) with: dp --pt freeze --head NAME" in text(path)
    checkpoint(path, {"spin": {}, "fitting_net": 3})  # damaged
    assert not inspect(path).verdict.possible
    whole = inspect(torch_archives.write("checkpoint_dpa1_v2", tmp_path))
    assert whole.verdict.possible and whole.parts[0].type == "se_atten_v2" and whole.format == "PyTorch checkpoint"


def test_what_only_deepmd_kit_reads(tmp_path):
    path = tmp_path / "model.savedmodel"
    path.mkdir()
    (path / "content").write_bytes(bytes(2000))
    words = text(path)
    assert "TensorFlow SavedModel, 2.0 kB" in words
    assert "with DeePMD-kit:  dp convert-backend model.savedmodel model.dp" in words


def test_several_files_as_json(deepion, tmp_path):
    missing = tmp_path / "missing.pth"
    finished = deepion("inspect", TRAINED, missing, LIPSTI, "--json")
    assert finished.returncode == 1 and finished.stderr == ""
    first, second, third = json.loads(finished.stdout)
    assert first["elements"] == ["Li", "P"] and first["parts"][0]["rcut"] == 5.0 and first["verdict"]["possible"]
    assert second == {"file": str(missing), "error": f"{missing}: no such file or directory"}
    assert third["parameters"] == 2600580
    finished = deepion("inspect", TRAINED, tmp_path / "notes.txt", missing)
    assert finished.returncode == 1 and finished.stdout.startswith(f"{TRAINED}\n")
    assert finished.stderr == (
        f"deepion inspect: {tmp_path / 'notes.txt'}: no such file or directory\n"
        f"deepion inspect: {missing}: no such file or directory\n"
    )


def test_no_framework_is_imported(tmp_path):
    files = [str(torch_archives.write("dpa1_v2", tmp_path)), str(TRAINED), str(LIPSTI)]
    code = (
        "import sys; from deepion.command import main\n"
        f"try: main(['inspect', *{files!r}])\nexcept SystemExit as ended: assert ended.code == 0\nprint(*sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(output.splitlines()[-1].split())
    assert not {"torch", "tensorflow", "deepmd", "onnxruntime"} & loaded
