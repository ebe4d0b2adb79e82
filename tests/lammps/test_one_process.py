# SPDX-License-Identifier: MIT
"""The tests' own tool: scripts that share a LAMMPS do not share their failures."""

import pytest

from lammps_runs import lmp_each


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_script_that_ends_the_process_fails_alone(tmp_path, ranks):
    # the parent, or where a shell stands between, its parent
    (tmp_path / "die").write_text(
        'p=$PPID; case $(cat /proc/$p/comm) in *sh) p=$(cut -d" " -f4 /proc/$p/stat);; esac; kill -9 $p'
    )
    scripts = {
        "good": "units metal\nprint here",
        "refused": "units metal\nunits none\nprint here",
        "killed": f"print here\nshell sh {tmp_path}/die\n",
        "good again": "print here",
        "ends well": "print here",
    }
    runs = lmp_each(scripts, tmp_path / "runs", ranks)
    assert list(runs) == list(scripts)
    good = [name for name, run in runs.items() if run.returncode == 0]
    assert good == ["good", "good again", "ends well"]
    assert all(runs[name].output.count("here") == 1 and not runs[name].errors() for name in good)
    assert len(runs["refused"].errors()) == 1 and "Unknown units style none" in runs["refused"].errors()[0]
    assert "the process ended here" in runs["killed"].output
