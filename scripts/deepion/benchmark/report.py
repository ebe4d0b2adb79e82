# SPDX-License-Identifier: MIT
"""From measured runs to rows, tables and JSON. Costs are medians over rounds; best means the least wall time."""

import os
import platform
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lammps_run import TIMESTEP, Run

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What one run is: edge^3 copies of the cell, MPI ranks x threads, the name of the mode."""

    edge: int
    ranks: int
    threads: int
    mode: str

    @property
    def layout(self) -> tuple[int, int]:
        return (self.ranks, self.threads)


def row(case: Case, atoms: int, runs: list[Run], alone_bytes: int, errors: tuple[float, float] | None) -> Row:
    """A line of the table. alone_bytes: peak memory of LAMMPS without the potential; errors: see below, None: not known."""
    wall = [run.seconds / atoms * 1e6 for run in runs]
    core = [cost * case.ranks * case.threads for cost in wall]
    peak = statistics.median(run.peak_bytes for run in runs)
    force_error, energy_error = errors or (None, None)
    return {
        "mode": case.mode,
        "atoms": atoms,
        "ranks": case.ranks,
        "threads": case.threads,
        "steps": [run.steps for run in runs],
        "us/atom/step": short(statistics.median(wall)),
        "core-us/atom/step": short(statistics.median(core)),
        "core-us/atom/step, least and most": [short(min(core)), short(max(core))],
        "CPU us/atom/step": short(statistics.median(run.cpu_seconds / atoms * 1e6 for run in runs)),
        "ns/day at 1 fs": short(TIMESTEP * 1e-6 * 86400 / (statistics.median(wall) * 1e-6 * atoms)),
        "peak memory, MB": short(peak / 1e6),
        "memory beyond LAMMPS, MB": short((peak - alone_bytes) / 1e6),
        "memory beyond LAMMPS, kB/atom": short((peak - alone_bytes) / 1e3 / atoms),
        "force RMS error, eV/A": short(force_error, 2),
        "energy error, eV/atom": short(energy_error, 2),
    }


def short(number: float | None, digits: int = 4) -> float | None:
    return None if number is None else float(f"{number:.{digits}g}")


def best(rows: Iterable[Row], mode: str, atoms: int) -> Row | None:
    """The row of a mode and size with the least wall time among all layouts that were run."""
    found = [r for r in rows if (r["mode"], r["atoms"]) == (mode, atoms)]
    return min(found, key=lambda r: r["us/atom/step"], default=None)


def comparison(rows: list[Row], against: list[tuple[str, str]]) -> list[Row]:
    """One line for each size and mode, ours beside the peer's mode it is set against, each at its best layout."""
    lines = []
    for atoms in sorted({r["atoms"] for r in rows}):
        for mode, other in against:
            ours, peer = best(rows, mode, atoms), best(rows, other, atoms)
            if ours is None or peer is None:
                continue
            line = {"atoms": atoms, "mode": mode, "against": other}
            for name, r in (("deepion", ours), ("peer", peer)):
                line |= {f"{name}, layout": layout(r)}
                for key in ("us/atom/step", "core-us/atom/step", "force RMS error, eV/A"):
                    line[f"{name}, {key}"] = r[key]
            line["ratio"] = short(peer["us/atom/step"] / ours["us/atom/step"], 3)
            lines.append(line)
    return lines


def memory(rows: list[Row]) -> list[Row]:
    """What a mode needs beyond LAMMPS: from its smallest to its largest size per atom, and the rest per rank."""
    lines = []
    for mode, ranks, threads in dict.fromkeys((r["mode"], r["ranks"], r["threads"]) for r in rows):
        found = [r for r in rows if (r["mode"], r["ranks"], r["threads"]) == (mode, ranks, threads)]
        small, large = (pick(found, key=lambda r: r["atoms"]) for pick in (min, max))
        if small["atoms"] == large["atoms"]:
            continue
        key = "memory beyond LAMMPS, MB"
        slope = (large[key] - small[key]) / (large["atoms"] - small["atoms"])
        fixed = (small[key] - slope * small["atoms"]) / ranks
        line = {"mode": mode, "ranks": ranks, "threads": threads, "from, atoms": small["atoms"]}
        lines.append(
            line | {"to, atoms": large["atoms"], "fixed, MB/rank": short(fixed, 3), "kB/atom": short(slope * 1e3, 3)}
        )
    return lines


def fitting_nets(rounds: list[dict[tuple[str, int], float]], flop: float) -> list[Row]:
    """The floor in each precision, at its best batch size."""
    lines = []
    for precision in dict.fromkeys(precision for precision, _ in rounds[0]):
        costs = {b: statistics.median(r[p, b] for r in rounds) for p, b in rounds[0] if p == precision}
        batch = min(costs, key=costs.__getitem__)
        line = {"precision": precision, "batch": batch, "us/atom": short(costs[batch])}
        line["GFLOP/s"] = short(flop / costs[batch] / 1e3)
        line["us/atom by batch"] = {str(b): short(cost) for b, cost in costs.items()}
        lines.append(line)
    return lines


def phases(mode: str, atoms: int, times: dict[str, float], counted: dict[str, float], peak: float) -> list[Row]:
    """Lines of one mode. times: core-us per atom and step; counted: operations; peak: GFLOP/s of matrix products."""
    lines = []
    for phase, cost in times.items():
        line: Row = {"mode": mode, "atoms": atoms, "phase": phase, "core-us/atom/step": short(cost)}
        if phase in counted and cost > 0.0:
            rate = counted[phase] / cost / 1e3
            line |= {"GFLOP/s": short(rate, 3), "of matrix products": short(rate / peak, 2)}
        lines.append(line)
    return lines


def layout(r: Row) -> str:
    return f"{r['ranks']} x {r['threads']}"


def text(rows: list[Row], floor: list[Row], against: list[tuple[str, str]], timed: list[Row] | None = None) -> str:
    """Everything for the screen."""
    parts = [cost_table(rows)]
    for line in floor:
        parts.append(
            f"fitting nets alone on one core, {line['precision']}: {line['us/atom']:.1f} us/atom, {line['GFLOP/s']:.0f} "
            f"GFLOP/s (ONNX Runtime, value and gradient, batches of {line['batch']})"
        )
    if timed:
        parts += ["", phase_table(timed)]
    if memories := memory(rows):
        parts += ["", memory_table(memories)]
    if lines := comparison(rows, against):
        parts += ["", comparison_table(lines)]
    return "\n".join(parts)


def cost_table(rows: list[Row]) -> str:
    head = ["atoms", "layout", "mode", "us/atom/step", "core-us", "least - most", "CPU us", "ns/day", "kB/atom"]
    head += ["force RMS, eV/A", "energy, eV/atom"]
    lines = [
        [
            str(r["atoms"]),
            layout(r),
            r["mode"],
            f"{r['us/atom/step']:.1f}",
            f"{r['core-us/atom/step']:.1f}",
            "{:.1f} - {:.1f}".format(*r["core-us/atom/step, least and most"]),
            f"{r['CPU us/atom/step']:.1f}",
            f"{r['ns/day at 1 fs']:.4g}",
            f"{r['memory beyond LAMMPS, kB/atom']:.1f}",
            error(r["force RMS error, eV/A"]),
            error(r["energy error, eV/atom"]),
        ]
        for r in rows
    ]
    notes = (
        "us/atom/step: wall time; core-us: that x ranks x threads; CPU us: user and system time of all ranks; ns/day at 1 fs;\n"
        "kB/atom: peak memory beyond LAMMPS with pair_style zero; force RMS, energy: difference from float64 networks\n"
    )
    return f"{aligned([head, *lines], left=3)}\n{notes}"


def phase_table(lines: list[Row]) -> str:
    head = ["one core, atoms", "mode", "part of a step", "us/atom/step", "GFLOP/s", "of matrix products"]
    body = [
        [str(r["atoms"]), r["mode"], r["phase"], f"{r['core-us/atom/step']:.2f}"]
        + ([f"{r['GFLOP/s']:.0f}", f"{100 * r['of matrix products']:.0f} %"] if "GFLOP/s" in r else ["-", "-"])
        for r in lines
    ]
    note = "of matrix products: the rate beside that of ONNX Runtime's float32 product of large matrices on one core"
    return f"{aligned([head, *body], left=3)}\n{note}"


def memory_table(lines: list[Row]) -> str:
    head = ["memory beyond LAMMPS", "layout", "fixed, MB/rank", "kB/atom"]
    body = [[r["mode"], layout(r), f"{r['fixed, MB/rank']:.0f}", f"{r['kB/atom']:.1f}"] for r in lines]
    return aligned([head, *body], left=2)


def comparison_table(lines: list[Row]) -> str:
    head = ["atoms", "mode", "against", "us/atom/step", "layout", "force RMS", "peer's", "layout", "force RMS", "ratio"]
    body = [
        [str(r["atoms"]), r["mode"], r["against"]]
        + [
            value
            for name in ("deepion", "peer")
            for value in (
                f"{r[f'{name}, us/atom/step']:.1f}",
                r[f"{name}, layout"],
                error(r[f"{name}, force RMS error, eV/A"]),
            )
        ]
        + [f"{r['ratio']:.2f}"]
        for r in lines
    ]
    title = "each at its best layout of those above; ratio = peer's wall time / deepion's"
    return f"{title}\n{aligned([head, *body], left=3)}"


def error(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"


def aligned(lines: list[list[str]], left: int) -> str:
    """Columns as wide as their widest entry; the first `left` of them flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            entry.ljust(width) if k < left else entry.rjust(width)
            for k, (entry, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def machine() -> dict[str, Any]:
    """Processor and cores of this machine, and how busy it is (load average of the last minute)."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    return {
        "processor": fields.get("model name", platform.processor()),
        "vector instructions": [name for name in ("avx2", "fma", "avx512f") if name in fields.get("flags", "").split()],
        "cores": len(os.sched_getaffinity(0)),
        "load average": short(os.getloadavg()[0]),
        "system": platform.platform(),
    }
