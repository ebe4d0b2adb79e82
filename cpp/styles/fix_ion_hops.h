// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_HOPS_H
#define LMP_FIX_ION_HOPS_H

#include "fix_ion.h"

#include "drift_reference.h"

#include "deepion-bridge/src/hops.rs.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace LAMMPS_NS {

class FixIonHops : public FixIon {
 public:
  FixIonHops(class LAMMPS *, int, char **);
  void setup(int) override;
  void end_of_step() override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void write_own_files(const deepion::ffi::Provenance &) override;

 private:
  std::optional<DEEPION::DriftReference> reference;
  std::optional<rust::Box<deepion::ffi::Hops>> hops;
  deepion::ffi::HopsSettings settings = {};
  std::string residence_file;    // or empty
  std::size_t count_place;       // in the row of an ion: its hops so far
  std::vector<double> counts;    // the same of each local atom, 0 for others: the vector of the fix

  void fill_vector();
};

}    // namespace LAMMPS_NS

#endif
