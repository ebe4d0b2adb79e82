// SPDX-License-Identifier: MIT
// The atoms of a measurement: its group, rows of numbers that follow the ions, unwrapped positions,
// and the check that they stay the same atoms.

#ifndef DEEPION_ION_ATOMS_H
#define DEEPION_ION_ATOMS_H

#include "atom_rows.h"
#include "constant_groups.h"
#include "unwrapped_positions.h"

#include "lmptype.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class IonAtoms {
 public:
  // `name` begins every message. On all ranks: they stop if the group has no atoms.
  IonAtoms(LAMMPS_NS::LAMMPS *lmp, const std::string &name, int igroup);

  LAMMPS_NS::bigint number() const { return nions; }    // at the start
  const char *group_name() const;
  int groupbit() const;

  // Which groups must stay the same; the ions are the first one.
  ConstantGroups groups;

  // What the style needs, in its constructor. Rows are of the ions, positions of all atoms.
  void add_positions(const std::string &unwrap);
  void add_rows(int width);
  bool has_atom_data() const { return rows || positions; }

  std::unique_ptr<AtomRows> rows;                   // null: not needed
  std::unique_ptr<UnwrappedPositions> positions;    // null: not needed

  // Before a run.
  void init();
  // In every step.
  void update();

  // Collective, at a sample: lists this rank's ions, n. Stops where they are not the ions of the
  // first sample.
  void gather();
  std::vector<int> indices;         // local atoms
  std::vector<int> slots;           // their rows; empty without rows
  std::vector<std::int64_t> ids;    // atom IDs; empty without atom IDs
  std::vector<double> x;            // unwrapped positions, n x 3; empty without positions

  // What LAMMPS asks of a fix with per-atom data.
  void grow(int nmax);
  void copy(int i, int j);
  void added(int i);    // a new atom; whether it is an ion shows at the next sample
  int pack(int i, double *buf);
  int unpack(int i, const double *buf);
  int size(int i) const;
  int largest_size() const;
  // Whether `length` numbers are what pack() made of some atom.
  bool fits(const double *buf, int length) const;

  std::size_t memory_bytes() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  int igroup;
  LAMMPS_NS::bigint nions;

  void fail(const std::string &text) const;    // on all ranks
};

}    // namespace DEEPION

#endif
