#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion export`; works in any Python that has numpy and onnx, such as that of a DeePMD-kit."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
