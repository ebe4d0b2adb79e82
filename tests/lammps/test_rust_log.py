# SPDX-License-Identifier: MIT
"""Messages of the Rust side in LAMMPS' screen and log file: DEEPION_LOG chooses how many, rank 0 prints them."""

import pytest

from lammps_runs import good, lmp


def script(models, data):
    return f"""log log.lammps
units metal
read_data {data}
pair_style deepmd/onnx {models["a"]}
pair_coeff * * Li S
run 0
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_level_chooses_the_messages(models, data, tmp_path, ranks):
    text = script(models, data)
    quiet = good(lmp(text, tmp_path, ranks=ranks)).output
    assert "deepion: ONNX Runtime" not in quiet and "self-check of this rank" not in quiet

    info = good(lmp(text, tmp_path, ranks=ranks, env={"DEEPION_LOG": "info"}))
    assert info.output.count("deepion: ONNX Runtime 1.") == 1
    assert "deepion: ONNX Runtime 1." in (tmp_path / "log.lammps").read_text()
    assert "threads per MPI rank" in info.output and "self-check of this rank" not in info.output

    debug = good(lmp(text, tmp_path, ranks=ranks, env={"DEEPION_LOG": "debug"})).output
    assert debug.count("deepion: self-check of this rank: ") == 1
    assert "deepion: table of center type Li and neighbor type S: " in debug


def test_unknown_level_is_a_warning(models, data, tmp_path):
    output = good(lmp(script(models, data), tmp_path, env={"DEEPION_LOG": "loud"})).output
    assert output.count("DEEPION_LOG is 'loud', expected error, warn, info or debug: warn is used") == 1
    assert "WARNING: deepion: the environment variable DEEPION_LOG" in output
