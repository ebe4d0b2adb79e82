// The neighbour list as contiguous arrays, flattened once per rebuild.

#ifndef DEEPION_NEIGHBOR_CSR_H
#define DEEPION_NEIGHBOR_CSR_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace LAMMPS_NS {
class NeighList;
}

namespace DEEPION {

class NeighborCSR {
 public:
  // Flattens `list`; leaves out atoms and neighbours whose LAMMPS type is not `visible`
  // (visible[t] for t = 1..ntypes).
  void build(const LAMMPS_NS::NeighList *list, const int *type, const std::vector<char> &visible);

  std::vector<std::int32_t> centers;      // local atoms
  std::vector<std::size_t> offsets;       // centers.size() + 1
  std::vector<std::int32_t> neighbors;    // indices into local + ghost atoms, special bits removed

  std::size_t memory_bytes() const;
};

}    // namespace DEEPION

#endif
