// SPDX-License-Identifier: MIT
#ifndef LMP_COMPUTE_ION_MSD_H
#define LMP_COMPUTE_ION_MSD_H

#include "compute.h"

#include <string>

namespace LAMMPS_NS {

class ComputeIonMSD : public Compute {
 public:
  ComputeIonMSD(class LAMMPS *, int, char **);
  ~ComputeIonMSD() override;
  void init() override;
  void compute_vector() override;

 private:
  std::string fix_id;
  class FixIonDisplacement *fix;
};

}    // namespace LAMMPS_NS

#endif
