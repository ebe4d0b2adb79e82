// SPDX-License-Identifier: MIT
#ifndef LMP_FIX_ION_TRANSPORT_H
#define LMP_FIX_ION_TRANSPORT_H

#include "fix_ion.h"

#include "drift_reference.h"
#include "ion_species.h"

#include <optional>

namespace LAMMPS_NS {

class FixIonTransport : public FixIon {
 public:
  FixIonTransport(class LAMMPS *, int, char **);
  void init() override;
  void end_of_step() override;
  void post_run() override;

 protected:
  void sample() override;
  std::string summary() const override;
  void write_own_files(const deepion::ffi::Provenance &) override;

 private:
  std::optional<DEEPION::DriftReference> reference;
  std::optional<rust::Box<deepion::ffi::Transport>> transport;
  DEEPION::IonSpecies species;
  std::string onsager_file;    // or empty
  double charge;               // of an ion
  double temperature;          // K, 0: not given
  std::string compute_id;      // of a compute that measures it, or empty
  class Compute *compute;
  std::string lags;    // as given, for the log
  double goal;         // relative error of D at which a run ends, 0: none
  bool stopped;        // by this fix

  double temperature_now();
};

}    // namespace LAMMPS_NS

#endif
