// SPDX-License-Identifier: MIT
// Where the time of the pair style goes, since the last run ended.

#ifndef DEEPION_TIMING_H
#define DEEPION_TIMING_H

#include "lmptype.h"

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelRunner;

class Timing {
 public:
  void step_begins();
  void lists_done();    // neighbor lists were handed over
  void step_ends();

  // Collective: prints the table and begins again.
  void print(LAMMPS_NS::LAMMPS *lmp, ModelRunner &models);

 private:
  double begun = 0.0;
  double seconds = 0.0;    // of this rank in compute()
  double lists = 0.0;      // of these, handing over new neighbor lists
  LAMMPS_NS::bigint steps = 0;
};

}    // namespace DEEPION

#endif
