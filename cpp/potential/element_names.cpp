// SPDX-License-Identifier: MIT
#include "element_names.h"

#include "text.h"

#include <cstring>

namespace DEEPION {

/* ---------------------------------------------------------------------- */

Refusal read_element_names(int narg, const char *const *arg, const ElementRules &rules,
                           std::vector<std::string> &elements, std::string &note)
{
  note.clear();
  for (int i = 0; i < 2; i++)
    if (narg <= i || strcmp(arg[i], "*") != 0)
      return {"pair_coeff of deepmd/onnx must start with '* *'", i < narg ? i : Refusal::COMMAND};

  const bool bare = narg == 2;
  std::vector<std::string> names = bare ? rules.known : std::vector<std::string>();
  for (int i = 2; i < narg; i++) {
    const std::string problem = utf8_problem(arg[i]);
    if (!problem.empty()) return {"pair_coeff of deepmd/onnx: " + problem, i};
    names.emplace_back(arg[i]);
  }
  const int given = static_cast<int>(names.size()), ntypes = rules.ntypes;
  const std::string ask = "name one of " + joined(rules.known) + " (or NULL) for each atom type";
  if (given != ntypes && !rules.as_deepmd) {
    if (bare)
      return {"pair_coeff * * without element names needs as many atom types as the model has "
              "elements, but there are " +
              std::to_string(ntypes) + " atom types and model " + rules.model + " knows " +
              std::to_string(given) + " (" + joined(rules.known) +
              "): name one element for each atom type"};
    return {"pair_coeff: got " + std::to_string(given) + " element names, but there are " +
            std::to_string(ntypes) + " atom types: " + ask};
  }
  names.resize(ntypes, "NULL");
  elements.assign(1, "");
  elements.insert(elements.end(), names.begin(), names.end());
  if (given != ntypes)
    note = "pair_coeff: " + std::to_string(given) +
        (bare ? " elements of the model" : " element names") + " for " + std::to_string(ntypes) +
        " atom types: they are taken as pair_style deepmd of DeePMD-kit does (" +
        types_and_elements(elements) + "): to be sure, " + ask;
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
