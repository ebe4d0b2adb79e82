# SPDX-License-Identifier: MIT
# LAMMPS from a source tree, MPI as found by CMake (the one LAMMPS itself was built with).
#
#   LAMMPS_SOURCE_DIR      the tree (the folder that holds src/)
#   LAMMPS_BUILD_DIR       where it was built with CMake; default LAMMPS_SOURCE_DIR/build
#   LAMMPS_LIBRARY         liblammps.so, where it was built shared and LAMMPS_BUILD_DIR does not help
#   LAMMPS_GIT_DESCRIPTOR  what `lmp -h` prints in "Git info", where nothing of this helps
#   LAMMPS_SIZES           smallbig (default) or bigbig, as LAMMPS was built
#   MPI_CXX_COMPILER       the MPI compiler wrapper LAMMPS was built with

cmake_path(ABSOLUTE_PATH LAMMPS_SOURCE_DIR BASE_DIRECTORY "${CMAKE_SOURCE_DIR}/.." NORMALIZE)
set(_src "${LAMMPS_SOURCE_DIR}/src")
if(NOT EXISTS "${_src}/pair.h" OR NOT EXISTS "${_src}/version.h")
  message(FATAL_ERROR
    "LAMMPS_SOURCE_DIR is ${LAMMPS_SOURCE_DIR}, but there is no src/pair.h and src/version.h in it.\n"
    "Give the folder that holds LAMMPS' src, for example one unpacked from "
    "https://github.com/lammps/lammps/releases.")
endif()

# version: `#define LAMMPS_VERSION "22 Jul 2025"` -> 20250722

file(STRINGS "${_src}/version.h" _line REGEX "LAMMPS_VERSION" LIMIT_COUNT 1)
if(NOT _line MATCHES "\"([0-9]+) ([A-Z][a-z][a-z])[a-z]* ([0-9][0-9][0-9][0-9])\"")
  message(FATAL_ERROR "${_src}/version.h does not define LAMMPS_VERSION as a date.")
endif()
set(_day "${CMAKE_MATCH_1}")
set(_month_name "${CMAKE_MATCH_2}")
set(_year "${CMAKE_MATCH_3}")
set(_months Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
list(FIND _months "${_month_name}" _month)
math(EXPR DEEPION_LAMMPS_VERSION "${_year} * 10000 + (${_month} + 1) * 100 + ${_day}")
set(_compat "${CMAKE_CURRENT_LIST_DIR}/../cpp/common/lammps_compat.h")
file(STRINGS "${_compat}" _line REGEX "define DEEPION_OLDEST_LAMMPS" LIMIT_COUNT 1)
string(REGEX REPLACE ".* ([0-9]+)$" "\\1" _oldest "${_line}")
if(DEEPION_LAMMPS_VERSION LESS _oldest)
  message(FATAL_ERROR
    "LAMMPS in ${LAMMPS_SOURCE_DIR} is of ${_day} ${_month_name} ${_year} (${DEEPION_LAMMPS_VERSION}): "
    "deepion needs ${_oldest} or newer.")
endif()

# git descriptor, as the LAMMPS binary itself will report it

if(NOT LAMMPS_BUILD_DIR)
  set(LAMMPS_BUILD_DIR "${LAMMPS_SOURCE_DIR}/build")
endif()
set(DEEPION_LAMMPS_DESCRIPTOR "${LAMMPS_GIT_DESCRIPTOR}")
if(NOT DEEPION_LAMMPS_DESCRIPTOR AND LAMMPS_LIBRARY)
  deepion_query(library "${LAMMPS_LIBRARY}")
  if(library_ERROR)
    message(FATAL_ERROR "LAMMPS_LIBRARY: ${library_ERROR}")
  endif()
  set(DEEPION_LAMMPS_DESCRIPTOR "${library_descriptor}")
endif()
if(NOT DEEPION_LAMMPS_DESCRIPTOR)
  # written by LAMMPS' own build: with CMake, with make
  foreach(_header "${LAMMPS_BUILD_DIR}/styles/lmpgitversion.h" "${_src}/lmpgitversion.h")
    if(EXISTS "${_header}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_header}")
      file(STRINGS "${_header}" _line REGEX "git_descriptor" LIMIT_COUNT 1)
      if(_line MATCHES "\"([^\"]*)\"")
        set(DEEPION_LAMMPS_DESCRIPTOR "${CMAKE_MATCH_1}")
        break()
      endif()
    endif()
  endforeach()
endif()
if(NOT DEEPION_LAMMPS_DESCRIPTOR)
  message(FATAL_ERROR
    "Cannot tell which build of LAMMPS this is: no styles/lmpgitversion.h in ${LAMMPS_BUILD_DIR} and no "
    "src/lmpgitversion.h.\n"
    "Build LAMMPS first and give -DLAMMPS_BUILD_DIR=/its/build/folder, or -DLAMMPS_LIBRARY=/path/to/liblammps.so, "
    "or -DLAMMPS_GIT_DESCRIPTOR=... with the name that `lmp -h` prints in its line 'Git info'.")
endif()

set(LAMMPS_SIZES "smallbig" CACHE STRING "LAMMPS' integer sizes: smallbig or bigbig")
if(NOT LAMMPS_SIZES MATCHES "^(smallbig|bigbig)$")
  message(FATAL_ERROR "LAMMPS_SIZES is ${LAMMPS_SIZES}; it can be smallbig or bigbig.")
endif()
string(TOUPPER "${LAMMPS_SIZES}" _sizes)

find_package(MPI COMPONENTS CXX)
if(NOT MPI_CXX_FOUND)
  message(FATAL_ERROR
    "No MPI found. Load the MPI module that LAMMPS was built with, or give its compiler wrapper with "
    "-DMPI_CXX_COMPILER=/path/to/mpicxx.")
endif()

# MPI for its headers only: the symbols come from the running LAMMPS
add_library(deepion_lammps INTERFACE)
target_include_directories(deepion_lammps SYSTEM INTERFACE "${_src}" ${MPI_CXX_INCLUDE_DIRS})
target_compile_definitions(deepion_lammps INTERFACE "LAMMPS_${_sizes}" ${MPI_CXX_COMPILE_DEFINITIONS})
