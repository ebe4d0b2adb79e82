# SPDX-License-Identifier: MIT
"""fix ion/vdos against numpy on the same velocities, known oscillators and a known gas, over ranks and restarts."""

import functools
import re

import numpy as np
import pytest

from ion_runs import BOLTZMANN, DT, dump, free_flight, gas, lj, setup, table, write_moving
from lammps_runs import good, lmp, lmp_each
from small_models import Box

# Sums of 10^4 products, each rounded to 6e-14 (A/ps)^2 of 100, and files of 13 digits: 1e-12 of the largest value.
SUMS = 1e-10
# A lag of 2 ps under half a Hann window shows a line with a variance of 1/(8 T^2), T the window (minus the second derivative
# of the window at 0 over (2 pi)^2), and velocity Verlet shifts its frequency by (omega dt)^2/24.
LINE = 0.01  # THz; a tenth of the line's width
# The error that is reported, of about 500 independent numbers.
OWN_ERRORS = 3.0

AMU = 1.66053906660e-27 * 1e4 / BOLTZMANN  # amu (A/ps)^2 in K
PLANCK_KELVIN = 6.62607015e-34 * 1e12 / BOLTZMANN  # K in one THz
WAVENUMBERS = 1e12 / 2.99792458e10

WINDOW, SPACING, EVERY, STEPS = 24, 5, 2, 600
MEASURE = f"fix vd all ion/vdos {EVERY} {WINDOW} origins {SPACING} names A B "
FILES = ("table.txt", "vacf.txt", "history.txt", "state.json")
KEEP = "output 100 file table.txt vacf vacf.txt history history.txt state state.json "


def files(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def number(text, name):
    (word,) = re.findall(rf"^# {re.escape(name)} = (\S+)", text, re.M)
    return float(word)


def brute_force(v, window, spacing):
    """Products v(t0).v(t0 + lag) of velocities [sample, atom, 3], averaged over atoms and origins."""
    sums, origins = np.zeros(window), np.zeros(window)
    for begin in range(0, len(v), spacing):
        for lag in range(min(window, len(v) - begin)):
            sums[lag] += (v[begin] * v[begin + lag]).sum(axis=1).mean()
            origins[lag] += 1
    return sums / origins


def density_of_states(vacf, lag_ps):
    """12 times the cosine integral of the VACF under half a Hann window, as a sum; 3 per atom. Frequencies, too."""
    n = len(vacf)
    k = np.arange(n)
    windowed = np.cos(0.5 * np.pi * k / (n - 1)) ** 2 * vacf / vacf[0]
    windowed[[0, -1]] *= 0.5
    nu = k / (2 * (n - 1) * lag_ps)
    return nu, 12 * lag_ps * (windowed * np.cos(2 * np.pi * nu[:, None] * k * lag_ps)).sum(axis=1)


def weight(x):
    return x / np.expm1(x) - np.log(-np.expm1(-x))


@pytest.fixture(scope="module")
def liquid(tmp_path_factory):
    """A hot liquid with its velocities: types, [sample, atom, 3]."""
    folder = tmp_path_factory.mktemp("liquid")
    data = gas(folder / "data", tilt=2.0)
    script = lj(data) + MEASURE + KEEP + f"\ndump d all custom {EVERY} dump id type x y z vx vy vz\n"
    good(lmp(script + f"dump_modify d sort id format float %.17g\nrun {STEPS}\n", folder, ranks=2))
    _, _, frames = dump(folder / "dump")
    assert len(frames) == STEPS // EVERY + 1
    return folder, data, frames[0, :, 0], frames[..., 4:]


def test_correlation_and_spectrum_as_in_numpy(liquid):
    """Every lag from the same origins, begun windows included; the spectrum by a sum of cosines and by an FFT."""
    folder, _, types, v = liquid
    lag_ps = EVERY * DT
    vacf = {t: brute_force(v[:, types == t], WINDOW, SPACING) for t in (1, 2)}
    masses = {t: 10.0 * t for t in (1, 2)}
    total = sum(masses[t] * vacf[t] for t in (1, 2))

    found = table(folder / "vacf.txt")
    assert np.abs(vacf[1] / vacf[1][0] - vacf[2] / vacf[2][0]).max() > 0.02 and vacf[1][-1] < 0.5 * vacf[1][0]
    np.testing.assert_allclose(found[:, 0], np.arange(WINDOW) * lag_ps, rtol=SUMS)
    for column, expected in enumerate((total, vacf[1], vacf[2]), 1):
        np.testing.assert_allclose(found[:, column], expected / expected[0], rtol=0, atol=SUMS)

    rows = table(folder / "table.txt")
    spectra = {}
    for t in (1, 2):
        nu, g = density_of_states(vacf[t], lag_ps)
        spectra[t] = g
        np.testing.assert_allclose(rows[:, 0], nu, rtol=SUMS)
        np.testing.assert_allclose(rows[:, 1], nu * WAVENUMBERS, rtol=SUMS)
        np.testing.assert_allclose(rows[:, 3 + t], g, rtol=0, atol=SUMS * g.max())
        both = (
            np.concatenate([vacf[t], vacf[t][-2:0:-1]])
            * np.cos(np.pi * np.arange(2 * WINDOW - 2) / (2 * WINDOW - 2)) ** 2
        )
        fft = 6 * lag_ps * np.fft.fft(both).real[:WINDOW] / vacf[t][0]
        np.testing.assert_allclose(rows[:, 3 + t], fft, rtol=0, atol=SUMS * g.max())
        assert abs(np.trapezoid(g, nu) - 3) < SUMS and g[0] > 0.1
    np.testing.assert_allclose(rows[:, 2], (spectra[1] + spectra[2]) / 2, rtol=0, atol=SUMS)
    assert np.all(rows[:, 3] > 0)

    text = (folder / "table.txt").read_text()
    kelvin = total[0] / 2 * AMU / 3
    assert abs(number(text, "T of the velocities") / kelvin - 1) < 1e-7 and kelvin > 1000
    for t, name in ((1, "A"), (2, "B")):
        here = masses[t] * vacf[t][0] * AMU / 3
        expected = here / AMU * spectra[t][0] / (12 * masses[t]) * 1e-4
        assert abs(number(text, f"{name}: D from g(0)") / expected - 1) < 1e-6


def test_same_result_on_any_number_of_ranks_and_in_units_real(liquid, tmp_path):
    """The same velocities on 1, 2 and 4 ranks, and in units real."""
    folder, data, types, v = liquid
    scaled = tmp_path / "dump.real"
    lines, frame = [], -1
    for line in (folder / "dump").read_text().splitlines():
        words = line.split()
        frame += words == ["ITEM:", "TIMESTEP"]
        if len(words) == 8 and words[0] != "ITEM:":
            words[5:] = [f"{component:.17g}" for component in v[frame, int(words[0]) - 1] / 1000]
        lines.append(" ".join(words))
    scaled.write_text("\n".join(lines) + "\n")
    found = {}
    for units, ranks in (("metal", 1), ("metal", 2), ("metal", 4), ("real", 2)):
        here = tmp_path / f"{units}{ranks}"
        here.mkdir()
        script = setup(data, "pair_style zero 5.0\npair_coeff * *", units=units) + MEASURE + KEEP
        source = scaled if units == "real" else folder / "dump"
        thermo = (
            "\nthermo 40\nthermo_style custom step f_vd f_vd[1] f_vd[3] f_vd[3][4]\nthermo_modify format float %.17g\n"
        )
        run = good(lmp(script + thermo + f"rerun {source} last 120 dump x y z vx vy vz box yes\n", here, ranks=ranks))
        found[units, ranks] = files(here), {name: list(values) for name, values in run.thermo[0].items()}
    assert found["metal", 1] == found["metal", 2] == found["metal", 4]
    for name in ("table.txt", "vacf.txt"):
        metal, real = table(tmp_path / "metal1" / name), table(tmp_path / "real2" / name)
        np.testing.assert_allclose(real, metal, rtol=0, atol=SUMS * np.abs(metal[:, 2:]).max())
    metal, real = (np.array([v[-1] for v in found[key][1].values()]) for key in (("metal", 1), ("real", 2)))
    assert np.all(metal > 0)
    np.testing.assert_allclose(real, metal, rtol=SUMS)


FREQUENCIES = (9.0, 5.0)  # THz, of types 1 and 2
TWO_PI_THZ = 2 * np.pi  # 1/ps
EV = 1.602176634e-19 / 1.66053906660e-27 * 1e-4  # amu (A/ps)^2 in one eV


def crystal(folder, read="", seed=5):
    """64 atoms on springs of their own. Every second one begins with a velocity, the next one with the elongation that the
    first has a quarter of a period later: together their velocity products depend on the lag alone."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3) * 4.0 + 2.0
    types = np.arange(64) // 2 % 2 + 1
    masses = 10.0 * types
    omega = TWO_PI_THZ * np.array(FREQUENCIES)[types - 1]
    v = np.repeat(rng.normal(size=(32, 3)), 2, axis=0) * 8 / np.sqrt(masses / 10)[:, None]
    springs = [masses[types == t][0] * omega[types == t][0] ** 2 / EV for t in (1, 2)]
    data = write_moving(Box(grid, types, 16 * np.eye(3)), v, folder / "crystal")
    elongate = ""
    for t in (1, 2):
        elongate += f"group odd{t} intersect late t{t}\n" + "".join(
            f"variable {axis}{t} atom v{axis}/{TWO_PI_THZ * FREQUENCIES[t - 1]:.17g}\n" for axis in "xyz"
        )
        elongate += f"displace_atoms odd{t} move v_x{t} v_y{t} v_z{t}\n"
    script = f"""units metal
atom_modify map array
{read or f"read_data {data}"}
group t1 type 1
group t2 type 2
group late id 2:64:2
pair_style zero 2.0
pair_coeff * *
neighbor 1.0 bin
timestep {1 / 1024}
fix spring1 t1 spring/self {springs[0]:.17g}
fix spring2 t2 spring/self {springs[1]:.17g}
fix move all nve
"""
    # kinetic energy: the half that moves holds all of it
    kelvin = (masses[:, None] * v**2).sum() / 64 / 3 / 2 * AMU
    return script + ("" if read else elongate + "velocity late set 0 0 0\n"), kelvin


def test_einstein_crystal(tmp_path):
    """Lines at sqrt(k/m)/2 pi, entropy of quantum oscillators of that frequency, nothing at 0."""
    script, kelvin = crystal(tmp_path)
    script += "fix vd all ion/vdos 4 513 origins 7 names A B file table.txt\n"
    script += "fix t all ion/vdos 4 513 origins 7 names A B temp 300 split cut 6 file 300.txt\n"
    script += (
        "thermo_style custom step f_vd f_vd[1] f_vd[3] f_vd[5] f_vd[11] f_t f_t[1]\nthermo_modify format float %.17g\n"
    )
    run = good(lmp(script + "run 8000\n", tmp_path, ranks=2))
    window = 512 * 4 / 1024
    rows, text = table(tmp_path / "table.txt"), (tmp_path / "table.txt").read_text()
    variance = 1 / (8 * window**2)
    entropies = {}
    for column, (name, nu) in enumerate(zip("AB", FREQUENCIES, strict=True), 4):
        shift = nu * (TWO_PI_THZ * nu / 1024) ** 2 / 24
        (peak,) = re.findall(rf"^# {name}: peaks = (\S+) THz \((\S+) 1/cm\)$", text, re.M)
        assert abs(float(peak[0]) - nu) < LINE and abs(float(peak[1]) - nu * WAVENUMBERS) < LINE * WAVENUMBERS
        assert abs(rows[0, column]) < 1e-3 * rows[:, column].max() and "diffusive" not in text
        # the weight of a line of this width: its second derivative is about 1/nu^2
        broadening = 3 * 0.5 * variance / nu**2
        for temperature, file in ((kelvin, text), (300.0, (tmp_path / "300.txt").read_text())):
            expected = 3 * weight(PLANCK_KELVIN * nu / temperature)
            entropies[name, temperature] = expected
            assert expected > 1
            found = number(file, f"{name}: S_vib harmonic")
            assert abs(found - expected) < 1.5 * broadening + 3 * shift / nu, (found, expected, broadening)
    thermo = {name: values[-1] for name, values in run.thermo[0].items()}
    np.testing.assert_allclose(thermo["f_vd[1]"], kelvin, rtol=2e-3)
    mean = (entropies["A", kelvin] + entropies["B", kelvin]) / 2
    assert abs(thermo["f_vd"] - mean) < 0.01 and thermo["f_vd"] == pytest.approx(
        (thermo["f_vd[3]"] + thermo["f_vd[11]"]) / 2
    )
    assert thermo["f_t[1]"] == thermo["f_vd[1]"]
    # the cut takes one line away and leaves the other, but for the wings
    assert abs(thermo["f_t"] - entropies["A", 300.0] / 2) < 0.01 * thermo["f_t"]


def test_restart_on_another_number_of_ranks_writes_the_same_files(tmp_path):
    """Half a run and the other half, on another number of ranks, write what one run writes."""
    measure = "fix vd t1 ion/vdos 4 50 origins 12 names A B " + KEEP
    good(lmp(crystal(tmp_path)[0] + measure + "\nrun 1200\n", tmp_path))
    folder = tmp_path / "halves"
    folder.mkdir()
    first = good(lmp(crystal(folder)[0] + measure + "\nrun 618\nwrite_restart half\n", folder))
    again = crystal(folder, read="read_restart half")[0]
    second = good(lmp(again + measure + "\nrun 582\n", folder, ranks=2))
    assert "begins a measurement" in first.output and "continues a measurement" in second.output
    assert files(folder) == files(tmp_path) and len(table(tmp_path / "history.txt")) == 13
    assert table(tmp_path / "vacf.txt")[:, 1].min() < -0.5

    run = lmp(again + measure.replace("50 origins 12", "60 origins 10") + "\nrun 10\n", folder, ranks=2)
    (error,) = set(run.errors())
    assert "fix ion/vdos vd: saved state of ion/vdos was made with other settings: " in error
    assert "window was 50, is 60" in error and "spacing was 12, is 10" in error


def test_diffusion_of_a_gas(tmp_path):
    """Langevin: D = kT/(m gamma) from g(0), and 2PT finds gas."""
    damp, kelvin, mass = 0.1, 400.0, 10.0
    x = np.random.default_rng(1).uniform(0, 60, (512, 3))
    sigma = np.sqrt(kelvin / (mass * AMU))
    v = np.random.default_rng(2).normal(size=(512, 3)) * sigma
    data = write_moving(Box(x, np.ones(512, int), 60 * np.eye(3), ntypes=1), v, tmp_path / "data")
    script = free_flight(data).replace("neighbor 1.0", "neighbor 2.0")
    script += f"fix kick all langevin {kelvin} {kelvin} {damp} 12345\n"
    script += "fix vd all ion/vdos 4 129 split 2pt file table.txt\nthermo_modify format float %.17g\n"
    script += "thermo_style custom step f_vd f_vd[1] f_vd[3] f_vd[4] f_vd[5] f_vd[6] f_vd[7] f_vd[8] f_vd[9] f_vd[10]\nrun 9000\n"
    thermo = {name: values[-1] for name, values in good(lmp(script, tmp_path, ranks=2)).thermo[0].items()}
    text = (tmp_path / "table.txt").read_text()
    assert "type1: diffusive: g(0) is no vibration" in text and "origins every 13 samples" not in text
    d, error = thermo["f_vd[9]"], thermo["f_vd[10]"]
    # the window of 1 ps takes off a little: exp(-t/damp) under half a Hann window, as the trapezoid sum that the fix makes
    lag = np.arange(129) * 4 * DT
    hann = np.cos(0.5 * np.pi * np.arange(129) / 128) ** 2
    expected = kelvin / (mass * AMU) * np.trapezoid(hann * np.exp(-lag / damp), lag) * 1e-4
    assert abs(expected / (kelvin / (mass * AMU) * damp * 1e-4) - 1) < 0.06
    assert 0 < error < 0.03 * d and abs(d - expected) < OWN_ERRORS * error, (d, expected, error)
    assert abs(thermo["f_vd[1]"] / kelvin - 1) < 0.02
    assert thermo["f_vd"] == thermo["f_vd[3]"] == thermo["f_vd[6]"] and thermo["f_vd[7]"] > 0.3
    assert abs(number(text, "type1: D from g(0)") / d - 1) < 1e-6


def test_names_of_species(tmp_path, models):
    """By names, by the elements of the pair style, or by number; types of one name and mass are one species."""
    data = gas(tmp_path / "data")
    deep = setup(data, f"pair_style deepmd/onnx {models['a']} check no\npair_coeff * * Li S")
    light = free_flight(data) + "mass 2 10.0\n"
    three = {
        "pair": (deep, "all", "", "g_Li_1/THz g_S_1/THz"),
        "pair one": (deep, "ion", "", "g_Li_1/THz"),
        "names": (deep, "all", "names X Y", "g_X_1/THz g_Y_1/THz"),
        "numbers": (free_flight(data), "all", "", "g_type1_1/THz g_type2_1/THz"),
        "same": (light, "all", "names Li Li", "g_Li_1/THz"),
    }
    for name, (script, group, names, columns) in three.items():
        script += f"fix vd {group} ion/vdos 1 4 {names} file table.txt\nrun 8\n"
        run = good(lmp(script, tmp_path))
        last = [line for line in (tmp_path / "table.txt").read_text().splitlines() if line.startswith("#")][-1]
        assert last.endswith(f"g_total_se_1/THz {columns}"), name
        number_of = {"all": "64 Li" if name == "same" else "32 ", "ion": "32 Li"}[group]
        assert f"fix ion/vdos vd: {number_of}" in run.output
    run = lmp(free_flight(data) + "fix vd all ion/vdos 1 4 names Li Li\n", tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert (
        "fix ion/vdos vd: atom types of the name Li have different masses (10 and 20): keyword names can tell them apart"
        in error
    )


ARGUMENTS = {  # arguments after the style: the error
    "": "keyword Nevery needs a value: an integer, 1 or larger",
    "0 100": "keyword Nevery needs an integer, 1 or larger, not '0'",
    "5": "keyword window needs a value: an integer, 2 or larger",
    "5 1": "keyword window needs an integer, 2 or larger, not '1'",
    "5 2000000": "a window of 2000000 lags is not between 2 and 1000000",
    "5 100 origins 0": "keyword origins needs an integer, 1 or larger, not '0'",
    "5 100 temp c_t": "keyword temp needs a number above 0, not 'c_t'",
    "5 100 split": "keyword split needs a value: none, cut or 2pt",
    "5 100 split half": "keyword split needs none, cut or 2pt, not 'half'",
    "5 100 split cut": "keyword split cut needs a value: a number above 0",
    "5 100 split cut 0": "keyword split cut needs a number above 0, not '0'",
    "5 100 names Li": "keyword names has 1 names, but there are 2 atom types",
    "5 100 names temp 300": "keyword names needs a value: a name for each atom type",
    "5 100 names Li total": "species name total is taken",
    "5 100 vacf a state a": "fix ion/vdos vd: two of its outputs go to the same file, a",
    "5 100 vacf no/where": "cannot write no/where: ",
    "5 100 output 7": "keyword output needs a multiple of Nevery (5), not 7",
    "5 100 lags 3": "unknown keyword 'lags'; keywords are origins, temp, split, names, vacf, start, output, file, history, state",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    """What LAMMPS did with each, on 2 ranks."""
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data"))
    return lmp_each({words: f"{begin}fix vd all ion/vdos {words}\nrun 0\n" for words in ARGUMENTS}, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and ARGUMENTS[arguments] in error and "fix ion/vdos vd" in error


SPHERES = (
    "sphere\n\n1 atoms\n1 atom types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nAtoms # sphere\n\n1 1 1.0 1.0 5 5 5\n"
)
SYSTEMS = {  # changes of the script, the error
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "own masses": (
        {"units metal": "units metal\natom_style sphere"},
        "atoms must have the mass of their type, not one of their own",
    ),
    "no mass": ({"# no mass": "create_atoms 3 single 1 1 1"}, "the mass of atom type 3 is not set"),
    "new mass": ({"# later": "mass 1 11"}, "the mass of atom type 1 was 10 when the measurement began and is 11 now"),
    "new type": (
        {"# later": "set atom 4 type 2"},
        "ions changed their atom types since the measurement began",
    ),
    "time step": (
        {"# later": "timestep 0.001"},
        "the time step was 0.001953125 when the measurement began and is 0.001 now",
    ),
    "dynamic": ({"# later": "variable v atom x>1\ngroup g dynamic all var v every 10"}, "dynamic"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    """Number of ranks -> name of a system -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("systems")
    data, spheres = gas(folder / "data"), folder / "spheres"
    spheres.write_text(SPHERES)
    scripts = {}
    for system, (changes, _) in SYSTEMS.items():
        script = free_flight(spheres if system == "own masses" else data)
        script += "# no mass\ngroup g union all\nfix vd g ion/vdos 2 5\nrun 4\n# later\nthermo 5\n"
        script += "thermo_style custom step f_vd\nrun 10\n"
        if system == "no mass":
            script = script.replace(f"read_data {data}", f"read_data {data} extra/atom/types 1")
        for old, new in changes.items():
            assert old in script
            script = script.replace(old, new)
        scripts[system] = script
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system, ranks):
    run = unmeasurable(ranks)[system]
    (error,) = set(run.errors())
    assert run.returncode != 0 and SYSTEMS[system][1] in error
    assert "fix ion/vdos vd: " in error or system == "dynamic"
