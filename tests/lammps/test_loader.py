# SPDX-License-Identifier: MIT
"""The loader: which shim it opens, and what it says where there is none that fits. LAMMPS then does not know the styles."""

import re
import subprocess

import pytest

from deepion.shims.names import Identity, shim_name
from lammps_runs import PLUGIN, lmp
from plugin_folders import SHIM, plugin_folder

HERE = "20250722 stable_22Jul2025_update4 with MPICH Version:"


def not_loaded(folder, plugin, ranks=1, **options):
    """Runs an input that needs the plugin; returns the one line that says why it is not loaded."""
    run = lmp("units metal\npair_style deepmd/onnx a.onnx\n", folder, ranks=ranks, plugin=plugin, timeout=60, **options)
    assert run.output.count("Unrecognized pair style 'deepmd/onnx'") == 1 and run.returncode != 0, run.output
    (line,) = re.findall(r"WARNING: deepion: plugin not loaded: (.*)", run.output)
    return line


@pytest.mark.parametrize("ranks", [1, 2])
def test_no_shim(tmp_path, ranks):
    line = not_loaded(tmp_path, plugin_folder(tmp_path / "folder"), ranks)
    assert f"it has nothing for this LAMMPS, {HERE}" in line and "(it has: nothing)" in line
    assert re.search(r"; build what fits with: deepion build-shim --lammps '/\S+/liblammps\.so[.0-9]*'", line)


def test_shims_at_hand_are_named(tmp_path, monkeypatch):
    plugin = plugin_folder(tmp_path / "folder", b"", "deepion-20240829-stable_29Aug2024_update3-openmpi.so")
    (tmp_path / "more").mkdir()
    (tmp_path / "more/deepion-20260704-unknown-mpich-bigbig.so").touch()
    line = not_loaded(tmp_path, plugin, env={"DEEPION_SHIM_PATH": f"/nowhere::{tmp_path}/more"})
    assert "(it has: 20240829-stable_29Aug2024_update3-openmpi, 20260704-unknown-mpich-bigbig)" in line


def test_shim_path(models, data, tmp_path):
    """A shim that somebody built for all: its folder need not be that of the plugin."""
    plugin = plugin_folder(tmp_path / "folder")
    text = f"units metal\nread_data {data}\npair_style deepmd/onnx {models['a']}\npair_coeff * * Li S\nrun 0\n"
    ort = {"ORT_DYLIB_PATH": str(PLUGIN.with_name("libonnxruntime.so"))}
    run = lmp(text, tmp_path, plugin=plugin, env=ort | {"DEEPION_SHIM_PATH": f"/nowhere:{PLUGIN.parent}"})
    assert run.returncode == 0 and "Loop time" in run.output, run.output


@pytest.mark.parametrize("ranks", [1, 2])
def test_shim_of_another_build_under_the_wrong_name(tmp_path, ranks):
    content = SHIM.read_bytes().replace(b"stable_22Jul2025_update4", b"stable_22Jul2025_update2")
    line = not_loaded(tmp_path, plugin_folder(tmp_path / "folder", content), ranks)
    assert (
        f"{SHIM.name} does not fit: it was compiled for LAMMPS stable_22Jul2025_update2 (20250722), "
        "but this is LAMMPS stable_22Jul2025_update4 (20250722); build what fits with: deepion build-shim"
    ) in line


def test_shim_of_another_deepion(tmp_path):
    content = SHIM.read_bytes()
    (fingerprint,) = set(re.findall(rb"\d+\.\d+\.\d+-[0-9a-f]{16}", content))
    changed = content.replace(fingerprint, fingerprint[:-4] + b"beef")
    line = not_loaded(tmp_path, plugin_folder(tmp_path / "folder", changed))
    assert (
        f"it was compiled for deepion {fingerprint[:-4].decode()}beef, but this is deepion {fingerprint.decode()}"
        in line
    )


def test_damaged_files(tmp_path):
    line = not_loaded(tmp_path, plugin_folder(tmp_path / "a", b"no library"))
    assert f"{SHIM.name} cannot be opened: " in line and "deepion build-shim" in line
    line = not_loaded(tmp_path, plugin_folder(tmp_path / "b", SHIM.read_bytes(), library=False))
    assert f"{tmp_path}/b/libdeepion.so: cannot open shared object file" in line


# --- a LAMMPS that is only a C library interface -------------------------------------------------------------------------

HOST = r"""
#include <dlfcn.h>
#include <cstdio>
#include <cstring>
extern "C" {
#ifndef SILENT
int lammps_version(void *) { return VERSION; }
int lammps_extract_setting(void *, const char *name)
{
  return !strcmp(name, "tagint") ? TAGINT : !strcmp(name, "bigint") ? 8 : 0;
}
#endif
#ifdef MPI
int MPI_Get_library_version(char *text, int *length) { strcpy(text, MPI); *length = strlen(MPI); return 0; }
#endif
void add_style(void *, void *) {}
}
namespace LAMMPS_NS { struct LAMMPS { static const char *git_descriptor(); }; }
const char *LAMMPS_NS::LAMMPS::git_descriptor() { return DESCRIPTOR; }
int main(int, char **argv)
{
  void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!plugin) { puts(dlerror()); return 1; }
  auto init = (void (*)(void *, void *, void *)) dlsym(plugin, "lammpsplugin_init");
  init(nullptr, plugin, (void *) &add_style);
}
"""


def host_says(folder, version=20260704, tagint=4, descriptor="(unknown)", mpi="", silent=False):
    """What the loader prints in a program that shows no more of LAMMPS than what the loader asks for."""
    source, program = folder / "host.cpp", folder / "host"
    source.write_text(HOST)
    options = [f"-DVERSION={version}", f"-DTAGINT={tagint}", f'-DDESCRIPTOR="{descriptor}"']
    options += [f'-DMPI="{mpi}"'] * bool(mpi) + ["-DSILENT"] * silent
    subprocess.run(["c++", "-rdynamic", *options, "-o", program, source, "-ldl"], check=True, timeout=60)
    plugin = plugin_folder(folder / "folder", b"", "deepion-0-made_up-mpich.so")
    done = subprocess.run([program, plugin], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    return done.stderr


@pytest.mark.parametrize(
    "family, mpi",
    [
        ("serial", ""),
        ("serial", "LAMMPS MPI STUBS"),
        ("mpich", "MPICH Version:\t5.0.1\\n more"),
        ("mpich", "Intel(R) MPI Library 2021.13 for Linux* OS\\n"),
        ("openmpi", "Open MPI v4.1.4, package: Debian OpenMPI"),
        ("othermpi", "Some MPI 1.0"),
    ],
)
@pytest.mark.parametrize("descriptor, tagint", [("(unknown)", 4), ("patch_4Jul2026-5-gab-modified", 8)])
def test_the_name_that_is_looked_for(tmp_path, family, mpi, descriptor, tagint):
    """The loader and the tools spell names of shims alike: an empty file of that name is found, and is no library."""
    name = shim_name(Identity(20260704, descriptor, family, tagint == 8))
    said = host_says(tmp_path, tagint=tagint, descriptor=descriptor, mpi=mpi)
    assert f"it has nothing for this LAMMPS, 20260704 {descriptor} with" in said and "(it has: 0-made_up-mpich)" in said
    (tmp_path / "folder" / name).touch()
    done = subprocess.run(
        [tmp_path / "host", tmp_path / "folder" / PLUGIN.name], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and f"{name} cannot be opened: " in done.stderr


def test_lammps_without_a_c_interface(tmp_path):
    assert "plugin not loaded: this LAMMPS does not show its C library interface" in host_says(tmp_path, silent=True)
