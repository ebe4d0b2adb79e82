// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_POLYHEDRA_H
#define LMP_FIX_ION_POLYHEDRA_H

#include "fix_ion.h"

#include "ion_neighbors.h"

#include "deepion-bridge/src/polyhedra.rs.h"

#include <optional>

namespace LAMMPS_NS {

class FixIonPolyhedra : public FixIon {
 public:
  FixIonPolyhedra(class LAMMPS *, int, char **);
  void init() override;
  void init_list(int, class NeighList *) override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void describe(deepion::ffi::Provenance &) const override;

 private:
  DEEPION::IonNeighbors neighbors;
  deepion::ffi::PolyhedraSettings settings = {};
  std::optional<rust::Box<deepion::ffi::Polyhedra>> polyhedra;
  std::vector<std::int64_t> ids;     // of this rank's atoms and their ghosts
  std::vector<std::int64_t> rows;    // of all ranks

  void gather(const rust::Vec<std::int64_t> &mine);
};

}    // namespace LAMMPS_NS

#endif
