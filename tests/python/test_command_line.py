# SPDX-License-Identifier: MIT
"""The scripts as a user runs them, structure files, and the ASE calculator."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import torch_archives
from conftest import DATA, INDEX, LIPSTI, ROOT, interruptible
from deepion.errors import ExportError, InputError, check_writable
from deepion.evaluation.structure import read_structure
from deepion.export.exporter import export, load_potential


def test_export_script(deepion, tmp_path):
    out = tmp_path / "model.onnx"
    model = DATA / INDEX["two_sided"]["model"]
    finished = deepion("export", model, out, "--full-only")
    assert finished.returncode == 0
    assert re.fullmatch(rf"\[ +\d+ s\] reading {model} ...\n\[ +\d+ s\] writing {out} ...\n", finished.stderr)
    assert f"wrote {out}" in finished.stdout and "Li P" in finished.stdout
    assert "reduced    none: not wanted" in finished.stdout
    finished = deepion("export", LIPSTI, tmp_path / "model.txt")
    assert finished.returncode == 1 and finished.stderr == (
        f"deepion export: the output file must end in .onnx, got {tmp_path / 'model.txt'}; for several models give "
        "--output-dir DIR\n"
    )


def test_export_of_several_models(deepion, tmp_path):
    """One that fails does not stop the others."""
    folder = tmp_path / "new" / "models"
    names = ["two_sided", "one_type"]
    models = [DATA / INDEX[name]["model"] for name in names]
    missing = tmp_path / "missing.dp"
    finished = deepion("export", models[0], missing, models[1], "--output-dir", folder, "--full-only")
    assert finished.returncode == 1
    assert finished.stdout.count("wrote ") == 2 and sorted(path.stem for path in folder.iterdir()) == sorted(names)
    lines = finished.stderr.splitlines()
    assert [line for line in lines if not line.startswith("[")] == [
        f"1 of 3: {models[0]}",
        f"2 of 3: {missing}",
        f"deepion export: {missing}: no such file or directory",
        f"3 of 3: {models[1]}",
        "deepion export: 1 of 3 models could not be exported, for the reasons above",
    ]
    finished = deepion("export", *models, "--output-dir", folder, "--full-only")
    assert finished.returncode == 0


def test_export_says_what_a_table_of_pair_energies_does(deepion, tmp_path):
    finished = deepion("export", torch_archives.write("zbl", tmp_path), tmp_path / "zbl.onnx", "--full-only")
    assert finished.returncode == 0
    assert "  pair table 0.01 to 5 A, in place of the model below 0.2 to 2 A\n" in finished.stdout


def test_export_of_models_that_would_share_a_file(deepion, tmp_path):
    finished = deepion("export", "a/x.pb", "b/x.pb", "--output-dir", tmp_path / "out")
    target = tmp_path / "out" / "x.onnx"
    assert finished.stderr == (
        f"deepion export: several of the models would be written as {target}: export them one by one\n"
    )
    finished = deepion("export", "x.pb")
    assert finished.returncode == 1 and "name the model and the ONNX file to write" in finished.stderr
    assert not list(tmp_path.iterdir())


def test_export_needs_onnxruntime_only_to_generate(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    out = tmp_path / "model.onnx"
    # said before the model is read, which can take TensorFlow and a minute: this one is not there
    with pytest.raises(ExportError, match="pip install onnxruntime, or give structures with --data, or .* --full-only"):
        export(tmp_path / "missing.pb", out)
    assert not list(tmp_path.iterdir())
    export(DATA / INDEX["two_sided"]["model"], out, reduced=False)
    assert out.exists()


def test_export_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("deepion.export.exporter.generate_frames", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(DATA / INDEX["two_sided"]["model"], tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_interrupted_export_ends_with_one_line(tmp_path):
    """Ctrl-C while structures are generated, which takes minutes."""
    command = [Path(sys.executable).parent / "deepion", "export", LIPSTI, "model.onnx"]
    streams = dict(stderr=subprocess.PIPE, text=True)
    with subprocess.Popen(command, cwd=tmp_path, preexec_fn=interruptible, **streams) as process:
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert first.endswith("...\n") and rest.endswith("deepion export: interrupted\n") and "Traceback" not in rest
    assert not list(tmp_path.iterdir())


def test_export_without_onnx(deepion, tmp_path, monkeypatch):
    (tmp_path / "onnx.py").write_text("raise ModuleNotFoundError('No module named onnx', name='onnx')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finished = deepion("export", LIPSTI, tmp_path / "model.onnx")
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"deepion export: {sys.executable}")
    assert finished.stderr.endswith(
        " has no package onnx: install it with 'pip install onnx', or everything that the "
        "tools need with 'pip install deepion[tools]'\n"
    )


def test_where_nothing_can_be_written(deepion, tmp_path):
    """Said at once: neither model nor data are looked at."""
    nowhere = tmp_path / "nowhere"
    reason = f"cannot be written: there is no folder {nowhere}: make it, or name another file\n"
    out = nowhere / "b.onnx"
    assert deepion("export", "no.dp", out, "--data", tmp_path).stderr == f"deepion export: {out}: {reason}"
    for option, name in (("--json", "x.json"), ("--pictures", "x")):
        target = nowhere / (name if option == "--json" else "x.png")
        finished = deepion("evaluate", "no.onnx", "no-data", option, nowhere / name)
        assert finished.returncode == 1 and finished.stderr == f"deepion evaluate: {target}: {reason}"
    with pytest.raises(InputError, match="it is a folder"):
        check_writable(tmp_path)
    check_writable(tmp_path / "new.json")
    assert not list(tmp_path.iterdir())


def test_evaluate_text(deepion, exported):
    finished = deepion("energy", exported.path(LIPSTI), DATA / "lipsti" / "Ti10_f0.data")
    assert finished.returncode == 0 and finished.stderr == ""
    lines = finished.stdout.splitlines()
    reference = np.load(DATA / "lipsti" / "Ti10_f0.npz")
    assert lines[0].startswith("model ") and "sha256" in lines[0]
    assert lines[2] == f"energy   {float(reference['energy']):.10f} eV"
    atom = lines[-105].split()
    assert atom[:2] == ["1", "Li"]
    np.testing.assert_allclose([float(x) for x in atom[3:]], reference["force"][0], atol=1e-8)


def test_evaluate_json_with_parameters(deepion, exported):
    line = INDEX["fparam_aparam"]
    reference = np.load(DATA / line["reference"])
    finished = deepion(
        "energy", exported.path(DATA / line["model"]), DATA / line["structure"], "--json",
        "--fparam", *line["fparam"], "--aparam", *np.ravel(line["aparam"]),
    )  # fmt: skip
    out = json.loads(finished.stdout)
    assert out["energy"] == pytest.approx(float(reference["energy"]), rel=1e-9)
    np.testing.assert_allclose(out["force"], reference["force"], atol=1e-8)
    np.testing.assert_allclose(out["virial"], reference["virial"], atol=1e-8)
    assert out["units"] == {"energy": "eV", "force": "eV/Angstrom", "virial": "eV"} and len(out["sha256"]) == 64


@pytest.mark.parametrize("name", ["two_types", "four_triclinic"])
def test_data_file_and_extxyz_agree(name):
    data = read_structure(DATA / "structures" / f"{name}.data")
    xyz = read_structure(DATA / "structures" / f"{name}.extxyz")
    assert data.symbols == xyz.symbols and data.periodic == xyz.periodic
    np.testing.assert_allclose(data.coord, xyz.coord, atol=1e-12)
    np.testing.assert_allclose(data.cell, xyz.cell, atol=1e-12)


def test_evaluate_messages(deepion, exported, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path / "cache"))

    def message(*arguments):
        finished = deepion("energy", *arguments)
        assert finished.returncode == 1 and finished.stdout == "" and "Traceback" not in finished.stderr
        return finished.stderr

    model = exported.path(DATA / INDEX["two_sided"]["model"])
    structure = DATA / "structures" / "two_types.data"
    four = DATA / "structures" / "four_triclinic.data"
    assert message(tmp_path / "no.onnx", structure) == (
        f"deepion energy: {tmp_path / 'no.onnx'}: cannot be read: No such file or directory\n"
    )
    assert message(LIPSTI, structure) == (
        f"deepion energy: {LIPSTI}: a DeePMD-kit model: export it first: deepion export {LIPSTI} lipsti-a.onnx, or, for this "
        f"name to do: deepion export {LIPSTI} --cache\n"
    )
    assert message(model, tmp_path / "no.data") == f"deepion energy: {tmp_path / 'no.data'}: no such file\n"
    assert message(model, four) == "deepion energy: the model does not know S Ti; it knows Li P\n"
    assert (
        message(model, structure, "--fparam", "1")
        == "deepion energy: the model has no fparam, but 1 values were given\n"
    )
    assert message(model, structure, "--boundary", "pp") == (
        "deepion energy: --boundary: expected three letters p or f, such as ppf, got 'pp'\n"
    )
    for option, value in {"--precision": "double", "--reduce": "0"}.items():
        assert message(model, structure, "--reference", option, value).startswith(
            f"deepion energy: {option} is for the engine, and --reference runs the file's own graph"
        )
    needy = exported.path(DATA / INDEX["fparam"]["model"])
    one = DATA / "structures" / "one_type.data"
    assert message(needy, one) == "deepion energy: the model needs fparam: 2 values\n"
    assert message(needy, one, "--fparam", "1") == "deepion energy: fparam: expected 2 values, got 1\n"


def test_evaluate_into_a_pipe_that_closes(exported):
    structure = ROOT / "lammps-examples/quickstart/data.Ti10"
    command = [sys.executable, ROOT / "scripts/evaluate_onnx.py", exported.path(LIPSTI), structure]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_overflow_warning(deepion, exported):
    line = INDEX["sel_overflow"]
    finished = deepion("energy", exported.path(DATA / line["model"]), DATA / line["structure"])
    assert finished.returncode == 0 and "Li neighbors within" in finished.stderr and "keeps sel = 14" in finished.stderr
    assert finished.stderr.startswith("WARNING: ") and "UserWarning" not in finished.stderr
    graph = deepion("energy", exported.path(DATA / line["model"]), DATA / line["structure"], "--reference")
    assert graph.stdout == finished.stdout and "Li neighbors, but the model keeps sel = 14" in graph.stderr


def test_structure_files(tmp_path):
    path = tmp_path / "x.data"
    head = "title\n\n2 atoms\n2 atom types\n\n0 5 xlo xhi\n1 6 ylo yhi\n0 5 zlo zhi\n\n"
    labels = "Atom Type Labels\n\n1 Li\n2 S\n\nMasses\n\nLi 6.94\nS 32.06\n\n"
    path.write_text(head + labels + "Atoms # charge\n\n2 S 0.0 1 2 3 0 0 1\n1 Li 0.5 4 5 6\n\nVelocities\n\n1 0 0 0\n")
    structure = read_structure(path)
    assert structure.symbols == ["Li", "S"]
    np.testing.assert_array_equal(structure.coord, [[4, 4, 6], [1, 1, 3]])
    assert read_structure(path, ["P", "NULL"]).symbols == ["P", "NULL"]

    path.write_text(head + "Masses\n\n1 6.94\n2 32.06\n\nAtoms # atomic\n\n1 1 0 0 0\n2 2 1 1 1\n")
    with pytest.raises(InputError, match="no element name for atom type '1': give names of all types with --elements"):
        read_structure(path)
    assert read_structure(path, ["Li", "S"]).symbols == ["Li", "S"]
    path.write_text(head + "Atoms # body\n\n1 1 0 0 0\n")
    with pytest.raises(InputError, match="atom style 'body' is not read here"):
        read_structure(path, ["Li", "S"])
    path.write_text("hello\n")
    with pytest.raises(InputError, match="not a LAMMPS data file"):
        read_structure(path)


@pytest.mark.skipif("deepmd" in sys.modules, reason="DeePMD-kit is loaded")
def test_other_backends_without_deepmd(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "deepmd", None)
    path = tmp_path / "model.jax"
    path.touch()
    with pytest.raises(ExportError) as caught:
        load_potential(path)
    assert str(caught.value) == (
        f"{path}: reading .jax needs DeePMD-kit, which this Python does not have.\n"
        "  Either convert the model where DeePMD-kit is installed:  dp convert-backend model.jax model.dp\n"
        "  or export with the Python there, after  pip install onnx onnxruntime jsonschema.\n"
        "  No such place yet: make an environment of its own (in .venv of this project DeePMD-kit would replace pinned "
        "packages):\n"
        "  python3 -m venv dp && dp/bin/pip install 'deepmd-kit[cpu]' onnx onnxruntime jsonschema  (for .pth also torch)"
    )


@pytest.mark.parametrize("name", [name for name in INDEX if "foreign" in INDEX[name]])
def test_other_backends_with_deepmd(exported, name):
    pytest.importorskip("deepmd.backend.backend")
    from helpers import assert_matches, small_case

    evaluator = exported.evaluator(DATA / INDEX[name]["foreign"])
    assert_matches(small_case(name, evaluator.type_map).run(evaluator), np.load(DATA / INDEX[name]["reference"]))
