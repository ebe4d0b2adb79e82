// From a failure in Rust, or on one rank, to an error of LAMMPS.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_ERROR_H
#define DEEPION_ERROR_H

#include "rust/cxx.h"

#include <string>
#include <utility>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// Runs a call into Rust and returns its error text, empty if it went well. Only rust::Error is
// caught: LAMMPS' own exceptions are std::exceptions too and must pass. Whoever calls this is
// outside the try again when it hands the text to LAMMPS.
template <class Call> std::string error_of(Call &&call)
{
  try {
    std::forward<Call>(call)();
    return {};
  } catch (const rust::Error &failure) {
    const char *text = failure.what();
    return *text ? text : "unknown error in deepion";
  }
}

// Collective. The text of the lowest rank that has one, empty on all ranks if none has.
std::string agreed_error(LAMMPS_NS::LAMMPS *lmp, const std::string &text);

// Collective, at set-up and on steps where all ranks meet anyway: stops all ranks with one message
// if any rank has a text.
void stop_all_if(LAMMPS_NS::LAMMPS *lmp, const char *file, int line, const std::string &text);

// Not collective, during a run: stops at once if this rank has a text.
void stop_one_if(LAMMPS_NS::LAMMPS *lmp, const char *file, int line, const std::string &text);

}    // namespace DEEPION

#endif
