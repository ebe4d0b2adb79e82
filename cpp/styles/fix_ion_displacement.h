// SPDX-License-Identifier: MIT
// Belongs to compute ion/msd, which makes and deletes it: computes have no per-atom data of their
// own that would follow atoms and go into restart files.

#ifndef LMP_FIX_ION_DISPLACEMENT_H
#define LMP_FIX_ION_DISPLACEMENT_H

#include "fix_ion.h"

#include "drift_reference.h"

#include <optional>

namespace LAMMPS_NS {

class FixIonDisplacement : public FixIon {
 public:
  FixIonDisplacement(class LAMMPS *, int, char **);
  void post_constructor() override;

  static constexpr int VALUES = 6;
  // Collective: MSD x, y, z, total, collective, non-Gaussian parameter at this step.
  void measure(double *values);

 protected:
  void sample() override;

 private:
  std::optional<DEEPION::DriftReference> reference;
  std::optional<rust::Box<deepion::ffi::Displacement>> displacement;
};

}    // namespace LAMMPS_NS

#endif
