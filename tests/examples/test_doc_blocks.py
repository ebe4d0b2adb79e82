# SPDX-License-Identifier: MIT
"""The LAMMPS input that the pages show runs in LAMMPS, word for word."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "lammps"))
from lammps_runs import MODEL, PLUGIN, good, lmp  # noqa: E402

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "lammps-examples"
DATA = EXAMPLES / "quickstart/data.Ti10"
COMMANDS = {"units", "group", "compute", "fix", "variable", "thermo_style"}
# Everything but the measurement; free flight, for what is tried is the input and not the physics.
SETUP = f"""clear
units metal
read_data {DATA}
group lithium type 1
group sulfur type 3
pair_style zero 8.0
pair_coeff * *
"""
# The pages sample, look and halt at multiples of thousands of steps: at 10000 every one of them is met.
BEFORE = "timestep 0.001\nvelocity all create 500 4711\nreset_timestep 9990\n"
AFTER = "\nfix move all nve\nrun 20\n"
PAGES = sorted((ROOT / "doc/styles").glob("*_ion_*.md"))


def blocks(page: Path, section: str = "") -> list[str]:
    """The blocks of LAMMPS input in a section, or on a page."""
    text = page.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0] if section else page.read_text()
    found = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = [block for block in found if COMMANDS & {line.split(" ")[0] for line in block.splitlines()}]
    assert found, f"no LAMMPS input in {page}, {section}"
    return found


def run(script: str, folder: Path, *arguments):
    good(lmp(script, folder, timeout=120, args=arguments))


def whole_input(page: Path, section: str, folder: Path, *more: str) -> str:
    """A complete input of a page with its placeholders replaced, and lines of measurement after it."""
    (block,) = blocks(page, section)
    (folder / "my.data").symlink_to(DATA)
    (folder / "model.onnx").symlink_to(MODEL)
    block = block.replace("/path/to/deepion/build/deepionplugin.so", str(PLUGIN))
    read, rest = re.split(r"(?<=my\.data\n)", block)
    return "".join([read, BEFORE, rest, *more, AFTER])


def test_input_of_the_readme(tmp_path):
    good(lmp(whole_input(ROOT / "README.md", "Use it", tmp_path), tmp_path, plugin=None, timeout=120))


def test_guides_to_running_and_measuring(tmp_path):
    (measured,) = blocks(ROOT / "doc/guides/measuring.md")
    script = whole_input(ROOT / "doc/guides/running.md", "", tmp_path, measured)
    good(lmp(script, tmp_path, plugin=None, timeout=120))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_the_styles(tmp_path, page):
    (block,) = blocks(page, "Examples")
    # an empty line stands between one example and the next, with the same IDs
    run("".join(SETUP + BEFORE + example + AFTER for example in block.split("\n\n")), tmp_path)


def test_input_of_the_conductivity_guide(tmp_path):
    (step,) = blocks(ROOT / "doc/guides/conductivity.md")
    run(SETUP + BEFORE + step + AFTER, tmp_path, "-var", "temperature", "500")


@pytest.mark.parametrize("name", ["transport/in.transport", "li-ti-p-s/in.conductivity"])
def test_stop_criteria_of_the_examples_run(tmp_path, name):
    """The commented lines that stop a run run, or the variable that does so, where they have something to stop."""
    script, lines = re.subn(r"^#(?=(?:variable|fix)\s)", "", (EXAMPLES / name).read_text(), flags=re.MULTILINE)
    if name.endswith("in.conductivity"):
        script, lines = re.subn(r"until index 0 ", "until index 0.1 ", script)
        assert lines == 1
    else:
        assert lines == 2
    (tmp_path / "quickstart").symlink_to(DATA.parent)
    (tmp_path / "run").mkdir()
    script = re.sub(r"^run +1000$", "reset_timestep 990", script, flags=re.MULTILINE)  # not to wait for equilibrium
    values = {"model": MODEL, "plugin": PLUGIN, "data": DATA, "steps": 20}
    run(script, tmp_path / "run", *(word for key, value in values.items() for word in ("-var", key, str(value))))
