// SPDX-License-Identifier: MIT
#include "parameters.h"

#include "model_runner.h"
#include "text.h"

#include "atom.h"
#include "compute.h"
#include "fix.h"
#include "fmt/format.h"
#include "lammps.h"
#include "modify.h"
#include "update.h"

#include <algorithm>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

std::string Parameters::configure(const ParameterArguments &_args, const ModelRunner &models)
{
  args = _args;
  nframe = models.driver().info.numb_fparam;
  natomic = models.driver().info.numb_aparam;
  const auto &of_model = models.driver().info.default_fparam;
  defaults.assign(of_model.begin(), of_model.end());
  frame = args.fparam;
  atomic.clear();
  const std::string &name = models.driver().file;
  const bool fparam_from = !args.fparam_from_compute.empty() || !args.fparam_from_fix.empty();
  const bool aparam_from = !args.aparam_from_compute.empty();

  if (!args.fparam.empty() && args.fparam.size() != nframe)
    return fmt::format("keyword fparam: got {} values, but model {} takes {}", args.fparam.size(),
                       name, nframe);
  if (!args.aparam.empty() && args.aparam.size() != natomic)
    return fmt::format("keyword aparam: got {} values, but model {} takes {}", args.aparam.size(),
                       name, natomic);
  if (fparam_from && nframe == 0)
    return fmt::format("fparam_from_compute or fparam_from_fix: model {} takes no fparam", name);
  if (aparam_from && natomic == 0)
    return fmt::format("aparam_from_compute: model {} takes no aparam", name);

  bool has_default = true;
  for (std::size_t k = 0; k < models.size(); k++)
    has_default &= models[k].info.default_fparam.size() == nframe;
  if (nframe > 0 && args.fparam.empty() && !fparam_from && !has_default)
    return fmt::format("model {} takes {} frame parameters: give them with keyword fparam, "
                       "fparam_from_compute or fparam_from_fix",
                       name, nframe);
  if (natomic > 0 && args.aparam.empty() && !aparam_from)
    return fmt::format("model {} takes {} parameters per atom: give them with keyword aparam or "
                       "aparam_from_compute",
                       name, natomic);
  return {};
}

/* ---------------------------------------------------------------------- */

std::string Parameters::check_sources(LAMMPS *lmp) const
{
  std::string problem;
  if (!args.fparam_from_compute.empty()) problem = check_fparam_compute(lmp);
  if (problem.empty() && !args.fparam_from_fix.empty()) problem = check_fparam_fix(lmp);
  if (problem.empty() && !args.aparam_from_compute.empty()) problem = check_aparam_compute(lmp);
  return problem;
}

/* ---------------------------------------------------------------------- */

std::string Parameters::check_fparam_compute(LAMMPS *lmp) const
{
  const std::string &id = args.fparam_from_compute;
  const Compute *compute = lmp->modify->get_compute_by_id(id);
  if (!compute) return fmt::format("fparam_from_compute: there is no compute {}", id);
  if (nframe == 1 && !compute->scalar_flag)
    return fmt::format("fparam_from_compute: compute {} has no scalar", id);
  if (nframe > 1 && !compute->vector_flag)
    return fmt::format("fparam_from_compute: compute {} has no vector", id);
  if (nframe > 1 && !compute->size_vector_variable &&
      compute->size_vector < static_cast<int>(nframe))
    return fmt::format(
        "fparam_from_compute: the vector of compute {} has {} elements, but {} are needed", id,
        compute->size_vector, nframe);
  return {};
}

/* ---------------------------------------------------------------------- */

std::string Parameters::check_fparam_fix(LAMMPS *lmp) const
{
  const std::string &id = args.fparam_from_fix;
  const int first = args.fparam_fix_index;
  const int last = first - 1 + static_cast<int>(nframe);
  const Fix *fix = lmp->modify->get_fix_by_id(id);
  if (!fix) return fmt::format("fparam_from_fix: there is no fix {}", id);
  if (first == 0 && !fix->scalar_flag)
    return fmt::format("fparam_from_fix: fix {} has no scalar", id);
  if (first > 0 && !fix->vector_flag)
    return fmt::format("fparam_from_fix: fix {} has no vector", id);
  if (first > 0 && fix->size_vector < last)
    return fmt::format(
        "fparam_from_fix: the vector of fix {} has {} elements, but elements {} to {} are needed",
        id, fix->size_vector, first, last);
  return {};
}

/* ---------------------------------------------------------------------- */

std::string Parameters::check_aparam_compute(LAMMPS *lmp) const
{
  const std::string &id = args.aparam_from_compute;
  const Compute *compute = lmp->modify->get_compute_by_id(id);
  if (!compute) return fmt::format("aparam_from_compute: there is no compute {}", id);
  if (!compute->peratom_flag)
    return fmt::format("aparam_from_compute: compute {} has no values per atom", id);
  if (natomic == 1 && compute->size_peratom_cols != 0)
    return fmt::format(
        "aparam_from_compute: compute {} has an array per atom, but a vector is needed", id);
  if (natomic > 1 && compute->size_peratom_cols < static_cast<int>(natomic))
    return fmt::format("aparam_from_compute: compute {} has {} columns per atom, but {} are needed",
                       id, compute->size_peratom_cols, natomic);
  return {};
}

/* ----------------------------------------------------------------------
   a compute is invoked at every call: its invoked_flag only says that somebody invoked it some time
   ago, and at set-up or inside fix numdiff the same step is seen with other coordinates
------------------------------------------------------------------------- */

std::string Parameters::gather(LAMMPS *lmp)
{
  std::string problem = gather_fparam(lmp);
  if (problem.empty() && natomic > 0) problem = gather_aparam(lmp);
  return problem;
}

/* ---------------------------------------------------------------------- */

std::string Parameters::gather_fparam(LAMMPS *lmp)
{
  if (!args.fparam_from_compute.empty()) {
    const std::string &id = args.fparam_from_compute;
    Compute *compute = lmp->modify->get_compute_by_id(id);
    if (!compute) return fmt::format("fparam_from_compute: there is no compute {}", id);
    if (lmp->update->setupflag) compute->setup();    // degrees of freedom of a temperature
    frame.assign(nframe, 0.0);
    if (nframe == 1) {
      frame[0] = compute->compute_scalar();
      return {};
    }
    compute->compute_vector();
    if (compute->size_vector < static_cast<int>(nframe))
      return fmt::format(
          "fparam_from_compute: the vector of compute {} has {} elements, but {} are needed", id,
          compute->size_vector, nframe);
    std::copy_n(compute->vector, nframe, frame.begin());
  } else if (!args.fparam_from_fix.empty()) {
    Fix *fix = lmp->modify->get_fix_by_id(args.fparam_from_fix);
    if (!fix) return fmt::format("fparam_from_fix: there is no fix {}", args.fparam_from_fix);
    frame.assign(nframe, 0.0);
    const int first = args.fparam_fix_index;
    for (std::size_t k = 0; k < nframe; k++)
      frame[k] = first ? fix->compute_vector(first - 1 + static_cast<int>(k))
                       : fix->compute_scalar();
  }
  return {};
}

/* ---------------------------------------------------------------------- */

std::string Parameters::gather_aparam(LAMMPS *lmp)
{
  const std::size_t nlocal = lmp->atom->nlocal;
  atomic.resize(natomic * nlocal);
  if (args.aparam_from_compute.empty()) {
    for (std::size_t i = 0; i < nlocal; i++)
      std::copy_n(args.aparam.begin(), natomic, atomic.begin() + natomic * i);
    return {};
  }
  Compute *compute = lmp->modify->get_compute_by_id(args.aparam_from_compute);
  if (!compute)
    return fmt::format("aparam_from_compute: there is no compute {}", args.aparam_from_compute);
  if (lmp->update->setupflag) compute->setup();
  compute->compute_peratom();
  const bool column = compute->size_peratom_cols == 0;
  for (std::size_t i = 0; i < nlocal; i++)
    for (std::size_t k = 0; k < natomic; k++)
      atomic[natomic * i + k] = column ? compute->vector_atom[i] : compute->array_atom[i][k];
  return {};
}

/* ---------------------------------------------------------------------- */

std::string Parameters::summary() const
{
  std::vector<std::string> parts;
  const auto numbers = [](const std::vector<double> &values) {
    std::string text;
    for (const double value : values)
      text += fmt::format("{}{:.8g}", text.empty() ? "" : " ", value);
    return text;
  };
  if (nframe > 0) {
    if (!args.fparam_from_compute.empty())
      parts.push_back("fparam from compute " + args.fparam_from_compute);
    else if (!args.fparam_from_fix.empty())
      parts.push_back("fparam from fix " + args.fparam_from_fix);
    else if (!args.fparam.empty())
      parts.push_back("fparam " + numbers(args.fparam));
    else
      parts.push_back("fparam " + numbers(defaults) + " (default of the model)");
  }
  if (natomic > 0)
    parts.push_back(args.aparam_from_compute.empty()
                        ? "aparam " + numbers(args.aparam) + " of all atoms"
                        : "aparam from compute " + args.aparam_from_compute);
  return parts.empty() ? "" : "  " + joined(parts) + "\n";
}

/* ---------------------------------------------------------------------- */

std::size_t Parameters::memory_bytes() const
{
  return sizeof(double) * (frame.capacity() + atomic.capacity());
}

}    // namespace DEEPION
