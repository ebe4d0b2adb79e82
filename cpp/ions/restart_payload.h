// SPDX-License-Identifier: MIT
// What a measurement puts into LAMMPS' restart files. LAMMPS hands it back without its length, from
// a file that may be damaged: lengths and checksums come with it.
// No LAMMPS, no MPI.

#ifndef DEEPION_RESTART_PAYLOAD_H
#define DEEPION_RESTART_PAYLOAD_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace DEEPION {

struct RestartPayload {
  std::int64_t last_sample = -1;      // step of the last sample, -1: none yet
  bool toroidal = false;              // positions are unwrapped in the toroidal way
  std::vector<std::int64_t> atoms;    // ConstantGroups::save(); empty in files of deepion 0.1
  std::string state;                  // of the measurement

  // LAMMPS counts the bytes of a fix in an int.
  bool too_large() const;

  // The bytes for the file.
  std::string packed() const;

  // Reads them back. Returns why it cannot, or an empty text.
  std::string unpack(const char *bytes);
};

}    // namespace DEEPION

#endif
