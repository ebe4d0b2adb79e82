#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion plot vdos`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["plot", "vdos", *sys.argv[1:]])
