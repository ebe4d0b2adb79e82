# SPDX-License-Identifier: MIT
"""`deepion doctor` on LAMMPS and launchers that are small shell scripts: each failure that people report is recognized."""

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

from deepion import lammps_plugin
from deepion.command import parser_of
from deepion.doctor import environment, lammps_builds, machine, onnxruntime_library
from deepion.doctor.finding import Verdict
from deepion.doctor.launchers import family
from deepion.doctor.symptoms import ranks_alone, recognized
from deepion.errors import InputError
from deepion.shims.asked_program import facts

SHIM = "deepion-20250722-stable_22Jul2025_update4-mpich.so"
HELP = """
Large-scale Atomic/Molecular Massively Parallel Simulator - 22 Jul 2025 - Update 4
Git info (HEAD / stable_22Jul2025_update4)

MPI v5.0: MPICH Version:      5.0.2
MPICH Release date: Fri Sep 25 20:45:26 UTC 2026

Active compile time flags:

-DLAMMPS_SMALLBIG

Installed packages:

MC MOLECULE PLUGIN
REPLICA

* Pair styles:

lj/cut          zero            zbl

* Bond styles:

"""
STEP = """Currently loaded plugins
doctor: plugin load
1: pair style plugin deepmd/onnx
  1 by 1 by 1 MPI processor grid
doctor: the step was made"""
MPICH = "HYDRA build details:\n    Version:                                 5.0.2"
OPENMPI = "mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/"


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def lammps(path: Path, output: str, status=0, text=HELP) -> Path:
    """A LAMMPS that knows its help, and prints `output` for every input."""
    body = f"cat <<'END'\n{text}\nEND\nexit 0"
    return program(path, f"if [ \"$1\" = -h ]; then\n{body}\nfi\ncat <<'END'\n{output}\nEND\nexit {status}")


def launcher(path: Path, version: str, ranks=1) -> Path:
    """An mpirun that starts `ranks` processes, whatever it is asked for."""
    start = '"$@"\n' * ranks
    return program(path, f"if [ \"$1\" = --version ]; then\ncat <<'END'\n{version}\nEND\nexit\nfi\nshift 2\n{start}")


@pytest.fixture
def doctor(tmp_path, monkeypatch, capsys):
    """Run the command with a plugin folder that has one shim, and with PATH as given; answers findings and exit status."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "deepionplugin.so").touch()
    (folder / SHIM).touch()
    monkeypatch.setattr(lammps_plugin, "plugin_folder", lambda: folder)
    monkeypatch.setattr(lammps_builds, "find_spec", lambda name: None)
    for name in (*environment.FOLDERS, *environment.SHOWN):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str):
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
        words = ("doctor", *words)
        parser, module = parser_of(list(words))
        with pytest.raises(SystemExit) as ended:
            module.run(parser.parse_args(words))
        run.output = capsys.readouterr().out
        return run.output if "--json" not in words else json.loads(run.output), int(ended.value.code)

    run.folder = folder
    return run


def errors(found: list[dict]) -> list[str]:
    return [f"{f['subject']}: {f['text']} -> {f['mend']}" for f in found if f["verdict"] == "error"]


def test_all_is_well(doctor, tmp_path):
    lammps(tmp_path / "bin/lmp", STEP)
    launcher(tmp_path / "bin/mpirun", MPICH)
    found, status = doctor("--json")
    assert status == 0 and not errors(found)
    texts = {f["subject"]: f["text"] for f in found if f["section"].startswith("LAMMPS")}
    assert texts["version"].startswith("22 Jul 2025 - Update 4 (20250722, stable_22Jul2025_update4), 4-byte")
    assert texts["plugin"] == f"{SHIM} fits"
    assert texts["test run"] == "one step of a Deep Potential: done"
    assert texts["2 ranks"] == f"one step of a Deep Potential under {tmp_path / 'bin/mpirun'}: done"
    assert texts["loading"].startswith("inputs need 'plugin load'")

    lammps(tmp_path / "bin/lmp", "1: pair style plugin deepmd/onnx\n" + STEP)
    found, _ = doctor("--json")
    assert "LAMMPS finds the plugin by itself" in [f["text"] for f in found]

    page, status = doctor()
    assert status == 0 and page.endswith("0 errors, 0 warnings\n") and f"LAMMPS: {tmp_path / 'bin/lmp'}\n" in page


def test_the_launcher_of_another_mpi(doctor, tmp_path):
    """Under it both processes run the whole input; a fitting launcher elsewhere on PATH is named."""
    lammps(tmp_path / "bin/lmp", STEP)
    launcher(tmp_path / "bin/mpirun", OPENMPI, ranks=2)
    found, status = doctor("--json")
    assert status == 1
    (error,) = errors(found)
    assert (
        error.startswith("2 ranks: ") and "every process ran the whole input alone -> start it with the mpirun" in error
    )
    (warning,) = [f for f in found if f["verdict"] == "warning" and f["subject"] == "launcher"]
    assert "belongs to Open MPI, this LAMMPS to MPICH's family" in warning["text"]

    elsewhere = tmp_path / "elsewhere/lmp"
    lammps(elsewhere, STEP)
    beside = launcher(elsewhere.with_name("mpirun"), MPICH)
    found, status = doctor("--json", "--lammps", str(elsewhere))
    assert status == 0 and f"start it with {beside}" in [f["mend"] for f in found]

    other = launcher(tmp_path / "bin/mpiexec", MPICH)
    found, status = doctor("--json")
    assert status == 0  # the run on two ranks takes the fitting one
    (warning,) = [f for f in found if f["verdict"] == "warning" and f["subject"] == "launcher"]
    assert warning["mend"] == f"start it with {other}"


@pytest.mark.parametrize(
    ("output", "meaning", "mend"),
    [
        (
            "ERROR: Unrecognized pair style 'deepmd/onnx' (src/force.cpp:275)",
            "pair style deepmd/onnx is unknown",
            "plugin load",
        ),
        (
            "ERROR: Unrecognized fix style 'ion/rdf' (src/modify.cpp:924)",
            "fix style ion/rdf is unknown",
            "LAMMPS_PLUGIN_PATH",
        ),
        (
            "WARNING: deepion: plugin not loaded: it has nothing for this LAMMPS, 20260704 (it has: nothing); build what fits with: "
            "deepion build-shim --lammps /x/liblammps.so\nERROR: Unrecognized pair style 'deepmd/onnx'",
            "no part for this LAMMPS: it has nothing for this LAMMPS, 20260704 (it has: nothing)",
            "build it once: deepion build-shim --lammps /x/liblammps.so",
        ),
        (
            "WARNING: deepion: plugin not loaded: this LAMMPS does not show its C library interface: it was linked without "
            "exporting its symbols (build it with CMake, which exports them)",
            "linked without exporting its symbols",
            "build LAMMPS with CMake",
        ),
        (
            "WARNING: deepion: plugin not loaded: /x/libdeepion.so: cannot open shared object file: No such file or directory",
            "copied without the files beside it: there is no /x/libdeepion.so",
            "the plugin folder whole",
        ),
        (
            "WARNING: deepion: plugin not loaded: /lib64/libc.so.6: version `GLIBC_2.99' not found (required by /x/libdeepion.so)",
            "GLIBC_2.99 is missing",
            "oldest kind of node",
        ),
        (
            "WARNING: deepion: plugin not loaded: a reason of later",
            "does not fit: a reason of later",
            "deepion build-shim",
        ),
        (
            "Open of file /x/deepionplugin.so failed: /x/deepionplugin.so: cannot open shared object file: No such file",
            "there is no deepionplugin.so where",
            "plugin folder",
        ),
        (
            "Open of file /x/deepionplugin.so failed: /x/deepionplugin.so: undefined symbol: _ZN9LAMMPS_NS4Pair",
            "another LAMMPS (_ZN9LAMMPS_NS4Pair is missing)",
            "build-shim",
        ),
        ("ERROR: Unknown command: plugin load x (src/input.cpp:314)", "without its package PLUGIN", "PKG_PLUGIN"),
        (
            "ERROR: pair deepmd/onnx: no usable ONNX Runtime (version 1.17 or newer) found; tried: /x (not there). Install",
            "ONNX Runtime is not found; tried: /x",
            "pip install onnxruntime",
        ),
        ("Fatal error in PMPI_Init: unsupported PMI version", "another MPI than LAMMPS", "its own MPI"),
        ("something new\nERROR: a new thing is wrong", "status 1: ERROR: a new thing is wrong", "--keep"),
    ],
)
def test_what_a_run_says(doctor, tmp_path, output, meaning, mend):
    lammps(tmp_path / "bin/lmp", output, status=1)
    found, status = doctor("--json")
    assert status == 1 and [e for e in errors(found) if meaning in e.split(" -> ")[0] and mend in e.split(" -> ")[1]], (
        found
    )


@pytest.mark.parametrize(
    ("output", "meaning"),
    [
        (
            "lmp: error while loading shared libraries: libmpi.so.40: cannot open shared object file",
            "MPI is not found: libmpi.so.40",
        ),
        ("lmp: error while loading shared libraries: libfftw3.so.3: cannot open shared object file", "libfftw3.so.3"),
        ("lmp: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by lmp)", "GLIBC_2.34 is missing"),
        ("lmp: symbol lookup error: lmp: undefined symbol: MPI_Init", "MPI_Init is missing"),
        ("usage: lmp FILE", "but: usage: lmp FILE"),
    ],
)
def test_a_lammps_that_does_not_start(doctor, tmp_path, output, meaning):
    program(tmp_path / "bin/lmp", f'echo "{output}"\nexit 127'.replace("`", "\\`"))
    found, status = doctor("--json")
    assert status == 1 and meaning in errors(found)[0] and errors(found)[0].startswith("start: ")


def test_a_lammps_that_hangs_is_stopped(doctor, tmp_path):
    lammps(tmp_path / "bin/lmp", "")
    text = (tmp_path / "bin/lmp").read_text().replace("exit 0\nfi", "exit 0\nfi\nsleep 60")
    (tmp_path / "bin/lmp").write_text(text)
    found, status = doctor("--json", "--timeout", "1")
    assert status == 1 and "test run: it took too long: not finished after 1 s" in errors(found)[0]


def test_another_build_and_no_plugin_package(doctor, tmp_path):
    text = HELP.replace("22 Jul 2025 - Update 4", "4 Jul 2026").replace(
        "Git info (HEAD / stable_22Jul2025_update4)\n", ""
    )
    text = text.replace("MPICH Version:      5.0.2", "Open MPI v4.1.4").replace("SMALLBIG", "BIGBIG")
    path = lammps(tmp_path / "lammps/build/lmp", STEP, text=text)
    found, _ = doctor("--json", "--no-run", "--lammps", str(tmp_path / "lammps"))
    (error,) = errors(found)
    wanted = "deepion-20260704-unknown-openmpi-bigbig.so"
    assert error == f"plugin: there is no {wanted}; at hand: {SHIM} -> deepion build-shim --lammps {path}"

    lammps(path, STEP, text=HELP.replace("PLUGIN", "POEMS"))
    found, _ = doctor("--json", "--lammps", str(path))
    (error,) = errors(found)
    assert "its package PLUGIN is missing" in error


def test_nothing_here(doctor, tmp_path):
    (doctor.folder / SHIM).unlink()
    (doctor.folder / "deepionplugin.so").unlink()
    found, status = doctor("--json")
    assert status == 1 and [error.split(":")[0] for error in errors(found)] == [
        "plugin",
        "LAMMPS builds it fits",
        "programs",
    ]
    with pytest.raises(InputError, match="there is no lmp: name the program"):
        doctor("--lammps", str(tmp_path))


def test_a_log(doctor, tmp_path):
    log = tmp_path / "log.lammps"
    log.write_text("LAMMPS (22 Jul 2025)\nERROR: Unrecognized pair style 'deepmd' (src/force.cpp:275)\n")
    page, status = doctor("--log", str(log))
    assert status == 1 and "pair style deepmd is unknown" in page
    log.write_text("LAMMPS (22 Jul 2025)\n")
    assert doctor("--log", str(log))[1] == 0
    header, grid = "LAMMPS (22 Jul 2025)\n", "  1 by 1 by 1 MPI processor grid\n"
    log.write_text(header * 2 + grid * 2 + "Total wall time: 0:00:01\n" * 2)
    (found,), status = doctor("--json", "--log", str(log))
    assert (
        status == 0
        and found["verdict"] == "warning"
        and found["text"].startswith("2 processes ran at once, each by itself")
    )
    log.write_text((header + grid + "Total wall time: 0:00:01\n") * 2)  # one after the other
    (found,), _ = doctor("--json", "--log", str(log))
    assert found["text"].startswith("nothing of what is known")
    with pytest.raises(InputError, match="cannot be read"):
        doctor("--log", str(tmp_path / "none"))


def test_input_of_the_run_is_kept(doctor, tmp_path):
    lammps(tmp_path / "bin/lmp", STEP)
    doctor("--keep", str(tmp_path / "kept"))
    assert {p.name for p in (tmp_path / "kept").iterdir()} == {"in.doctor", "doctor.onnx"}


def test_families_of_launchers():
    texts = {
        "mpich": [MPICH, "Intel(R) MPI Library for Linux* OS, Version 2021.9", "MVAPICH2 Version: 2.3.7"],
        "openmpi": [OPENMPI, "mpirun.openmpi (OpenRTE) 4.1.4", "prterun (PRRTE) 3.0.8"],
        "slurm": ["slurm 23.11.4"],
        "": ["something else 1.0"],
    }
    assert all(family(text) == name for name, members in texts.items() for text in members)


def test_help_of_a_lammps_without_git():
    found = facts(HELP.replace("Git info (HEAD / stable_22Jul2025_update4)\n", ""))
    assert (
        found
        and found.identity.descriptor == ""
        and found.packages >= {"MC", "PLUGIN", "REPLICA"}
        and "zbl" in found.pair_styles
    )
    assert facts("") is None


def test_ranks_alone_needs_as_many_grids_as_ranks():
    grid = "  1 by 1 by 1 MPI processor grid\n"
    assert ranks_alone(grid * 2, 2) and not ranks_alone(grid, 2) and not ranks_alone(grid, 1)


def test_each_line_of_a_log_is_one_symptom():
    line = "Open of file a failed: libmpi.so.12: cannot open shared object file\n"
    assert len(list(recognized(line * 3))) == 1
    assert list(recognized("unable to open mca_mtl_psm: libpsm.so.1: cannot open shared object file (ignored)\n")) == []


def findings(check, *arguments):
    return {f.subject: f for f in check(*arguments)}


def test_threads_memory_and_processor(monkeypatch):
    assert findings(machine._threads, 2, "1")["cores"].verdict is Verdict.OK
    assert findings(machine._threads, 2, "8")["cores"].verdict is Verdict.WARNING
    assert findings(machine._threads, 2, "many")["cores"].verdict is Verdict.WARNING
    memory = "MemTotal: 9 kB\nMemAvailable:   16000000 kB\n"
    assert findings(machine._memory, 4, memory, "max\n")["memory"].verdict is Verdict.OK
    assert findings(machine._memory, 4, memory, "100000000\n")["memory"].verdict is Verdict.WARNING
    assert findings(machine._memory, 4, "", "") == {}
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    flags = {"fma avx2 avx512f avx512dq": "AVX-512", "fma avx2": "AVX2", "sse2": "portable"}
    for words, text in flags.items():
        assert text in findings(machine._processor, f"model name\t: X\nflags\t\t: {words}\n")["processor"].text


def test_variables(monkeypatch, tmp_path):
    for name in (*environment.FOLDERS, *environment.SHOWN):
        monkeypatch.delenv(name, raising=False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "deepionplugin.so").touch()
    monkeypatch.setenv("LAMMPS_PLUGIN_PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'c'}")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    found = findings(environment.findings)
    assert f"({tmp_path / 'c'}: no such folder)" in found["LAMMPS_PLUGIN_PATH"].text
    assert "more than one deepionplugin.so" in found["plugins"].text and found["conda"].verdict is Verdict.WARNING
    monkeypatch.setenv("LAMMPS_PLUGIN_PATH", str(tmp_path))
    assert "has no deepionplugin.so" in findings(environment.findings)["plugins"].text


def test_onnxruntime_library(monkeypatch, tmp_path):
    monkeypatch.delenv("ORT_DYLIB_PATH", raising=False)
    good = findings(onnxruntime_library.findings, 30)["library"]
    assert good.verdict is Verdict.OK and "of the package onnxruntime" in good.text
    (tmp_path / "libonnxruntime.so").write_text("no library")
    for value, text in (
        (tmp_path / "x", "does not exist"),
        (tmp_path, "does not load"),
        ("/usr", "is a folder without"),
    ):
        monkeypatch.setenv("ORT_DYLIB_PATH", str(value))
        bad = findings(onnxruntime_library.findings, 30)["library"]
        assert bad.verdict is Verdict.ERROR and text in bad.text and bad.mend
    monkeypatch.delenv("ORT_DYLIB_PATH")
    monkeypatch.setattr(lammps_plugin, "onnxruntime_library", lambda: None)
    assert "ORT_DYLIB_PATH is not set" in findings(onnxruntime_library.findings, 30)["library"].text


def test_whose_the_style_deepmd_is(monkeypatch):
    """DeePMD-kit's plugin decides, not its package."""
    for its_own, text in ((True, "pair_style deepmd is its own"), (False, "pair_style deepmd is deepion's")):
        monkeypatch.setattr(lammps_plugin, "deepmd_has_its_plugin", lambda its_own=its_own: its_own)
        monkeypatch.setattr(environment, "version", lambda name: "3.2.0")
        assert text in findings(environment.findings)["DeePMD-kit"].text


def test_timeout_must_be_positive():
    from deepion.doctor import command

    with pytest.raises(InputError, match="--timeout 0"):
        command.run(Namespace(timeout=0.0))
