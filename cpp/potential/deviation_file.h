// SPDX-License-Identifier: MIT
// The file of model deviations that DP-GEN reads, in DeePMD-kit's format. Rank 0 only.

#ifndef DEEPION_DEVIATION_FILE_H
#define DEEPION_DEVIATION_FILE_H

#include "deepion-bridge/src/files.rs.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace DEEPION {

// largest, smallest, average deviation of the virial per atom, then of the force on an atom
using Deviation = std::array<double, 6>;

class DeviationFile {
 public:
  DeviationFile() = default;
  DeviationFile(const DeviationFile &) = delete;
  DeviationFile &operator=(const DeviationFile &) = delete;
  ~DeviationFile() { close(); }

  // Opens `path` for a run that starts at `step`: at step 0 as a new file; later it keeps all rows
  // before `step` as they are, and drops the rest. No one else can open it until it is closed.
  // Returns an error text.
  std::string open(const std::string &path, std::int64_t step, bool atomic);
  bool is_open() const { return fp != nullptr; }
  void close();

  // Adds a row, unless the last one is of the same step: the end of one run is the start of the
  // next, and fix numdiff and others evaluate the pair style several times in a step. Returns an
  // error text.
  std::string write(std::int64_t step, const Deviation &deviation,
                    const std::vector<double> &per_atom);

 private:
  std::FILE *fp = nullptr;
  std::optional<rust::Box<deepion::ffi::Claim>> claim;
  std::string path;
  std::int64_t last_step = -1;
};

}    // namespace DEEPION

#endif
