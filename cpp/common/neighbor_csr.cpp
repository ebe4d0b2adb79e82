// SPDX-License-Identifier: MIT
#include "neighbor_csr.h"

#include "atom.h"
#include "lammps.h"
#include "neighbor.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

void NeighborCSR::build_grouped(const NeighList *list, const int *type, std::size_t nall,
                                const std::vector<int> &group_of, int ngroups)
{
  centers.clear();
  offsets.assign(1, 0);
  if (!list) {
    neighbors.clear();
    return;
  }

  std::vector<int> group(nall);
  for (std::size_t i = 0; i < nall; i++) group[i] = group_of[type[i]];
  std::size_t most = 0;
  for (int ii = 0; ii < list->inum; ii++) most += list->numneigh[list->ilist[ii]];
  neighbors.resize(most);
  centers.reserve(list->inum);
  offsets.reserve(static_cast<std::size_t>(list->inum) * ngroups + 1);

  std::vector<std::size_t> next(ngroups);    // where the next neighbor of each group goes
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii];
    if (group[i] < 0) continue;
    const int *jlist = list->firstneigh[i];
    const int jnum = list->numneigh[i];
    std::fill(next.begin(), next.end(), 0);
    for (int jj = 0; jj < jnum; jj++) {
      const int g = group[jlist[jj] & NEIGHMASK];
      if (g >= 0) next[g]++;
    }
    for (auto &place : next) {
      const std::size_t start = offsets.back();
      offsets.push_back(start + place);
      place = start;
    }
    for (int jj = 0; jj < jnum; jj++) {
      const int j = jlist[jj] & NEIGHMASK;
      if (group[j] >= 0) neighbors[next[group[j]]++] = j;
    }
    centers.push_back(i);
  }
  neighbors.resize(offsets.back());
}

/* ---------------------------------------------------------------------- */

std::size_t NeighborCSR::memory_bytes() const
{
  return centers.capacity() * sizeof(std::int32_t) + offsets.capacity() * sizeof(std::size_t) +
      neighbors.capacity() * sizeof(std::int32_t);
}

/* ---------------------------------------------------------------------- */

bool special_bonds_hide(LAMMPS *lmp, const std::vector<char> &visible)
{
  const Atom *atom = lmp->atom;
  const int *flag = lmp->neighbor->special_flag;
  int hidden = 0;
  if (atom->molecular == Atom::MOLECULAR && atom->nspecial) {
    for (int i = 0; i < atom->nlocal; i++) {
      if (!visible[atom->type[i]]) continue;
      for (int k = 0; k < 3; k++) {
        const int count = atom->nspecial[i][k] - (k ? atom->nspecial[i][k - 1] : 0);
        if (count > 0 && flag[k + 1] == 0) hidden = 1;
      }
    }
  } else if (atom->molecular == Atom::TEMPLATE) {
    for (int k = 1; k <= 3; k++) hidden |= flag[k] == 0;
  }
  int any = 0;
  MPI_Allreduce(&hidden, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  return any != 0;
}

}    // namespace DEEPION
