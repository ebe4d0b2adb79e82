// Everything that depends on the version of LAMMPS.

#ifndef DEEPION_LAMMPS_COMPAT_H
#define DEEPION_LAMMPS_COMPAT_H

#include "lammps_version_number.h"

#include "error.h"

#include <string>

#if LAMMPS_VERSION_NUMBER < 20220324
#error \
    "deepion needs LAMMPS 24Mar2022 or newer (neighbor list requests and Comm::reverse_comm changed then)"
#endif

namespace DEEPION {

// Error::NOLASTLINE leaves out "Last input line: run ..." where a failure has nothing to do with
// the command. It appeared in early 2025, inside a release: found by its name, not by a version.

template <class ErrorType>
[[noreturn]] auto error_all(ErrorType *error, const char *file, int line, const std::string &text,
                            int) -> decltype(ErrorType::NOLASTLINE, void())
{
  error->all(file, line, int(ErrorType::NOLASTLINE), "{}", text);
}

template <class ErrorType>
void error_all(ErrorType *error, const char *file, int line, const std::string &text, long)
{
  error->all(file, line, "{}", text);
}

template <class ErrorType>
[[noreturn]] auto error_one(ErrorType *error, const char *file, int line, const std::string &text,
                            int) -> decltype(ErrorType::NOLASTLINE, void())
{
  error->one(file, line, int(ErrorType::NOLASTLINE), "{}", text);
}

template <class ErrorType>
void error_one(ErrorType *error, const char *file, int line, const std::string &text, long)
{
  error->one(file, line, "{}", text);
}

}    // namespace DEEPION

#endif
