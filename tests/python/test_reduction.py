# SPDX-License-Identifier: MIT
"""Reduced networks: every part of their making against plain formulas, and the whole on two models."""

import dataclasses
import json

import ase.io
import numpy as np
import onnx
import onnxruntime
import pytest
from ase import Atoms

from conftest import DATA, INDEX, LIPSTI, ROOT
from deepion.errors import ExportError, InputError, ModelFileError
from deepion.evaluation.frames import RATTLE, Frame, rattled, read_frames
from deepion.evaluation.neighbors import pairs_within
from deepion.evaluation.structure import model_types, read_structure
from deepion.export import exporter
from deepion.export.exporter import export, load_potential
from deepion.model.activations import value_and_slope
from deepion.model.model_file import IR_VERSION, open_model_file, write_model_file
from deepion.model.networks import network_value, reduced_fitting_function
from deepion.model.onnx_nodes import DOMAIN, DOMAIN_VERSION, OPSET
from deepion.reduction import build, generated, ladder, radial
from deepion.reduction.balance import VARIATION, directions
from deepion.reduction.build import reduce_potential, why_not
from deepion.reduction.columns import Columns, Turn, features, features_along
from deepion.reduction.first_layer import RIDGE, ReducedFirstLayer
from deepion.reduction.fitting_net import FirstLayer, run
from deepion.reduction.samples import rows_of_pairs, sample
from helpers import lipsti_case, message, with_contract
from plain_networks import constant_of, descriptor, energies, force_errors, random_network, sums

LIPSTI_DATA = ROOT / "lammps-examples" / "models" / "lipsti-a-data"


def small_potential(name):
    return load_potential(DATA / INDEX[name]["model"])


def shaken(name, potential, count, seed=0, by=0.1) -> list[Frame]:
    """A small model's structure, with its atoms displaced at random."""
    line = INDEX[name]
    structure = read_structure(DATA / line["structure"], line["elements"])
    types = model_types(structure.symbols, potential.type_map)
    random = np.random.default_rng(seed)
    periodic = (line["periodic"],) * 3
    return [
        Frame(types, structure.coord + by * random.normal(size=structure.coord.shape), structure.cell, periodic)
        for _ in range(count)
    ]


# --- frames -------------------------------------------------------------------------------------------------------------


def write_system(folder, types, names, frames=3, periodic=True, mixed=None, sets=1):
    """A deepmd/npy system; coordinates tell frame and set apart."""
    folder.mkdir(parents=True)
    np.savetxt(folder / "type.raw", types, fmt="%d")
    if names:
        (folder / "type_map.raw").write_text("\n".join(names) + "\n")
    if not periodic:
        (folder / "nopbc").touch()
    for k in range(sets):
        part = folder / f"set.{k:03d}"
        part.mkdir()
        coord = np.arange(len(types) * 3) + 1000.0 * k + 100.0 * np.arange(frames)[:, None]
        np.save(part / "coord.npy", coord.astype(np.float32))
        if periodic:
            np.save(part / "box.npy", np.tile(np.arange(9.0), (frames, 1)) + 10.0 * k)
        if mixed is not None:
            np.save(part / "real_atom_types.npy", np.array(mixed))
    return folder


def test_frames_of_systems(tmp_path):
    write_system(tmp_path / "a" / "one", [1, 0], ["P", "Li"], sets=2)
    frames, total = read_frames([tmp_path / "a"], ["Li", "P", "S"], 100)
    assert total == len(frames) == 6
    assert all(frame.types.tolist() == [0, 1] and frame.periodic == (True,) * 3 for frame in frames)
    assert [frame.coord[0, 0] for frame in frames] == [0, 100, 200, 1000, 1100, 1200]
    np.testing.assert_array_equal(frames[1].coord, np.arange(6).reshape(2, 3) + 100.0)
    np.testing.assert_array_equal(frames[4].cell, np.arange(9).reshape(3, 3) + 10.0)
    assert frames[0].coord.dtype == frames[0].cell.dtype == np.float64

    write_system(tmp_path / "b" / "c" / "deep", [0, 2, 2], None, frames=1, periodic=False)
    (free,), _ = read_frames([tmp_path / "b"], ["Li", "P", "S"], 100)
    assert free.types.tolist() == [0, 2, 2] and free.periodic == (False,) * 3

    mixed = [[0, 1, 1], [1, 1, 0], [0, 0, 0]]
    write_system(tmp_path / "mixed", [0, 0, 0], ["S", "Li"], mixed=mixed)
    frames, _ = read_frames([tmp_path / "mixed"], ["Li", "P", "S"], 100)
    assert [frame.types.tolist() for frame in frames] == [[2, 0, 0], [0, 0, 2], [2, 2, 2]]


def test_frames_are_spread_over_all(tmp_path):
    paths = [write_system(tmp_path / name, [0], None, frames=count) for name, count in (("a", 4), ("b", 1), ("c", 16))]
    frames, total = read_frames(paths, ["Li"], 6)
    assert total == 21 and [frame.coord[0, 0] for frame in frames] == [0, 0, 300, 700, 1100, 1500]
    assert len(read_frames(paths, ["Li"], 21)[0]) == len(read_frames(paths, ["Li"], 500)[0]) == 21


def test_frames_of_structure_files():
    paths = [DATA / "structures" / f"four_triclinic.{kind}" for kind in ("data", "extxyz")]
    paths[0] = DATA / "lipsti" / "Ti10_f0.data"
    (lammps, extxyz), total = read_frames(paths, ["Li", "P", "S", "Ti"], 9)
    case = lipsti_case("Ti10_f0", ["Li", "P", "S", "Ti"])
    assert total == 2 and lammps.periodic == (True,) * 3
    np.testing.assert_array_equal(lammps.coord, case.coord)
    np.testing.assert_array_equal(lammps.types, case.types)
    assert np.abs(extxyz.cell).min() == 0.0 and np.count_nonzero(extxyz.cell) > 3


def test_all_frames_of_a_structure_file_count(tmp_path):
    frames = [Atoms("SLi", [[0, 0, 0], [k, 0, 0.5]], cell=[9.0 + k, 9, 9], pbc=True) for k in range(1, 8)]
    ase.io.write(tmp_path / "run.xyz", frames, format="extxyz")
    found, total = read_frames([tmp_path / "run.xyz"], ["Li", "S"], 4)
    assert total == 7 and [frame.coord[1, 0] for frame in found] == [1, 3, 5, 7]
    assert [frame.cell[0, 0] for frame in found] == [10, 12, 14, 16] and found[0].types.tolist() == [1, 0]


def test_frames_that_cannot_be_read(tmp_path):
    def refusal(path, names=("Li", "P")):
        with pytest.raises(InputError) as caught:
            read_frames([path], list(names), 10)
        return str(caught.value)

    missing = tmp_path / "missing"
    assert refusal(missing) == f"{missing}: no such file or folder"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(empty) == f"{empty}: no DeePMD-kit system in it (a folder with type.raw and set.*)"
    (empty / "type.raw").write_text("0\n")
    assert refusal(empty) == f"{empty}: no set.* folder"
    (empty / "type.raw").write_text("Li\n")
    assert refusal(empty).startswith(f"{empty}: type.raw or type_map.raw cannot be read: ")

    unknown = write_system(tmp_path / "unknown", [0, 1], ["Li", "Xe"])
    assert refusal(unknown) == "the model does not know Xe; it knows Li P"
    many = write_system(tmp_path / "many", [0, 2], ["Li", "P"])
    assert refusal(many) == f"{many / 'set.000'}: type 2 has no name in type_map.raw (Li P)"
    virtual = write_system(tmp_path / "virtual", [0, 0], ["Li", "P"], frames=1, mixed=[[1, -1]])
    assert refusal(virtual) == f"{virtual / 'set.000'}: type -1 has no name in type_map.raw (Li P)"
    ragged = write_system(tmp_path / "ragged", [0, 0], ["Li", "P"], frames=2, mixed=[[1, 1]])
    assert refusal(ragged) == f"{ragged / 'set.000' / 'real_atom_types.npy'}: expected the shape [2, 2], got [1, 2]"

    atoms = write_system(tmp_path / "atoms", [0, 1], None)
    np.savetxt(atoms / "type.raw", [0, 1, 1], fmt="%d")
    assert refusal(atoms) == f"{atoms / 'set.000'}: 3 atoms in type.raw, but coord.npy has the shape [3, 6]"
    boxes = write_system(tmp_path / "boxes", [0, 1], None)
    np.save(boxes / "set.000" / "box.npy", np.zeros((2, 9)))
    assert refusal(boxes) == f"{boxes / 'set.000' / 'box.npy'}: expected the shape [3, 3, 3], got [2, 9]"
    (boxes / "set.000" / "box.npy").unlink()
    assert refusal(boxes).startswith(f"{boxes / 'set.000' / 'box.npy'}: cannot be read: ")
    for content in (b"", b"no numbers"):
        (boxes / "set.000" / "coord.npy").write_bytes(content)
        assert refusal(boxes).startswith(f"{boxes / 'set.000' / 'coord.npy'}: cannot be read: ")


def test_every_third_frame_is_rattled():
    frames = [Frame(np.zeros(500, int), np.full((500, 3), k), np.eye(3), (True,) * 3) for k in range(5)]
    moved = [new.coord - old.coord for new, old in zip(rattled(frames), frames, strict=True)]
    assert [bool(move.any()) for move in moved] == [True, False, False, True, False]
    assert moved[0].std() == pytest.approx(RATTLE, rel=0.1) and not np.array_equal(moved[0], moved[3])


# --- samples ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two_sided", "four_types", "cluster", "small_box", "resnet_dt", "env_protection"])
def test_plain_networks_are_those_of_the_file(exported, name):
    """What the rest is tested against gives the energies of the exported file."""
    evaluator = exported.small(name)
    potential = small_potential(name)
    frame = shaken(name, potential, 1)[0]
    result = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic)
    np.testing.assert_allclose(energies(potential, frame, sums(potential, frame)), result.atom_energy, rtol=1e-11)


@pytest.mark.parametrize("name", ["two_sided", "four_types", "cluster", "small_box"])
def test_sample_is_the_sum_over_neighbors_and_its_derivative(name, monkeypatch):
    monkeypatch.setattr(radial, "STEP", 5e-5)
    potential = small_potential(name)
    frames = shaken(name, potential, 2)
    rows = rows_of_pairs(potential, 0.5)
    samples = sample(potential, rows, frames, 10_000, seed=7)
    random = np.random.default_rng(7)
    expected = [[] for _ in samples]
    for frame in frames:
        moves = random.standard_normal((2, len(frame.types), 3))
        step = 1e-4
        t = sums(potential, frame)
        moved = [
            [sums(potential, dataclasses.replace(frame, coord=frame.coord + s * step * v)) for s in (1, -1)]
            for v in moves
        ]
        for i, parts in enumerate(expected):
            atoms = frame.types == i
            parts.append((t[atoms], np.stack([(high - low)[atoms] / (2 * step) for high, low in moved])))
            if atoms.any():
                random.permutation(np.flatnonzero(atoms))  # the order of choice
    for i, (got, parts) in enumerate(zip(samples, expected, strict=True)):
        t, dt = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts], axis=1)
        assert got.t.shape == t.shape and got.dt.shape == dt.shape and len(t) >= 10
        assert np.abs(got.t - t).max() < 1e-4 * np.abs(t).max()
        assert np.abs(got.dt - dt).max() < 1e-4 * np.abs(dt).max()
        np.testing.assert_allclose(build._constant(potential, rows, i), constant_of(potential, i), rtol=1e-12)


def test_sample_takes_as_many_atoms_as_asked_for():
    potential = small_potential("two_sided")
    frames = shaken("two_sided", potential, 4)
    few = sample(potential, rows_of_pairs(potential, 0.5), frames, 8, seed=1)
    assert [len(s.t) for s in few] == [8, 8] and [s.dt.shape[1] for s in few] == [8, 8]
    again = sample(potential, rows_of_pairs(potential, 0.5), frames, 8, seed=1)
    other = sample(potential, rows_of_pairs(potential, 0.5), frames, 8, seed=2)
    assert np.array_equal(few[0].dt, again[0].dt) and not np.array_equal(few[0].t, other[0].t)


# --- first layer --------------------------------------------------------------------------------------------------------


@pytest.fixture
def first():
    """A first layer of width 6 and axis 3, its plain value, and T of some atoms with two derivatives."""
    random = np.random.default_rng(3)
    network = random_network(random, [18, 7])
    t, dt = random.normal(size=(5, 4, 6)), random.normal(size=(2, 5, 4, 6))
    return FirstLayer(network, 6, 3), lambda t: network.layers[0].affine(descriptor(t, 3)), t, dt


def test_first_layer_and_its_derivatives(first):
    layer, plain, t, dt = first
    np.testing.assert_allclose(layer.value(t), plain(t), atol=1e-12)
    step = 1e-5
    along = [(plain(t + step * d) - plain(t - step * d)) / (2 * step) for d in dt]
    np.testing.assert_allclose(layer.slope(t, dt), along, atol=1e-8)
    weights = np.random.default_rng(4).normal(size=(5, 7))
    gradient = layer.gradient(t, weights)
    for d, slope in zip(dt, along, strict=True):
        np.testing.assert_allclose((gradient * d).sum(axis=(1, 2)), (weights * slope).sum(axis=1), atol=1e-7)


def test_first_layer_in_a_full_basis_is_exact(first):
    layer, plain, t, dt = first
    random = np.random.default_rng(5)
    basis, constant = random.normal(size=(6, 6)), random.normal(size=6)
    weights, bias = layer.in_basis(constant, np.linalg.inv(basis), 6)
    a = t @ basis
    t[:, 0] += constant
    assert features(a, 6).shape == (5, 6 * 9 // 2) and weights.shape == (27, 7)
    np.testing.assert_allclose(features(a, 6) @ weights + bias, plain(t), atol=1e-10)
    np.testing.assert_allclose(features_along(a, dt @ basis, 6) @ weights, layer.slope(t, dt), atol=1e-10)


def test_first_layer_in_turned_columns_needs_products_of_the_first_few_alone(first):
    layer, plain, t, dt = first
    random = np.random.default_rng(5)
    basis, constant = random.normal(size=(6, 6)), random.normal(size=6)
    back = np.linalg.inv(basis)
    turn = Turn.towards(back[:, :3])
    np.testing.assert_allclose(turn.rotation @ turn.rotation.T, np.eye(6), atol=1e-12)
    weights, bias = layer.in_basis(constant, turn.rotation.T @ back, 3)
    columns = Columns(t @ basis, dt @ basis, np.zeros((5, 0)))
    x, dx = columns.turned(turn).features(3)
    assert x.shape == (5, 6 + 5 + 4 + 6) and turn.products == 3
    t[:, 0] += constant
    np.testing.assert_allclose(x @ weights + bias, plain(t), atol=1e-10)
    np.testing.assert_allclose(dx @ weights, layer.slope(t, dt), atol=1e-10)
    np.testing.assert_allclose(turn.of_features().T @ features(columns.a, 6).T, x.T, atol=1e-10)
    assert Turn.towards(back[:3, :5]).products == 3  # no more columns than the axis has: they stay


@pytest.mark.parametrize("kept", [4, 2])
def test_first_layer_by_least_squares_is_the_best_for_the_columns_that_stay(first, kept):
    layer, plain, _, _ = first
    random = np.random.default_rng(6)
    t, dt = random.normal(size=(200, 4, 6)), random.normal(size=(2, 200, 4, 6))
    z, dz = plain(t), layer.slope(t, dt)
    columns = Columns(t, dt, np.zeros((200, 0)))
    reduced = ReducedFirstLayer(layer, np.zeros(6), np.eye(6))
    assert reduced.most_fitted == 0
    reduced.fit(columns, z, dz)
    every = reduced.truncated(6)
    for fitted, truncated in zip(reduced.fitted(6, every), every, strict=True):  # nothing is left out: exact
        np.testing.assert_allclose(fitted, truncated, atol=1e-10)

    turn = reduced.turn(kept)
    x, dx = columns.turned(turn).features(turn.products)
    rows = [np.sqrt(VARIATION / 200) * np.hstack([x, np.ones((200, 1))])]
    rows += [np.sqrt(1 / 400) * np.hstack([one, np.zeros((200, 1))]) for one in dx]
    sides = [np.sqrt(VARIATION / 200) * z, *(np.sqrt(1 / 400) * one for one in dz)]
    rows, sides = np.concatenate(rows), np.concatenate(sides)
    truncated = np.vstack(reduced.truncated(kept))
    ridge = np.diag(np.sqrt(RIDGE * (rows**2).sum(axis=0)))
    best = np.linalg.lstsq(
        np.vstack([rows, ridge]), np.vstack([sides - rows @ truncated, 0.0 * truncated]), rcond=None
    )[0]
    np.testing.assert_allclose(np.vstack(reduced.fitted(kept, reduced.truncated(kept))), truncated + best, atol=1e-10)
    assert np.abs(best).max() > 1e-2


# --- fitting net --------------------------------------------------------------------------------------------------------

NETS = {
    "plain": ([9, 6, 5], {}),
    "one hidden layer": ([9, 6], {}),
    "no bias": ([9, 6, 6], {"skips": ["none", "same"]}),
    "same": ([9, 6, 6, 6], {"skips": ["none", "same", "same"], "timed": True}),
    "mixed": ([9, 6, 6, 4, 4], {"skips": ["none", "same", "none", "same"], "timed": True}),
    "double": ([9, 4, 8, 16], {"skips": ["none", "double", "double"], "timed": True}),
    "low rank": ([9, 6, 6, 6], {"skips": ["none", "same", "same"], "rank": 2}),
    "low rank, timed": ([9, 6, 6, 5], {"skips": ["none", "same", "none"], "rank": 2, "timed": True}),
    "low rank, double": ([9, 4, 8], {"skips": ["none", "double"], "rank": 2, "timed": True}),
}
ACTIVATIONS = ["tanh", "gelu", "linear", "silu", "softplus"]


def network_of(name, activation):
    widths, changes = NETS[name]
    network = random_network(np.random.default_rng(8), [*widths], activation, **changes)
    if name == "no bias":
        return dataclasses.replace(
            network, layers=tuple(dataclasses.replace(layer, b=None) for layer in network.layers)
        )
    return network


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_slope(activation):
    z = np.linspace(-4, 4, 41) + 1e-3
    step = 1e-6
    high, low = (value_and_slope(activation, z + s * step)[0] for s in (1, -1))
    np.testing.assert_allclose(value_and_slope(activation, z)[1], (high - low) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", NETS)
def test_passage_through_a_fitting_net(name, activation):
    network = network_of(name, activation)
    random = np.random.default_rng(9)
    x, dx = random.normal(size=(4, 9)), random.normal(size=(2, 4, 9))
    first = network.layers[0]
    passage = run(network.layers, first.affine(x), first.linear(dx))
    np.testing.assert_allclose(passage.energy, network_value(network, x)[:, 0], atol=1e-12)
    step = 1e-5
    along = [
        (network_value(network, x + step * d) - network_value(network, x - step * d))[:, 0] / (2 * step) for d in dx
    ]
    np.testing.assert_allclose(passage.denergy, along, atol=1e-7)
    assert np.abs(along).max() > 0.05
    assert len(passage.z) == len(passage.dz) == len(passage.gradient) == len(network.layers) - 1

    for k, layer in enumerate(network.layers[:-1]):
        if k:  # what reaches layer k, from the layers before it
            before = network_value(dataclasses.replace(network, layers=network.layers[:k]), x)
            np.testing.assert_allclose(passage.z[k], layer.affine(before), atol=1e-12)
            changes = [network_value(dataclasses.replace(network, layers=network.layers[:k]), x + s * step * dx[0])
                       for s in (1, -1)]  # fmt: skip
            np.testing.assert_allclose(passage.dz[k][0], layer.linear(changes[0] - changes[1]) / (2 * step), atol=1e-7)
        for unit in (0, layer.n_out - 1):  # the energy's change with the pre-activation is that with the bias
            energy = []
            for sign in (1, -1):
                b = np.zeros(layer.n_out) if layer.b is None else layer.b.copy()
                b[unit] += sign * step
                layers = list(network.layers)
                layers[k] = dataclasses.replace(layer, b=b)
                energy.append(network_value(dataclasses.replace(network, layers=tuple(layers)), x)[:, 0])
            np.testing.assert_allclose(passage.gradient[k][:, unit], (energy[0] - energy[1]) / (2 * step), atol=1e-7)


# --- balance ------------------------------------------------------------------------------------------------------------


def balanced(random, n=400, m=8):
    """Values of decreasing variance, their slopes, and gradients of decreasing size along other directions."""
    mixing, other = (np.linalg.qr(random.normal(size=(m, m)))[0] for _ in range(2))
    values = random.normal(size=(n, m)) * 0.4 ** np.arange(m) @ mixing
    gradient = random.normal(size=(n, m)) * 0.4 ** np.arange(m) @ other
    return values, random.normal(size=(n, m)) * 0.4 ** np.arange(m) @ mixing, gradient


def test_all_directions_together_lose_nothing():
    values, slopes, gradient = balanced(np.random.default_rng(1))
    down, up = directions(values, slopes, gradient)
    np.testing.assert_allclose(down @ up, np.eye(8), atol=1e-6)
    down, up = directions(values, slopes, gradient, prior=0.1 * np.eye(8))
    np.testing.assert_allclose(down @ up, np.eye(8), atol=1e-6)


def test_energy_lost_falls_with_the_number_of_directions():
    values, slopes, gradient = balanced(np.random.default_rng(2))
    down, up = directions(values, slopes, gradient)
    size = np.sqrt(np.mean((values @ gradient.T) ** 2))
    lost = []
    for r in range(9):
        rest = values - values @ down[:, :r] @ up[:r]
        lost.append(np.sqrt(np.mean((rest @ gradient.T) ** 2)) / size)
    assert lost[0] == pytest.approx(1.0) and lost[8] < 1e-6 and np.all(np.diff(lost) < 0)
    # principal components know nothing of the gradient
    order = np.linalg.eigh(values.T @ values)[1][:, ::-1]
    for r in (2, 3, 4):
        rest = values - values @ order[:, :r] @ order[:, :r].T
        assert lost[r] < 0.8 * np.sqrt(np.mean((rest @ gradient.T) ** 2)) / size


def test_what_the_energy_depends_on_comes_before_what_varies():
    random = np.random.default_rng(3)
    scale = np.array([10.0, 0.1, 1.0])
    values, slopes = random.normal(size=(300, 3)) * scale, random.normal(size=(300, 3)) * scale

    def lost(gradient):
        """Share of the energy that is lost with one direction, and with the one that varies most."""
        down, up = directions(values, slopes, gradient)
        rest = [values - values @ down[:, :1] @ up[:1], values * [0.0, 1.0, 1.0]]
        return [np.abs(x @ gradient.T).mean() / np.abs(values @ gradient.T).mean() for x in rest]

    on_small = lost(random.normal(size=(300, 3)) * [1e-4, 10.0, 1e-2])
    assert on_small[0] < 0.02 and on_small[1] > 0.9
    on_large = lost(random.normal(size=(300, 3)) * [10.0, 1e-4, 1e-2])
    assert on_large[0] < 0.02 and on_large[1] < 0.02


# --- the reduced net in ONNX --------------------------------------------------------------------------------------------


def session_of(function, inputs):
    arguments = {name: onnx.TensorProto.DOUBLE for name in function.input}
    nodes = [onnx.helper.make_node(function.name, list(function.input), list(function.output), domain=DOMAIN)]

    def typed(kind):
        graph = onnx.helper.make_graph(
            nodes,
            "call",
            [onnx.helper.make_tensor_value_info(name, kind, ["n", inputs]) for name in arguments],
            [onnx.helper.make_tensor_value_info(name, kind, ["n", None]) for name in function.output],
        )
        imports = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(DOMAIN, DOMAIN_VERSION)]
        model = onnx.helper.make_model(graph, functions=[function], opset_imports=imports, ir_version=IR_VERSION)
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    return typed(onnx.TensorProto.DOUBLE), typed(onnx.TensorProto.FLOAT)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "linear"])
@pytest.mark.parametrize("name", NETS)
def test_reduced_net_in_onnx(name, activation):
    network = network_of(name, activation)
    function = reduced_fitting_function("reduced", network)
    double, single = session_of(function, 9)
    x = np.random.default_rng(6).normal(size=(3, 9))
    (argument,) = function.input
    energy, gradient = double.run(None, {argument: x})
    np.testing.assert_allclose(energy, network_value(network, x), atol=1e-12)
    step = 1e-5
    for k in range(9):
        high, low = (network_value(network, x + sign * step * np.eye(9)[k])[:, 0] for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, k], (high - low) / (2 * step), atol=1e-8)
    assert np.abs(gradient).max() > 0.05
    for got, want in zip(single.run(None, {argument: x.astype(np.float32)}), (energy, gradient), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, atol=1e-5)
    assert [part.shape for part in double.run(None, {argument: x[:0]})] == [(0, 1), (0, 9)]


# --- the whole ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_sided():
    """A small potential, its reduced networks, and frames that were not sampled."""
    potential = small_potential("two_sided")
    reduction = reduce_potential(potential, shaken("two_sided", potential, 24), "24 structures")
    return potential, reduction, shaken("two_sided", potential, 3, seed=1)


@pytest.fixture(scope="module")
def lipsti():
    """The example's model with few atoms sampled of few frames, and frames of other trajectories."""
    potential = load_potential(LIPSTI)
    frames, total = read_frames([LIPSTI_DATA], potential.type_map, 60)
    assert (len(frames), total) == (60, 771)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "CENTERS", 600)
        patch.setattr(build, "CENTERS_HELD_OUT", 200)
        reduction = reduce_potential(potential, frames, "60 structures")
    cases = [lipsti_case(f"{cell}_f1", potential.type_map) for cell in ("Ti00", "Ti30")]
    return potential, reduction, [Frame(case.types, case.coord, case.cell, case.periodic) for case in cases]


@pytest.mark.parametrize("name", ["two_sided", "lipsti"])
def test_levels_fall_in_error_and_rise_in_size(name, request):
    potential, reduction, _ = request.getfixturevalue(name)
    errors = [level.force_error for level in reduction.levels]
    work = [sum(center.network.weights for center in level.centers) for level in reduction.levels]
    assert len(errors) >= 5 and np.all(np.diff(errors) < 0) and np.all(np.diff(work) > 0)
    for error, target, level in zip(errors, build.FORCE_ERRORS, reduction.levels, strict=False):
        assert 0.3 * target < error <= target and 0.0 < level.energy_error < error
        for center in level.centers:
            products = min(center.columns, potential.parts[0].axis_neuron)
            pairs = [(p, q) for p in range(products) for q in range(p, center.columns)]
            assert center.network.n_in == center.features == len(pairs) + center.columns
            assert len(center.mean) == center.columns <= potential.parts[0].width == len(center.basis)
    assert work[-1] < 0.8 * sum(net.weights for net in potential.fitting)
    assert "atoms of" in reduction.sample


def test_first_layers_by_least_squares_make_networks_smaller(two_sided, monkeypatch):
    potential, fitted, _ = two_sided
    monkeypatch.setattr(ladder, "MOST_FITTED", 0)
    truncated = reduce_potential(potential, shaken("two_sided", potential, 24), "24 structures")
    work = [sum(c.network.weights for level in r.levels for c in level.centers) for r in (fitted, truncated)]
    assert work[0] < 0.98 * work[1]


def assert_recorded(potential, reduction, others, directions):
    recorded = np.array([level.force_error for level in reduction.levels])
    whole, worst = (error / recorded for error in force_errors(potential, reduction, others, directions))
    print(f"measured/recorded: all {whole.round(2)}, worst center type {worst.round(2)}")
    assert np.all(worst > 1 / 3) and np.all(worst < 3)
    assert np.all(whole > 1 / 10) and np.all(whole < 3)


@pytest.mark.parametrize(("name", "directions"), [("two_sided", 4), ("lipsti", 2)])
def test_recorded_error_is_that_of_other_frames(name, directions, request):
    assert_recorded(*request.getfixturevalue(name), directions)


def test_recorded_error_counts_the_scale_of_the_energy(two_sided):
    potential, plain, others = two_sided
    potential = dataclasses.replace(potential, energy_scale=np.array([20.0, 20.0]))
    reduction = reduce_potential(potential, shaken("two_sided", potential, 24), "24 structures")
    columns = [[center.columns for center in r.levels[0].centers] for r in (plain, reduction)]
    assert sum(columns[1]) > sum(columns[0])
    assert_recorded(potential, reduction, others, 4)


def test_same_data_same_bytes(tmp_path):
    potential = small_potential("two_sided")
    said = []
    for k in range(2):
        frames = shaken("two_sided", potential, 24)
        write_model_file(tmp_path / f"{k}.onnx", potential, reduce_potential(potential, frames, "these", said.append))
    assert (tmp_path / "0.onnx").read_bytes() == (tmp_path / "1.onnx").read_bytes()
    assert said[0] == "sampling 24 structures" and "directions that matter for P" in said
    frames = shaken("two_sided", potential, 24, seed=2)
    write_model_file(tmp_path / "2.onnx", potential, reduce_potential(potential, frames, "these"))
    assert (tmp_path / "0.onnx").read_bytes() != (tmp_path / "2.onnx").read_bytes()


def test_levels_of_no_worth_are_left_out(two_sided, monkeypatch, tmp_path):
    potential, plain, _ = two_sided
    frames = shaken("two_sided", potential, 24)
    monkeypatch.setattr(build, "WORTH", 0.3)
    assert len(reduce_potential(potential, frames, "these").levels) == 4 - sum(
        sum(center.network.weights for center in level.centers) > 0.3 * sum(net.weights for net in potential.fitting)
        for level in plain.levels[:4]
    )
    monkeypatch.setattr(build, "WORTH", 0.0)
    monkeypatch.setattr(exporter, "generate_frames", lambda *_: frames)
    done = export(DATA / INDEX["two_sided"]["model"], tmp_path / "model.onnx")
    assert done.reduction is None and done.without == "they would hardly be smaller than the full ones"
    assert "reduced" not in open_model_file(tmp_path / "model.onnx").contract


# --- export -------------------------------------------------------------------------------------------------------------


def test_export_with_data(deepion, tmp_path):
    """The script with the example's model: what it prints, and what the file says."""
    potential = small_potential("four_types")
    system = tmp_path / "system"
    frames = shaken("four_types", potential, 24)
    write_system(system, frames[0].types, potential.type_map, frames=24)
    np.save(system / "set.000" / "coord.npy", np.stack([f.coord for f in frames]))
    np.save(system / "set.000" / "box.npy", np.stack([f.cell for f in frames]))
    target = tmp_path / "model.onnx"
    finished = deepion("export", DATA / INDEX["four_types"]["model"], target, "--data", system)
    assert finished.returncode == 0, finished.stderr
    assert "sampling 24 structures ...\n" in finished.stderr
    said = "24 of 24 structures given with --data, every third one rattled"
    assert said in finished.stdout and "columns of each type" in finished.stdout
    reduced = open_model_file(target).contract["reduced"]
    assert said in reduced["sample"] and len(reduced["levels"]) >= 3
    for level in reduced["levels"]:
        assert f"{level['force_error']:.1e}      {level['energy_error']:.1e}" in finished.stdout
        assert level["fitting"][2].endswith("_fitting_2") and len(level["mean"][1]) == level["columns"][1]
    onnx.checker.check_model(onnx.load(target), full_check=True)


def test_models_that_cannot_be_reduced(deepion, tmp_path):
    potential = small_potential("two_sided")
    assert why_not(potential) is None and why_not(load_potential(LIPSTI)) is None
    reasons = {"no_hidden_layer": "a fitting net has no hidden layer"}
    for name, reason in reasons.items():
        source = DATA / INDEX[name]["model"]
        assert why_not(small_potential(name)) == reason
        done = export(source, tmp_path / f"{name}.onnx")
        assert done.reduction is None and done.without == reason
        assert "reduced" not in open_model_file(tmp_path / f"{name}.onnx").contract
        with pytest.raises(ExportError, match=f"--data is of no use: {reason}, so there will be no reduced networks"):
            export(source, tmp_path / "never.onnx", [LIPSTI_DATA])
        assert not (tmp_path / "never.onnx").exists()
    finished = deepion("export", DATA / INDEX["no_hidden_layer"]["model"], tmp_path / "again.onnx")
    assert finished.returncode == 0 and f"  reduced    none: {reasons['no_hidden_layer']}\n" in finished.stdout

    first, *rest = potential.fitting[1].layers
    net = dataclasses.replace(potential.fitting[1], layers=(dataclasses.replace(first, skip="same"), *rest))
    skipping = dataclasses.replace(potential, fitting=[potential.fitting[0], net])
    assert why_not(skipping) == "a fitting net's first layer has a skip connection"
    with pytest.raises(InputError, match="no reduced networks: a fitting net's first layer has a skip connection"):
        reduce_potential(skipping, [], "nothing")


def test_options_that_contradict_each_other(deepion, tmp_path):
    source = DATA / INDEX["two_sided"]["model"]
    finished = deepion("export", source, tmp_path / "x.onnx", "--full-only", "--data", LIPSTI_DATA)
    assert finished.returncode == 1 and "--data is of no use with --full-only" in finished.stderr
    with pytest.raises(ExportError, match="--data is of no use: not wanted"):
        export(source, tmp_path / "x.onnx", [LIPSTI_DATA], reduced=False)
    assert not list(tmp_path.iterdir())


def test_data_that_lack_an_element(monkeypatch, tmp_path):
    monkeypatch.setattr(exporter, "MOST_FRAMES", 12)
    monkeypatch.setattr(build, "CENTERS", 120)
    with pytest.raises(InputError) as caught:
        export(LIPSTI, tmp_path / "model.onnx", [LIPSTI_DATA / "Ti00"])
    assert str(caught.value) == (
        "no reduced networks: only 0 Ti atoms in the structures (at least 100 of every type are needed): give more data, "
        "or export without reduced networks"
    )
    with pytest.raises(InputError, match="no such file or folder"):
        export(LIPSTI, tmp_path / "model.onnx", [tmp_path / "nothing"])
    monkeypatch.setattr(build, "FEWEST_CENTERS", 1)
    monkeypatch.setattr(build, "CENTERS", 500)
    with pytest.raises(
        InputError, match="every 6th structure serves to measure errors alone, and of 1 structures none"
    ):
        export(LIPSTI, tmp_path / "model.onnx", [DATA / "lipsti" / "Ti10_f0.data"])
    assert not list(tmp_path.iterdir()), "nothing is written where the data are of no use"


def test_generated_structures(exported, monkeypatch):
    monkeypatch.setattr(generated, "TRAJECTORIES", 4)
    potential, evaluator = small_potential("four_types"), exported.small("four_types")
    said = []
    frames = generated.generate_frames(potential, evaluator, said.append)
    again = generated.generate_frames(potential, evaluator)
    kept = len(range(generated.FIRST, generated.STEPS, generated.EVERY))
    assert said == ["generating structures: 0 of 4 trajectories"] and len(frames) == len(again) == 4 * kept
    for one, other in zip(frames, again, strict=True):
        assert np.array_equal(one.coord, other.coord) and np.array_equal(one.types, other.types)
    assert set(np.concatenate([frame.types for frame in frames])) == {0, 1, 2, 3}
    closest, count = [], []
    for frame in frames:
        center, _, vector = pairs_within(frame.coord, frame.cell, frame.periodic, potential.parts[0].rcut)
        closest.append(np.linalg.norm(vector, axis=1).min())
        count.append(len(center) / len(frame.types))
    assert min(closest) > 0.5, "no two atoms on top of each other"
    assert 0.2 * potential.slots < min(count) and max(count) < potential.slots
    assert np.ptp([frame.cell[0, 0] for frame in frames]) > 0.2


@pytest.mark.parametrize("stiffness", [0.05, 0.6, 3.0])
@pytest.mark.parametrize("start", [0.4, 0.9, 1.5])
def test_generated_cells_come_to_the_pressure_that_is_wanted(stiffness, start):
    """From twice as dense as a model wants, or less dense, with moduli (eV/A^3) from those of soft metals to diamond's."""
    barostat = generated.Barostat(0.01, np.array([20.0, 400.0]))
    volume = 100.0 * start
    for _ in range(generated.STEPS - generated.EVERY):
        volume *= barostat.stretch(stiffness * (100.0 - volume), volume) ** 3
    wanted = 100.0 / (1.0 + 0.01 / stiffness)
    # The softest are slow; they begin denser than this as a rule.
    assert volume == pytest.approx(wanted, rel=0.15 if stiffness < 0.1 else 1e-6)


def test_generated_cells_stay_within_limits():
    barostat = generated.Barostat(0.0, np.array([80.0, 120.0]))
    for pressure, end in ((1.0, 120.0), (-1.0, 80.0)):
        volume = 100.0
        for _ in range(40):
            volume *= barostat.stretch(pressure * volume, volume) ** 3
        assert volume == pytest.approx(end)


def test_generated_structures_that_do_not_do(exported, monkeypatch, tmp_path):
    """Where generated structures give no reduced networks, the file has the full ones and the reason is said."""
    source = DATA / INDEX["two_sided"]["model"]
    monkeypatch.setattr(exporter, "generate_frames", lambda potential, *_: shaken("two_sided", potential, 2))
    done = export(source, tmp_path / "model.onnx")
    assert done.reduction is None and "(at least 100 of every type are needed)" in done.without
    assert (tmp_path / "model.onnx").read_bytes() == exported.path(source).read_bytes()

    class Broken:
        def evaluate(self, coord, *_):
            return dataclasses.make_dataclass("Result", ["force"])(np.full(coord.shape, np.nan))

    with pytest.raises(InputError, match="forces on generated structures are not finite: give data with --data"):
        generated.generate_frames(small_potential("two_sided"), Broken())


# --- the contract -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reduced_file(two_sided, tmp_path_factory):
    potential, reduction, _ = two_sided
    path = tmp_path_factory.mktemp("reduced") / "model.onnx"
    write_model_file(path, potential, reduction)
    return path.read_bytes()


def test_contract_of_reduced_networks(two_sided, reduced_file, tmp_path):
    _, reduction, _ = two_sided
    (tmp_path / "model.onnx").write_bytes(reduced_file)
    reduced = open_model_file(tmp_path / "model.onnx").contract["reduced"]
    assert reduced["sample"] == reduction.sample
    assert [level["force_error"] for level in reduced["levels"]] == [level.force_error for level in reduction.levels]
    assert reduced["levels"][2]["fitting"] == ["reduced_2_fitting_0", "reduced_2_fitting_1"]
    assert reduced["levels"][2]["basis"] == ["reduced_basis_2_0", "reduced_basis_2_1"]
    for level, written in zip(reduction.levels, reduced["levels"], strict=True):
        for key in ("columns", "products"):
            assert written[key] == [getattr(center, key) for center in level.centers]
    model = onnx.ModelProto.FromString(reduced_file)
    onnx.checker.check_model(model, full_check=True)
    for i, center in enumerate(reduction.levels[1].centers):
        function = next(f for f in model.functions if f.name == f"reduced_basis_1_{i}")
        double, _ = session_of(function, len(center.basis))
        g = np.random.default_rng(0).normal(size=(3, len(center.basis)))
        np.testing.assert_allclose(double.run(None, {"g": g})[0], g @ center.basis, atol=1e-13)


BROKEN = {
    "not an object": lambda r: [r],
    "no sample": lambda r: {k: v for k, v in r.items() if k != "sample"},
    "one basis": lambda r: changed_level(r, basis=r["levels"][1]["basis"][:1]),
    "one basis for all levels": lambda r: r | {"basis": r["levels"][1]["basis"][:1]},
    "products of more columns than there are": lambda r: changed_level(
        r, products=[c + 1 for c in r["levels"][1]["columns"]]
    ),
    "no products": lambda r: changed_level(r, products=[0, 0]),
    "levels": lambda r: r | {"levels": {}},
    "level without mean": lambda r: changed_level(r, mean=None),
    "no columns": lambda r: changed_level(r, columns=[0, 2]),
    "columns for one type": lambda r: changed_level(r, columns=[2]),
    "mean of another length": lambda r: changed_level(r, mean=[[0.0], [0.0]]),
    "means of one type": lambda r: changed_level(r, mean=r["levels"][1]["mean"][:1]),
    "mean that is no number": lambda r: changed_level(r, mean=[["0"] * c for c in r["levels"][1]["columns"]]),
    "error of zero": lambda r: changed_level(r, force_error=0.0),
    "error that is no number": lambda r: changed_level(r, energy_error="small"),
    "networks of one type": lambda r: changed_level(r, fitting=["reduced_1_fitting_0"]),
}


def changed_level(reduced, **changes):
    levels = list(reduced["levels"])
    levels[1] = levels[1] | changes
    return reduced | {"levels": levels}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_contract_of_reduced_networks(reduced_file, tmp_path, name):
    model = onnx.ModelProto.FromString(reduced_file)
    contract = json.loads({e.key: e.value for e in model.metadata_props}["deepion_contract"])
    content = with_contract(reduced_file, reduced=BROKEN[name](contract["reduced"]))
    assert message(content).startswith("contract: reduced: got ")
    assert message(content).endswith(", expected sample, 2 names of basis functions, and levels with 2 networks each")
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(content)
    with pytest.raises(ModelFileError, match="bad.onnx: contract: reduced: got"):
        open_model_file(bad)


@pytest.mark.parametrize("missing", ["reduced_9_fitting_1", "reduced_basis_9_1"])
def test_functions_of_reduced_networks_that_are_missing(reduced_file, missing):
    model = onnx.ModelProto.FromString(reduced_file)
    reduced = json.loads({e.key: e.value for e in model.metadata_props}["deepion_contract"])["reduced"]
    reduced["levels"][1]["basis" if "basis" in missing else "fitting"][1] = missing
    content = with_contract(reduced_file, reduced=reduced)
    assert message(content) == f"function '{missing}' of the contract is not in the file: re-export the model"
