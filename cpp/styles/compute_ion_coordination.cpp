// SPDX-License-Identifier: MIT
#include "compute_ion_coordination.h"

#include "coordination_counts.h"
#include "errors.h"
#include "lammps_compat.h"
#include "words.h"

#include "deepion-bridge/src/coordination.rs.h"

#include "atom.h"
#include "group.h"
#include "memory.h"
#include "neighbor.h"
#include "update.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

static rust::Slice<const std::uint32_t> view(const rust::Vec<std::uint32_t> &counts)
{
  return rust::Slice<const std::uint32_t>(counts.data(), counts.size());
}

/* ---------------------------------------------------------------------- */

ComputeIonCoordination::ComputeIonCoordination(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("compute ion/coordination ") + id),
    neighbors(std::make_unique<CoordinationCounts>(lmp, name, igroup)), nmax(-1)
{
  const auto keywords = CoordinationCounts::keywords();
  Words words(name, keywords, narg - 3, arg + 3);
  neighbors->read_group(words);
  while (!words.done()) {
    const std::string key = words.take();
    if (!neighbors->keyword(words, key))
      words.fail("unknown keyword '" + key + "'; keywords are " + joined(keywords));
  }
  neighbors->finish_arguments(words);
  if (group->count(igroup) == 0) words.fail(std::string("group ") + arg[1] + " has no atoms");
  refuse_if(lmp, FLERR, words);

  scalar_flag = vector_flag = array_flag = peratom_flag = 1;
  extscalar = extvector = extarray = 0;
  const int n = static_cast<int>(neighbors->cutoffs.size());
  size_vector = size_array_rows = n;
  size_array_cols = neighbors->most + 6;
  size_peratom_cols = n == 1 ? 0 : n;
  vector = new double[n];
  memory->create(array, n, size_array_cols, "ion/coordination:array");
}

/* ---------------------------------------------------------------------- */

ComputeIonCoordination::~ComputeIonCoordination()
{
  delete[] vector;
  memory->destroy(array);
  memory->destroy(vector_atom);
  memory->destroy(array_atom);
}

/* ---------------------------------------------------------------------- */

void ComputeIonCoordination::init()
{
  neighbor->add_request(this, neighbors->init());
}

/* ---------------------------------------------------------------------- */

void ComputeIonCoordination::init_list(int, NeighList *list)
{
  neighbors->list = list;
}

/* ----------------------------------------------------------------------
   integers are added over ranks: the same bits for any number of them
------------------------------------------------------------------------- */

void ComputeIonCoordination::measure()
{
  neighbors->count();
  const auto &cutoffs = neighbors->cutoffs;
  rust::Vec<std::int64_t> mine;
  std::string problem = error_of([&] {
    mine = deepion::ffi::coordination_histogram(view(neighbors->counts), cutoffs.size(),
                                                neighbors->most);
  });
  stop_one_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
  std::vector<std::int64_t> sum(mine.size());
  MPI_Allreduce(mine.data(), sum.data(), static_cast<int>(sum.size()), MPI_INT64_T, MPI_SUM, world);
  problem = error_of([&] {
    const auto found = deepion::ffi::instantaneous_coordination(
        rust::Slice<const std::int64_t>(sum.data(), sum.size()),
        rust::Slice<const double>(cutoffs.data(), cutoffs.size()), neighbors->most);
    rows.assign(found.begin(), found.end());
  });
  stop_one_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
}

/* ---------------------------------------------------------------------- */

double ComputeIonCoordination::compute_scalar()
{
  invoked_scalar = update->ntimestep;
  measure();
  return scalar = rows[1];
}

/* ---------------------------------------------------------------------- */

void ComputeIonCoordination::compute_vector()
{
  invoked_vector = update->ntimestep;
  measure();
  for (int k = 0; k < size_vector; k++) vector[k] = rows[k * size_array_cols + 1];
}

/* ---------------------------------------------------------------------- */

void ComputeIonCoordination::compute_array()
{
  invoked_array = update->ntimestep;
  measure();
  std::copy(rows.begin(), rows.end(), &array[0][0]);
}

/* ---------------------------------------------------------------------- */

void ComputeIonCoordination::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  neighbors->count();
  const int n = size_vector;
  if (atom->nmax > nmax) {
    nmax = atom->nmax;
    memory->destroy(vector_atom);
    memory->destroy(array_atom);
    if (n == 1)
      memory->create(vector_atom, nmax, "ion/coordination:vector_atom");
    else
      memory->create(array_atom, nmax, n, "ion/coordination:array_atom");
  }
  double *values = n == 1 ? vector_atom : nmax ? &array_atom[0][0] : nullptr;
  std::fill_n(values, static_cast<std::size_t>(atom->nlocal) * n, 0.0);
  const auto &centers = neighbors->centers();
  for (std::size_t k = 0; k < centers.size(); k++)
    std::copy_n(neighbors->counts.begin() + k * n, n,
                values + static_cast<std::size_t>(centers[k]) * n);
}

/* ---------------------------------------------------------------------- */

double ComputeIonCoordination::memory_usage()
{
  return static_cast<double>(neighbors->memory_bytes()) +
      static_cast<double>(std::max(nmax, 0)) * size_vector * sizeof(double);
}
