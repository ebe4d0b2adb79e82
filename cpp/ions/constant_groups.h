// SPDX-License-Identifier: MIT
// Groups of atoms that must stay the same during a measurement: the same atoms, of the same types.

#ifndef DEEPION_CONSTANT_GROUPS_H
#define DEEPION_CONSTANT_GROUPS_H

#include "lmptype.h"

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ConstantGroups {
 public:
  // `name` begins every message.
  ConstantGroups(LAMMPS_NS::LAMMPS *_lmp, const std::string &_name) : lmp(_lmp), name(_name) {}

  // `what` its atoms are called in messages; `number` of them at the start.
  void add(const std::string &group, const std::string &what, LAMMPS_NS::bigint number);

  // Collective, at each sample. The first one decides which atoms, and which types, are the right
  // ones; where a later one differs, all ranks stop. So they do if any rank has a `problem`.
  void check(const std::string &problem = {});

  // For restart files.
  std::vector<std::int64_t> save() const;
  bool restore(const std::vector<std::int64_t> &saved);    // false: it does not fit

 private:
  // Sums over the atoms of a group that do not depend on their order.
  struct Fingerprint {
    std::uint64_t number = 0;     // atoms
    std::uint64_t members = 0;    // sum of a hash of the ID
    std::uint64_t types = 0;      // sum of a hash of ID and type
  };
  struct Group {
    std::string group, what;
    Fingerprint expected;
  };

  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  std::vector<Group> groups;
  bool known = false;    // which atoms are the right ones

  Fingerprint now(const std::string &group) const;    // of this rank
};

}    // namespace DEEPION

#endif
