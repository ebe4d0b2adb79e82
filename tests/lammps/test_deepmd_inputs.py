# SPDX-License-Identifier: MIT
"""Inputs that were written for DeePMD-kit: its model files, through the cache of exported models, and `pair_style deepmd`."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from deepion import __version__
from deepion.export.exporter import export
from graph_writer import graph_of
from graphs import saved
from lammps_runs import BIN, LMP, PLUGIN, Batch, good, lmp
from random_models import model, se_e2_a
from test_pair_deviation import HEADER
from test_pair_errors import assert_refused

ELEMENTS = ["Li", "S"]
EXPORTS = {"DEEPION_COMMAND": str(BIN / "deepion")}
NOWHERE = {"DEEPION_COMMAND": "/nowhere/deepion"}
THERMO = "thermo_style custom step pe\nthermo_modify format float %.17g\n"


def write_graph(path: Path, seed: int, elements=ELEMENTS, **parameters) -> Path:
    """A frozen TensorFlow graph with random weights; forces are of the order of 1 eV/A."""
    random = np.random.RandomState(seed)
    descriptor = se_e2_a(random, elements, rcut=4.0, rcut_smth=1.0, sel=(28,) * len(elements))
    return saved(graph_of(model(random, elements, descriptor, shared=False, **parameters)), path)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory) -> Path:
    """A folder with graph.000.pb to graph.003.pb, of one kind and with different weights; one with a frame parameter, and one
    that knows more elements than any of the structures here has."""
    folder = tmp_path_factory.mktemp("graphs")
    for k in range(4):
        write_graph(folder / f"graph.{k:03}.pb", k)
    write_graph(folder / "fparam.pb", 4, fparam=1)
    write_graph(folder / "three.pb", 5, elements=["Li", "S", "P"])
    return folder


@pytest.fixture(scope="module")
def filled(graphs, tmp_path_factory) -> dict[str, str]:
    """The environment of a run with a cache that holds all of `graphs`, with the alias, and without the command that exports."""
    cache = tmp_path_factory.mktemp("cache")
    for path in graphs.glob("*.pb"):
        export(path, entry(path, cache), reduced=False)
    return {"DEEPION_CACHE": str(cache), "DEEPION_ALIAS": "1", **NOWHERE}


def entry(path: Path, cache: Path) -> Path:
    return cache / f"{hashlib.sha256(path.read_bytes()).hexdigest()}-{__version__}.onnx"


def script(data: Path, style: str, coeff="* *", after="run 0") -> str:
    return f"units metal\nread_data {data}\nneighbor 1.0 bin\npair_style {style}\npair_coeff {coeff}\n{THERMO}{after}\n"


@pytest.mark.parametrize("ranks", [1, 2])
def test_model_is_exported_once(graphs, data, tmp_path, ranks):
    """The first run makes the exported file, in a process that is none of MPI; the next one, which has no Python, finds it; both
    compute what it holds."""
    graph, cache = graphs / "graph.000.pb", tmp_path / "new" / "cache"
    command = tmp_path / "deepion"
    command.write_text(f'#!/bin/sh\nenv > {tmp_path}/environment\ncat\nexec {EXPORTS["DEEPION_COMMAND"]} "$@"\n')
    command.chmod(0o755)
    env = {"DEEPION_CACHE": str(cache), "DEEPION_COMMAND": str(command)}
    first = good(lmp(script(data, f"deepmd/onnx {graph}"), tmp_path, ranks=ranks, env=env))
    said = [line for line in first.output.splitlines() if line.startswith("deepion: ")]
    assert said[0] == f"deepion: exporting {graph} into the cache"
    assert said[1].endswith(f" reading {graph} ...") and " writing " in said[2]
    assert said[3].startswith(
        f"deepion: it has the full networks; DEEPION_CACHE={cache} deepion export {graph} --cache adds"
    )
    assert said[4] == f"deepion: model {graph} was exported to {entry(graph, cache)}"
    assert [path.name for path in cache.iterdir()] == [entry(graph, cache).name]
    environment = (tmp_path / "environment").read_text().splitlines()
    assert "PATH=" in "".join(environment) and not [
        line for line in environment if line.startswith(("PMI", "OMPI_", "HYD"))
    ]

    again = good(lmp(script(data, f"deepmd/onnx {graph}"), tmp_path, ranks=ranks, env=env | NOWHERE))
    assert "exporting" not in again.output and "was exported to" in again.output
    export(graph, tmp_path / "model.onnx", reduced=False)
    direct = good(lmp(script(data, "deepmd/onnx model.onnx"), tmp_path, ranks=ranks))
    energies = {run.thermo[0]["PotEng"][0] for run in (first, again, direct)}
    assert len(energies) == 1 and abs(energies.pop()) > 0.5


def test_jobs_that_need_the_same_model_wait_for_one(graphs, data, tmp_path):
    """A run whose model another job exports says for whom it waits while it does, and goes on when that one is done."""
    graph = graphs / "graph.000.pb"
    target = entry(graph, tmp_path / "cache")
    target.parent.mkdir()
    (tmp_path / "in.wait").write_text(f"plugin load {PLUGIN}\n" + script(data, f"deepmd/onnx {graph}"))
    command = [LMP, "-in", "in.wait", "-log", "none"]
    env = os.environ | {"DEEPION_CACHE": str(target.parent), "OMP_NUM_THREADS": "1", **EXPORTS}
    screen = tmp_path / "screen"
    with open(target.with_suffix(".lock"), "w") as lock, open(screen, "w") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("process 1 on node7\n")
        lock.flush()
        with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=output, stderr=output) as process:
            until = time.monotonic() + 60
            waiting = "] waiting for another export of the same file, process 1 on node7 ..."
            while waiting not in screen.read_text() and time.monotonic() < until:
                time.sleep(0.1)
            assert waiting in screen.read_text() and not target.exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert process.wait(timeout=60) == 0
    assert "Loop time" in screen.read_text() and target.exists()
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("ranks", [1, 2])
def test_what_cannot_be_exported_is_refused_with_the_reason(data, tmp_path, ranks):
    (tmp_path / "graph.pb").write_bytes(b"not a graph")
    env = {"DEEPION_CACHE": str(tmp_path / "cache"), **EXPORTS}
    run = lmp(script(data, "deepmd/onnx graph.pb"), tmp_path, ranks=ranks, env=env)
    assert_refused(run, f"model file graph.pb: it could not be exported: {tmp_path}/graph.pb: ")
    assert not list((tmp_path / "cache").iterdir())


def test_cache_that_cannot_be_written(graphs, data, tmp_path):
    (tmp_path / "file").write_text("")
    env = {"DEEPION_CACHE": str(tmp_path / "file" / "cache"), **EXPORTS}
    run = lmp(script(data, f"deepmd/onnx {graphs}/graph.000.pb"), tmp_path, env=env)
    message = (
        f"it could not be exported: the cache {tmp_path}/file/cache cannot be written: Not a directory: name another"
    )
    assert_refused(run, message)


@pytest.mark.parametrize("ranks", [1, 2])
def test_without_the_command_the_way_out_is_named(graphs, data, tmp_path, ranks):
    shutil.copy(graphs / "graph.000.pb", tmp_path / "my model.pb")
    cache = tmp_path / "cache"
    run = lmp(
        script(data, "deepmd/onnx 'my model.pb'"), tmp_path, ranks=ranks, env={"DEEPION_CACHE": str(cache), **NOWHERE}
    )
    assert_refused(
        run,
        f"model file my model.pb: it has to be exported to ONNX, and the result is not in the cache yet "
        f"({entry(tmp_path / 'my model.pb', cache)}), but DEEPION_COMMAND names /nowhere/deepion, which cannot be "
        f"run: run where it can be done, such as on a login node: DEEPION_CACHE={cache} deepion export '{tmp_path}/my model.pb' --cache",
    )


def test_damaged_file_in_the_cache_is_named_with_what_replaces_it(graphs, data, tmp_path):
    graph = graphs / "graph.000.pb"
    target = entry(graph, tmp_path)
    target.write_bytes(b"damaged")
    run = lmp(script(data, f"deepmd/onnx {graph}"), tmp_path, env={"DEEPION_CACHE": str(tmp_path), **NOWHERE})
    assert_refused(run, f"the result is damaged in the cache ({target}), but DEEPION_COMMAND names ")
    assert f"such as on a login node: DEEPION_CACHE={tmp_path} deepion export {graph} --cache" in run.errors()[0]
    run = lmp(script(data, f"deepmd/onnx {graph}"), tmp_path, env={"DEEPION_CACHE": str(tmp_path), **EXPORTS})
    good(run)


def test_folder_of_tensorflow(data, tmp_path):
    (tmp_path / "graph.savedmodel").mkdir()
    run = lmp(script(data, "deepmd/onnx graph.savedmodel"), tmp_path)
    assert_refused(run, "cannot read model file 'graph.savedmodel': it is a folder, which TensorFlow is needed for")


def test_name_deepmd_is_taken_where_it_is_wanted(graphs, filled, box, data, tmp_path):
    graph = graphs / "graph.000.pb"
    batch = Batch(tmp_path)
    batch.add(data, f"deepmd/onnx {graph}")
    batch.add(data, f"deepmd {graph}")
    ours, alias = batch.run(env=filled)
    assert alias.energy == ours.energy and (alias.force == ours.force).all() and np.abs(ours.force).max() > 0.1
    for value in ({}, {"DEEPION_ALIAS": "0"}):
        env = {key: text for key, text in filled.items() if key != "DEEPION_ALIAS"} | value
        assert_refused(lmp(script(data, f"deepmd {graph}"), tmp_path, env=env), "Unrecognized pair style 'deepmd'")
    run = lmp(script(data, f"deepmd/onnx {graph}"), tmp_path, env=filled | {"DEEPION_ALIAS": "yes"})
    assert "the environment variable DEEPION_ALIAS is 'yes', expected 1" in good(run).output


def test_fixes_see_the_model_under_either_name(graphs, filled, data, tmp_path):
    more = "velocity all create 300 1\nfix nve all nve\nfix vd all ion/vdos 1 5 file vdos.txt output 10\nrun 10"
    text = script(data, f"deepmd {graphs}/graph.000.pb check no", after=more)
    good(lmp(text, tmp_path, env=filled))
    used = hashlib.sha256(entry(graphs / "graph.000.pb", Path(filled["DEEPION_CACHE"])).read_bytes()).hexdigest()
    table = (tmp_path / "vdos.txt").read_text()
    assert used in table and "g_Li_1/THz" in table


OTHER_PLUGIN = """
typedef struct { const char *version, *style, *name, *info, *author; void *(*create)(void *); void *handle; } plugin_t;
static void *create(void *lmp) { return 0; }
void lammpsplugin_init(void *lmp, void *handle, void (*add)(plugin_t *, void *))
{
  plugin_t plugin = {"", "pair", "deepmd", "deepmd pair style v3", "somebody", create, handle};
  add(&plugin, lmp);
}
"""


def test_name_deepmd_stays_with_another_plugin(graphs, filled, data, tmp_path):
    (tmp_path / "other.c").write_text(OTHER_PLUGIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "other.so", "other.c"], cwd=tmp_path, check=True)
    text = f"plugin load ./other.so\nplugin load {PLUGIN}\nplugin load {PLUGIN}\nplugin list\n"
    text += script(data, f"deepmd/onnx {graphs}/graph.000.pb")
    output = good(lmp(text, tmp_path, plugin=None, env=filled)).output
    assert (
        output.count(
            "pair_style deepmd stays with the plugin that was loaded first (deepmd pair style v3, by somebody)"
        )
        == 2
    )
    assert "pair style plugin deepmd\n" in output and "deepspin" not in output
    twice = good(lmp(f"plugin load {PLUGIN}\n", tmp_path, env=filled)).output
    assert "stays with" not in twice


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("pair_style deepspin model.pth", "pair style deepspin is one of DeePMD-kit that deepion does not have"),
        ("fix 0 all dplr model w.pb", "fix style dplr is one of DeePMD-kit that deepion does not have"),
        ("compute 1 all deeptensor/atom d.pb", "compute style deeptensor/atom is one of DeePMD-kit"),
        ("kspace_style pppm/dplr 1e-5", "kspace style pppm/dplr is one of DeePMD-kit"),
        ("pair_style deepmd graph.pb 400 model_devi.out", "out_freq and out_file are keywords since version 1 of DeePMD-kit"),
        ("pair_style deepmd graph.pb ttm 1", "keyword ttm of pair_style deepmd is not supported"),
        ("pair_style deepmd graph.pb spin_norm 1", "keyword spin_norm of pair_style deepmd is not supported"),
    ],
)  # fmt: skip
def test_other_styles_and_keywords_of_deepmd_say_what_to_do(filled, data, tmp_path, command, why):
    assert_refused(lmp(f"units metal\nread_data {data}\n{command}\n", tmp_path, env=filled), why)


def test_elements_left_out_of_pair_coeff(graphs, filled, data, tmp_path):
    """Bare, or with other than one name for each type, as DeePMD-kit takes it: the first ones; with a warning."""
    style = f"deepmd {graphs}/three.pb"
    named = good(lmp(script(data, style, "* * Li S"), tmp_path, env=filled))
    for coeff, count in (("* *", "3 elements of the model"), ("* * Li S P", "3 element names")):
        run = good(lmp(script(data, style, coeff), tmp_path, env=filled))
        assert run.thermo[0]["PotEng"][0] == named.thermo[0]["PotEng"][0]
        expected = f"pair_coeff: {count} for 2 atom types: they are taken as pair_style deepmd of DeePMD-kit does (1 = Li, 2 = S)"
        assert expected in run.output
    alone = [
        good(lmp(script(data, style, f"* * {names}"), tmp_path, env=filled)).thermo[0]["PotEng"][0]
        for names in ("S", "S NULL")
    ]
    assert alone[0] == alone[1] != named.thermo[0]["PotEng"][0]
    assert_refused(
        lmp(script(data, style.replace("deepmd", "deepmd/onnx", 1)), tmp_path, env=filled),
        "pair_coeff * * without element names needs as many atom types as the model has elements",
    )


def explore(data: Path, models: str, keywords="", bead="", boundary="p p p") -> str:
    """An input with the commands, and in the order, of those that DP-GEN and dpgen2 write for one exploration."""
    return f"""variable NSTEPS equal 40
variable THERMO_FREQ equal 10
variable DUMP_FREQ equal 10
variable TEMP equal 300.0
variable ELE_TEMP equal 0.25
variable PRES equal 1.0
variable TAU_T equal 0.1
variable TAU_P equal 0.5
units metal
boundary {boundary}
atom_style atomic
neighbor 1.0 bin
neigh_modify delay 10
box tilt large
if "${{restart}} > 0" then "read_restart dpgen.restart{bead}.*" else "read_data {data}"
change_box all triclinic
mass 1 6.941
mass 2 32.06
pair_style deepmd {models}  out_freq ${{THERMO_FREQ}} out_file model_devi{bead}.out {keywords}
pair_coeff * *
thermo_style custom step temp pe ke etotal press vol lx ly lz xy xz yz
thermo ${{THERMO_FREQ}}
dump 1 all custom ${{DUMP_FREQ}} traj/*.lammpstrj{bead} id type x y z fx fy fz
restart 20 dpgen.restart{bead}
if "${{restart}} == 0" then "velocity all create ${{TEMP}} 7"
fix 1 all nvt temp ${{TEMP}} ${{TEMP}} ${{TAU_T}}
timestep 0.0005
run ${{NSTEPS}} upto
"""


def table(path: Path) -> np.ndarray:
    lines = path.read_text().splitlines()
    assert lines[0] == HEADER or lines[0] == HEADER + "      atm_devi_f(N)"
    return np.loadtxt(path)


def test_exploration_of_four_models_and_its_restart(graphs, filled, data, tmp_path):
    models = " ".join(os.path.relpath(path, tmp_path) for path in sorted(graphs.glob("graph.*.pb")))
    (tmp_path / "traj").mkdir()
    run = good(lmp(explore(data, models), tmp_path, env=filled, args=["-v", "restart", "0"]))
    assert "4 = " not in run.output and run.output.count("was exported to") == 4
    first = table(tmp_path / "model_devi.out")
    assert list(first[:, 0]) == [0, 10, 20, 30, 40] and first.shape == (5, 7)
    assert (first[:, 4] >= first[:, 6]).all() and (first[:, 6] >= first[:, 5]).all() and (first[:, 1:] > 0).all()
    assert {path.name for path in (tmp_path / "traj").iterdir()} == {f"{k}.lammpstrj" for k in range(0, 50, 10)}

    # DP-GEN starts an interrupted exploration again with restart 1: here as if it had ended at step 20
    (tmp_path / "dpgen.restart.40").unlink()
    good(lmp(explore(data, models), tmp_path, env=filled, args=["-v", "restart", "1"]))
    again = table(tmp_path / "model_devi.out")
    assert list(again[:, 0]) == [0, 10, 20, 30, 40] and (again[:3] == first[:3]).all()


@pytest.mark.parametrize("boundary", ["p p p", "f f f"])
def test_exploration_with_every_keyword_that_is_written(graphs, filled, box, data, tmp_path, boundary):
    """relative, atomic, a frame parameter behind a variable, beads in file names; the same numbers as of the own style."""
    text = explore(data, f"{graphs}/fparam.pb {graphs}/fparam.pb", "atomic relative 1.0 relative_v 0.5 fparam ${ELE_TEMP}",
                   bead="${ibead}", boundary=boundary)  # fmt: skip
    (tmp_path / "traj").mkdir()
    args = ["-v", "restart", "0", "-v", "ibead", "3"]
    good(lmp(text, tmp_path, env=filled, args=args))
    found = table(tmp_path / "model_devi3.out")
    assert found.shape == (5, 7 + len(box)) and (found[:, 1:] < 1e-6).all()  # two times the same model


def test_exploration_with_dispersion(graphs, filled, data, tmp_path):
    """DP-GEN's line for D3 corrections: the style is one of hybrid/overlay, its pair_coeff has no elements."""
    (tmp_path / "traj").mkdir()
    models = f"{graphs}/graph.000.pb {graphs}/graph.001.pb"
    text = explore(data, models, "dispersion/d3 original pbe 9.0 6.0").replace(
        "pair_style deepmd", "pair_style hybrid/overlay deepmd"
    )
    text = text.replace("pair_coeff * *\n", "pair_coeff * * deepmd\npair_coeff * * dispersion/d3 Li S\n")
    good(lmp(text, tmp_path, env=filled, args=["-v", "restart", "0"]))
    assert table(tmp_path / "model_devi.out").shape == (5, 7)


BUILT_IN = """
#include <string.h>
int lammps_has_style(void *lmp, const char *category, const char *name)
{
  return !strcmp(category, "pair") && !strcmp(name, "deepmd");
}
"""


def test_name_deepmd_stays_with_what_was_built_into_lammps(graphs, filled, data, tmp_path):
    """A stand-in for such a LAMMPS: its C interface says that it has the style."""
    (tmp_path / "has.c").write_text(BUILT_IN)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "has.so", "has.c"], cwd=tmp_path, check=True)
    env = filled | {"LD_PRELOAD": str(tmp_path / "has.so")}
    output = good(lmp(script(data, f"deepmd/onnx {graphs}/graph.000.pb"), tmp_path, env=env)).output
    assert "pair_style deepmd stays with the one that was built into LAMMPS" in output
    run = lmp(script(data, f"deepmd {graphs}/graph.000.pb"), tmp_path, env=env)
    assert_refused(run, "Unrecognized pair style 'deepmd'")
