// SPDX-License-Identifier: MIT
// The Rust side of the potential. Include in .cpp files, and in headers that no header of a style
// includes.

#ifndef DEEPION_POTENTIAL_BRIDGE_H
#define DEEPION_POTENTIAL_BRIDGE_H

#include "deepion-bridge/src/potential.rs.h"

#include <cstddef>
#include <vector>

namespace DEEPION {

namespace ffi = ::deepion::ffi;

template <class T> rust::Slice<const T> view(const std::vector<T> &values)
{
  return rust::Slice<const T>(values.data(), values.size());
}

// An output array, or nullptr: not wanted.
inline rust::Slice<double> view(double *values, std::size_t size)
{
  return values ? rust::Slice<double>(values, size) : rust::Slice<double>();
}

}    // namespace DEEPION

#endif
