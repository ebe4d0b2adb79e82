// SPDX-License-Identifier: MIT
#include "model_deviation.h"

#include "errors.h"

#include "atom.h"
#include "comm.h"
#include "fmt/format.h"
#include "lammps.h"
#include "update.h"

#include <algorithm>
#include <limits>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  constexpr int NVIRIAL = 9;

  /* ----------------------------------------------------------------------
     standard deviation over models of `values`, models x n x 3
  ------------------------------------------------------------------------- */

  std::string spread_of(const std::vector<double> &values, std::size_t models, double relative,
                        std::vector<double> &result)
  {
    result.clear();
    if (values.empty()) return {};
    return error_of([&] {
      const auto spreads = ffi::model_deviation(view(values), models, relative);
      result.assign(spreads.begin(), spreads.end());
    });
  }

  /* ----------------------------------------------------------------------
     per-atom values of all ranks on rank 0, element = atom ID - 1
  ------------------------------------------------------------------------- */

  std::string gather_by_id(LAMMPS *lmp, const std::vector<double> &values,
                           std::vector<double> &gathered)
  {
    Atom *atom = lmp->atom;
    const int nprocs = lmp->comm->nprocs;
    const int me = lmp->comm->me;
    int nlocal = atom->nlocal;

    std::vector<int> counts(nprocs), displacements(nprocs);
    MPI_Gather(&nlocal, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, lmp->world);
    for (int i = 1; i < nprocs; i++) displacements[i] = displacements[i - 1] + counts[i - 1];
    const int total = me == 0 ? displacements[nprocs - 1] + counts[nprocs - 1] : 0;

    std::vector<tagint> tags(total);
    std::vector<double> all(total);
    MPI_Gatherv(atom->tag, nlocal, MPI_LMP_TAGINT, tags.data(), counts.data(), displacements.data(),
                MPI_LMP_TAGINT, 0, lmp->world);
    MPI_Gatherv(values.data(), nlocal, MPI_DOUBLE, all.data(), counts.data(), displacements.data(),
                MPI_DOUBLE, 0, lmp->world);

    std::string problem;
    gathered.assign(total, 0.0);
    for (int i = 0; i < total; i++) {
      if (tags[i] < 1 || tags[i] > total)
        problem = fmt::format("pair_style deepmd/onnx atomic: atom IDs must run from 1 to the "
                              "number of atoms ({}), but there is an atom {}: use reset_atoms id",
                              total, tags[i]);
      else
        gathered[tags[i] - 1] = all[i];
    }
    return agreed_error(lmp, problem);
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void ModelDeviation::configure(const DeviationArguments &_args, std::size_t models)
{
  args = _args;
  nmodels = models > 1 && args.every > 0 ? models : 0;
  latest = {};
  file.close();
}

/* ---------------------------------------------------------------------- */

std::string ModelDeviation::open_file(LAMMPS *lmp)
{
  if (!on()) return {};
  std::string problem;
  if (lmp->comm->me == 0 && !file.is_open())
    problem = file.open(args.file, lmp->update->ntimestep, args.atomic);
  return agreed_error(lmp, problem);
}

/* ---------------------------------------------------------------------- */

std::string ModelDeviation::evaluate(ModelRunner &models, const Step &step, const Results &results,
                                     ffi::Totals &totals)
{
  totals = {};
  nall = models.nall();
  forces.assign(3 * nall * nmodels, 0.0);
  virials.assign(NVIRIAL * nmodels, 0.0);
  eatom.assign(results.eatom ? nall : 0, 0.0);
  vatom.assign(results.vatom ? 6 * nall : 0, 0.0);
  cvatom.assign(results.cvatom ? 9 * nall : 0, 0.0);
  if (nall == 0) return {};

  std::vector<Results> raw(nmodels);
  for (std::size_t k = 0; k < nmodels; k++) raw[k].f = forces.data() + 3 * nall * k;
  if (results.eatom) raw[0].eatom = eatom.data();
  if (results.vatom) raw[0].vatom = vatom.data();
  if (results.cvatom) raw[0].cvatom = cvatom.data();
  std::vector<ffi::Totals> sums;
  const std::string problem = models.evaluate(step, raw, sums);
  if (!problem.empty()) return problem;
  for (std::size_t k = 0; k < nmodels; k++)
    std::copy(sums[k].virial.begin(), sums[k].virial.end(), virials.begin() + NVIRIAL * k);
  totals = sums[0];
  add_driver(results, totals);
  return {};
}

/* ----------------------------------------------------------------------
   what the first model gave, times the factor, for LAMMPS
------------------------------------------------------------------------- */

void ModelDeviation::add_driver(const Results &results, ffi::Totals &totals) const
{
  const double factor = results.factor;
  totals.energy *= factor;
  for (double &value : totals.virial) value *= factor;
  const double of_forces = factor / results.length;
  for (std::size_t i = 0; i < 3 * nall; i++) results.f[i] += of_forces * forces[i];
  for (std::size_t i = 0; i < eatom.size(); i++) results.eatom[i] += factor * eatom[i];
  for (std::size_t i = 0; i < vatom.size(); i++) results.vatom[i] += factor * vatom[i];
  for (std::size_t i = 0; i < cvatom.size(); i++) results.cvatom[i] += factor * cvatom[i];
}

/* ---------------------------------------------------------------------- */

int ModelDeviation::pack_forces(int n, int first, double *buf) const
{
  int m = 0;
  for (int i = first; i < first + n; i++)
    for (std::size_t k = 0; k < nmodels; k++)
      for (int d = 0; d < 3; d++) buf[m++] = forces[3 * (nall * k + i) + d];
  return m;
}

/* ---------------------------------------------------------------------- */

void ModelDeviation::unpack_forces(int n, const int *indices, const double *buf)
{
  int m = 0;
  for (int i = 0; i < n; i++)
    for (std::size_t k = 0; k < nmodels; k++)
      for (int d = 0; d < 3; d++) forces[3 * (nall * k + indices[i]) + d] += buf[m++];
}

/* ---------------------------------------------------------------------- */

void ModelDeviation::compare(LAMMPS *lmp, const Units &units)
{
  std::vector<double> spread, per_atom;
  std::string problem = agreed_error(lmp, measure_forces(lmp, units.force(), spread));
  if (problem.empty()) problem = agreed_error(lmp, measure_virials(lmp, units.energy));
  if (problem.empty() && args.atomic) problem = gather_by_id(lmp, spread, per_atom);
  if (!problem.empty()) stop_all(lmp, FLERR, problem);
  if (lmp->comm->me == 0)
    stop_one_if(lmp, FLERR, file.write(lmp->update->ntimestep, latest, per_atom));
}

/* ----------------------------------------------------------------------
   one value per atom
------------------------------------------------------------------------- */

std::string ModelDeviation::measure_forces(LAMMPS *lmp, double factor, std::vector<double> &spread)
{
  const std::size_t nlocal = lmp->atom->nlocal;
  std::vector<double> local(3 * nlocal * nmodels);
  for (std::size_t k = 0; k < nmodels; k++)
    std::copy_n(forces.begin() + 3 * nall * k, 3 * nlocal, local.begin() + 3 * nlocal * k);
  const double relative = args.relative < 0.0 ? -1.0 : args.relative / factor;
  const std::string problem = spread_of(local, nmodels, relative, spread);

  double most = 0.0, least = std::numeric_limits<double>::max(), sum = 0.0;
  for (double &value : spread) {
    most = std::max(most, value);
    least = std::min(least, value);
    sum += value;
    value *= factor;
  }
  double all_most = 0.0, all_least = 0.0, all_sum = 0.0;
  MPI_Reduce(&most, &all_most, 1, MPI_DOUBLE, MPI_MAX, 0, lmp->world);
  MPI_Reduce(&least, &all_least, 1, MPI_DOUBLE, MPI_MIN, 0, lmp->world);
  MPI_Reduce(&sum, &all_sum, 1, MPI_DOUBLE, MPI_SUM, 0, lmp->world);
  if (lmp->comm->me == 0) {
    latest[3] = factor * all_most;
    latest[4] = factor * all_least;
    latest[5] = factor * all_sum / static_cast<double>(lmp->atom->natoms);
  }
  return problem;
}

/* ----------------------------------------------------------------------
   of the whole system, per atom
------------------------------------------------------------------------- */

std::string ModelDeviation::measure_virials(LAMMPS *lmp, double factor)
{
  std::vector<double> summed(virials.size());
  MPI_Reduce(virials.data(), summed.data(), static_cast<int>(virials.size()), MPI_DOUBLE, MPI_SUM,
             0, lmp->world);
  if (lmp->comm->me != 0) return {};
  const double natoms = static_cast<double>(lmp->atom->natoms);
  const double relative = args.relative_v < 0.0 ? -1.0 : args.relative_v / factor;
  return error_of([&] {
    const auto found = ffi::virial_deviation(view(summed), nmodels, natoms, relative);
    latest[0] = factor * found.largest;
    latest[1] = factor * found.smallest;
    latest[2] = factor * found.rms;
  });
}

/* ---------------------------------------------------------------------- */

std::string ModelDeviation::summary() const
{
  if (!on()) return "  model deviation: off (out_freq 0)\n";
  return fmt::format("  model deviation: every {} steps to {}\n", args.every, args.file);
}

/* ---------------------------------------------------------------------- */

std::size_t ModelDeviation::memory_bytes() const
{
  return sizeof(double) *
      (forces.capacity() + virials.capacity() + eatom.capacity() + vatom.capacity() +
       cvatom.capacity());
}

}    // namespace DEEPION
