# SPDX-License-Identifier: MIT
"""Archives that are damaged or made to do harm are refused: nothing in them runs, no size in them is believed."""

import copy
import io
import json
import os
import pickle
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import pytest

import torch_archives
from deepion.errors import ExportError
from deepion.export.dp_model import read_model
from deepion.export.serialized import potential_from_serialized
from deepion.formats import (
    exported_program,
    hdf5,
    script_descriptors,
    script_networks,
    torch_archive,
    torchscript,
    yaml_text,
)
from deepion.formats.pickle_data import Global, Instance
from deepion.formats.script_object import ScriptObject
from deepion.formats.table import NotPlainError, format_of
from deepion.inspection.serialized_summary import summarize
from deepion.inspection.summary import Verdict
from deepion.inspection.text import lines_of

SOURCE = {"file": "x.pth", "sha256": "0" * 64, "software": "deepmd-kit"}


def write(tmp_path, description: bytes, **more: bytes) -> Path:
    path = tmp_path / "model.pth"
    path.write_bytes(torch_archives.packed({"m/data.pkl": description} | {f"m/{k}": v for k, v in more.items()}))
    return path


def refusal(path: Path) -> str:
    start = time.monotonic()
    with pytest.raises(ExportError) as caught:
        torchscript.read(path)
    assert time.monotonic() - start < 10.0
    return str(caught.value)


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("harm", ["system", "eval", "exec", "import", "getattr", "mkdir", "popen"])
def test_calls_are_not_made(harm, protocol, tmp_path):
    trace = tmp_path / "trace"
    calls = {
        "system": Calls(os.system, f"touch {trace}"),
        "eval": Calls(eval, f"open({str(trace)!r}, 'w')"),
        "exec": Calls(exec, f"open({str(trace)!r}, 'w')"),
        "import": Calls(__import__, "antigravity"),
        "getattr": Calls(getattr, "text", "upper"),
        "mkdir": Calls(os.mkdir, str(trace)),
        "popen": Calls(os.popen, f"touch {trace}"),
    }
    message = refusal(write(tmp_path, pickle.dumps({"a": calls[harm]}, protocol=protocol)))
    assert not trace.exists()
    if protocol == 2:  # that of PyTorch
        assert "which no model needs: damaged or made to do harm; nothing of it was run" in message


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


HARM = {
    "allowed function with a wrong argument": name_of("torch._utils", "_rebuild_tensor_v2") + b"(K\x01tR.",
    "allowed function with too few arguments": name_of("torch.jit._pickle", "build_intlist") + b")R.",
    "call of a class": name_of("__torch__.deepmd", "Model") + b")R.",
    "call of a text": b"X\x01\x00\x00\x00a)R.",
    "name from the stack": b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93.",
    "instance": b"(ios\nsystem\n.",
    "object": b"(cos\nsystem\nX\x02\x00\x00\x00ls o.",
    "extension": b"\x82\x01.",
    "text as persistent reference": b"Pos.system\n.",
    "frames": b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "long text": b"X\xff\xff\xff\x7fabc.",
    "very long bytes": b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "long number": b"\x8b\xff\xff\xff\x7f\x01.",
    "memo far away": b"Nr\xff\xff\xff\xffh\x00.",
    "memo that is not there": b"h\x07.",
    "mark that is not there": b"Nt.",
    "value below the mark": b"N(\x85.",
    "empty": b"",
    "only a stop": b".",
    "two values": b"NN.",
    "no stop": b"N",
    "key that is a list": b"}]Ns.",
    "key that is a tuple": b"})Ns.",
    "odd items": b"}(Nu.",
    "attributes that are no dictionary": name_of("__torch__.a", "B") + b")\x81Nb.",
    "root that is no object": b"N.",
    "cycle": b"]q\x00h\x00a.",
    "not a pickle": b"hello",
}


@pytest.mark.parametrize("description", HARM.values(), ids=HARM.keys())
def test_pickles_of_other_kinds(description, tmp_path):
    refusal(write(tmp_path, description))


def test_depth_and_repetition(tmp_path):
    """Neither deep values nor references to the same one again and again cost more than their bytes."""
    deep = b"".join([b"]" * 300_000, b"a" * 299_999, b"."])
    refusal(write(tmp_path, deep))
    tuples = b"N" + b"\x85" * 300_000 + b"."
    refusal(write(tmp_path, tuples))
    doubling = b"]" + b"q\x00(h\x00h\x00l" * 30
    refusal(write(tmp_path, doubling + b"."))
    growing = b"]q\x00" + b"(h\x00h\x00e" * 50_000 + b"."
    refusal(write(tmp_path, growing))


def test_tensors_that_lie_about_their_size(tmp_path):
    content = torch_archives.records("sea")
    name = "sea/data.pkl"
    storages = sorted(key for key in content if key.startswith("sea/data/"))
    path = tmp_path / "model.pth"
    for change, words in (
        ({storages[3]: content[storages[3]][:-8]}, "bytes, expected"),
        ({storages[3]: content[storages[3]] + b"0" * 8}, "bytes, expected"),
    ):
        path.write_bytes(torch_archives.packed(content | change))
        assert words in refusal(path)
    del content[storages[3]]
    path.write_bytes(torch_archives.packed(content))
    assert "incomplete: record" in refusal(path)
    content = torch_archives.records("sea")
    huge = b"\x8a\x06\x00\x00\x00\x00\x00\x40"  # 2^46
    for old, new, words in (
        (b"K\x02tQ", huge + b"tQ", "bytes, expected"),  # elements of a storage
        (b"K\x01K\x02K\x01t", b"K\x01" + huge + b"K\x01t", "a tensor reaches beyond its storage"),  # a shape
        (b"K\x01K\x02K\x01t(K\x02K\x01K\x01", b"K\x01" + huge + b"K\x01t(K\x00K\x00K\x00", "repeats its storage"),
        (b"K\x01K\x02K\x01t", b"K\x01J\xff\xff\xff\xffK\x01t", "a size that makes no sense"),
    ):
        assert old in content[name]
        path.write_bytes(torch_archives.packed(content | {name: content[name].replace(old, new, 1)}))
        assert words in refusal(path)


def potential_or_refusal(path: Path) -> None:
    """Either a dictionary that the translator takes or refuses, or a refusal; nothing else."""
    try:
        data = format_of(path).module().read(path)
        potential_from_serialized(data, SOURCE)
    except ExportError:
        pass


def test_objects_within_themselves(tmp_path):
    """A hybrid descriptor and a linear combination that are their own parts."""
    nets = script_networks.NetworkReader()
    for name, key in (("DescrptHybrid", "descrpt_list"), ("LinearEnergyAtomicModel", "models")):
        whole, parts = Instance(Global("__torch__", name)), Instance(Global("__torch__", "ModuleList"))
        parts.attributes["0"] = whole
        whole.attributes |= {key: parts, "type_map": ["Li"]}
        with torch_archive.TorchArchive(torch_archives.write("sea", tmp_path)) as archive:
            value = ScriptObject(archive, whole, "model")
            with pytest.raises(NotPlainError, match="within another"):
                script_descriptors.descriptor(value, nets) if key == "descrpt_list" else torchscript.atomic_model(
                    value, nets
                )


def bomb(name: str, size: int) -> bytes:
    """A zip archive with one record that unpacks to many zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file, file.open(name, "w") as record:
        block = bytes(1 << 20)
        for _ in range(size >> 20):
            record.write(block)
    return stream.getvalue()


def test_bombs(tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(bomb("m/data.pkl", 256 << 20))
    assert "too large for a model" in refusal(path)
    # a record that says less, and one that says more than it holds
    for claimed, words in ((1000, "damaged: record"), (0xFFFFFFFE, "cannot unpack to 4294967294 bytes")):
        content = bytearray(bomb("m/data.pkl", 8 << 20))
        directory = content.rindex(b"PK\x01\x02")
        content[directory + 24 : directory + 28] = struct.pack("<I", claimed)
        path.write_bytes(content)
        assert words in refusal(path)


def test_records_of_strange_names_and_kinds(tmp_path):
    path = tmp_path / "model.pth"
    good = torch_archives.records("sea")
    for name, words in (
        ("../../escape", "leads out of the archive"),
        ("/etc/escape", "leads out of the archive"),
        ("m\\..\\escape", "leads out of the archive"),
        ("other/data.pkl", "not one of PyTorch"),
    ):
        path.write_bytes(torch_archives.packed(good | {name: b"x"}))
        assert words in refusal(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["model.pth"]
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as file:
        for _ in range(2):
            file.writestr("m/data.pkl", b"N.")
    assert "is there twice" in refusal(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("m/data.pkl", b"N.")
    assert "packed in a way that models are not" in refusal(path)
    content = bytearray(torch_archives.packed({"m/data.pkl": b"N."}))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refusal(path)
    for junk in (b"", b"PK", b"not a zip", bytes(100_000)):
        path.write_bytes(junk)
        assert "cannot be read as a zip archive" in refusal(path)


def test_text_of_exported_programs(tmp_path):
    path = tmp_path / "model.pt2"
    for text in (b"[" * 100_000, b"nonsense", b"[]", b'{"model": {"@is_variable": true, "dtype": "O", "value": [1]}}',
                 b'{"model": {"@is_variable": true, "dtype": "V1000000000", "value": [1]}}',
                 b'{"model": {"@is_variable": true, "dtype": "float64", "value": [[1], [2, 3]]}}',
                 b'{"model": {"@is_variable": true, "dtype": [], "value": 1}}', b'{"a":' * 700 + b"1" + b"}" * 700):  # fmt: skip
        path.write_bytes(torch_archives.packed({"model/extra/model.json": text}))
        with pytest.raises(ExportError):
            exported_program.read(path)


def mutated(content: bytes, random: np.random.RandomState) -> bytes:
    """The bytes with one to four changes: bits, bytes, blocks cut out, doubled, or filled."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 5)):
        start = random.randint(len(changed))
        length = int(min(len(changed) - start, 2 ** random.randint(0, 8)))
        what = random.randint(5)
        if what == 0:
            changed[start] ^= 1 << random.randint(8)
        elif what == 1:
            changed[start] = random.randint(256)
        elif what == 2:
            del changed[start : start + length]
        elif what == 3:
            changed[start:start] = changed[start : start + length]
        else:
            changed[start : start + length] = bytes([random.choice([0, 255])]) * length
        if not changed:
            break
    return bytes(changed)


# DEEPION_MUTATIONS=10000 for a longer search
@pytest.mark.parametrize("part, count", [("archive", 100), ("description", 300)])
def test_mutations(part, count, tmp_path):
    mutations(part, int(os.environ.get("DEEPION_MUTATIONS", count)), tmp_path)


def mutations(part: str, count: int, tmp_path: Path) -> None:
    """Each gives a potential or a refusal, at once and without more memory than the archive's."""
    random = np.random.RandomState(zlib.crc32(part.encode()))
    names = ["sea", "dpa1_strip", "hybrid_compressed", "zbl", "checkpoint_dpa1_v2", "checkpoint_hybrid"]
    whole = {name: torch_archives.records(name) for name in names}
    for number in range(count):
        name = names[number % len(names)]
        path = tmp_path / ("model.pt" if name.startswith("checkpoint") else "model.pth")
        content = whole[name]
        if part == "archive":
            path.write_bytes(mutated(torch_archives.packed(content), random))
        else:  # below the checksums of the archive
            record = f"{name}/data.pkl"
            path.write_bytes(torch_archives.packed(content | {record: mutated(content[record], random)}))
        start = time.monotonic()
        try:
            potential_or_refusal(path)
        except NotPlainError:
            pass
        assert time.monotonic() - start < 10.0


def dp_file(path: Path, **more) -> Path:
    """A .dp file whose description names one data set, and things beside it."""
    with h5py.File(path, "w") as file:
        file.attrs["json"] = json.dumps({"model": {"@variables": {"a": "/variable_0000"}}})
        for key, value in more.items():
            file[key] = value
    return path


def settings_of(kind: str) -> dict:
    """Settings of a training that are small as a pickle, and without end as text."""
    twice: list = [1]
    for _ in range(40):
        twice = [twice, twice]
    itself: dict = {}
    itself["again"] = itself
    base = {"type_map": ["Li"], "descriptor": {"type": "se_e2_a"}, "fitting_net": {"type": "ener"}}
    return {"shared": base | {"more": twice}, "itself": base | {"more": itself}, "type": {"type": twice}}[kind]


@pytest.mark.parametrize("kind", ["shared", "itself", "type"])
def test_settings_without_end(kind, tmp_path):
    path = tmp_path / "model.pt"
    state = OrderedDict([("_extra_state", {"model_params": settings_of(kind)})])
    path.write_bytes(torch_archives.packed({"model/data.pkl": pickle.dumps({"model": state}, protocol=2)}))
    assert path.stat().st_size < 2000
    for command in (["inspect", path], ["export", path, tmp_path / "model.onnx", "--full-only"]):
        limits = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # noqa: E731
        words = [sys.executable, "-m", "deepion.command", *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, preexec_fn=limits)  # noqa: PLW1509
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith(f"deepion {command[0]}: {path}: damaged: settings of more than ")


def test_hdf5_files(tmp_path):
    def refused(path):
        with pytest.raises(ExportError) as caught:
            hdf5.read(path)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value)

    path = dp_file(tmp_path / "a.dp", variable_0000=np.ones(3))
    assert hdf5.read(path)["model"]["@variables"]["a"].tolist() == [1.0, 1.0, 1.0]
    assert "dataset /variable_0000 is missing" in refused(dp_file(path))
    assert "is no array of numbers" in refused(dp_file(path, variable_0000="text"))
    assert "is in another file" in refused(dp_file(path, variable_0000=h5py.ExternalLink("b.dp", "/variable_0000")))
    with h5py.File(path, "w") as file:
        file.attrs["json"] = json.dumps({"model": {"@variables": {"a": "/variable_0000"}}})
        file.create_dataset("variable_0000", (1 << 40,), "f8", chunks=(1024,))  # 8 TB, of which nothing is stored
    assert "more than the file can hold of it" in refused(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("variable_0000", (4,), "f8", external=[("/etc/passwd", 0, 32)])
        file.attrs["json"] = json.dumps({"model": {"@variables": {"a": "/variable_0000"}}})
    assert "is in another file" in refused(path)
    random = np.random.RandomState(7)
    content = (torch_archives.DATA / "models/exclude_types_kept_nets.dp").read_bytes()
    for _ in range(200):
        path.write_bytes(mutated(content, random))
        try:
            potential_from_serialized(hdf5.read(path), SOURCE)
        except ExportError:
            pass


def test_aliases_of_yaml(tmp_path):
    """Each line doubles what the one before it stands for."""
    path = tmp_path / "model.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    path.write_text("\n".join([*lines, "model: *a11"]))
    start = time.monotonic()
    with pytest.raises(ExportError, match="damaged: more than .* entries"):
        yaml_text.read(path)
    assert time.monotonic() - start < 60.0


STRANGE = [
    None,
    True,
    0,
    -1,
    2**70,
    1e300,
    float("inf"),
    "",
    "dpa2",
    [],
    {},
    [1],
    [[1]],
    [None],
    {"a": 1},
    [1, 2, 3],
    1.5,
]


def places(node):
    """Every place of a tree: the dictionary or list, and the key."""
    for key in node if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])


def test_descriptions_with_strange_entries(tmp_path):
    """Entries taken out, or of another type than DeePMD-kit writes: the exporter refuses or takes them, `inspect` shows them."""
    random = np.random.RandomState(11)
    names = ["sea", "dpa1_strip", "hybrid_compressed", "zbl", "sea_parameters", "dpa1_v2_compressed"]
    whole = {name: read_model(torch_archives.write(name, tmp_path)) for name in names}
    for number in range(int(os.environ.get("DEEPION_MUTATIONS", 300))):
        data = copy.deepcopy(whole[names[number % len(names)]])
        found = list(places(data))
        node, key = found[random.randint(len(found))]
        if isinstance(node, dict) and random.randint(3) == 0:
            del node[key]
        else:
            node[key] = STRANGE[random.randint(len(STRANGE))]
        try:
            potential_from_serialized(data, SOURCE)
        except ExportError:
            pass
        lines_of(summarize(data, "x.pth", 0, "", Verdict(False, why="")))
