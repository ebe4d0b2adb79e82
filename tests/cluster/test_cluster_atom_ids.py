# SPDX-License-Identifier: MIT
"""Atom IDs above 2^31, in a LAMMPS with 8-byte IDs (bigbig)."""

import numpy as np
import pytest

from ion_runs import free_flight, gas_atoms, table, write_moving
from lammps_runs import assert_same, assert_signal, evaluate, good, lmp
from small_models import random_box, write_model
from source_builds import FACTS

pytestmark = pytest.mark.skipif(not FACTS.identity.bigbig, reason="this LAMMPS has 4-byte atom IDs")
FIRST = 2**32 + 5  # the lower four bytes of these IDs are small numbers: cut off, they would still look right
MEASURE = """fix tr ion ion/transport 2 lags 3 3 drift none fit 0.01 0.05 output 20 file tr.txt
fix cn ion ion/coordination 2 frame rcut 1.5 1.9 2 output 20 file cn.txt
fix vd ion ion/vdos 2 8 origins 3 names A B output 20 file vd.txt
compute m ion ion/msd drift none
thermo 20
thermo_style custom step c_m[4] f_tr f_tr[20] f_cn f_vd
thermo_modify format float %.17g
"""


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_potential(tmp_path, ranks):
    """IDs so far apart that an array by ID cannot be made: LAMMPS hashes them."""
    model = write_model(tmp_path / "a.onnx", 1)
    box = random_box()
    far = box.changed(ids=FIRST + box.ids * 2**24)
    style = f"deepmd/onnx {model} precision double"
    results = {}
    for name, atoms in (("near", box), ("far", far)):
        (tmp_path / name).mkdir()
        data = atoms.write(tmp_path / name / "data")
        results[name] = evaluate(tmp_path / name, data, style, ranks=ranks)
    assert_signal(results["near"])
    assert np.array_equal(results["far"].ids, far.ids)
    assert_same(results["near"], results["far"], 1e-12)


def test_model_deviation(tmp_path):
    """Per atom it is refused: its columns are numbered from 1."""
    models = [write_model(tmp_path / f"{k}.onnx", k) for k in (1, 2)]
    box = random_box()
    data = box.changed(ids=FIRST + box.ids * 2**24).write(tmp_path / "data")
    style = f"deepmd/onnx {models[0]} {models[1]} out_file md.out"
    script = f"units metal\natom_style atomic\nread_data {data}\nneighbor 1 bin\npair_style {style}\npair_coeff * * Li S\nrun 0\n"
    near = tmp_path / "near"
    near.mkdir()
    good(lmp(script, tmp_path))
    good(lmp(script.replace(str(data), str(box.write(near / "data"))), near))
    refused = lmp(script.replace("out_file md.out", "out_file md.out atomic"), near)
    assert "keyword atomic needs atom IDs from 1 to the number of atoms" in refused.errors()[0]
    assert (tmp_path / "md.out").read_text() == (near / "md.out").read_text()


def test_measurements_and_restart(tmp_path):
    """The same files as with small IDs, on any number of ranks, and after a restart on more ranks."""
    box, v = gas_atoms()
    files = {}
    for name, ids, ranks in (("near", box.ids, 1), ("far", FIRST + box.ids, 1), ("ranks", FIRST + box.ids, 4)):
        folder = tmp_path / name
        folder.mkdir()
        data = write_moving(box.changed(ids=ids), v, folder / "data")
        script = free_flight(data) + "group frame type 2\n" + MEASURE
        good(lmp(script + "run 60\nwrite_restart half\nrun 60\n", folder, ranks=ranks))
        files[name] = [table(folder / f) for f in ("tr.txt", "cn.txt", "vd.txt")]
        folder = tmp_path / f"{name}-restarted"
        folder.mkdir()
        script = free_flight(data, read=f"read_restart ../{name}/half") + "group frame type 2\n" + MEASURE
        good(lmp(script + "run 60\n", folder, ranks=2))
        files[f"{name}-restarted"] = [table(folder / f) for f in ("tr.txt", "cn.txt", "vd.txt")]
    assert np.abs(files["near"][0]).max() > 0
    for found in files.values():
        for one, two in zip(files["near"], found, strict=True):
            assert np.allclose(one, two, rtol=1e-12, atol=0, equal_nan=True)
