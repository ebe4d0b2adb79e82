# SPDX-License-Identifier: MIT
"""What `scripts/setup` says on a machine that lacks something: one line that tells how to get it, and nothing done."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What any Linux machine has; everything else is put there by the test.
BASICS = ["bash", "cat", "dirname", "env", "find", "grep", "mkdir", "rm", "sed", "sha256sum", "tail", "touch", "uname"]
RUST = 'echo "cargo 1.99.0 (0123456 2026-01-01)"'
GOOD = "exit 0"
BAD = "exit 1"
OLD_PYTHON = 'case "$2" in *version_info*) exit 1;; esac; exit 0'
NO_ENSUREPIP = 'case "$2" in *ensurepip*) exit 1;; esac; exit 0'


@pytest.fixture
def setup(tmp_path):
    """Run a copy of `scripts/setup` where PATH holds the basics and the given fake tools alone."""
    checkout, tools = tmp_path / "checkout", tmp_path / "bin"
    (checkout / "scripts").mkdir(parents=True)
    tools.mkdir()
    for name in ["scripts/setup", "Cargo.toml", "pyproject.toml", "requirements.lock"]:
        shutil.copy(ROOT / name, checkout / name)
    for name in BASICS:
        (tools / name).symlink_to(shutil.which(name))

    def run(**fakes: str) -> subprocess.CompletedProcess:
        for name, body in fakes.items():
            tool = tools / name.replace("_", ".").replace("plus", "+")
            tool.unlink(missing_ok=True)
            tool.write_text(f"#!/bin/sh\n{body}\n")
            tool.chmod(0o755)
        environment = {"PATH": str(tools), "HOME": str(tmp_path)}
        result = subprocess.run(
            ["bash", checkout / "scripts/setup"], env=environment, cwd="/", capture_output=True, text=True, timeout=60
        )
        assert not (checkout / ".venv").exists() or result.returncode == 0
        return result

    run.checkout = checkout
    return run


@pytest.mark.parametrize(
    ("fakes", "line"),
    [
        (
            {"cplusplus": GOOD, "python3": GOOD},
            "deepion: no Rust toolchain (cargo) found: install one from https://rustup.rs, then open a new shell",
        ),
        (
            {"cargo": 'echo "cargo 1.91.1 (abc 2025-11-01)"', "cplusplus": GOOD, "python3": GOOD},
            "deepion: Rust 1.91.1 is too old, 1.92 or newer is needed: run 'rustup update stable'",
        ),
        (
            {"cargo": RUST, "python3": GOOD},
            "deepion: no C++ compiler found: install one ('apt install g++' or 'dnf install gcc-c++'), or set CXX",
        ),
        (
            {"cargo": RUST, "gplusplus": BAD, "python3": GOOD},
            "deepion: g++ cannot compile C++17: install g++ 8 or newer "
            "('apt install g++' or 'dnf install gcc-c++'), or set CXX",
        ),
        (
            {"cargo": RUST, "cplusplus": GOOD},
            "deepion: no Python 3.11 or newer found: install one "
            "('apt install python3 python3-venv' or 'dnf install python3.12'), or set PYTHON",
        ),
        (
            {"cargo": RUST, "cplusplus": GOOD, "python3": OLD_PYTHON},
            "deepion: no Python 3.11 or newer found: install one "
            "('apt install python3 python3-venv' or 'dnf install python3.12'), or set PYTHON",
        ),
        (
            {"cargo": RUST, "cplusplus": GOOD, "python3": OLD_PYTHON, "python3_12": NO_ENSUREPIP},
            "deepion: python3.12 cannot make virtual environments (no ensurepip): "
            "run 'apt install python3-venv', or set PYTHON",
        ),
        (
            {"cargo": RUST, "cplusplus": GOOD, "python3": GOOD, "uname": "echo Darwin"},
            "deepion: this is Darwin, but deepion is built and tested on Linux only",
        ),
    ],
    ids=[
        "no cargo",
        "old cargo",
        "no compiler",
        "old compiler",
        "no python",
        "old python",
        "no ensurepip",
        "not linux",
    ],
)
def test_one_line_for_what_is_missing(setup, fakes, line):
    result = setup(**fakes)
    assert result.returncode == 1
    assert result.stderr == line + "\n"
    assert result.stdout == ""


def test_one_line_each_for_several(setup):
    result = setup()
    assert result.returncode == 1
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == [
        " no Rust toolchain (cargo) found",
        " no C++ compiler found",
        " no Python 3.11 or newer found",
    ]


def test_failing_step_shows_its_end_and_its_log(setup):
    result = setup(
        cargo=RUST,
        cplusplus=GOOD,
        python3='case "$2" in *ensurepip*|*version_info*) exit 0;; esac; echo "no space left on device" >&2; exit 1',
    )
    assert result.returncode == 1
    log = setup.checkout / "build/venv.log"
    assert result.stderr.splitlines()[-2:] == [
        "no space left on device",
        f"deepion: Python packages into .venv failed; the whole output is in {log}",
    ]


@pytest.mark.parametrize("script", ["setup", "test", "quickstart"])
def test_scripts_parse_and_run_from_anywhere(script):
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [("test", ["nonsense"]), ("quickstart", ["--ranks"]), ("quickstart", ["--steps", "0"]), ("quickstart", ["fast"])],
)
def test_wrong_arguments_say_the_usage(script, arguments):
    result = subprocess.run([ROOT / "scripts" / script, *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr.startswith(f"usage: scripts/{script} [")
    assert result.stdout == ""


def test_lock_pins_everything_asked_for():
    def entries(name):
        lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
        return [line for line in lines if line]

    pinned = {
        name.lower().replace("_", "-"): version
        for name, version in (e.split("==") for e in entries("requirements.lock"))
    }
    for entry in entries("requirements.in"):
        name, _, version = entry.partition("==")
        name = name.split("[")[0].lower()
        assert pinned[name]
        assert not version or pinned[name] == version
