#!/usr/bin/env python3
"""The command `deepion plot arrhenius`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    main(["plot", "arrhenius", *sys.argv[1:]])
