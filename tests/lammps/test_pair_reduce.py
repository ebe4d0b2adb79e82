# SPDX-License-Identifier: MIT
"""Keyword reduce: error, energy conservation in the small, and what is refused, with the example's model."""

import json
import re

import large_cells
import numpy as np
import onnx
import pytest

from deepion.evaluation.structure import read_structure
from deepion.model.model_file import open_model_file, with_trailer
from lammps_runs import MODEL, ROOT, TENSOR, Batch, Evaluation, assert_same, assert_signal, good, lmp
from small_models import Box
from test_pair_errors import refused, script

DATA = ROOT / "tests" / "data" / "lipsti"
FRAMES = [f"{cell}_f{frame}" for cell in ("Ti00", "Ti10", "Ti20", "Ti30") for frame in range(3)]
COEFF = "* * Li P S Ti"
TYPES = ("Li", "P", "S", "Ti")


@pytest.fixture(scope="module")
def reduced() -> dict:
    """The section on reduced networks in the model file."""
    assert MODEL.exists(), f"{MODEL} is missing: run scripts/setup"
    section = open_model_file(MODEL).contract.get("reduced")
    assert section, f"{MODEL} has no reduced networks: run scripts/setup"
    return section


def styled(keywords, model=MODEL, check="no"):
    return f"deepmd/onnx {model} {keywords} check {check}"


def lipsti_box(name) -> Box:
    structure = read_structure(DATA / f"{name}.data")
    types = [1 + TYPES.index(symbol) for symbol in structure.symbols]
    return Box(structure.coord, types, structure.cell, ntypes=4)


def differences(e: Evaluation, name):
    """Force [3 n] in eV/A, energy in eV/atom and virial [6] in eV/atom, less DeePMD-kit's."""
    reference = np.load(DATA / f"{name}.npz")
    virial = reference["virial"].reshape(3, 3)
    virial = np.array([0.5 * (virial[a, b] + virial[b, a]) for a, b in TENSOR[:6]])
    n = len(e.force)
    return (e.force - reference["force"].reshape(-1, 3)).ravel(), (e.energy - float(reference["energy"])) / n, (
        e.virial - virial
    ) / n  # fmt: skip


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


# --- accuracy -----------------------------------------------------------------------------------------------------------

WAYS = {  # keywords -> limits of force RMS over all frames (eV/A), energy (eV/atom) and virial (eV/atom)
    "reduce 1e-3": (1e-3, 1e-4, 1e-3),
    "reduce 1e-4": (1e-4, 3.5e-5, 5e-4),
    "reduce 0": (1e-5, 4e-7, 1e-6),
}


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """keywords -> name -> evaluation."""
    batch = Batch(tmp_path_factory.mktemp("frames"))
    for keywords in WAYS:
        for name in FRAMES:
            batch.add(DATA / f"{name}.data", styled(keywords), COEFF)
    results = iter(batch.run(timeout=240))  # opening the model takes most of the time, on every rank
    return {keywords: {name: next(results) for name in FRAMES} for keywords in WAYS}


@pytest.mark.parametrize("keywords", WAYS)
def test_error_on_frames_that_were_not_sampled(frames, keywords):
    found = [differences(frames[keywords][name], name) for name in FRAMES]
    force, energy = rms(np.concatenate([f[0] for f in found])), max(abs(f[1]) for f in found)
    virial = max(np.abs(f[2]).max() for f in found)
    print(f"{keywords}: force RMS {force:.2e} eV/A, energy {energy:.2e} eV/atom, virial {virial:.2e} eV/atom")
    limits = WAYS[keywords]
    assert force <= limits[0] and energy <= limits[1] and virial <= limits[2]
    if "reduce 1e" in keywords:
        assert force > 1e-6, "reduced networks are another path"
        e = frames[keywords]["Ti30_f0"]
        assert e.atom_energy.sum() == pytest.approx(e.energy, rel=1e-12)
        assert e.centroid.sum(axis=0)[:6] == pytest.approx(e.virial, rel=1e-6, abs=1e-6)
        assert np.abs(e.force.sum(axis=0)).max() < 1e-4


def test_levels_default_and_precisions(frames, tmp_path):
    def error(keywords):
        return rms(np.concatenate([differences(frames[keywords][name], name)[0] for name in FRAMES]))

    assert error("reduce 1e-3") > 3 * error("reduce 1e-4") > 9 * error("reduce 0")
    batch = Batch(tmp_path)
    for keywords in ("", "precision double reduce 1e-3"):
        batch.add(DATA / "Ti20_f0.data", styled(keywords), COEFF)
    default, double = batch.run()
    assert np.array_equal(default.force, frames["reduce 1e-4"]["Ti20_f0"].force)
    assert 1e-9 < rms(double.force - frames["reduce 1e-3"]["Ti20_f0"].force) < 1e-5


@pytest.mark.parametrize("keywords", ["reduce 1e-4 out_reduce 1e-3", ""])
def test_the_other_models_of_a_committee_may_have_smaller_networks(frames, tmp_path, keywords):
    batch = Batch(tmp_path)
    batch.add(DATA / "Ti20_f0.data", styled(f"{MODEL} {keywords} out_freq 1"), COEFF)
    driving, other = batch.run()[0].force, frames["reduce 1e-3"]["Ti20_f0"].force
    assert np.array_equal(driving, frames["reduce 1e-4"]["Ti20_f0"].force)
    deviation = 0.5 * np.linalg.norm(driving - other, axis=1)  # of two values from their mean
    found = np.loadtxt(tmp_path / "model_devi.out")[4:]
    assert found == pytest.approx([deviation.max(), deviation.min(), deviation.mean()], rel=1e-5)


@pytest.mark.parametrize("name", large_cells.CELLS)
def test_error_on_thousands_of_atoms(tmp_path, name):
    batch = Batch(tmp_path)
    batch.add(large_cells.write(name, tmp_path), styled("reduce 1e-3"), COEFF)
    found, reference = batch.run(ranks=2, timeout=120)[0], large_cells.reference(name)
    force = found.force[:: large_cells.GROUP] - reference["force"]
    energy = (found.energy - float(reference["energy"])) / len(found.force)
    print(f"{name}: force RMS {rms(force):.2e} eV/A, energy {energy:.2e} eV/atom")
    assert 1e-5 < rms(force) <= 1e-3 and abs(energy) <= 1e-4


def test_force_error_in_the_summary_and_the_self_check(tmp_path, reduced):
    text = script(DATA / "Ti10_f0.data", styled("reduce 1e-3", check="yes"), COEFF)
    out = good(lmp(text, tmp_path)).output
    level = next(one for one in reduced["levels"] if one["force_error"] <= 1e-3)
    said = re.search(
        r"  reduce (\S+) eV/A RMS force error, (\S+) eV/atom RMS energy error, as measured at export on", out
    )
    assert float(said[1]) == pytest.approx(level["force_error"], rel=0.05)
    assert float(said[2]) == pytest.approx(level["energy_error"], rel=0.05)
    assert reduced["sample"] in out
    line = r"deepion: self-check: (\d+) atoms, force difference (\S+) eV/A RMS, (\S+) at most \(limit (\S+)\)"
    count, found, most, limit = (float(v) for v in re.search(line, out).groups())
    assert count > 10 and 1e-5 < found < 3e-3 and found < most < limit
    assert limit == pytest.approx(50 * level["force_error"], rel=0.01)
    assert "the reduced networks of model" not in out


# --- forces and virial belong to the energy -----------------------------------------------------------------------------


def test_forces_are_minus_the_slope_of_the_reduced_energy(tmp_path):
    text = f"""units metal
atom_modify map array
read_data {DATA}/Ti30_f1.data
neighbor 1.0 bin
pair_style {styled("precision double reduce 1e-3")}
pair_coeff {COEFF}
group some id 1:96:7
fix nd some numdiff 1 1e-4
variable dx atom abs(fx-f_nd[1])
variable dy atom abs(fy-f_nd[2])
variable dz atom abs(fz-f_nd[3])
compute d some reduce max v_dx v_dy v_dz
variable fx atom abs(fx)
compute f some reduce max v_fx
thermo_style custom step pe c_d[1] c_d[2] c_d[3] c_f
run 0
"""
    table = good(lmp(text, tmp_path)).thermo[0]
    assert table["c_f"][0] > 0.5
    for i in (1, 2, 3):
        assert 0.0 < table[f"c_d[{i}]"][0] < 1e-6


def test_virial_is_the_strain_derivative_of_the_reduced_energy(tmp_path):
    box = lipsti_box("Ti10_f0")
    h = 1e-5
    batch = Batch(tmp_path)
    style = styled("precision double reduce 1e-3")
    batch.add(box.write(tmp_path / "data.0"), style, COEFF)
    strains = [(0, 0), (2, 2), (1, 0), (2, 1)]  # those that keep a along x and b in the xy plane
    for a, b in strains:
        for sign in (1, -1):
            deform = np.eye(3)
            deform[a, b] += sign * h
            name = tmp_path / f"data.{a}{b}{sign}"
            batch.add(box.changed(x=box.x @ deform, cell=box.cell @ deform).write(name), style, COEFF)
    whole, *strained = batch.run()
    assert_signal(whole)
    for (a, b), plus, minus in zip(strains, strained[::2], strained[1::2], strict=True):
        expected = whole.virial[TENSOR.index((b, a))]
        assert -(plus.energy - minus.energy) / (2 * h) == pytest.approx(expected, abs=2e-5)


# --- parallel -----------------------------------------------------------------------------------------------------------


def test_threads_agree_bit_for_bit_and_ranks_to_rounding(tmp_path):
    more = "replicate 2 2 2\ndisplace_atoms all random 0.05 0.05 0.05 7 units box"
    results, dumps = {}, {}
    for ranks, threads in ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2)):
        batch = Batch(tmp_path)
        for precision in ("mixed", "double"):
            style = styled(f"precision {precision} reduce 1e-3 threads {threads}")
            batch.add(DATA / "Ti10_f0.data", style, COEFF, after=more)
        results[ranks, threads] = batch.run(ranks=ranks)
        dumps[ranks, threads] = [(tmp_path / f"dump.{k}").read_bytes() for k in range(2)]
    assert len(results[1, 1][0].force) > 700
    assert_signal(results[1, 1][0], 0.5)
    assert dumps[1, 1] == dumps[1, 2] == dumps[1, 3]
    assert dumps[2, 1] == dumps[2, 2]
    for e, other, tolerance in zip(results[1, 1], results[2, 1], (1e-5, 1e-10), strict=True):
        assert_same(e, other, tolerance)
        assert np.abs(e.force - other.force).max() < tolerance


# --- close pairs --------------------------------------------------------------------------------------------------------


def scan(folder, keywords, distances):
    """Energy and force on the second atom along the line, for two atoms of a small cluster at these distances."""
    cluster = [[0, 0, 0], [1.5, 0, 0], [0.3, 2.1, 0.4], [-1.2, -1.5, 1.1], [0.5, -0.3, -2.3]]
    box = Box(np.array(cluster) + 15.0, [1, 3, 3, 2, 4], 30.0 * np.eye(3), ntypes=4)
    positions = " ".join(f"{15.0 + r:.12g}" for r in distances)
    text = f"""units metal
atom_modify map array
boundary f f f
read_data {box.write(folder / "data.cluster")}
neighbor 1.0 bin
pair_style {styled(keywords)}
pair_coeff {COEFF}
group moving id 2
compute f moving reduce sum fx
thermo_style custom step pe c_f
thermo_modify format float %.17g
variable x index {positions}
label again
set atom 2 x $x
run 0 post no
next x
jump SELF again
"""
    run = good(lmp(text, folder))
    start = float(re.search(r"pieces from (\S+) A", run.output)[1])
    found = re.findall(r"^ +0 +(-?\d\S*) +(-?\d\S*) *$", run.output, re.MULTILINE)
    assert len(found) == len(distances), run.output[-2000:]
    return start, *np.array(found, float).T


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_pairs_closer_than_the_tables(tmp_path, precision):
    """Energy and force go on below the start of the tables, without a step."""
    keywords = f"precision {precision} reduce 1e-3"
    start, _, _ = scan(tmp_path, keywords, [2.0])
    assert 0.5 < start < 1.5
    step = 5e-4
    r = start + step * np.arange(-20, 21)  # the summary rounds the start to 0.01
    _, energy, force = scan(tmp_path, keywords, r)
    assert np.ptp(energy) > 0.01
    print(
        f"{precision}: second differences {np.abs(np.diff(energy, 2)).max():.1e} eV, {np.abs(np.diff(force)).max():.1e} eV/A"
    )
    assert np.abs(np.diff(energy, 2)).max() < 1e-4
    slope = -(energy[2:] - energy[:-2]) / (2 * step)
    assert np.abs(slope - force[1:-1]).max() < (1e-3 if precision == "double" else 2e-2) * np.abs(force).max()

    _, energy, force = scan(tmp_path, keywords, [0.4 - 1e-3, 0.4, 0.4 + 1e-3, 0.05])
    assert np.isfinite(energy).all() and np.isfinite(force).all()
    assert -(energy[2] - energy[0]) / 2e-3 == pytest.approx(force[1], rel=0.02, abs=0.05)


# --- what is refused, and what is not -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coarse(tmp_path_factory, reduced):
    """The model with its two coarsest levels alone."""
    return rewritten(tmp_path_factory.mktemp("coarse") / "coarse.onnx", reduced | {"levels": reduced["levels"][:2]})


def rewritten(path, section):
    """The model with another section on reduced networks."""
    model = onnx.ModelProto.FromString(MODEL.read_bytes())
    entries = {entry.key: entry.value for entry in model.metadata_props if entry.key != "deepion_sha256"}
    contract = json.loads(entries["deepion_contract"]) | {"reduced": section}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, entries | {"deepion_contract": json.dumps(contract)})
    path.write_bytes(with_trailer(model.SerializeToString(deterministic=True)))
    return path


def listed(levels):
    return " ".join(f"{level['force_error']:.1e}".replace("e-0", "e-") for level in levels)


@pytest.mark.parametrize("ranks", [1, 2])
def test_errors_smaller_than_the_file_has(models, data, tmp_path, reduced, coarse, ranks):
    text = script(DATA / "Ti10_f0.data", styled("reduce 1e-9"), COEFF)
    message = (
        "reduce 1.0e-9: the model file has no reduced networks with a force error that small (it has: {} eV/A RMS)"
    )
    refused(tmp_path, text, message.format(listed(reduced["levels"])), ranks)
    text = script(DATA / "Ti10_f0.data", styled("reduce 1e-4", coarse), COEFF)
    message = message.replace("1.0e-9", "1.0e-4")
    refused(tmp_path, text, message.format(listed(reduced["levels"][:2])), ranks)
    refused(tmp_path, script(data, styled("reduce 1e-4", models["a"])), message.format("none"), ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_reduce_and_its_contradictions(models, data, tmp_path, ranks):
    message = "pair_style deepmd/onnx: reduced networks are always tabulated: use only one of tabulate no and reduce"
    for keywords in ("tabulate no reduce 1e-3", "reduce 1e-3 tabulate no", "precision double reduce 1e-3 tabulate no"):
        refused(tmp_path, script(data, styled(keywords)), message, ranks)
    for word in ("small", "-1e-3", "nan"):
        message = f"pair_style deepmd/onnx: keyword reduce needs a number, 0 or larger, not '{word}'"
        refused(tmp_path, script(data, styled(f"reduce {word}")), message, ranks)


def test_tables_that_cannot_be_as_accurate_as_wanted(tmp_path):
    message = "reduce: tables cannot reach table_error 1e-13 for the reduced networks of this model"
    refused(tmp_path, script(DATA / "Ti10_f0.data", styled("reduce 1e-3 table_error 1e-13"), COEFF), message, 1)


def test_full_networks_where_reduced_ones_are_not_asked_for(models, data, tmp_path, coarse):
    """By default where the file has none (or none as good as the default), in double, and without tables."""
    lipsti = DATA / "Ti10_f0.data"
    reference = np.load(DATA / "Ti10_f0.npz")["force"].reshape(-1, 3)
    cases = [
        (data, models["a"], "", "* * Li S", "0 (full networks: the model file has no reduced ones)"),
        (lipsti, coarse, "", COEFF, "0 (full networks)"),
        (lipsti, MODEL, "reduce 0", COEFF, "0 (full networks)"),
        (lipsti, MODEL, "tabulate no", COEFF, "0 (full networks)"),
        (lipsti, MODEL, "precision double", COEFF, "0 (full networks)"),
    ]
    batch = Batch(tmp_path)
    for structure, model, keywords, coeff, _ in cases:
        batch.add(structure, styled(keywords, model), coeff)
    results = batch.run()
    said = re.findall(r"^  reduce (.*)$", batch.last.output, re.MULTILINE)
    assert said == [case[-1] for case in cases]
    for e in results[1:]:
        assert rms(e.force - reference) < 1e-5


BROKEN = {
    "a mean too many": lambda level: level | {"mean": [[*level["mean"][0], 0.0], *level["mean"][1:]]},
    "columns of one type missing": lambda level: level | {"columns": level["columns"][:-1]},
    "error of zero": lambda level: level | {"force_error": 0.0},
    "no such function": lambda level: level | {"fitting": [*level["fitting"][:-1], "reduced_9_fitting_9"]},
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_sections_on_reduced_networks(tmp_path, reduced, name):
    bad = rewritten(tmp_path / "bad.onnx", reduced | {"levels": [BROKEN[name](level) for level in reduced["levels"]]})
    run = refused(tmp_path, script(DATA / "Ti10_f0.data", styled("reduce 1e-3", bad.name), COEFF), "bad.onnx", 1)
    assert "reduced" in run.errors()[0], run.errors()
