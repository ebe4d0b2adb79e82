# SPDX-License-Identifier: MIT
# The LAMMPS that the shim is compiled for: -DLAMMPS=PATH, as `deepion build-shim --lammps` takes it (a source tree, an installation
# prefix, a Python environment); default: the environment of Python_EXECUTABLE. Sets lammps_shim and target deepion_lammps.

if(NOT LAMMPS)
  set(LAMMPS "${Python_EXECUTABLE}")
endif()
deepion_query(lammps "${LAMMPS}")
if(lammps_ERROR)
  message(FATAL_ERROR
    "No usable LAMMPS: ${lammps_ERROR}\n"
    "Run scripts/quickstart, which sets up .venv; or choose a Python that has 'lammps[mpi]' with "
    "-DPython_EXECUTABLE=/path/to/python; or another LAMMPS with -DLAMMPS=/path/to/lammps.")
endif()

string(REPLACE ":" ";" lammps_include "${lammps_include}")
string(REPLACE "|" ";" lammps_definitions "${lammps_definitions}")

add_library(deepion_lammps INTERFACE)
target_include_directories(deepion_lammps SYSTEM INTERFACE ${lammps_include})
target_compile_definitions(deepion_lammps INTERFACE ${lammps_definitions})
