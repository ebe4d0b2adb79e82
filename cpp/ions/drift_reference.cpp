// SPDX-License-Identifier: MIT
#include "drift_reference.h"

#include "atom.h"
#include "lammps.h"

using namespace LAMMPS_NS;
using deepion::ffi::Drift;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

DriftReference::DriftReference(LAMMPS *_lmp, const std::string &word) : lmp(_lmp), choice(word) {}

/* ---------------------------------------------------------------------- */

Drift DriftReference::drift() const
{
  if (choice == "none") return Drift::None;
  return choice == "com" ? Drift::Com : Drift::Framework;
}

/* ---------------------------------------------------------------------- */

bigint DriftReference::atoms(const IonAtoms &ions) const
{
  if (choice == "none") return 0;
  return choice == "com" ? lmp->atom->natoms : lmp->atom->natoms - ions.number();
}

/* ---------------------------------------------------------------------- */

std::vector<std::int64_t> DriftReference::locate(const IonAtoms &ions,
                                                 const Measurement &measurement) const
{
  const Atom *atom = lmp->atom;
  const bool com = choice == "com";
  std::vector<double> reference, weights;
  for (int i = 0; choice != "none" && i < atom->nlocal; i++) {
    if (!com && (atom->mask[i] & ions.groupbit())) continue;
    double r[3];
    ions.positions->position(i, r);
    reference.insert(reference.end(), r, r + 3);
    if (com) weights.push_back(atom->rmass ? atom->rmass[i] : atom->mass[atom->type[i]]);
  }
  rust::Vec<std::int64_t> mine;
  measurement.all([&] {
    mine =
        deepion::ffi::locate_ions(slice(ions.x), slice(ions.ids), slice(reference), slice(weights));
  });
  return measurement.sum(mine);
}

}    // namespace DEEPION
