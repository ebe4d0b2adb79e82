// SPDX-License-Identifier: MIT
// What is printed of the potential before a run.

#ifndef DEEPION_POTENTIAL_SUMMARY_H
#define DEEPION_POTENTIAL_SUMMARY_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelDeviation;
class ModelRunner;

// Lines with their line ends.
std::string potential_summary(LAMMPS_NS::LAMMPS *lmp, const ModelRunner &models,
                              const ModelDeviation &deviation, bool check);

}    // namespace DEEPION

#endif
