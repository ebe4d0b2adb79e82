# SPDX-License-Identifier: MIT
"""doc/styles/output_files.md says what the program writes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "doc/styles/output_files.md").read_text()


def test_every_warning_code_is_explained():
    sources = "".join(
        path.read_text().partition("mod tests")[0]
        for crate in ("analysis", "merge")
        for path in sorted((ROOT / "rust" / crate / "src").rglob("*.rs"))
    )
    sources = re.sub(r"^\s*//.*$", "", sources, flags=re.MULTILINE)
    codes = set(re.findall(r'(?:\bwarn\(\s*|\bcode: )"(\w+)"', sources))
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE.partition("\n## Warnings\n")[2], re.MULTILINE))
    assert len(codes) > 5 and codes == explained


def test_every_key_of_the_line_is_explained():
    source = (ROOT / "rust/analysis/src/results/table.rs").read_text()
    fields = re.search(r"struct Head<'a> \{(.*?)\n\}", source, re.DOTALL)[1]
    keys = set(re.findall(r"^    (\w+): ", fields, re.MULTILINE))
    table = PAGE.partition("\n## The line `# results`\n")[2].partition("\n## ")[0]
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE))))
    assert len(keys) > 10 and keys == explained


def test_the_python_example_reads_a_table(tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    shutil.copy(ROOT / "tests/python/tables/transport-500K.dat", tmp_path / "msd.dat")
    done = subprocess.run(
        [sys.executable, "-c", code + "print(msd.shape)"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    value, error, unit, _ = done.stdout.splitlines()[0].split(" ", 3)
    assert float(value) > float(error) > 0 and unit == "cm^2/s"
