// SPDX-License-Identifier: MIT
// Belongs to pair_style deepmd/onnx, which makes and deletes it: carries the sums of its check
// through restart files. A pair style that wrote to them itself would be asked for before its
// plugin is loaded.

#ifndef LMP_FIX_DEEPION_CHECK_H
#define LMP_FIX_DEEPION_CHECK_H

#include "fix.h"

#include <functional>
#include <string>

namespace LAMMPS_NS {

class FixDeepionCheck : public Fix {
 public:
  FixDeepionCheck(class LAMMPS *, int, char **);
  int setmask() override { return 0; }
  void write_restart(FILE *) override;
  void restart(char *) override;

  std::string restored;                  // from a restart file; empty: nothing
  std::function<std::string()> state;    // for restart files
};

}    // namespace LAMMPS_NS

#endif
