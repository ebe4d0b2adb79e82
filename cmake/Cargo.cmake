# SPDX-License-Identifier: MIT
# Target deepion_bridge: the Rust side, build/libdeepion.so, with the headers for it; deepion_border: the C++ half of the border,
# which becomes part of every shim; the command build/deepion-merge; and the module of Python, where an editable
# installation finds it. Cargo decides what to rebuild, so it runs at every build.

find_program(CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
if(NOT CARGO)
  message(FATAL_ERROR "No cargo found. Install Rust from https://rustup.rs, or give -DCARGO=/path/to/cargo.")
endif()

set(DEEPION_TARGET_DIR "${CMAKE_BINARY_DIR}/target")
set(DEEPION_LIBRARY "${CMAKE_BINARY_DIR}/libdeepion.so")
set(DEEPION_BORDER "${DEEPION_TARGET_DIR}/cxxbridge")
# one source for each file of rust/bridge with a bridge, and that of cxx itself
file(GLOB BRIDGES CONFIGURE_DEPENDS "${DEEPION_ROOT}/rust/bridge/src/*.rs")
set(BORDER_SOURCES "${DEEPION_BORDER}/rust/cxx.cc")
set(BORDER_HEADERS "${DEEPION_BORDER}/rust/cxx.h" "${DEEPION_BORDER}/deepion-bridge/border.h")
foreach(bridge IN LISTS BRIDGES)
  file(STRINGS "${bridge}" is_bridge REGEX "^#\\[cxx::bridge" LIMIT_COUNT 1)
  if(is_bridge)
    get_filename_component(name "${bridge}" NAME)
    list(APPEND BORDER_SOURCES "${DEEPION_BORDER}/deepion-bridge/src/${name}.cc")
    list(APPEND BORDER_HEADERS "${DEEPION_BORDER}/deepion-bridge/src/${name}.h")
  endif()
endforeach()

# the module of Python that a checkout imports is that of the folder build
set(DEEPION_MODULE "${CMAKE_BINARY_DIR}/_engine.abi3.so")
if(CMAKE_BINARY_DIR STREQUAL "${DEEPION_ROOT}/build")
  set(DEEPION_MODULE "${DEEPION_ROOT}/scripts/deepion/_engine.abi3.so")
endif()

# Headers that cargo writes are named as what it makes: else a build in which they change would compile the shim by the old ones.
# By the variable, not by --target-dir: cxx-build puts the headers of the border where the variable says
add_custom_target(deepion_cargo
  COMMAND "${CMAKE_COMMAND}" -E env "CARGO_TARGET_DIR=${DEEPION_TARGET_DIR}"
    "${CARGO}" build --quiet --release --locked -p deepion-bridge -p deepion-merge -p deepion-python
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${DEEPION_TARGET_DIR}/release/libdeepion.so" "${DEEPION_LIBRARY}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${DEEPION_TARGET_DIR}/release/deepion-merge" "${CMAKE_BINARY_DIR}/deepion-merge"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${DEEPION_TARGET_DIR}/release/libdeepion_python.so" "${DEEPION_MODULE}"
  WORKING_DIRECTORY "${DEEPION_ROOT}"
  BYPRODUCTS "${DEEPION_LIBRARY}" ${BORDER_SOURCES} ${BORDER_HEADERS}
  COMMENT "cargo build -p deepion-bridge -p deepion-merge -p deepion-python"
  USES_TERMINAL VERBATIM)

add_library(deepion_bridge INTERFACE)
add_dependencies(deepion_bridge deepion_cargo)
target_include_directories(deepion_bridge SYSTEM INTERFACE "${DEEPION_BORDER}")
target_link_libraries(deepion_bridge INTERFACE "${DEEPION_LIBRARY}")

set_source_files_properties(${BORDER_SOURCES} PROPERTIES GENERATED ON)
add_library(deepion_border OBJECT ${BORDER_SOURCES})
add_dependencies(deepion_border deepion_cargo)
target_include_directories(deepion_border SYSTEM PRIVATE "${DEEPION_BORDER}")
target_compile_definitions(deepion_border PRIVATE ${lammps_definitions})    # the same std::string as in the rest of the shim
target_compile_options(deepion_border PRIVATE
  "@${DEEPION_ROOT}/cpp/shim/compile.options" "-fmacro-prefix-map=${DEEPION_BORDER}/=")
