// Deviation between several models: statistics over all ranks and the file DP-GEN reads.

#ifndef DEEPION_MODEL_DEVIATION_H
#define DEEPION_MODEL_DEVIATION_H

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// max, min, average deviation of the virial per atom, then of the force on an atom
using Deviation = std::array<double, 6>;

struct DeviationSettings {
  double relative = -1.0;      // eV/A, < 0 = absolute
  double relative_v = -1.0;    // eV, < 0 = absolute
  bool atomic = false;         // per-atom values wanted
  double factor = 1.0;         // from eV and eV/A to LAMMPS units
};

// Collective. `forces`: models x nlocal x 3, eV/A; `virials`: models x 9, eV, sum of this rank.
// Fills `deviation` and, if wanted, `per_atom` (by atom ID) on rank 0. Returns an error text.
std::string measure_deviation(LAMMPS_NS::LAMMPS *lmp, const DeviationSettings &settings,
                              const std::vector<double> &forces, const std::vector<double> &virials,
                              int models, Deviation &deviation, std::vector<double> &per_atom);

// The file, on rank 0 only.
class DeviationFile {
 public:
  ~DeviationFile();

  // Opens `path` for a run that starts at `step`: at step 0 as a new file; later it keeps all rows
  // before `step` as they are, and drops the rest. Returns an error text.
  std::string open(const std::string &path, std::int64_t step, bool atomic);
  bool is_open() const { return fp != nullptr; }
  void close();

  // A row; the same values for the same step (the end of one run, the start of the next) only once.
  // Returns an error text.
  std::string write(std::int64_t step, const Deviation &deviation,
                    const std::vector<double> &per_atom, bool setup);

 private:
  std::FILE *fp = nullptr;
  std::string path;
  std::int64_t last_step = -1;
  Deviation last = {};
};

}    // namespace DEEPION

#endif
