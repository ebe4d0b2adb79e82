#ifndef LMP_FIX_ION_COORDINATION_H
#define LMP_FIX_ION_COORDINATION_H

#include "fix_ion_sampling.h"

namespace DEEPION {
class IonNeighbors;
}

namespace LAMMPS_NS {

class FixIonCoordination : public FixIonSampling {
 public:
  FixIonCoordination(class LAMMPS *, int, char **);
  ~FixIonCoordination() override;
  void init() override;
  void init_list(int, class NeighList *) override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() override;
  deepion::ffi::Provenance provenance() override;

 private:
  struct Sampler;    // the Rust side
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<DEEPION::IonNeighbors> neighbors;
};

}    // namespace LAMMPS_NS

#endif
