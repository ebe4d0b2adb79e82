// SPDX-License-Identifier: MIT
// The words of `pair_coeff * * Li S ...`. No MPI, no LAMMPS.

#ifndef DEEPION_ELEMENT_NAMES_H
#define DEEPION_ELEMENT_NAMES_H

#include "refusal.h"

#include <string>
#include <vector>

namespace DEEPION {

struct ElementRules {
  int ntypes = 0;
  std::string model;                 // its name, for messages
  std::vector<std::string> known;    // elements of the model, in its order
  // as in pair_style deepmd of DeePMD-kit there may be more or fewer names, or elements of the
  // model, than atom types: those left over stay out
  bool as_deepmd = false;
};

// Fills elements[i] with the name of atom type i, or NULL; [0] is unused. Without names the types
// are the elements that the model knows, in its order. `note`: what to warn about, or empty.
Refusal read_element_names(int narg, const char *const *arg, const ElementRules &rules,
                           std::vector<std::string> &elements, std::string &note);

// "1 = Li, 2 = S"
std::string types_and_elements(const std::vector<std::string> &elements);

}    // namespace DEEPION

#endif
