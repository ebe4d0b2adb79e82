// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_DENSITY_H
#define LMP_FIX_ION_DENSITY_H

#include "fix_ion.h"

#include "drift_reference.h"

#include "deepion-bridge/src/density.rs.h"

#include <array>
#include <optional>

namespace LAMMPS_NS {

class FixIonDensity : public FixIon {
 public:
  FixIonDensity(class LAMMPS *, int, char **);
  void init() override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void prepare_files(bool state) override;
  void write_own_files(const deepion::ffi::Provenance &) override;

 private:
  std::optional<DEEPION::DriftReference> reference;
  std::optional<rust::Box<deepion::ffi::Density>> density;
  double spacing, temperature;    // Angstrom, K; 0: not given
  std::string cube, energy, chgcar;
  std::vector<double> positions;    // of this rank's ions, n x 3

  std::array<double, 6> cell() const;
  std::array<double, 3> corner() const;
  std::vector<std::int64_t> locate() const;
};

}    // namespace LAMMPS_NS

#endif
