// SPDX-License-Identifier: MIT
// The neighbor list as contiguous arrays, flattened once per rebuild.

#ifndef DEEPION_NEIGHBOR_CSR_H
#define DEEPION_NEIGHBOR_CSR_H

#include "neigh_list.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace DEEPION {

class NeighborCSR {
 public:
  // Flattens `list` with the neighbors of each center sorted into `ngroups` groups, in the order of
  // the list within a group: group_of[t] of LAMMPS type t = 1..ntypes, -1: left out, as a center
  // and as a neighbor. `nall`: local and ghost atoms.
  void build_grouped(const LAMMPS_NS::NeighList *list, const int *type, std::size_t nall,
                     const std::vector<int> &group_of, int ngroups);
  // Flattens `list` with only the atoms i where center(i) and the neighbors j where neighbor(j).
  template <class Center, class Neighbor>
  void build_if(const LAMMPS_NS::NeighList *list, Center &&center, Neighbor &&neighbor);

  std::vector<std::int32_t> centers;      // local atoms
  std::vector<std::size_t> offsets;       // centers.size() * groups + 1
  std::vector<std::int32_t> neighbors;    // indices into local + ghost atoms, special bits removed

  std::size_t memory_bytes() const;

 private:
  // The lists of chosen centers lie apart, and each is too short for the processor to fetch the rest of
  // it by itself in time.
  static constexpr std::size_t AHEAD = 4;
  static void fetch_row(const LAMMPS_NS::NeighList *list, int i)
  {
    constexpr int LINE = 64 / sizeof(int);
    for (int jj = 0; jj < list->numneigh[i]; jj += LINE)
      __builtin_prefetch(list->firstneigh[i] + jj);
  }
};

// Collective, once lists were made: whether special_bonds factors of 0 keep bonded atoms of visible
// types out of every list.
bool special_bonds_hide(LAMMPS_NS::LAMMPS *lmp, const std::vector<char> &visible);

template <class Center, class Neighbor>
void NeighborCSR::build_if(const LAMMPS_NS::NeighList *list, Center &&center, Neighbor &&neighbor)
{
  centers.clear();
  offsets.clear();
  offsets.push_back(0);
  if (!list) return neighbors.clear();

  std::size_t total = 0;
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii];
    if (!center(i)) continue;
    centers.push_back(i);
    total += list->numneigh[i];
  }
  offsets.reserve(centers.size() + 1);
  neighbors.resize(total);

  std::size_t found = 0;
  for (std::size_t k = 0; k < centers.size(); k++) {
    if (k + AHEAD < centers.size()) fetch_row(list, centers[k + AHEAD]);
    const int *jlist = list->firstneigh[centers[k]];
    const int jnum = list->numneigh[centers[k]];
    // Written in any case, and overwritten by the next one where it does not count: no branch to mispredict.
    for (int jj = 0; jj < jnum; jj++) {
      const int j = jlist[jj] & NEIGHMASK;
      neighbors[found] = j;
      found += neighbor(j) ? 1 : 0;
    }
    offsets.push_back(found);
  }
  neighbors.resize(found);
}

}    // namespace DEEPION

#endif
