// SPDX-License-Identifier: MIT
// What other styles of the plugin may ask the potential of this simulation, also inside hybrid
// styles.

#ifndef DEEPION_MODEL_IN_USE_H
#define DEEPION_MODEL_IN_USE_H

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// The element of each atom type, [0] unused, NULL where no model sees the type; empty where
// pair_style deepmd/onnx is not in use or has no pair_coeff yet.
std::vector<std::string> model_elements(LAMMPS_NS::LAMMPS *lmp);

// The SHA-256 of the file of the driving model, of several with + between them; empty where
// pair_style deepmd/onnx is not in use.
std::string model_sha256(LAMMPS_NS::LAMMPS *lmp);

// What the checks of the driving models found so far, a line for each; none where nothing was
// checked.
std::vector<std::string> model_checks(LAMMPS_NS::LAMMPS *lmp);

}    // namespace DEEPION

#endif
