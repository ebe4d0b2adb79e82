#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion plot coordination`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["plot", "coordination", *sys.argv[1:]])
