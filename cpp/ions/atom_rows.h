// SPDX-License-Identifier: MIT
// Rows of numbers that belong to atoms and follow them: through reordering, from rank to rank, into
// restart files. Only atoms that have a row cost memory.

#ifndef DEEPION_ATOM_ROWS_H
#define DEEPION_ATOM_ROWS_H

#include <cstdint>
#include <vector>

namespace DEEPION {

class AtomRows {
 public:
  explicit AtomRows(int _width) : width(_width) {}

  // Rows lie in tiles: number k of all rows of a tile, then number k + 1. A measurement needs the same
  // numbers of all rows at once.
  static constexpr int TILE = 32;

  int width;                     // doubles in a row
  std::vector<double> values;    // all tiles

  bool has(int i) const { return slots[i] >= 0; }
  std::int32_t slot(int i) const { return slots[i]; }
  const std::int32_t *all_slots() const { return slots.data(); }    // of all local atoms
  double at(int i, int k) const { return values[place(i, k)]; }     // number k of the row of atom i
  double &at(int i, int k) { return values[place(i, k)]; }

  void sort(std::vector<int> &atoms) const;    // by their slots; those without one come first

  // What LAMMPS asks of a fix with per-atom data, for these rows.
  void grow(int nmax);    // room for this many atoms
  void create(int i);     // a row of zeros for atom i; atoms below i keep theirs
  void none(int i) { slots[i] = -1; }
  void copy(int i, int j) { slots[j] = slots[i]; }
  int size(int i) const { return 1 + (has(i) ? width : 0); }
  int largest_size() const { return 1 + width; }
  int pack(int i, double *buf);            // returns the numbers written
  int unpack(int i, const double *buf);    // returns the numbers read

  std::size_t memory_bytes() const;

 private:
  std::vector<std::int32_t> slots;    // of each local atom, -1 = none
  std::vector<std::int32_t> free;     // slots that no atom has

  std::size_t place(int i, int k) const
  {
    const std::size_t slot = slots[i];
    return (slot / TILE * width + k) * TILE + slot % TILE;
  }
  std::int32_t take_slot(int atoms);
};

}    // namespace DEEPION

#endif
