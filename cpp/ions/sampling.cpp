// SPDX-License-Identifier: MIT
#include "sampling.h"

#include "deepion_config.h"
#include "errors.h"
#include "ion_atoms.h"
#include "lammps_compat.h"
#include "model_in_use.h"

#include "atom.h"
#include "comm.h"
#include "lammps.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

Sampling::Sampling(LAMMPS *_lmp, const std::string &_style, const std::string &_id) :
    lmp(_lmp), style(_style), id(_id), name("fix " + _style + " " + _id), claims(name),
    timestep(_lmp->update->dt)
{
}

/* ---------------------------------------------------------------------- */

void Sampling::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ---------------------------------------------------------------------- */

Words Sampling::begin(const std::vector<std::string> &own, int narg, char **arg)
{
  keywords = own;
  for (const char *common : {"start", "output", "file", "history", "state", "title"})
    keywords.push_back(common);
  Words words(name, keywords, narg - 3, arg + 3);
  every = words.integer64("Nevery", 1);
  return words;
}

/* ---------------------------------------------------------------------- */

bool Sampling::next(Words &words, std::string &keyword)
{
  while (!words.done()) {
    keyword = words.take();
    if (std::find(keywords.begin(), keywords.end(), keyword) == keywords.end())
      words.fail("unknown keyword '" + keyword + "'; keywords are " + joined(keywords));
    else if (keyword == "start")
      start = words.integer64(keyword, 0);
    else if (keyword == "output")
      output = words.integer64(keyword, 0);
    else if (keyword == "file")
      file = words.word(keyword, "a file name");
    else if (keyword == "history")
      history = words.word(keyword, "a file name");
    else if (keyword == "state")
      state = words.word(keyword, "a file name");
    else if (keyword == "title")
      title = words.word(keyword, "a title, in quotes");
    else
      return true;
  }
  return false;
}

/* ---------------------------------------------------------------------- */

void Sampling::finish(Words &words)
{
  if (output < 0) output = usual_outputs * every;
  if (words.good() && output % every)    // Nevery may be 0 otherwise
    words.fail_command(
        fmt::format("keyword output needs a multiple of Nevery ({}), not {}", every, output));
  refuse_if(lmp, FLERR, words);
  start = (start + every - 1) / every * every;
}

/* ---------------------------------------------------------------------- */

double Sampling::picoseconds() const
{
  const std::string units = lmp->update->unit_style;
  if (units == "metal") return 1.0;
  if (units == "real") return 1.0e-3;
  fail("units metal or units real are needed, not units " + units);
  return 0.0;
}

/* ---------------------------------------------------------------------- */

void Sampling::continue_after(bigint last_sample)
{
  last = last_sample;
  continued = true;
}

/* ---------------------------------------------------------------------- */

void Sampling::init(Measurement &measurement)
{
  check_timestep(measurement);
  const bigint step = lmp->update->ntimestep;
  if (measurement.set_model(model_sha256(lmp), step) && lmp->comm->me == 0)
    lmp->error->warning(
        FLERR,
        "{}: the measurement goes on with another model from step {} on: its results "
        "are those of no single model",
        name, step);
  measurement.check_writable(files());
  std::string text;
  measurement.all([&] {
    if (lmp->comm->me == 0) text = claims.take(files());
  });
  stop_all_if(lmp, FLERR, text.empty() ? text : name + ": " + text);
  if (continued && !history_begun) {
    history_begun = true;
    if (output > 0 && !output_is_due(last)) replaceable = last;
  }
}

/* ----------------------------------------------------------------------
   until the first sample the time step may still be set
------------------------------------------------------------------------- */

void Sampling::check_timestep(Measurement &measurement)
{
  const double now = lmp->update->dt;
  if (!times_matter || now == timestep) return;
  if (last >= 0)
    fail(fmt::format("the time step was {} when the measurement began and is {} now: lags would "
                     "mean other times; use another ID to start a new measurement",
                     timestep, now));
  timestep = now;
  measurement.set_timestep(timestep * picoseconds());
}

/* ---------------------------------------------------------------------- */

void Sampling::reset_dt() const
{
  const bool running = lmp->update->whichflag != 0;
  if (running && times_matter && lmp->update->dt != timestep)
    fail("the time step must not change (fix dt/reset) during the run");
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> Sampling::files() const
{
  std::vector<std::string> all = {file, history, state};
  all.insert(all.end(), own_files.begin(), own_files.end());
  return all;
}

/* ---------------------------------------------------------------------- */

void Sampling::setup(Measurement &measurement, const IonAtoms &atoms, Sampled &sampled,
                     double memory_bytes)
{
  end_of_step(measurement, atoms, sampled);
  if (announced) return;
  announced = true;

  double most = 0.0;
  MPI_Allreduce(&memory_bytes, &most, 1, MPI_DOUBLE, MPI_MAX, lmp->world);
  if (lmp->comm->me == 0)
    utils::logmesg(
        lmp,
        fmt::format("{}: {}\n  {}{}, memory: {:.3f} MB per MPI rank at most\n", name,
                    sampled.summary(),
                    continued ? "continues a measurement" : "begins a measurement",
                    start > lmp->update->ntimestep ? fmt::format(" at step {}", start) : "",
                    most / 1048576.0));
}

/* ---------------------------------------------------------------------- */

void Sampling::min_setup()
{
  if (last >= 0) minimized = true;
}

/* ---------------------------------------------------------------------- */

void Sampling::end_of_step(Measurement &measurement, const IonAtoms &atoms, Sampled &sampled)
{
  const bigint step = lmp->update->ntimestep;
  if (step % every || step < start || step == last) return;
  if (last >= 0 && step != last + every)
    fail(fmt::format("the last sample was taken at step {}, this is step {}: samples must follow "
                     "each other every {} steps; use another ID to start a new measurement",
                     last, step, every));
  if (minimized && times_matter)
    fail("a minimization came between two samples, and its steps are no time: use another ID to "
         "start a new measurement");

  measurement.before_sample();
  sampled.sample();
  measurement.after_sample();
  last = step;
  if (!output_is_due(step)) return;
  write_files(measurement, atoms, sampled);
  write_history(measurement, atoms, sampled);
}

/* ---------------------------------------------------------------------- */

void Sampling::post_run(Measurement &measurement, const IonAtoms &atoms, Sampled &sampled)
{
  if (last < 0 || last == reported) return;
  reported = last;
  write_files(measurement, atoms, sampled);
  if (!output_is_due(last)) write_history(measurement, atoms, sampled);
  for (const auto &line : measurement.headline())
    if (lmp->comm->me == 0) utils::logmesg(lmp, fmt::format("{}: {}\n", name, line));
}

/* ---------------------------------------------------------------------- */

void Sampling::write_files(Measurement &measurement, const IonAtoms &atoms, Sampled &sampled)
{
  auto from = provenance(atoms, sampled);
  for (const auto &line : model_checks(lmp)) from.notes.push_back(rust::String::lossy(line));
  sampled.prepare_files(!state.empty());
  measurement.write_table(file, from);
  measurement.write_state(state, from);
  sampled.write_own_files(from);
}

/* ---------------------------------------------------------------------- */

void Sampling::write_history(Measurement &measurement, const IonAtoms &atoms,
                             const Sampled &sampled)
{
  measurement.write_history(history, provenance(atoms, sampled), last, !history_begun, replaceable);
  history_begun = true;
  replaceable = output > 0 && !output_is_due(last) ? last : -1;
}

/* ----------------------------------------------------------------------
   the same for every run of a measurement: no date, no number of ranks
------------------------------------------------------------------------- */

deepion::ffi::Provenance Sampling::provenance(const IonAtoms &atoms, const Sampled &sampled) const
{
  deepion::ffi::Provenance from;
  from.title = rust::String::lossy(title);
  from.id = rust::String::lossy(id);
  from.lammps = rust::String::lossy(fmt::format("{} ({})", lmp->version, BUILT_FOR));
  from.units = rust::String::lossy(lmp->update->unit_style);
  from.group = rust::String::lossy(atoms.group_name());
  from.ions = atoms.number();
  from.atoms = lmp->atom->natoms;
  sampled.describe(from);
  return from;
}

}    // namespace DEEPION
