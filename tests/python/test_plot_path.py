# SPDX-License-Identifier: MIT
"""The path of one ion: what dumps hold, which ion it is, and that it is drawn where it was."""

from pathlib import Path

import numpy as np
import pytest
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from deepion.errors import DeepionError
from deepion.plots import lammps_dump
from deepion.plots import path as plot_path

COLUMNS = "id type xu yu zu"


def frame(step: int, rows: list[str], time: float | None = None, units: str = "", columns: str = COLUMNS) -> str:
    """A frame as LAMMPS writes it."""
    head = [f"ITEM: UNITS\n{units}"] if units else []
    head += [f"ITEM: TIME\n{time:g}"] if time is not None else []
    head += [f"ITEM: TIMESTEP\n{step}", f"ITEM: NUMBER OF ATOMS\n{len(rows)}"]
    head += ["ITEM: BOX BOUNDS pp pp pp", *["0 1.25e+01"] * 3, f"ITEM: ATOMS {columns}"]
    return "\n".join([*head, *rows]) + "\n"


def written(path: Path, *frames: str) -> Path:
    path.write_text("".join(frames))
    return path


def moving(path: Path, far: dict[int, float], steps: int = 5, timed: bool = True, sign: int = 1) -> Path:
    """Ions that move by `far` along y between the first and the last of `steps` frames, 50 steps and 0.1 ps apart."""
    made = []
    for k in range(steps):
        rows = [f"{i} 1 {i} {i + sign * d * k / (steps - 1):.4f} -3" for i, d in far.items()]
        made.append(frame(50 * k, rows, 0.1 * k if timed else None, "metal" if timed and k == 0 else ""))
    return written(path, *made)


def drawn(path: Path, **options) -> plot_path.Run:
    (run,), _ = plot_path.read([str(path)], options.get("ion"), options.get("timestep"))
    return run


def refusal(action, *arguments) -> str:
    with pytest.raises(DeepionError) as caught:
        action(*arguments)
    return str(caught.value)


def test_frames_are_read_with_atoms_by_their_ids(tmp_path):
    dump = written(
        tmp_path / "a",
        frame(100, ["7 1 1.5 -2.25 30", "3 4 0 0 1e-2"], 0.25, "metal"),
        frame(150, ["3 4 0.5 0 0", "7 1 1.75 -2.5 31"], 0.375),
    )
    paths = lammps_dump.read([dump])
    assert paths.steps.tolist() == [100, 150] and paths.time.tolist() == [0.25, 0.375]
    assert paths.ids.tolist() == [3, 7]
    assert paths.positions.tolist() == [[[0, 0, 0.01], [1.5, -2.25, 30]], [[0.5, 0, 0], [1.75, -2.5, 31]]]


def test_columns_may_stand_anywhere(tmp_path):
    dump = written(tmp_path / "a", frame(0, ["3 9 2 5 1 4"], columns="zu element yu id xu vx"))
    paths = lammps_dump.read([dump])
    assert paths.ids.tolist() == [5] and paths.positions.tolist() == [[[1, 2, 3]]]
    assert np.isnan(paths.time).all()


def test_time_in_units_real_is_in_fs(tmp_path):
    dump = written(tmp_path / "a", frame(0, ["1 1 0 0 0"], 0, "real"), frame(5, ["1 1 0 0 0"], 2500))
    assert lammps_dump.read([dump]).time.tolist() == [0, 2.5]


@pytest.mark.parametrize("cut", [1, 2, 12, 40, 100])
def test_a_frame_that_is_cut_off_is_left_out(tmp_path, cut):
    whole = frame(0, ["1 1 0 0 0", "2 1 5 5 5"]) + frame(50, ["1 1 1 1 1", "2 1 6.25 6.25 6.25"])
    paths = lammps_dump.read([written(tmp_path / "a", whole[:-cut])])
    assert paths.steps.tolist() == [0] and paths.positions[0, 1].tolist() == [5, 5, 5]
    assert lammps_dump.read([written(tmp_path / "a", whole)]).steps.tolist() == [0, 50]


def test_frames_of_a_later_file_replace_those_of_an_earlier_one(tmp_path):
    def file(name: str, steps: range, x: int) -> Path:
        return written(tmp_path / name, *(frame(s, [f"1 1 {x} 0 0"], s / 500) for s in steps))

    first = file("path.0", range(0, 301, 50), 0)
    first.write_text(first.read_text()[:-3])  # killed while it wrote step 300
    last, middle = file("path.200", range(200, 401, 50), 2), file("path.100", range(100, 251, 50), 1)
    empty = written(tmp_path / "path.400")  # killed before it wrote
    for files in ([first, middle, last, empty], [last, empty, middle, first]):
        paths = lammps_dump.read(files)
        assert paths.steps.tolist() == list(range(0, 401, 50))
        assert paths.positions[:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 2, 2, 2]
        assert paths.time == pytest.approx(paths.steps / 500)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,x\n1,2\n", "a is no text dump of LAMMPS: it begins with 'id,x'"),
        ("", "a holds no complete frame yet"),
        ("ITEM: TIMESTEP\n0\n", "a holds no complete frame yet"),
        (
            frame(0, ["1 1 0 0 0"], columns="id type x y z"),
            "a has no xu, yu, zu among its columns id type x y z: needed is "
            "dump p GROUP custom 100 FILE id type xu yu zu",
        ),
        (frame(0, ["1 0 0 0"], columns="type xu yu zu"), "a has no id among its columns"),
        (frame(0, ["1 1 0 0 0"], units="lj"), "a has units lj: expected metal or real"),
        (frame(0, ["1 1 0 zero 0"]), "a, line 10: expected id type xu yu zu, got '1 1 0 zero 0'"),
        (frame(0, ["1 1 0 nan 0"]), "a, line 10: expected id type xu yu zu, got '1 1 0 nan 0'"),
        (frame(0, ["1 1 0 0"]), "a, line 10: expected id type xu yu zu, got '1 1 0 0'"),
        (frame(0, ["1 1 0 0 0"]).replace("TIMESTEP\n0", "TIMESTEP\nx"), "a, line 2: expected a number, got 'x'"),
        (frame(0, ["1 1 0 0 0"]).replace("TIMESTEP", "ENTRIES"), "a, line 1: expected an ITEM of a dump of atoms"),
        (frame(0, ["1 1 0 0 0"]).partition("BOX")[2].join(["ITEM: BOX", ""]), "without a step and a number of atoms"),
        (frame(0, ["1 1 0 0 0"]) * 2, "a: steps do not increase: are these several runs in one file?"),
        (frame(0, ["1 1 0 0 0"]) + frame(1, ["2 1 0 0 0"]), "a: step 1 has other atoms than step 0"),
    ],
)
def test_what_is_no_dump_of_paths_is_refused(tmp_path, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    Path("a").write_text(text)
    assert words in refusal(lammps_dump.read, [Path("a")])


def test_other_files_are_refused(tmp_path):
    (tmp_path / "png").write_bytes(b"\x89PNG\r\n")
    assert "is no text dump of LAMMPS" in refusal(lammps_dump.read, [tmp_path / "png"])
    assert "cannot read" in refusal(lammps_dump.read, [tmp_path / "missing"])
    one, other = moving(tmp_path / "a", {1: 1.0}), moving(tmp_path / "b", {1: 1.0, 2: 2.0})
    assert "hold different atoms: IDs 1 and 1, 2; are they of one run?" in refusal(lammps_dump.read, [one, other])


@pytest.mark.parametrize(
    ("far", "ion"),
    [
        ({1: 9.0, 4: 2.0, 6: 5.0}, 6),
        ({1: 9.0, 4: 2.0, 6: 5.0, 7: 3.0}, 7),  # the lower of the two in the middle
        ({5: 1.0}, 5),
    ],
)
def test_the_ion_is_that_of_the_median_displacement(tmp_path, far, ion):
    run = drawn(moving(tmp_path / "a", far))
    assert run.paths.ids[run.ion] == ion
    assert run.path[-1] == pytest.approx([0, far[ion], 0])
    caption = plot_path.draw([run], "time, ps").get_supxlabel().replace("\n  ", " ")
    low, high = min(far.values()), max(far.values())
    assert f"ion {ion} of {len(far)}, whose net displacements are {low:.1f} to {high:.1f} \u00c5" in caption
    assert "drawn is the ion whose net displacement is the median of these; 5 frames" in caption


def test_another_ion_can_be_asked_for(tmp_path):
    dump = moving(tmp_path / "a", {1: 9.0, 4: 2.0, 6: 5.0})
    run = drawn(dump, ion=1)
    assert run.path[-1] == pytest.approx([0, 9, 0])
    assert run.source.lines[2] == "drawn is the ion asked for with --ion"
    assert refusal(plot_path.read, [str(dump)], 2, None) == "a has no ion 2; it has 1, 4, 6"


def test_radius_of_gyration():
    assert plot_path.radius_of_gyration(np.array([[1.0, 2, 3], [1, 2, 7]])) == pytest.approx(2.0)
    circle = np.array([[np.cos(a), np.sin(a), 4.0] for a in np.arange(12) * np.pi / 6])
    assert plot_path.radius_of_gyration(3 * circle) == pytest.approx(3.0)


def test_the_path_is_drawn_from_its_start_with_colors_of_time(tmp_path):
    one, other = moving(tmp_path / "a", {1: 4.0}), moving(tmp_path / "b", {2: 8.0}, sign=-1)
    runs, meaning = plot_path.read([f"Ti00={one}", f"Ti10={other}"], None, None)
    figure = plot_path.draw(runs, meaning)
    figure.draw_without_rendering()
    *panels, bar = figure.axes
    assert len(panels) == 6 and bar.get_ylabel() == "time, ps" and bar.get_ylim() == pytest.approx((0, 0.4))
    for k, run in enumerate(runs):
        space, xy, xz = panels[3 * k : 3 * k + 3]
        y = np.array([0, 1, 2, 3, 4.0]) * [1, -2][k]
        for axes, columns in [(xy, [np.zeros(5), y]), (xz, [np.zeros(5), np.zeros(5)])]:
            (lines,) = axes.collections
            points = np.array([segment[0] for segment in lines.get_segments()] + [lines.get_segments()[-1][1]])
            assert points == pytest.approx(np.array(columns).T)
            assert np.asarray(lines.get_array()) == pytest.approx([0.05, 0.15, 0.25, 0.35])
            assert (lines.norm.vmin, lines.norm.vmax) == pytest.approx((0, 0.4))
            assert axes.get_aspect() == 1
        (three,) = space.collections
        assert isinstance(three, Line3DCollection) and len(three.get_array()) == 4
        start, end = space.lines
        assert np.array(start.get_data_3d()).ravel() == pytest.approx([0, 0, 0])
        assert np.array(end.get_data_3d()).ravel() == pytest.approx([0, y[-1], 0])
        radius = np.sqrt(2) * [1, 2][k]
        assert space.get_title() == (
            f"{run.label}\nnet displacement {[4, 8][k]:.1f} \u00c5\nradius of gyration {radius:.1f} \u00c5"
        )
    for first, second in zip(panels[:3], panels[3:], strict=True):
        assert first.get_xlim() == second.get_xlim() and first.get_ylim() == second.get_ylim()
    assert panels[1].get_ylim()[0] < -8 and panels[1].get_ylim()[1] > 4
    assert (panels[1].get_ylabel(), panels[2].get_ylabel(), panels[2].get_xlabel()) == (
        "y, \u00c5",
        "z, \u00c5",
        "x, \u00c5",
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["start", "end"]
    assert figure.get_suptitle() == ""


def test_an_ion_that_does_not_move_can_be_drawn(tmp_path):
    figure = plot_path.draw([drawn(moving(tmp_path / "a", {1: 0.0}))], "time, ps")
    assert figure.axes[1].get_xlim() == pytest.approx((-0.55 / 1.5, 0.55 / 1.5))


def test_paths_of_different_duration_carry_a_warning(tmp_path):
    moving(tmp_path / "a", {1: 4.0})
    moving(tmp_path / "b", {1: 4.0}, steps=3)
    runs, meaning = plot_path.read([str(tmp_path / "a"), str(tmp_path / "b")], None, None)
    words = plot_path.draw(runs, meaning).get_suptitle().replace("\n", " ")
    assert words == "WARNING: the paths do not last equally long, so that areas do not compare (a: 0.4 ps; b: 0.2 ps)"


def test_time_without_item_time(tmp_path):
    untimed, timed = moving(tmp_path / "a", {1: 4.0}, timed=False), moving(tmp_path / "b", {1: 4.0})
    (run,), meaning = plot_path.read([str(untimed)], None, None)
    assert meaning == "steps" and run.clock.tolist() == [0, 50, 100, 150, 200]
    (run,), meaning = plot_path.read([str(untimed)], None, 0.001)
    assert meaning == "time, ps" and run.clock == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    # what the dump says goes before what is said on the command line
    runs, meaning = plot_path.read([str(untimed), str(timed)], None, 0.001)
    assert [run.clock[-1] for run in runs] == pytest.approx([0.2, 0.4])
    assert "a says no time" in refusal(plot_path.read, [str(untimed), str(timed)], None, None)


def test_files_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("T=900")
    folder.mkdir()
    for name in ("path.0.lammpstrj", "path.50.lammpstrj"):
        moving(folder / name, {1: 1.0})
    both = sorted(folder.iterdir())
    assert plot_path.label_and_files("T=900/path.0.lammpstrj") == ("path.0", both[:1])
    assert plot_path.label_and_files("LPS:Ti00=T=900/path.*.lammpstrj") == ("LPS:Ti00", both)
    monkeypatch.chdir(folder)
    names = [Path("path.0.lammpstrj"), Path("path.50.lammpstrj")]
    assert plot_path.label_and_files("LPS:Ti00=path.*.lammpstrj") == ("LPS:Ti00", names)
    assert plot_path.label_and_files("x=path.50.lammpstrj,path.0.lammpstrj") == ("x", names[::-1])
    assert plot_path.label_and_files("path.0.lammpstrj") == ("path.0", names[:1])
    assert refusal(plot_path.label_and_files, "x=y*.dat") == "no file matches y*.dat"
    assert len(plot_path.read(["x=path.*.lammpstrj"], None, None)[0][0].source.joined) == 2


def test_pictures_are_made_from_the_command_line(deepion, tmp_path):
    for name in ("path.0.lammpstrj", "path.50.lammpstrj"):
        moving(tmp_path / name, {1: 1.0, 2: 3.0})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    arguments = [f"Ti00={tmp_path}/path.*.lammpstrj", f"Ti10={tmp_path}/path.0.lammpstrj", tmp_path / "x"]
    result = deepion("plot path", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote {tmp_path}/x.png\nwrote {tmp_path}/x.svg\n"
    first = (tmp_path / "x.svg").read_bytes()
    assert b"<dc:date>" not in first and (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    deepion("plot path", *arguments[:-1], "--out", tmp_path / "y")
    assert (tmp_path / "y.svg").read_bytes() == first
    assert all(path.read_bytes() == content for path, content in before.items())
    assert "deepion plot path " in deepion("plot path", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a"], "expected tables and then OUT, got only"),
        (["a", "missing", "x.png"], "cannot read missing: No such file or directory"),
        (["a", "a", "x.png"], "two runs are called a: write LABEL= before the files of each"),
        (["once", "x.png"], "once has only one complete frame: no path yet"),
        (["--timestep", "0", "a", "x.png"], "--timestep 0: expected ps above 0"),
        (["x=a,b.png", "--out", "b.png"], "b.png is one of the inputs"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(deepion, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b.png"):
        moving(tmp_path / name, {1: 1.0})
    written(tmp_path / "once", frame(0, ["1 1 0 0 0"]))
    result = deepion("plot path", *arguments)
    assert result.returncode == 1 and not Path("x.png").exists()
    assert result.stderr.startswith("deepion plot path: ") and result.stderr.count("\n") == 1
    assert words in result.stderr
