// SPDX-License-Identifier: MIT
#include "model_in_use.h"

#include "model_runner.h"
#include "pair_deepmd_onnx.h"

#include "force.h"
#include "lammps.h"

using namespace LAMMPS_NS;

namespace DEEPION {

/* ----------------------------------------------------------------------
   hybrid styles can hold several
------------------------------------------------------------------------- */

static std::vector<const PairDeepmdOnnx *> styles_in_use(LAMMPS *lmp)
{
  std::vector<const PairDeepmdOnnx *> found;
  for (const char *name : {"deepmd/onnx", "deepmd"}) {
    const Pair *last = nullptr;
    for (int count = 1;; count++) {
      Pair *pair = lmp->force->pair_match(name, 1, count);
      // LAMMPS gives a single one for every count; another plugin may have the name deepmd
      const auto *style = dynamic_cast<PairDeepmdOnnx *>(pair);
      if (!style || pair == last) break;
      if (!style->models().empty()) found.push_back(style);
      last = pair;
    }
  }
  return found;
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> model_elements(LAMMPS *lmp)
{
  std::vector<std::string> elements;
  for (const PairDeepmdOnnx *style : styles_in_use(lmp)) {
    const std::vector<std::string> &names = style->models().elements();
    if (elements.empty()) elements = names;
    for (std::size_t i = 1; i < names.size() && i < elements.size(); i++)
      if (elements[i] == "NULL") elements[i] = names[i];
  }
  return elements;
}

/* ---------------------------------------------------------------------- */

std::string model_sha256(LAMMPS *lmp)
{
  std::string text;
  for (const PairDeepmdOnnx *style : styles_in_use(lmp))
    text += (text.empty() ? "" : "+") + std::string(style->models().driver().info.sha256);
  return text;
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> model_checks(LAMMPS *lmp)
{
  std::vector<std::string> lines;
  for (const PairDeepmdOnnx *style : styles_in_use(lmp)) {
    const std::string line = style->check_headline();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}    // namespace DEEPION
