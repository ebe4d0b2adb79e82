// SPDX-License-Identifier: MIT
// What the command rerun takes from a dump. What it does not take stays as it was in the atoms before, and would be measured
// as if it belonged to the frame.

#ifndef DEEPION_RERUN_H
#define DEEPION_RERUN_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Why unwrapped positions cannot be had from the rerun that is going on; empty: they can, or this is
// no rerun.
std::string rerun_without_images(LAMMPS_NS::LAMMPS *lmp);

// Whether this is a rerun that reads no velocities.
bool rerun_without_velocities(LAMMPS_NS::LAMMPS *lmp);

}    // namespace DEEPION

#endif
