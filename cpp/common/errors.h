// SPDX-License-Identifier: MIT
// From a failure in Rust, on one rank or in a command to an error of LAMMPS.
//
//   error_of(call)        runs a call into Rust, returns its error text
//   agreed_error(text)    collective: one text for all ranks
//   stop_all(text)        all ranks have the same text: stop
//   stop_all_if(text)     collective: stop if any rank has a text
//   stop_one_if(text)     this rank alone, during a run: stop if it has a text
//   refuse(text, word)    a command is wrong: stop, and point at the word
//
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_ERRORS_H
#define DEEPION_ERRORS_H

#include "text.h"

#include "rust/cxx.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class Words;

// Text for Rust; only inside the call of error_of(), which reports text that is not UTF-8.
inline rust::Str rust_text(const std::string &text)
{
  const std::string problem = utf8_problem(text);
  if (!problem.empty()) throw std::invalid_argument(problem);
  return rust::Str(text);
}

// The bytes of a path for Rust. No std::string crosses: libraries of C++ have several kinds of it.
inline rust::Slice<const std::uint8_t> path_bytes(const std::string &path)
{
  return {reinterpret_cast<const std::uint8_t *>(path.data()), path.size()};
}

// Runs a call into Rust and returns its error text, empty if it went well. LAMMPS' own exceptions
// must pass, so only what Rust and text for Rust throw is caught. Whoever calls this is outside the
// try block again when it hands the text to LAMMPS.
template <class Call> std::string error_of(Call &&call)
{
  std::string text;
  try {
    std::forward<Call>(call)();
    return {};
  } catch (const rust::Error &failure) {
    text = failure.what();
  } catch (const std::invalid_argument &failure) {
    text = failure.what();
  }
  return text.empty() ? "unknown error in deepion" : text;
}

// Collective. The text of the lowest rank that has one, empty on all ranks if none has.
std::string agreed_error(LAMMPS_NS::LAMMPS *lmp, const std::string &text);

// On all ranks, with the same text: stops them with one message.
[[noreturn]] void stop_all(LAMMPS_NS::LAMMPS *lmp, const char *file, int line,
                           const std::string &text);

// Collective, at set-up and on steps where all ranks meet anyway: stops all ranks with one message
// if any rank has a text.
void stop_all_if(LAMMPS_NS::LAMMPS *lmp, const char *file, int line, const std::string &text);

// Not collective, during a run: stops at once if this rank has a text.
void stop_one_if(LAMMPS_NS::LAMMPS *lmp, const char *file, int line, const std::string &text);

// On all ranks, with the same text: the command that is being read is wrong. LAMMPS shows it and
// points at `word`, one of the words it handed to the style, or nullptr.
[[noreturn]] void refuse(LAMMPS_NS::LAMMPS *lmp, const char *file, int line,
                         const std::string &text, const char *word = nullptr);

// The same for the problem of `words`, if they have one.
void refuse_if(LAMMPS_NS::LAMMPS *lmp, const char *file, int line, const Words &words);

}    // namespace DEEPION

#endif
