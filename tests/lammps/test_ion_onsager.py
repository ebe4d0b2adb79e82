# SPDX-License-Identifier: MIT
"""fix ion/transport with several species: against plain numpy on the dump of the same run, over ranks, restarts and replicas, and what
it refuses."""

import itertools
import json
import math
import subprocess

import numpy as np
import pytest

from deepion.plots import onsager
from deepion.results.tables import LADDER, ONSAGER, TRANSPORT, read
from ion_runs import BOLTZMANN, CHARGE, DT, brownian, dump, free_flight, gas, lj, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each
from small_models import Box

FILE = 1e-11  # files have 13 digits
AVOGADRO = 6.02214076e23
EVERY, STEPS, N, LEVELS, KELVIN = 4, 1200, 5, 3, 700
CHARGES = {"ion": 1.0, "heavy": -2.0, "few": 0.5}  # of 32, 20 and 12 atoms
PAIRS = list(itertools.combinations_with_replacement(CHARGES, 2))
GROUPS = "group second type 2\ngroup low id 1:24\ngroup few intersect second low\ngroup heavy subtract second few\n"
SPECIES = " ".join(f"species {name} {charge}" for name, charge in list(CHARGES.items())[1:])
FILES = ("table.txt", "history.txt", "state.json", "onsager.txt")
KEEP = "output 40 file table.txt history history.txt state state.json onsager onsager.txt"


def correlations(sums):
    """From sums of positions [sample, species, 3]: rows of lag in samples, origins and the mean products of all pairs."""
    rows = []
    for level in range(LEVELS):
        unit = N**level
        stride = unit // N if level else 1  # 5 origins in each unit
        lags = [unit * k for k in range(2 if level else 1, N + 1)]
        for lag in sorted([*lags, *(range(unit + stride, 2 * unit, stride) if level else [])]):
            d = sums[lag::stride] - sums[: len(sums) - lag : stride] if lag < len(sums) else []
            if len(d):
                product = np.einsum("tia,tja->ij", d, d) / len(d)
                rows.append(
                    [lag, len(d), *(product[i, j] for i, j in itertools.combinations_with_replacement(range(3), 2))]
                )
    return np.array(rows)


@pytest.fixture(scope="module", params=["com", "framework", "none"])
def liquid(request, tmp_path_factory):
    drift = request.param
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=2.0 if drift == "com" else 0.0)) + GROUPS
    script += f"fix tr ion ion/transport {EVERY} drift {drift} temp {KELVIN} charge 1 {SPECIES} lags {N} {LEVELS} fit 0.1 0.4 "
    script += "file table.txt onsager onsager.txt history history.txt\n"
    columns = " ".join(f"f_tr[{k}]" for k in range(28, 40))
    script += f"thermo {STEPS}\nthermo_style custom step vol {columns}\nthermo_modify format float %.17g\n"
    script += f"dump d all custom {EVERY} dump id type x y z ix iy iz\n"
    script += f"dump_modify d sort id format float %.17g\nrun {STEPS}\n"
    run = good(lmp(script, folder, ranks=2 if drift == "framework" else 1, timeout=300))
    _, cells, frames = dump(folder / "dump")
    u, types = frames[:, :, 1:4] + frames[:, :, 4:7] @ cells[0], frames[0, :, 0]
    if drift == "framework":
        u = u - u[:, types == 2].mean(axis=1, keepdims=True)
    elif drift == "com":
        u = u - np.average(u, axis=1, weights=10.0 * types)[:, None]
    few = (types == 2) & (np.arange(1, 65) <= 24)
    members = np.array([types == 1, (types == 2) & ~few, few])
    return folder, run, drift, members.sum(axis=1), np.stack([u[:, one].sum(axis=1) for one in members], axis=1)


def test_same_numbers_as_numpy(liquid):
    folder, run, drift, counts, sums = liquid
    rows, expected = table(folder / "onsager.txt"), correlations(sums)
    np.testing.assert_allclose(rows[:, 0], expected[:, 0] * EVERY * DT, rtol=FILE)
    assert np.array_equal(rows[:, 1], expected[:, 1])
    sizes = [np.sqrt(counts[i] * counts[j]) for i, j in itertools.combinations_with_replacement(range(3), 2)]
    np.testing.assert_allclose(rows[:, 2::2], expected[:, 2:] / sizes, rtol=FILE, atol=1e-11)

    # lines with the weights that stand in the file, and what follows from their slopes
    found = read(folder / "onsager.txt", ONSAGER)
    weights = np.array(found.series("fit_weights"))
    at = [np.argmin(np.abs(rows[:, 0] - lag)) for lag in weights[:, 0]]
    slopes = weights[:, 1] @ expected[at, 2:] / 6
    volume = run.thermo[0]["Volume"][-1]
    coefficient = 1e-8 / (volume * 1e-30 * BOLTZMANN * KELVIN)  # 1/(J m s)
    z = np.array(list(CHARGES.values()))
    matrix = np.zeros((3, 3))
    for (one, other), slope, size in zip(PAIRS, slopes, sizes, strict=True):
        i, j = list(CHARGES).index(one), list(CHARGES).index(other)
        matrix[i, j] = matrix[j, i] = slope * coefficient
        name = f"{one}_{other}"
        scale = np.abs(slopes).max()
        assert found.need(f"D_{name}").value * size == pytest.approx(slope * 1e-4, rel=1e-9, abs=1e-9 * scale)
        both = 1 if i == j else 2
        sigma = both * z[i] * z[j] * CHARGE**2 * matrix[i, j] * 0.01
        assert found.need(f"sigma_{name}").value == pytest.approx(sigma, rel=1e-9)
        assert found.need(f"L_{name}").value == pytest.approx(matrix[i, j] / AVOGADRO**2, rel=1e-9)
        assert found.need(f"L_{name}").error > 0
    total = z @ matrix @ z
    values = [CHARGE**2 * total * 0.01, *(z * (matrix @ z) / total)]
    last = [run.thermo[0][f"f_tr[{k}]"][-1] for k in range(32, 40)]
    np.testing.assert_allclose(last[::2], values, rtol=1e-9)
    names = ["sigma_total", *(f"t_{name}" for name in CHARGES)]
    np.testing.assert_allclose(
        last, [part for name in names for part in (found.need(name).value, found.need(name).error)]
    )
    np.testing.assert_allclose(table(folder / "history.txt")[-1, -8:], last, rtol=FILE)
    assert read(folder / "table.txt", TRANSPORT).need("t_few").value == found.need("t_few").value
    if drift == "com":  # momentum: 10 per ion, 20 per other atom
        momentum = matrix @ [10.0, 20.0, 20.0]
        assert np.abs(momentum).max() < 1e-9 * np.abs(matrix).max()
    assert found.setting("charges_sum") == pytest.approx(32 - 2 * counts[1] + 0.5 * counts[2])


def whittle(f, power, terms):
    """Level, its variance and cost of a + b f^2 + ... by scoring."""
    basis = np.array([(f / f[-1]) ** (2 * k) for k in range(terms)]).T
    a = np.zeros(terms)
    a[0] = power.mean()

    def cost(a):
        s = basis @ a
        return 3 * (np.log(s) + power / s).sum() if (s > 0).all() else np.inf

    for _ in range(100):
        s = basis @ a
        information = 3 * basis.T @ (basis / s[:, None] ** 2)
        step = np.linalg.solve(information, 3 * basis.T @ ((power - s) / s**2))
        while cost(a + step) > cost(a) and np.abs(step).max() > 1e-14:
            step /= 2
        a = a + step
    return a[0], np.linalg.inv(information)[0, 0], cost(a)


def test_spectrum_of_the_flux_as_numpy(liquid):
    folder, run, _, counts, sums = liquid
    found = read(folder / "table.txt", TRANSPORT)
    z = np.array(list(CHARGES.values()))
    steps = np.diff(np.einsum("sia,i->sa", sums, z), axis=0)
    n, time = len(steps), len(steps) * EVERY * DT
    power = (np.abs(np.fft.fft(steps, axis=0)) ** 2).mean(axis=1)[1 : (n + 1) // 2] / time
    f = np.arange(1, len(power) + 1) / time
    end = 0.5 / found.need("fit_from").value
    while True:
        some = f <= end * (1 + 1e-9)
        assert some.sum() >= 8
        two, three = (whittle(f[some], power[some], terms) for terms in (2, 3))
        p = math.erfc(math.sqrt(max(two[2] - three[2], 0.0)))
        if p >= 0.05:
            break
        end /= np.sqrt(2)
    assert found.need("spectrum_frequencies").value == some.sum()
    assert found.need("spectrum_band").value == pytest.approx(f[some][-1], rel=FILE)
    assert found.need("spectrum_p").value == pytest.approx(p, abs=1e-6)
    level, error = two[0] / 2, 0.5 * np.sqrt(two[1] + 0.16 * (three[1] - two[1]))
    own = found.need("D_spectrum")
    size = z**2 @ counts / 1e-4
    assert (own.value * size, own.error * size) == pytest.approx((level, error), rel=1e-6)
    volume = run.thermo[0]["Volume"][-1]
    sigma = CHARGE**2 * level * 1e-8 / (volume * 1e-30 * BOLTZMANN * KELVIN) * 0.01
    assert found.need("sigma_spectrum").value == pytest.approx(sigma, rel=1e-6)
    last = [run.thermo[0][f"f_tr[{k}]"][-1] for k in range(28, 32)]
    shown = [found.need("sigma_spectrum").value, found.need("sigma_spectrum").error, f[some][-1], p]
    assert last == pytest.approx(shown, rel=1e-6)


def test_picture_shows_the_numbers_of_the_file(liquid):
    folder, *_ = liquid
    found = read(folder / "onsager.txt", ONSAGER)
    figure = onsager.draw(found)
    curves, bars = figure.axes
    rows = table(folder / "onsager.txt")
    assert len(curves.get_lines()) == len(PAIRS)
    for k, line in enumerate(curves.get_lines()):
        y = line.get_ydata()
        assert np.array_equal(y, rows[: len(y), 2 + 2 * k])
    heights = [bar.get_height() for bar in bars.patches]
    assert heights == [found.need(f"sigma_{one}_{other}").value for one, other in PAIRS]


@pytest.mark.parametrize("ions", [32, 2])
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, ions):
    """With two ions most of 4 ranks have none."""
    data = gas(tmp_path / "data", speed=100) if ions == 32 else write_moving(*sparse(ions), tmp_path / "data")

    def script(read=""):
        # groups are in restart files
        flow = free_flight(data, read=read) + ("" if read else GROUPS)
        return flow + f"fix tr ion ion/transport 2 {SPECIES} temp 300 lags 5 3 fit 0.004 0.1 {KEEP}\n"

    found = {}
    for ranks in (1, 2) if ions == 32 else (1, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        good(lmp(script() + "run 121\nwrite_restart half\nrun 79\n", folder, ranks=ranks))
        found[ranks] = [(folder / name).read_bytes() for name in FILES]
    assert all(found[ranks] == found[1] for ranks in found)
    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script("read_restart ../1/half") + "run 79\n", folder, ranks=2))
    assert "continues a measurement" in rest.output and "species ion of 1 e, " in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1]


def test_nothing_else_changes(tmp_path):
    """With other species every other number stays what it was, to the last digit."""
    data = gas(tmp_path / "data")
    heads = []
    for species in ("", SPECIES):
        folder = tmp_path / (species[:1] or "without")
        folder.mkdir()
        script = lj(data) + GROUPS + f"fix tr ion ion/transport 4 temp 500 {species} fit 0.05 0.4 file t.txt\nrun 800\n"
        good(lmp(script, folder))
        heads.append(read(folder / "t.txt", TRANSPORT))
    without, with_species = heads
    assert np.array_equal(without.rows, with_species.rows)
    for name, quantity in without.quantities.items():
        if "spectrum" in name:  # of all charges
            continue
        assert with_species.quantities[name] == quantity, name


def test_replicas_and_temperatures_are_joined(tmp_path):
    states = []
    for k, (speed, kelvin) in enumerate([(15, 400), (16, 400), (22, 800), (30, 1600)]):
        folder = tmp_path / str(k)
        folder.mkdir()
        script = lj(gas(folder / "data", speed=speed)) + GROUPS
        script += f"fix tr ion ion/transport 4 temp {kelvin} {SPECIES} fit 0.05 0.2 file t.txt state s.json\nrun 800\n"
        good(lmp(script, folder))
        states.append(folder / "s.json")

    def merge(*paths):
        out = ["--fit", "0.05", "0.2", "--out", tmp_path / "joined.txt", "--tables", tmp_path / "T"]
        return subprocess.run([BUILD / "deepion-merge", *paths, *out], capture_output=True, text=True, timeout=60)

    result = merge(*states[:2])
    assert result.returncode == 0, result.stderr
    alone = [read(tmp_path / f"{k}/t.txt", TRANSPORT).need("D_heavy_few").value for k in range(2)]
    both = read(tmp_path / "T.400K.onsager.dat", ONSAGER)
    assert min(alone) < both.need("D_heavy_few").value < max(alone)
    assert both.need("t_ion").value == read(tmp_path / "joined.txt", TRANSPORT).need("t_ion").value

    result = merge(*states)
    assert result.returncode == 0, result.stderr
    ladder = read(tmp_path / "joined.txt", LADDER)
    assert ladder.need("E_a_sigma_total").error > 0
    shares = np.array([ladder.column(f"t_{name}") for name in CHARGES])
    known = ladder.column("sigma_total") > 0
    np.testing.assert_allclose(shares[:, known & (shares[0] != 0)].sum(axis=0), 1, rtol=FILE)


def test_species_that_are_tied_have_no_part(tmp_path):
    """Walkers among atoms that stand still: all current is theirs, also where the others are charged."""
    x = np.random.default_rng(3).uniform(0, 30, (96, 3))
    data = Box(x, np.repeat([1, 2], [64, 32]), 30 * np.eye(3)).write(tmp_path / "data")
    script = brownian(data) + "fix tr ion ion/transport 2 temp 400 charge 1 species wall -2 file t.txt\nrun 4000\n"
    run = good(lmp(script, tmp_path, timeout=300))
    found = read(tmp_path / "t.txt", TRANSPORT)
    assert (found.need("t_ion").value, found.need("t_wall").value) == (1, 0)
    assert found.need("sigma_total").value == pytest.approx(found.need("sigma_collective").value, rel=1e-12)
    assert "add up to 0: sigma_total is the same in all frames" in (tmp_path / "t.txt").read_text()
    (line,) = [line for line in run.output.splitlines() if "t ion = " in line]
    assert line.startswith("fix ion/transport tr: t ion = 1.000000 +- ")


ARGUMENTS = {  # arguments after Nevery: the error
    "species": "keyword species needs a value: a group and the charge of each of its atoms",
    "species nobody 1": "there is no group nobody",
    "species none 1": "group none has no atoms",
    "species few": "keyword species needs a value: a number",
    "species few x": "keyword species needs a number, not 'x'",
    "species few 1 species few 1": "keyword species: groups few and few have atoms in common, whose charges would count twice",
    "species few 1 species second 1": "keyword species: groups few and second have atoms in common",
    "species ion 1": "keyword species: groups ion and ion have atoms in common",
    "onsager file.txt": "keyword onsager needs other species beside the ions: give the group and the charge of each with keyword species",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What LAMMPS did with each."""
    folder = tmp_path_factory.mktemp("refused")
    begin = free_flight(gas(folder / "data")) + GROUPS
    fix = "group none type 2\ngroup none clear\nfix tr ion ion/transport 5 {}\nrun 5\n"
    scripts = {words: begin + fix.format(words) for words in ARGUMENTS}
    scripts |= {
        words: begin + f"fix tr ion ion/transport 5 species few -1\nrun 5\n{words}\nrun 5\n" for words in CHANGES
    }
    return lmp_each(scripts, folder, ranks=2)


CHANGES = {  # commands between two runs: the error
    "group few clear\ngroup few id 1": "1 atoms of species few now, 15 when the measurement began",
    "group few delete": "keyword species: there is no group few any more",
    "group few dynamic second every 5": "keyword species: group few must not be dynamic",
    "set group few type 1": "atoms of species few changed their atom types since the measurement began",
}


@pytest.mark.parametrize("words", ARGUMENTS | CHANGES)
def test_what_is_refused(refused, words):
    (error,) = set(refused[words].errors())
    assert f"fix ion/transport tr: {(ARGUMENTS | CHANGES)[words]}" in error


def test_other_species_after_a_restart(tmp_path):
    data = gas(tmp_path / "data")
    script = free_flight(data) + GROUPS + "fix tr ion ion/transport 5 species few -1\nrun 20\nwrite_restart half\n"
    good(lmp(script, tmp_path))
    for species, now in (("", "is []"), ("species few -2", '"charge":-2.0')):
        script = free_flight(data, read="read_restart half") + f"fix tr ion ion/transport 5 {species}\nrun 5\n"
        (error,) = set(lmp(script, tmp_path).errors())
        assert "saved state of ion/transport was made with other settings: species was [" in error and now in error


def test_memory_of_the_sums(tmp_path):
    """Printed, and larger by what the page says where there are species."""
    printed = []
    for species in ("", SPECIES):
        script = free_flight(gas(tmp_path / "data")) + GROUPS + f"fix tr ion ion/transport 2 {species}\nrun 2\n"
        (line,) = [line for line in good(lmp(script, tmp_path)).output.splitlines() if "memory:" in line]
        printed.append(float(line.split("memory: ")[1].split()[0]))
    more = (75 * 6 * 16 * 32 + 2 * 260 * 24) / 2**20
    assert printed[1] - printed[0] == pytest.approx(more, rel=0.1, abs=0.002)


def test_settings_are_data(liquid):
    folder, *_ = liquid
    (line,) = [line for line in (folder / "onsager.txt").read_text().splitlines() if line.startswith("# results ")]
    head = json.loads(line.removeprefix("# results "))
    assert [one["name"] for one in head["settings"]["species"]] == list(CHARGES)
    assert [one["charge"] for one in head["settings"]["species"]] == list(CHARGES.values())
    assert head["table"] == "onsager" and head["columns"][3]["error_of"] == "c_ion_ion_A^2"
