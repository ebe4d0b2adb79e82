# SPDX-License-Identifier: MIT
# DEEPION_ONNXRUNTIME: where libonnxruntime.so is on this machine; a place to look at run time, after the
# user's own choices. May be empty.

if(NOT DEFINED DEEPION_ONNXRUNTIME)
  deepion_query(onnxruntime)
  if(onnxruntime_ERROR)
    message(STATUS "ONNX Runtime not found at configure time: ${onnxruntime_ERROR}")
  endif()
  set(DEEPION_ONNXRUNTIME "${onnxruntime_library}")
endif()
