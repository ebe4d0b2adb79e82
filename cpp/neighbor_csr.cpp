#include "neighbor_csr.h"

#include "lmptype.h"
#include "neigh_list.h"

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

void NeighborCSR::build(const NeighList *list, const int *type, const std::vector<char> &visible)
{
  centers.clear();
  offsets.clear();
  neighbors.clear();
  offsets.push_back(0);
  if (!list) return;

  std::size_t total = 0;
  for (int ii = 0; ii < list->inum; ii++) total += list->numneigh[list->ilist[ii]];
  centers.reserve(list->inum);
  offsets.reserve(list->inum + 1);
  neighbors.reserve(total);

  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii];
    if (!visible[type[i]]) continue;
    const int *jlist = list->firstneigh[i];
    const int jnum = list->numneigh[i];
    for (int jj = 0; jj < jnum; jj++) {
      const int j = jlist[jj] & NEIGHMASK;
      if (visible[type[j]]) neighbors.push_back(j);
    }
    centers.push_back(i);
    offsets.push_back(neighbors.size());
  }
}

/* ---------------------------------------------------------------------- */

std::size_t NeighborCSR::memory_bytes() const
{
  return centers.capacity() * sizeof(std::int32_t) + offsets.capacity() * sizeof(std::size_t) +
      neighbors.capacity() * sizeof(std::int32_t);
}

}    // namespace DEEPION
