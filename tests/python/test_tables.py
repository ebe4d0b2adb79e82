# SPDX-License-Identifier: MIT
"""Reading of result tables: the line of results as data, the rows, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepion.results.tables import (
    BEGIN,
    COORDINATION,
    HISTORY,
    LADDER,
    TRANSPORT,
    VACF,
    VDOS,
    TableError,
    Value,
    Warned,
    read,
    read_any,
)
from helpers import with_head

TABLES = Path(__file__).parent / "tables"
KINDS = {
    "transport-500K": TRANSPORT,
    "transport-no-window": TRANSPORT,
    "history-500K": HISTORY,
    "ladder": LADDER,
    "ladder-si": LADDER,
    "coordination-Ti10": COORDINATION,
    "vdos-Ti10": VDOS,
}
HEAD = {
    "format": "deepion-results", "version": 1, "style": "ion/vdos", "table": "vacf", "deepion": "0.1.0", "id": "v",
    "title": "", "models": [],
    "provenance": {"lammps": "", "units": "", "group": "", "ions": 0, "atoms": 0, "notes": []}, "settings": {}, "quantities": [], "warnings": [],
    "columns": [
        {"name": "lag_ps", "quantity": "lag", "unit": "ps", "meaning": "time lag", "error_of": None},
        {"name": "vacf_total", "quantity": "vacf_total", "unit": "", "meaning": "all", "error_of": None},
    ],
}  # fmt: skip
ROWS = "0 1\n5e-1 -2.5e-1\n"


def tiny(**changes) -> str:
    """The text of a small table, with changes of its head."""
    head = {key: value for key, value in (HEAD | changes).items() if value != "REMOVE"}
    return f"{BEGIN}{json.dumps(head)}\n# lag_ps vacf_total\n{ROWS}"


@pytest.mark.parametrize("name", KINDS)
def test_columns_are_those_of_the_file(name):
    path = TABLES / f"{name}.dat"
    table = read(path, KINDS[name])
    names = [line for line in path.read_text().splitlines() if line.startswith("#")][-1][2:].split()
    assert [column.name for column in table.columns] == names
    assert np.array_equal(table.rows, np.loadtxt(path))


def test_head_of_a_table():
    table = read(TABLES / "transport-500K.dat", TRANSPORT)
    assert table.title == table.label == "Ti10, NVT"
    assert table.origin == [
        "deepion 0.1.0, fix ion/transport tr",
        "LAMMPS 22 Jul 2025 (stable_22Jul2025_update4), units metal",
        "group ion: 48 of 105 atoms",
    ]
    assert table.models == ["model sha256 241eb387b5e4832efb8cad7f388baec89c66e97c544f1e4bbab690f4bda6e4e1"]
    assert table.warnings == []
    joined = read(TABLES / "ladder.dat", LADDER)
    assert joined.title == "" and joined.label == "ladder"
    assert joined.origin == ["deepion 0.1.0, ion/transport"] and joined.joined == [f"run/{k}.json" for k in range(8)]


def test_several_models_are_named_with_their_steps(tmp_path):
    models = [{"sha256": "ab", "from_step": 0}, {"sha256": "", "from_step": 50}, {"sha256": "cd", "from_step": 900}]
    (tmp_path / "x.dat").write_text(tiny(models=models))
    assert read(tmp_path / "x.dat", VACF).models == ["model sha256 ab from step 0", "model sha256 cd from step 900"]


def test_results_by_name():
    table = read(TABLES / "transport-500K.dat", TRANSPORT)
    assert table.value("temperature") == Value(500.0, None, "K")
    assert table.value("D") == Value(2.423026e-5, 8.533e-8, "cm^2/s")
    assert table.value("sigma").unit == "S/cm"
    assert table.value("D_nothing") is None
    assert read(TABLES / "ladder-si.dat", LADDER).value("E_a_sigma_collective").error is None
    assert read(TABLES / "vdos-Ti00.dat", VDOS).warnings[0].code == "diffusive"
    unfinished = read(TABLES / "transport-no-window.dat", TRANSPORT)
    assert unfinished.value("D") is None
    with pytest.raises(TableError, match="has no result D yet"):
        unfinished.need("D")


def test_sentences_are_not_read(tmp_path):
    """Whatever stands beside the line of results: nothing changes."""
    source = TABLES / "vdos-Ti10.dat"
    lines = [line for line in source.read_text().splitlines() if line.startswith(BEGIN) or not line.startswith("#")]
    (tmp_path / "bare.dat").write_text("\n".join(lines) + "\n")
    bare, whole = read(tmp_path / "bare.dat", VDOS), read(source, VDOS)
    assert bare.head == whole.head and bare.columns == whole.columns and np.array_equal(bare.rows, whole.rows)


@pytest.mark.parametrize(
    ("name", "quantity", "column", "errors", "unit"),
    [
        ("transport-500K", "msd", "msd_A^2", "msd_se_A^2", "A^2"),
        ("history-500K", "D", "D_cm^2/s", "D_se_cm^2/s", "cm^2/s"),
        ("ladder-si", "sigma_collective", "sigma_collective_S/m", "sigma_collective_se_S/m", "S/m"),
        ("coordination-Ti10", "mean_n", "mean_n", "mean_n_se", ""),
        ("coordination-Ti10", "S_config", "S_config_kB", "S_config_se_kB", "kB"),
        ("vdos-Ti10", "g_total", "g_total_1/THz", "g_total_se_1/THz", "1/THz"),
    ],
)
def test_errors_belong_to_their_column_and_0_means_unknown(name, quantity, column, errors, unit):
    table = read(TABLES / f"{name}.dat", KINDS[name])
    place = {one.name: k for k, one in enumerate(table.columns)}
    found = table.quantity(quantity)
    assert found.unit == unit
    assert np.array_equal(found.values, table.rows[:, place[column]])
    assert np.array_equal(np.nan_to_num(found.errors), table.rows[:, place[errors]])
    assert not (found.errors == 0).any()


def test_missing_column_is_named():
    table = read(TABLES / "ladder.dat", LADDER)
    with pytest.raises(TableError, match="has no column msd; it has temperature, 1000/T"):
        table.quantity("msd")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        (
            "history-500K",
            TRANSPORT,
            "expected the file of fix ion/transport, but it is the history of fix ion/transport",
        ),
        ("transport-500K", LADDER, "expected the temperatures joined by deepion-merge, but it is the file of fix"),
        ("vdos-Ti10", COORDINATION, "expected the file of fix ion/coordination, but it is the file of fix ion/vdos"),
    ],
)
def test_another_kind_of_table_is_named(name, kind, words):
    with pytest.raises(TableError) as caught:
        read(TABLES / f"{name}.dat", kind)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no table of this version of deepion: no line '# results {...}' above the data; expected what"),
        ("LAMMPS (22 Jul 2025)\nStep Temp\n", "is no table of this version of deepion"),
        ("# Time-averaged data for fix 1\n# TimeStep v_x\n0 1\n", "is no table of this version of deepion"),
        ("# D = 1\n# column 1: lag_ps: lag\n# lag_ps\n0\n", "it was written before version 0.2"),
        (tiny() * 2, "line 5: expected 2 numbers, got '# results"),
        (f"{BEGIN}{{}}\n" + tiny(), "is damaged: 2 lines '# results {...}', but one was expected"),
        (f"{BEGIN}{{}}\n0\n", "its line '# results {...}' cannot be read: no key 'format'"),
        (f"{BEGIN}[1]\n0\n", "is damaged"),
        (f"{BEGIN}{{broken\n0\n", "is damaged: its line '# results {...}' cannot be read: Expecting property name"),
        (tiny(version=2), "has format deepion-results 2, this deepion reads deepion-results 1"),
        (tiny(title=5), "is damaged: its line '# results {...}' cannot be read: expected a text, got 5"),
        (tiny(columns="REMOVE"), "cannot be read: no key 'columns'"),
        (tiny(columns=[{"name": "lag_ps"}]), "is damaged"),
        (tiny(quantities=[{"name": "D", "label": "D", "value": "1", "error": None, "unit": ""}]), "expected a number"),
        (tiny(models=[3]), "is damaged"),
        (tiny()[:-8], "line 4: expected 2 numbers, one per column, got 1"),
        (tiny() + "# more\n", "line 5: expected 2 numbers, got '# more'"),
        (tiny().replace(ROWS, ""), "has no rows yet"),
        (tiny(columns=HEAD["columns"][:1]).replace(ROWS, "0\n"), "is damaged: it has no column vacf_total"),
        (tiny(style="ion/other"), "expected the vacf of fix ion/vdos, but it is another table: ion/other"),
    ],
)
def test_damaged_and_foreign_files_are_refused(tmp_path, text, words):
    path = tmp_path / "x.dat"
    path.write_text(text)
    with pytest.raises(TableError) as caught:
        read(path, VACF)
    assert str(path) in str(caught.value) and words in str(caught.value)


def test_files_cut_anywhere_give_an_error_or_fewer_rows(tmp_path):
    whole = (TABLES / "vdos-Ti00.dat").read_bytes()
    for end in range(0, len(whole), 97):
        (tmp_path / "x.dat").write_bytes(whole[:end])
        try:
            table = read_any(tmp_path / "x.dat")
        except TableError:
            continue
        assert table.kind == VDOS


def test_last_row_of_a_history_may_be_half_written(tmp_path):
    whole = (TABLES / "history-400K.dat").read_text()
    (tmp_path / "x.his").write_text(whole[:-20])
    assert np.array_equal(read(tmp_path / "x.his", HISTORY).rows, read(TABLES / "history-400K.dat", HISTORY).rows[:-1])


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(TableError, match="cannot read .*: No such file or directory"):
        read_any(tmp_path / "missing")
    with pytest.raises(TableError, match="cannot read .*: Is a directory"):
        read_any(tmp_path)
    (tmp_path / "x.png").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(TableError, match="x.png is no text file"):
        read_any(tmp_path / "x.png")


def test_warnings_keep_their_codes(tmp_path):
    warning = {"code": "not_diffusive", "text": "beta = 0.8 is not 1"}
    with_head(TABLES / "transport-500K.dat", tmp_path / "x.dat", lambda head: head["warnings"].append(warning))
    assert read(tmp_path / "x.dat", TRANSPORT).warnings == [Warned("not_diffusive", "beta = 0.8 is not 1")]
