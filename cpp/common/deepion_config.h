// SPDX-License-Identifier: MIT
// What this shim was compiled for, and where deepion is.

#ifndef DEEPION_CONFIG_H
#define DEEPION_CONFIG_H

// Whoever compiles a shim defines LAMMPS_VERSION_NUMBER, as 20250722, and LAMMPS_DESCRIPTOR, what
// LAMMPS::git_descriptor() of that LAMMPS gives.
#if !defined(LAMMPS_VERSION_NUMBER) || !defined(LAMMPS_DESCRIPTOR)
#error "define LAMMPS_VERSION_NUMBER and LAMMPS_DESCRIPTOR"
#endif

#include <string>

namespace DEEPION {

extern const char BUILT_FOR[];         // LAMMPS_DESCRIPTOR
std::string version();                 // of deepion
const std::string &plugin_folder();    // of the loader and of what comes with it
void set_plugin_folder(const char *folder);

}    // namespace DEEPION

#endif
