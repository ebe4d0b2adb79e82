// SPDX-License-Identifier: MIT
#include "self_check.h"

#include "errors.h"
#include "model_runner.h"
#include "pair_arguments.h"
#include "rust_log.h"

#include "comm.h"
#include "error.h"
#include "fmt/format.h"
#include "lammps.h"
#include "utils.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  // The errors of the few atoms of a check scatter about the mean over many atoms. Beyond this
  // multiple of the error measured at export, these atoms are unlike those.
  constexpr double LARGEST_EXPECTED_RATIO = 5.0;

  struct Difference {
    double largest = 0.0;    // of the force on an atom, eV/A
    double rms = 0.0;        // eV/A
    double atoms = 0.0;      // sampled
  };

  /* ---------------------------------------------------------------------- */

  Difference over_ranks(LAMMPS *lmp, const ffi::CheckResult &result)
  {
    double mine = result.force_difference;
    if (!std::isfinite(mine)) mine = HUGE_VAL;
    const std::array<double, 2> sums = {result.squares, static_cast<double>(result.sampled)};
    std::array<double, 2> totals = {0.0, 0.0};
    Difference difference;
    MPI_Allreduce(&mine, &difference.largest, 1, MPI_DOUBLE, MPI_MAX, lmp->world);
    MPI_Allreduce(sums.data(), totals.data(), 2, MPI_DOUBLE, MPI_SUM, lmp->world);
    difference.atoms = totals[1];
    difference.rms = sqrt(totals[0] / std::max(1.0, 3.0 * totals[1]));
    return difference;
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void self_check(LAMMPS *lmp, ModelRunner &models, const Step &step, const PairArguments &args)
{
  for (std::size_t k = 0; k < models.size(); k++) {
    const Model &model = models[k];
    const double reduced_error = model.info.reduced_error;
    const double limit = args.check_limit > 0.0 ? args.check_limit : model.info.check_limit;
    ffi::CheckResult result = {};
    const std::string problem = models.self_check(k, step, result);
    print_rust_log(lmp);
    stop_all_if(lmp, FLERR, problem);
    const Difference difference = over_ranks(lmp, result);

    if (!(difference.largest <= limit)) {
      const std::string advice = reduced_error > 0.0 ? "try reduce 0, "
          : args.precision == "mixed"                ? "try precision double, "
                                                     : "";
      stop_all(lmp, FLERR,
               fmt::format("deepion: self-check failed: model {} as it runs here and its own graph "
                           "in float64 differ by {:.3g} eV/A in the force on one of {:.0f} atoms "
                           "(limit {:.3g}): {}a wrong result is possible; check_limit sets the "
                           "limit, check no turns the check off",
                           model.file, difference.largest, difference.atoms, limit, advice));
    }
    if (lmp->comm->me != 0) continue;
    utils::logmesg(lmp,
                   fmt::format("deepion: self-check: {:.0f} atoms, force difference {:.2g} eV/A "
                               "RMS, {:.3g} at most (limit {:.3g})\n",
                               difference.atoms, difference.rms, difference.largest, limit));
    if (reduced_error > 0.0 && difference.rms > LARGEST_EXPECTED_RATIO * reduced_error)
      lmp->error->warning(
          FLERR,
          "pair_style deepmd/onnx: the reduced networks of model {} err by {:.2g} eV/A RMS "
          "on atoms of this system, but by {:.2g} on those they were chosen by: use a "
          "smaller reduce, or export the model with --data of systems like this one",
          model.file, difference.rms, reduced_error);
  }
}

}    // namespace DEEPION
