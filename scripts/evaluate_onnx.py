#!/usr/bin/env python3
"""The command `deepion energy`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["energy", *sys.argv[1:]])
