# SPDX-License-Identifier: MIT
"""Frozen TensorFlow graphs read without TensorFlow: the same potentials as by DeePMD-kit, of every version of graphs."""

import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from conftest import DATA, INDEX, ROOT
from deepion.errors import ExportError
from deepion.export.exporter import load_potential
from deepion.formats.graphdef import Graph, read, read_graph
from deepion.formats.graphdef_schema import graph_message
from deepion.formats.graphdef_tensor import decode
from deepion.model.networks import network_value
from graphs import added, constant, node_of, renamed, saved, stored, without
from helpers import assert_matches, small_case

MODELS = DATA / "models"
SCRIPT = "train_attr/training_script"


def assert_same(a, b, where="potential"):
    """Two potentials are equal to the last bit, but for where they come from."""
    if is_dataclass(a):
        for field in fields(a):
            if field.name not in ("source", "notes"):
                assert_same(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, err_msg=where, strict=True)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for number, pair in enumerate(zip(a, b, strict=True)):
            assert_same(*pair, f"{where}[{number}]")
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            assert_same(a[key], b[key], f"{where}[{key}]")
    else:
        assert a == b, where


@pytest.mark.parametrize("name", ["tf_trained", "tf_out_std"])
def test_the_same_potential_as_through_deepmd_kit(name, exported):
    graph = MODELS / f"{name}.pb"
    assert_same(load_potential(graph), load_potential(MODELS / f"{name}.dp"))
    evaluator = exported.evaluator(graph)
    assert_matches(small_case(name, evaluator.type_map).run(evaluator), np.load(DATA / INDEX[name]["reference"]))


def test_export_without_any_framework(tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\nfrom deepion.export.exporter import export\n"
        f"export(Path({str(MODELS / 'tf_trained.pb')!r}), Path({str(tmp_path / 'out.onnx')!r}), reduced=False)\n"
        "print([name for name in ('tensorflow', 'torch', 'deepmd', 'jax') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT / "scripts"
    )
    assert done.stdout.strip() == "[]"


def test_four_megabytes_in_two_seconds(tmp_path):
    """Time of the process, so that other work on the machine does not count; half a second of it are imports."""
    message, random = stored("tf_out_std"), np.random.RandomState(5)
    for layer, shape in enumerate([(24, 700), (700, 700), (700, 6)]):
        constant(message, f"layer_{layer}_type_0/matrix", random.standard_normal(shape) / shape[0])
        constant(message, f"layer_{layer}_type_0/bias", random.standard_normal(shape[1]))
    constant(message, "layer_1_type_0/idt", random.standard_normal(700))
    path = saved(message, tmp_path / "large.pb")
    assert path.stat().st_size > 4e6
    program = (
        "import resource\nfrom pathlib import Path\nfrom deepion.export.exporter import export\n"
        f"export(Path({str(path)!r}), Path({str(tmp_path / 'large.onnx')!r}), reduced=False)\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        # not ru_maxrss, which a process inherits from the one that started it
        "peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]\n"
        "print(used.ru_utime + used.ru_stime, peak)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 2.0
    assert kilobytes < 300e3


def test_text_form(tmp_path):
    assert_same(
        load_potential(saved(stored("tf_trained"), tmp_path / "graph.pbtxt")), load_potential(MODELS / "tf_trained.pb")
    )


def test_without_training_script(tmp_path):
    message = without(
        stored("tf_out_std"), SCRIPT, "model_attr/model_version", "descrpt_attr/sel", "descrpt_attr/original_sel"
    )
    assert_same(load_potential(saved(message, tmp_path / "graph.pb")), load_potential(MODELS / "tf_out_std.pb"))
    with pytest.raises(ExportError, match="masks neighbors .* no training script"):
        load_potential(saved(without(stored("tf_trained"), SCRIPT), tmp_path / "masked.pb"))


def test_names_of_version_0_12(tmp_path):
    def old(name: str) -> str:
        for new, before in {"filter_type_": "DS_layer_type_", "descrpt_attr/": "t_", "t_t_": "t_"}.items():
            name = name.replace(new, before)
        return name.replace("ProdEnvMatA", "DescrptNorot")

    message = renamed(
        without(stored("tf_out_std"), SCRIPT, "model_attr/tmap", "fitting_attr", "model_attr/model_type"), old
    )
    node_of(message, "DescrptNorot").op = "DescrptNorot"
    potential = load_potential(saved(message, tmp_path / "graph.pb"))
    expected = load_potential(MODELS / "tf_out_std.pb")
    assert potential.type_map == ["Type_0"]
    assert_same(potential.parts, expected.parts)
    assert_same(potential.fitting, expected.fitting)


@pytest.mark.parametrize(
    ("op", "name"),
    [("Relu", "relu"), ("Relu6", "relu6"), ("Softplus", "softplus"), ("Sigmoid", "sigmoid"), ("GeluCustom", "gelu")],
)
def test_activations_from_the_nodes(tmp_path, op, name):
    message = without(stored("tf_out_std"), SCRIPT)
    for node in message.node:
        if node.op == "Tanh":
            node.op = op
    potential = load_potential(saved(message, tmp_path / "graph.pb"))
    assert potential.fitting_activation == potential.parts[0].activation == name


def test_activation_of_several_nodes(tmp_path):
    message = without(stored("tf_out_std"), SCRIPT)
    for node in [node for node in message.node if node.op == "Tanh"]:
        before = node.input[0]
        node.op = "Mul"
        node.input.append(added(message, "Sigmoid", f"{node.name}/sigmoid", [before]))
    assert load_potential(saved(message, tmp_path / "graph.pb")).fitting_activation == "silu"
    node_of(message, "filter_type_0/Tanh/sigmoid").op = "Erf"
    with pytest.raises(ExportError, match="activation function after filter_type_0/matrix_1_0 is of a kind"):
        load_potential(saved(message, tmp_path / "graph.pb"))


def test_vacuum_from_a_second_use_of_the_net(tmp_path):
    message = without(stored("tf_out_std"), SCRIPT)
    added(message, "MatMul", "layer_0_type_0_1/MatMul", ["zeros", "layer_0_type_0/matrix/read"])
    fitting = read(saved(message, tmp_path / "graph.pb"))["model"]["fitting"]
    assert fitting["atom_ener"] == [0.0]
    assert read(MODELS / "tf_out_std.pb")["model"]["fitting"]["atom_ener"] == []


def test_sel_that_was_changed_after_training(tmp_path):
    """The moments are still divided by the sum of the old sel, so that the fitting net sees the old descriptor."""
    message = stored("tf_out_std")
    constant(message, "descrpt_attr/original_sel", np.array([60], np.int32))
    constant(message, "filter_type_0/truediv/y", np.float64(60))
    scaled, plain = load_potential(saved(message, tmp_path / "graph.pb")), load_potential(MODELS / "tf_out_std.pb")
    np.testing.assert_allclose(scaled.fitting[0].layers[0].w, plain.fitting[0].layers[0].w / 4, rtol=1e-15)
    np.testing.assert_array_equal(scaled.fitting[0].layers[1].w, plain.fitting[0].layers[1].w)


def test_shared_layers_are_repeated(tmp_path):
    """Two layers of one name (layer_name in the training input) are one layer that is used twice."""
    message = stored("tf_out_std")
    script = json.loads(node_of(message, SCRIPT).attr["value"].tensor.string_val[0])
    script["model"]["fitting_net"]["layer_name"] = ["first", "same", "third", "last"]
    constant(message, SCRIPT, json.dumps(script))
    scopes = {
        "layer_0_type_0": "first",
        "layer_1_type_0": "same",
        "layer_2_type_0": "third",
        "final_layer_type_0": "last",
    }

    def shared(name: str) -> str:
        scope, _, rest = name.partition("/")
        return f"share_{scopes[scope]}_type_0/{rest}" if scope in scopes else name

    path = saved(renamed(message, shared), tmp_path / "graph.pb")
    assert_same(load_potential(path), load_potential(MODELS / "tf_out_std.pb"))


def test_cutoffs_are_those_that_the_operator_computes_with(tmp_path):
    """It holds 6 and 1.8 in single precision, and divides by their difference in single precision."""
    message = stored("tf_out_std")
    node = node_of(message, "ProdEnvMatA")
    node.attr["rcut_r"].f, node.attr["rcut_r_smth"].f = 6.0, 1.8
    part = load_potential(saved(message, tmp_path / "graph.pb")).parts[0]
    assert part.rcut_smth == float(np.float32(1.8))
    assert part.rcut - part.rcut_smth == float(np.float32(6.0) - np.float32(1.8))
    assert load_potential(MODELS / "tf_out_std.pb").parts[0].rcut == 5.0


def compressed(message, steps=(0.05, 0.1), top=30.0):
    """The stored model with tables in place of its embedding net, as `dp compress` makes them."""
    potential = load_potential(MODELS / "tf_out_std.pb")
    net = next(iter(potential.parts[0].embedding.values()))
    lower, upper = -2.0, 8.0
    ends = np.concatenate([np.arange(lower, upper, steps[0]), np.arange(upper, top + steps[1] / 2, steps[1])])
    width = np.diff(ends)[:, None]

    def derivatives(x):  # by five-point formulas
        h = 1e-2
        f = [network_value(net, (x + k * h)[:, None]) for k in (-2, -1, 0, 1, 2)]
        return (
            f[2],
            (f[0] - 8 * f[1] + 8 * f[3] - f[4]) / (12 * h),
            (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * h * h),
        )

    value, first, second = derivatives(ends)
    (f0, f1), (d0, d1), (s0, s1) = ((one[:-1], one[1:]) for one in (value, first, second))
    rise = f1 - f0
    rows = np.stack([
        f0, d0, s0 / 2,
        (20 * rise - (8 * d1 + 12 * d0) * width - (3 * s0 - s1) * width**2) / (2 * width**3),
        (-30 * rise + (14 * d1 + 16 * d0) * width + (3 * s0 - 2 * s1) * width**2) / (2 * width**4),
        (12 * rise - 6 * (d1 + d0) * width + (s1 - s0) * width**2) / (2 * width**5),
    ], axis=-1)  # fmt: skip
    without(message, "filter_type_0/matrix", "filter_type_0/bias", "filter_type_0/MatMul_2")
    constant(message, "Const_9", rows.reshape(len(rows), -1))
    constant(message, "filter_type_0/TabulateFusionSeA/table_info", np.array([lower, upper, top, *steps, -1.0]))
    inputs = [
        "Const_9",
        "filter_type_0/TabulateFusionSeA/table_info",
        "filter_type_0/Reshape_1",
        "filter_type_0/Reshape_5",
    ]
    added(message, "TabulateFusionSeA", "filter_type_0/MatMul_2", inputs)
    node_of(message, "filter_type_0/MatMul_2").attr["last_layer_size"].i = net.n_out
    return message


def test_compressed_model(tmp_path, exported):
    path = saved(compressed(stored("tf_out_std")), tmp_path / "compressed.pb")
    tables = read(path)["model"]["descriptor"]["compress"]["@variables"]
    assert list(tables["info"]) == list(tables["data"]) == ["filter_0_net_0"]
    assert tables["data"]["filter_0_net_0"].shape == (200 + 220, 6 * 8)
    evaluator = exported.evaluator(path)
    reference = np.load(DATA / INDEX["tf_out_std"]["reference"])
    result = small_case("tf_out_std", evaluator.type_map).run(evaluator)
    assert np.abs(result.force - reference["force"].reshape(-1, 3)).max() < 1e-6
    message = compressed(stored("tf_out_std"))
    constant(message, "Const_9", np.zeros((419, 48)))
    with pytest.raises(ExportError, match="Const_9: 419 intervals, .* need 420"):
        load_potential(saved(message, tmp_path / "short.pb"))


@pytest.mark.parametrize("adds_bias", [True, False])
def test_short_range_table(tmp_path, adds_bias):
    """DP-ZBL as a model of type zbl; the switch's distances are in single precision as the operator has them."""
    message = stored("tf_out_std")
    constant(message, "model_attr/t_tab_info", np.array([0.05, 0.01, 2.0, 1.0]))
    constant(message, "model_attr/t_tab_data", np.arange(8.0))
    added(message, "SoftMinSwitch", "SoftMinSwitch", ["Reshape_1", "o_rij", "o_nlist", "t_natoms"])
    attr = node_of(message, "SoftMinSwitch").attr
    attr["alpha"].f, attr["rmin"].f, attr["rmax"].f = 0.3, 0.9, 2.7
    added(
        message,
        "PairTab",
        "PairTab",
        ["model_attr/t_tab_info", "model_attr/t_tab_data", "Reshape_1", "o_rij", "o_nlist"],
    )
    added(message, "AddV2", "table_and_bias", ["PairTab" if adds_bias else "PairTab:1", "o_atom_energy"])
    model = read(saved(message, tmp_path / "graph.pb"))["model"]
    plain = read(MODELS / "tf_out_std.pb")["model"]
    assert model["type"] == "zbl" and model["models"][0]["descriptor"]["type"] == "se_e2_a"
    assert model["models"][1]["tab"]["@variables"]["tab_data"].tolist() == list(range(8))
    assert (model["models"][1]["sel"], model["smin_alpha"], model["sw_rmin"]) == (
        30,
        *map(float, np.float32([0.3, 0.9])),
    )
    assert model["sw_rmax"] - model["sw_rmin"] == float(np.float32(2.7) - np.float32(0.9))
    bias, scale = plain["fitting"]["@variables"]["bias_atom_e"][0, 0], plain["@variables"]["out_std"][0, 0, 0]
    own = scale * bias + plain["@variables"]["out_bias"][0, 0, 0]  # energy of an atom beside the net's
    before, behind = (
        model["models"][0]["fitting"]["@variables"]["bias_atom_e"][0, 0],
        model["@variables"]["out_bias"][0, 0, 0],
    )
    assert behind == (bias if adds_bias else 0.0)
    assert scale * before + behind == pytest.approx(own, rel=1e-14)


def test_what_is_not_a_deep_potential_of_energies(tmp_path):
    for change, expected in (
        (("model_attr/model_type", "dipole"), "fitting net 'dipole'"),
        (("model_attr/modifier_type", "dipole_charge"), "modifier"),
        (("spin_attr/ntypes_spin", np.int32(1)), "spin"),
        (("model_attr/t_tab_info", np.zeros(4)), "0 short-range tables with 0 switches"),
    ):
        message = stored("tf_out_std")
        constant(message, *change)
        with pytest.raises(ExportError, match=expected):
            load_potential(saved(message, tmp_path / "graph.pb"))
    for op, expected in (
        ("Descrpt", "loc_frame"),
        ("DescrptSeAMask", "se_a_mask"),
        ("Conv2D", "another kind of model"),
    ):
        message = stored("tf_out_std")
        node_of(message, "ProdEnvMatA").op = op
        with pytest.raises(ExportError, match=expected):
            load_potential(saved(message, tmp_path / "graph.pb"))


def test_damaged_files(tmp_path):
    path = tmp_path / "graph.pb"
    for content, expected in (
        (b"", "the file is empty"),
        (b"\x12\x00", "no nodes in it: not a frozen TensorFlow graph"),
        (b"\x0a\xff", "damaged or another kind"),
        (b"hello", "cannot be read"),
    ):
        path.write_bytes(content)
        with pytest.raises(ExportError, match=expected) as caught:
            load_potential(path)
        assert str(caught.value).startswith(str(path))
    (tmp_path / "graph.pbtxt").write_text("node { name: ")
    with pytest.raises(ExportError, match="cannot be read as the text"):
        load_potential(tmp_path / "graph.pbtxt")
    for name in (
        "descrpt_attr/t_std",
        "filter_type_0/matrix_2_0",
        "fitting_attr/t_bias_atom_e",
        "train_attr/min_nbor_dist",
    ):
        message = stored("tf_trained") if name.startswith("train") else stored("tf_out_std")
        constant(message, name, "text")
        with pytest.raises(ExportError, match=f"{name} holds texts, expected numbers"):
            load_potential(saved(message, path))
    for name in ("layer_1_type_0/matrix", "filter_type_0/bias_1_0", "descrpt_attr/t_std", "final_layer_type_0/matrix"):
        message = stored("tf_out_std")
        constant(message, name, np.zeros((3, 7)))
        with pytest.raises(ExportError, match="expected"):
            load_potential(saved(message, path))


def tensor(dtype: int, shape: list[int], **values):
    message = graph_message()()
    value = message.node.add(name="x", op="Const").attr["value"].tensor
    value.dtype = dtype
    for size in shape:
        value.tensor_shape.dim.add(size=size)
    for key, given in values.items():
        if key == "tensor_content":
            value.tensor_content = given
        else:
            getattr(value, key).extend(given)
    return value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tensor(2, [2, 2], double_val=[1.5, 2, 3, 4]), np.array([[1.5, 2], [3, 4.0]])),
        (tensor(1, [2], float_val=[0.1, 2]), np.array([0.1, 2], np.float32)),
        (tensor(2, [3], tensor_content=np.arange(3.0).tobytes()), np.arange(3.0)),
        (tensor(3, [4], int_val=[7, 5]), np.array([7, 5, 5, 5], np.int32)),
        (tensor(9, [], int64_val=[-3]), np.array(-3)),
        (tensor(2, [2, 1]), np.zeros((2, 1))),
        (tensor(10, [2], bool_val=[True]), np.array([True, True])),
        (tensor(19, [2], half_val=[0x3C00, 0xC000]), np.array([1, -2], np.float16)),
        (tensor(14, [1], half_val=[0x4049]), np.array([3.140625], np.float32)),
        (tensor(14, [1], tensor_content=b"\x49\x40"), np.array([3.140625], np.float32)),
        (tensor(4, [2], int_val=[255, 1]), np.array([255, 1], np.uint8)),
        (tensor(22, [1], uint32_val=[4000000000]), np.array([4000000000], np.uint32)),
        (tensor(23, [1], uint64_val=[2**63]), np.array([2**63], np.uint64)),
        (tensor(7, [2], string_val=[b"a", b"b"]), np.array([b"a", b"b"], object)),
        (tensor(2, [0, 4]), np.zeros((0, 4))),
    ],
)
def test_encodings_of_constants(given, expected):
    np.testing.assert_array_equal(decode("x", given), expected, strict=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tensor(2, [1 << 40, 1 << 40], double_val=[1.0]), "claims"),
        (tensor(2, [1 << 23], double_val=[1.0]), "claims"),
        (tensor(2, [2], double_val=[1.0, 2.0, 3.0]), "holds 3 values, expected 2"),
        (tensor(2, [2], tensor_content=b"123"), "holds 3 bytes, expected 16"),
        (tensor(2, [-1], double_val=[1.0]), "no definite shape"),
        (tensor(2, [1] * 9, double_val=[1.0]), "9 dimensions"),
        (tensor(8, [1]), "complex64"),
        (tensor(77, [1]), "type 77"),
    ],
)
def test_constants_that_make_no_sense(given, expected):
    with pytest.raises(ExportError, match=expected):
        decode("x", given)


def test_nodes_that_pass_on_for_ever():
    message = graph_message()()
    for name, source in (("a", "b"), ("b", "a")):
        message.node.add(name=name, op="Identity").input.append(source)
    with pytest.raises(ExportError, match="loop"):
        Graph(message).source("a")


def random_damage(content: bytes, random: np.random.RandomState) -> bytes:
    """Bytes flipped, cut out, doubled, or set to what means much in this format."""
    data = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place = random.randint(len(data))
        kind = random.randint(5)
        if kind == 0:
            data[place] ^= 1 << random.randint(8)
        elif kind == 1:
            del data[place : place + random.randint(1, 40)]
        elif kind == 2:
            data[place:place] = data[place : place + random.randint(1, 40)]
        elif kind == 3:
            data[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF])
        else:
            data[place : place + 4] = random.bytes(4)
    return bytes(data)


def hostile(count: int, tmp_path, seed: int) -> None:
    """Every damaged graph is refused, or gives a potential (a changed weight is not damage that can be seen)."""
    path = tmp_path / "graph.pb"
    message = without(stored("tf_out_std"), "gradients")  # a small file, where most of the damage hits what is read
    content = saved(message, path).read_bytes()
    random = np.random.RandomState(seed)
    refused = 0
    with np.errstate(all="ignore"):
        for _ in range(count):
            path.write_bytes(random_damage(content, random))
            try:
                load_potential(path)
            except ExportError:
                refused += 1
    assert count / 10 < refused < count


def test_damage_at_random_places(tmp_path):
    """DEEPION_MUTATIONS=10000 tries that many (half a minute)."""
    hostile(int(os.environ.get("DEEPION_MUTATIONS", "300")), tmp_path, 1)


def test_damaged_structure(tmp_path):
    """Damage of the decoded message: what random bytes hardly reach."""
    random = np.random.RandomState(3)
    original = without(stored("tf_out_std"), "gradients").SerializeToString()
    path = tmp_path / "graph.pb"
    for _ in range(300):
        message = graph_message().FromString(original)
        node = message.node[random.randint(len(message.node))]
        kind = random.randint(6)
        if kind == 0:
            node.op = message.node[random.randint(len(message.node))].op
        elif kind == 1 and node.input:
            del node.input[random.randint(len(node.input)) :]
        elif kind == 2:
            node.input.append(message.node[random.randint(len(message.node))].name)
        elif kind == 3:
            message.node.remove(node)
        elif kind == 4:
            node.attr["value"].tensor.tensor_shape.dim.add(size=int(random.choice([0, 1, 2, -1, 1 << 40])))
        else:
            node.attr["value"].tensor.dtype = int(random.randint(25))
        try:
            load_potential(saved(message, path))
        except ExportError:
            pass


def test_damaged_training_scripts(tmp_path):
    """Every value of the script replaced by values of other kinds: refused, or of no meaning for the potential."""
    original = stored("tf_trained")
    script = json.loads(node_of(original, SCRIPT).attr["value"].tensor.string_val[0])
    path = tmp_path / "graph.pb"

    def places(node, way=()):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*way, key)
            if isinstance(value, (dict, list)):
                yield from places(value, (*way, key))

    relevant = [way for way in places(script) if way[0] == "model"]
    assert len(relevant) > 30
    refused = 0
    for way in relevant:
        for value in (7, "text", [1], [[1, 9]], {"a": 1}):
            changed = json.loads(json.dumps(script))
            inner = changed
            for key in way[:-1]:
                inner = inner[key]
            inner[way[-1]] = value
            message = stored("tf_trained")
            constant(message, SCRIPT, json.dumps(changed))
            try:
                load_potential(saved(message, path))
            except ExportError:
                refused += 1
    assert refused > 50
    for text in ("", "[]", "{", '{"model": 5}', "[" * 100000, '{"model": {"descriptor": [1]}}'):
        constant(original, SCRIPT, text)
        with pytest.raises(ExportError, match="training script in the graph is damaged"):
            load_potential(saved(original, path))


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_damaged_text(tmp_path):
    random = np.random.RandomState(4)
    path = tmp_path / "graph.pbtxt"
    content = saved(without(stored("tf_out_std"), "gradients"), path).read_bytes()
    for _ in range(20):
        path.write_bytes(random_damage(content, random))
        try:
            load_potential(path)
        except ExportError as error:
            assert str(error).startswith(str(path))


def test_a_graph_is_read_by_name_alone():
    graph = read_graph(MODELS / "tf_out_std.pb")
    assert graph.text("model_attr/tmap") == "Li"
    assert graph.number("descrpt_attr/ntypes") == 1
    assert graph.constant("no such node") is None
    with pytest.raises(ExportError, match="no constant no such node"):
        graph.need("no such node")
