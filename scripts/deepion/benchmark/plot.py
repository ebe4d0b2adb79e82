# SPDX-License-Identifier: MIT
"""Force error against cost, drawn from what `scripts/bench --json` wrote.

python -m deepion.benchmark.plot BENCH.json PICTURE.png [ATOMS]
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["rows"]
    atoms = int(sys.argv[3]) if len(sys.argv) > 3 else max(r["atoms"] for r in rows)
    best: dict[str, dict] = {}
    for r in rows:
        known = best.get(r["mode"])
        if r["atoms"] == atoms and (known is None or r["us/atom/step"] < known["us/atom/step"]):
            best[r["mode"]] = r
    figure, axes = plt.subplots(figsize=(7.0, 4.2))
    groups: dict[str, list[tuple[float, float, str]]] = {"deepion": [], "DeePMD-kit": []}
    for mode, r in best.items():
        if r["force RMS error, eV/A"] is None:  # another potential
            axes.axvline(r["core-us/atom/step"], color="gray", linestyle=":", label=mode)
            continue
        error = max(r["force RMS error, eV/A"], 1e-13)
        cost = r["core-us/atom/step"]
        groups["DeePMD-kit" if mode.startswith("deepmd") else "deepion"].append((cost, error, mode))
    for (name, points), style in zip(groups.items(), ("o-", "s"), strict=True):
        points.sort()
        axes.plot([p[0] for p in points], [p[1] for p in points], style, label=name)
        for cost, error, mode in points:
            label = mode.removeprefix("deepmd-").removeprefix("precision mixed ")
            axes.annotate(label, (cost, error), textcoords="offset points", xytext=(5, 5), fontsize=8)
    axes.set(xscale="log", yscale="log", xlabel="cost, core-us per atom and step", ylabel="force error, eV/A RMS")
    axes.set_title(f"lipsti-a, {atoms:,} atoms, best layout of ranks and threads", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=130, bbox_inches="tight")


if __name__ == "__main__":
    main()
