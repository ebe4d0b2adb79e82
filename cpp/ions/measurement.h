// SPDX-License-Identifier: MIT
// A measurement made in Rust, on all ranks together.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_MEASUREMENT_H
#define DEEPION_MEASUREMENT_H

#include "lammps_compat.h"

#include "deepion-bridge/src/measurement.rs.h"

#include <optional>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

template <class Number> rust::Slice<const Number> slice(const std::vector<Number> &numbers)
{
  return rust::Slice<const Number>(numbers.data(), numbers.size());
}

class Measurement {
 public:
  // `name` begins every message: style and ID. `common` belongs to the sampler of a style, which must
  // live as long as this.
  Measurement(LAMMPS_NS::LAMMPS *lmp, const std::string &name, deepion::ffi::Measurement &common);

  // Numbers in the row of each atom.
  int row_width() const;
  // Bytes of the sums.
  double memory_bytes() const;
  void set_timestep(double picoseconds);
  // Before a run: SHA-256 of the model in use from `step` on; empty: the potential is no model.
  // Returns whether earlier samples were taken with another one.
  bool set_model(const std::string &sha256, std::int64_t step);

  // Collective: adds integers of all ranks.
  std::vector<std::int64_t> sum(const rust::Vec<std::int64_t> &mine) const;

  // Around a sample, on all ranks.
  void before_sample();
  void after_sample() { evaluated = false; }

  // Collective, where anything was sampled since the last call; else at once.
  const deepion::ffi::Results &results();
  std::vector<std::string> headline();
  std::string state();

  // On all ranks, with the same text.
  void restore(const std::string &state);

  // Collective. Files are written by rank 0; paths may be empty: not wanted.
  void write_table(const std::string &path, const deepion::ffi::Provenance &provenance);
  void write_history(const std::string &path, const deepion::ffi::Provenance &provenance,
                     std::int64_t step, bool begin, std::int64_t replaces);
  void write_state(const std::string &path, const deepion::ffi::Provenance &provenance);
  // The same for a file of the style's own.
  template <class Write> void write(const std::string &path, Write &&write);
  // Before anything is measured: whether these files can be written.
  void check_writable(const std::vector<std::string> &paths) const;

  // Collective: runs a call into Rust on all ranks; an error on any stops all of them.
  template <class Call> void all(Call &&call) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  deepion::ffi::Measurement &common;
  deepion::ffi::Results latest;
  bool gathered = true;      // nothing sampled since increments were taken
  bool evaluated = false;    // `latest` is up to date

  void gather();
  void sum_in_place(std::int64_t *values, std::size_t count) const;
  bool writes() const;    // this is rank 0
  void stop_all(const std::string &problem) const;
};

}    // namespace DEEPION

#include "errors.h"

namespace DEEPION {

template <class Call> void Measurement::all(Call &&call) const
{
  stop_all(error_of(std::forward<Call>(call)));
}

template <class Write> void Measurement::write(const std::string &path, Write &&write)
{
  if (path.empty()) return;
  gather();
  all([&] {
    if (writes()) write();
  });
}

// Collective: the sampler, a rust::Box, that `open` returns; its failure stops all ranks.
template <class Open> auto opened(LAMMPS_NS::LAMMPS *lmp, const std::string &name, Open &&open)
{
  std::optional<decltype(open())> sampler;
  const std::string problem = error_of([&] {
    sampler.emplace(std::forward<Open>(open)());
  });
  stop_all_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
  return std::move(*sampler);
}

}    // namespace DEEPION

#endif
