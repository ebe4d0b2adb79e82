// SPDX-License-Identifier: MIT
// The atoms that displacements of ions are measured against.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_DRIFT_REFERENCE_H
#define DEEPION_DRIFT_REFERENCE_H

#include "ion_atoms.h"
#include "measurement.h"

#include "deepion-bridge/src/transport.rs.h"

#include <string>
#include <vector>

namespace DEEPION {

class DriftReference {
 public:
  // `word`: framework (all atoms that are no ions), com (center of mass of all atoms) or none.
  DriftReference(LAMMPS_NS::LAMMPS *lmp, const std::string &word);

  const std::string &word() const { return choice; }
  deepion::ffi::Drift drift() const;
  // Number of atoms in the reference.
  LAMMPS_NS::bigint atoms(const IonAtoms &ions) const;

  // Collective: sums over all ranks that tell where this step's ions and reference atoms are.
  std::vector<std::int64_t> locate(const IonAtoms &ions, const Measurement &measurement) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string choice;
};

// Volume of the box (A^3) and temperatures (K, 0: not known) of a step.
struct Conditions {
  double volume = 0.0, temperature = 0.0, kinetic_temperature = 0.0;
};

// This step's ions, listed by gather(); `located`: of locate().
inline deepion::ffi::IonFrame frame_of(const std::vector<std::int64_t> &located, IonAtoms &ions,
                                       const Conditions &conditions)
{
  deepion::ffi::IonFrame frame;
  frame.located = slice(located);
  frame.positions = slice(ions.x);
  frame.ids = slice(ions.ids);
  frame.slots = slice(ions.slots);
  frame.tile = AtomRows::TILE;
  frame.rows = rust::Slice<double>(ions.rows->values.data(), ions.rows->values.size());
  frame.volume = conditions.volume;
  frame.temperature = conditions.temperature;
  frame.kinetic_temperature = conditions.kinetic_temperature;
  return frame;
}

// Collective: hands this step's ions to a Transport or Displacement.
template <class Sampler>
void sample_displacements(Sampler &sampler, const Measurement &measurement, IonAtoms &ions,
                          const DriftReference &reference, const Conditions &conditions)
{
  ions.gather();
  const auto located = reference.locate(ions, measurement);
  measurement.all([&] {
    sampler.sample(frame_of(located, ions, conditions));
  });
}

}    // namespace DEEPION

#endif
