"""`scripts/bench` measures, and prints the force error beside the cost."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_bench_measures_cost_and_error(tmp_path):
    table = tmp_path / "table.json"
    modes = ["precision mixed", "precision double"]
    command = [sys.executable, ROOT / "scripts/bench.py", "--atoms", "100", "--layouts", "2x1", "--modes", *modes]
    command += ["--repeats", "1", "--seconds", "0.2", "--json", table]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    rows = json.loads(table.read_text())["rows"]
    assert [row["keywords"] for row in rows] == modes
    assert [(row["atoms"], row["ranks"], row["threads"]) for row in rows] == [(105, 2, 1)] * 2
    mixed, double = (row["force RMS error, eV/A"] for row in rows)
    assert 1e-9 < mixed < 1e-5 and double < 1e-12
    for row in rows:
        assert abs(row["core-us"] - 2 * row["us per atom and step"]) < 0.02 and row["core-us"] > 1
        assert f"{row['us per atom and step']:.2f}" in result.stdout


def test_bench_names_a_failed_run(tmp_path):
    command = [
        sys.executable,
        ROOT / "scripts/bench.py",
        "--atoms",
        "105",
        "--layouts",
        "1x1",
        "--modes",
        "precision odd",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    assert "scripts/bench: a run failed (precision odd)" in result.stderr and "needs double or mixed" in result.stderr
