# SPDX-License-Identifier: MIT
"""Pass LAMMPS' screen output through and end every thermo line with the progress, the speed and the time left.

lmp -nonbuf -in in.some -var steps 1000 | python -m deepion.study.progress --steps 1000
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator

FS_PER_TIME_UNIT = {"metal": 1000.0, "real": 1.0}


def annotate(lines: Iterable[str], steps: int, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Yield every line as it comes; a thermo line of a run gets its progress appended."""
    unit, timestep, columns, first = "", 0.0, 0, None
    for line in lines:
        text = line.rstrip("\n")
        words = text.split()
        if match := re.match(r"\s*Unit style\s*: (\w+)", text):
            unit = match[1]
        elif match := re.match(r"\s*Time step\s*: (\S+)", text):
            timestep = float(match[1])
        elif words[:1] == ["Step"]:
            columns, first = len(words), None
        elif text.startswith("Loop time of"):
            columns = 0
        elif columns and len(words) == columns and words[0].isdigit():
            step, now = int(words[0]), clock()
            if first is None:
                first = (step, now)
            elif step > first[0] and now > first[1]:
                done = step - first[0]
                rate = done / (now - first[1])
                text += f"   | {100 * done / steps:3.0f} %"
                if unit in FS_PER_TIME_UNIT:
                    text += f"  {rate * timestep * FS_PER_TIME_UNIT[unit] * 0.0864:.2f} ns/day"
                text += f"  {max(steps - done, 0) / rate:.0f} s left"
        yield text


def main() -> None:
    """Filter standard input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, required=True, help="steps of the run")
    for line in annotate(sys.stdin, parser.parse_args().steps):
        print(line, flush=True)


if __name__ == "__main__":
    main()
