// SPDX-License-Identifier: MIT
#ifndef LMP_COMPUTE_ION_COORDINATION_H
#define LMP_COMPUTE_ION_COORDINATION_H

#include "compute.h"

#include <memory>
#include <string>
#include <vector>

namespace DEEPION {
class CoordinationCounts;
}

namespace LAMMPS_NS {

class ComputeIonCoordination : public Compute {
 public:
  ComputeIonCoordination(class LAMMPS *, int, char **);
  ~ComputeIonCoordination() override;
  void init() override;
  void init_list(int, class NeighList *) override;
  double compute_scalar() override;
  void compute_vector() override;
  void compute_array() override;
  void compute_peratom() override;
  double memory_usage() override;

 private:
  std::string name;    // style and ID, for messages
  std::unique_ptr<DEEPION::CoordinationCounts> neighbors;
  std::vector<double> rows;    // one for each cut-off
  int nmax;                    // atoms that per-atom values have room for

  void measure();
};

}    // namespace LAMMPS_NS

#endif
