// SPDX-License-Identifier: MIT
// Why a command is refused, and which of its words is to blame.

#ifndef DEEPION_REFUSAL_H
#define DEEPION_REFUSAL_H

#include <string>

namespace DEEPION {

struct Refusal {
  static constexpr int COMMAND = -1;    // the command as a whole

  std::string text;    // empty: nothing is wrong
  int word = COMMAND;

  bool none() const { return text.empty(); }
  // The word as LAMMPS handed it to the style, nullptr for the command as a whole.
  const char *culprit(const char *const *arg) const { return word < 0 ? nullptr : arg[word]; }
};

}    // namespace DEEPION

#endif
