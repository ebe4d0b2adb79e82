# SPDX-License-Identifier: MIT
"""Random models of all descriptors against DeePMD-kit's values (make_descriptor_reference.py), and against themselves."""

import hashlib
import json
import re

import numpy as np
import onnx
import onnxruntime
import pytest

from conftest import DATA, INDEX
from deepion.errors import ExportError, InputError
from deepion.evaluation.evaluator import Evaluator, Result
from deepion.export.electrons import SYMBOLS, electron_vectors
from deepion.export.exporter import load_potential
from deepion.export.serialized import potential_from_serialized
from deepion.inspection.onnx_summary import summarize_onnx
from deepion.model.model_file import build_model, write_model_file
from deepion.model.onnx_nodes import DOMAIN_VERSION, OPSET
from deepion.model.pair_tables import pair_table_function
from deepion.model.potential import PairTable, Table
from deepion.model.subset import with_elements
from deepion.model.tables import table_function, table_value_and_slope
from descriptor_cases import CASES, STRUCTURES, projected
from random_models import dpa1, model

SOURCE = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
REFERENCE = json.loads((DATA / "descriptor_reference.json").read_text())


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory):
    """The evaluator of a case's model, exported once."""
    folder = tmp_path_factory.mktemp("descriptors")
    made: dict[str, Evaluator] = {}

    def evaluator(name: str) -> Evaluator:
        if name not in made:
            path = folder / f"{name}.onnx"
            write_model_file(path, potential_from_serialized(CASES[name].build(), SOURCE))
            made[name] = Evaluator(path, threads=1)
        return made[name]

    return evaluator


def run(evaluator: Evaluator, name: str, move=None, strain=None) -> Result:
    coord, types, cell, periodic = STRUCTURES[CASES[name].structure]()
    coord = coord if move is None else coord + move
    if strain is not None:
        coord, cell = coord @ strain, cell @ strain
    return evaluator.evaluate(coord, types, cell, (periodic,) * 3)


@pytest.mark.parametrize("name", list(CASES))
def test_values_of_deepmd_kit(evaluator, name):
    expected = REFERENCE[name]
    assert expected["largest_force"] > 1e-3, "a reference without a signal proves nothing"
    result = run(evaluator(name), name)
    assert result.energy == pytest.approx(expected["energy"], rel=1e-11)
    assert np.abs(result.force).max() == pytest.approx(expected["largest_force"], abs=1e-9)
    np.testing.assert_allclose(result.virial.ravel(), expected["virial"], atol=1e-9)
    for key in ("atom_energy", "force", "atom_virial"):
        np.testing.assert_allclose(projected(key, getattr(result, key)), expected[key], atol=1e-10, err_msg=key)


@pytest.mark.parametrize("name", [name for name in CASES if "overflow" not in name])
def test_forces_and_virial_are_derivatives_of_the_energy(evaluator, name):
    model = evaluator(name)
    result = run(model, name)
    random, step = np.random.default_rng(1), 1e-5 if "zbl" in name else 1e-4  # the switch of DP-ZBL is steep
    move = random.normal(size=result.force.shape)
    strain = random.normal(size=(3, 3)) if CASES[name].structure != "cluster" else np.zeros((3, 3))
    high, low = (run(model, name, sign * step * move).energy for sign in (1, -1))
    assert -(high - low) / (2 * step) == pytest.approx((result.force * move).sum(), abs=2e-6)
    high, low = (run(model, name, strain=np.eye(3) + sign * step * strain).energy for sign in (1, -1))
    assert -(high - low) / (2 * step) == pytest.approx((result.virial * strain).sum(), abs=1e-5)


def test_a_model_of_90_elements_is_small_and_opens():
    """Nothing in the graph is repeated for each type where all share their networks."""
    few, many = (build_model(_with_elements(count)) for count in (3, 90))
    assert len(many.graph.node) == len(few.graph.node) < 250
    assert [f.name for f in many.functions] == ["embedding", "gate_0", "fitting"]
    onnx.checker.check_model(many, full_check=True)
    assert many.ByteSize() < 2_000_000


@pytest.mark.parametrize("name", ["concat", "v2_shifted_one_side_exclude", "concat_excluded", "concat_skip_double"])
def test_some_elements_alone(evaluator, tmp_path, name):
    """The same energies and forces, for structures of the elements that were kept."""
    potential = potential_from_serialized(CASES[name].build(), SOURCE)
    write_model_file(tmp_path / "some.onnx", with_elements(potential, ["S", "Li"]))
    some = Evaluator(tmp_path / "some.onnx", threads=1)
    assert some.type_map == ["Li", "S"]
    coord, types, cell, periodic = STRUCTURES[CASES[name].structure]()
    coord, types = coord[types != 1], types[types != 1]
    expected = evaluator(name).evaluate(coord, types, cell, (periodic,) * 3)
    result = some.evaluate(coord, types // 2, cell, (periodic,) * 3)
    np.testing.assert_array_equal(result.atom_energy, expected.atom_energy)
    np.testing.assert_allclose(result.force, expected.force, atol=1e-15)


def test_elements_that_cannot_be_kept_alone():
    potential = potential_from_serialized(CASES["concat"].build(), SOURCE)
    assert with_elements(potential, ["P", "Li", "S"]) is potential
    with pytest.raises(InputError, match="--elements: the model does not know Xe Kr; it knows Li P S"):
        with_elements(potential, ["Xe", "Li", "Kr"])
    with pytest.raises(InputError, match="counts neighbors of each element apart"):
        with_elements(load_potential(DATA / INDEX["two_sided"]["model"]), ["Li"])


def _with_elements(count: int):
    names = SYMBOLS[:count]
    random = np.random.RandomState(0)
    descriptor = dpa1(random, names, kind="se_atten_v2")
    return potential_from_serialized(model(random, names, descriptor), SOURCE)


def test_electron_configurations():
    vectors = electron_vectors(SYMBOLS)
    assert vectors.shape == (118, 118) and np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    signs = "".join("+" if x > 0 else "-" for x in vectors.ravel())
    assert signs[118 * 5 : 118 * 5 + 12] == "++++-+-+----", "carbon: 1s2 2s2 2p2"
    digest = hashlib.sha256(signs.encode()).hexdigest()
    assert digest == "e436796972e629d79a5d1b12934e77098bf9c7b51bf038eb8ad40d6ea24a6ff0", (
        "all elements as DeePMD-kit 3.2.0 has them"
    )
    with pytest.raises(ExportError, match="'Xx' of the type_map is no chemical element"):
        electron_vectors(["Li", "Xx"])


def test_tables_with_numpy_and_as_a_function():
    """One evaluation at export, the other in the file; both as DeePMD-kit's kernels give it (two of its values)."""
    table = Table(np.array([-1.0, 3.0, 10.0, 0.3, 0.7, -1.0]), np.random.RandomState(7).randn(23, 12))
    s = np.concatenate([np.linspace(-2.0, 13.0, 997), [-1.0, 3.0, 10.0, 2.9999999, 9.9999, 6.1]])
    value, slope = table_value_and_slope(table, s)
    assert value[-1, 0] == pytest.approx(-0.080227865611595117, abs=1e-14)
    assert slope[s == 10.0][0, 1] == pytest.approx(2.9814296562037406, abs=1e-13)
    for kind in (np.float64, np.float32):
        got_value, got_slope = _call(table_function("table", table), s.astype(kind))
        close = 1e-12 if kind is np.float64 else 1e-4
        inside = np.ones(len(s), bool) if kind is np.float64 else np.abs(np.mod(s, 0.1) - 0.05) < 0.04
        np.testing.assert_allclose(got_value[inside], value[inside], atol=close)
        np.testing.assert_allclose(got_slope[inside], slope[inside], atol=close)


def test_first_polynomial_of_a_pair_table_goes_on_below_it():
    """As in the engine (pair_energy.rs): a pair closer than the table begins has a smooth energy."""
    rows = np.array([[-1.0, 2.0, -1.0, 1.0], [0.3, -1.0, 0.5, 1.0]])
    function = pair_table_function("pairs", PairTable(9.0, 1, 1.0, 0.25, rows.reshape(1, 1, 2, 4), None))
    node = onnx.helper.make_node("pairs", ["pair", "r"], ["energy", "slope"], domain=function.domain)
    double, whole = onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64
    info = onnx.helper.make_tensor_value_info
    inputs = [info("pair", whole, ["n"]), info("r", double, ["n", 1])]
    outputs = [info(name, double, ["n", 1]) for name in ("energy", "slope")]
    alone = onnx.helper.make_model(
        onnx.helper.make_graph([node], "one", inputs, outputs),
        functions=[function],
        opset_imports=[onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(function.domain, DOMAIN_VERSION)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(alone.SerializeToString(), providers=["CPUExecutionProvider"])
    r = np.array([0.01, 0.3, 0.76, 0.99, 1.0, 1.2])
    energy, slope = session.run(None, {"pair": np.zeros(len(r), np.int64), "r": r.reshape(-1, 1)})
    x = (r - 1.0) / 0.25
    np.testing.assert_allclose(energy[:, 0], np.polyval(rows[0], x), rtol=1e-12)
    np.testing.assert_allclose(0.25 * slope[:, 0], np.polyval(np.polyder(rows[0]), x), rtol=1e-12)


def _call(function, s):
    element = onnx.helper.np_dtype_to_tensor_dtype(s.dtype)
    node = onnx.helper.make_node(function.name, ["s"], ["g", "dg"], domain=function.domain)
    infos = [onnx.helper.make_tensor_value_info(name, element, ["n", None]) for name in ("s", "g", "dg")]
    alone = onnx.helper.make_model(
        onnx.helper.make_graph([node], "one", infos[:1], infos[1:]),
        functions=[function],
        opset_imports=[onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(function.domain, DOMAIN_VERSION)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(alone.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"s": s.reshape(-1, 1)})


@pytest.mark.parametrize(
    "name", ["concat", "strip_smooth", "hybrid", "hybrid_mixed", "se_e2_r", "compressed", "zbl", "linear"]
)
def test_graph_takes_what_an_engine_may_hand_it(evaluator, name):
    """No local atoms, no atoms at all, invisible atoms among the local ones and in the list."""
    content, contract = evaluator(name).file.content, evaluator(name).contract
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    slots = session.get_inputs()[2].shape[1]
    sel = [sum(part["sel"]) for part in contract["parts"]]
    assert slots == sum(sel) + contract.get("pair_table", {"sel": 0})["sel"]
    coord = np.array([[0.0, 0, 0], [2.0, 0, 0], [0, 2.5, 0]])
    for nall in (0, 3):
        feed = {"coord": coord[:nall], "atype": np.array([0, 1, 0])[:nall], "nlist": np.zeros((0, slots), np.int64)}
        energies, energy, force, virial, atom_virial = session.run(None, feed)
        assert energies.shape == (0,) and energy.tolist() == [0.0] and force.shape == (nall, 3)
        assert not force.any() and not virial.any() and atom_virial.shape == (nall, 3, 3)
    nlist = np.full((2, slots), -1)
    begins = np.cumsum([0, *sel]) if "pair_table" in contract else np.cumsum([0, *sel[:-1]])
    for begin in begins:  # an invisible neighbor leaves its slot empty
        nlist[0, begin] = 2
    lone = session.run(None, {"coord": coord[:1], "atype": np.array([0]), "nlist": np.full((1, slots), -1)})
    feed = {"coord": coord, "atype": np.array([0, -1, -1]), "nlist": nlist}
    energies, _, force, virial, _ = session.run(None, feed)
    assert energies[0] == pytest.approx(lone[0][0], rel=1e-13) and energies[1] == 0.0
    assert not force.any() and not virial.any()


def test_overflow_of_slots_of_all_types_together(evaluator, deepion, tmp_path):
    model = evaluator("concat_sel_overflow")
    atom, kind, found, sel = run(model, "concat_sel_overflow").overflow
    assert (kind, sel) == (-1, 20) and found > 20
    coord, types, cell, _ = STRUCTURES["small"]()
    lines = [
        str(len(types)),
        'Lattice="' + " ".join(map(str, cell.ravel())) + '" Properties=species:S:1:pos:R:3 pbc="T T T"',
    ]
    lines += [f"{model.type_map[t]} {x[0]} {x[1]} {x[2]}" for t, x in zip(types, coord, strict=True)]
    (tmp_path / "small.extxyz").write_text("\n".join(lines) + "\n")
    finished = deepion("energy", model.file.path, tmp_path / "small.extxyz")
    assert finished.returncode == 0
    assert re.search(rf"atom index \d+ has {found} neighbors within .* keeps sel = 20", finished.stderr)
    graph = deepion("energy", model.file.path, tmp_path / "small.extxyz", "--reference")
    assert (
        f"atom index {atom} has {found} neighbors, but the model keeps sel = 20: the nearest are used" in graph.stderr
    )


def test_inspection_names_what_an_exported_file_holds(evaluator):
    def table(name: str):
        return summarize_onnx(evaluator(name).file.path).pair_table

    assert table("zbl") == "0.05 to 4.2 A, 83 splines, in place of the Deep Potential below 1.5 to 2.6 A"
    assert table("linear") == "0.05 to 3 A, 59 splines, added"
    assert table("concat") is None

    def parts(name: str):
        return [
            (part.type, part.type_embedding, part.tables) for part in summarize_onnx(evaluator(name).file.path).parts
        ]

    assert [kind for kind, _, _ in parts("hybrid")] == ["se_e2_a", "se_e2_r", "se_e2_a"]
    assert parts("concat") == [("dpa1", "concat, folded into the networks", None)]
    assert parts("strip_smooth") == [("dpa1", "strip, folded into factors, smooth", None)]
    assert parts("compressed_strip") == [("dpa1", "strip, folded into factors", 1)]
    for name in CASES:
        compressed = summarize_onnx(evaluator(name).file.path).compressed
        assert compressed == name.startswith("compressed"), name
