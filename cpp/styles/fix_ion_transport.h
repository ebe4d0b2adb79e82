#ifndef LMP_FIX_ION_TRANSPORT_H
#define LMP_FIX_ION_TRANSPORT_H

#include "fix_ion_sampling.h"

namespace LAMMPS_NS {

class FixIonTransport : public FixIonSampling {
 public:
  FixIonTransport(class LAMMPS *, int, char **);
  ~FixIonTransport() override;
  void init() override;

 protected:
  void sample() override;
  std::string summary() override;

 private:
  struct Sampler;    // the Rust side
  std::unique_ptr<Sampler> sampler;
  std::string drift;         // framework, com or none
  double temperature;        // K, 0 = not given
  std::string compute_id;    // of a compute that measures it, or empty
  class Compute *compute;
  std::string lags;    // as given, for the log

  double temperature_now();
};

}    // namespace LAMMPS_NS

#endif
