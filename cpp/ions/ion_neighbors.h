// SPDX-License-Identifier: MIT
// Atoms of one group around the ions, from LAMMPS' neighbor list.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_ION_NEIGHBORS_H
#define DEEPION_ION_NEIGHBORS_H

#include "neighbor_csr.h"

#include "lmptype.h"

#include "rust/cxx.h"

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
class NeighList;
}    // namespace LAMMPS_NS

namespace DEEPION {

class Words;

class IonNeighbors {
 public:
  // `name` begins every message; `igroup`: the ions.
  IonNeighbors(LAMMPS_NS::LAMMPS *lmp, const std::string &name, int igroup);

  // The argument neighbor-group.
  void read_group(Words &words);
  std::string group_name;                  // of the neighbors
  LAMMPS_NS::bigint natoms = 0;            // in it at the start
  LAMMPS_NS::NeighList *list = nullptr;    // as handed to the style

  // Collective: atoms of this group that are ions.
  LAMMPS_NS::bigint shared() const;

  // Before a run, collective: checks what can be, and returns what Neighbor::add_request() is to be
  // asked for. Neighbors are needed up to `cutoff`, A, which messages call `what`.
  int init(double cutoff, const std::string &what);

  // Collective: lists the neighbors of this rank's ions at this moment. The list reaches farther than
  // the cutoff.
  const NeighborCSR &find();
  // Of this rank's atoms and their ghosts, to which the list refers.
  rust::Slice<const double> positions() const;

  std::size_t memory_bytes() const { return neighbors.memory_bytes(); }

 protected:
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  NeighborCSR neighbors;

 private:
  int igroup, jgroup = 0;
  std::vector<char> types;    // of each LAMMPS type: 1 if any atom of either group has it
  bool checked = false, warned = false;

  void fail(const std::string &text) const;    // collective
  double reach(double cutoff, const std::string &what);
  void check_hidden();
};

}    // namespace DEEPION

#endif
