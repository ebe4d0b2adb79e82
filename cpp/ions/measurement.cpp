#include "measurement.h"

#include "comm.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

static rust::Vec<rust::String> lines_of(const std::vector<std::string> &lines)
{
  rust::Vec<rust::String> copies;
  for (const auto &line : lines) copies.push_back(rust::String::lossy(line));
  return copies;
}

/* ---------------------------------------------------------------------- */

Measurement::Measurement(LAMMPS *_lmp, const std::string &_name,
                         rust::Box<deepion::Analysis> &&analysis) :
    lmp(_lmp), name(_name), handle(std::move(analysis))
{
}

/* ---------------------------------------------------------------------- */

void Measurement::stop_all(const std::string &problem) const
{
  stop_all_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
}

/* ---------------------------------------------------------------------- */

std::vector<std::int64_t> Measurement::sum(const rust::Vec<std::int64_t> &mine) const
{
  std::vector<std::int64_t> sums(mine.size());
  MPI_Allreduce(mine.data(), sums.data(), static_cast<int>(mine.size()), MPI_INT64_T, MPI_SUM,
                lmp->world);
  return sums;
}

/* ----------------------------------------------------------------------
   sums are integers, so it does not matter how often they are taken
------------------------------------------------------------------------- */

void Measurement::gather()
{
  if (gathered) return;
  rust::Vec<std::int64_t> mine;
  all([&] {
    mine = handle->take_increments();
  });
  const auto sums = sum(mine);
  all([&] {
    handle->add_increments(rust::Slice<const std::int64_t>(sums.data(), sums.size()));
  });
  gathered = true;
}

/* ---------------------------------------------------------------------- */

void Measurement::before_sample()
{
  if (handle->full()) gather();
  gathered = false;
}

/* ---------------------------------------------------------------------- */

const deepion::Results &Measurement::results()
{
  gather();
  if (!evaluated)
    all([&] {
      latest = handle->results();
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
    lines = handle->headline();
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
    text = handle->state();
  });
  return std::string(text);
}

/* ---------------------------------------------------------------------- */

void Measurement::restore(const std::string &state)
{
  all([&] {
    handle->restore(state);
  });
  evaluated = false;
}

/* ----------------------------------------------------------------------
   all ranks bring their sums, rank 0 writes
------------------------------------------------------------------------- */

template <class Write>
void Measurement::write(const std::string &path, const std::vector<std::string> &provenance,
                        Write &&write)
{
  if (path.empty()) return;
  gather();
  const auto lines = lines_of(provenance);
  all([&] {
    if (lmp->comm->me == 0) write(rust::Slice<const rust::String>(lines.data(), lines.size()));
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_table(const std::string &path, const std::vector<std::string> &provenance)
{
  write(path, provenance, [&](auto lines) {
    handle->write_table(path, lines);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_history(const std::string &path, const std::vector<std::string> &provenance,
                                std::int64_t step, bool anew, std::int64_t until_now)
{
  write(path, provenance, [&](auto lines) {
    handle->write_history(path, lines, step, anew, until_now);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_vacf(const std::string &path, const std::vector<std::string> &provenance)
{
  write(path, provenance, [&](auto lines) {
    handle->write_vacf(path, lines);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::write_state(const std::string &path, const std::vector<std::string> &provenance)
{
  write(path, provenance, [&](auto lines) {
    handle->write_state(path, lines);
  });
}

/* ---------------------------------------------------------------------- */

void Measurement::check_writable(const std::vector<std::string> &paths) const
{
  for (const auto &path : paths)
    all([&] {
      if (lmp->comm->me == 0 && !path.empty()) deepion::check_writable(path);
    });
}

}    // namespace DEEPION
