// SPDX-License-Identifier: MIT
#include "timing.h"

#include "errors.h"
#include "model_runner.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "fmt/format.h"
#include "lammps.h"
#include "platform.h"
#include "utils.h"

#include <algorithm>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

void Timing::step_begins()
{
  begun = platform::walltime();
}

/* ---------------------------------------------------------------------- */

void Timing::lists_done()
{
  lists += platform::walltime() - begun;
}

/* ---------------------------------------------------------------------- */

void Timing::step_ends()
{
  seconds += platform::walltime() - begun;
  steps++;
}

/* ----------------------------------------------------------------------
   seconds of all threads of all ranks, and their cost per atom and step
------------------------------------------------------------------------- */

void Timing::print(LAMMPS *lmp, ModelRunner &models)
{
  const double threads = static_cast<double>(models.driver().info.threads);
  std::vector<PartTime> parts;
  stop_one_if(lmp, FLERR, models.take_times(parts));
  parts.front().seconds += lists;    // the first part is the neighbors
  parts.push_back({"all", threads * seconds});
  std::vector<double> mine, sum(parts.size());
  for (const PartTime &part : parts) mine.push_back(part.seconds);
  MPI_Allreduce(mine.data(), sum.data(), static_cast<int>(sum.size()), MPI_DOUBLE, MPI_SUM,
                lmp->world);
  const double count = static_cast<double>(std::max<bigint>(1, steps));
  const double natoms = static_cast<double>(std::max<bigint>(1, lmp->atom->natoms));
  *this = Timing();
  const double all = sum.back();
  if (lmp->comm->me != 0 || all <= 0.0) return;

  double other = all;
  for (std::size_t k = 0; k + 1 < sum.size(); k++) other -= sum[k];
  parts.insert(parts.end() - 1, {"other", 0.0});
  sum.insert(sum.end() - 1, std::max(0.0, other));
  std::string text = fmt::format("deepion: time in pair_style deepmd/onnx, {} ranks x {:.0f} "
                                 "threads, {:.0f} steps\n"
                                 "                 seconds x cores      %   core-us/atom/step\n",
                                 lmp->comm->nprocs, threads, count);
  for (std::size_t k = 0; k < sum.size(); k++)
    text += fmt::format("  {:<14} {:15.3f} {:6.1f} {:19.3f}\n", parts[k].name, sum[k],
                        100.0 * sum[k] / all, 1.0e6 * sum[k] / count / natoms);
  utils::logmesg(lmp, text);
}

}    // namespace DEEPION
