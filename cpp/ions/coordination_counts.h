// SPDX-License-Identifier: MIT
// Neighbors of ions within cut-offs: what compute and fix ion/coordination share.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_COORDINATION_COUNTS_H
#define DEEPION_COORDINATION_COUNTS_H

#include "ion_neighbors.h"

namespace DEEPION {

class CoordinationCounts : public IonNeighbors {
 public:
  using IonNeighbors::IonNeighbors;

  // Arguments: the neighbor group comes first, then keywords, in any order.
  static std::vector<std::string> keywords() { return {"rcut", "most"}; }
  bool keyword(Words &words, const std::string &keyword);    // false: not one of these
  void finish_arguments(Words &words);

  std::vector<double> cutoffs;    // A, ascending
  int most = 6;                   // coordination numbers with a bin of their own

  int init() { return IonNeighbors::init(cutoffs.back(), "the largest cut-off"); }

  // Collective: counts neighbors at this moment.
  void count();
  rust::Vec<std::uint32_t> counts;    // of this rank's ions, ions x cut-offs
  const std::vector<std::int32_t> &centers() const { return neighbors.centers; }    // these ions

  std::string cutoffs_text() const;
  std::size_t memory_bytes() const;
};

}    // namespace DEEPION

#endif
