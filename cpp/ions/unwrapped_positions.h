// SPDX-License-Identifier: MIT
// Positions as if there were no periodic borders.

#ifndef DEEPION_UNWRAPPED_POSITIONS_H
#define DEEPION_UNWRAPPED_POSITIONS_H

#include "atom_rows.h"

#include <array>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// image: position plus image flags times the box as it is now. Right while the box stays the same.
// toroidal: displacements added up from step to step (von Buelow, Bullerjahn, Hummer, J. Chem.
// Phys. 153, 021101 (2020); Bullerjahn et al., J. Chem. Theory Comput. 19, 3406 (2023)): right in a
// changing box, where image flags times the box would move atoms that crossed a border long ago.
class UnwrappedPositions {
 public:
  enum Mode { AUTO, IMAGE, TOROIDAL };

  UnwrappedPositions(LAMMPS_NS::LAMMPS *lmp, Mode mode);

  // Before a run: changes over to toroidal where the box is going to change and the mode is auto.
  // From the positions of now on, so nothing jumps.
  void init();
  bool toroidal() const { return adding; }
  // In every step of a run; again in the same step changes nothing.
  void update();
  // Of local atom i.
  void position(int i, double *r) const;

  // Empty or a reason why positions of this step cannot be had; the same on all ranks.
  std::string problem() const { return trouble; }

  mutable AtomRows rows;    // u (3), x (3), image flags (3) of every local atom; toroidal only
  // Continues as saved; false: the mode does not allow it.
  bool restore(bool toroidal);
  void create(int i);    // a new atom begins where it is

 private:
  LAMMPS_NS::LAMMPS *lmp;
  Mode mode;
  bool adding = false;               // toroidal is in use
  std::array<double, 6> box = {};    // of the last step
  std::vector<int> images;           // image flags of this step
  bool box_known = false;
  std::string trouble;

  void image_position(int i, double *r) const;
};

// Parses "auto", "image", "toroidal".
UnwrappedPositions::Mode unwrapping_of(const std::string &word);

}    // namespace DEEPION

#endif
