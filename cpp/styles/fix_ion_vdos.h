#ifndef LMP_FIX_ION_VDOS_H
#define LMP_FIX_ION_VDOS_H

#include "fix_ion_sampling.h"

namespace LAMMPS_NS {

class FixIonVdos : public FixIonSampling {
 public:
  FixIonVdos(class LAMMPS *, int, char **);
  ~FixIonVdos() override;
  void init() override;
  double memory_usage() override;

 protected:
  void sample() override;
  std::string summary() override;
  void write_files() override;
  std::vector<std::string> files() const override;

 private:
  struct Sampler;    // the Rust side
  std::unique_ptr<Sampler> sampler;
  std::vector<std::string> names;    // of each species
  std::vector<double> masses;        // of each species
  std::vector<bigint> numbers;       // of atoms of each species
  std::vector<int> species;          // of each LAMMPS type; -1 = not in the group
  std::int64_t window;               // lags
  std::string settings;              // the others, for the log
  std::string vacf;                  // file name, or empty
  double ps;                         // picoseconds in one time unit

  std::vector<double> velocities;    // of this rank's atoms of the group, n x 3, A/ps
  std::vector<int> kinds;            // their species

  void find_species(const std::vector<std::string> &given);
};

}    // namespace LAMMPS_NS

#endif
