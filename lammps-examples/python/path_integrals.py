#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Path integral molecular dynamics: i-PI moves rings of beads and asks deepion for forces, through ASE's client for its socket.

    pip install ipi
    python path_integrals.py MODEL.onnx [FOLDER]

FOLDER (default: the folder it is started in) gets i-PI's files: simulation.out has energies and temperature (columns are named in its
head). The system is the start of lammps-examples/quickstart, 105 atoms of Li-P-S-Ti at 300 K, with four beads for each atom.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import ase.io
from ase.calculators.socketio import SocketClient

from deepion.ase import Deepion

START = Path(__file__).resolve().parents[1] / "quickstart" / "data.Ti10"
STEPS, BEADS = 20, 4
INPUT = """
<simulation verbosity='low'>
  <output prefix='simulation'>
    <properties stride='1' filename='out'>
      [ step, time{{picosecond}}, conserved{{electronvolt}}, temperature{{kelvin}}, kinetic_cv{{electronvolt}}, potential{{electronvolt}} ]
    </properties>
  </output>
  <total_steps>{steps}</total_steps>
  <prng><seed>1</seed></prng>
  <ffsocket name='deepion' mode='unix' pbc='false'> <address>{address}</address> </ffsocket>
  <system>
    <initialize nbeads='{beads}'>
      <file mode='ase' units='ase'> start.extxyz </file>
      <velocities mode='thermal' units='kelvin'> 300 </velocities>
    </initialize>
    <forces> <force forcefield='deepion'/> </forces>
    <ensemble> <temperature units='kelvin'> 300 </temperature> </ensemble>
    <motion mode='dynamics'>
      <dynamics mode='nvt'>
        <timestep units='femtosecond'> 1 </timestep>
        <thermostat mode='pile_l'> <tau units='femtosecond'> 100 </tau> </thermostat>
      </dynamics>
    </motion>
  </system>
</simulation>
"""


def main() -> None:
    """Start i-PI, and answer it until it ends."""
    model = Path(sys.argv[1]).resolve()
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()
    atoms = ase.io.read(START, format="lammps-data")  # elements from masses
    ase.io.write(folder / "start.extxyz", atoms)
    address = f"deepion-{os.getpid()}"
    (folder / "input.xml").write_text(INPUT.format(steps=STEPS, beads=BEADS, address=address))
    server = subprocess.Popen(["i-pi", "input.xml"], cwd=folder)
    try:
        atoms.calc = Deepion(model)
        while not Path(f"/tmp/ipi_{address}").exists():  # noqa: S108  # the socket that i-PI makes
            if server.poll() is not None:
                sys.exit("i-PI ended before it listened")
            time.sleep(0.1)
        SocketClient(unixsocket=address).run(atoms, use_stress=True)
        sys.exit(server.wait())
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
