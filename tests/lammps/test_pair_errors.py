# SPDX-License-Identifier: MIT
"""What is refused, and how: one message, once, on 1 and 2 ranks; prompt end; no panic, no backtrace."""

import functools
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lammps_runs import MODEL as LIPSTI
from lammps_runs import PLUGIN, good, lmp, lmp_each
from plugin_folders import SHIM, plugin_folder
from small_models import Box, random_box

MODEL, OTHER, PARAMETERS = "MODEL", "OTHER", "PARAMETERS"  # replaced by paths of model files


def script(data, style=f"deepmd/onnx {MODEL}", coeff="* * Li S", before="", after="", units="metal", run="run 0"):
    return f"""units {units}
{before}
read_data {data}
neighbor 1.0 bin
pair_style {style}
pair_coeff {coeff}
{after}
{run}
"""


def refused(folder, text, message, ranks, **options):
    """The run fails soon with exactly this message, once, and nothing that smells of a crash."""
    return assert_refused(lmp(text, folder, ranks=ranks, timeout=30, **options), message)


def assert_refused(run, message):
    errors = run.errors()
    assert run.returncode != 0, run.output[-2000:]
    assert len(errors) == 1, run.output[-2000:]
    assert message in errors[0], f"\n{errors[0]}\nexpected\n{message}"
    assert not re.search(r"panick|RUST_BACKTRACE|stack backtrace|Segmentation|terminate called|signal", run.output)
    return run


CASES = {  # name: (keywords of script(), message)
    "missing file": ({"style": "deepmd/onnx no.onnx"}, "cannot read model file 'no.onnx': No such file or directory"),
    "folder": ({"style": "deepmd/onnx ."}, "cannot read model file '.': it is a folder"),
    "no model": ({"style": "deepmd/onnx"}, "pair_style deepmd/onnx: the name of a model file (.onnx) is missing"),
    "no model but a keyword": (
        {"style": "deepmd/onnx precision double"},
        "pair_style deepmd/onnx: the name of a model file (.onnx) is missing",
    ),
    "unknown keyword first": (
        {"style": f"deepmd/onnx {MODEL} speed fast"},
        "cannot read model file 'speed': No such file or directory (and it is no keyword of pair_style deepmd/onnx)",
    ),
    "unknown keyword": (
        {"style": f"deepmd/onnx {MODEL} threads 1 speed fast"},
        "pair_style deepmd/onnx: unknown keyword 'speed'; keywords are out_freq, out_file, out_reduce, atomic,",
    ),
    "negative out_freq": (
        {"style": f"deepmd/onnx {MODEL} out_freq -1"},
        "pair_style deepmd/onnx: keyword out_freq needs an integer, 0 or larger, not '-1'",
    ),
    "word for a number": (
        {"style": f"deepmd/onnx {MODEL} threads two"},
        "pair_style deepmd/onnx: keyword threads needs an integer, 1 or larger, not 'two'",
    ),
    "value missing": (
        {"style": f"deepmd/onnx {MODEL} out_file atomic"},
        "pair_style deepmd/onnx: keyword out_file needs a value: a file name",
    ),
    "precision": (
        {"style": f"deepmd/onnx {MODEL} precision single"},
        "pair_style deepmd/onnx: keyword precision needs double or mixed, not 'single'",
    ),
    "spin": (
        {"style": f"deepmd/onnx {MODEL} virtual_len 0.3"},
        "pair_style deepmd/onnx: keyword virtual_len of pair_style deepmd is not supported: it belongs to models that "
        "cannot be exported to ONNX here",
    ),
    "fparam for a model without": (
        {"style": f"deepmd/onnx {MODEL} fparam 1.0"},
        "keyword fparam: got 1 values, but model MODEL takes 0",
    ),
    "fparam wrong count": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam 1.0 aparam 1.0"},
        "keyword fparam: got 1 values, but model PARAMETERS takes 2",
    ),
    "fparam missing": (
        {"style": f"deepmd/onnx {PARAMETERS} aparam 1.0"},
        "model PARAMETERS takes 2 frame parameters: give them with keyword fparam, fparam_from_compute or "
        "fparam_from_fix",
    ),
    "aparam missing": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam 1 2"},
        "model PARAMETERS takes 1 parameters per atom: give them with keyword aparam or aparam_from_compute",
    ),
    "two sources": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam 1 2 fparam_from_compute c"},
        "pair_style deepmd/onnx: use only one of fparam, fparam_from_compute and fparam_from_fix",
    ),
    "no such compute": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam_from_compute c aparam 1"},
        "fparam_from_compute: there is no compute c",
    ),
    "compute of the wrong kind": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam_from_compute c aparam 1", "after": "compute c all ke"},
        "fparam_from_compute: compute c has no vector",
    ),
    "compute too short": (
        {"style": f"deepmd/onnx {PARAMETERS} fparam_from_compute c aparam 1", "after": "compute c all reduce sum x"},
        "fparam_from_compute: compute c has no vector",
    ),
    "aparam compute of the wrong shape": (
        {
            "style": f"deepmd/onnx {PARAMETERS} fparam 1 2 aparam_from_compute c",
            "after": "compute c all property/atom x y",
        },
        "aparam_from_compute: compute c has an array per atom, but a vector is needed",
    ),
    "models of different kinds": (
        {"style": f"deepmd/onnx {MODEL} {PARAMETERS}"},
        "models MODEL and PARAMETERS take different numbers of fparam (0 and 2) or aparam (0 and 1): use models of one kind",
    ),
    "wrong element": (
        {"coeff": "* * Li Xx"},
        "pair_coeff: element Xx of atom type 2 is not in model MODEL, which knows Li, S",
    ),
    "too few elements": (
        {"coeff": "* * Li"},
        "pair_coeff: got 1 element names, but there are 2 atom types: name one of Li, S (or NULL) for each atom type",
    ),
    "too many elements": (
        {"coeff": "* * Li S S"},
        "pair_coeff: got 3 element names, but there are 2 atom types: name one of Li, S (or NULL) for each atom type",
    ),
    "all NULL": (
        {"coeff": "* * NULL NULL"},
        "pair_coeff: all atom types are NULL, nothing is left for the model",
    ),
    "bare pair_coeff": (
        {"style": f"deepmd/onnx {OTHER}", "coeff": "* *"},
        "pair_coeff * * without element names needs as many atom types as the model has elements, but there are 2 atom "
        "types and model OTHER knows 3 (S, Ti, Li): name one element for each atom type",
    ),
    "element unknown to the second model": (
        {"style": f"deepmd/onnx {OTHER} {MODEL}", "coeff": "* * Ti S"},
        "pair_coeff: element Ti of atom type 1 is not in model MODEL, which knows Li, S",
    ),
    "newton off": (
        {"before": "newton off"},
        "pair_style deepmd/onnx requires newton pair on: remove 'newton off' from the input script",
    ),
    "units lj": (
        {"units": "lj"},
        "pair_style deepmd/onnx supports units metal, real and si, not units lj: put 'units metal' at the start of the "
        "input script",
    ),
    "units cgs": ({"units": "cgs"}, "pair_style deepmd/onnx supports units metal, real and si, not units cgs"),
    "atomic without IDs": (
        {"style": f"deepmd/onnx {MODEL} {OTHER} atomic", "after": "group g id 3\ndelete_atoms group g compress no"},
        "pair_style deepmd/onnx: keyword atomic needs atom IDs from 1 to the number of atoms: use reset_atoms id",
    ),
    "neigh_modify include": (
        {"before": "atom_modify first f", "after": "group f id 1 2 3\nneigh_modify include f"},
        "pair_style deepmd/onnx: neigh_modify include hides atoms from the model: remove it",
    ),
    "out_file cannot be written": (
        {"style": f"deepmd/onnx {MODEL} {OTHER} out_file none/there"},
        "out_file: cannot write none/there: its folder is not there",
    ),
    "onnxruntime path": (
        {"style": f"deepmd/onnx {MODEL} onnxruntime /none/libonnxruntime.so"},
        "/none/libonnxruntime.so",
    ),
    "tabulate": (
        {"style": f"deepmd/onnx {MODEL} tabulate maybe"},
        "pair_style deepmd/onnx: keyword tabulate needs yes or no, not 'maybe'",
    ),
    "table_error": (
        {"style": f"deepmd/onnx {MODEL} table_error 0"},
        "pair_style deepmd/onnx: keyword table_error needs",
    ),
    "self-check limit": (
        {"style": f"deepmd/onnx {MODEL} check_limit 1e-30"},
        "deepion: self-check failed: model MODEL as it runs here and its own graph in float64 differ by ",
    ),
    "check": (
        {"style": f"deepmd/onnx {MODEL} check 0"},
        "pair_style deepmd/onnx: keyword check needs yes, no, start or a number of steps (1 or larger), not '0'",
    ),
    "on_excess": (
        {"style": f"deepmd/onnx {MODEL} check 10 on_excess halt"},
        "pair_style deepmd/onnx: keyword on_excess needs warn, full or stop, not 'halt'",
    ),
    "on_excess limit": (
        {"style": f"deepmd/onnx {MODEL} check 10 on_excess stop 0"},
        "pair_style deepmd/onnx: keyword on_excess needs a number above 0, not '0'",
    ),
    "on_excess without a check": (
        {"style": f"deepmd/onnx {MODEL} reduce 1e-3 check start on_excess stop"},
        "pair_style deepmd/onnx: on_excess needs a check during the run: not check no or check start, but check N",
    ),
    "on_excess of the full networks": (
        {"style": f"deepmd/onnx {MODEL} reduce 0 on_excess warn"},
        "pair_style deepmd/onnx: on_excess needs a check during the run, which the full networks do not have by default: add check N",
    ),
    "from the full networks to the full networks": (
        {"style": f"deepmd/onnx {MODEL} reduce 0 check 10 on_excess full"},
        "pair_style deepmd/onnx: on_excess full goes from reduced networks to the full ones, which are in use already",
    ),
}


def with_files(text, models):
    for word, key in ((MODEL, "a"), (OTHER, "c"), (PARAMETERS, "p")):
        text = text.replace(word, str(models[key]))
    return text


@pytest.fixture(scope="module")
def refusals(models, box, tmp_path_factory):
    """Number of ranks -> name of a case -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("refusals")
    data = box.write(folder / "data.box")
    scripts = {name: with_files(script(data, **keywords), models) for name, (keywords, _) in CASES.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_refused(refusals, models, name, ranks):
    assert_refused(refusals(ranks)[name], with_files(CASES[name][1], models))


def test_refused_as_a_program(models, data, tmp_path):
    """Not only from Python: lmp itself ends with a status, on any number of ranks."""
    keywords, message = CASES["fparam missing"]
    for ranks in (1, 2):
        refused(tmp_path, with_files(script(data, **keywords), models), with_files(message, models), ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_thin_and_flat_boxes(models, tmp_path, ranks):
    box = random_box(n=2)
    thin = box.changed(x=box.x * [1, 1, 0.1], cell=box.cell * [[1], [1], [0.19]])
    style = f"deepmd/onnx {models['a']} check no"
    message = "the periodic box is only 0.874 A thin in z: an atom would be that close to its own image"
    refused(tmp_path, script(thin.write(tmp_path / "data.thin"), style), message, ranks)
    message = "the periodic box is 4.6 A thin in x, less than cutoff plus skin (5 A), which comm_style tiled cannot do"
    tiled = script(box.write(tmp_path / "data.box"), style, before="comm_style tiled")
    refused(tmp_path, tiled, message, ranks)
    flat = Box([[1, 1, 0], [3, 1, 0]], [1, 2], 8 * np.eye(3))
    data = flat.write(tmp_path / "data.flat")
    data.write_text(data.read_text().replace("0 8 zlo", "-4 4 zlo"))
    text = script(data, style, before="dimension 2")
    refused(tmp_path, text, "pair_style deepmd/onnx requires a 3d simulation, not dimension 2", ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_special_bonds_that_hide_neighbors(models, tmp_path, ranks):
    data = tmp_path / "data.bonds"
    data.write_text("""bonds

4 atoms
3 bonds
2 atom types
1 bond types
3 extra special per atom
0 20 xlo xhi
0 20 ylo yhi
0 20 zlo zhi

Masses

1 10
2 20

Atoms # bond

1 1 1 1 1 1
2 1 2 2.5 1 1
3 1 1 2.5 2.6 1
4 1 2 2.5 2.6 2.7

Bonds

1 1 1 2
2 1 2 3
3 1 3 4
""")
    style = f"hybrid/overlay deepmd/onnx {models['a']} precision double"
    text = script(data, style, "* * deepmd/onnx Li S", before="atom_style bond\nbond_style zero")
    text = text.replace("run 0", "bond_coeff *\nthermo_modify format float %.15g\n{}\nrun 0")
    message = (
        "special_bonds with a factor of 0 hides bonded atoms from the model: use special_bonds lj/coul 1.0 1.0 1.0"
    )
    refused(tmp_path, text.format(""), message, ranks)
    energies = []
    for factors in ("1.0 1.0 1.0", "1.0e-50 1.0e-50 1.0e-50"):
        run = good(lmp(text.format(f"special_bonds lj/coul {factors}"), tmp_path, ranks=ranks))
        energies.append(run.thermo[0]["E_pair"][0])
    assert energies[0] == energies[1]


# --- text and places ----------------------------------------------------------------------------------------------------

# u with dots in Latin-1: one byte, in UTF-8 it would be two. LAMMPS itself drops some such bytes, not this one.
UE = b"\xfc".decode(errors="surrogateescape")

LATIN_1 = {  # name: (keywords of script(), the word as the message shows it)
    "model": ({"style": f"deepmd/onnx f{UE}r.onnx"}, r"pair_style deepmd/onnx: 'f\xFCr.onnx'"),
    "keyword": ({"style": f"deepmd/onnx {MODEL} threads 1 f{UE}"}, r"pair_style deepmd/onnx: 'f\xFC'"),
    "onnxruntime": ({"style": f"deepmd/onnx {MODEL} onnxruntime /{UE}.so"}, r"pair_style deepmd/onnx: '/\xFC.so'"),
    "out_file": ({"style": f"deepmd/onnx {MODEL} {OTHER} out_file d{UE}vi"}, r"pair_style deepmd/onnx: 'd\xFCvi'"),
    "element": ({"coeff": f"* * Li {UE}"}, r"pair_coeff of deepmd/onnx: '\xFC'"),
}


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", LATIN_1)
def test_text_that_is_not_utf8_is_refused(models, data, tmp_path, name, ranks):
    keywords, word = LATIN_1[name]
    text = script(data, **keywords).replace(MODEL, str(models["a"])).replace(OTHER, str(models["c"]))
    refused(tmp_path, text, word + " is not UTF-8 text: LAMMPS takes bytes out of characters beyond ASCII", ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_names_that_lammps_damages_are_refused(models, data, tmp_path, ranks):
    """LAMMPS drops the first byte of characters that it has no ASCII for; a file of the true name does not help."""
    (tmp_path / "modèle.onnx").write_bytes(models["a"].read_bytes())
    words = (
        r"pair_style deepmd/onnx: 'mod\xA8le.onnx' is not UTF-8 text: LAMMPS takes bytes out of characters beyond ASCII"
    )
    refused(tmp_path, script(data, "deepmd/onnx modèle.onnx"), words, ranks)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("pair_style deepmd/onnx MODEL threads two", "two"),
        ("pair_style deepmd/onnx MODEL none.onnx threads 1", "none.onnx"),
        ("pair_style hybrid/overlay zero 3.0 deepmd/onnx MODEL threads two", "two"),
        ("pair_style deepmd/onnx MODEL\npair_coeff * * Li Xx", "Xx"),
    ],
)
def test_lammps_points_at_the_wrong_word(models, data, tmp_path, command, word):
    command = command.replace("MODEL", str(models["a"]))
    run = lmp(f"units metal\nread_data {data}\n{command}\n", tmp_path)
    lines = run.output.splitlines()
    k = next(k for k, line in enumerate(lines) if line.startswith("Last input line: "))
    assert lines[k][lines[k + 1].index("^") :].split()[0] == word, lines[k : k + 2]


# --- model files --------------------------------------------------------------------------------------------------------


def with_metadata(content, change):
    """The file with other metadata_props and, where there was one, no valid trailer."""
    model = onnx.ModelProto()
    model.ParseFromString(content)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    change(metadata)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    return model.SerializeToString()


def something_else():
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    return helper.make_model(graph).SerializeToString()


FILES = {  # name: (bytes of a good file -> bytes, words of the message)
    "empty": (lambda b: b"", "empty"),
    "truncated": (lambda b: b[: len(b) // 2], "not an ONNX model, or cut off"),
    "cut by one byte": (lambda b: b[:-1], ""),
    "not ONNX": (lambda b: b"\x89HDF\r\n" + b[100:2000], "not an ONNX model, or cut off"),
    "ONNX of something else": (lambda b: something_else(), "export_onnx.py"),
    "no contract": (lambda b: with_metadata(b, lambda m: m.pop("deepion_contract")), "deepion_contract"),
    "wrong contract": (
        lambda b: with_metadata(
            b, lambda m: m.update(deepion_contract=m["deepion_contract"].replace('"sel"', '"sell"'))
        ),
        "sel",
    ),
    "future format": (
        lambda b: with_metadata(b, lambda m: m.update(deepion_format="99")),
        "format version 99 is newer than this deepion understands (2); update deepion or export the model again",
    ),
    "one bit changed": (
        lambda b: b[: len(b) // 3] + bytes([b[len(b) // 3] ^ 1]) + b[len(b) // 3 + 1 :],
        "changed, damaged or cut off since its export",
    ),
}


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", FILES)
def test_bad_files(models, data, tmp_path, name, ranks):
    make, words = FILES[name]
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(make(models["a"].read_bytes()))
    run = refused(tmp_path, script(data, f"deepmd/onnx {bad.name}"), words, ranks)
    assert "bad.onnx" in run.errors()[0]


def test_random_corruption_is_always_an_error(models, data, tmp_path):
    """Bits flipped, parts cut out or repeated; the thousand of it is a test of rust/onnx."""
    content = models["a"].read_bytes()
    rng = np.random.default_rng(5)
    for k in range(12):
        changed = bytearray(content)
        a, b = sorted(rng.integers(0, len(content), 2))
        if k % 3 == 0:
            changed[a] ^= 1 << int(rng.integers(8))
        elif k % 3 == 1:
            del changed[a : a + 1 + int(rng.integers(100))]
        else:
            changed[a:a] = content[b : b + 50]
        (tmp_path / f"bad{k}.onnx").write_bytes(bytes(changed))
        refused(tmp_path, script(data, f"deepmd/onnx bad{k}.onnx"), f"bad{k}.onnx", 1)


# --- ONNX Runtime -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [1, 2])
def test_missing_onnxruntime_names_the_places(models, data, tmp_path, ranks):
    """A plugin folder without the library, and nothing else to find."""
    copy = plugin_folder(tmp_path / "moved", SHIM.read_bytes())
    configured = PLUGIN.with_name("libonnxruntime.so")
    text = script(data, f"deepmd/onnx {models['a']}")
    run = refused(tmp_path, text, "ONNX Runtime", ranks, plugin=copy)
    assert str(copy.parent) in run.output and "onnxruntime" in run.errors()[0]

    run = refused(tmp_path, text, "/nowhere/lib.so", ranks, plugin=copy, env={"ORT_DYLIB_PATH": "/nowhere/lib.so"})
    good(lmp(text, tmp_path, plugin=copy, env={"ORT_DYLIB_PATH": str(configured)}))
    good(lmp(text.replace("a.onnx", f"a.onnx onnxruntime {configured}"), tmp_path, plugin=copy))


@pytest.mark.parametrize("ranks", [1, 2])
def test_incompatible_onnxruntime(models, data, tmp_path, ranks):
    text = script(data, f"deepmd/onnx {models['a']} onnxruntime {PLUGIN}")
    refused(tmp_path, text, str(PLUGIN), ranks)


# --- during the run -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [1, 2])
def test_sel_overflow_warns_once_or_stops(models, data, tmp_path, ranks):
    text = script(data, f"deepmd/onnx {models['narrow']} SEL", run="fix 1 all nve\nrun 20\nrun 5")
    run = good(lmp(text.replace("SEL", ""), tmp_path, ranks=ranks))
    warnings = re.findall(r"WARNING: atom \d+ has \d+ neighbors of element .*sel.*", run.output)
    assert len(warnings) == 1 and "keeps only the nearest 4 (its sel)" in warnings[0], run.output
    run = refused(tmp_path, text.replace("SEL", "sel error"), "sel", ranks)
    assert re.search(r"\(step 0\)", run.errors()[0])


@pytest.mark.parametrize("ranks", [1, 2])
def test_close_pair_warns_once(models, data, tmp_path, ranks):
    run = good(lmp(script(data, f"deepmd/onnx {models['close']}", run="run 5\nrun 5"), tmp_path, ranks=ranks))
    warnings = re.findall(
        r"WARNING: atoms \d+ and \d+ are 1\.\d+ A apart, closer than any pair in the train.*", run.output
    )
    assert len(warnings) == 1 and "(2.2 A)" in warnings[0], run.output


def test_atoms_on_top_of_each_other_are_warned_of(models, tmp_path):
    """Where a model does not say what its training data hold, too: no data have atoms this close."""
    box = random_box()
    box.x[1] = box.x[0] + [0.3, 0.0, 0.0]
    run = good(lmp(script(box.write(tmp_path / "data"), f"deepmd/onnx {models['a']} check no"), tmp_path))
    words = r"WARNING: atoms 1 and 2 are 0\.3 A apart, closer than atoms of a solid ever are \(0\.5 A\)"
    assert len(re.findall(words, run.output)) == 1, run.output


@pytest.mark.parametrize("ranks", [1, 2])
def test_elements_in_the_wrong_order(models, data, tmp_path, ranks):
    """Atom types have masses; a type that weighs what another of the named elements weighs was misnamed."""
    masses = "mass 1 6.94\nmass 2 32.06"
    message = (
        "atom type 1 is named S (32.06 g/mol), but its mass 6.94 is that of Li: name the element of each atom type"
    )
    refused(tmp_path, script(data, f"deepmd/onnx {models['a']}", "* * S Li", after=masses), message, ranks)
    alike = script(data, f"deepmd/onnx {LIPSTI}", "* * P S", after="mass 1 32.06\nmass 2 30.974")
    refused(tmp_path, alike, "atom type 1 is named P (30.974 g/mol), but its mass 32.06 is that of S", ranks)
    good(lmp(script(data, f"deepmd/onnx {models['a']} check no", "* * S Li", after=masses), tmp_path, ranks=ranks))
    run = good(lmp(script(data, f"deepmd/onnx {models['a']}", after=masses), tmp_path, ranks=ranks))
    assert "g/mol" not in run.output
    isotope = masses.replace("6.94", "9.9")
    run = good(lmp(script(data, f"deepmd/onnx {models['a']}", after=isotope), tmp_path, ranks=ranks))
    assert len(re.findall(r"WARNING: atom type 1 is named Li \(6\.94 g/mol\), but its mass is 9\.9", run.output)) == 1


@pytest.mark.parametrize(
    "units, step, words",
    [("metal", 2.0, "2 is 2000 fs: units metal count time in ps"), ("real", 0.002, "0.002 is 0.002 fs: units real")],
)
def test_time_step_in_other_units(models, data, tmp_path, units, step, words):
    style = f"deepmd/onnx {models['a']} check no"
    runs = f"timestep {step}\nrun 0\nrun 0\ntimestep 0.5\nrun 0"
    run = good(lmp(script(data, style, units=units, run=runs), tmp_path))
    found = re.findall(r"WARNING: the time step (.*)", run.output)
    assert len(found) == (2 if units == "metal" else 1) and found[0].startswith(words), run.output
    run = good(lmp(script(data, style, units=units, run="run 0"), tmp_path))  # LAMMPS' default
    assert "the time step" not in run.output


@pytest.mark.parametrize("ranks", [1, 2])
def test_nan_stops_at_once_with_atom_and_step(models, data, tmp_path, ranks):
    """At set-up, and in the middle of a run (no new neighbor list) where only one rank may see it."""
    more = """fix 1 all nve
variable push atom ternary((id==7)*(step>2),exp(800+x*x),0)
fix b all addforce 0 0 v_push
neigh_modify delay 50"""
    text = script(data, f"deepmd/onnx {models['a']}", after=more, run="run 40")
    run = lmp(text, tmp_path, ranks=ranks, timeout=30)
    errors = run.errors()
    assert run.returncode != 0 and errors, run.output
    assert re.search(r"atom ID 7 is not finite.*\(step [345]\)", errors[0]), errors
    assert "panick" not in run.output


# --- what is printed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [1, 2])
def test_summary_once_and_self_check(models, data, tmp_path, ranks):
    text = script(data, f"deepmd/onnx {models['a']} threads 2", run="run 0\nrun 0\nrun 1")
    run = good(lmp(text, tmp_path, ranks=ranks))
    out = run.output
    assert out.count("pair_style deepmd/onnx\n  ") == 1
    for words in (
        "sha256 ",
        "types Li (sel 28) S (sel 28)",
        "cutoff 4 A",
        "precision mixed",
        "ONNX Runtime 1.",
        "threads 2 per MPI rank",
        "atom types: 1 = Li, 2 = S",
        f"stable_22Jul2025_update4, {ranks} MPI rank",
        "MB per MPI rank",
    ):
        assert out.count(words) == 1, (words, out)
    line = r"deepion: self-check: (\d+) atoms, force difference (\S+) eV/A RMS, (\S+) at most \(limit 0.001\)"
    check = re.findall(line, out)
    assert len(check) == 1 and int(check[0][0]) > 0 and 0 < float(check[0][1]) < float(check[0][2]) < 1e-4
    off = good(lmp(text.replace("threads 2", "check no"), tmp_path, ranks=ranks)).output
    assert "self-check: off" in off and "force difference" not in off


def test_timing_counts_the_threads_in_use(models, data, tmp_path):
    """A potential uses 16 threads at most; the table multiplies by those, so that 'other' is waiting and not a fiction."""
    text = script(data, f"deepmd/onnx {models['a']} threads 20 timing yes check no", run="run 2")
    out = good(lmp(text, tmp_path)).output
    assert "1 ranks x 16 threads, 3 steps" in out, out
    seconds = dict(re.findall(r"^  (\w[\w ]*?) +(\d+\.\d+) +\d+\.\d +\d+\.\d+$", out, re.M))
    names = ["neighbors", "environment", "descriptor", "fitting nets", "scatter", "other", "all"]
    assert list(seconds) == names
    parts = sum(float(seconds[name]) for name in names[:-1])
    assert parts == pytest.approx(float(seconds["all"]), abs=0.01)


def test_exclusions_are_warned_about(models, data, tmp_path):
    run = good(lmp(script(data, f"deepmd/onnx {models['a']}", after="neigh_modify exclude type 1 1"), tmp_path))
    assert run.output.count("neigh_modify exclude hides pairs of atoms from the model") == 1
