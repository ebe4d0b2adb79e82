# SPDX-License-Identifier: MIT
"""`scripts/test` adds up what ran and never hides a failure: tried with stand-ins for the set-up and for every tool."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTS = (ROOT / "scripts/test").read_text().count('\n    lint "')  # the calls of the function of that name
SETUP = """
set -euo pipefail
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
say() { printf '[deepion] %s\\n' "$*"; }
"""
CARGO_TEST = """
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests deepion
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""
CARGO_FAILING = CARGO_TEST.replace("ok. 2 passed; 0 failed", "FAILED. 0 passed; 2 failed")
REPORT = '<testsuites><testsuite errors="{errors}" failures="{failures}" skipped="1" tests="10"/></testsuites>'
GREEN = REPORT.format(errors=0, failures=0)


@pytest.fixture
def scripts_test(tmp_path):
    """Run `scripts/test` in a checkout of stand-ins; `cargo` = (status of cargo test, its output), `xml` = pytest's report or None."""
    checkout, tools = tmp_path / "checkout", tmp_path / "bin"
    for folder in [checkout / "scripts", checkout / "cpp", tools]:
        folder.mkdir(parents=True)
    (checkout / "cpp/a.cpp").touch()
    (checkout / "scripts/setup").write_text(SETUP)
    shutil.copy(ROOT / "scripts/test", checkout / "scripts/test")

    def run(*parts, cargo=(0, CARGO_TEST), xml=GREEN, pytest_status=0, lint_status=0):
        (tmp_path / "cargo.txt").write_text(cargo[1])
        (tmp_path / "report.xml").write_text(xml or "")
        copy = f'cp {tmp_path}/report.xml "$report"' if xml else ":"
        fakes = {
            "cargo": f"case $1 in test) cat {tmp_path}/cargo.txt; exit {cargo[0]};; *) exit 0;; esac",
            "ruff": "exit 0",
            "mkdocs": "exit 0",
            "mypy": "exit 0",
            "shellcheck": "exit 0",
            "clang-format": f"echo badly formatted; exit {lint_status}",
            "python": f'if [ "$2" != pytest ]; then exec {sys.executable} "$@"; fi\n'
            f'while [ "$1" != --junitxml ]; do shift; done; report=$2; {copy}; exit {pytest_status}',
        }
        for name, body in fakes.items():
            (tools / name).write_text(f"#!/bin/sh\n{body}\n")
            (tools / name).chmod(0o755)
        result = subprocess.run(
            ["bash", checkout / "scripts/test", *parts],
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return result.returncode, result.stdout.splitlines()[-1], result.stdout

    return run


def test_everything_passes(scripts_test):
    status, last, output = scripts_test()
    assert (status, last) == (0, f"{LINTS + 23} passed, 0 failed")  # 5 Rust, 2 x 9 Python
    assert "[deepion] not run (skipped): 3" in output


def test_failed_tests_are_counted(scripts_test):
    status, last, output = scripts_test(
        "rust", "python", cargo=(101, CARGO_FAILING), xml=REPORT.format(errors=1, failures=2), pytest_status=1
    )
    assert (status, last) == (1, "9 passed, 5 failed")
    assert "[deepion] failed: cargo test (2),pytest python (3)" in output


def test_a_failed_lint_is_a_failed_test(scripts_test):
    status, last, output = scripts_test("lint", lint_status=1)
    assert (status, last) == (1, f"{LINTS - 1} passed, 1 failed")
    assert "badly formatted\n[deepion] clang-format: FAILED" in output


@pytest.mark.parametrize("output", ["error: could not compile `deepion-bridge`\n", CARGO_TEST])
def test_cargo_failing_without_a_failed_test(scripts_test, output):
    status, last, _ = scripts_test("rust", cargo=(101, output))
    assert status == 1
    assert last.endswith(" passed, 1 failed")


@pytest.mark.parametrize("xml", [None, "<testsuites><testsu", GREEN])
def test_pytest_failing_without_a_failed_test(scripts_test, xml):
    status, last, _ = scripts_test("lammps", xml=xml, pytest_status=4)
    assert status == 1
    assert last.endswith(" passed, 1 failed")
