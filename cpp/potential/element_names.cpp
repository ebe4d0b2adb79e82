// SPDX-License-Identifier: MIT
#include "element_names.h"

#include "text.h"

#include <cstring>

namespace DEEPION {

/* ---------------------------------------------------------------------- */

Refusal read_element_names(int narg, const char *const *arg, int ntypes, const std::string &model,
                           const std::vector<std::string> &known,
                           std::vector<std::string> &elements)
{
  for (int i = 0; i < 2; i++)
    if (narg <= i || strcmp(arg[i], "*") != 0)
      return {"pair_coeff of deepmd/onnx must start with '* *'", i < narg ? i : Refusal::COMMAND};

  elements.assign(1, "");
  const int given = narg - 2;
  if (given == 0) {
    const int count = static_cast<int>(known.size());
    if (ntypes != count)
      return {"pair_coeff * * without element names needs as many atom types as the model has "
              "elements, but there are " +
              std::to_string(ntypes) + " atom types and model " + model + " knows " +
              std::to_string(count) + " (" + joined(known) +
              "): name one element for each atom type"};
    elements.insert(elements.end(), known.begin(), known.end());
    return {};
  }
  if (given != ntypes)
    return {"pair_coeff: got " + std::to_string(given) + " element names, but there are " +
            std::to_string(ntypes) + " atom types: name one of " + joined(known) +
            " (or NULL) for each atom type"};
  for (int i = 2; i < narg; i++) {
    const std::string problem = utf8_problem(arg[i]);
    if (!problem.empty()) return {"pair_coeff of deepmd/onnx: " + problem, i};
    elements.emplace_back(arg[i]);
  }
  return {};
}

/* ---------------------------------------------------------------------- */

std::string types_and_elements(const std::vector<std::string> &elements)
{
  std::vector<std::string> pairs;
  for (std::size_t i = 1; i < elements.size(); i++)
    pairs.push_back(std::to_string(i) + " = " + elements[i]);
  return joined(pairs);
}

}    // namespace DEEPION
