// A measurement made in Rust, on all ranks together.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_MEASUREMENT_H
#define DEEPION_MEASUREMENT_H

#include "lammps_compat.h"

#include "deepion-bridge/src/lib.rs.h"

#include <memory>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class Measurement {
 public:
  // `name` begins every message: style and ID.
  Measurement(LAMMPS_NS::LAMMPS *lmp, const std::string &name,
              rust::Box<deepion::Analysis> &&analysis);

  deepion::Analysis &analysis() { return *handle; }

  // Collective: adds integers of all ranks.
  std::vector<std::int64_t> sum(const rust::Vec<std::int64_t> &mine) const;

  // Around a sample, on all ranks.
  void before_sample();
  void after_sample() { evaluated = false; }

  // Collective, where anything was sampled since the last call; else at once.
  const deepion::Results &results();
  std::vector<std::string> headline();
  std::string state();

  // On all ranks, with the same text.
  void restore(const std::string &state);

  // Collective. Files are written by rank 0; paths may be empty: not wanted.
  void write_table(const std::string &path, const std::vector<std::string> &provenance);
  void write_history(const std::string &path, const std::vector<std::string> &provenance,
                     std::int64_t step, bool anew, std::int64_t until_now);
  void write_state(const std::string &path, const std::vector<std::string> &provenance);
  void write_vacf(const std::string &path, const std::vector<std::string> &provenance);
  // Before anything is measured: whether these files can be written.
  void check_writable(const std::vector<std::string> &paths) const;

  // Collective: runs a call into Rust on all ranks; an error on any stops all of them.
  template <class Call> void all(Call &&call) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  rust::Box<deepion::Analysis> handle;
  deepion::Results latest;
  bool gathered = true;      // nothing sampled since increments were taken
  bool evaluated = false;    // `latest` is up to date

  void gather();
  template <class Write>
  void write(const std::string &path, const std::vector<std::string> &provenance, Write &&write);
  void stop_all(const std::string &problem) const;
};

}    // namespace DEEPION

#include "errors.h"

namespace DEEPION {

template <class Call> void Measurement::all(Call &&call) const
{
  stop_all(error_of(std::forward<Call>(call)));
}

// Collective: a measurement of the analysis that `open` returns; its failure stops all ranks.
template <class Open>
std::unique_ptr<Measurement> opened(LAMMPS_NS::LAMMPS *lmp, const std::string &name, Open &&open)
{
  std::unique_ptr<Measurement> measurement;
  const std::string problem = error_of([&] {
    measurement = std::make_unique<Measurement>(lmp, name, std::forward<Open>(open)());
  });
  stop_all_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
  return measurement;
}

}    // namespace DEEPION

#endif
