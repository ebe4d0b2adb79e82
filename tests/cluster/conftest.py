# SPDX-License-Identifier: MIT
"""Tests of deepion in a LAMMPS that was built from source; `scripts/test cluster` builds it and names it by variables."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lammps"))

if "DEEPION_TEST_LMP" not in os.environ:
    collect_ignore_glob = ["test_*.py"]
