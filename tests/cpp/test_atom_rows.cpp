// SPDX-License-Identifier: MIT
#include "atom_rows.h"
#include "check.h"

#include <map>
#include <random>

using namespace DEEPION;

TEST(atom_rows, only_atoms_with_a_row_cost_memory)
{
  AtomRows rows(3);
  rows.grow(1000);
  CHECK(rows.values.empty());
  CHECK_EQUAL(rows.size(7), 1);
  rows.create(7);
  CHECK(rows.has(7) && !rows.has(6));
  CHECK_EQUAL(rows.size(7), 4);
  CHECK(rows.values.size() <= 3 * AtomRows::TILE);
  for (int k = 0; k < 3; k++) CHECK_EQUAL(rows.at(7, k), 0.0);
}

TEST(atom_rows, numbers_of_a_tile_lie_together)
{
  AtomRows rows(2);
  rows.grow(3 * AtomRows::TILE);
  for (int i = 0; i < 3 * AtomRows::TILE; i++) {
    rows.create(i);
    for (int k = 0; k < 2; k++) rows.at(i, k) = 10 * i + k;
  }
  const std::size_t second = 2 * AtomRows::TILE;    // begins the second tile
  CHECK_EQUAL(rows.values[1], 10.0);
  CHECK_EQUAL(rows.values[AtomRows::TILE], 1.0);
  CHECK_EQUAL(rows.values[second + 3], 10.0 * (AtomRows::TILE + 3));

  std::vector<int> atoms = {5, 2, 9, 2 * AtomRows::TILE};
  rows.none(9);
  rows.copy(0, 5);
  rows.sort(atoms);
  CHECK(atoms == std::vector<int>({9, 5, 2, 2 * AtomRows::TILE}));
}

TEST(atom_rows, packing_and_unpacking)
{
  AtomRows here(2), there(2);
  here.grow(4);
  there.grow(4);
  here.create(1);
  here.at(1, 0) = 5.0;
  here.at(1, 1) = -6.0;
  std::vector<double> buffer(2 * here.largest_size());
  int size = here.pack(1, buffer.data());
  CHECK_EQUAL(size, 3);
  size += here.pack(2, buffer.data() + size);
  CHECK_EQUAL(size, 4);

  int read = there.unpack(0, buffer.data());
  read += there.unpack(1, buffer.data() + read);
  CHECK_EQUAL(read, size);
  CHECK(there.has(0) && !there.has(1));
  CHECK_EQUAL(there.at(0, 0), 5.0);
  CHECK_EQUAL(there.at(0, 1), -6.0);
}

// Atoms come, go and change places as in a run on many ranks; a map holds what each must have.

TEST(atom_rows, rows_follow_their_atoms)
{
  std::mt19937 random(1);
  AtomRows rows(2);
  rows.grow(64);
  std::vector<int> atoms;    // identity of local atom i
  std::map<int, double> expected;
  int next = 1;
  for (int round = 0; round < 20000; round++) {
    const int n = static_cast<int>(atoms.size());
    const int action = static_cast<int>(random() % 3);
    if (action == 0 && n < 60) {
      rows.create(n);
      const double value = next;
      rows.at(n, 0) = value;
      rows.at(n, 1) = -value;
      expected[next] = value;
      atoms.push_back(next++);
    } else if (action == 1 && n > 0) {    // the last atom takes the place of one that is gone
      const int i = static_cast<int>(random() % n);
      expected.erase(atoms[i]);
      rows.copy(n - 1, i);
      atoms[i] = atoms[n - 1];
      atoms.pop_back();
      rows.none(n - 1);
    } else if (n > 0) {
      const int i = static_cast<int>(random() % n);
      rows.at(i, 0) += 1.0;
      expected[atoms[i]] += 1.0;
    }
    for (std::size_t i = 0; i < atoms.size(); i++)
      if (!rows.has(i) || rows.at(i, 0) != expected[atoms[i]] || rows.at(i, 1) != -atoms[i]) {
        check::fail(__FILE__, __LINE__, "round " + std::to_string(round));
        return;
      }
  }
  CHECK(rows.values.size() < 2 * 200);    // slots are used again
}
