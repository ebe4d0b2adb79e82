// SPDX-License-Identifier: MIT
// Warnings of what models cannot know: more neighbors than they were made for, atoms too close.

#ifndef DEEPION_ALERTS_H
#define DEEPION_ALERTS_H

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelRunner;

class Alerts {
 public:
  // Collective: prints each kind of warning once.
  void report(LAMMPS_NS::LAMMPS *lmp, ModelRunner &models);

 private:
  bool warned_overflow = false;
  bool warned_close = false;
};

}    // namespace DEEPION

#endif
