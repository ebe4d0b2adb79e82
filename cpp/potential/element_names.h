// SPDX-License-Identifier: MIT
// The words of `pair_coeff * * Li S ...`. No MPI, no LAMMPS.

#ifndef DEEPION_ELEMENT_NAMES_H
#define DEEPION_ELEMENT_NAMES_H

#include "refusal.h"

#include <string>
#include <vector>

namespace DEEPION {

// Fills elements[i] with the name of atom type i, or NULL; [0] is unused. Without names the types
// are the elements that the model knows, in its order.
Refusal read_element_names(int narg, const char *const *arg, int ntypes, const std::string &model,
                           const std::vector<std::string> &known,
                           std::vector<std::string> &elements);

// "1 = Li, 2 = S"
std::string types_and_elements(const std::vector<std::string> &elements);

}    // namespace DEEPION

#endif
