# SPDX-License-Identifier: MIT
"""The first stage: LAMMPS runs with everything measured on the fly and a dump of the same frames, and random walks of known
diffusion coefficient that LAMMPS reads back with rerun.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from deepion import checkout

from . import settings as s
from .errors import ComparisonError
from .trajectory import write_dump

LAMMPS = Path(sys.executable).parent / "lmp"

RUN = """units metal
atom_style atomic
boundary p p p
read_data "{data}"
group lithium type {ion}
group sulfur type {sulfur}
plugin load "{plugin}"
pair_style deepmd/onnx "{model}"
pair_coeff * * {elements}
neighbor 1.0 bin
timestep {timestep}
velocity all create {temperature} 4711 mom yes rot no dist gaussian
fix thermostat all nvt temp {temperature} {temperature} 0.1
thermo 1000
run {equilibration}
reset_timestep 0

fix framework lithium ion/transport {every} {transport} origins 1 file framework.dat history framework.history
fix none lithium ion/transport {every} {transport} origins 1 drift none file none.dat
fix origins lithium ion/transport {every} {transport} lags {every_origin} 1 file origins.dat history origins.history
fix usual lithium ion/transport {every} temp {temperature} charge {charge} output {steps} file usual.dat history usual.history
fix nc lithium ion/coordination {every} sulfur {cutoffs} output {steps} file coordination.dat
fix gr lithium ion/rdf {every} sulfur {rdf} output {steps} file rdf.dat
fix vib all ion/vdos {every} {vdos_lags} origins 1 names {elements} output {steps} file vdos.dat vacf vacf.dat
compute now lithium ion/coordination sulfur {cutoffs}

dump run all custom {every} run.dump id type x y z xu yu zu vx vy vz
dump_modify run sort id format float %.17g
dump numbers lithium custom {every} numbers.dump id {numbers}
dump_modify numbers sort id format float %.0f
run {steps}
"""

WALK = """units metal
atom_style atomic
read_data walk.data
group ion type 1
group few id 1:{few}
plugin load "{plugin}"
pair_style zero 2.0
pair_coeff * *
timestep {timestep}
fix all ion ion/transport {every} temp {kelvin} {fit} lags {per_level} {levels} origins 1 output {last} file {name}.dat &
    history {name}.history state {name}.state
fix origins ion ion/transport {every} temp {kelvin} {fit} lags {every_origin} 1 output {last} file {name}.origins.dat &
    history {name}.origins.history
fix usual ion ion/transport {every} temp {kelvin} output {last} file {name}.usual.dat history {name}.usual.history
fix few few ion/transport {every} temp {kelvin} lags {per_level} {levels} origins 1 state {name}.few.state
thermo {last}
rerun {name}.dump dump x y z box yes wrapped no
"""


def measure(folder: Path, plugin: Path, model: Path, steps: int) -> None:
    """Run the real system; everything goes into the folder. `steps`: of TIMESTEP, a multiple of EVERY."""
    first, last = (k * s.interval("run") for k in s.FIT)
    commands = RUN.format(
        data=checkout.root() / "lammps-examples/quickstart/data.Ti10",
        ion=s.ION,
        sulfur=s.SULFUR,
        plugin=plugin,
        model=model,
        elements=" ".join(s.ELEMENTS),
        timestep=s.TIMESTEP,
        temperature=s.TEMPERATURE,
        charge=s.CHARGE,
        equilibration=s.EQUILIBRATION,
        every=s.EVERY,
        transport=f"temp {s.TEMPERATURE} charge {s.CHARGE} fit {first:g} {last:g} output {steps}",
        every_origin=s.EVERY_ORIGIN,
        cutoffs=f"rcut {s.CUTOFFS[0]} {s.CUTOFFS[-1]} {len(s.CUTOFFS)}",
        vdos_lags=s.VDOS_LAGS,
        rdf=f"{s.RDF_MAX} {s.RDF_BINS}",
        numbers=" ".join(f"c_now[{k}]" for k in range(1, len(s.CUTOFFS) + 1)),
        steps=steps,
    )
    lammps(folder, "run", commands)


def walk(kelvin: int) -> tuple[np.ndarray, np.ndarray]:
    """Types and unwrapped positions [frame, atom, 3], A, of one random walk. Everything drifts together, by as much as an ion
    walks; the framework does not move otherwise.
    """
    random = np.random.default_rng(kelvin)
    step = np.sqrt(2 * s.walk_diffusion(kelvin) * 1e4 * s.interval("walk"))  # A, along one axis
    atoms = s.WALKERS + s.WALLS
    x = np.empty((s.FRAMES, atoms, 3))
    x[0] = random.uniform(0, s.WALK_BOX, (atoms, 3))
    steps = np.zeros((s.FRAMES - 1, atoms, 3))
    steps[:, : s.WALKERS] = random.normal(0, step, (s.FRAMES - 1, s.WALKERS, 3))
    steps += random.normal(0, step, (s.FRAMES - 1, 1, 3))
    x[1:] = x[0] + np.cumsum(steps, axis=0)
    return np.append(np.full(s.WALKERS, 1), np.full(s.WALLS, 2)), x


def measure_walks(folder: Path, plugin: Path, say: Callable[[str], None]) -> None:
    """Write the random walks, have LAMMPS evaluate them, and join them into ladders of temperatures."""
    for kelvin in s.WALK_TEMPERATURES:
        name = f"walk{kelvin}"
        say(
            f"random walk of {s.WALKERS} ions with D = {s.walk_diffusion(kelvin):.3e} cm^2/s ({kelvin} K), read by rerun"
        )
        types, x = walk(kelvin)
        steps = np.arange(s.FRAMES) * s.WALK_EVERY
        write_dump(folder / f"{name}.dump", steps, s.WALK_BOX, types, x)
        write_data(folder / "walk.data", types, x[0])
        commands = WALK.format(
            few=s.FEW_IONS,
            plugin=plugin,
            timestep=s.TIMESTEP,
            every=s.WALK_EVERY,
            kelvin=kelvin,
            fit="fit {:g} {:g}".format(*window(s.WALK_FIT)),
            per_level=s.LAGS_PER_LEVEL,
            levels=4,
            every_origin=s.EVERY_ORIGIN,
            last=steps[-1],
            name=name,
        )
        lammps(folder, name, commands)
    merge(folder, plugin.parent, "ladder", "", s.WALK_FIT)
    merge(folder, plugin.parent, "few", ".few", s.FEW_FIT)


def window(fit: tuple[int, int]) -> list[float]:
    """A window of the walks, ps."""
    return [round(k * s.interval("walk"), 12) for k in fit]


def merge(folder: Path, build: Path, name: str, kind: str, fit: tuple[int, int]) -> None:
    """Join the states of all temperatures into NAME.dat."""
    states = [f"walk{kelvin}{kind}.state" for kelvin in s.WALK_TEMPERATURES]
    fitted = [f"{t:g}" for t in window(fit)]
    finished(folder, "deepion-merge", [build / "deepion-merge", *states, "--fit", *fitted, "--out", f"{name}.dat"])


def write_data(path: Path, types: np.ndarray, x: np.ndarray) -> None:
    """A LAMMPS data file of positions [atom, 3], A, in the cubic box of the walks."""
    box = "".join(f"0.0 {s.WALK_BOX} {axis}lo {axis}hi\n" for axis in "xyz")
    wrapped = np.mod(x, s.WALK_BOX)
    atoms = "".join(
        f"{i} {kind} {r[0]:.17g} {r[1]:.17g} {r[2]:.17g}\n"
        for i, (kind, r) in enumerate(zip(types, wrapped, strict=True), 1)
    )
    path.write_text(
        f"walk\n\n{len(types)} atoms\n2 atom types\n{box}\nMasses\n\n1 7.0\n2 30.0\n\nAtoms # atomic\n\n{atoms}"
    )


def lammps(folder: Path, name: str, commands: str) -> None:
    """Run an input on one core."""
    (folder / f"in.{name}").write_text(commands)
    finished(folder, "LAMMPS", [LAMMPS, "-in", f"in.{name}", "-log", f"log.{name}", "-nocite"])


def finished(folder: Path, what: str, command: list) -> None:
    """Run a command; one that fails is named, with its error."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    environment.pop("LAMMPS_PLUGIN_PATH", None)
    result = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if result.returncode != 0:
        output = result.stdout + result.stderr
        errors = list(dict.fromkeys(re.findall(r"^.*ERROR.*$", output, re.MULTILINE)))
        raise ComparisonError(f"{what} failed in {folder}:\n" + ("\n".join(errors) or output[-2000:]))
