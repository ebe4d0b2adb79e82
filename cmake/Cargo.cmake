# SPDX-License-Identifier: MIT
# Target deepion_bridge: the Rust side as a static library with its C++ headers; and the command
# build/deepion-merge. Cargo decides what to
# rebuild, so it runs at every build; the plugin is linked again only where the library changed.

find_program(CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
if(NOT CARGO)
  message(FATAL_ERROR "No cargo found. Install Rust from https://rustup.rs, or give -DCARGO=/path/to/cargo.")
endif()

set(DEEPION_TARGET_DIR "${CMAKE_BINARY_DIR}/target")
set(DEEPION_BRIDGE_LIBRARY "${DEEPION_TARGET_DIR}/release/libdeepion_bridge.a")

add_custom_target(deepion_cargo
  COMMAND "${CARGO}" build --quiet --release --locked -p deepion-bridge -p deepion-merge --target-dir "${DEEPION_TARGET_DIR}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${DEEPION_TARGET_DIR}/release/deepion-merge" "${CMAKE_BINARY_DIR}/deepion-merge"
  WORKING_DIRECTORY "${DEEPION_ROOT}"
  BYPRODUCTS "${DEEPION_BRIDGE_LIBRARY}"
  COMMENT "cargo build -p deepion-bridge -p deepion-merge"
  USES_TERMINAL VERBATIM)

find_package(Threads REQUIRED)
add_library(deepion_bridge INTERFACE)
add_dependencies(deepion_bridge deepion_cargo)
target_include_directories(deepion_bridge SYSTEM INTERFACE "${DEEPION_TARGET_DIR}/cxxbridge")
# the libraries that rustc names in --print=native-static-libs
target_link_libraries(deepion_bridge INTERFACE
  "${DEEPION_BRIDGE_LIBRARY}" Threads::Threads ${CMAKE_DL_LIBS} rt util m)
