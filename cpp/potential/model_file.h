// SPDX-License-Identifier: MIT
// Reads a model file once for all ranks, and exports it where that has to be done first.

#ifndef DEEPION_MODEL_FILE_H
#define DEEPION_MODEL_FILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Collective. Rank 0 reads the file, all ranks get its bytes. A file of DeePMD-kit is exchanged for
// what was exported from it, in the cache of exported models; `label` is how messages call what was
// read, on rank 0. Returns an error text, empty if it went well; the text is the same on all ranks.
std::string read_model_file(LAMMPS_NS::LAMMPS *lmp, const std::string &path,
                            std::vector<std::uint8_t> &bytes, std::string &label);

// Collective: all ranks get the bytes of rank 0.
void broadcast(LAMMPS_NS::LAMMPS *lmp, std::vector<std::uint8_t> &bytes);

}    // namespace DEEPION

#endif
