# SPDX-License-Identifier: MIT
"""Keywords check N and on_excess: what is found during a run is the same for any number of ranks and after a restart, a run that
leaves the sample is told, and what happens then."""

import re

import numpy as np
import pytest

from deepion.model.model_file import open_model_file
from lammps_runs import MODEL, ROOT, good, lmp

DATA = ROOT / "lammps-examples" / "quickstart" / "data.Ti10"
ATOMS = 105
FOUND = re.compile(
    r"deepion: check: (\d+) atoms at (\d+) steps, force error (\S+) eV/A RMS, (\S+) at most \(atom (\d+), step (\d+)\)"
)
VALUES = "c_md[7] c_md[8] c_md[9] c_md[10] c_md[11]"


def script(keywords, run="run 20", read=f"read_data {DATA}", before="", after="velocity all create 300 11 mom yes\n"):
    return f"""units metal
{read}
{before}
neighbor 1.0 bin
pair_style deepmd/onnx {MODEL} {keywords}
pair_coeff * * Li P S Ti
{after}
fix 1 all nve
timestep 0.001
compute md all pair deepmd/onnx
thermo 5
thermo_style custom step pe {VALUES}
thermo_modify format float %.14g
{run}
"""


def found(run) -> list[tuple[str, ...]]:
    """Of each run command: atoms, steps, RMS, largest, atom ID, step."""
    return FOUND.findall(good(run).output)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """20 steps with a restart file of step 10."""
    run = "restart 10 r\nrun 20"
    return lmp(script("reduce 1e-3 check 5", run), tmp_path_factory.mktemp("whole"))


def test_what_is_found_goes_to_log_and_thermo(whole):
    ((atoms, steps, rms, largest, tag, step),) = found(whole)
    assert int(steps) == 4 and 4 * 9 <= int(atoms) <= 4 * 11, "8 to 10 atoms in their turn, and the least alike"
    assert 1e-4 < float(rms) < 2e-3 and float(rms) < float(largest) < 0.1
    assert 1 <= int(tag) <= ATOMS and int(step) in range(5, 21, 5)
    levels = open_model_file(MODEL).contract["reduced"]["levels"]
    limit = 100 * next(level["force_error"] for level in levels if level["force_error"] <= 1e-3)
    assert f"\n  check: every 5 steps; above {limit:.2g} eV/A on an atom, a warning\n" in whole.output
    (table,) = whole.thermo
    last = [table[f"c_md[{k}]"][-1] for k in range(7, 12)]
    np.testing.assert_allclose(last[:2], [float(rms), float(largest)], rtol=0.06)
    assert last[2:] == [int(tag), int(step), int(atoms)]
    assert table["c_md[11]"][0] == 0 and (np.diff(table["c_md[8]"]) >= 0.0).all(), "sums go on"


def test_ranks_find_the_same(whole, tmp_path):
    several = lmp(script("reduce 1e-3 check 5"), tmp_path, ranks=2)
    assert found(several) == found(whole)
    np.testing.assert_allclose(several.thermo[0]["c_md[7]"], whole.thermo[0]["c_md[7]"], rtol=1e-3)


def test_restart_keeps_what_was_found(whole, tmp_path):
    read = f"read_restart {whole.folder / 'r.10'}"
    rest = lmp(script("reduce 1e-3 check 5", "run 10", read, after=""), tmp_path, ranks=2)
    assert found(rest) == found(whole), "also the step of the restart is checked once"


def test_default_and_off(tmp_path):
    every = good(lmp(script("reduce 1e-3", "run 0"), tmp_path)).output
    assert "  check: every 3400 steps; " in every, "350,000 / 105 in whole hundreds: 1 % of the time"
    large = good(lmp(script("reduce 1e-3", "run 0", after="replicate 4 4 3"), tmp_path)).output
    assert "  check: every 100 steps; " in large
    assert not FOUND.findall(every), "the first step has the self-check"
    none = script("reduce 1e-3 check start", "run 0").replace(VALUES, "")
    off = good(lmp(none, tmp_path)).output
    assert "deepion: self-check: " in off and "check: every" not in off and not FOUND.findall(off)
    full = good(lmp(none.replace("reduce 1e-3 check start", "reduce 0"), tmp_path)).output
    assert "check: every" not in full and not FOUND.findall(full)
    asked = good(lmp(script("reduce 0 check 5", "run 5"), tmp_path)).output
    ((_, steps, rms, *_),) = FOUND.findall(asked)
    assert steps == "1" and float(rms) < 2e-5, "full networks in float32"


# --- a run that leaves the sample ------------------------------------------------------------------------------------------

AWAY = {  # name: (before, after, steps until then)
    "melt": ("", "velocity all create 16000 11 mom yes\n", 40),
    "squeezed": ("change_box all x scale 0.78 y scale 0.78 z scale 0.78 remap", "", 0),
    "fast atom": ("", "group one id 80\nvelocity one set 250 0 0\n", 40),
}


@pytest.mark.parametrize("name", AWAY)
def test_a_run_that_leaves_the_sample_is_told_within_a_check(tmp_path, name):
    before, after, steps = AWAY[name]
    limits = "reduce 1e-4 check 10 check_limit 1"
    run = good(lmp(script(limits, f"run {steps + 10}", before=before, after=after), tmp_path))
    told = re.findall(r"WARNING: pair_style deepmd/onnx: check of step (\d+): .*it left the sample", run.output)
    assert len(told) == 1, run.output[-2000:]
    assert int(told[0]) <= steps + 10
    cold = good(lmp(script(limits, "run 20"), tmp_path)).output
    assert "it left the sample" not in cold


# --- on_excess ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [1, 2])
def test_full_networks_from_the_step_of_the_excess_on(tmp_path, ranks):
    """Energies equal those of reduce 0 on the same positions, from that step on and not before; also after a restart."""
    after = "velocity all create 300 11 mom yes\ndump d all custom 5 positions id type x y z\ndump_modify d sort id format float %.17g\n"
    keywords = "reduce 1e-3 check 10 on_excess full 1e-7"
    run = "run 8\nrun 12\nwrite_restart r\n"
    text = script(keywords, run, after=after).replace("velocity all", "reset_timestep 5\nvelocity all")
    switched = good(lmp(text, tmp_path, ranks=ranks))
    said = re.findall(r"deepion: check of step (\d+): .* full networks are used from this step on", switched.output)
    assert said == ["10"]
    assert "the full networks from step 10 on" in switched.output
    energies = {int(s): e for table in switched.thermo for s, e in zip(table["Step"], table["PotEng"], strict=True)}
    again = script("reduce 0 check no", "rerun positions dump x y z", after="").replace(VALUES, "")
    table = good(lmp(again, tmp_path, ranks=ranks)).thermo[0]
    full = dict(zip(table["Step"].astype(int), table["PotEng"], strict=True))
    assert {5, 10, 15, 20, 25} <= full.keys() & energies.keys()
    for step in (10, 15, 20, 25):
        assert abs(energies[step] - full[step]) < 1e-7 * ATOMS, step
    assert abs(energies[5] - full[5]) > 3e-5
    rest = good(lmp(script(keywords, "run 0", "read_restart r", after=""), tmp_path, ranks=ranks))
    assert "deepion: the full networks are used, as before the restart" in rest.output
    assert abs(rest.thermo[0]["PotEng"][0] - energies[25]) < 1e-7 * ATOMS


def test_stop_ends_the_run_with_everything_written(tmp_path):
    after = "velocity all create 300 11 mom yes\nfix p all ave/time 1 1 1 c_thermo_pe file pe.dat\n"
    run = "run 30\nprint 'first run ended'\nrun 30\nwrite_restart r\nprint 'last step $(step)'"
    stopped = lmp(script("reduce 1e-3 check 10 on_excess stop 1e-7", run, after=after), tmp_path, ranks=2)
    assert stopped.returncode == 0, stopped.output[-2000:]
    (error,) = stopped.errors()
    assert re.search(
        r"ERROR: pair_style deepmd/onnx: check of step 10: the force on atom \d+ errs by \S+ eV/A \(limit 1e-07\): .*"
        r"Use a smaller reduce or reduce 0, on_excess full, or export the model with --data",
        error,
    )
    assert "first run ended" in stopped.output and (tmp_path / "r").exists()
    assert "last step 10" in stopped.output, "nor did the second run go on"
    assert len(np.loadtxt(tmp_path / "pe.dat")) == 11 and len(FOUND.findall(stopped.output)) >= 1
