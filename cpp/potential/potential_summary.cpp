// SPDX-License-Identifier: MIT
#include "potential_summary.h"

#include "deepion_config.h"
#include "element_names.h"
#include "model_deviation.h"
#include "model_runner.h"

#include "comm.h"
#include "fmt/format.h"
#include "lammps.h"

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

std::string potential_summary(LAMMPS *lmp, const ModelRunner &models,
                              const ModelDeviation &deviation, bool check)
{
  const std::size_t nmodels = models.size();
  const int nprocs = lmp->comm->nprocs;
  std::string text = fmt::format("deepion {}, pair_style deepmd/onnx\n", version());
  for (std::size_t k = 0; k < nmodels; k++) {
    if (nmodels > 1)
      text += fmt::format("  model {} of {}{}\n", k + 1, nmodels, k == 0 ? " (drives)" : "");
    for (const auto &line : models[k].info.summary) text += "  " + std::string(line) + "\n";
  }
  text += "  atom types: " + types_and_elements(models.elements()) + "\n";
  text += fmt::format("  LAMMPS: {}, {} MPI rank{}\n", BUILT_FOR, nprocs, nprocs > 1 ? "s" : "");
  if (nmodels > 1) text += deviation.summary();
  if (!check) text += "  self-check: off\n";
  return text;
}

}    // namespace DEEPION
