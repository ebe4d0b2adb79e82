// SPDX-License-Identifier: MIT
// Whether a shim fits the LAMMPS that runs.

#ifndef DEEPION_FIT_H
#define DEEPION_FIT_H

#include <string>

namespace DEEPION {

// Why it does not; empty if it does. `address` is that of a function of LAMMPS.
std::string misfit(void *lmp, void *address);

}    // namespace DEEPION

#endif
