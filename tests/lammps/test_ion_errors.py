# SPDX-License-Identifier: MIT
"""What fix ion/transport and compute ion/msd refuse, and how: one message on 1 and 2 ranks; prompt end; no panic."""

import functools
import re

import numpy as np
import pytest

from ion_runs import dump, free_flight, gas
from lammps_runs import good, lmp, lmp_each


def refused(folder, text, message, ranks):
    """The run fails soon with this message and no other, and nothing that smells of a crash."""
    return assert_refused(lmp(text, folder, ranks=ranks, timeout=30), message)


def assert_refused(run, message):
    errors = run.errors()
    assert run.returncode != 0, run.output[-2000:]
    assert errors and len(set(re.sub(r" on proc \d+", "", e) for e in errors)) == 1, run.output[-2000:]
    expected = message if message == NEW_ATOM else f"ERROR: {message}"  # which atom depends on the rank
    assert expected in re.sub(r" on proc \d+", "", errors[0]), f"\n{errors[0]}\nexpected\n{message}"
    assert not re.search(r"panick|RUST_BACKTRACE|stack backtrace|Segmentation|terminate called|signal", run.output)
    return run


FIX, COMPUTE = "fix ion/transport tr: ", "compute ion/msd m: "
KEYWORDS = "temp, charge, species, onsager, drift, unwrap, lags, origins, fit, window, until, units, start, output, file, history, state, "
KEYWORDS += "title"

ARGUMENTS = {  # words after the style: message
    "": "keyword Nevery needs a value: an integer, 1 or larger",
    "0": "keyword Nevery needs an integer, 1 or larger, not '0'",
    "2.5": "keyword Nevery needs an integer, 1 or larger, not '2.5'",
    "1e3": "keyword Nevery needs an integer, 1 or larger, not '1e3'",
    "99999999999999999999": "keyword Nevery needs an integer, 1 or larger, not '99999999999999999999'",
    "1000000000000001": "keyword Nevery needs an integer up to 10^15, not '1000000000000001'",
    "5 start 9223372036854775807": "keyword start needs an integer up to 10^15, not '9223372036854775807'",
    "temp 300": "keyword Nevery needs a value: an integer, 1 or larger",
    "5 300": f"unknown keyword '300'; keywords are {KEYWORDS}",
    "5 temperature 300": f"unknown keyword 'temperature'; keywords are {KEYWORDS}",
    "5 temp": "keyword temp needs a value: a number above 0 or c_ID",
    "5 temp charge 1": "keyword temp needs a value: a number above 0 or c_ID, but the next word is the keyword charge",
    "5 temp hot": "keyword temp needs a number above 0 or c_ID, not 'hot'",
    "5 temp -300": "keyword temp needs a number above 0 or c_ID, not '-300'",
    "5 temp 0": "keyword temp needs a number above 0 or c_ID, not '0'",
    "5 temp nan": "keyword temp needs a number above 0 or c_ID, not 'nan'",
    "5 charge": "keyword charge needs a value: a number",
    "5 charge one": "keyword charge needs a number, not 'one'",
    "5 charge inf": "keyword charge needs a number, not 'inf'",
    "5 drift": "keyword drift needs a value: framework, com or none",
    "5 drift ions": "keyword drift needs framework, com or none, not 'ions'",
    "5 unwrap yes": "keyword unwrap needs auto, image or toroidal, not 'yes'",
    "5 lags 10": "keyword lags needs a value: an integer, 1 or larger",
    "5 lags 1 3": "keyword lags needs an integer, 2 or larger, not '1'",
    "5 lags 10 0": "keyword lags needs an integer, 1 or larger, not '0'",
    "5 lags 10 18": "lags 10 18 means a longest lag of 10^18 samples: use fewer levels",
    "5 start -1": "keyword start needs an integer, 0 or larger, not '-1'",
    "5 fit 3": "keyword fit needs a value: a number above 0",
    "5 fit 3 1": "keyword fit needs a window from a shorter to a longer lag in ps, not from 3 to 1",
    "5 fit 2 2": "keyword fit needs a window from a shorter to a longer lag in ps, not from 2 to 2",
    "5 fit 0 0": "keyword fit needs a number above 0, not '0'",
    "5 fit -1 2": "keyword fit needs a number, 0 or larger, not '-1'",
    "5 fit short long": "keyword fit needs a number, 0 or larger, not 'short'",
    "5 units metric": "keyword units needs si or cgs, not 'metric'",
    "5 output 7": "keyword output needs a multiple of Nevery (5), not 7",
    "5 output -5": "keyword output needs an integer, 0 or larger, not '-5'",
    "5 file": "keyword file needs a value: a file name",
    "5 file history history.txt": "keyword file needs a value: a file name, but the next word is the keyword history",
    "5 file a history a": "two of its outputs go to the same file, a",
    "5 history a state a": "two of its outputs go to the same file, a",
    "5 file a state a": "two of its outputs go to the same file, a",
    "5 lags 5000 3": "lags 5000 3 with origins 5 means 55000 positions kept for every ion: use 10000 or fewer",
    "5 lags 10 3 origins 4": "origins 4 is no divisor of the 10 lags per level: use one, for example 5",
    "5 origins 0": "keyword origins needs an integer, 1 or larger, not '0'",
    "5 window best": "keyword window needs beta or stationary, not 'best'",
    "5 until 1.5": "keyword until needs a relative error of D below 1, not 1.5",
    "5 until 0": "keyword until needs a number above 0, not '0'",
    "5 window beta until 0.1": "keyword until needs the window stationary or fit: what it asks for is not known of a window beta",
    "5 title": "keyword title needs a value: a title, in quotes",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return gas(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(scope="module")
def wrong_arguments(data, tmp_path_factory):
    """What LAMMPS did with each."""
    scripts = {words: free_flight(data) + f"fix tr ion ion/transport {words}\nrun 5\n" for words in ARGUMENTS}
    return lmp_each(scripts, tmp_path_factory.mktemp("arguments"))


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    assert_refused(wrong_arguments[arguments], FIX + ARGUMENTS[arguments])


NEW_ATOM = (
    " is in the group, but was not when the measurement began: the same atoms are needed throughout; use another ID to "
    "start a new measurement"
)
BEGAN = (
    " when the measurement began: displacements need the same atoms throughout, but atoms were lost, added or moved "
)
BEGAN += "between groups"
FEWER = BEGAN.replace("displacements need the same atoms", "the same atoms are needed")
DEPOSIT = """fix tr ion ion/transport 5
region spot block 1 8 1 8 1 8
fix in {} deposit 1 {} 7 77 region spot near 0.01
run 15
"""

RUNS = {  # name: (commands after the set-up, message)
    "empty group": (
        "group nobody type 3\nfix tr nobody ion/transport 5\n",
        FIX + "group nobody has no atoms",
    ),
    "dynamic group": (
        "region half block 0 4 INF INF INF INF\ngroup there dynamic all region half every 1\nrun 0\n"
        "fix tr there ion/transport 5\nrun 5\n",
        FIX + "the group must not be dynamic",
    ),
    "no framework": (
        "fix tr all ion/transport 5\n",
        FIX + "drift framework needs atoms outside the group of ions, and there are none: use drift com or drift none",
    ),
    "folder missing": (
        "fix tr ion ion/transport 5 file nowhere/table.txt\nrun 5\n",
        FIX + "cannot write nowhere/table.txt: ",
    ),
    "history in a folder that is missing": (
        "fix tr ion ion/transport 5 history nowhere/history.txt\nrun 5\n",
        FIX + "cannot write nowhere/history.txt: ",
    ),
    "folder as a file": (
        "shell mkdir folder\nfix tr ion ion/transport 5 state folder\nrun 5\n",
        FIX + "cannot write folder: it is a folder",
    ),
    "folder lost during the run": (
        "shell mkdir folder\nfix tr ion ion/transport 5 output 10 file folder/table.txt\nrun 15\n"
        "shell rm folder/table.txt\nshell rmdir folder\nrun 10 pre no\n",
        FIX + "cannot write folder/table.txt: ",
    ),
    "no such compute": (
        "fix tr ion ion/transport 5 temp c_hot\nrun 5\n",
        FIX + "keyword temp: there is no compute hot",
    ),
    "compute without a scalar": (
        "compute hot all com\nfix tr ion ion/transport 5 temp c_hot\nrun 5\n",
        FIX + "keyword temp: compute hot has no scalar",
    ),
    "compute that is deleted": (
        "compute hot all temp\nfix tr ion ion/transport 5 temp c_hot\nrun 5\nuncompute hot\nrun 5\n",
        FIX + "keyword temp: there is no compute hot",
    ),
    "time step between runs": (
        "fix tr ion ion/transport 5\nrun 5\ntimestep 0.001\nrun 5\n",
        FIX
        + "the time step was 0.001953125 when the measurement began and is 0.001 now: lags would mean other times; use "
        "another ID to start a new measurement",
    ),
    "time step in a run": (
        "fix tr ion ion/transport 5\nfix dt all dt/reset 1 1e-6 1e-3 0.01\nrun 5\n",
        FIX + "the time step must not change (fix dt/reset) during the run",
    ),
    "more ions": (DEPOSIT.format("ion", 1), FIX + "atom 65" + NEW_ATOM),
    "more framework atoms": (DEPOSIT.format("all", 2), FIX + "33 atoms in the drift reference now, 32" + BEGAN),
    "fewer ions": (
        "fix tr ion ion/transport 5\nrun 5\ngroup four id 1:4\ndelete_atoms group four compress no\nrun 5\n",
        FIX + "31 ions now, 32" + FEWER,
    ),
    "lost ions": (
        "change_box all boundary p p f\nthermo_modify lost ignore\nfix tr ion ion/transport 5\nrun 200\n",
        FIX + "29 ions now, 32" + FEWER,
    ),
    "other ions, as many": (
        "fix tr ion ion/transport 5\nrun 15\ngroup ion clear\ngroup ion type 2\nrun 15\n",
        NEW_ATOM,
    ),
    "other ions, as many, after delete_atoms": (
        "fix tr ion ion/transport 5\nrun 15\ngroup first id 1:4\ngroup one intersect first ion\n"
        "delete_atoms group one compress no\ncreate_atoms 1 single 4 4 4\ngroup ion type 1\nrun 15\n",
        FIX + "atom 65" + NEW_ATOM,
    ),
    "other group": (
        "fix tr ion ion/transport 5\nrun 5\ngroup more type 2\ngroup ion union ion more\nrun 5\n",
        NEW_ATOM,
    ),
    "reset_timestep": (
        "fix tr ion ion/transport 5\nrun 7\nreset_timestep 0\nrun 5\n",
        "Cannot reset timestep with time-dependent fix ion/transport defined",
    ),
    "box flipped": (
        "change_box all triclinic\nfix box all deform 1 xy erate 5 remap v\nfix tr ion ion/transport 5\nrun 400\n",
        FIX + "the box was flipped, which toroidal unwrapping cannot follow: use flip no with fix npt or fix deform",
    ),
    "minimization onto the next sample": (
        "fix tr ion ion/transport 5\nrun 15\n"
        "pair_style lj/cut 5.0\npair_coeff * * 0.03 2.0\nminimize 0 0 5 100\nrun 20\n",
        FIX + "a minimization came between two samples, and its steps are no time: use another ID to "
        "start a new measurement",
    ),
    "steps without samples": (
        "fix tr ion ion/transport 5\nrun 15\n"
        "pair_style lj/cut 5.0\npair_coeff * * 0.03 2.0\nminimize 0 0 13 100\nrun 20\n",
        FIX
        + "the last sample was taken at step 15, this is step 30: samples must follow each other every 5 steps; use "
        "another ID to start a new measurement",
    ),
    "compute: unknown keyword": (
        "compute m ion ion/msd com yes\n",
        COMPUTE + "unknown keyword 'com'; keywords are drift, unwrap",
    ),
    "compute: drift": (
        "compute m ion ion/msd drift ions\n",
        COMPUTE + "keyword drift needs framework, com or none, not 'ions'",
    ),
    "compute: unwrap": (
        "compute m ion ion/msd unwrap\n",
        COMPUTE + "keyword unwrap needs a value: auto, image or toroidal",
    ),
    "compute: empty group": (
        "group nobody type 3\ncompute m nobody ion/msd\n",
        COMPUTE + "group nobody has no atoms",
    ),
    "compute: no framework": (
        "compute m all ion/msd\n",
        COMPUTE
        + "drift framework needs atoms outside the group of ions, and there are none: use drift com or drift none",
    ),
    "compute: its fix deleted": (
        "compute m ion ion/msd\nunfix m_ION_DISPLACEMENT\nrun 5\n",
        COMPUTE + "its fix m_ION_DISPLACEMENT was deleted: define the compute again",
    ),
    "compute: other group": (
        "compute m ion ion/msd\nthermo_style custom step c_m[4]\nrun 5\ngroup more type 2\ngroup ion union ion more\nrun 5\n",
        NEW_ATOM,
    ),
}


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("style", [FIX, COMPUTE])
def test_atoms_without_ids(tmp_path, data, style, ranks):
    """The destructor threw on the way out: an abort instead of an error."""
    command = {FIX: "fix tr ion ion/transport 10 drift none", COMPUTE: "compute m ion ion/msd drift none"}[style]
    atoms = "region box block 0 9 0 9 0 9\ncreate_box 2 box\nlattice sc 3.0\ncreate_atoms 1 box\nmass * 10.0"
    text = free_flight(data, before="atom_modify id no", read=atoms) + command + "\nrun 5\n"
    refused(tmp_path, text, style + "atom IDs are needed: use atom_modify id yes", ranks)


@pytest.mark.parametrize("words", ["", "m", "m none", "m none auto more", "m ions auto", "m none nearest"])
def test_fix_of_the_compute_by_hand(tmp_path, data, words):
    """Missing arguments were read from beyond the list of words."""
    message = "fix ION/DISPLACEMENT x: this fix is only made by compute ion/msd: use compute ID group ion/msd instead"
    refused(tmp_path, free_flight(data) + f"fix x all ION/DISPLACEMENT {words}\nrun 5\n", message, 1)


@pytest.fixture(scope="module")
def unmeasurable(data, tmp_path_factory):
    """Number of ranks -> name of a case -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("runs")
    scripts = {name: free_flight(data) + commands for name, (commands, _) in RUNS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", RUNS)
def test_runs_that_cannot_be_measured(unmeasurable, name, ranks):
    assert_refused(unmeasurable(ranks)[name], RUNS[name][1])


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_refused_run_ends_the_program(tmp_path, data, ranks):
    """Not only from Python: lmp itself ends with a status, when a command is read and in the middle of a run."""
    for name in ("empty group", "more ions"):
        commands, message = RUNS[name]
        refused(tmp_path, free_flight(data) + commands, message, ranks)


RESTART = "saved state of ion/transport was made with other settings: {}: repeat the settings, or use another ID to start a new measurement"

RESTARTS = {  # name: (commands after read_restart, message)
    "lags": (
        "fix tr ion ion/transport 5 lags 8 5\n",
        FIX + RESTART.format("lags_per_level was 10, is 8; levels was 6, is 5; origins was 5, is 4"),
    ),
    "every": ("fix tr ion ion/transport 10\n", FIX + RESTART.format("every was 5, is 10")),
    "charge": ("fix tr ion ion/transport 5 charge 2\n", FIX + RESTART.format("charge was 1.0, is 2.0")),
    "drift": (
        "fix tr ion ion/transport 5 drift com\n",
        FIX + RESTART.format('drift was "framework", is "com"; reference_atoms was 32, is 64'),
    ),
    "ions": (
        "group some id 1:10\nfix tr some ion/transport 5\n",
        FIX + RESTART.format("ions was 32, is 10; reference_atoms was 32, is 54"),
    ),
    "time step": (
        "timestep 0.001\nfix tr ion ion/transport 5\n",
        FIX + RESTART.format("timestep_ps was 0.001953125, is 0.001"),
    ),
    "other ions, as many": ("group frame type 2\nfix tr frame ion/transport 5\nrun 5\n", NEW_ATOM),
    "later start": (
        "fix tr ion ion/transport 5 start 50\nrun 50\n",
        FIX
        + "the last sample was taken at step 20, this is step 50: samples must follow each other every 5 steps; use "
        "another ID to start a new measurement",
    ),
    "compute: drift": (
        "compute m ion ion/msd drift none\n",
        COMPUTE
        + RESTART.format('drift was "framework", is "none"; reference_atoms was 32, is 0').replace(
            "ion/transport", "ion/msd"
        ),
    ),
}


@pytest.fixture(scope="module")
def restart(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("restart")
    good(
        lmp(
            free_flight(data) + "fix tr ion ion/transport 5\ncompute m ion ion/msd\nrun 23\nwrite_restart half\n",
            folder,
        )
    )
    return folder / "half"


@pytest.fixture(scope="module")
def other_settings(data, restart, tmp_path_factory):
    """Number of ranks -> name of a case -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("restarts")
    begin = free_flight(data, read=f"read_restart {restart}")
    scripts = {name: begin + commands for name, (commands, _) in RESTARTS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", RESTARTS)
def test_restarts_with_other_settings(other_settings, name, ranks):
    assert_refused(other_settings(ranks)[name], RESTARTS[name][1])


@pytest.mark.parametrize("ranks", [1, 2])
def test_rerun_that_skips_samples(tmp_path, data, ranks):
    good(
        lmp(
            free_flight(data) + "dump d all custom 10 frames id type x y z ix iy iz\ndump_modify d sort id\nrun 50\n",
            tmp_path,
        )
    )
    assert len(dump(tmp_path / "frames")[0]) == 6
    script = free_flight(data) + "fix tr ion ion/transport 5\nrerun frames dump x y z ix iy iz\n"
    message = "the last sample was taken at step 0, this is step 10: samples must follow each other every 5 steps; use another"
    refused(tmp_path, script, FIX + message, ranks)


def test_two_outputs_to_one_file_are_refused(tmp_path, data):
    """One file under two names, in one command or in two, would be overwritten."""
    for commands, message in (
        (
            "fix tr ion ion/transport 5 file t.txt history ./t.txt\n",
            FIX + "two of its outputs go to the same file, ./t.txt",
        ),
        (
            "fix one ion ion/transport 5 file t.txt\nfix tr ion ion/transport 5 file t.txt\n",
            FIX + "cannot write t.txt: fix ion/transport one in process ",
        ),
    ):
        refused(tmp_path, free_flight(data) + commands + "run 10\n", message, 1)


def test_output_through_a_link_keeps_the_link(tmp_path, data):
    """the output replaces a link, and would replace /dev/null where the user may write there."""
    script = free_flight(data) + "fix tr ion ion/transport 5 file link.txt\nrun 10\n"
    (tmp_path / "there.txt").write_text("")
    (tmp_path / "link.txt").symlink_to("there.txt")
    good(lmp(script, tmp_path))
    assert (tmp_path / "link.txt").is_symlink() and len(np.loadtxt(tmp_path / "there.txt", ndmin=2)) == 2


@pytest.mark.parametrize("lags", ["300000000 2", "1000000000 2"])
def test_lags_that_need_too_much_memory_are_refused(tmp_path, data, lags):
    """panics on allocation."""
    refused(tmp_path, free_flight(data) + f"fix tr ion ion/transport 1 lags {lags}\nrun 5\n", FIX + "lags", 1)


def test_time_step_may_change_before_the_first_sample(tmp_path, data):
    """as long as no sample was taken, the time step may still change."""
    script = free_flight(data) + "fix tr ion ion/transport 5 file t.txt\ntimestep 0.001\nrun 20\n"
    good(lmp(script, tmp_path))
    assert np.loadtxt(tmp_path / "t.txt")[0, 0] == 0.005


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("keyword", ["file", "history", "state", "title"])
def test_text_that_is_not_utf8_is_refused(tmp_path, data, keyword, ranks):
    """u with dots in Latin-1: an abort on rank 0 alone, where the file was to be written."""
    text = free_flight(data) + f"fix tr ion ion/transport 5 {keyword} d\udcfc.txt\nrun 5\n"
    refused(tmp_path, text, FIX + r"'d\xFC.txt' is not UTF-8 text: ", ranks)


def test_folder_that_is_not_utf8(tmp_path, data):
    """Only words of the command are text; the folder that LAMMPS runs in may have any name."""
    folder = tmp_path / "d\udcfc"
    folder.mkdir()
    good(lmp(free_flight(data) + "fix tr ion ion/transport 5 file t.txt state t.json\nrun 10\n", folder))
    assert len(np.loadtxt((folder / "t.txt").open(), ndmin=2)) == 2
