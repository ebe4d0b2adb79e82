// SPDX-License-Identifier: MIT
// How much several models differ: in their forces, which are brought home to the ranks that own the
// atoms, and in their virials.

#ifndef DEEPION_MODEL_DEVIATION_H
#define DEEPION_MODEL_DEVIATION_H

#include "deviation_file.h"
#include "model_runner.h"
#include "pair_arguments.h"
#include "units.h"

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelDeviation {
 public:
  // Begins again, with these models; off where there is only one of them.
  void configure(const DeviationArguments &args, std::size_t models);
  bool on() const { return nmodels > 0; }
  bool due(std::int64_t step) const { return on() && step % args.every == 0; }
  bool atomic() const { return on() && args.atomic; }
  // Collective: opens the file if it is not open. Returns an error text, the same on all ranks.
  std::string open_file(LAMMPS_NS::LAMMPS *lmp);

  // Evaluates all models, adds the results of the first and keeps the forces and virials of all in
  // eV and A. Returns an error text.
  std::string evaluate(ModelRunner &models, const Step &step, const Results &results,
                       ffi::Totals &totals);
  // Of ghost atoms, for LAMMPS' reverse communication: 3 numbers per model and atom.
  int pack_forces(int n, int first, double *buf) const;
  void unpack_forces(int n, const int *indices, const double *buf);
  // Collective, with the forces at home: compares the models and writes a row.
  void compare(LAMMPS_NS::LAMMPS *lmp, const Units &units);

  // The latest values, LAMMPS units; on rank 0 only, as compute pair sums over ranks.
  static constexpr int NVALUES = 6;
  double *values() { return latest.data(); }

  std::string summary() const;    // a line
  std::size_t memory_bytes() const;

 private:
  DeviationArguments args;
  std::size_t nmodels = 0;        // 0: off
  std::size_t nall = 0;           // local and ghost atoms
  std::vector<double> forces;     // models x nall x 3, eV/A
  std::vector<double> virials;    // models x 9, eV, of this rank
  std::vector<double> eatom, vatom, cvatom;
  Deviation latest = {};
  DeviationFile file;

  void add_driver(const Results &results, ffi::Totals &totals) const;
  std::string measure_forces(LAMMPS_NS::LAMMPS *lmp, double factor, std::vector<double> &spread);
  std::string measure_virials(LAMMPS_NS::LAMMPS *lmp, double factor);
};

}    // namespace DEEPION

#endif
