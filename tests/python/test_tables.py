"""Reading of result tables. Those of tests/python/tables were written by rust/analysis from random walks and damped
oscillators, `transport-no-window.dat` by fix ion/transport in LAMMPS."""

from pathlib import Path

import numpy as np
import pytest

from deepion.errors import DeepionError
from deepion.results import tables as result_tables
from deepion.results.tables import (
    COORDINATION,
    HISTORY,
    LADDER,
    TRANSPORT,
    VACF,
    VDOS,
    TableError,
    Value,
    read,
    read_any,
)

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
TINY = "# column 1: lag_ps: lag\n# column 2: vacf_total: all\n# lag_ps vacf_total\n0 1\n5e-1 -2.5e-1\n"


@pytest.mark.parametrize("name", KINDS)
def test_columns_are_those_of_the_file(name):
    path = TABLES / f"{name}.dat"
    table = read(path, KINDS[name])
    names = [line for line in path.read_text().splitlines() if line.startswith("#")][-1][2:].split()
    assert list(table.columns) == list(table.meanings) == names
    data = np.loadtxt(path)
    for column, values in zip(table.columns.values(), data.T, strict=True):
        assert np.array_equal(column, values)


def test_the_header_is_taken_apart():
    table = read(TABLES / "transport-500K.dat", TRANSPORT)
    assert table.title == table.label == "Ti10, NVT"
    assert table.provenance == [
        "deepion 0.1.0, fix ion/transport tr",
        "LAMMPS 22 Jul 2025 (stable_22Jul2025_update4), units metal",
        "group ion: 48 of 105 atoms",
        "model sha256 241eb387b5e4832efb8cad7f388baec89c66e97c544f1e4bbab690f4bda6e4e1",
    ]
    assert table.summary[0].startswith("ions = 48, ")
    assert table.meanings["msd_y_A^2"] == "the same along y"
    assert table.warnings == []
    joined = read(TABLES / "ladder.dat", LADDER)
    assert joined.title == "" and joined.label == "ladder"
    assert joined.provenance == ["deepion 0.1.0, ion/transport joined from", *(f"  run/{k}.json" for k in range(8))]
    assert joined.summary[0].startswith("E_a from D = ")


def test_results_in_words_become_numbers():
    table = read(TABLES / "transport-500K.dat", TRANSPORT)
    assert table.value("mean temperature") == Value(500.0, None, "K")
    own = table.value("D")
    assert (own.value, own.error, own.unit) == (2.423026e-5, 8.533e-8, "cm^2/s")
    assert table.value("sigma (Nernst-Einstein)").unit == "S/cm"
    assert table.value("D_nothing") is None
    unknown = read(TABLES / "ladder-si.dat", LADDER).value("E_a from sigma T (collective)")
    assert (unknown.value, unknown.error, unknown.unit[:2]) == (0.2954, None, "eV")
    assert read(TABLES / "vdos-Ti00.dat", VDOS).warnings[0].startswith("Li: WARNING: diffusive")
    assert read(TABLES / "transport-no-window.dat", TRANSPORT).value("D") is None


@pytest.mark.parametrize(
    ("name", "quantity", "column", "errors", "unit"),
    [
        ("transport-500K", "msd", "msd_A^2", "msd_se_A^2", "A^2"),
        ("history-500K", "D", "D_cm^2/s", "D_se_cm^2/s", "cm^2/s"),
        ("ladder-si", "sigma_collective", "sigma_collective_S/m", "sigma_collective_se_S/m", "S/m"),
        ("coordination-Ti10", "mean_n", "mean_n", "mean_n_se", ""),
        ("coordination-Ti10", "S_config", "S_config_kB", "S_config_kB_se", "kB"),
        ("vdos-Ti10", "g_total", "g_total_1/THz", "g_total_se_1/THz", "1/THz"),
    ],
)
def test_errors_belong_to_their_column_and_0_means_unknown(name, quantity, column, errors, unit):
    table = read(TABLES / f"{name}.dat", KINDS[name])
    found = table.quantity(quantity)
    assert found.unit == unit
    assert np.array_equal(found.values, table.columns[column])
    assert np.array_equal(np.nan_to_num(found.errors), table.columns[errors])
    assert not (found.errors == 0).any()


def test_a_column_that_is_not_there_is_named():
    table = read(TABLES / "ladder.dat", LADDER)
    with pytest.raises(TableError, match="has no column msd; it has temperature_K, 1000/T_1/K"):
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
def test_another_table_is_told_by_name(name, kind, words):
    with pytest.raises(TableError) as caught:
        read(TABLES / f"{name}.dat", kind)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no table of deepion: no line '# column 1: NAME: meaning'"),
        ("LAMMPS (22 Jul 2025)\nStep Temp\n", "is no table of deepion"),
        ("# Time-averaged data for fix 1\n# TimeStep v_x\n0 1\n", "is no table of deepion"),
        (TINY.replace("# lag_ps vacf_total\n", ""), "is damaged: the last line with #"),
        (TINY.replace("# lag_ps v", "# v"), "is damaged: the last line with #"),
        (TINY.replace("column 2", "column 3"), "is damaged: the last line with #"),
        (TINY[:-8], "line 5: expected 2 numbers, one per column, got 1"),
        (TINY + "# more\n", "line 6: expected 2 numbers, got '# more'"),
        (TINY[: TINY.index("0 1")], "has no rows yet"),
        (TINY.replace("vacf_total", "other"), "expected the vacf of fix ion/vdos, but its columns are lag_ps, other"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, words):
    path = tmp_path / "x.dat"
    path.write_text(text)
    with pytest.raises(DeepionError) as caught:
        read(path, VACF)
    assert str(path) in str(caught.value) and words in str(caught.value)


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(TableError, match="cannot read .*: No such file or directory"):
        read_any(tmp_path / "missing")
    with pytest.raises(TableError, match="cannot read .*: Is a directory"):
        read_any(tmp_path)
    (tmp_path / "x.png").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(TableError, match="x.png is no text file"):
        read_any(tmp_path / "x.png")


def test_a_table_without_origin_is_read(tmp_path):
    (tmp_path / "x.dat").write_text("# a = 1.5 +- 0e0 kB per ion (two-phase)\n" + TINY)
    table = result_tables.read(tmp_path / "x.dat", VACF)
    assert (table.title, table.provenance, table.label) == ("", [], "x")
    assert table.value("a") == Value(1.5, None, "kB per ion (two-phase)")
    assert table.columns["vacf_total"].tolist() == [1.0, -0.25]
