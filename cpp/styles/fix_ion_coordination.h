// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_COORDINATION_H
#define LMP_FIX_ION_COORDINATION_H

#include "fix_ion.h"

#include "coordination_counts.h"

#include "deepion-bridge/src/coordination.rs.h"

#include <optional>

namespace LAMMPS_NS {

class FixIonCoordination : public FixIon {
 public:
  FixIonCoordination(class LAMMPS *, int, char **);
  void init() override;
  void init_list(int, class NeighList *) override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void describe(deepion::ffi::Provenance &) const override;

 private:
  DEEPION::CoordinationCounts neighbors;
  std::optional<rust::Box<deepion::ffi::Coordination>> coordination;
};

}    // namespace LAMMPS_NS

#endif
