// SPDX-License-Identifier: MIT
// What the Rust side has to say, through LAMMPS' screen and log file.
// The environment variable DEEPION_LOG chooses how much: error, warn (default), info or debug.

#ifndef DEEPION_RUST_LOG_H
#define DEEPION_RUST_LOG_H

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Not collective. Rank 0 prints its messages since the last call, the other ranks drop theirs.
void print_rust_log(LAMMPS_NS::LAMMPS *lmp);

}    // namespace DEEPION

#endif
