#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command `deepion plot transport`; with --history, `deepion plot history`."""

import sys

from deepion.command import main

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--history"]
    main(["plot", "transport" if words == sys.argv[1:] else "history", *words])
