# SPDX-License-Identifier: MIT
"""Draw what fix ion/density measured: volume and ions below each height of -kT ln density with the heights at which paths lead through
the cell, and slices of -kT ln density.

deepion plot density density.dat density.png
deepion plot density density.dat slices.png --at 0.5 0.5 0.25      slices there, in parts of the edges a, b and c

FILE is what the keyword file of the fix names. Slices are drawn where the file of keyword cube is still beside it; without --at, they lead
through the highest density. White was never visited.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from deepion.errors import InputError
from deepion.results.tables import DENSITY, Table, read

from . import pictures
from .cube import Cube, read_cube

BOLTZMANN = 8.617333262e-5  # eV/K
EDGES = "abc"


def cube_of(table: Table) -> Cube | None:
    """The density of a table, where its file is still there."""
    name = table.setting("cube")
    path = table.path.parent / Path(name).name if name else None
    return read_cube(path) if path is not None and path.is_file() else None


def draw(table: Table, at: tuple[float, float, float] | None = None) -> Figure:
    """The picture: curves, and three slices where there is a density."""
    cube = cube_of(table)
    if cube is not None and cube.values.shape != tuple(table.setting("grid")):
        raise InputError(f"{cube.path} does not belong to {table.path}: the grids differ")
    if cube is None and at is not None:
        raise InputError(f"{table.path} names no file of keyword cube that is still beside it: there are no slices")
    if cube is None:
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        curves = figure.subplots()
    else:
        figure = Figure(figsize=(10.5, 7.5), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
        curves = above.subplots()
        draw_slices(below, table, cube, at)
    draw_curves(curves, table)
    pictures.caption(figure, [table])
    return figure


def draw_curves(axes: Axes, table: Table) -> None:
    """Parts of volume and ions below a height."""
    energy, unit = table.column("energy"), "eV"
    if not energy.any():
        energy, unit = table.column("height"), "kT"
    for name, label, color in zip(("volume", "inside"), ("volume", "ions"), pictures.COLORS, strict=False):
        axes.plot(energy, table.column(name), color=color, linewidth=1.4, label=f"part of the {label} below")
    for edge, color in zip(EDGES, pictures.COLORS[2:], strict=False):
        barrier = table.value(f"barrier_{edge}")
        if barrier is not None:
            words = f"path along {edge}: {pictures.as_text(barrier)}"
            axes.axvline(barrier.value, color=color, linewidth=1.2, linestyle="--", label=words)
            if barrier.error is not None:
                low, high = barrier.value - barrier.error, barrier.value + barrier.error
                axes.axvspan(low, high, color=color, alpha=0.15, linewidth=0)
    volume = table.column("volume")
    last = energy[int(np.argmax(volume >= volume[-1]))]  # where the last visited voxels lie
    axes.set(xlabel=f"$-kT$ ln density above its lowest, {unit}", xlim=(0, 1.2 * last or energy[-1]), ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8)
    pictures.warn(axes, [one.text for one in table.warnings], 120)


def draw_slices(figure, table: Table, cube: Cube, at: tuple[float, float, float] | None) -> None:
    """One slice across each edge, in the shape that it has in the cell."""
    energy, unit = free_energy(table, cube)
    shape = cube.values.shape
    place = np.unravel_index(cube.values.argmax(), shape)
    if at is not None:
        place = tuple(round(x % 1 * n) % n for x, n in zip(at, shape, strict=True))
    panels = figure.subplots(1, 3)
    for across, axes in enumerate(panels):
        mesh = draw_slice(axes, energy, cube, across, int(place[across]))
        axes.set_title(f"at {place[across] / shape[across]:.3g} of {EDGES[across]}", fontsize=9)
    figure.colorbar(mesh, ax=panels, label=f"$-kT$ ln density, {unit}", fraction=0.02, pad=0.01)


def free_energy(table: Table, cube: Cube) -> tuple[np.ma.MaskedArray, str]:
    """-kT ln density above its lowest, and its unit; masked where no ion ever was."""
    temperature = table.value("temperature")
    kt, unit = (BOLTZMANN * temperature.value, "eV") if temperature is not None else (1.0, "kT")
    highest = cube.values.max()
    if highest <= 0:
        raise InputError(f"{cube.path} holds no density yet")
    with np.errstate(divide="ignore"):
        return np.ma.masked_invalid(-kt * np.log(cube.values / highest)), unit


def draw_slice(axes: Axes, energy: np.ma.MaskedArray, cube: Cube, across: int, place: int) -> QuadMesh:
    """The slice across one edge at a voxel of it."""
    one, other = (axis for axis in range(3) if axis != across)
    x, y = corners(cube.cell[one], cube.cell[other], energy.shape[one], energy.shape[other])
    part = np.ma.swapaxes(np.ma.take(energy, place, axis=across), 0, 1)
    axes.set(aspect="equal", xlabel=f"along {EDGES[one]}, \u00c5", ylabel=f"toward {EDGES[other]}, \u00c5")
    return axes.pcolormesh(x, y, part, cmap="viridis", vmin=0, vmax=energy.max(), rasterized=True)


def corners(one: np.ndarray, other: np.ndarray, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the voxels of a slice in its plane, A; voxels have their middles on multiples of the edges."""
    along = one / np.linalg.norm(one)
    x = other @ along
    y = np.linalg.norm(other - x * along)
    u, v = (np.arange(n + 1) - 0.5) / n, (np.arange(m + 1) - 0.5) / m
    return u[None, :] * np.linalg.norm(one) + v[:, None] * x, np.repeat(v[:, None] * y, n + 1, axis=1)


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE")
    command.add_argument(
        "--at", type=float, nargs=3, metavar=("A", "B", "C"), help="where the slices are, in parts of the edges"
    )


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    if len(files) != 1:
        raise InputError("one file at a time: each has slices of its own")
    table = read(files[0], DENSITY)
    pictures.save(draw(table, arguments.at and tuple(arguments.at)), targets, [table.path])
