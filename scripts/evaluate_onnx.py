#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion energy`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["energy", *sys.argv[1:]])
