# SPDX-License-Identifier: MIT
"""The same result on any number of MPI ranks and threads, for every kind of box."""

import numpy as np
import pytest

from lammps_runs import Batch, assert_same, assert_signal, good, lmp
from small_models import Box, random_box


def geometries():
    """Name -> (box, boundary, further commands)."""
    box = random_box()
    tall = box.cell.copy()
    tall[2, 2] = 60.0
    layered = box.changed(types=1 + (box.x[:, 2] > box.cell[2, 2] / 2))
    return {
        "orthogonal": (box, "p p p", ""),
        "triclinic": (random_box(seed=2, tilt=2.0), "p p p", ""),
        "open": (box, "f f f", ""),
        "slab with empty ranks": (box.changed(cell=tall), "p p f", "processors 1 1 *"),
        "ranks without one of the types": (layered, "p p p", "processors 1 1 *"),
        "fewer atoms than ranks": (Box([[1, 1, 1], [2.5, 1.4, 1.2]], [1, 2], 6.0 * np.eye(3)), "p p p", ""),
        "box smaller than the cutoff": (random_box(n=2, spacing=1.9, shift=0.1), "p p p", ""),
        "tiled": (random_box(n=6), "p p p", "comm_style tiled"),
    }


@pytest.fixture(scope="module")
def results(models, tmp_path_factory):
    """(precision, ranks, threads) -> evaluations, dump files."""
    found = {}
    for precision, ranks, threads in (
        ("double", 1, 1),
        ("double", 2, 1),
        ("double", 4, 1),
        ("double", 1, 2),
        ("double", 2, 2),
        ("mixed", 1, 1),
        ("mixed", 1, 2),
        ("mixed", 4, 1),
    ):
        folder = tmp_path_factory.mktemp("parallel")
        batch = Batch(folder)
        for k, (box, boundary, commands) in enumerate(geometries().values()):
            data = box.write(folder / f"data.{k}")
            style = f"deepmd/onnx {models['a']} precision {precision} check no"
            batch.add(data, style, before=f"boundary {boundary}\n{commands}", after="balance 1.0 rcb" * (k == 7))
        evaluations = batch.run(ranks=ranks, threads=threads, timeout=120)
        dumps = [(folder / f"dump.{k}").read_text() for k in range(len(evaluations))]
        found[precision, ranks, threads] = dict(zip(geometries(), zip(evaluations, dumps, strict=True), strict=True))
    return found


@pytest.mark.parametrize("name", geometries())
def test_ranks_agree(results, name, python_values, models):
    one, _ = results["double", 1, 1][name]
    box, boundary, _ = geometries()[name]
    if name != "box smaller than the cutoff":
        assert_signal(one, 0.01)
    periodic = tuple(letter == "p" for letter in boundary.split())
    assert_same(python_values(models["a"], box, periodic=periodic), one, 1e-10)
    for ranks in (2, 4):
        assert_same(one, results["double", ranks, 1][name][0], 1e-10)
    assert_same(results["mixed", 1, 1][name][0], results["mixed", 4, 1][name][0], 1e-5)


@pytest.mark.parametrize("name", geometries())
@pytest.mark.parametrize(("precision", "ranks"), [("double", 1), ("double", 2), ("mixed", 1)])
def test_threads_agree_bit_for_bit(results, name, precision, ranks):
    assert results[precision, ranks, 1][name][1] == results[precision, ranks, 2][name][1]


def test_threads_of_openmp_that_wait_in_a_busy_loop_are_named(models, tmp_path):
    """`package omp`: LAMMPS' neighbor list on all threads, the same energy, and what the environment must say besides."""
    data = geometries()["orthogonal"][0].write(tmp_path / "data")
    script = f"units metal\nread_data {data}\npair_style deepmd/onnx {models['a']} check no\n"
    script += "pair_coeff * *\nthermo_style custom step pe\nthermo_modify format float %.17g\nrun 0\nrun 0\n"
    openmp = ("-pk", "omp", "2")
    energies = set()
    for args, policy, warnings in ((openmp, "", 1), (openmp, "PASSIVE", 0), ((), "", 0)):
        run = lmp(script, tmp_path, threads=2, env={"OMP_WAIT_POLICY": policy} if policy else {}, args=args)
        if any("OPENMP" in error for error in run.errors()):
            pytest.skip("this LAMMPS has no OPENMP package")
        assert good(run).output.count("set OMP_WAIT_POLICY=passive in the environment") == warnings
        assert ("attributes: full, newton on, omp" in run.output) == bool(args)
        energies |= {table["PotEng"][0] for table in run.thermo}
    assert len(energies) == 1
