# SPDX-License-Identifier: MIT
"""What the files of the border between C++ and Rust have to agree on."""

import re
from collections import Counter
from pathlib import Path

BRIDGE = Path(__file__).parents[2] / "rust" / "bridge" / "src"


def test_shared_types_have_names_of_their_own():
    """All are in one namespace, and a shim is compiled in one piece, where the second of two structs of one name is left out."""
    names: Counter[str] = Counter()
    for file in sorted(BRIDGE.glob("*.rs")):
        bridge = re.search(r"#\[cxx::bridge.*?^}", file.read_text(), re.DOTALL | re.MULTILINE)
        if bridge is not None:
            names.update(re.findall(r"^    struct (\w+)", bridge[0], re.MULTILINE))
    assert len(names) > 20
    assert [name for name, count in names.items() if count > 1] == []
