// Belongs to compute ion/msd, which makes and deletes it: computes have no per-atom data of their
// own that would follow atoms and go into restart files.

#ifndef LMP_FIX_ION_DISPLACEMENT_H
#define LMP_FIX_ION_DISPLACEMENT_H

#include "fix_ion.h"

namespace LAMMPS_NS {

class FixIonDisplacement : public FixIon {
 public:
  FixIonDisplacement(class LAMMPS *, int, char **);
  ~FixIonDisplacement() override;
  int setmask() override;
  void post_constructor() override;
  void setup(int) override;
  void end_of_step() override;

  static constexpr int VALUES = 6;
  // Collective: MSD x, y, z, total, collective, non-Gaussian parameter at this step.
  void measure(double *values);

 private:
  struct Sampler;    // the Rust side
  std::unique_ptr<Sampler> sampler;
  std::string drift;    // framework, com or none

  void sample();
};

}    // namespace LAMMPS_NS

#endif
