# SPDX-License-Identifier: MIT
# build/libonnxruntime.so: a link to the library of the package onnxruntime. The plugin looks for it beside itself, after the user's
# own choices.

deepion_query(onnxruntime)
if(onnxruntime_ERROR)
  message(STATUS "ONNX Runtime not found at configure time: ${onnxruntime_ERROR}")
else()
  file(CREATE_LINK "${onnxruntime_library}" "${CMAKE_BINARY_DIR}/libonnxruntime.so" SYMBOLIC)
  message(STATUS "ONNX Runtime: ${onnxruntime_library}")
endif()
