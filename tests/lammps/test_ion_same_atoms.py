# SPDX-License-Identifier: MIT
"""Ions that change their atom type during a measurement: refused, in the same words, by all styles that measure over time."""

import pytest

from ion_runs import free_flight, gas
from lammps_runs import lmp

MESSAGE = (
    "ions changed their atom types since the measurement began (fix atom/swap and set type do that): the same atoms of the same "
    "types are needed throughout; use another ID to start a new measurement"
)
STYLES = {
    "fix ion/transport": "fix x ion ion/transport 5",
    "compute ion/msd": "compute x ion ion/msd\nthermo_style custom step c_x[4]",
    "fix ion/coordination": "fix x ion ion/coordination 5 frame rcut 1.5 2 2",
    "fix ion/rdf": "fix x ion ion/rdf 5 frame 1.9 10",
    "fix ion/density": "fix x ion ion/density 5 spacing 1",
    "fix ion/vanhove": "fix x ion ion/vanhove 5 4.0 10",
    "fix ion/polyhedra": "fix x ion ion/polyhedra 5 frame 1.5 1.9",
    "fix ion/hops": "fix x ion ion/hops 5 4 1.5",
    "fix ion/vdos": "fix x ion ion/vdos 5 4",
}
# One ion becomes another element, or two ions of different types in the group change places, which no number of atoms shows.
CHANGES = {"one": ("", "set atom 1 type 3"), "two": ("set atom 1 type 3", "set atom 2 type 3\nset atom 1 type 1")}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = gas(tmp_path_factory.mktemp("data") / "data")
    ions = [
        int(line.split()[0])
        for line in path.read_text().split("Atoms")[1].split("Velocities")[0].splitlines()[2:-1]
        if line.split()[1] == "1"
    ]
    return path, ions[:2]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("style", STYLES)
def test_types_change(tmp_path, data, style, change):
    path, (one, two) = data
    before, between = (
        commands.replace("atom 1 ", f"atom {one} ").replace("atom 2 ", f"atom {two} ") for commands in CHANGES[change]
    )
    script = free_flight(path, read=f"read_data {path} extra/atom/types 1\nmass 3 10")
    script += f"group frame type 2\n{before}\n{STYLES[style]}\nrun 10\nwrite_restart half\n"
    run = lmp(script + f"{between}\nrun 10\n", tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert f"{style} x: {MESSAGE}" in error

    # after a restart, too
    script = free_flight(path, read="read_restart half") + "group frame type 2\n"
    run = lmp(script + f"{between}\n{STYLES[style]}\nrun 10\n", tmp_path, ranks=1)
    (error,) = set(run.errors())
    # numbers of atoms of each species are settings of fix ion/vdos
    other_settings = style == "fix ion/vdos" and change == "one"
    expected = "saved state of ion/vdos was made with other settings: types was" if other_settings else MESSAGE
    assert f"{style} x: {expected}" in error
