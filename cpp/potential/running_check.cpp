// SPDX-License-Identifier: MIT
#include "running_check.h"

#include "errors.h"
#include "model_runner.h"
#include "rust_log.h"
#include "units.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "fmt/format.h"
#include "lammps.h"
#include "timer.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  // Steps between two checks where the user does not choose, in large systems; and atoms times steps
  // in small ones. A check takes as long as 1,500 to 3,500 atoms of the default networks do at a step:
  // at most 1 % of the time.
  constexpr int DEFAULT_EVERY = 100;
  constexpr std::int64_t ATOM_STEPS = 350000;

  // Errors of most atoms in their turn above this part of the limit: it is the system that errs, no
  // single atom.
  constexpr double TYPICAL_TO_LIMIT = 0.05;

  // Of so many atoms one is compared because it is the least like the others, at most MOST_UNLIKE.
  constexpr std::int64_t ATOMS_PER_UNLIKE = 4000;
  constexpr std::int64_t MOST_UNLIKE = 64;

  /* ----------------------------------------------------------------------
     the value that as many atoms of all ranks reach as are wanted; `mine`: largest first
  ------------------------------------------------------------------------- */

  double threshold(LAMMPS *lmp, const std::vector<double> &mine)
  {
    const int most = static_cast<int>(mine.size());
    std::vector<double> all(mine.size() * lmp->comm->nprocs);
    MPI_Allgather(mine.data(), most, MPI_DOUBLE, all.data(), most, MPI_DOUBLE, lmp->world);
    std::nth_element(all.begin(), all.begin() + most - 1, all.end(), std::greater<>());
    return all[most - 1];
  }

  // In whole hundreds of steps.
  int default_every(std::int64_t atoms)
  {
    const std::int64_t steps = ATOM_STEPS / std::max<std::int64_t>(atoms, 1);
    return DEFAULT_EVERY *
        static_cast<int>(std::max<std::int64_t>(1, (steps + DEFAULT_EVERY - 1) / DEFAULT_EVERY));
  }

  struct Found {
    std::int64_t in_turn = 0, above = 0, unlike = 0;
    double squares = 0.0, largest = 0.0;
    std::int64_t tag = -1;
  };

  Found over_ranks(LAMMPS *lmp, const ffi::Watched &mine)
  {
    std::array<std::int64_t, 3> counts = {static_cast<std::int64_t>(mine.in_turn),
                                          static_cast<std::int64_t>(mine.above),
                                          static_cast<std::int64_t>(mine.unlike)};
    Found found;
    std::array<std::int64_t, 3> totals = {0, 0, 0};
    MPI_Allreduce(counts.data(), totals.data(), 3, MPI_INT64_T, MPI_SUM, lmp->world);
    found.in_turn = totals[0];
    found.above = totals[1];
    found.unlike = totals[2];
    MPI_Allreduce(&mine.squares, &found.squares, 1, MPI_DOUBLE, MPI_SUM, lmp->world);
    MPI_Allreduce(&mine.largest, &found.largest, 1, MPI_DOUBLE, MPI_MAX, lmp->world);
    const std::int64_t tag = mine.largest == found.largest ? mine.worst_tag : -1;
    MPI_Allreduce(&tag, &found.tag, 1, MPI_INT64_T, MPI_MAX, lmp->world);
    return found;
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void RunningCheck::configure(const PairArguments &args)
{
  *this = {};
  action = args.on_excess;
  asked_limit = args.excess_limit;
  asked_every = args.check ? args.check_every : 0;
}

/* ---------------------------------------------------------------------- */

void RunningCheck::decide(const ModelRunner &models, std::int64_t atoms)
{
  if (switched()) return;    // limits stay those of the networks that were checked
  const ffi::ModelInfo &info = models.driver().info;
  every = asked_every >= 0 ? asked_every : info.reduced_error > 0.0 ? default_every(atoms) : 0;
  limit = asked_limit > 0.0 ? asked_limit : info.watch_limit;
}

/* ----------------------------------------------------------------------
   a step is checked once, also where a run ends and the next begins, or after a restart
------------------------------------------------------------------------- */

bool RunningCheck::due(std::int64_t step) const
{
  return on() && !switched() && step % every == 0 && step != sums.last_step;
}

/* ---------------------------------------------------------------------- */

void RunningCheck::started(std::int64_t step)
{
  if (sums.last_step < 0) sums.last_step = step;
}

/* ---------------------------------------------------------------------- */

void RunningCheck::use_full_networks(LAMMPS *lmp, ModelRunner &models)
{
  stop_all_if(lmp, FLERR, models.use_full_networks(lmp));
}

/* ---------------------------------------------------------------------- */

bool RunningCheck::sample(LAMMPS *lmp, ModelRunner &models, const Step &step,
                          const std::vector<double> &energies, const Units &units)
{
  stop_all_if(lmp, FLERR, models.open_watcher(lmp));
  const std::int64_t now = lmp->update->ntimestep;
  const std::int64_t natoms = lmp->atom->natoms;

  // a rank that fails takes part in all that is collective

  ffi::Turn turn = {};
  turn.number = now / every;
  turn.atoms = natoms;
  turn.energies = view(energies);
  turn.typical = TYPICAL_TO_LIMIT * limit;
  std::vector<double> mine;
  std::string problem = models.moments(step, energies, mine);
  std::vector<double> moments(mine.size());
  MPI_Allreduce(mine.data(), moments.data(), static_cast<int>(mine.size()), MPI_DOUBLE, MPI_SUM,
                lmp->world);
  turn.moments = view(moments);
  std::vector<double> unlike(
      std::clamp((natoms + ATOMS_PER_UNLIKE - 1) / ATOMS_PER_UNLIKE, std::int64_t(1), MOST_UNLIKE));
  if (problem.empty()) problem = models.most_unlike(step, turn, unlike);
  turn.unlike = threshold(lmp, unlike);
  ffi::Watched watched = {};
  if (problem.empty()) problem = models.watch(step, turn, watched);
  if (!problem.empty()) problem += fmt::format(" (check of step {})", now);
  print_rust_log(lmp);
  stop_all_if(lmp, FLERR, problem);

  const Found found = over_ranks(lmp, watched);
  sums.last_step = now;
  sums.checks++;
  sums.in_turn += found.in_turn;
  sums.unlike += found.unlike;
  sums.squares += found.squares;
  if (found.tag >= 0 && found.largest > sums.largest) {
    sums.largest = found.largest;
    sums.worst_tag = found.tag;
    sums.worst_step = now;
  }
  publish(lmp, units);

  const bool most = 2 * found.above > found.in_turn;
  if (!most && !(found.largest > limit)) return false;
  sums.excesses++;
  if (told && action == OnExcess::WARN) return false;
  told = true;
  std::string text = fmt::format("check of step {}: ", now);
  if (found.largest > limit)
    text += fmt::format("the force on atom {} errs by {:.2g} eV/A (limit {:.2g})", found.tag,
                        found.largest, limit);
  else
    text += fmt::format("the forces on {} of {} atoms err by more than {:.2g} eV/A, on atom {} by "
                        "{:.2g} (limit {:.2g})",
                        found.above, found.in_turn, turn.typical, found.tag, found.largest, limit);
  const bool reduced = models.driver().info.reduced_error > 0.0;
  text += reduced ? ": it left the sample that the reduced networks were chosen by. "
                  : " against the full networks in float64. ";
  switch (action) {
    case OnExcess::WARN:
      if (lmp->comm->me == 0)
        lmp->error->warning(FLERR, "pair_style deepmd/onnx: {}{}. This warning comes once in a run",
                            text,
                            reduced ? "Use a smaller reduce or reduce 0, on_excess full, or export "
                                      "the model with --data of systems like this one"
                                    : "Use precision double");
      return false;
    case OnExcess::FULL:
      sums.full_step = now;
      if (lmp->comm->me == 0)
        utils::logmesg(
            lmp, "deepion: {}The full networks are used from this step on, on all ranks\n", text);
      return true;
    case OnExcess::STOP:
      if (lmp->comm->me == 0)
        utils::logmesg(
            lmp,
            "ERROR: pair_style deepmd/onnx: {}The run ends after this step, and no other "
            "one begins (on_excess stop). Use a smaller reduce or reduce 0, on_excess "
            "full, or export the model with --data of systems like this one\n",
            text);
      lmp->timer->force_timeout();
      return false;
  }
  return false;
}

/* ---------------------------------------------------------------------- */

double RunningCheck::rms() const
{
  return sums.in_turn > 0 ? sqrt(sums.squares / static_cast<double>(sums.in_turn)) : 0.0;
}

/* ---------------------------------------------------------------------- */

void RunningCheck::publish(LAMMPS *lmp, const Units &units)
{
  latest = {};
  if (lmp->comm->me != 0) return;
  latest = {units.force() * rms(), units.force() * sums.largest,
            static_cast<double>(sums.worst_tag), static_cast<double>(sums.worst_step),
            static_cast<double>(sums.in_turn + sums.unlike)};
}

/* ---------------------------------------------------------------------- */

std::string RunningCheck::found() const
{
  std::string text =
      fmt::format("{} atoms at {} steps, force error {:.2g} eV/A RMS, {:.2g} at most",
                  sums.in_turn + sums.unlike, sums.checks, rms(), sums.largest);
  if (sums.worst_tag >= 0)
    text += fmt::format(" (atom {}, step {})", sums.worst_tag, sums.worst_step);
  if (sums.excesses > 0) text += fmt::format(", above the limit at {} steps", sums.excesses);
  if (switched()) text += fmt::format(", the full networks from step {} on", sums.full_step);
  return text;
}

/* ---------------------------------------------------------------------- */

void RunningCheck::report(LAMMPS *lmp) const
{
  if (sums.checks > 0 && lmp->comm->me == 0) utils::logmesg(lmp, "deepion: check: {}\n", found());
}

/* ---------------------------------------------------------------------- */

std::string RunningCheck::headline() const
{
  return sums.checks > 0 ? "check of the model: " + found() : std::string();
}

/* ---------------------------------------------------------------------- */

std::string RunningCheck::summary() const
{
  if (!on() || switched()) return {};
  const char *what = action == OnExcess::WARN ? "a warning"
      : action == OnExcess::FULL              ? "the full networks"
                                              : "the end of the run";
  return fmt::format("  check: every {} steps; above {:.2g} eV/A on an atom, {}\n", every, limit,
                     what);
}

/* ---------------------------------------------------------------------- */

std::string RunningCheck::save(const std::string &what) const
{
  return std::string(reinterpret_cast<const char *>(&sums), sizeof(sums)) + what;
}

/* ---------------------------------------------------------------------- */

std::string RunningCheck::restore(const std::string &saved, const std::string &what)
{
  CheckSums read;
  if (saved.size() < sizeof(read)) return "the restart file is damaged: use an earlier one";
  memcpy(&read, saved.data(), sizeof(read));
  if (saved.substr(sizeof(read)) != what)
    return "the check of the restart file was of other networks";
  sums = read;
  return {};
}

}    // namespace DEEPION
