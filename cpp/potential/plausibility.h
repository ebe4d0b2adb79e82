/* Settings that LAMMPS accepts and that cannot be meant. */

#ifndef DEEPION_PLAUSIBILITY_H
#define DEEPION_PLAUSIBILITY_H

#include "pointers.h"

#include <string>
#include <vector>

namespace DEEPION {

// elements[i]: name of atom type i, [0] is not used. An error where the mass of a type is that of another of them: their
// order in pair_coeff is wrong; with `warn` a warning where it is far from that of its own element.
void check_masses(LAMMPS_NS::LAMMPS *lmp, const std::vector<std::string> &elements, bool warn);

// A warning where the time step must be in other units. `warned`: the time step of the last warning; returns that of this.
double check_timestep(LAMMPS_NS::LAMMPS *lmp, double warned);

}    // namespace DEEPION

#endif
