# SPDX-License-Identifier: MIT
"""What only TensorFlow builds, straight from the formulas: se_e2_a with a type embedding, and the switch of its DPA-1."""

import numpy as np
import pytest

from deepion.errors import ExportError
from deepion.evaluation.evaluator import Evaluator
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from random_models import ELEMENTS, collection, dpa1, embedding_net, model, se_e2_a, structure, type_embedding

SOURCE = {"file": "random.pb", "sha256": "0" * 64, "software": "deepmd-kit"}
NAMES = ELEMENTS[:2]
SEL, RCUT, RCUT_SMTH, WIDTH, AXIS, TEBD = (9, 11), 4.0, 0.8, 12, 3, 5


def serialized(mode: str, one_side: bool, shifted: bool, exclude: tuple = ()) -> dict:
    random = np.random.RandomState(4)
    descriptor = se_e2_a(
        random, NAMES, neuron=(6, WIDTH), axis=AXIS, sel=SEL, rcut=RCUT, rcut_smth=RCUT_SMTH, shifted=shifted
    )
    extra = TEBD if one_side else 2 * TEBD
    net = embedding_net(random, 1 + extra if mode == "concat" else 1, [6, WIDTH])
    descriptor |= {
        "type_one_side": one_side,
        "type_embedding_mode": mode,
        "exclude_types": [list(pair) for pair in exclude],
    }
    descriptor["embeddings"] = collection("embedding_network", 0, 2, [net])
    if mode == "strip":
        descriptor["embeddings_strip"] = collection(
            "embedding_network", 0, 2, [embedding_net(random, extra, [6, WIDTH])]
        )
    descriptor |= {"concat_output_tebd": True, "tebd_dim": TEBD}  # for the length of the fitting net's input
    data = model(random, NAMES, descriptor)
    del descriptor["concat_output_tebd"], descriptor["tebd_dim"]
    data["model"]["type_embedding"] = type_embedding(random, NAMES, TEBD, False, False)
    return {**data, "backend": "TensorFlow"}


def value(net: dict, x: np.ndarray, fitting: bool = False) -> np.ndarray:
    """A net as TensorFlow builds it: skips in the embedding by width; in the fitting net between hidden layers alone."""
    for number, layer in enumerate(net["layers"]):
        weights = layer["@variables"]
        w, b, idt = weights["w"], weights["b"], weights["idt"]
        y = x @ w + (0.0 if b is None else b)
        y = np.tanh(y) if layer["activation_function"] == "tanh" else y
        hidden = 0 < number < len(net["layers"]) - 1
        skips = (hidden and w.shape[0] == w.shape[1]) if fitting else w.shape[1] in (w.shape[0], 2 * w.shape[0])
        if skips:
            y = (y if idt is None else y * idt) + np.tile(x, w.shape[1] // w.shape[0])
        x = y
    return x


def energies(data: dict, coord, types, mode: str, one_side: bool) -> np.ndarray:
    descriptor, fitting = data["model"]["descriptor"], data["model"]["fitting"]
    embedded = data["model"]["type_embedding"]["embedding"]["layers"][0]["@variables"]["w"]
    out = []
    for i, center in enumerate(types):
        davg, dstd = (descriptor["@variables"][key][center, 0] for key in ("davg", "dstd"))
        t = np.zeros((4, WIDTH))
        for kind, slots in enumerate(SEL):
            if sorted([center, kind]) in descriptor["exclude_types"]:
                continue
            vectors = coord[(types == kind) & (np.arange(len(types)) != i)] - coord[i]
            r = np.linalg.norm(vectors, axis=1)
            order = np.argsort(r)[: int((r < RCUT).sum())][:slots]
            rows = np.zeros((slots, 4))
            u = np.clip((r[order] - RCUT_SMTH) / (RCUT - RCUT_SMTH), 0.0, 1.0)
            s = (u**3 * (-6 * u**2 + 15 * u - 10) + 1) / r[order]
            rows[: len(order)] = np.concatenate([s[:, None], (s / r[order])[:, None] * vectors[order]], axis=1)
            rows = (rows - davg) / dstd
            pair = embedded[kind] if one_side else np.concatenate([embedded[kind], embedded[center]])
            (net,) = descriptor["embeddings"]["networks"]
            if mode == "concat":
                g = value(net, np.concatenate([rows[:, :1], np.tile(pair, (slots, 1))], axis=1))
            else:
                g = value(net, rows[:, :1]) * (1.0 + value(descriptor["embeddings_strip"]["networks"][0], pair[None]))
            t += rows.T @ g
        t /= sum(SEL)
        d = np.concatenate([(t.T @ t[:, :AXIS]).ravel(), embedded[center]])
        bias = fitting["@variables"]["bias_atom_e"][center, 0] + data["model"]["@variables"]["out_bias"][0, center, 0]
        out.append(value(fitting["nets"]["networks"][0], d[None], True)[0, 0] + bias)
    return np.array(out)


@pytest.mark.parametrize("mode,one_side,shifted,exclude", [
    ("concat", False, True, ()), ("concat", True, True, ()), ("strip", False, False, ()), ("strip", True, False, ()),
    ("concat", False, True, ((0, 1),)), ("concat", True, True, ((1, 1),)), ("strip", False, False, ((0, 0),)),
])  # fmt: skip
def test_energies_are_those_of_the_formulas(tmp_path, mode, one_side, shifted, exclude):
    data = serialized(mode, one_side, shifted, exclude)
    write_model_file(tmp_path / "model.onnx", potential_from_serialized(data, SOURCE))
    coord, types, cell, _ = structure(5, [8, 9], (9.0, 9.0, 9.0), periodic=False)
    evaluator = Evaluator(tmp_path / "model.onnx", threads=1)
    result = evaluator.evaluate(coord, types, cell, (False,) * 3)
    assert result.overflow is None and np.abs(result.force).max() > 1e-3
    np.testing.assert_allclose(result.atom_energy, energies(data, coord, types, mode, one_side), rtol=1e-12)
    move, step = np.random.default_rng(2).normal(size=coord.shape), 1e-4
    high, low = (evaluator.evaluate(coord + s * step * move, types, cell, (False,) * 3).energy for s in (1, -1))
    assert -(high - low) / (2 * step) == pytest.approx((result.force * move).sum(), abs=1e-6)


def test_empty_slots_that_are_not_defined():
    with pytest.raises(
        ExportError, match="type embedding and tebd_input_mode strip cannot be exported with set_davg_zero"
    ):
        potential_from_serialized(serialized("strip", True, True), SOURCE)


def test_switch_of_dpa1_in_tensorflow(tmp_path):
    """A pair of atoms: the type embedding is switched off by 1 - (1 - rcut_smth s)^3, where the other backends take w."""
    random = np.random.RandomState(6)
    descriptor = dpa1(
        random, NAMES, kind="se_atten_v2", shifted=True, neuron=(6, WIDTH), axis=AXIS, sel=3, rcut=RCUT, rcut_smth=1.5
    )
    data = model(random, NAMES, descriptor) | {"backend": "TensorFlow"}
    write_model_file(tmp_path / "model.onnx", potential_from_serialized(data, SOURCE))
    evaluator = Evaluator(tmp_path / "model.onnx", threads=1)
    gate = evaluator.contract["parts"][0]["gate"]
    assert gate == {"function": "gate_0", "smooth": True, "switch": "cubic"}
    embedded = descriptor["type_embedding"]["embedding"]["layers"][0]["@variables"]["w"]
    (net,), (of_types,) = descriptor["embeddings"]["networks"], descriptor["embeddings_strip"]["networks"]
    for r in (0.9, 1.5, 2.0, 3.1, 3.9):
        u = np.clip((r - 1.5) / (RCUT - 1.5), 0.0, 1.0)
        s = (u**3 * (-6 * u**2 + 15 * u - 10) + 1) / r
        v = np.clip(1.0 - (1.0 - 1.5 * s) ** 3, 0.0, 1.0)
        davg, dstd = (descriptor["@variables"][key][0, 0] for key in ("davg", "dstd"))
        rows = (np.array([[s, 0.0, 0.0, s], [0.0] * 4, [0.0] * 4]) - davg) / dstd
        switched = np.array([[v], [0.0], [0.0]]) * value(of_types, np.concatenate([embedded[1], embedded[0]])[None])
        t = rows.T @ (value(net, rows[:, :1]) * (1.0 + switched)) / 3
        d = np.concatenate([(t.T @ t[:, :AXIS]).ravel(), embedded[0]])
        fitting = data["model"]["fitting"]
        bias = fitting["@variables"]["bias_atom_e"][0, 0] + data["model"]["@variables"]["out_bias"][0, 0, 0]
        expected = value(fitting["nets"]["networks"][0], d[None], True)[0, 0] + bias

        def pair(distance):
            coord = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, distance]])
            return evaluator.evaluate(coord, [0, 1], np.zeros((3, 3)), (False,) * 3)

        assert pair(r).atom_energy[0] == pytest.approx(expected, rel=1e-12)
        slope = (pair(r + 1e-4).energy - pair(r - 1e-4).energy) / 2e-4
        assert pair(r).force[0, 2] == pytest.approx(slope, abs=1e-6)
