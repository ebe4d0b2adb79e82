#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion report`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["report", *sys.argv[1:]])
