# SPDX-License-Identifier: MIT
"""Pictures of result tables: what is drawn is what the files hold."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from deepion.constants import BOLTZMANN
from deepion.plots import arrhenius as plot_arrhenius
from deepion.plots import arrhenius_comparison
from deepion.plots import coordination as plot_coordination
from deepion.plots import history as plot_transport_history
from deepion.plots import pictures as result_pictures
from deepion.plots import transport as plot_transport
from deepion.plots import vdos as plot_vdos
from deepion.results.tables import COORDINATION, HISTORY, LADDER, TRANSPORT, VDOS, Value, read
from helpers import with_head
from plain_line import PlainLine

TABLES = Path(__file__).parent / "tables"
HASH = "model sha256 241eb387b5e4832efb8cad7f388baec89c66e97c544f1e4bbab690f4bda6e4e1"
# Script, options, tables: every kind of picture, as on the command line.
PICTURES = [
    ("plot transport", ["transport-500K.dat"]),
    ("plot transport", ["transport-500K.dat", "transport-320K.dat", "transport-no-window.dat"]),
    ("plot history", ["history-500K.dat", "history-400K.dat"]),
    ("plot arrhenius", ["--predict", "280", "ladder.dat"]),
    ("plot arrhenius", ["ladder-Ti00.dat", "ladder-Ti10.dat"]),
    ("plot coordination", ["coordination-Ti00.dat", "coordination-Ti10.dat"]),
    ("plot vdos", ["vdos-Ti00.dat", "vdos-Ti10.dat"]),
]


def table(name: str, kind: str):
    return read(TABLES / f"{name}.dat", kind)


def same(line, x, y) -> bool:
    return np.array_equal(line.get_xdata(), x) and np.array_equal(line.get_ydata(), y, equal_nan=True)


def labeled(axes, label: str):
    """The line with a label, as written in the legend."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def extent(band) -> tuple[float, float]:
    """Lowest and highest y of a filled band."""
    y = np.concatenate([path.vertices[:, 1] for path in band.get_paths()])
    return y.min(), y.max()


def warned(source: Path, target: Path, *codes_and_texts: str) -> None:
    """A copy of a table with other warnings."""
    warnings = [{"code": code, "text": text} for code, text in zip(*[iter(codes_and_texts)] * 2, strict=True)]
    with_head(source, target, lambda head: head.update(warnings=warnings))


def legend_words(legend) -> str:
    return "\n".join(text.get_text() for text in legend.get_texts())


@pytest.mark.parametrize(("script", "arguments"), PICTURES)
def test_png_and_svg_are_made_and_inputs_stay(deepion, tmp_path, script, arguments):
    names = [word for word in arguments if word.endswith(".dat")]
    for name in names:
        shutil.copy(TABLES / name, tmp_path)
    words = [tmp_path / word if word in names else word for word in arguments]
    out = tmp_path / "picture"
    result = deepion(script, *words, out)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote {out}.png\nwrote {out}.svg\n"
    assert Path(f"{out}.png").read_bytes().startswith(b"\x89PNG")
    assert Path(f"{out}.svg").read_text().startswith("<?xml")
    assert all((tmp_path / name).read_bytes() == (TABLES / name).read_bytes() for name in names)
    assert len(list(tmp_path.iterdir())) == len(set(names)) + 2


@pytest.mark.parametrize("script", sorted({script for script, _ in PICTURES}))
def test_help_has_an_example(deepion, script):
    result = deepion(script, "--help")
    assert result.returncode == 0
    assert f"deepion {script} " in result.stdout and " OUT" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.dat"], "expected tables and then OUT, got only"),
        (["a.dat", "b.dat"], "ends with neither .png nor .svg"),
        (["a.dat", "--out", "a.dat.svg"], "a.dat.svg is one of the inputs: name another picture"),
        (["a.dat", "nowhere/x.png"], "cannot write nowhere/x.png: No such file or directory"),
        (["h.dat", "x.png"], "h.dat: expected the file of fix ion/transport, but it is the history"),
        (["missing.dat", "x.png"], "cannot read missing.dat: No such file or directory"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(deepion, tmp_path, monkeypatch, arguments, words):
    for name in ("a.dat", "b.dat", "a.dat.svg"):
        shutil.copy(TABLES / "transport-500K.dat", tmp_path / name)
    shutil.copy(TABLES / "history-500K.dat", tmp_path / "h.dat")
    monkeypatch.chdir(tmp_path)
    if "a.dat.svg" in arguments:
        arguments = ["a.dat.svg", *arguments]
    result = deepion("plot transport", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("deepion plot transport: ") and result.stderr.count("\n") == 1
    assert words in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dat", "a.dat.svg", "b.dat", "h.dat"]
    assert (tmp_path / "b.dat").read_bytes() == (TABLES / "transport-500K.dat").read_bytes()


def test_the_same_tables_give_the_same_svg(tmp_path):
    tables = [table("transport-500K", TRANSPORT)]
    for name in ("a.svg", "b.svg"):
        result_pictures.save(plot_transport.draw(tables), [tmp_path / name], [])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Value(2.423026e-5, 8.533e-8, "cm^2/s"), "(2.4230 \u00b1 0.0085)$\\times$10$^{-5}$ cm$^2$/s"),
        (Value(2.16, 0.0076, "S/cm"), "(2.1600 \u00b1 0.0076) S/cm"),
        (Value(-1.2e-3, 6.5e-3, "1/THz"), "(\u22121.2 \u00b1 6.5)$\\times$10$^{-3}$ 1/THz"),
        (Value(3.2e-5, None, "m^2/s"), "3.2$\\times$10$^{-5}$ m$^2$/s (error not known)"),
        (Value(150.0, 40.0, "K"), "(150 \u00b1 40) K"),
        (Value(0.0, None, "K"), "0 K"),
    ],
)
def test_numbers_in_words(value, words):
    assert result_pictures.as_text(value) == words


def test_the_caption_says_where_numbers_come_from():
    one = plot_transport.draw([table("transport-500K", TRANSPORT)]).get_supxlabel()
    assert one.startswith("transport-500K.dat: Ti10, NVT; deepion 0.1.0, fix ion/transport tr; LAMMPS 22 Jul 2025")
    assert one.endswith(f"\n{HASH}")
    two = plot_vdos.draw([table("vdos-Ti00", VDOS), table("vdos-Ti10", VDOS)]).get_supxlabel()
    assert two.startswith("vdos-Ti00.dat: Ti00 | vdos-Ti10.dat: Ti10\ndeepion 0.1.0, fix ion/vdos vd; ")
    assert two.count(HASH) == 1
    ladder = plot_arrhenius.draw(table("ladder", LADDER), 300.0).get_supxlabel()
    assert "joined from run/0.json, run/1.json, run/2.json, ... (8 files)" in ladder


def test_transport_of_one_file():
    of = table("transport-500K", TRANSPORT)
    figure = plot_transport.draw([of])
    msd, beta, gauss = figure.axes
    lag = of.column("lag")
    assert same(labeled(msd, "MSD, all ions"), lag, of.column("msd"))
    for axis in "xyz":
        assert same(labeled(msd, f"along {axis}"), lag, of.column(f"msd_{axis}"))
    assert same(labeled(msd, "collective, per ion"), lag, of.column("msd_collective"))
    assert same(beta.lines[0], lag, of.column("beta"))
    assert same(gauss.lines[0], lag, of.column("non_gaussian"))
    guide = labeled(msd, "slope 1")
    x, y = guide.get_xdata(), guide.get_ydata()
    assert y[1] / y[0] == pytest.approx(x[1] / x[0])
    (shaded,) = [patch for patch in msd.patches if patch.get_label() == "fit window"]
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == pytest.approx((0.02, 14.4))
    error = np.nan_to_num(of.quantity("msd").errors)
    values = of.column("msd")[error > 0]
    low, high = extent(msd.collections[0])
    assert low == pytest.approx((values - error[error > 0]).min())
    assert high == pytest.approx((values + error[error > 0]).max())
    assert (beta.patches[0].get_y(), beta.patches[0].get_height()) == pytest.approx((0.95, 0.1))
    assert figure.get_suptitle() == "500 K: D = (2.4230 \u00b1 0.0085)$\\times$10$^{-5}$ cm$^2$/s"
    assert (msd.get_xscale(), msd.get_yscale()) == ("log", "log")
    assert "\u00c5" in msd.get_ylabel() and "ps" in gauss.get_xlabel()


def test_transport_without_a_window_says_so():
    figure = plot_transport.draw([table("transport-no-window", TRANSPORT)])
    assert figure.get_suptitle() == "300 K: no diffusion coefficient yet"
    assert not figure.axes[0].patches


def test_warnings_stand_above_the_panel(tmp_path):
    warning = "beta = 0.850 is not 1: the ions do not diffuse freely in this window, D depends on it"
    warned(TABLES / "transport-500K.dat", tmp_path / "x.dat", "not_diffusive", warning)
    figure = plot_transport.draw([read(tmp_path / "x.dat", TRANSPORT)])
    assert figure.axes[0].get_title(loc="left").replace("\n", " ") == warning
    tables = [read(tmp_path / "x.dat", TRANSPORT), table("transport-320K", TRANSPORT)]
    assert plot_transport.notes(tables) == [f"500 K: {warning}"]
    labels = "500 K (x), 500 K (x)"
    assert plot_transport.notes([tables[0]] * 2) == [f"{labels}: {warning}"]


def test_transport_of_several_temperatures():
    tables = [table(f"transport-{name}", TRANSPORT) for name in ("500K", "no-window", "320K")]
    figure = plot_transport.draw(tables)
    msd = figure.axes[0]
    for name, of in zip(["500 K", "300 K", "320 K"], tables, strict=True):
        line = labeled(msd, name)
        assert same(line, of.column("lag"), of.column("msd"))
        assert labeled(msd, f"_{name} collective").get_color() == line.get_color()
    thick = labeled(msd, "_320 K fit window")
    assert (thick.get_xdata().min(), thick.get_xdata().max()) == pytest.approx((0.96, 14.4))
    words = legend_words(figure.legends[0]).splitlines()
    assert words[0].startswith("500 K: D = (2.4230") and words[1].startswith("320 K: D = (4.817 \u00b1 0.047)")
    assert words[2] == "300 K: no diffusion coefficient yet"
    assert len({labeled(msd, name).get_color() for name in ("500 K", "320 K", "300 K")}) == 3


def test_files_at_one_temperature_are_told_apart():
    labels = plot_transport.labels([table("transport-500K", TRANSPORT)] * 2)
    assert labels == ["500 K (transport-500K)"] * 2


def test_history():
    tables = [table("history-500K", HISTORY), table("history-400K", HISTORY)]
    place = next(k for k, column in enumerate(tables[0].columns) if column.name == "D_cm^2/s")
    tables[0].rows[:2, place] = 0  # no window yet
    figure = plot_transport_history.draw(tables)
    top, middle, bottom = figure.axes
    for name, of in zip(["500 K", "400 K"], tables, strict=True):
        time, own, error = of.column("time"), of.column("D"), np.nan_to_num(of.quantity("D").errors)
        gap = np.where(own == 0, np.nan, own)
        assert same(labeled(top, name), time, gap)
        relative = np.where(error > 0, 100 * error / gap, np.nan)
        found = labeled(middle, name)
        assert np.allclose(found.get_ydata(), relative, rtol=1e-12, equal_nan=True)
        for label, column in [("Nernst-Einstein", "sigma"), ("collective", "sigma_collective")]:
            values = np.where(of.column(column) == 0, np.nan, of.column(column))
            assert same(labeled(bottom, f"{name}, {label}"), time, values)
    assert top.get_ylabel() == "D, cm$^2$/s" and bottom.get_ylabel() == "conductivity, S/cm"
    assert np.isnan(labeled(top, "500 K").get_ydata()[:2]).all()


def test_history_without_a_diffusion_coefficient(deepion, tmp_path):
    lines = (TABLES / "history-500K.dat").read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("0 "))  # the row before there was a window
    (tmp_path / "h.dat").write_text("\n".join(lines[: first + 1]) + "\n")
    result = deepion("plot history", tmp_path / "h.dat", tmp_path / "x.png")
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert f"{tmp_path / 'h.dat'}: nothing to draw: no row has a diffusion coefficient yet" in result.stderr
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("name", ["D", "sigma", "sigma_collective"])
def test_the_line_in_the_file_is_that_of_least_squares(name):
    of = table("ladder", LADDER)
    found = plot_arrhenius.series(of, name, "")
    plain = PlainLine(found.kelvin, found.values, found.errors)
    assert found.energy.value == pytest.approx(plain.energy, rel=1e-9)
    assert found.energy.error == pytest.approx(plain.energy_error, rel=1e-9)
    kelvin = np.array([280.0, 300.0, 450.0])
    assert found.line.at(kelvin) == pytest.approx(plain.at(kelvin), rel=1e-9)
    assert found.line.factor(kelvin) == pytest.approx(plain.factor(kelvin), rel=1e-9)


def test_two_temperatures_without_errors_have_a_line_without_band():
    for name in ("D", "sigma", "sigma_collective"):
        found = plot_arrhenius.series(table("ladder-si", LADDER), name, "")
        assert found.line.at(found.kelvin) == pytest.approx(found.values, rel=1e-9)
        assert found.energy.error is None and found.line.factor(300.0) is None


def test_arrhenius_points_line_band_and_axes():
    of = table("ladder", LADDER)
    figure = plot_arrhenius.draw(of, 280.0)
    left, right = figure.axes
    there = of.column("D") > 0
    kelvin = of.column("temperature")[there]
    assert 0 < there.sum() < len(there)
    for axes, column, times in [(left, "sigma", kelvin), (right, "D", 1.0)]:
        quantity = of.quantity(column)
        values, errors = quantity.values[there] * times, quantity.errors[there] * times
        points, _, (bars,) = axes.containers[0]
        assert same(points, 1000 / kelvin, values)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        assert ends == pytest.approx(np.array([values - errors, values + errors]).T)
        line = PlainLine(kelvin, values, errors)
        drawn = next(one for one in axes.lines if str(one.get_label()).startswith("$E_a$"))
        x, y = drawn.get_xdata(), drawn.get_ydata()
        assert (x.min(), x.max()) == pytest.approx((2.0, 1000 / 280))
        assert y == pytest.approx(line.at(1000 / x))
        band = next(one for one in axes.collections if one is not bars and len(one.get_paths()[0].vertices) > 100)
        low, high = extent(band)
        assert low == pytest.approx(line.at(280.0) / line.factor(280.0))
        assert high == pytest.approx(line.at(500.0) * line.factor(500.0))
        assert axes.get_yscale() == "log"
    assert left.get_ylabel() == "$\\sigma T$, S K/cm" and right.get_ylabel() == "D, cm$^2$/s"
    assert "$E_a$ = 0.2980 \u00b1 0.0013 eV" in legend_words(right.get_legend())
    assert "D(280 K) = " in legend_words(right.get_legend())
    (above,) = left.child_axes
    above.figure.draw_without_rendering()
    assert [label.get_text() for label in above.get_xticklabels()][:3] == ["500", "450", "400"]
    assert above.get_xlabel() == "T, K"
    assert figure.get_suptitle() == "300 K: no diffusive window, left out of the lines"


def without_lines(head: dict) -> None:
    head["series"]["lines"] = []


def test_arrhenius_without_lines_says_why(tmp_path):
    with_head(TABLES / "ladder.dat", tmp_path / "x.dat", without_lines)
    lines = (tmp_path / "x.dat").read_text().splitlines()
    (tmp_path / "x.dat").write_text("\n".join([*(line for line in lines if line.startswith("#")), lines[-1]]) + "\n")
    figure = plot_arrhenius.draw(read(tmp_path / "x.dat", LADDER), 300.0)
    assert "no line of D through 1 temperature(s)" in figure.get_suptitle()
    assert not [line for axes in figure.axes for line in axes.lines if str(line.get_label()).startswith("$E_a$")]


def test_one_ladder_is_drawn_as_before_there_were_several(deepion, tmp_path):
    tables = [table("ladder-Ti10", LADDER)]
    assert deepion("plot arrhenius", tables[0].path, tmp_path / "a.svg").returncode == 0
    figure = plot_arrhenius.draw(tables[0], 300.0)
    result_pictures.save(figure, [tmp_path / "b.svg"], [])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert tuple(figure.get_size_inches()) == (10.0, 5.4) and figure.get_suptitle() == ""
    left, right = figure.axes
    assert legend_words(left.get_legend()).splitlines() == [
        "Nernst-Einstein",
        "$E_a$ = 0.1893 \u00b1 0.0186 eV",
        "$\\sigma$(300 K) = 0.08189 S/cm, within a factor 1.57",
        "collective",
        "$E_a$ = 0.1013 \u00b1 0.0514 eV",
        "$\\sigma$(300 K) = 1.166 S/cm, within a factor 3.36",
    ]
    assert legend_words(right.get_legend()).splitlines() == [
        "self-diffusion",
        "$E_a$ = 0.1893 \u00b1 0.0186 eV",
        "D(300 K) = 8.892$\\times$10$^{-7}$ cm$^2$/s, within a factor 1.57",
    ]
    assert [len(axes.lines) for axes in figure.axes] == [10, 5]  # markers, two caps, line, star
    assert [len(axes.collections) for axes in figure.axes] == [4, 2]  # bars, band
    assert [axes.containers[0].lines[0].get_markerfacecolor() for axes in figure.axes] == ["#0072B2"] * 2
    assert left.containers[1].lines[0].get_markerfacecolor() == "white"


def test_conductivities_of_several_ladders():
    tables = [table("ladder-Ti00", LADDER), table("ladder-Ti10", LADDER), table("ladder", LADDER)]
    figure = arrhenius_comparison.draw(tables)
    left = figure.axes[0]
    names = ["ladder-Ti00", "LPS:Ti10", "ladder"]
    assert legend_words(left.get_legend()).splitlines() == names
    assert left.get_ylabel() == "$\\sigma$ (Nernst-Einstein), S/cm" and left.get_yscale() == "log"
    bands = [one for one in left.collections if len(one.get_paths()[0].vertices) > 100]
    for k, (of, name) in enumerate(zip(tables, names, strict=True)):
        there = of.column("fit_to") > 0
        kelvin, sigma = of.column("temperature")[there], of.column("sigma")[there]
        error = np.nan_to_num(of.quantity("sigma").errors)[there]
        points, _, (bars,) = left.containers[k]
        assert points.get_xdata() == pytest.approx(1000 / kelvin)
        assert points.get_ydata() == pytest.approx(sigma)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        assert ends == pytest.approx(np.array([sigma - error, sigma + error]).T)
        # E_a and prefactor as the file says them, over the measured temperatures only
        drawn = labeled(left, f"_{name} line")
        x, y = drawn.get_xdata(), drawn.get_ydata()
        assert (x.min(), x.max()) == pytest.approx((1000 / kelvin.max(), 1000 / kelvin.min()))
        (said,) = [line for line in of.series("lines") if line["quantity"] == "sigma"]
        sigma_t = np.exp(said["ln_prefactor"] - said["energy_eV"] * x / (1000 * BOLTZMANN))
        assert y == pytest.approx(sigma_t * x / 1000)
        line = PlainLine(kelvin, sigma * kelvin, error * kelvin)
        band = line.at(1000 / x) * x / 1000
        low, high = extent(bands[k])
        assert low == pytest.approx((band / line.factor(1000 / x)).min())
        assert high == pytest.approx((band * line.factor(1000 / x)).max())
    styles = {(of.lines[0].get_color(), of.lines[0].get_marker()) for of in left.containers}
    assert len({color for color, _ in styles}) == len({marker for _, marker in styles}) == 3
    assert figure.get_suptitle() == "ladder: 300 K: no diffusive window, left out of the lines"
    caption = " ".join(figure.get_supxlabel().split())
    assert "ladder-Ti00.dat: joined from 3 files" in caption
    assert "ladder-Ti10.dat: LPS:Ti10; joined from 3 files" in caption


def test_activation_energies_are_those_of_the_tables():
    tables = [table("ladder-Ti10", LADDER), table("ladder-Ti00", LADDER)]
    right = arrhenius_comparison.draw(tables).axes[1]
    assert [label.get_text() for label in right.get_xticklabels()] == ["LPS:Ti10", "ladder-Ti00"]
    assert right.get_xticks().tolist() == [0, 1]
    drawn = {of.get_label(): of for of in right.containers}
    assert len(drawn) == 6
    for k, (of, name) in enumerate(zip(tables, ["LPS:Ti10", "ladder-Ti00"], strict=True)):
        for quantity in ["sigma", "D", "sigma_collective"]:
            point, _, (bars,) = drawn[f"_{name} {quantity}"]
            said = of.value(f"E_a_{quantity}")
            assert point.get_ydata().tolist() == [said.value]
            assert abs(point.get_xdata()[0] - k) < 0.2
            assert bars.get_segments()[0][:, 1] == pytest.approx([said.value - said.error, said.value + said.error])
    words = ["from $\\sigma T$, Nernst-Einstein", "from D", "from $\\sigma T$, collective"]
    assert legend_words(right.get_legend()).splitlines() == words


def test_an_activation_energy_without_error_has_no_bar():
    tables = [table("ladder-si", LADDER), table("ladder-si", LADDER)]
    figure = arrhenius_comparison.draw(tables)
    assert figure.axes[0].get_ylabel().endswith("S/m")
    assert all(not bars for _, _, bars in figure.axes[1].containers)
    assert legend_words(figure.axes[0].get_legend()).splitlines() == ["tables/ladder-si"] * 2


def test_labels_of_ladders(tmp_path):
    copies = {"Ti00.ladder.dat": "Ti00", "a/x.ladder.dat": "Ti00", "b/x.ladder.dat": "Ti00"}
    copies |= {"a/y.dat": "Ti10", "b/z.dat": "Ti10"}
    for name, source in copies.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(TABLES / f"ladder-{source}.dat", tmp_path / name)
    tables = [read(tmp_path / name, LADDER) for name in copies]
    assert arrhenius_comparison.labels(tables) == ["Ti00", "a/x", "b/x", "LPS:Ti10 (a/y)", "LPS:Ti10 (b/z)"]
    assert arrhenius_comparison.labels(tables[:4:3]) == ["Ti00", "LPS:Ti10"]


def test_a_ladder_without_a_line_shows_its_point_and_says_why(tmp_path):
    with_head(TABLES / "ladder-Ti00.dat", tmp_path / "x.dat", without_lines)
    lines = (tmp_path / "x.dat").read_text().splitlines()
    (tmp_path / "x.dat").write_text("\n".join([*(line for line in lines if line.startswith("#")), lines[-1]]) + "\n")
    one = read(tmp_path / "x.dat", LADDER)
    figure = arrhenius_comparison.draw([one, table("ladder-Ti10", LADDER)])
    left, right = figure.axes
    assert left.containers[0].lines[0].get_ydata() == pytest.approx(one.column("sigma"))
    assert [line.get_label() for line in left.lines if " line" in str(line.get_label())] == ["_LPS:Ti10 line"]
    assert {of.get_label().split()[0] for of in right.containers} == {"_LPS:Ti10"}
    assert figure.get_suptitle() == "x: no line of sigma T (Nernst-Einstein) through 1 temperature(s)"


def test_warnings_of_ladders_are_shown(tmp_path):
    shared = "two temperatures make a line, and nothing says whether others would lie on it"
    own = "beta is not 1 in the window of 700 K (0.828): D depends on it there"
    two = ("two_temperatures", shared)
    warned(TABLES / "ladder-Ti00.dat", tmp_path / "ladder-Ti00.dat", *two, "not_diffusive", own)
    warned(TABLES / "ladder-Ti10.dat", tmp_path / "ladder-Ti10.dat", *two)
    tables = [read(tmp_path / f"{name}.dat", LADDER) for name in ("ladder-Ti00", "ladder-Ti10")]
    figure = arrhenius_comparison.draw(tables)
    assert figure.get_suptitle() == f"ladder-Ti00, LPS:Ti10: {shared}\nladder-Ti00: {own}"
    assert plot_arrhenius.draw(tables[0], 300.0).get_suptitle() == f"{shared}; {own}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ladder.dat", "ladder-si.dat"], "conductivities are in different units, S/cm and S/m"),
        (["--predict", "300", "ladder.dat", "ladder-Ti00.dat"], "--predict is for one ladder, got 2"),
        (["--predict", "0", "ladder.dat"], "--predict 0: expected a temperature in K above 0"),
        (["ladder.dat", "vdos-Ti00.dat"], "vdos-Ti00.dat: expected the temperatures joined by deepion-merge"),
    ],
)
def test_ladders_that_cannot_be_compared_are_refused_in_one_line(deepion, tmp_path, arguments, words):
    paths = [TABLES / word if word.endswith(".dat") else word for word in arguments]
    result = deepion("plot arrhenius", *paths, tmp_path / "x.png")
    assert result.returncode == 1 and not (tmp_path / "x.png").exists()
    assert result.stderr.startswith("deepion plot arrhenius: ") and result.stderr.count("\n") == 1
    assert words in result.stderr


def test_coordination_maps_hold_the_probabilities():
    tables = [table("coordination-Ti00", COORDINATION), table("coordination-Ti10", COORDINATION)]
    figure = plot_coordination.draw(tables, [])
    maps = [axes for axes in figure.axes if "mean" in axes.get_title()]
    assert [axes.get_title().split()[0] for axes in maps] == ["Ti00", "Ti10"]
    for axes, of in zip(maps, tables, strict=True):
        p = np.array([of.column(f"P_{n}") for n in range(7)] + [of.column("P_above_6")])
        assert np.array_equal(np.asarray(axes.collections[0].get_array()).reshape(p.shape), p)
        words = {tuple(int(c) for c in text.get_position()): text.get_text() for text in axes.texts}
        expected = {
            (k, n): f"{value:.2f}" if value >= 0.005 else "<.01" for (n, k), value in np.ndenumerate(p) if value > 0
        }
        assert words == expected
        assert same(labeled(axes, "mean"), np.arange(9), of.column("mean_n"))
        assert [label.get_text() for label in axes.get_xticklabels()] == [f"{r:g}" for r in of.column("rcut")]
        assert [label.get_text() for label in axes.get_yticklabels()] == [*"0123456", "7+"]
    entropy = figure.axes[-1]
    for k, of in enumerate(tables):
        points, _, (bars,) = entropy.containers[k]
        assert same(points, of.column("rcut"), of.column("S_config"))
        errors = [(segment[1, 1] - segment[0, 1]) / 2 for segment in bars.get_segments()]
        assert errors == pytest.approx(np.nan_to_num(of.quantity("S_config").errors))
        other = labeled(entropy, f"_{of.label} 1 to 6")
        assert same(other, of.column("rcut"), of.column("S_config_1to6"))


def test_vibrational_entropy_beside_the_configurational():
    tables = [table("coordination-Ti10", COORDINATION)]
    figure = plot_coordination.draw(tables, [table("vdos-Ti10", VDOS)])
    upper = figure.axes[-2]
    points, _, (bars,) = upper.containers[0]
    assert set(points.get_ydata()) == {4.413476}
    assert bars.get_segments()[0][:, 1] == pytest.approx([4.413476 - 0.055, 4.413476 + 0.055])
    assert legend_words(upper.get_legend()) == "Ti10: without frequencies below 0.5 THz"


def test_numbers_of_vdos_files_and_tables_must_agree(deepion, tmp_path):
    names = ["coordination-Ti00.dat", "coordination-Ti10.dat"]
    paths = [TABLES / name for name in names]
    result = deepion("plot coordination", *paths, "--vdos", TABLES / "vdos-Ti00.dat", "--out", tmp_path / "x.png")
    assert result.returncode == 1 and "2 tables but 1 after --vdos" in result.stderr


def test_vdos_curves_peaks_and_entropies():
    tables = [table("vdos-Ti00", VDOS), table("vdos-Ti10", VDOS)]
    figure = plot_vdos.draw(tables)
    assert len(figure.axes) == 2
    for axes, of in zip(figure.axes, tables, strict=True):
        thz = of.column("nu")
        for name in ["total", "Li", "P", "S"]:
            (curve,) = [line for line in axes.lines if str(line.get_label()).startswith(f"{name}: ")]
            assert same(curve, thz, of.column(f"g_{name}"))
        assert labeled(axes, "_S peaks").get_xdata() == pytest.approx([2.253, 4.968, 15.039])
        g, error = of.column("g_total"), np.nan_to_num(of.quantity("g_total").errors)
        low, high = extent(axes.collections[0])
        assert (low, high) == pytest.approx(((g - error).min(), (g + error).max()))
        (above,) = axes.child_axes
        figure.draw_without_rendering()
        assert above.get_xlim()[1] == pytest.approx(axes.get_xlim()[1] * 33.35641, rel=1e-6)
        assert "diffusive: g(0) is no vibration" in axes.get_title(loc="left")
    numbers = [text.get_text() for text in figure.axes[0].texts]
    assert numbers == ["2.2", "5.2", "8.0", "11.1", "15.2"]
    words = legend_words(figure.axes[1].get_legend())
    assert "total: $S_{vib}$ = (4.413 \u00b1 0.055) $k_B$ per atom\n    (without frequencies below 0.5 THz)" in words
    assert "Li: $S_{vib}$/$k_B$ = 5.67 harmonic, 4.56 above 0.5 THz, 6.37 two-phase" in words
    assert "g(0) = (0.462 \u00b1 0.013) 1/THz" in words
