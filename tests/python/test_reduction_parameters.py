# SPDX-License-Identifier: MIT
"""Reduced networks of models with frame and atomic parameters: the parameters of samples, the networks, their errors."""

import dataclasses

import ase.io
import numpy as np
import onnx
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from conftest import DATA, INDEX
from deepion.errors import InputError
from deepion.evaluation.evaluate import without_unused
from deepion.evaluation.evaluator import Evaluator
from deepion.evaluation.frames import Frame, read_frames
from deepion.evaluation.labeled_frames import read_labeled
from deepion.evaluation.model_errors import Comparison
from deepion.export import exporter
from deepion.export.exporter import export
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import open_model_file, write_model_file
from deepion.model.networks import ReducedParameters, network_value, reduced_fitting_function
from deepion.model.potential import ParameterScaling
from deepion.reduction import build, generated, radial
from deepion.reduction.build import reduce_potential, why_not
from deepion.reduction.fitting_net import FirstLayer, run
from deepion.reduction.parameters import Draws, said, with_parameters
from deepion.reduction.samples import rows_of_pairs, sample
from plain_networks import energies, force_errors, random_network, sums
from random_models import dpa1, model, structure
from test_reduction import NETS, network_of, session_of, shaken, small_potential, write_system

SCALING = ParameterScaling(np.array([300.0, 0.1, 2.0]), np.array([0.01, -1.5, 3.0]))


def two_types(vacuum=False, **changes):
    """A potential of two types that takes two frame parameters and one atomic parameter."""
    potential, random = small_potential("two_sided"), np.random.default_rng(1)
    nets = []
    for net in potential.fitting:
        first, *others = net.layers
        rows = 0.5 * random.normal(size=(3, first.n_out))
        nets.append(
            dataclasses.replace(net, layers=(dataclasses.replace(first, w=np.concatenate([first.w, rows])), *others))
        )
    values = {"fitting": nets, "numb_fparam": 2, "numb_aparam": 1, "scaling": SCALING, "vacuum": [vacuum, False]}
    return dataclasses.replace(potential, **(values | changes))


# --- parameters of the sample -------------------------------------------------------------------------------------------


def test_drawn_parameters_have_the_statistics_of_the_model():
    drawn = Draws(two_types())
    draws = [drawn.of_frame(k, 5) for k in range(3000)]
    plain = [draw for k, draw in enumerate(draws) if k % 3]
    wide = draws[::3]
    for found, factor in ((plain, 1.0), (wide, 2.0)):
        frame, atom = np.array([f for f, _ in found]), np.concatenate([a for _, a in found])
        assert frame.shape == (len(found), 2) and atom.shape == (5 * len(found), 1)
        for column, mean, inverse in zip((*frame.T, atom[:, 0]), SCALING.average, SCALING.inverse_std, strict=True):
            spread = factor / abs(inverse)
            assert abs(column.mean() - mean) < 0.15 * spread and column.std() == pytest.approx(spread, rel=0.1)
    assert np.array_equal(draws[7][0], Draws(two_types()).of_frame(7, 5)[0]), "the same ones every time"
    assert len({float(a[0, 0]) for _, a in draws}) == 3000


def test_drawn_parameters_without_spread_are_the_mean():
    scaling = ParameterScaling(SCALING.average, np.array([np.inf, 0.0, np.nan]))
    fparam, aparam = Draws(two_types(scaling=scaling)).of_frame(3, 4)
    assert fparam.tolist() == [300.0, 0.1] and np.ravel(aparam).tolist() == [2.0] * 4


def test_what_is_said_of_the_parameters_of_a_sample():
    potential = two_types()
    bare = Frame(np.zeros(2, int), np.zeros((2, 3)), np.eye(3), (True,) * 3)
    given = dataclasses.replace(bare, fparam=np.zeros(2))
    assert said(small_potential("two_sided"), [bare]) == ""
    assert said(potential, [given, given]) == ", fparam of the data, aparam drawn from the model's statistics"
    both = ", fparam of the data in 1, in others drawn from the model's statistics, aparam drawn from the model's statistics"
    assert said(potential, [given, bare]) == both


def test_default_fparam_is_drawn_half_of_the_time():
    draws = Draws(two_types(default_fparam=[250.0, 0.0]))
    found = [draws.of_frame(k, 1)[0].tolist() == [250.0, 0.0] for k in range(600)]
    assert 0.4 < np.mean(found) < 0.6
    assert 0.3 < np.mean(found[build.HELD_OUT - 1 :: build.HELD_OUT]) < 0.7, "errors are measured with both"


def test_parameters_of_frames():
    potential = two_types()
    own = Frame(
        np.zeros(2, int), np.zeros((2, 3)), np.eye(3), (True,) * 3, np.array([1.0, 2.0]), np.array([[3.0], [4.0]])
    )
    without = Frame(np.zeros(2, int), np.zeros((2, 3)), np.eye(3), (True,) * 3)
    given, drawn = with_parameters(potential, [own, without])
    assert given.fparam.tolist() == [1.0, 2.0] and given.aparam.tolist() == [[3.0], [4.0]]
    assert drawn.fparam.shape == (2,) and drawn.aparam.shape == (2, 1)
    (unneeded,) = with_parameters(small_potential("two_sided"), [own])
    assert unneeded.fparam is None and unneeded.aparam is None
    short = dataclasses.replace(own, fparam=np.array([1.0]))
    with pytest.raises(InputError, match="fparam of the data: 1 values per frame, but the model takes 2: "):
        with_parameters(potential, [short])
    wide = dataclasses.replace(own, aparam=np.ones((2, 3)))
    with pytest.raises(InputError, match="aparam of the data: 3 values per atom, but the model takes 1: "):
        with_parameters(potential, [wide])


def with_files(folder, frames, atoms):
    fparam = np.arange(2.0 * frames).reshape(frames, 2)
    aparam = np.arange(10.0, 10.0 + frames * atoms).reshape(frames, atoms)
    np.save(folder / "set.000" / "fparam.npy", fparam)
    np.save(folder / "set.000" / "aparam.npy", aparam)
    return fparam, aparam


def test_parameters_of_systems(tmp_path):
    system = write_system(tmp_path / "system", [1, 0], ["P", "Li"], frames=3)
    fparam, aparam = with_files(system, 3, 2)
    frames, _ = read_frames([system], ["Li", "P", "S"], 100)
    assert [frame.fparam.tolist() for frame in frames] == fparam.tolist()
    assert [frame.aparam.tolist() for frame in frames] == aparam[:, :, None].tolist()
    np.save(system / "set.000" / "aparam.npy", np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"aparam.npy: expected values for each of 3 x 2, got the shape \[3, 3\]"):
        read_frames([system], ["Li", "P", "S"], 100)


def test_sample_has_the_scaled_parameters_of_its_atoms():
    potential = two_types()
    frames = with_parameters(potential, shaken("two_sided", potential, 2))
    samples = sample(potential, rows_of_pairs(potential, 0.5), frames, 10_000, seed=7)
    random = np.random.default_rng(7)
    expected = [[], []]
    for frame in frames:
        random.standard_normal((2, len(frame.types), 3))  # displacements
        for kind in (0, 1):
            atoms = np.flatnonzero(frame.types == kind)
            random.permutation(atoms)
            for atom in atoms:
                values = np.array([*frame.fparam, *frame.aparam[atom]])
                expected[kind].append((values - SCALING.average) * SCALING.inverse_std)
    for got, rows in zip(samples, expected, strict=True):
        np.testing.assert_allclose(got.param, rows, rtol=1e-13)


# --- the reduced net in ONNX --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_atoms", [True, False])
@pytest.mark.parametrize("vacuum", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "linear"])
@pytest.mark.parametrize("name", NETS)
def test_reduced_net_with_parameters_in_onnx(name, activation, vacuum, of_atoms):
    """Six features and three parameters, against numpy and finite differences; gradients are by the features alone."""
    network, random = network_of(name, activation), np.random.default_rng(6)
    full = random_network(random, [13, 6, 6], activation, skips=["none", "same"], timed=True)
    function = reduced_fitting_function(
        "reduced", network, ReducedParameters(SCALING, full if vacuum else None, of_atoms)
    )
    double, single = session_of(function, None)
    x = random.normal(size=(3, 6))
    param = SCALING.average + random.normal(size=(3 if of_atoms else 1, 3)) / SCALING.inverse_std
    param = np.broadcast_to(param, (3, 3)).copy()
    scaled = (param - SCALING.average) * SCALING.inverse_std

    def plain(x):
        value = network_value(network, np.concatenate([x, scaled], axis=1))[:, 0]
        empty = np.concatenate([np.zeros((3, 10)), scaled], axis=1)
        return value - (network_value(full, empty)[:, 0] if vacuum else 0.0)

    assert list(function.input) == ["features", "param"]
    energy, gradient = double.run(None, {"features": x, "param": param})
    np.testing.assert_allclose(energy[:, 0], plain(x), atol=1e-12)
    assert gradient.shape == (3, 6) and np.abs(gradient).max() > 0.02
    step = 1e-5
    for k in range(6):
        high, low = (plain(x + sign * step * np.eye(6)[k]) for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, k], (high - low) / (2 * step), atol=1e-8)
    short = single.run(None, {"features": x.astype(np.float32), "param": param.astype(np.float32)})
    for got, want in zip(short, (energy, gradient), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, atol=2e-5)


# --- the whole ----------------------------------------------------------------------------------------------------------

CASES = ("fparam", "aparam", "fparam_aparam", "atom_ener_fparam", "default_fparam", "two types", "two types, vacuum")


def potential_of(name):
    return two_types(vacuum="vacuum" in name) if "two" in name else small_potential(name)


def structure_of(name):
    return "two_sided" if "two" in name else name


@pytest.fixture(scope="module", params=CASES)
def reduced(request):
    """A potential, its reduced networks, and frames that were not sampled."""
    potential = potential_of(request.param)
    reduction = reduce_potential(potential, shaken(structure_of(request.param), potential, 60), "60 structures")
    return potential, reduction, shaken(structure_of(request.param), potential, 4, seed=1)


def at(potential, frames, deviations):
    """The frames with all parameters so many standard deviations from their mean."""
    values = potential.scaling.average + deviations / potential.scaling.inverse_std
    fparam, aparam = values[: potential.numb_fparam], values[potential.numb_fparam :]
    return [dataclasses.replace(f, fparam=fparam, aparam=np.tile(aparam, (len(f.types), 1))) for f in frames]


def test_recorded_error_is_that_of_other_parameters(reduced):
    """Frames that were not sampled, with parameters drawn for them: the errors in the file, within the scatter of few frames."""
    potential, reduction, others = reduced
    drawn = Draws(potential)
    others = [dataclasses.replace(f, fparam=p, aparam=a)
              for f, (p, a) in zip(others, (drawn.of_frame(1000 + 3 * k, len(f.types)) for k, f in enumerate(others)), strict=True)]  # fmt: skip
    recorded = np.array([level.force_error for level in reduction.levels])
    _, worst = force_errors(potential, reduction, others, 3)
    print(f"measured/recorded: {(worst / recorded).round(2)}")
    assert len(recorded) >= 3 and recorded[0] > 3 * recorded[-1]
    assert np.all(worst < 4 * recorded) and np.all(worst > recorded / 6)


@pytest.mark.parametrize("deviations", [-2.0, 2.0])
def test_error_far_from_the_mean_of_the_parameters(reduced, deviations):
    """All parameters at once two standard deviations off, which hardly any frame of the sample is: several times the error of
    the file is what to expect there (7 times were measured), not a hundred times."""
    potential, reduction, others = reduced
    recorded = np.array([level.force_error for level in reduction.levels])
    _, worst = force_errors(potential, reduction, at(potential, others, deviations), 3)
    print(f"measured/recorded: {(worst / recorded).round(2)}")
    assert np.all(worst < 10 * recorded)


def test_full_networks_are_those_of_the_file(exported):
    """The plain networks that errors are measured against give DeePMD-kit's energies, vacuum included."""
    for name in ("fparam_aparam", "atom_ener_fparam"):
        evaluator, potential = exported.small(name), small_potential(name)
        frame = with_parameters(potential, shaken(name, potential, 1))[0]
        result = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic, frame.fparam, frame.aparam)
        np.testing.assert_allclose(energies(potential, frame, sums(potential, frame)), result.atom_energy, rtol=1e-11)


@pytest.mark.parametrize("kind", ["dpa1", "se_atten_v2"])
def test_sampled_atoms_of_dpa1_give_the_energies_of_the_file(kind, tmp_path, monkeypatch):
    """One fitting net for all elements, with parameters behind the type embedding."""
    monkeypatch.setattr(radial, "STEP", 5e-5)
    random = np.random.RandomState(7)
    elements = ["O", "H"]
    data = model(random, elements, dpa1(random, elements, kind=kind), fparam=2, aparam=1)
    potential = potential_from_serialized(
        data, {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
    )
    coord, types, cell, _ = structure(3, [10, 14], (9.0, 9.5, 8.7))
    (frame,) = with_parameters(potential, [Frame(types, coord, cell, (True,) * 3)])
    write_model_file(tmp_path / "full.onnx", potential)
    evaluator = Evaluator(tmp_path / "full.onnx", threads=1)
    want = evaluator.evaluate(coord, types, cell, frame.periodic, frame.fparam, frame.aparam).atom_energy
    rows, part = rows_of_pairs(potential, 0.5), potential.parts[0]
    for center, found in enumerate(sample(potential, rows, [frame], 10_000, seed=1)):
        net = potential.fitting_net(center)
        first = FirstLayer(net, part.width, part.axis_neuron)
        t = found.t.copy()
        t[:, 0] += build._constant(potential, rows, center)
        energy = run(net.layers, first.value(t) + found.param @ first.of_parameters, first.slope(t, found.dt)).energy
        energy = potential.energy_scale[center] * energy + potential.energy_shift[center]
        np.testing.assert_allclose(np.sort(energy), np.sort(want[types == center]), atol=2e-5)


def test_export_with_parameters(deepion, tmp_path):
    """From data without parameters, with parameters, and from generated structures."""
    source, line = DATA / INDEX["fparam_aparam"]["model"], small_potential("fparam_aparam")
    assert why_not(line) is None
    frames = shaken("fparam_aparam", line, 60)
    system = write_system(tmp_path / "system", frames[0].types, line.type_map, frames=60)
    np.save(system / "set.000" / "coord.npy", np.stack([f.coord for f in frames]))
    np.save(system / "set.000" / "box.npy", np.stack([f.cell for f in frames]))
    found = []
    for k in range(2):
        target = tmp_path / f"{k}.onnx"
        finished = deepion("export", source, target, "--data", system)
        assert finished.returncode == 0, finished.stderr
        assert "parameters fparam 2, aparam 2" in finished.stdout and "60 of 60 structures" in finished.stdout
        found.append(open_model_file(target).contract["reduced"])
        onnx.checker.check_model(onnx.load(target), full_check=True)
        np.save(system / "set.000" / "fparam.npy", np.full((60, 2), 9.0))
        np.save(system / "set.000" / "aparam.npy", np.full((60, 2 * len(frames[0].types)), -9.0))
    assert ", every third one rattled, fparam and aparam drawn from the model's statistics" in found[0]["sample"]
    assert (
        ", every third one rattled, fparam and aparam of the data, and 15 dense, hot and random" in found[1]["sample"]
    )
    errors = [[level["force_error"] for level in one["levels"]] for one in found]
    assert len(errors[0]) >= 3 and errors[0] != errors[1], "data with parameters are sampled with these"


def test_generated_structures_follow_their_parameters(exported, monkeypatch):
    monkeypatch.setattr(generated, "TRAJECTORIES", 2)
    potential, evaluator = small_potential("fparam_aparam"), exported.small("fparam_aparam")
    frames = generated.generate_frames(potential, evaluator)
    assert len({tuple(frame.fparam) for frame in frames}) == len(frames)
    assert all(frame.aparam.shape == (len(frame.types), 2) for frame in frames)
    again = generated.generate_frames(potential, evaluator)
    assert all(np.array_equal(a.coord, b.coord) for a, b in zip(frames, again, strict=True))


def test_export_of_generated_structures(monkeypatch, tmp_path):
    monkeypatch.setattr(generated, "TRAJECTORIES", 9)
    done = export(DATA / INDEX["default_fparam"]["model"], tmp_path / "model.onnx")
    assert done.reduction is not None
    assert done.reduction.sample.endswith(
        "generated structures, fparam drawn from the model's statistics, and 16 dense, hot and random ones made from them"
    )
    contract = open_model_file(tmp_path / "model.onnx").contract
    assert contract["default_fparam"] == [0.1, 0.9] and contract["reduced"]["levels"]
    assert exporter.why_not(done.potential) is None


def test_export_names_default_fparam(deepion, tmp_path):
    finished = deepion("export", DATA / INDEX["default_fparam"]["model"], tmp_path / "model.onnx", "--full-only")
    assert "  parameters fparam 2 (default 0.1 0.9), aparam 0\n" in finished.stdout


def test_evaluate_takes_the_parameters_of_labeled_data(tmp_path, exported):
    """Labels made by the model itself, with parameters that differ between frames and atoms."""
    potential, evaluator = small_potential("fparam_aparam"), exported.small("fparam_aparam")
    frames = with_parameters(potential, shaken("fparam_aparam", potential, 3))
    system = write_system(tmp_path / "system", frames[0].types, potential.type_map, frames=3)
    results = [evaluator.evaluate(f.coord, f.types, f.cell, f.periodic, f.fparam, f.aparam) for f in frames]
    for name, values in {
        "coord": [f.coord for f in frames], "box": [f.cell for f in frames], "fparam": [f.fparam for f in frames],
        "aparam": [f.aparam for f in frames], "energy": [r.energy for r in results], "force": [r.force for r in results],
    }.items():  # fmt: skip
        np.save(system / "set.000" / f"{name}.npy", np.stack(values).reshape(3, -1))
    comparison = Comparison(potential.type_map)
    for one in read_labeled([system], potential.type_map):
        f = one.frame
        comparison.add(one, evaluator.evaluate(f.coord, f.types, f.cell, f.periodic, f.fparam, f.aparam))
    assert all(error.rmse < 1e-8 for _, _, error in comparison.rows())
    extended = []
    for frame, result in zip(frames, results, strict=True):
        atoms = Atoms([potential.type_map[t] for t in frame.types], frame.coord, cell=frame.cell, pbc=True)
        atoms.info["fparam"], atoms.arrays["aparam"] = frame.fparam, frame.aparam
        atoms.calc = SinglePointCalculator(atoms, energy=result.energy, forces=result.force)
        extended.append(atoms)
    ase.io.write(tmp_path / "frames.extxyz", extended)
    comparison = Comparison(potential.type_map)
    for one in read_labeled([tmp_path / "frames.extxyz"], potential.type_map):
        f = one.frame
        comparison.add(one, evaluator.evaluate(f.coord, f.types, f.cell, f.periodic, f.fparam, f.aparam))
    assert len(comparison.rows()) >= 3 and all(
        error.rmse < 1e-4 for _, _, error in comparison.rows()
    )  # digits of the file
    plain = Comparison(small_potential("one_type").type_map)
    for one in read_labeled([system], plain.type_map):  # a model without parameters leaves those of the data aside
        f = without_unused(one.frame, False, False)
        plain.add(one, exported.small("one_type").evaluate(f.coord, f.types, f.cell, f.periodic, f.fparam, f.aparam))


def test_parameters_that_are_no_numbers(tmp_path):
    path = tmp_path / "frames.extxyz"
    atoms = Atoms("Li2", [[0, 0, 0], [2, 0, 0]], cell=np.eye(3) * 10, pbc=True)
    for info, arrays, message in (
        ({"fparam": "hot"}, {}, "fparam: expected numbers, got hot"),
        ({}, {"aparam": np.array(["a", "b"])}, "aparam: expected numbers, got ['a' 'b']"),
    ):
        labeled = atoms.copy()
        labeled.info |= info
        labeled.arrays |= arrays
        labeled.calc = SinglePointCalculator(labeled, energy=1.0)
        ase.io.write(path, labeled)
        with pytest.raises(InputError) as caught:
            read_labeled([path], ["Li"])
        assert str(caught.value) == f"{path}: {message}"
    potential = small_potential("fparam_aparam")
    frame = shaken("fparam_aparam", potential, 1)[0]
    system = write_system(tmp_path / "system", frame.types, potential.type_map, frames=1)
    np.save(system / "set.000" / "fparam.npy", np.array([["hot", "cold"]]))
    with pytest.raises(InputError, match="fparam.npy: expected numbers, got values of type"):
        read_frames([system], potential.type_map, 1)


def test_default_fparam_serves_where_none_is_given(tmp_path):
    potential = two_types(default_fparam=[250.0, 0.3])
    frame = shaken("two_sided", potential, 1)[0]
    write_model_file(tmp_path / "model.onnx", potential)
    evaluator = Evaluator(tmp_path / "model.onnx", threads=1)
    aparam = np.linspace(1.0, 3.0, len(frame.types))[:, None]
    default = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic, None, aparam)
    given = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic, [250.0, 0.3], aparam)
    other = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic, [350.0, 0.3], aparam)
    assert default.energy == given.energy != other.energy
