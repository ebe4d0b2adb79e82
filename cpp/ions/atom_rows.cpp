// SPDX-License-Identifier: MIT
#include "atom_rows.h"

#include <algorithm>

namespace DEEPION {

/* ---------------------------------------------------------------------- */

void AtomRows::grow(int nmax)
{
  if (static_cast<int>(slots.size()) < nmax) slots.resize(nmax, -1);
}

/* ----------------------------------------------------------------------
   a slot for a new row, while atoms 0 to `atoms` - 1 hold theirs
   LAMMPS does not say when an atom is gone, so slots are not given back one by one: when none is
   free, those that no atom holds are collected
------------------------------------------------------------------------- */

std::int32_t AtomRows::take_slot(int atoms)
{
  if (free.empty()) {
    const int capacity = static_cast<int>(values.size() / width);
    std::vector<char> used(capacity, 0);
    for (int i = 0; i < atoms; i++)
      if (has(i)) used[slots[i]] = 1;
    for (int slot = capacity - 1; slot >= 0; slot--)
      if (!used[slot]) free.push_back(slot);

    // a few free ones besides, so that this is not done for every atom
    const int spare = 8 + capacity / 20;
    const int missing = spare - static_cast<int>(free.size());
    if (missing > 0) {
      const int more = (missing + TILE - 1) / TILE * TILE;
      const std::size_t wanted = static_cast<std::size_t>(capacity + more) * width;
      values.reserve(wanted);    // this much and not twice as much
      values.resize(wanted);
      std::vector<std::int32_t> fresh;
      for (int slot = capacity + more - 1; slot >= capacity; slot--) fresh.push_back(slot);
      free.insert(free.begin(), fresh.begin(), fresh.end());    // taken last
    }
  }
  const std::int32_t slot = free.back();
  free.pop_back();
  return slot;
}

/* ---------------------------------------------------------------------- */

void AtomRows::create(int i)
{
  slots[i] = -1;
  slots[i] = take_slot(i);
  for (int k = 0; k < width; k++) at(i, k) = 0.0;
}

/* ---------------------------------------------------------------------- */

void AtomRows::sort(std::vector<int> &atoms) const
{
  const auto below = [this](int i, int j) {
    return slots[i] < slots[j];
  };
  if (std::is_sorted(atoms.begin(), atoms.end(), below)) return;
  // slots are few and all different: an atom for each is faster than comparisons
  std::vector<int> holder(values.size() / width, -1), sorted;
  sorted.reserve(atoms.size());
  for (const int i : atoms) {
    if (has(i))
      holder[slots[i]] = i;
    else
      sorted.push_back(i);
  }
  for (const int i : holder)
    if (i >= 0) sorted.push_back(i);
  atoms.swap(sorted);
}

/* ---------------------------------------------------------------------- */

int AtomRows::pack(int i, double *buf)
{
  buf[0] = has(i) ? 1.0 : 0.0;
  if (has(i))
    for (int k = 0; k < width; k++) buf[1 + k] = at(i, k);
  return size(i);
}

/* ---------------------------------------------------------------------- */

int AtomRows::unpack(int i, const double *buf)
{
  if (buf[0] == 0.0) {
    none(i);
    return 1;
  }
  create(i);
  for (int k = 0; k < width; k++) at(i, k) = buf[1 + k];
  return 1 + width;
}

/* ---------------------------------------------------------------------- */

std::size_t AtomRows::memory_bytes() const
{
  return values.capacity() * sizeof(double) +
      (slots.capacity() + free.capacity()) * sizeof(std::int32_t);
}

}    // namespace DEEPION
