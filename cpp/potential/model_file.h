// SPDX-License-Identifier: MIT
// Reads a model file once for all ranks.

#ifndef DEEPION_MODEL_FILE_H
#define DEEPION_MODEL_FILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Collective. Rank 0 reads the file, all ranks get its bytes. Returns an error text, empty if it
// went well; the text is the same on all ranks.
std::string read_model_file(LAMMPS_NS::LAMMPS *lmp, const std::string &path,
                            std::vector<std::uint8_t> &bytes);

}    // namespace DEEPION

#endif
