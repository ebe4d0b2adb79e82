# SPDX-License-Identifier: MIT
"""`scripts/build_wheel --portable` makes a wheel for glibc 2.28: its symbols, and a run with the C library of an older Debian.

`scripts/test portable` runs this; it needs Debian's tools (apt-get, dpkg) and the network.
"""

import os
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from symbols import binaries, needed, unknown

from deepion.lammps_plugin import onnxruntime_library

ROOT = Path(__file__).parents[2]

DISTRIBUTION = "bullseye"  # glibc 2.31, libstdc++ of g++ 10: the oldest that Debian's servers still have
PACKAGES = ["libc6", "libgcc-s1", "libstdc++6", "libcrypt1"]
INPUT = f"""
units metal
atom_style atomic
read_data {ROOT}/tests/data/structures/one_type.data
plugin load {{plugin}}
pair_style deepmd/onnx {{model}}
pair_coeff * * Li
fix tr all ion/transport 1 temp 300 drift none
fix 1 all nve
run 2
print "energy $(pe:%.15g)"
"""


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> Path:
    """What the wheel holds."""
    folder = tmp_path_factory.mktemp("portable")
    subprocess.run([ROOT / "scripts/build_wheel", "--portable", folder / "dist"], check=True, timeout=7200)
    (wheel,) = (folder / "dist").iterdir()
    assert re.fullmatch(r"deepion-[\d.]+-py3-none-manylinux_2_28_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "content")
    return folder / "content/deepion"


def debian_archive() -> str:
    """Where the system gets its own packages from."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    words = ["--no-release-info", "--format", "$(SITE)", f"Release: {release}", "Component: main"]
    sites = subprocess.run(
        ["apt-get", "indextargets", *words], check=True, capture_output=True, text=True
    ).stdout.split()
    assert sites, f"the system's apt sources have no line for {release} main"
    return sites[0]


@pytest.fixture(scope="module")
def old_libraries(tmp_path_factory) -> Path:
    """The C and C++ libraries of an old Debian, unpacked."""
    folder = tmp_path_factory.mktemp("old")
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {debian_archive()} {DISTRIBUTION} main\n")
    for name in ["lists/partial", "archives/partial"]:
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    options = {
        "Dir::Etc::SourceList": "sources.list",
        "Dir::Etc::SourceParts": "none",
        "Dir::State::Lists": "lists",
        "Dir::State::status": "status",
        "Dir::Cache": "",
        "Dir::Cache::archives": "archives",
    }
    words = [word for key, value in options.items() for word in ["-o", f"{key}={folder / value}"]]
    subprocess.run(["apt-get", *words, "update"], check=True, cwd=folder, timeout=300)
    subprocess.run(["apt-get", *words, "download", *PACKAGES], check=True, cwd=folder, timeout=300)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    return folder / "root"


def test_nothing_is_newer_than_glibc_2_28(content):
    newer = {binary.name: [str(s) for s in needed(binary) if s.is_newer()] for binary in binaries(content)}
    assert len(newer) >= 7 and not any(newer.values()), newer
    assert unknown(content) == {}


def test_same_energy_with_an_old_glibc(content, old_libraries, tmp_path):
    model = tmp_path / "model.onnx"
    subprocess.run(
        [Path(sys.prefix, "bin/deepion"), "export", ROOT / "tests/data/models/one_type.dp", model, "--full-only"],
        check=True,
    )
    script = tmp_path / "in.test"
    script.write_text(INPUT.format(plugin=content / "plugin/deepionplugin.so", model=model))
    packages = Path(sysconfig.get_path("purelib"))
    places = [f"lib/{os.uname().machine}-linux-gnu", f"usr/lib/{os.uname().machine}-linux-gnu"]
    (loader,) = old_libraries.glob("lib/*-linux-gnu/ld-linux-*.so.*")
    old = [
        loader,
        "--library-path",
        ":".join(str(place) for place in [*(old_libraries / p for p in places), Path(sys.prefix, "lib")]),
    ]
    outputs = [run([*start, packages / "lammps/lmp", "-in", script, "-log", "none"], tmp_path) for start in [[], old]]
    energies = [re.findall(r"^energy (\S+)$", output, re.MULTILINE) for output in outputs]
    assert len(energies[0]) == 1 and energies[0] == energies[1]
    merge = run([*old, content / "bin/deepion-merge", "--help"], tmp_path)
    assert "Usage: deepion-merge" in merge


def run(command: list, folder: Path) -> str:
    """Both outputs of a command that must succeed."""
    variables = {
        "OMP_NUM_THREADS": "1",
        "ORT_DYLIB_PATH": str(onnxruntime_library()),
        "LD_LIBRARY_PATH": f"{sys.prefix}/lib",
        "HOME": str(folder),
    }
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr
