// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_RDF_H
#define LMP_FIX_ION_RDF_H

#include "fix_ion.h"

#include "ion_neighbors.h"

#include "deepion-bridge/src/rdf.rs.h"

#include <optional>

namespace LAMMPS_NS {

class FixIonRDF : public FixIon {
 public:
  FixIonRDF(class LAMMPS *, int, char **);
  void init() override;
  void init_list(int, class NeighList *) override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void describe(deepion::ffi::Provenance &) const override;

 private:
  DEEPION::IonNeighbors neighbors;
  deepion::ffi::RdfSettings settings = {};
  std::optional<rust::Box<deepion::ffi::Rdf>> rdf;
};

}    // namespace LAMMPS_NS

#endif
