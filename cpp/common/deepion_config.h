// SPDX-License-Identifier: MIT
// What this plugin was configured with.

#ifndef DEEPION_CONFIG_H
#define DEEPION_CONFIG_H

namespace DEEPION {

extern const char VERSION[];              // of deepion
extern const char LAMMPS_DESCRIPTOR[];    // LAMMPS::git_descriptor() of the LAMMPS it was built for
extern const char ONNXRUNTIME_LIBRARY[];    // found at configure time, may be empty

}    // namespace DEEPION

#endif
