// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_VDOS_H
#define LMP_FIX_ION_VDOS_H

#include "fix_ion.h"

#include "deepion-bridge/src/vibrations.rs.h"

#include <optional>
#include <vector>

namespace LAMMPS_NS {

class FixIonVdos : public FixIon {
 public:
  FixIonVdos(class LAMMPS *, int, char **);
  void init() override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void write_own_files(const deepion::ffi::Provenance &) override;

 private:
  // atoms that share a name, such as the types of one element
  struct Species {
    std::string name;
    double mass;
    bigint atoms;
  };

  std::optional<rust::Box<deepion::ffi::Vibrations>> vibrations;
  std::vector<Species> species;
  std::vector<int> species_of;    // of each LAMMPS type; -1: not in the group
  std::int64_t window;            // lags
  std::string settings;           // the others, for the log
  std::string vacf;               // file name, or empty

  std::vector<double> velocities;    // of this rank's atoms of the group, n x 3, A/ps
  std::vector<int> kinds;            // their species

  void find_species(const std::vector<std::string> &given);
};

}    // namespace LAMMPS_NS

#endif
