# SPDX-License-Identifier: MIT
"""scripts/evaluate: errors against labels that are the model's own values with a known error added."""

import json

import numpy as np
import pytest

from helpers import small_case

MODEL = "two_sided"
SHIFT, FORCE, VIRIAL = 0.25, 0.03, 0.5  # eV per frame, eV/A, eV
EXACT = 1e-6  # relative; printed and stored numbers are float64, only their differences lose digits


@pytest.fixture
def labeled(exported, tmp_path):
    """A deepmd/npy system of three frames whose labels differ from the model by known amounts."""
    evaluator = exported.small(MODEL)
    case = small_case(MODEL, evaluator.type_map)
    random = np.random.default_rng(4)
    system = tmp_path / "data" / "system"
    sets = [system / "set.000", system / "set.001"]
    arrays = {name: ([], []) for name in ("coord", "box", "energy", "force", "virial")}
    for k in range(3):
        coord = case.coord + 0.02 * random.standard_normal(case.coord.shape)
        result = case.run(evaluator, coord=coord)
        sign = np.where(np.arange(3 * len(coord)) % 2, 1.0, -1.0).reshape(-1, 3)
        into = 0 if k < 2 else 1
        arrays["coord"][into].append(coord.ravel())
        arrays["box"][into].append(np.asarray(case.cell).ravel())
        arrays["energy"][into].append(result.energy + (SHIFT if k else -SHIFT))
        arrays["force"][into].append((result.force + FORCE * sign * (case.types == 0)[:, None]).ravel())
        arrays["virial"][into].append((result.virial + VIRIAL).ravel())
    for into, folder in enumerate(sets):
        folder.mkdir(parents=True)
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", np.array(values[into]))
    np.savetxt(system / "type.raw", case.types, fmt="%d")
    (system / "type_map.raw").write_text("\n".join(evaluator.type_map) + "\n")
    return tmp_path, evaluator, case


def test_known_errors_are_found(labeled, exported, deepion):
    folder, evaluator, case = labeled
    n = len(case.types)
    out = folder / "errors.json"
    model = evaluator.file.path
    exact = ["--precision", "double", "--threads", "2"]
    run = deepion("evaluate", model, folder / "data", "--json", out, "--pictures", folder / "parity", *exact)
    assert run.returncode == 0, run.stderr
    assert json.loads(out.read_text())["evaluated"] == "engine: precision double; tabulate no; reduce 0"
    errors = {line["quantity"]: line for line in json.loads(out.read_text())["errors"]}
    energy = errors["energy per atom"]
    assert energy["count"] == 3
    assert energy["mae"] == pytest.approx(1e3 * SHIFT / n, rel=EXACT)
    shifts = np.array([-1.0, 1.0, 1.0])
    assert errors["energy per atom, without the mean shift"]["rmse"] == pytest.approx(
        1e3 * SHIFT / n * shifts.std(), rel=EXACT
    )
    first, other = (errors[f"force component, {name}"] for name in evaluator.type_map[:2])
    assert first["mae"] == pytest.approx(1e3 * FORCE, rel=EXACT) and first["rmse"] == pytest.approx(
        1e3 * FORCE, rel=EXACT
    )
    assert other["mae"] < 1e-6
    share = (case.types == 0).mean()
    assert errors["force component"]["rmse"] == pytest.approx(1e3 * FORCE * np.sqrt(share), rel=EXACT)
    assert errors["virial per atom, component"]["mae"] == pytest.approx(1e3 * VIRIAL / n, rel=EXACT)
    assert "energy per atom" in run.stdout and evaluator.file.sha256 in run.stdout
    assert (folder / "parity.png").stat().st_size > 10_000 and b"<svg" in (folder / "parity.svg").read_bytes()


def test_the_engine_and_the_graph_agree(labeled, deepion):
    """Also as runs in LAMMPS evaluate, in mixed precision: labels are off by much more than that changes."""
    folder, evaluator, _ = labeled
    tables = {}
    for name, options in {"graph": ["--reference"], "mixed": [], "double": ["--precision", "double"]}.items():
        run = deepion("evaluate", evaluator.file.path, folder / "data", "--json", folder / name, *options)
        assert run.returncode == 0, run.stderr
        tables[name] = {line["quantity"]: line["rmse"] for line in json.loads((folder / name).read_text())["errors"]}
    assert "the file's own graph in float64" in json.loads((folder / "graph").read_text())["evaluated"]
    for quantity, rmse in tables["graph"].items():
        assert tables["double"][quantity] == pytest.approx(rmse, rel=1e-6, abs=1e-6)
        assert tables["mixed"][quantity] == pytest.approx(rmse, rel=1e-2, abs=1e-2)


def test_extxyz_gives_the_same(labeled, deepion):
    import ase
    import ase.io
    from ase.calculators.singlepoint import SinglePointCalculator

    folder, evaluator, case = labeled
    result = case.run(evaluator)
    symbols = [evaluator.type_map[kind] for kind in case.types]
    atoms = ase.Atoms(symbols, case.coord, cell=case.cell, pbc=case.periodic)
    atoms.calc = SinglePointCalculator(atoms, energy=result.energy + SHIFT, forces=result.force)
    ase.io.write(folder / "one.xyz", atoms, format="extxyz")
    out = folder / "errors.json"
    run = deepion("evaluate", evaluator.file.path, folder / "one.xyz", "--json", out)
    assert run.returncode == 0, run.stderr
    errors = {line["quantity"]: line for line in json.loads(out.read_text())["errors"]}
    assert errors["energy per atom"]["mae"] == pytest.approx(
        1e3 * SHIFT / len(symbols), rel=1e-3
    )  # extxyz has 8 digits
    assert errors["force component"]["rmse"] < 1e-3
    assert "virial per atom, component" not in errors


def test_data_without_labels_are_named(labeled, deepion):
    folder, evaluator, _ = labeled
    for file in (folder / "data").rglob("*.npy"):
        if file.stem in ("energy", "force"):
            file.unlink()
    for path, words in ((folder / "data", "no labeled frames"), (folder / "nowhere", "no such file or folder")):
        run = deepion("evaluate", evaluator.file.path, path)
        assert run.returncode != 0 and words in run.stderr and str(path) in run.stderr and "Traceback" not in run.stderr
    broken = folder / "data" / "system" / "set.000" / "force.npy"
    np.save(broken, np.zeros(7))
    np.save(broken.parent.parent / "set.001" / "force.npy", np.zeros(7))
    run = deepion("evaluate", evaluator.file.path, folder / "data")
    assert run.returncode != 0 and "force.npy holds 14 numbers" in run.stderr


def test_no_element_hides_another_in_the_picture():
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    from deepion.evaluation.evaluate import panel
    from deepion.evaluation.model_errors import Pairs
    from deepion.plots.pictures import COLORS

    pairs, random = Pairs(), np.random.default_rng(1)
    for kind in (0, 1, 2):
        values = random.normal(size=300)
        pairs.add(values, values + kind, kind)
    axes = Figure().subplots()
    panel(axes, pairs, "force", "eV/A", ["Li", "P", "S"])
    (points,) = axes.collections
    drawn = [
        (tuple(xy), next(k for k in range(3) if to_rgb(COLORS[k]) == tuple(color[:3])))
        for xy, color in zip(points.get_offsets().tolist(), points.get_facecolors(), strict=True)
    ]
    given = zip(pairs.label, pairs.model, pairs.kind, strict=True)
    assert sorted(drawn) == sorted(((label, model), kind) for label, model, kind in given)
    on_top = [kind for _, kind in drawn[-90:]]
    assert all(20 <= on_top.count(kind) <= 40 for kind in (0, 1, 2))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Li", "P", "S"]
