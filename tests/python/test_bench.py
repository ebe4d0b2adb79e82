# SPDX-License-Identifier: MIT
"""scripts/bench: what it reads, chooses and prints, and one short measurement. DeePMD-kit is not needed."""

import hashlib
import json
import os
import re
import subprocess

import h5py
import numpy as np
import onnxruntime
import pytest
from onnx import helper, load_from_string

from conftest import DATA, LIPSTI, ROOT
from deepion.benchmark import bench, classical_peer, deepmd_peer, phases, rank_usage, report
from deepion.benchmark.errors import BenchError
from deepion.benchmark.fitting_floor import BATCHES, FittingFloor, standalone
from deepion.benchmark.lammps_run import Run, failure
from deepion.benchmark.modes import COMMITTEES, MODES, PEER_MODES, PeerMode, mode_of, peer_of
from deepion.evaluation.structure import read_structure
from deepion.model.model_file import IR_VERSION, open_model_file
from deepion.model.onnx_nodes import DOMAIN, DOMAIN_VERSION, OPSET

CELL = DATA / "lipsti/Ti00_f0.data"


def test_sizes_are_cubes_of_the_cell():
    assert [bench.edge_of(atoms, 96) for atoms in (1, 96, 768, 12_000, 96_000)] == [1, 1, 2, 5, 10]


def test_elements_of_a_cell(tmp_path):
    assert bench.elements_of(CELL) == ["Li", "P", "S", "Ti"]
    bare = tmp_path / "bare.data"
    bare.write_text(CELL.read_text().replace("#", ""))
    with pytest.raises(BenchError, match="bare.data: put the element behind each of its masses"):
        bench.elements_of(bare)


def test_layouts():
    assert bench.layout_of("12x2") == (12, 2)
    for text in ("2", "0x1", "2x1x1", "ax1"):
        with pytest.raises(BenchError, match="expected MPI ranks x threads"):
            bench.layout_of(text)


def test_modes_and_what_they_are_compared_with():
    against = {mode.name: peer_of(mode).name for mode in MODES}
    assert against["reduced"] == against["default"] == against["mixed"] == "deepmd-float32-compressed"
    assert against["mixed-no-tables"] == "deepmd-float32"
    assert against["double-tables"] == "deepmd-float64-compressed"
    assert against["double"] == "deepmd-float64"
    assert peer_of(mode_of("precision mixed")).name == "deepmd-float32-compressed"
    assert peer_of(mode_of("precision double")).name == "deepmd-float64"
    assert peer_of(mode_of("precision mixed"), compressible=False).name == "deepmd-float32"


@pytest.mark.parametrize(
    ("descriptor", "reason"),
    [
        ({"type": "se_e2_a"}, None),
        ({"type": "dpa1", "tebd_input_mode": "strip"}, None),
        ({"type": "se_atten_v2"}, None),
        ({"type": "dpa1", "tebd_input_mode": "concat"}, "cannot compress dpa1 with tebd_input_mode concat"),
        ({"type": "hybrid", "list": [{"type": "se_e2_a"}, {"type": "se_atten"}]}, "cannot compress se_atten with"),
    ],
)
def test_what_deepmd_kit_cannot_compress_is_known(tmp_path, descriptor, reason):
    with h5py.File(tmp_path / "model.dp", "w") as file:
        file.attrs["json"] = json.dumps({"model": {"descriptor": descriptor}})
    found = deepmd_peer.why_not_compressed(tmp_path / "model.dp")
    assert found is None if reason is None else reason in found
    names = [mode.name for mode in (*MODES, *COMMITTEES, *PEER_MODES)]
    assert len(set(names)) == len(names)
    assert (mode_of("committee").models, mode_of("default").models) == (4, 1)
    with pytest.raises(BenchError, match="unknown mode 'odd': known are reduced, default, mixed"):
        mode_of("odd")


def test_usage_from_proc():
    behind = "S 7 7 7 0 -1 4194560 9 0 0 0 150 50 3 4 20 0 2 0 100 1000 10"
    stat = f"11 (lmp) {behind}\n12 (l) m(p) {behind}\n"
    assert rank_usage.cpu_seconds(stat) == pytest.approx(400 * rank_usage.TICK)
    assert (
        rank_usage.peak_bytes("Name:\tlmp\nVmHWM:\t  100 kB\nVmRSS:\t 9 kB\nName:\tlmp\nVmHWM:\t 20 kB\n") == 120 * 1024
    )
    assert rank_usage.name(os.getpid()) and rank_usage.parent(os.getpid()) == os.getppid()


def test_failure_is_what_lammps_says():
    result = subprocess.CompletedProcess([], 1, "LAMMPS\nERROR: no such thing (pair.cpp:1)\nmore\n", "")
    assert failure(result) == "ERROR: no such thing (pair.cpp:1)"
    result = subprocess.CompletedProcess(
        [], 1, "ERROR: unknown keyword 'reduce'\n", "ERROR: unknown keyword 'reduce'\n"
    )
    assert failure(result).count("ERROR") == 1 and "--modes" in failure(result)
    result = subprocess.CompletedProcess([], -9, "Step\n", "killed")
    assert "killed" in failure(result) and "status -9" in failure(result)


def case_row(mode, atoms, layout, wall, error=1e-6, megabytes=200):
    """A row whose runs took `wall` us/atom/step, with a smaller and a larger one beside it."""
    runs = [
        Run(10, cost * atoms * 1e-6, 0.9 * cost * atoms * 1e-6, int(megabytes * 1e6), -1.0, None, "")
        for cost in (1.5 * wall, wall, 0.5 * wall)
    ]
    return report.row(report.Case(1, *layout, mode), atoms, runs, 30_000_000, (error, 1e-9))


def test_row_holds_medians_with_units():
    row = case_row("mixed", 1000, (2, 3), 40.0)
    assert (row["us/atom/step"], row["core-us/atom/step"], row["CPU us/atom/step"]) == (40.0, 240.0, 36.0)
    assert row["core-us/atom/step, least and most"] == [120.0, 360.0]
    assert row["ns/day at 1 fs"] == pytest.approx(86400 / 0.04 * 1e-6)
    assert (row["memory beyond LAMMPS, MB"], row["memory beyond LAMMPS, kB/atom"]) == (170.0, 170.0)


def test_comparison_takes_the_best_layout_of_each():
    rows = [
        case_row("mixed", 96, (1, 1), 80.0),
        case_row("mixed", 96, (2, 1), 50.0),
        case_row("deepmd-float32-compressed", 96, (2, 1), 200.0, error=2e-5),
        case_row("deepmd-float32-compressed", 96, (1, 2), 150.0, error=3e-5),
        case_row("mixed", 768, (2, 1), 40.0),
    ]
    (line,) = report.comparison(rows, [("mixed", "deepmd-float32-compressed"), ("double", "deepmd-float64")])
    assert (line["atoms"], line["ratio"]) == (96, 3.0)
    assert (line["deepion, layout"], line["peer, layout"]) == ("2 x 1", "1 x 2")
    assert (line["deepion, force RMS error, eV/A"], line["peer, force RMS error, eV/A"]) == (1e-6, 3e-5)
    text = report.text(rows, [], [("mixed", "deepmd-float32-compressed")])
    assert "50.0   2 x 1    1.0e-06   150.0   1 x 2    3.0e-05   3.00" in text


def test_memory_is_split_into_a_fixed_part_and_one_per_atom():
    sizes = {1_000: 230.0, 2_000: 232.0, 11_000: 250.0}  # 2 kB/atom and 198 MB on top of LAMMPS' 30 MB
    rows = [case_row("mixed", atoms, (2, 1), 50.0, megabytes=megabytes) for atoms, megabytes in sizes.items()]
    (line,) = report.memory([*rows, case_row("double", 1_000, (2, 1), 50.0)])
    assert (line["mode"], line["kB/atom"], line["fixed, MB/rank"]) == ("mixed", 2.0, 99.0)


def test_best_batch_of_the_fitting_nets():
    rounds = [{("float32", 16): cost, ("float32", 64): cost - 5} for cost in (30.0, 25.0, 100.0)]
    (line,) = report.fitting_nets(rounds, 2.5e6)
    assert (line["batch"], line["us/atom"], line["GFLOP/s"]) == (64, 25.0, 100.0)


def test_columns_are_aligned():
    assert report.aligned([["a", "long", "x"], ["bbb", "1", "22"]], left=1) == "a    long   x\nbbb     1  22"


@pytest.mark.parametrize("name", ["four_types", "fparam_aparam", "atom_ener_fparam"])
def test_fitting_nets_alone_give_what_the_file_gives(exported, name):
    evaluator = exported.small(name)
    contract = evaluator.contract
    function = next(f for f in load_from_string(evaluator.file.content).functions if f.name == contract["fitting"][0])
    sizes = {
        "descriptor": contract["neuron"][-1] * contract["axis_neuron"],
        "param": contract["numb_fparam"] + contract["numb_aparam"],
    }
    random = np.random.default_rng(3)
    inputs = {entry: random.normal(0.0, 0.1, (5, sizes[entry])) for entry in function.input}
    whole = helper.make_model(
        helper.make_graph(
            [helper.make_node(function.name, list(function.input), list(function.output), domain=DOMAIN)],
            "call",
            [helper.make_tensor_value_info(entry, 11, ["n", sizes[entry]]) for entry in function.input],
            [helper.make_tensor_value_info(entry, 11, ["n", None]) for entry in function.output],
        ),
        functions=[function],
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, DOMAIN_VERSION)],
        ir_version=IR_VERSION,
    )
    expected = onnxruntime.InferenceSession(whole.SerializeToString()).run(None, inputs)
    for precision, tolerance in (("float64", 1e-13), ("float32", 1e-5)):
        alone = standalone(function, precision)
        assert not {"Constant", "CastLike", "Cast"} & {node.op_type for node in alone.graph.node}
        typed = {entry: value.astype(precision) for entry, value in inputs.items()}
        result = onnxruntime.InferenceSession(alone.SerializeToString()).run(None, typed)
        for got, want in zip(result, expected, strict=True):
            assert got.dtype == precision and np.abs(want).max() > 1e-4
            assert np.abs(got - want).max() < tolerance * max(1.0, np.abs(want).max())


def test_fitting_nets_are_weighted_with_the_composition(exported, monkeypatch):
    monkeypatch.setattr(FittingFloor, "_time", lambda self, session, precision, batch, seconds: 1e-6 * batch)
    floor = FittingFloor(exported.path(DATA / "models/four_types.dp"), ["Li"] * 3 + ["S"])
    times = floor.measure()
    assert set(times) == {(precision, batch) for precision in ("float32", "float64") for batch in BATCHES}
    assert all(cost == pytest.approx(1.0) for cost in times.values())


def test_variant_of_a_model_for_deepmd_kit(tmp_path):
    script, distance = deepmd_peer.write_variant(LIPSTI, tmp_path / "model.dp", "float32")
    assert (script["descriptor"]["precision"], distance) == ("float32", deepmd_peer.SMALLEST_DISTANCE)
    with h5py.File(LIPSTI) as before, h5py.File(tmp_path / "model.dp") as after:
        assert after.attrs["json"] == before.attrs["json"].replace('"float64"', '"float32"')
        assert all(np.array_equal(before[name], after[name]) for name in before)
    known = DATA / "models/min_nbor_dist.dp"
    assert deepmd_peer.write_variant(known, tmp_path / "known.dp", "float32")[1] == 0.93
    with h5py.File(tmp_path / "known.dp") as after:
        assert "min_nbor_dist" not in json.loads(after.attrs["json"])["@variables"]


def test_training_input_for_dp_compress(tmp_path):
    deepmd_peer.write_training_input(tmp_path, {"type_map": ["Li", "S"]}, 1.3)
    training = json.loads((tmp_path / "input.json").read_text())["training"]["training_data"]
    (system,) = training["systems"]
    coord = np.load(tmp_path / system / "set.000/coord.npy").reshape(2, 3)
    assert np.linalg.norm(coord[1] - coord[0]) == 1.3
    assert (tmp_path / system / "type_map.raw").read_text().split() == ["Li", "S"]


@pytest.fixture
def false_deepmd(tmp_path):
    """A function that makes an environment whose `dp` is a given shell script and whose Python says deepmd-kit 3.2.0."""

    def make(dp: str):
        venv = tmp_path / "venv"
        (venv / "bin").mkdir(parents=True)
        for name, text in (("python", 'echo \'{"deepmd-kit": "3.2.0", "numpy": "2.0"}\''), ("dp", dp)):
            (venv / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (venv / "bin" / name).chmod(0o755)
        return venv

    return make


def test_models_of_the_peer_are_made_once(tmp_path, false_deepmd):
    venv = false_deepmd('for last; do :; done; echo "$@" >>calls; echo "$@" >"$last"')
    assert deepmd_peer.versions(venv) == {"deepmd-kit": "3.2.0"}
    said = []
    for _ in range(2):
        file = deepmd_peer.model(tmp_path, venv, LIPSTI, PeerMode("", "float32", True), said.append)
    calls = (file.parent / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["convert-backend", "compress"] and len(said) == 2
    assert file.name == "compressed.pb" and "-i model.pb" in file.read_text()
    plain = deepmd_peer.model(tmp_path, venv, LIPSTI, PeerMode("", "float32", False), said.append)
    assert plain == file.with_name("model.pb") and len(said) == 2


def test_a_failed_conversion_shows_the_end_of_its_log(tmp_path, false_deepmd):
    venv = false_deepmd("echo what went wrong; exit 1")
    with pytest.raises(BenchError, match="(?s)convert-backend for .* failed; .*model.log:\nwhat went wrong"):
        deepmd_peer.model(tmp_path, venv, LIPSTI, PeerMode("", "float64", False), print)


def test_an_environment_that_fits_is_used_again(tmp_path, monkeypatch):
    def logged(what, command, log, folder):
        commands.append([str(word) for word in command])
        (folder / "venv").mkdir(exist_ok=True)

    monkeypatch.setattr(deepmd_peer, "_logged", logged)
    lock = tmp_path / "requirements.lock"
    for content, count in (("one==1\n", 3), ("one==1\n", 0), ("one==2\n", 3)):
        commands: list[list[str]] = []
        lock.write_text(content)
        assert deepmd_peer.environment(tmp_path / "peer", lock, print) == tmp_path / "peer/venv"
        assert len(commands) == count
    assert commands[1][-2:] == ["-r", str(lock)] and "--no-deps" in commands[1]


def test_bench_measures_cost_and_error(tmp_path, deepion):
    table = tmp_path / "table.json"
    options = ["--quick", "--atoms", "100", "--layouts", "2x1", "--modes", "mixed", "precision double", "--phases"]
    result = deepion("bench", *options, "--seconds", "0.2", "--json", table)
    assert result.returncode == 0, result.stderr
    content = json.loads(table.read_text())
    mixed, double = rows = content["rows"]
    assert [(r["mode"], r["atoms"], r["ranks"], r["threads"]) for r in rows] == [
        ("mixed", 96, 2, 1),
        ("precision double", 96, 2, 1),
    ]
    assert 1e-9 < mixed["force RMS error, eV/A"] < 1e-5 and double["force RMS error, eV/A"] < 1e-12
    for r in rows:
        assert r["core-us/atom/step"] == pytest.approx(2 * r["us/atom/step"], rel=1e-3) and r["us/atom/step"] > 1
        # both ranks compute nearly all the time, unless other programs use the cores
        assert 0.03 < r["CPU us/atom/step"] / r["core-us/atom/step"] < 1.5
        assert r["memory beyond LAMMPS, MB"] > 50
        assert f"{r['us/atom/step']:.1f}" in result.stdout
    parts = {line["phase"]: line for line in content["phases of a step on one core"] if line["mode"] == "mixed"}
    every = sum(line["core-us/atom/step"] for phase, line in parts.items() if phase != "all")
    assert (
        every == pytest.approx(parts["all"]["core-us/atom/step"], rel=0.01) and parts["fitting nets"]["GFLOP/s"] > 0.1
    )
    assert "of matrix products" in result.stdout
    assert content["versions"]["LAMMPS"].startswith("22 Jul 2025") and content["machine"]["cores"] > 0
    assert [line["precision"] for line in content["fitting nets alone, one core"]] == ["float32", "float64"]
    model = ROOT / "build/models/lipsti-a.onnx"
    assert content["model"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()


def test_operations_of_reduced_networks_are_counted_from_the_file():
    """Columns and weights of the level that a mode takes, by the composition of a structure."""
    file = open_model_file(ROOT / "build/models/lipsti-a.onnx")
    structure = read_structure(CELL)
    level = next(one for one in file.contract["reduced"]["levels"] if one["force_error"] <= 1e-3)
    counted = phases.work(file, mode_of("reduced"), structure, 0.0)
    pairs = np.zeros(len(structure))
    for i, x in enumerate(structure.coord):
        for shift in np.ndindex(3, 3, 3):
            image = structure.coord + (np.array(shift) - 1) @ structure.cell
            r = np.linalg.norm(image - x, axis=1)
            pairs[i] += ((r > 1e-9) & (r < file.contract["rcut"])).sum()
    columns = np.array([level["columns"][file.contract["type_map"].index(name)] for name in structure.symbols])
    assert counted["descriptor"] == pytest.approx(phases.PER_PAIR_AND_COLUMN * np.mean(pairs * columns))
    products = np.minimum(columns, file.contract["axis_neuron"])
    features = products * columns - products * (products - 1) / 2 + columns
    hidden = file.contract["fitting_neuron"][0]
    assert 4.0 * features.mean() < counted["fitting nets"] < 4.0 * (hidden * features + 2 * hidden**2 + hidden).mean()
    assert phases.work(file, mode_of("mixed"), structure, 7.0) == {"fitting nets": 7.0}
    assert phases.work(file, mode_of("default"), structure, 0.0)["descriptor"] > counted["descriptor"]


def test_times_of_phases_are_those_of_the_last_run():
    table = (
        "deepion: time in pair_style deepmd/onnx, 1 ranks x 1 threads, {} steps\n                 seconds x cores      %   core-us/atom/step\n"
        "  fitting nets             {}   60.0               {}\n  all                      1.000  100.0               5.000\n"
    )
    text = table.format(2, "0.600", "3.000") + "Loop time of 1\n" + table.format(9, "0.500", "2.500")
    assert phases.times(text) == {"fitting nets": 2.5, "all": 5.0} and phases.times("Loop time of 1\n") == {}


def test_bench_names_a_failed_run(deepion):
    result = deepion("bench", "--quick", "--atoms", "96", "--layouts", "1x1", "--modes", "precision odd")
    assert result.returncode != 0
    assert (
        "deepion bench: a run failed (precision odd, 1 x 1)" in result.stderr
        and "needs double or mixed" in result.stderr
    )


def test_the_classical_force_field_is_neutral_and_names_every_type():
    text = classical_peer.commands(["Li", "S", "P"], ["Li"] * 3 + ["S"] * 4 + ["P"])
    charges = dict(re.findall(r"set type (\d) charge (\S+)", text))
    total = 3 * float(charges["1"]) + 4 * float(charges["2"]) + float(charges["3"])
    assert set(charges) == {"1", "2", "3"} and abs(total) < 1e-9 and float(charges["2"]) > 0
