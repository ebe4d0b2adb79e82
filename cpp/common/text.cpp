// SPDX-License-Identifier: MIT
#include "text.h"

namespace DEEPION {

namespace {

  constexpr unsigned LAST_CODE_POINT = 0x10FFFF;
  constexpr unsigned FIRST_SURROGATE = 0xD800, LAST_SURROGATE = 0xDFFF;

  /* ----------------------------------------------------------------------
     bytes of the UTF-8 character that begins at `start`, 0 if there is none
     overlong forms, surrogates and code points beyond the last are none, as in Rust
  ------------------------------------------------------------------------- */

  std::size_t character_length(const std::string &text, std::size_t start)
  {
    const auto byte = [&](std::size_t k) {
      return static_cast<unsigned char>(text[k]);
    };
    const unsigned first = byte(start);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || start + length > text.size()) return 0;

    unsigned code = first & (0x7F >> length);
    for (std::size_t k = start + 1; k < start + length; k++) {
      if ((byte(k) & 0xC0) != 0x80) return 0;
      code = code << 6 | (byte(k) & 0x3F);
    }
    const unsigned least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
    const bool surrogate = code >= FIRST_SURROGATE && code <= LAST_SURROGATE;
    return code < least || code > LAST_CODE_POINT || surrogate ? 0 : length;
  }

}    // namespace

/* ---------------------------------------------------------------------- */

bool is_utf8(const std::string &text)
{
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = character_length(text, position);
    if (length == 0) return false;
    position += length;
  }
  return true;
}

/* ---------------------------------------------------------------------- */

std::string readable(const std::string &text)
{
  static const char digits[] = "0123456789ABCDEF";
  std::string result;
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = character_length(text, position);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[position++]);
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 0xF];
    } else {
      result.append(text, position, length);
      position += length;
    }
  }
  return result;
}

/* ---------------------------------------------------------------------- */

std::string utf8_problem(const std::string &text)
{
  if (is_utf8(text)) return {};
  return "'" + readable(text) +
      "' is not UTF-8 text: LAMMPS takes bytes out of characters beyond ASCII, so use ASCII "
      "in names of files and folders";
}

/* ---------------------------------------------------------------------- */

std::string joined(const std::vector<std::string> &words)
{
  std::string text;
  for (const auto &word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}    // namespace DEEPION
