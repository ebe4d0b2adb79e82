# SPDX-License-Identifier: MIT
"""Pictures of what the fixes write in LAMMPS and deepion-merge makes of it, from a Lennard-Jones mixture."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deepion.constants import BOLTZMANN
from deepion.plots.arrhenius_line import Line
from deepion.results.tables import (
    COORDINATION,
    HISTORY,
    HOPS,
    HOPS_LADDER,
    HOPS_RESIDENCE,
    LADDER,
    RDF,
    TRANSPORT,
    VACF,
    VANHOVE,
    VANHOVE_DISTINCT,
    VANHOVE_SELF,
    VDOS,
    read,
)

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TEMPERATURES = (900, 1200, 1500)
INPUT = """units metal
atom_style atomic
lattice fcc 5.6
region box block 0 3 0 3 0 3
create_box 2 box
create_atoms 1 box
set type 1 type/fraction 2 0.4 777
mass 1 39.9
mass 2 7.0
group ion type 2
group other type 1
pair_style lj/cut 7.5
pair_coeff * * 0.0104 3.00
velocity all create {temperature} 4928459
fix 1 all nvt temp {temperature} {temperature} 0.1
timestep 0.002
plugin load {plugin}
fix tr ion ion/transport 5 temp {temperature} charge 1 fit 0.1 0.5 output 500 title "LJ, {temperature} K" &
    file {temperature}.dat history {temperature}.his state {temperature}.json
fix co ion ion/coordination 20 other rcut 2.8 4.0 5 file co.dat title LJ
fix po ion ion/polyhedra 20 other 2.6 3.4 file polyhedra.dat names A B title LJ
fix rho ion ion/density 20 spacing 1 file density.dat cube density.cube temp 1000 title LJ
fix rd ion ion/rdf 20 other 7.0 70 file rdf.dat title LJ
fix vh ion ion/vanhove 5 6.0 60 lags 10 3 file vh.dat self self.dat distinct ion 10 gd.dat title LJ
fix ho ion ion/hops 5 10 1.0 temp {temperature} file hops.dat state {temperature}.hops residence stay.dat title LJ
fix vi all ion/vdos 5 100 names A B file vdos.dat vacf vacf.dat title LJ
run 3000
"""


def succeed(*command, folder: Path) -> str:
    result = subprocess.run(
        list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Results at three temperatures, and the ladder."""
    path = tmp_path_factory.mktemp("results")
    for temperature in TEMPERATURES:
        (path / "in").write_text(INPUT.format(temperature=temperature, plugin=ROOT / "build/deepionplugin.so"))
        succeed(BIN / "lmp", "-in", "in", "-log", "none", folder=path)
    states = [f"{temperature}.json" for temperature in TEMPERATURES]
    merge = ROOT / "build/deepion-merge"
    succeed(merge, *states, "--fit", "0.1", "0.5", "--out", "ladder.dat", folder=path)
    succeed(merge, *(f"{temperature}.hops" for temperature in TEMPERATURES), "--out", "rates.dat", folder=path)
    return path


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("900.dat", TRANSPORT, "LJ, 900 K"),
        ("900.his", HISTORY, "LJ, 900 K"),
        ("ladder.dat", LADDER, ""),
        ("co.dat", COORDINATION, "LJ"),
        ("rdf.dat", RDF, "LJ"),
        ("vh.dat", VANHOVE, "LJ"),
        ("self.dat", VANHOVE_SELF, "LJ"),
        ("gd.dat", VANHOVE_DISTINCT, "LJ"),
        ("hops.dat", HOPS, "LJ"),
        ("stay.dat", HOPS_RESIDENCE, "LJ"),
        ("rates.dat", HOPS_LADDER, ""),
        ("vdos.dat", VDOS, "LJ"),
        ("vacf.dat", VACF, "LJ"),
    ],
)
def test_tables_are_read(folder, name, kind, title):
    table = read(folder / name, kind)
    assert table.title == title
    assert table.origin[0].startswith("deepion ")
    if name in ("ladder.dat", "rates.dat"):
        ending = "json" if name == "ladder.dat" else "hops"
        assert table.joined == [f"{temperature}.{ending}" for temperature in TEMPERATURES]
    else:
        assert any(line.startswith("LAMMPS ") for line in table.origin)
    assert bool(table.quantities) == (not name.endswith(".his"))


def test_line_of_the_ladder_is_that_of_least_squares(folder):
    """The line, its band and activation energy as deepion-merge wrote them against an independent fit of its rows.

    The relative errors lie on a straight line through their logarithms against 1/T.
    """
    table = read(folder / "ladder.dat", LADDER)
    of, kelvin = table.quantity("D"), table.column("temperature")
    x = 1.0 / (BOLTZMANN * kelvin)
    weighted = np.isfinite(of.errors).all()
    weights = np.ones_like(x)
    if weighted:
        smoothed = np.polyval(np.polyfit(x, np.log(of.errors / of.values), 1), x)
        weights = np.exp(-smoothed)
    (slope, intercept), covariance = np.polyfit(x, np.log(of.values), 1, w=weights, cov="unscaled")
    scatter = (((np.log(of.values) - slope * x - intercept) * weights) ** 2).sum() / (len(x) - 2)
    covariance = covariance * (max(scatter, 1.0) if weighted else scatter)
    (line,) = [Line.of(one) for one in table.series("lines") if one["quantity"] == "D"]
    assert (line.energy, line.ln_prefactor) == pytest.approx((-slope, intercept), rel=1e-8)
    at = 1.0 / (BOLTZMANN * 700.0)
    variance = covariance[0, 0] * at**2 + 2 * covariance[0, 1] * at + covariance[1, 1]
    assert np.log(line.factor(700.0)) == pytest.approx(np.sqrt(variance), rel=1e-6)
    energy = table.need("E_a_D")
    assert (energy.value, energy.error) == pytest.approx((line.energy, np.sqrt(covariance[0, 0])), rel=1e-8)


@pytest.mark.parametrize(
    "arguments",
    [
        ["plot_transport.py", "900.dat"],
        ["plot_transport.py", "900.dat", "1200.dat", "1500.dat"],
        ["plot_transport.py", "--history", "900.his", "1500.his"],
        ["plot_arrhenius.py", "ladder.dat"],
        ["plot_coordination.py", "co.dat"],
        ["plot_coordination.py", "--vdos", "vdos.dat", "--out", "both.png", "co.dat"],
        ["plot_vdos.py", "vdos.dat"],
        ["deepion plot entropy", "co.dat"],
        ["deepion plot rdf", "rdf.dat"],
        ["deepion plot density", "density.dat"],
        ["deepion plot hops", "hops.dat", "stay.dat", "rates.dat"],
        ["deepion plot vanhove", "vh.dat"],
        ["deepion plot vanhove", "vh.dat", "self.dat", "gd.dat"],
        ["deepion plot polyhedra", "polyhedra.dat"],
    ],
    ids=" ".join,
)
def test_pictures_are_drawn(folder, arguments):
    script, *words = arguments
    given = "--out" in words
    shim = [sys.executable, ROOT / "scripts" / script]
    program = [BIN / "deepion", *script.split()[1:]] if script.startswith("deepion ") else shim
    printed = succeed(*program, *words, *([] if given else ["x.png"]), folder=folder)
    picture = "both.png" if given else "x.png"
    assert printed == f"wrote {picture}\n"
    assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    (folder / picture).unlink()
