// SPDX-License-Identifier: MIT
// Neighbors of ions within cut-offs: what ion/coordination and ion/rdf share.
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

  // Arguments: the neighbor group comes first, then keywords, in any order.
  static std::vector<std::string> keywords() { return {"rcut", "most"}; }
  void read_group(Words &words);
  bool keyword(Words &words, const std::string &keyword);    // false: not one of these
  void finish_arguments(Words &words);

  std::vector<double> cutoffs;             // A, ascending
  int most = 6;                            // coordination numbers with a bin of their own
  std::string group_name;                  // of the neighbors
  LAMMPS_NS::bigint natoms = 0;            // in it at the start
  LAMMPS_NS::NeighList *list = nullptr;    // as handed to the style

  // Before a run, collective: checks what can be, and returns what Neighbor::add_request() is to be
  // asked for.
  int init();

  // Collective: lists this rank's ions and their neighbors at this moment.
  const NeighborCSR &update();
  // The same, and counts them.
  void count();
  rust::Vec<std::uint32_t> counts;    // of this rank's ions, ions x cut-offs
  const std::vector<std::int32_t> &centers() const { return neighbors.centers; }    // these ions
  LAMMPS_NS::bigint shared() const;    // collective: atoms that are ions and neighbors

  std::string cutoffs_text() const;
  std::size_t memory_bytes() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  int igroup, jgroup = 0;
  NeighborCSR neighbors;
  std::vector<char> types;    // of each LAMMPS type: 1 if any atom of either group has it
  bool checked = false, warned = false;

  void fail(const std::string &text) const;    // collective
  double reach();
  void check_hidden();
};

}    // namespace DEEPION

#endif
