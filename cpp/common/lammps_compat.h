// SPDX-License-Identifier: MIT
// Everything that depends on the version of LAMMPS.

#ifndef DEEPION_LAMMPS_COMPAT_H
#define DEEPION_LAMMPS_COMPAT_H

#include "deepion_config.h"

#include "error.h"
#include "input.h"

#include <cstdlib>
#include <string>

// The oldest LAMMPS that deepion is made for; scripts/deepion/shims/lammps_build.py has the same number. Before
// 24Mar2022 neighbor list requests and Comm::reverse_comm() were other functions.
#define DEEPION_OLDEST_LAMMPS 20220504

#if LAMMPS_VERSION_NUMBER < DEEPION_OLDEST_LAMMPS
#error "deepion needs LAMMPS 4May2022 or newer"
#endif

namespace DEEPION {

// What an error message shows of the input script, for error_all() below: a place from 0 on is a
// word of the current command.
constexpr int NO_WORD = -1;       // the command
constexpr int NO_COMMAND = -2;    // nothing: the failure has nothing to do with the command

namespace compat {

  // Error::NOLASTLINE and Error::ARGZERO appeared in early 2025, inside a release, together with
  // the calls that take a place: found by their names, not by a version.

  template <class ErrorType>
  auto place_for(ErrorType *, int place, int) -> decltype(ErrorType::ARGZERO, int())
  {
    if (place == NO_COMMAND) return ErrorType::NOLASTLINE;
    if (place == NO_WORD) return ErrorType::NOPOINTER;
    return place == 0 ? int(ErrorType::ARGZERO) : place;
  }

  template <class ErrorType>
  [[noreturn]] auto all(ErrorType *error, const char *file, int line, int place,
                        const std::string &text, int) -> decltype(ErrorType::ARGZERO, void())
  {
    error->all(file, line, place_for(error, place, 0), "{}", text);
  }

  template <class ErrorType>
  [[noreturn]] void all(ErrorType *error, const char *file, int line, int, const std::string &text,
                        long)
  {
    error->all(file, line, "{}", text);
    std::abort();    // never reached; old declarations do not say that all() does not return
  }

  template <class ErrorType>
  [[noreturn]] auto one(ErrorType *error, const char *file, int line, const std::string &text, int)
      -> decltype(ErrorType::ARGZERO, void())
  {
    error->one(file, line, place_for(error, NO_COMMAND, 0), "{}", text);
  }

  template <class ErrorType>
  [[noreturn]] void one(ErrorType *error, const char *file, int line, const std::string &text, long)
  {
    error->one(file, line, "{}", text);
    std::abort();
  }

}    // namespace compat

// Error::all() and Error::one() of any LAMMPS, for a text that is already formatted. Styles call
// the functions of errors.h.

[[noreturn]] inline void error_all(LAMMPS_NS::Error *error, const char *file, int line, int place,
                                   const std::string &text)
{
  compat::all(error, file, line, place, text, 0);
}

[[noreturn]] inline void error_one(LAMMPS_NS::Error *error, const char *file, int line,
                                   const std::string &text)
{
  compat::one(error, file, line, text, 0);
}

// The command that runs, or nullptr. Before 2025 only classes derived from Input saw the member.
inline const char *current_command(LAMMPS_NS::Input *input)
{
  struct Derived : LAMMPS_NS::Input {
    static const char *of(LAMMPS_NS::Input *input) { return input->*(&Derived::command); }
  };
  return Derived::of(input);
}

}    // namespace DEEPION

#endif
