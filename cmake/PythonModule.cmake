# SPDX-License-Identifier: MIT
# Target deepion_python: the engine as a module of Python, scripts/deepion/_engine.abi3.so, where an editable installation finds it.

add_custom_target(deepion_python ALL
  COMMAND "${CARGO}" build --quiet --release --locked -p deepion-python --target-dir "${DEEPION_TARGET_DIR}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different
    "${DEEPION_TARGET_DIR}/release/libdeepion_python.so" "${DEEPION_ROOT}/scripts/deepion/_engine.abi3.so"
  WORKING_DIRECTORY "${DEEPION_ROOT}"
  COMMENT "cargo build -p deepion-python"
  USES_TERMINAL VERBATIM)
add_dependencies(deepion_python deepion_cargo)    # one cargo at a time
