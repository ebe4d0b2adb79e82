# SPDX-License-Identifier: MIT
"""Models of DeePMD-kit's PyTorch backend, read without PyTorch (make_torch_archives.py made the references)."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import torch_archives
from conftest import DATA, INDEX
from deepion.errors import ExportError
from deepion.evaluation.evaluator import Evaluator
from deepion.export.dp_model import read_model
from deepion.export.exporter import export, load_potential
from deepion.formats import exported_program, torchscript

REFERENCE = torch_archives.reference()
MODELS = REFERENCE["models"]
IN_FLOAT32 = ("sea_float32", "checkpoint_hybrid")  # whole or in part: so are their references


@pytest.mark.parametrize("name", [name for name in MODELS if "digest" in MODELS[name]])
def test_dictionary_is_that_of_deepmd_kit(name, tmp_path):
    """Every setting and every bit of the weights, as DeePMD-kit's own reader serializes them."""
    data = read_model(torch_archives.write(name, tmp_path))
    assert torch_archives.digest(data) == MODELS[name]["digest"]


@pytest.mark.parametrize("name", list(MODELS))
def test_values_of_deepmd_kit(name, tmp_path):
    target = tmp_path / "model.onnx"
    export(torch_archives.write(name, tmp_path), target, reduced=False)
    expected = MODELS[name]
    result = Evaluator(target).evaluate(
        np.array(REFERENCE["coord"]), np.array(REFERENCE["types"]), np.eye(3) * 30.0, (False,) * 3,
        expected.get("fparam"), None if "aparam" not in expected else np.reshape(expected["aparam"], (-1, 1)),
    )  # fmt: skip
    loose = 1e5 if name in IN_FLOAT32 else 1.0
    assert result.energy == pytest.approx(expected["energy"], rel=1e-9 * loose)
    np.testing.assert_allclose(result.force.ravel(), expected["force"], rtol=0.0, atol=1e-8 * loose)
    np.testing.assert_allclose(result.virial.ravel(), expected["virial"], rtol=0.0, atol=1e-8 * loose)
    assert np.abs(expected["force"]).max() > 1e-3


def test_older_version_gives_the_same_dictionary(tmp_path):
    """What DeePMD-kit 3.0.2 froze lacks settings that came later; they get the values that they had without being there."""
    old, new = (torchscript.read(torch_archives.write(name, tmp_path)) for name in ("older_dpa1", "dpa1_strip"))
    assert torch_archives.digest(settings(old)) == torch_archives.digest(settings(new))


def settings(node):
    """A serialized model without its arrays, whose numbering differs between versions."""
    if isinstance(node, dict):
        return {key: settings(value) for key, value in node.items()}
    if isinstance(node, list):
        return [settings(value) for value in node]
    return list(node.shape) if isinstance(node, np.ndarray) else node


@pytest.mark.parametrize("name", ["hybrid_compressed", "dpa1_v2_compressed"])
def test_tables_of_compressed_models(name, tmp_path):
    data = torchscript.read(torch_archives.write(name, tmp_path))
    descriptor = data["model"]["descriptor"]
    for part in descriptor.get("list", [descriptor]):
        tables = part["compress"]["@variables"]
        assert part["@version"] == 3 and len(tables["compress_data"]) == len(tables["compress_info"])
        for table, info in zip(tables["compress_data"], tables["compress_info"], strict=True):
            lower, upper, largest, step, second, _ = info
            assert lower < upper < largest and (step, second) == (0.1, 1.0)
            assert table.shape[1] == 6 * part["neuron"][-1]
            assert table.shape[0] >= int((upper - lower) / step) + int((largest - upper) / second)
    if name == "dpa1_v2_compressed":
        assert tables["type_embd_data"].shape == (9, 8) and descriptor["compress"]["geo_compress"]


def test_neither_framework_is_imported(tmp_path):
    path = torch_archives.write("sea", tmp_path)
    code = (
        "import sys; from pathlib import Path; from deepion.export import export\n"
        f"export(Path({str(path)!r}), Path({str(tmp_path / 'out.onnx')!r}), reduced=False)\n"
        "print(*sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "tensorflow", "deepmd", "onnxruntime"} & set(output.split())


@pytest.mark.parametrize("names, kind", [
    ((b"EnergyFittingNet\n", b"DipoleFittingNet\n"), ("fitting", "dipole")),
    ((b"EnergyFittingNet\n", b"PolarFittingNet\n"), ("fitting", "polar")),
    ((b"EnergyFittingNet\n", b"DOSFittingNet\n"), ("fitting", "dos")),
    ((b"EnergyFittingNet\n", b"PropertyFittingNet\n"), ("fitting", "property")),
    ((b"DescrptDPA1\n", b"DescrptDPA2\n"), ("descriptor", "dpa2")),
    ((b"DescrptDPA1\n", b"DescrptDPA3\n"), ("descriptor", "dpa3")),
    ((b"DescrptDPA1\n", b"DescrptSeT\n"), ("descriptor", "se_e3")),
    ((b"DescrptDPA1\n", b"DescrptSomethingNew\n"), ("descriptor", "DescrptSomethingNew")),
    ((b"EnergyModel\n", b"SpinEnergyModel\n"), ("type", "spin_ener")),
])  # fmt: skip
def test_kinds_that_stay_out_keep_their_names(names, kind, tmp_path):
    """Their weights are not read: the translator refuses them by name."""
    content = torch_archives.records("dpa1_strip")
    description = content["dpa1_strip/data.pkl"]
    assert names[0] in description
    path = tmp_path / "other.pth"
    path.write_bytes(torch_archives.packed(content | {"dpa1_strip/data.pkl": description.replace(*names)}))
    part, name = kind
    model = torchscript.read(path)["model"]
    assert (model[part] if part == "type" else model[part]["type"]) == name
    with pytest.raises(ExportError):
        load_potential(path)


def checkpoint(tmp_path, change, key=None):
    """A checkpoint with other settings, or with a weight of another name."""
    content = torch_archives.records("checkpoint_dpa1_v2")
    name = "checkpoint_dpa1_v2/data.pkl"
    description = content[name]
    old, new = change
    assert old in description
    path = tmp_path / "model.ckpt.pt"
    path.write_bytes(torch_archives.packed(content | {name: description.replace(old, new)}))
    return path


@pytest.mark.parametrize("change, words", [
    ((b"resnet_dt", b"resnet_du"), "its settings do not say the descriptor's resnet_dt as DeePMD-kit 3.2 would"),
    ((b"out_std", b"out_stu"), r"a checkpoint with weights that deepion does not know \(atomic_model.out_stu\)"),
    ((b"filter_layers_strip.networks", b"filter_layers_strip.networkz"), "a checkpoint with weights that deepion does not"),
    ((b"X\x08\x00\x00\x00standard", b"X\x08\x00\x00\x00sezmener"), "a checkpoint of a model of type 'sezmener'"),
])  # fmt: skip
def test_checkpoints_of_other_kinds(change, words, tmp_path, monkeypatch):
    """They go to an installed DeePMD-kit, which is not there."""
    monkeypatch.setitem(sys.modules, "deepmd", None)
    path = checkpoint(tmp_path, change)
    with pytest.raises(ExportError, match=words) as caught:
        load_potential(path)
    assert "dp --pt freeze -c model.ckpt.pt -o model.ckpt.pth" in str(caught.value)


def test_modifier_beside_the_model(tmp_path):
    """Long-range charges are a model of their own in the archive; `dp freeze` leaves an empty record where there are none."""
    path = tmp_path / "dplr.pth"
    content = torch_archives.records("sea")
    path.write_bytes(torch_archives.packed(content | {"sea/extra/data_modifier.pth": b""}))
    assert load_potential(path).type_map == ["Li", "P"]
    path.write_bytes(torch_archives.packed(content | {"sea/extra/data_modifier.pth": b"PK"}))
    with pytest.raises(ExportError, match=r"a model with a modifier \(long-range charges, DPLR\) cannot be exported"):
        load_potential(path)


def test_names_that_do_not_fit(tmp_path):
    frozen = torch_archives.write("sea", tmp_path).rename(tmp_path / "frozen.pt")
    assert load_potential(frozen).type_map == ["Li", "P"]
    saved = torch_archives.write("checkpoint_dpa1_v2", tmp_path).rename(tmp_path / "saved.pth")
    with pytest.raises(ExportError, match="weights alone, or a checkpoint of a training: no frozen model"):
        load_potential(saved)


def test_model_that_only_deepmd_kit_can_read(tmp_path, monkeypatch):
    """The message says what is strange about the file and where to go."""
    monkeypatch.setitem(sys.modules, "deepmd", None)
    content = torch_archives.records("sea")
    strange = content["sea/data.pkl"].replace(b"atomic_model", b"atomic_novel")
    path = tmp_path / "new.pth"
    path.write_bytes(torch_archives.packed(content | {"sea/data.pkl": strange}))
    with pytest.raises(
        ExportError, match="its object is a EnergyModel, not a model as DeePMD-kit 3 freezes it: reading "
    ):
        load_potential(path)
    with pytest.raises(ExportError, match=r"dp convert-backend new.pth new.dp"):
        load_potential(path)


@pytest.mark.parametrize("suffix, folder", [(".pt2", "model/extra"), (".pte", "model/extra"), (".pte", "extra_files")])
def test_exported_programs(suffix, folder, tmp_path):
    """.pt2 and .pte carry the serialized dictionary as text: as here, beside the compiled model."""
    expected = read_model(DATA / INDEX["two_sided"]["model"])
    path = tmp_path / f"model{suffix}"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model/data/weights/weight_0", b"0" * 64)
        file.writestr(f"{folder}/model.json", json.dumps(as_text({k: v for k, v in expected.items()})))
        file.writestr(f"{folder}/model_def_script.json", '{"descriptor": {"type": "se_e2_a"}}')
    data = exported_program.read(path)
    assert data["model_def_script"] == {"descriptor": {"type": "se_e2_a"}}
    del data["model_def_script"], expected["model_def_script"]
    assert torch_archives.digest(data) == torch_archives.digest(expected)
    assert load_potential(path).type_map == ["Li", "P"]


def as_text(node):
    """Arrays as DeePMD-kit writes them into JSON text."""
    if isinstance(node, dict):
        return {key: as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [as_text(value) for value in node]
    if isinstance(node, (np.ndarray, np.generic)):
        value = {"dtype": np.asarray(node).dtype.name, "value": node.tolist()}
        return {"@class": "np.ndarray", "@is_variable": True, **value}
    return node


def test_archive_of_dpa4_is_refused_by_name(tmp_path):
    """It holds the compiled model and the training input alone."""
    path = tmp_path / "model.pt2"
    script = json.dumps({"type_map": ["Li"], "descriptor": {"type": "SeZM", "rcut": 6.0}})
    path.write_bytes(torch_archives.packed({"model/extra/model_def_script.json": script.encode()}))
    with pytest.raises(ExportError, match=r"descriptor 'dpa4' \(DPA-4\) cannot be exported: .*\n.*\n  - distill it: "):
        load_potential(path)


def test_exported_program_without_the_description(tmp_path):
    path = Path(tmp_path, "model.pt2")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model/data/weights/weight_0", b"0" * 64)
    with pytest.raises(ExportError, match="its archive has no extra/model.json: reading .pt2 needs DeePMD-kit"):
        load_potential(path)
