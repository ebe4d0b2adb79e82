// SPDX-License-Identifier: MIT
// The temperature that the atoms have, beside the one that a user gives.

#ifndef DEEPION_KINETIC_TEMPERATURE_H
#define DEEPION_KINETIC_TEMPERATURE_H

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class Measurement;

// Collective: of all atoms at this step, K, the same bits for any number of ranks; 0: not known.
// `picoseconds`: in one time unit.
double kinetic_temperature_now(LAMMPS_NS::LAMMPS *lmp, const Measurement &measurement,
                               double picoseconds);

}    // namespace DEEPION

#endif
