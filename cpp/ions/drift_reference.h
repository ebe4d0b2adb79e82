// The atoms that displacements of ions are measured against.

#ifndef DEEPION_DRIFT_REFERENCE_H
#define DEEPION_DRIFT_REFERENCE_H

#include "lmptype.h"

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace deepion::ffi {
enum class Drift : std::uint8_t;
}

namespace DEEPION {
class Measurement;
class UnwrappedPositions;

// framework, com or none
deepion::ffi::Drift drift_of(const std::string &drift);

// Number of atoms in the reference `drift` of a group of `nions`.
LAMMPS_NS::bigint reference_atoms(LAMMPS_NS::LAMMPS *lmp, const std::string &drift,
                                  LAMMPS_NS::bigint nions);

// Collective: where this step's ions and reference atoms are, for an IonFrame.
// `ions`: unwrapped positions of this rank's atoms of the group, n x 3; `ids`: their IDs.
std::vector<std::int64_t> locate(LAMMPS_NS::LAMMPS *lmp, const std::string &drift, int groupbit,
                                 const UnwrappedPositions &positions,
                                 const std::vector<double> &ions,
                                 const std::vector<std::int64_t> &ids,
                                 const Measurement &measurement);

}    // namespace DEEPION

#endif
