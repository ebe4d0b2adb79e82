# SPDX-License-Identifier: MIT
"""Several models: who drives, the numbers of model_devi.out, its format, restarts, thermo output."""

import numpy as np
import pytest

from lammps_runs import REAL, TENSOR, good, lmp

HEADER = (
    "#       step         max_devi_v         min_devi_v         avg_devi_v"
    "         max_devi_f         min_devi_f         avg_devi_f"
)


def setup(data, models, keywords, units="metal", more="", coeff="* * Li S"):
    files = " ".join(str(models[name]) for name in "abc")
    return f"""units {units}
read_data {data}
neighbor 1.0 bin
pair_style deepmd/onnx {files} {keywords}
pair_coeff {coeff}
compute md all pair deepmd/onnx
thermo_style custom step pe c_md c_md[1] c_md[2] c_md[3] c_md[4] c_md[5] c_md[6]
thermo_modify format float %.10g
thermo 1
{more}
"""


def by_hand(results, natoms, relative=None, relative_v=None):
    """DeePMD-kit's definitions, from forces and virials of each model: six numbers and the values per atom."""
    forces = np.array([r.force for r in results])
    mean = forces.mean(axis=0)
    f = np.sqrt(((forces - mean) ** 2).sum(axis=2).mean(axis=0))
    if relative is not None:
        f /= np.linalg.norm(mean, axis=1) + relative
    total = np.array([r.centroid.sum(axis=0) for r in results]) / natoms
    v = total.std(axis=0)
    if relative_v is not None:
        v /= np.abs(total.mean(axis=0)) + relative_v
    return np.array([v.max(), v.min(), np.sqrt((v**2).mean()), f.max(), f.min(), f.mean()]), f


@pytest.fixture
def three(models, box, python_values):
    assert len(TENSOR) == 9
    return [python_values(models[name], box) for name in "abc"]


@pytest.mark.parametrize(("units", "ranks"), [("metal", 1), ("metal", 2), ("metal", 4), ("real", 2)])
def test_deviation_equals_numpy(models, box, data, tmp_path, three, units, ranks):
    factor = REAL if units == "real" else 1.0
    cases = {
        "plain": ("", {}),
        "relative": (f"relative {0.7 * factor:.15g}", {"relative": 0.7}),
        "both": (f"relative {0.7 * factor:.15g} relative_v {0.2 * factor:.15g}", {"relative": 0.7, "relative_v": 0.2}),
    }
    script = ""
    for name, (keywords, _) in cases.items():
        keywords += f" precision double out_freq 1 out_file {name}.out atomic"
        script += "clear\n" + setup(data, models, keywords, units) + "run 0\n"
    tables = good(lmp(script, tmp_path, ranks=ranks)).thermo
    for (name, (_, options)), table in zip(cases.items(), tables, strict=True):
        numbers, per_atom = by_hand(three, len(box), **options)
        row = np.loadtxt(tmp_path / f"{name}.out")
        assert row[0] == 0 and len(row) == 7 + len(box)
        assert row[1:7] == pytest.approx(factor * numbers, rel=2e-6)
        assert row[7:] == pytest.approx(factor * per_atom, rel=2e-6)
        assert [table[f"c_md[{i}]"][0] for i in range(1, 7)] == pytest.approx(factor * numbers, rel=1e-8)
        assert table["c_md"][0] == pytest.approx(factor * three[0].energy, rel=1e-9)  # the first model drives
        assert numbers.min() > 1e-4


def test_format_is_that_of_deepmd_kit(models, box, data, tmp_path):
    script = setup(data, models, "out_freq 2 atomic", more="velocity all create 100 1\nfix 1 all nve\nrun 5\n")
    good(lmp(script, tmp_path))
    lines = (tmp_path / "model_devi.out").read_text().splitlines()
    assert lines[0] == HEADER + "      atm_devi_f(N)"
    assert [int(line[:12]) for line in lines[1:]] == [0, 2, 4]
    for line in lines[1:]:
        fields = line[12:]
        assert len(fields) == 19 * (6 + len(box))
        for start in range(0, len(fields), 19):
            assert fields[start] == " " and len(f"{float(fields[start : start + 19]):.6e}".rjust(18)) == 18
            assert fields[start + 1 : start + 19] == f"{float(fields[start : start + 19]):18.6e}"


def test_the_first_model_drives_on_every_step(models, data, tmp_path):
    """The trajectory does not depend on how often the others are asked."""
    more = "velocity all create 300 1\nfix 1 all nve\ntimestep 0.001\nrun 6\n"
    script = setup(data, models, "precision double out_freq 3", more=more)
    alone = script.replace(str(models["b"]), "").replace(str(models["c"]), "")
    for line in ("compute md all pair deepmd/onnx", "c_md c_md[1] c_md[2] c_md[3] c_md[4] c_md[5] c_md[6]"):
        alone = alone.replace(line, "")
    tables = good(
        lmp(
            "\nclear\n".join(
                [
                    script,
                    script.replace("out_freq 3", "out_freq 0").replace(
                        "c_md[1] c_md[2] c_md[3] c_md[4] c_md[5] c_md[6]", ""
                    ),
                    alone,
                ]
            ),
            tmp_path,
        )
    ).thermo
    assert np.ptp(tables[0]["PotEng"]) > 1e-3
    for other in tables[1:]:
        assert np.array_equal(tables[0]["PotEng"], other["PotEng"])
    latest = tables[0]["c_md[4]"]
    assert latest[0] == latest[1] == latest[2] != latest[3] == latest[4]  # steps between keep the latest value
    rows = np.loadtxt(tmp_path / "model_devi.out")
    assert rows[:, 0].tolist() == [0, 3, 6]


def test_restart_appends_without_duplicates(models, data, tmp_path):
    """Stopped after the restart file was written: rows from there on are replaced, the others stay byte for byte."""
    out = tmp_path / "model_devi.out"
    more = "velocity all create 300 1\nfix 1 all nve\nrun 4\nwrite_restart r\nrun 2\nrun 2\n"
    good(lmp(setup(data, models, "precision double out_freq 2", more=more), tmp_path))
    whole = out.read_text()
    steps = [line.split()[0] for line in whole.splitlines()[1:]]
    assert steps == ["0", "2", "4", "6", "8"]  # the row where one run ends and the next begins comes once

    marked = whole.replace("e-0", "E-0")  # whoever rewrites rows loses the capitals
    out.write_text(marked + "          10  1.0e-0")  # and a row torn off by a crash
    restarted = setup(data, models, "precision double out_freq 2", more="fix 1 all nve\nrun 4\n")
    good(lmp(restarted.replace(f"read_data {data}", "read_restart r"), tmp_path, ranks=2))
    lines, before = out.read_text().splitlines(), marked.splitlines()
    assert lines[:3] == before[:3] and "E-0" in lines[1]
    assert [line.split()[0] for line in lines[1:]] == steps
    assert np.loadtxt(lines[1:]) == pytest.approx(np.loadtxt(whole.splitlines()[1:]), rel=3e-6)
    assert sorted(p.name for p in tmp_path.iterdir() if "tmp" in p.name) == []

    good(lmp(setup(data, models, "precision double out_freq 2", more="run 0\n"), tmp_path))  # step 0: a new file
    assert len(out.read_text().splitlines()) == 2


def test_a_step_where_one_run_ends_and_the_next_begins_has_one_row(models, data, tmp_path):
    """In mixed precision, too, where the next run's neighbor lists now and then change a digit that the file shows."""
    more = "velocity all create 900 1\nfix 1 all nve\ntimestep 0.002\n" + 40 * "run 20\n"
    good(lmp(setup(data, models, "out_freq 20 check no", more=more), tmp_path))
    assert np.loadtxt(tmp_path / "model_devi.out")[:, 0].tolist() == list(range(0, 801, 20))


@pytest.mark.parametrize("ranks", [1, 2])
def test_two_writers_of_one_file_are_refused(models, data, tmp_path, ranks):
    """Two instances of the style in one simulation, and replicas of -partition; other names are fine."""
    style = f"deepmd/onnx {models['a']} {models['b']} check no"
    both = f"""units metal
read_data {data}
neighbor 1.0 bin
pair_style hybrid/overlay {style} out_file FIRST {style} out_file SECOND
pair_coeff * * deepmd/onnx 1 Li S
pair_coeff * * deepmd/onnx 2 Li S
run 0
clear
"""
    good(lmp(2 * both.replace("FIRST", "one").replace("SECOND", "two"), tmp_path, ranks=ranks))
    run = lmp(both.replace("FIRST", "same").replace("SECOND", "./same"), tmp_path, ranks=ranks)
    assert run.returncode != 0 and len(run.errors()) == 1, run.output
    assert "out_file: cannot write ./same: pair_style deepmd/onnx in process " in run.errors()[0]

    each = setup(data, models, "check no out_file FILE", more="run 0\n")
    args = ("-partition", f"2x{ranks}", "-plog", "none", "-pscreen", "screen")
    (tmp_path / "wait.sh").write_text("for i in $(seq 300); do if [ -e $1 ]; then exit; fi; sleep 0.1; done\n")
    late = "partition yes 2 shell sh wait.sh begun\n" + each.replace("FILE", "shared")
    late += "partition yes 1 shell touch begun\npartition yes 1 shell sh wait.sh never\n"
    run = lmp(late, tmp_path, ranks=2 * ranks, args=args)
    said = "".join(path.read_text() for path in sorted(tmp_path.glob("screen.*")))
    assert run.returncode != 0 and said.count("ERROR: out_file: cannot write shared: pair_style") == 1, (
        said + run.output
    )
    names = "variable r world first second\n" + each.replace("FILE", "${r}.out")
    good(lmp(names, tmp_path, ranks=2 * ranks, args=args))
    assert (tmp_path / "first.out").is_file() and (tmp_path / "second.out").is_file()
    left = [
        path.name for path in tmp_path.glob(".*.lock")
    ]  # of the runs that were stopped, which does not hinder others
    assert set(left) <= {".same.lock", ".shared.lock"}


def test_fix_halt_stops_on_deviation(models, data, tmp_path):
    """A run that leaves what the models agree on can stop itself."""
    more = """velocity all create 3000 1
fix 1 all nve
timestep 0.002
run 0
variable first equal $(c_md[4])
variable devi equal c_md[4]
variable limit equal 1.02*${first}
fix stop all halt 2 v_devi > ${limit} error continue
run 200
"""
    run = good(lmp(setup(data, models, "out_freq 2", more=more), tmp_path))
    assert "Fix halt condition for fix-id stop met" in run.output
    last = run.thermo[-1]
    assert 0 < last["Step"][-1] < 200 and last["c_md[4]"][-1] > 1.02 * last["c_md[4]"][0]


def test_models_with_other_types_and_cutoffs(models, box, data, tmp_path, python_values):
    """Each model has its own element order and cutoff; the list serves the longest."""
    from small_models import write_model

    wide = write_model(tmp_path / "wide.onnx", 9, rcut=5.0, type_map=("S", "Li"), sel=(45, 45))
    script = f"""units metal
read_data {data}
pair_style deepmd/onnx {models["a"]} {wide} out_freq 1 precision double
pair_coeff * * Li S
thermo_modify format float %.15g
run 0
"""
    table = good(lmp(script, tmp_path, ranks=2)).thermo[0]
    results = [python_values(models["a"], box), python_values(wide, box)]
    assert table["E_pair"][0] == pytest.approx(results[0].energy, rel=1e-12)
    assert np.loadtxt(tmp_path / "model_devi.out")[1:] == pytest.approx(by_hand(results, len(box))[0], rel=2e-6)
