// SPDX-License-Identifier: MIT
#include "measurement.h"

#include "deepion-bridge/src/files.rs.h"

#include "comm.h"
#include "lammps.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

Measurement::Measurement(LAMMPS *_lmp, const std::string &_name,
                         deepion::ffi::Measurement &_common) :
    lmp(_lmp), name(_name), common(_common)
{
}

/* ---------------------------------------------------------------------- */

int Measurement::row_width() const
{
  std::size_t width = 0;
  all([&] {
    width = common.row_width();
  });
  return static_cast<int>(width);
}

/* ---------------------------------------------------------------------- */

double Measurement::memory_bytes() const
{
  std::size_t bytes = 0;
  const std::string problem = error_of([&] {
    bytes = common.memory_bytes();
  });
  stop_one_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
  return static_cast<double>(bytes);
}

/* ---------------------------------------------------------------------- */

void Measurement::set_timestep(double picoseconds)
{
  all([&] {
    common.set_timestep(picoseconds);
  });
}

/* ---------------------------------------------------------------------- */

bool Measurement::set_model(const std::string &sha256, std::int64_t step)
{
  bool changed = false;
  all([&] {
    changed = common.set_model(rust_text(sha256), step);
  });
  return changed;
}

/* ---------------------------------------------------------------------- */

bool Measurement::writes() const
{
  return lmp->comm->me == 0;
}

/* ---------------------------------------------------------------------- */

void Measurement::stop_all(const std::string &problem) const
{
  stop_all_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
}

/* ---------------------------------------------------------------------- */

std::vector<std::int64_t> Measurement::sum(const rust::Vec<std::int64_t> &mine) const
{
  std::vector<std::int64_t> sums(mine.begin(), mine.end());
  sum_in_place(sums.data(), sums.size());
  return sums;
}

/* ----------------------------------------------------------------------
   in pieces: a grid may be large, and is not held twice
------------------------------------------------------------------------- */

void Measurement::sum_in_place(std::int64_t *values, std::size_t count) const
{
  constexpr std::size_t PIECE = 1 << 17;
  std::vector<std::int64_t> piece(std::min(count, PIECE));
  for (std::size_t at = 0; at < count; at += PIECE) {
    const std::size_t length = std::min(PIECE, count - at);
    std::copy_n(values + at, length, piece.begin());
    MPI_Allreduce(piece.data(), values + at, static_cast<int>(length), MPI_INT64_T, MPI_SUM,
                  lmp->world);
  }
}

/* ----------------------------------------------------------------------
   sums are integers, so it does not matter how often they are taken
------------------------------------------------------------------------- */

void Measurement::gather()
{
  if (gathered) return;
  rust::Vec<std::int64_t> mine;
  all([&] {
    mine = common.take_increments();
  });
  sum_in_place(mine.data(), mine.size());
  all([&] {
    common.add_increments(rust::Slice<const std::int64_t>(mine.data(), mine.size()));
  });
  gathered = true;
}

/* ---------------------------------------------------------------------- */

void Measurement::before_sample()
{
  bool full = false;    // the same on all ranks, and so is a failure
  const std::string problem = error_of([&] {
    full = common.full();
  });
  if (!problem.empty()) stop_one_if(lmp, FLERR, name + ": " + problem);
  if (full) gather();
  gathered = false;
}

/* ---------------------------------------------------------------------- */

const deepion::ffi::Results &Measurement::results()
{
  gather();
  if (!evaluated)
    all([&] {
      latest = common.results();
    });
  evaluated = true;
  return latest;
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> Measurement::headline()
{
  gather();
  rust::Vec<rust::String> lines;
  all([&] {
    lines = common.headline();
  });
  std::vector<std::string> text;
  for (const auto &line : lines) text.emplace_back(line);
  return text;
}

/* ---------------------------------------------------------------------- */

std::string Measurement::state()
{
  gather();
  rust::String text;
  all([&] {
    text = common.state();
  });
  return std::string(text);
}

/* ---------------------------------------------------------------------- */

void Measurement::restore(const std::string &state)
{
  all([&] {
    common.restore(rust::Slice<const std::uint8_t>(
        reinterpret_cast<const std::uint8_t *>(state.data()), state.size()));
  });
  evaluated = false;
}

/* ---------------------------------------------------------------------- */

void Measurement::write_table(const std::string &path, const deepion::ffi::Provenance &provenance)
{
  write(path, [&] {
    common.write_table(path_bytes(path), provenance);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_history(const std::string &path, const deepion::ffi::Provenance &provenance,
                                std::int64_t step, bool begin, std::int64_t replaces)
{
  write(path, [&] {
    common.write_history(path_bytes(path), provenance, step, begin, replaces);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_state(const std::string &path, const deepion::ffi::Provenance &provenance)
{
  write(path, [&] {
    common.write_state(path_bytes(path), provenance);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::check_writable(const std::vector<std::string> &paths) const
{
  for (const auto &path : paths)
    all([&] {
      if (lmp->comm->me == 0 && !path.empty()) deepion::ffi::check_writable(path_bytes(path));
    });
}

}    // namespace DEEPION
