// SPDX-License-Identifier: MIT
#include "alerts.h"

#include "errors.h"
#include "model_runner.h"

#include "comm.h"
#include "error.h"
#include "fmt/format.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  std::string overflow_text(const ffi::Alerts &alerts, const Model &model)
  {
    const std::string element(alerts.overflow_element);
    return fmt::format("atom {} has {} neighbors{} within the cutoff, but model {} keeps only the "
                       "nearest {} (its sel)",
                       alerts.overflow_tag, alerts.overflow_found,
                       element.empty() ? "" : " of element " + element, model.file,
                       alerts.overflow_kept);
  }

  /* ---------------------------------------------------------------------- */

  std::string close_text(const ffi::Alerts &alerts, const Model &model)
  {
    const std::string limit = alerts.close_trained
        ? "any pair in the training data of model " + model.file
        : "atoms of a solid ever are";
    return fmt::format("atoms {} and {} are {:.4g} A apart, closer than {} ({:.4g} A)",
                       alerts.close_tag_i, alerts.close_tag_j, alerts.close_distance, limit,
                       alerts.close_limit);
  }

  /* ----------------------------------------------------------------------
     the text of the lowest rank that has one, once
  ------------------------------------------------------------------------- */

  void warn(LAMMPS *lmp, bool &warned, const std::string &mine, const std::string &advice)
  {
    warned = true;
    const std::string text = agreed_error(lmp, mine);
    if (lmp->comm->me == 0)
      lmp->error->warning(FLERR, "{}", text + advice + ". This warning comes once");
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void Alerts::report(LAMMPS *lmp, ModelRunner &models)
{
  if (warned_overflow && warned_close) return;

  std::string overflow, close;
  bigint counts[2] = {0, 0};
  for (std::size_t k = 0; k < models.size(); k++) {
    ffi::Alerts alerts = {};
    stop_one_if(lmp, FLERR, models.take_alerts(k, alerts));
    counts[0] += static_cast<bigint>(alerts.overflow_count);
    counts[1] += static_cast<bigint>(alerts.close_count);
    if (alerts.overflow_count > 0 && overflow.empty()) overflow = overflow_text(alerts, models[k]);
    if (alerts.close_count > 0 && close.empty()) close = close_text(alerts, models[k]);
  }
  bigint totals[2] = {0, 0};
  MPI_Allreduce(counts, totals, 2, MPI_LMP_BIGINT, MPI_SUM, lmp->world);

  if (totals[0] > 0 && !warned_overflow)
    warn(lmp, warned_overflow, overflow,
         fmt::format("; {} atoms so far. Forces jump when such neighbors come and go: train with a "
                     "larger sel, or check the density. 'sel error' stops the run instead",
                     totals[0]));
  if (totals[1] > 0 && !warned_close)
    warn(lmp, warned_close, close,
         fmt::format("; {} pairs so far. The model extrapolates there: check the structure, the "
                     "temperature and the time step",
                     totals[1]));
}

}    // namespace DEEPION
