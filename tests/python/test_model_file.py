# SPDX-License-Identifier: MIT
"""The exported file: integrity, order of checks, standard operators only."""

import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest

import contract_cases
from conftest import DATA, INDEX
from deepion.errors import ModelFileError
from deepion.export.exporter import load_potential
from deepion.model.contract_check import SCHEMA, check_contract
from deepion.model.model_file import build_model, check_content, open_model_file, with_trailer
from helpers import message, rewritten, with_contract


@pytest.fixture(scope="module")
def good(exported) -> bytes:
    return exported.path(DATA / INDEX["two_sided"]["model"]).read_bytes()


def test_trailer_is_the_hash_of_what_precedes_it(good):
    contract, digest = check_content(good)
    assert contract["type_map"] == ["Li", "P"]
    model = onnx.ModelProto.FromString(good)
    body = good[: -len(with_trailer(b""))]
    assert model.metadata_props[-1].key == "deepion_sha256"
    assert model.metadata_props[-1].value == hashlib.sha256(body).hexdigest()
    assert digest == hashlib.sha256(good).hexdigest(), "users compare with sha256sum and the plugin's summary"
    assert rewritten(good) == good


def test_export_is_reproducible(good, tmp_path):
    from deepion.export.exporter import export

    export(DATA / INDEX["two_sided"]["model"], tmp_path / "again.onnx", reduced=False)
    assert (tmp_path / "again.onnx").read_bytes() == good


def test_one_se_e2_a_keeps_the_bytes_of_format_1():
    """Files of older versions and of this one are the same, so that their hashes name the same model."""
    model = build_model(load_potential(DATA / INDEX["four_types"]["model"]))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    contract = json.loads(metadata["deepion_contract"])
    assert metadata["deepion_format"] == "1"
    assert list(contract) == [key for key in SCHEMA["properties"] if key not in ("descriptor_layout", "reduced")]
    networks = model.graph.SerializeToString() + b"".join(f.SerializeToString() for f in model.functions)
    assert hashlib.sha256(networks).hexdigest() == "25a37afbe774d0de03684b9c2092207ef061b743621310e4518e6fdaae76f7fd"


def test_standard_operators_and_a_valid_model(good):
    model = onnx.ModelProto.FromString(good)
    onnx.checker.check_model(model, full_check=True)
    assert {o.domain: o.version for o in model.opset_import} == {"": 17, "deepion": 1}
    functions = {f.name for f in model.functions}
    for node in list(model.graph.node) + [n for f in model.functions for n in f.node]:
        assert node.domain == "" or (node.domain == "deepion" and node.op_type in functions)
    assert functions == {"embedding_0_0", "embedding_0_1", "embedding_1_0", "embedding_1_1", "fitting_0", "fitting_1"}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_functions_serve_both_precisions(good, kind):
    """A session around one function alone, as the engine builds them."""
    model = onnx.ModelProto.FromString(good)
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    node = onnx.helper.make_node("embedding_0_1", ["s"], ["g", "dg"], domain="deepion")
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [onnx.helper.make_tensor_value_info("s", element, ["n", 1])],
        [onnx.helper.make_tensor_value_info(name, element, ["n", 16]) for name in ("g", "dg")],
    )
    alone = onnx.helper.make_model(
        graph, functions=list(model.functions), opset_imports=list(model.opset_import), ir_version=8
    )
    session = onnxruntime.InferenceSession(alone.SerializeToString(), providers=["CPUExecutionProvider"])
    s = np.linspace(-1, 5, 7).reshape(-1, 1).astype(kind)
    g, dg = session.run(None, {"s": s})
    assert g.dtype == kind and g.shape == (7, 16)
    step = 1e-2 if kind is np.float32 else 1e-5
    high, low = (session.run(["g"], {"s": (s + d).astype(kind)})[0] for d in (step, -step))
    np.testing.assert_allclose(dg, (high - low) / (2 * step), atol=2e-3 if kind is np.float32 else 1e-8)
    assert session.run(None, {"s": np.zeros((0, 1), kind)})[0].shape == (0, 16)


def test_messages_in_order(good):
    damaged = "the file was changed or damaged since its export (sha256 does not match): re-export it"
    assert message(b"") == "the file is empty"
    assert message(b"\xff" * 100) == "not a readable ONNX file, or truncated"
    assert message(good[:-1]) == "not a readable ONNX file, or truncated"
    assert message(good[: len(good) // 2]) == "not a readable ONNX file, or truncated"
    foreign = "not a deepion model (no 'deepion_format' in its metadata): export it with `deepion export`"
    assert message(rewritten(good, deepion_format=None)) == foreign
    assert message(rewritten(good, deepion_format="99")) == (
        "format version 99 is newer than this deepion understands (2): update deepion or re-export"
    )
    assert message(rewritten(good, deepion_format="one")).startswith("format version: got 'one'")
    assert message(rewritten(good, deepion_contract=None)).startswith("no 'deepion_contract' in its metadata")
    assert message(rewritten(good, deepion_contract="{")).startswith("contract: not valid JSON")
    # a newer version is named even where the hash does not match
    assert message(rewritten(good, deepion_format="99")[:-2] + b"00").startswith("format version 99")
    assert message(good[:-2] + b"00") == damaged
    assert message(good[: -len(with_trailer(b""))]) == damaged


@pytest.mark.parametrize(
    "key,value,text",
    [
        ("sel", "REMOVE", "contract: key 'sel' is missing"),
        ("color", 1, "contract: unknown key 'color'"),
        ("sel", [16], "contract: sel: got [16], expected 2 whole numbers, not all 0"),
        ("sel", [16, -1], "contract: sel: got [16, -1], expected 2 whole numbers, not all 0"),
        ("rcut", "7", "contract: rcut: got '7', expected a number > 0"),
        ("rcut_smth", 9.0, "contract: rcut_smth: got 9.0, expected less than rcut"),
        ("dstd", [[1, 0], [1, 1]], "contract: dstd: got [[1, 0], [1, 1]], expected 2 pairs of numbers other than 0"),
        ("descriptor", "se_e3", "contract: descriptor: got 'se_e3', expected 'se_e2_a'"),
        ("axis_neuron", 99, "contract: axis_neuron: got 99, expected at most the last neuron"),
        ("exclude_types", [[0, 2]], "contract: exclude_types: got [[0, 2]], expected pairs of type indices below 2"),
        ("type_map", ["Li", "Li"], "contract: type_map: got ['Li', 'Li'], expected a list of distinct names"),
        ("fitting", ["fitting_0", "fitting_9"], "function 'fitting_9' of the contract is not in the file: re-export the "
         "model"),
    ],
)  # fmt: skip
def test_contract_messages(good, key, value, text):
    assert message(with_contract(good, **{key: value})) == text


def test_cases_of_the_rust_side_are_those_of_the_schema():
    """Python and the plugin accept and refuse the same contracts; after a change: python tests/python/contract_cases.py."""
    assert set(contract_cases.VALID) == set(SCHEMA["properties"])
    assert contract_cases.accepted(contract_cases.VALID)
    assert contract_cases.accepted(contract_cases.VALID_2, 2)
    assert contract_cases.accepted(contract_cases.SHARED_BASIS)
    assert contract_cases.FILE.read_text() == contract_cases.text()


@pytest.mark.parametrize(
    "key,value",
    [
        ("rcut", float("inf")),
        ("davg", [float("nan"), 1.0]),
        ("rcut", 10**400),
        ("sel", [50000, 50001]),
        ("neuron", [4, 8193]),
    ],
)
def test_numbers_that_no_engine_reads(good, key, value):
    contract, _ = check_content(good)
    with pytest.raises(ModelFileError, match=f"contract: {key}: got "):
        check_contract(contract | {key: value})


def test_random_corruption_is_always_an_error(good):
    rng = np.random.default_rng(0)
    for trial in range(1000):
        content = bytearray(good)
        if trial % 4 == 0:
            content = content[: rng.integers(len(content))]
        elif trial % 4 == 1:
            content += bytes(rng.integers(0, 256, rng.integers(1, 50), dtype=np.uint8))
        else:
            for position in rng.integers(0, len(content), rng.integers(1, 5)):
                content[position] ^= 1 << rng.integers(8)
        if bytes(content) != good:
            message(bytes(content))


def test_file_is_named(tmp_path):
    missing = tmp_path / "missing.onnx"
    with pytest.raises(ModelFileError) as caught:
        open_model_file(missing)
    assert str(caught.value) == f"{missing}: cannot be read: No such file or directory"


def test_graph_takes_what_an_engine_may_hand_it(good):
    """No local atoms, no atoms at all, invisible atoms among the local ones and in the list."""
    session = onnxruntime.InferenceSession(good, providers=["CPUExecutionProvider"])
    n_slots = sum(check_content(good)[0]["sel"])
    coord = np.array([[0.0, 0, 0], [2.0, 0, 0], [0, 2.5, 0]])
    for nall in (0, 3):
        feed = {"coord": coord[:nall], "atype": np.array([0, 1, 0])[:nall], "nlist": np.zeros((0, n_slots), np.int64)}
        energies, energy, force, virial, atom_virial = session.run(None, feed)
        assert energies.shape == (0,) and energy.tolist() == [0.0] and force.shape == (nall, 3)
        assert not force.any() and not virial.any() and atom_virial.shape == (nall, 3, 3)

    nlist = np.full((2, n_slots), -1)
    nlist[0, 16] = 1  # the first slot of the second type
    pair = session.run(None, {"coord": coord[:2], "atype": np.array([0, 1]), "nlist": nlist[:1]})
    nlist[0, 0] = 2
    with_invisible = session.run(None, {"coord": coord[[0, 1, 2]], "atype": np.array([0, 1, -1]), "nlist": nlist[:1]})
    assert pair[1] == with_invisible[1] and np.array_equal(pair[2], with_invisible[2][:2])
    hidden = session.run(None, {"coord": coord, "atype": np.array([0, -1, -1]), "nlist": nlist})
    assert hidden[0][0] != 0.0 and hidden[0][1] == 0.0


@pytest.mark.parametrize(
    "path,value,text",
    [
        (("parts",), [], "contract: parts: got [], expected a list of 1 to 16 descriptors"),
        (("parts", 1, "sel"), [50], "contract: parts[1]: sel: got [50], expected one number per type, or one with mixed_types"),
        (("parts", 0, "sel"), [5, 5], "contract: parts[0]: sel: got [5, 5], expected one number per type, or one with mixed_types"),
        (("parts", 2, "axis_neuron"), 3, "contract: parts[2]: axis_neuron: got 3, expected 0 with se_e2_r"),
        (("parts", 0, "color"), 1, "contract: parts[0]: unknown key 'color'"),
        (("parts", 1, "rcut_smth"), 9, "contract: parts[1]: rcut_smth: got 9, expected less than rcut"),
        (("parts", 1, "descriptor"), "dpa1", "contract: parts[1]: descriptor: got 'dpa1', expected 'se_e2_a' or 'se_e2_r'"),
        (("fitting",), ["fitting_0"], "contract: fitting: got ['fitting_0'], expected a function name, or 2 of them"),
        (("sel",), [1], "contract: unknown key 'sel'"),
    ],
)  # fmt: skip
def test_contract_messages_of_format_2(path, value, text):
    with pytest.raises(ModelFileError) as caught:
        check_contract(contract_cases.changed(path, value, contract_cases.VALID_2), 2)
    assert str(caught.value) == text


def test_formats_are_not_mixed_up():
    with pytest.raises(ModelFileError, match="contract: key 'descriptor' is missing"):
        check_contract(contract_cases.VALID_2, 1)
    with pytest.raises(ModelFileError, match="contract: key 'parts' is missing"):
        check_contract(contract_cases.VALID, 2)


def test_pair_table_of_a_contract():
    table = {
        "function": "pair_table",
        "rcut": 4.0,
        "sel": 10,
        "start": 0.1,
        "step": 0.1,
        "intervals": 39,
        "switch": None,
        "shift": [0, 0],
    }
    check_contract(contract_cases.VALID_2 | {"pair_table": table}, 2)
    switch = {"rmin": 1.0, "rmax": 2.0, "alpha": 0.1, "of": "table"}
    check_contract(contract_cases.VALID_2 | {"pair_table": table | {"switch": switch}}, 2)
    for change in (
        {"sel": 0},
        {"step": 0},
        {"shift": [0]},
        {"switch": {}},
        {"switch": switch | {"rmax": 1.0}},
        {"sel": 99_951},
    ):
        with pytest.raises(ModelFileError, match="contract: (pair_table|parts): got"):
            check_contract(contract_cases.VALID_2 | {"pair_table": table | change}, 2)
