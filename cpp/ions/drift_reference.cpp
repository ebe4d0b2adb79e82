#include "drift_reference.h"

#include "deepion-bridge/src/transport.rs.h"
#include "measurement.h"
#include "unwrapped_positions.h"

#include "atom.h"
#include "lammps.h"

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

deepion::ffi::Drift drift_of(const std::string &drift)
{
  using deepion::ffi::Drift;
  return drift == "framework" ? Drift::Framework : drift == "com" ? Drift::Com : Drift::None;
}

/* ---------------------------------------------------------------------- */

bigint reference_atoms(LAMMPS *lmp, const std::string &drift, bigint nions)
{
  if (drift == "none") return 0;
  return drift == "com" ? lmp->atom->natoms : lmp->atom->natoms - nions;
}

/* ---------------------------------------------------------------------- */

std::vector<std::int64_t> locate(LAMMPS *lmp, const std::string &drift, int groupbit,
                                 const UnwrappedPositions &positions,
                                 const std::vector<double> &ions,
                                 const std::vector<std::int64_t> &ids,
                                 const Measurement &measurement)
{
  const Atom *atom = lmp->atom;
  const bool com = drift == "com";
  std::vector<double> reference, weights;
  for (int i = 0; drift != "none" && i < atom->nlocal; i++) {
    if (!com && (atom->mask[i] & groupbit)) continue;
    double r[3];
    positions.position(i, r);
    reference.insert(reference.end(), r, r + 3);
    if (com) weights.push_back(atom->rmass ? atom->rmass[i] : atom->mass[atom->type[i]]);
  }
  const auto view = [](const std::vector<double> &values) {
    return rust::Slice<const double>(values.data(), values.size());
  };
  rust::Vec<std::int64_t> mine;
  measurement.all([&] {
    mine = deepion::ffi::locate_ions(view(ions),
                                     rust::Slice<const std::int64_t>(ids.data(), ids.size()),
                                     view(reference), view(weights));
  });
  return measurement.sum(mine);
}

}    // namespace DEEPION
