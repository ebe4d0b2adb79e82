// SPDX-License-Identifier: MIT
// Frame parameters (fparam) and parameters per atom (aparam) of a model: given as numbers, or taken
// from computes and fixes at every step.

#ifndef DEEPION_PARAMETERS_H
#define DEEPION_PARAMETERS_H

#include "pair_arguments.h"

#include <cstddef>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelRunner;

class Parameters {
 public:
  // Checks the number of values against what the models take. Returns an error text.
  std::string configure(const ParameterArguments &args, const ModelRunner &models);
  // Before a run: whether the computes and fixes are there and have what is needed. Returns an
  // error text, the same on all ranks.
  std::string check_sources(LAMMPS_NS::LAMMPS *lmp) const;
  // The values of this step. Returns an error text, the same on all ranks.
  std::string gather(LAMMPS_NS::LAMMPS *lmp);

  const std::vector<double> &fparam() const { return frame; }     // empty: the model's default
  const std::vector<double> &aparam() const { return atomic; }    // nlocal x number per atom
  std::string summary() const;    // a line on where they come from; empty: there are none
  std::size_t memory_bytes() const;

 private:
  ParameterArguments args;
  std::vector<double> defaults;           // of the model that drives
  std::size_t nframe = 0, natomic = 0;    // numbers that the models take
  std::vector<double> frame, atomic;

  std::string check_fparam_compute(LAMMPS_NS::LAMMPS *lmp) const;
  std::string check_fparam_fix(LAMMPS_NS::LAMMPS *lmp) const;
  std::string check_aparam_compute(LAMMPS_NS::LAMMPS *lmp) const;
  std::string gather_fparam(LAMMPS_NS::LAMMPS *lmp);
  std::string gather_aparam(LAMMPS_NS::LAMMPS *lmp);
};

}    // namespace DEEPION

#endif
