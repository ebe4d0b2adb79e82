# SPDX-License-Identifier: MIT
"""deepion.DeepPot: the engine of the pair style in Python, against DeePMD-kit's values and the reference graph."""

import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from conftest import DATA, INDEX, LIPSTI
from deepion import DeepPot, cache
from deepion.errors import DeepionError, InputError, ModelFileError
from helpers import lipsti_case, relative, small_case

ELEMENTS = ["Li", "P", "S", "Ti"]
EXACT = {"precision": "double", "threads": 1, "check": False}


@pytest.fixture(scope="module")
def lipsti(exported) -> DeepPot:
    return DeepPot(exported.path(LIPSTI), **EXACT)


def frames_of(name: str = "Ti10", count: int = 3):
    """DeePMD-kit's values of frames of equally many atoms: coords, cells, types and the references."""
    cases = [lipsti_case(f"{name}_f{k}", ELEMENTS) for k in range(count)]
    references = [np.load(DATA / "lipsti" / f"{name}_f{k}.npz") for k in range(count)]
    coords, cells = (np.stack([getattr(case, key) for case in cases]) for key in ("coord", "cell"))
    return coords, cells, cases[0].types, references


def test_values_shapes_and_order_are_those_of_deepmd(lipsti):
    coords, cells, types, references = frames_of()
    n = len(types)
    energy, force, virial, atom_energy, atom_virial = lipsti.eval(coords, cells, types, atomic=True)
    assert energy.shape == (3, 1) and force.shape == (3, n, 3) and virial.shape == (3, 9)
    assert atom_energy.shape == (3, n, 1) and atom_virial.shape == (3, n, 9)
    for k, reference in enumerate(references):
        assert energy[k, 0] == pytest.approx(float(reference["energy"]), rel=1e-9)
        assert np.abs(force[k] - reference["force"].reshape(n, 3)).max() < 1e-8
        assert relative(virial[k], reference["virial"].ravel()) < 1e-8
        assert relative(atom_energy[k, :, 0], reference["atom_energy"].ravel()) < 1e-9
        assert relative(atom_virial[k], reference["atom_virial"].reshape(n, 9)) < 1e-8


@pytest.mark.parametrize("name", list(INDEX))
def test_small_models_of_every_kind(exported, name):
    path = exported.path(DATA / INDEX[name]["model"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of neighbors beyond sel, which some of these models have
        pot = DeepPot(path, **EXACT)
        case, reference = small_case(name, pot.get_type_map()), np.load(DATA / INDEX[name]["reference"])
        cells = case.cell if all(case.periodic) else None
        out = pot.eval(case.coord, cells, case.types, True, case.fparam, case.aparam)
    energy, force, virial, atom_energy, atom_virial = out
    assert abs(energy[0, 0] - float(reference["energy"])) <= 1e-9 * abs(float(reference["energy"]))
    assert np.abs(force[0] - reference["force"].reshape(-1, 3)).max() <= 1e-8
    assert relative(virial[0], reference["virial"].reshape(9)) <= 1e-8
    assert relative(atom_energy[0, :, 0], reference["atom_energy"].reshape(-1)) <= 1e-9
    if "atom_virial" in reference:
        assert relative(atom_virial[0], reference["atom_virial"].reshape(-1, 9)) <= 1e-8


def test_arrays_in_every_form(lipsti):
    coords, cells, types, _ = frames_of()
    expected = lipsti.eval(coords, cells, types)
    forms = [
        (coords.reshape(3, -1), cells.reshape(3, 9), types.tolist()),
        (coords.ravel(), cells.ravel(), np.tile(types, (3, 1))),
        (coords.tolist(), cells.tolist(), types.astype(np.int64)),
        (np.asfortranarray(coords), cells, types[None]),
    ]
    for form in forms:
        for got, want in zip(lipsti.eval(*form), expected, strict=True):
            np.testing.assert_array_equal(got, want)
    one = lipsti.eval(coords[0].ravel(), cells[0], types)
    np.testing.assert_array_equal(one[1][0], expected[1][0])


def test_frames_of_different_types(lipsti):
    """mixed_type, with atoms that the model does not see."""
    coords, cells, types, _ = frames_of(count=2)
    other = types[::-1].copy()
    other[:5] = -1
    mixed = lipsti.eval(coords, cells, np.stack([types, other]), mixed_type=True)
    np.testing.assert_array_equal(mixed[1][0], lipsti.eval(coords[0], cells[0], types)[1][0])
    alone = lipsti.eval(coords[1], cells[1], other)
    np.testing.assert_array_equal(mixed[1][1], alone[1][0])
    visible = lipsti.eval(coords[1][5:], cells[1], other[5:])
    assert not mixed[1][1][:5].any() and mixed[0][1] == pytest.approx(visible[0][0], rel=1e-13)


def test_open_boundaries(lipsti, exported):
    coords, cells, types, _ = frames_of(count=1)
    reference = exported.evaluator(LIPSTI).evaluate(coords[0], types, np.zeros((3, 3)), (False,) * 3)
    energy, force, _ = lipsti.eval(coords, None, types)
    assert energy[0, 0] == pytest.approx(reference.energy, rel=1e-12)
    np.testing.assert_allclose(force[0], reference.force, atol=1e-11)


def test_parameters_of_frames_and_atoms(exported, tmp_path):
    name = "fparam_aparam"
    pot = DeepPot(exported.path(DATA / INDEX[name]["model"]), **EXACT)
    case = small_case(name, pot.get_type_map())
    n, fdim, adim = len(case.types), pot.get_dim_fparam(), pot.get_dim_aparam()
    random = np.random.default_rng(3)
    coords = np.stack([case.coord, case.coord + 0.05])
    fparam, aparam = random.random((2, fdim)), random.random((2, n, adim))
    both = pot.eval(coords, [case.cell] * 2, case.types, False, fparam, aparam)
    for k in range(2):
        for f, a in ((fparam[k], aparam[k]), (fparam[k].tolist(), aparam[k].ravel())):
            np.testing.assert_array_equal(pot.eval(coords[k], case.cell, case.types, False, f, a)[1][0], both[1][k])
    same = pot.eval(coords, [case.cell] * 2, case.types, False, fparam[0], aparam[0, 0])
    tiled = pot.eval(coords, [case.cell] * 2, case.types, False, [fparam[0]] * 2, np.tile(aparam[0, 0], (2, n, 1)))
    np.testing.assert_array_equal(same[1], tiled[1])
    default = DeepPot(exported.path(DATA / INDEX["default_fparam"]["model"]), **EXACT)
    assert default.has_default_fparam() and not pot.has_default_fparam()
    case = small_case("default_fparam", default.get_type_map())
    explicit = default.eval(case.coord, case.cell, case.types, fparam=[0.1, 0.9])
    np.testing.assert_array_equal(default.eval(case.coord, case.cell, case.types)[1], explicit[1])


def test_what_the_model_says(lipsti):
    assert lipsti.get_type_map() == ["Li", "P", "S", "Ti"] and lipsti.get_ntypes() == 4
    assert lipsti.get_rcut() == 7.0 and lipsti.get_dim_fparam() == lipsti.get_dim_aparam() == 0
    assert lipsti.get_sel_type() == [] and lipsti.get_ntypes_spin() == 0
    coords, cells, types, _ = frames_of(count=1)
    lipsti.eval(coords, cells, types)
    assert any(line.startswith("precision double") for line in lipsti.summary())


def test_threads_change_no_bit(exported):
    coords, cells, types, _ = frames_of()
    many = np.concatenate([coords + 0.01 * k for k in range(4)])
    box = np.concatenate([cells] * 4)
    one, three = (DeepPot(exported.path(LIPSTI), threads=threads) for threads in (1, 3))
    for got, want in zip(three.eval(many, box, types, True), one.eval(many, box, types, True), strict=True):
        np.testing.assert_array_equal(got, want)
    # Fewer frames than threads: each frame is shared out.
    np.testing.assert_array_equal(three.eval(many[:2], box[:2], types)[1], one.eval(many[:2], box[:2], types)[1])


def test_defaults_are_those_of_the_pair_style(exported):
    model = exported.path(DATA / INDEX["two_sided"]["model"])
    coord, types = np.array([[0, 0, 0], [0, 0, 2.1], [1.9, 0, 0.5]]), [0, 1, 0]
    pot = DeepPot(model)
    pot.eval(coord, None, types)
    summary = " ".join(pot.summary())
    assert "precision mixed" in summary and "tabulate yes" in summary
    double = DeepPot(model, precision="double")
    double.eval(coord, None, types)
    assert "tabulate no" in " ".join(double.summary())


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"precision": "single"}, "precision: expected mixed or double, got 'single'"),
        ({"sel": True}, "sel: expected warn or error, got True"),
        ({"threads": -1}, "threads: expected a number that is not negative, got -1"),
        ({"threads": 1.5}, "threads: expected a whole number"),
        ({"reduce": float("nan")}, "reduce: expected a number"),
        ({"tabulate": "no"}, "tabulate: expected True or False, got 'no'"),
        ({"tabulate": False, "reduce": 1e-3}, "use only one of tabulate=False and reduce"),
        ({"reduce": 1e-9}, "no reduced networks with a force error that small"),
        ({"precison": "double"}, "unknown keyword precison; keywords are precision threads tabulate"),
    ],
)
def test_wrong_keywords_are_named(exported, keywords, words):
    with pytest.raises(InputError, match="(?s).*" + words.replace("(", "\\(")):
        DeepPot(exported.path(LIPSTI), **keywords)


def test_wrong_arrays_are_named(lipsti):
    coords, cells, types, _ = frames_of(count=2)
    n = len(types)
    nan, flat = coords[0].copy(), np.eye(3) * [9, 9, 0]
    nan[3, 1] = np.nan
    together = coords[0].copy()
    together[7] = together[3]
    for arguments, words in [
        ((coords.ravel()[:-1], cells, types), f"are no whole number of frames of {n} atoms x 3"),
        ((coords, cells[0], types), "cells: expected 2 x 9 numbers, got 9"),
        ((coords, cells, types[None].repeat(3, 0)), "atom_types: expected 2 frames as in coords, got 3"),
        ((coords, cells, types + 0.5), "atom_types: expected whole numbers"),
        ((coords, cells, types + 3), "type 4 given, but the model has 4 types"),
        ((coords, [["a"] * 9] * 2, types), "cells: expected numbers"),
        ((coords, cells, types, False, [1.0]), "the model has no fparam, but 1 values were given"),
        ((nan, cells[0], types), "position of atom 3 (from 0) is not finite"),
        ((together, cells[0], types), "atom index 3 and atom index 7 are at the same place"),
        ((coords[0], flat, types), "has no volume along its periodic directions"),
        ((coords[0], np.eye(3) * 1e-3, types), "the cell is too small for the cutoff"),
    ]:
        with pytest.raises(InputError) as caught:
            lipsti.eval(*arguments)
        assert words in str(caught.value), caught.value
    assert np.isfinite(lipsti.eval(coords, cells, types)[1]).all(), "an error leaves nothing behind"
    with pytest.raises(InputError, match="mixed_type"):
        lipsti.eval(coords, cells, types, mixed_type=True)


def test_an_error_in_one_frame_of_many_is_that_frame(exported):
    coords, cells, types, _ = frames_of()
    coords = np.concatenate([coords] * 3)
    coords[4, 9] = np.inf
    pot = DeepPot(exported.path(LIPSTI), threads=2)
    with pytest.raises(InputError, match="position of atom 9"):
        pot.eval(coords, np.concatenate([cells] * 3), types)


def test_a_model_of_deepmd_is_looked_for_in_the_cache(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path))
    with pytest.raises(
        ModelFileError, match=r"a DeePMD-kit model: .* lipsti-a.onnx, .*: deepion export .*lipsti-a.dp --cache"
    ):
        DeepPot(LIPSTI)
    cache.entry_of(LIPSTI).write_bytes(exported.path(LIPSTI).read_bytes())
    assert DeepPot(LIPSTI).get_type_map() == ["Li", "P", "S", "Ti"]


def test_files_that_are_no_models(exported, tmp_path):
    with pytest.raises(ModelFileError, match="nowhere.onnx: cannot be read: No such file"):
        DeepPot(tmp_path / "nowhere.onnx")
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"junk")
    with pytest.raises(ModelFileError, match="model file .*junk.onnx: "):
        DeepPot(junk)
    with pytest.raises(DeepionError, match="ONNX Runtime"):
        DeepPot(exported.path(LIPSTI), onnxruntime=tmp_path / "libonnxruntime.so")


def test_the_self_check_looks_at_the_first_frame(exported):
    coords, cells, types, _ = frames_of(count=1)
    pot = DeepPot(exported.path(LIPSTI), check_limit=1e-12)
    with pytest.raises(DeepionError, match=r"self-check failed.*limit 1e-12.*try precision='double'.*check=False"):
        pot.eval(coords, cells, types)
    assert np.isfinite(DeepPot(exported.path(LIPSTI)).eval(coords, cells, types)[0]).all()


def test_too_many_neighbors_are_a_warning_or_an_error(exported):
    name = "sel_overflow"
    path = exported.path(DATA / INDEX[name]["model"])
    pot = DeepPot(path, **EXACT)
    case = small_case(name, pot.get_type_map())
    with pytest.warns(UserWarning, match=r"atom index \d+ has \d+ \w+ neighbors within .*keeps sel = 14"):
        pot.eval(case.coord, case.cell, case.types)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pot.eval(case.coord, case.cell, case.types)  # once
    with pytest.raises(InputError, match="keeps sel = 14"):
        DeepPot(path, sel="error", **EXACT).eval(case.coord, case.cell, case.types)


def test_copies_and_pickles(lipsti):
    coords, cells, types, _ = frames_of(count=1)
    copy = pickle.loads(pickle.dumps(lipsti))
    for got, want in zip(copy.eval(coords, cells, types), lipsti.eval(coords, cells, types), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_forked_process_computes(exported):
    """Threads do not live on in it: the model is opened again."""
    coords, cells, types, _ = frames_of(count=3)
    pot = DeepPot(exported.path(LIPSTI), threads=2)
    expected = pot.eval(coords, cells, types)[1]
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forks with threads
        child = os.fork()
    if child == 0:
        same = np.array_equal(pot.eval(coords, cells, types)[1], expected)
        os.write(writing, b"same" if same else b"other")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"same"
    os.waitpid(child, 0)


def test_an_interrupt_ends_a_long_batch(lipsti):
    coords, cells, types, _ = frames_of(count=3)
    coords, cells = np.concatenate([coords] * 700), np.concatenate([cells] * 700)  # minutes
    lipsti.eval(coords[:1], cells[:1], types)
    # Tests that run in the background have interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            lipsti.eval(coords, cells, types)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - start < 30
    assert np.isfinite(lipsti.eval(coords[:1], cells[:1], types)[1]).all()


def test_other_threads_of_python_run_meanwhile(lipsti):
    coords, cells, types, _ = frames_of(count=3)
    coords, cells = np.concatenate([coords] * 4), np.concatenate([cells] * 4)
    ticks, done = 0, threading.Event()

    def evaluate() -> None:
        lipsti.eval(coords, cells, types)
        done.set()

    thread = threading.Thread(target=evaluate)
    thread.start()
    while not done.wait(0.005):
        ticks += 1
    thread.join()
    assert ticks > 5
