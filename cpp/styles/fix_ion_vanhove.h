// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_VANHOVE_H
#define LMP_FIX_ION_VANHOVE_H

#include "fix_ion.h"

#include "drift_reference.h"

#include "deepion-bridge/src/vanhove.rs.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace LAMMPS_NS {

class FixIonVanHove : public FixIon {
 public:
  FixIonVanHove(class LAMMPS *, int, char **);
  void init() override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void describe(deepion::ffi::Provenance &) const override;
  void write_own_files(const deepion::ffi::Provenance &) override;

 private:
  std::optional<DEEPION::DriftReference> reference;
  std::optional<rust::Box<deepion::ffi::VanHove>> vanhove;
  deepion::ffi::VanHoveSettings settings = {};
  std::string self_file;    // of the self part, or empty
  // the distinct part
  std::string partner_group, distinct_file;    // empty: none
  std::vector<double> partners;                // unwrapped positions of all of them, A, n x 3
  std::vector<std::int64_t> partner_ids;       // n

  void read_distinct(DEEPION::Words &words);
  void gather_partners();
};

}    // namespace LAMMPS_NS

#endif
