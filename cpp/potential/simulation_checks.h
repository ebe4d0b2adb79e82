// SPDX-License-Identifier: MIT
// What must hold of a simulation for the potential to be right in it. Everything here is the same
// on all ranks.

#ifndef DEEPION_SIMULATION_CHECKS_H
#define DEEPION_SIMULATION_CHECKS_H

#include "units.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Before a run. `cutoff`: A; `atomic`: values are wanted by atom ID.
void check_simulation(LAMMPS_NS::LAMMPS *lmp, const Units &units, double cutoff, bool atomic);

// Once the neighbor lists of a run were made. `cutoff`: A; `visible`: of each atom type, whether
// the model sees it; `warn`: of excluded pairs. Returns whether it warned.
bool check_neighbors(LAMMPS_NS::LAMMPS *lmp, const Units &units, double cutoff,
                     const std::vector<char> &visible, bool warn);

// elements[i]: name of atom type i, [0] is not used. An error where the mass of a type is that of
// another of them, as their order in pair_coeff is wrong then; with `warn` a warning where it is
// far from that of its own element.
void check_masses(LAMMPS_NS::LAMMPS *lmp, const Units &units,
                  const std::vector<std::string> &elements, bool warn);

// A warning where the time step must be in other units. `warned`: the time step of the last
// warning; returns that of this one.
double check_timestep(LAMMPS_NS::LAMMPS *lmp, const Units &units, double warned);

// With `warn` a warning where threads of OpenMP, waiting in a busy loop, take processors from the
// `threads` of the pair style. Returns whether there was or would have been one.
bool check_waiting(LAMMPS_NS::LAMMPS *lmp, int threads, bool warn);

}    // namespace DEEPION

#endif
