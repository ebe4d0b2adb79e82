// SPDX-License-Identifier: MIT
// Who writes which file: two measurements must not replace each other's output, be they in one LAMMPS, in replicas or in other
// jobs.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_OUTPUT_CLAIMS_H
#define DEEPION_OUTPUT_CLAIMS_H

#include "deepion-bridge/src/files.rs.h"

#include <map>
#include <string>
#include <vector>

namespace DEEPION {

class OutputClaims {
 public:
  // `owner`, style and ID, begins no message: whoever calls take() adds it.
  explicit OutputClaims(const std::string &_owner) : owner(_owner) {}

  // Claims files until this object is gone; names may be empty. Returns why one cannot be had, or
  // an empty text. Only inside of error_of(), and on one rank.
  std::string take(const std::vector<std::string> &paths);

 private:
  std::string owner;
  std::map<std::string, rust::Box<deepion::ffi::Claim>> held;    // by full path
};

}    // namespace DEEPION

#endif
