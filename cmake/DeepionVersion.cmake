# SPDX-License-Identifier: MIT
# DEEPION_VERSION, from the workspace's Cargo.toml.

set(DEEPION_ROOT "${CMAKE_CURRENT_LIST_DIR}/..")
cmake_path(NORMAL_PATH DEEPION_ROOT)
string(REGEX REPLACE "/$" "" DEEPION_ROOT "${DEEPION_ROOT}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${DEEPION_ROOT}/Cargo.toml")
file(STRINGS "${DEEPION_ROOT}/Cargo.toml" _lines REGEX "^version *= *\"")
list(GET _lines 0 _line)
string(REGEX REPLACE "^version *= *\"([^\"]*)\".*" "\\1" DEEPION_VERSION "${_line}")
