// SPDX-License-Identifier: MIT
// Text that comes from a user: file names, element names, titles. LAMMPS takes any bytes, Rust only
// UTF-8.

#ifndef DEEPION_TEXT_H
#define DEEPION_TEXT_H

#include <string>
#include <vector>

namespace DEEPION {

bool is_utf8(const std::string &text);

// The text with each byte that is not part of UTF-8 written as \xNN, for messages.
std::string readable(const std::string &text);

// Why the text cannot be used, or empty if it is UTF-8.
std::string utf8_problem(const std::string &text);

// "a, b, c"
std::string joined(const std::vector<std::string> &words);

}    // namespace DEEPION

#endif
