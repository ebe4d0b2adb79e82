// SPDX-License-Identifier: MIT
#include "coordination_counts.h"

#include "errors.h"
#include "lammps_compat.h"
#include "measurement.h"
#include "words.h"

#include "deepion-bridge/src/coordination.rs.h"

#include <cstdlib>

using namespace LAMMPS_NS;

namespace DEEPION {

// cut-offs, and values of `most`: more are a mistake
static constexpr int LARGEST = 1000;

/* ----------------------------------------------------------------------
   cut-offs are rounded to 12 digits, which a user can repeat in another command
------------------------------------------------------------------------- */

bool CoordinationCounts::keyword(Words &words, const std::string &keyword)
{
  if (keyword == "most") {
    most = words.integer(keyword, 1);
    if (words.good() && most > LARGEST)
      words.fail(fmt::format("keyword most needs {} or less, not {}", LARGEST, most));
    return true;
  }
  if (keyword != "rcut") return false;

  const double lo = words.number(keyword, true), hi = words.number(keyword, true);
  const int n = words.integer(keyword, 1);
  cutoffs.clear();
  if (!words.good()) return true;
  if (hi < lo)
    words.fail(
        fmt::format("keyword rcut needs cut-offs from a smaller to a larger one, not from {} "
                    "to {}",
                    lo, hi));
  else if (n > LARGEST)
    words.fail(fmt::format("keyword rcut needs {} cut-offs or fewer, not {}", LARGEST, n));
  else if (n == 1 && lo != hi)
    words.fail(fmt::format("keyword rcut: from {} to {} are 2 cut-offs or more, not 1: repeat the "
                           "same number, or use 2",
                           lo, hi));
  else if (n > 1 && lo == hi)
    words.fail(fmt::format("keyword rcut: from {} to {} is 1 cut-off, not {}", lo, hi, n));
  for (int k = 0; k < n && words.good(); k++) {
    const double cutoff = k == n - 1 ? hi : lo + k * (hi - lo) / (n - 1);
    cutoffs.push_back(strtod(fmt::format("{:.12g}", cutoff).c_str(), nullptr));
    if (k > 0 && cutoffs[k] <= cutoffs[k - 1])
      words.fail(fmt::format("keyword rcut: {} cut-offs from {} to {} are too close to tell apart",
                             n, lo, hi));
  }
  return true;
}

/* ---------------------------------------------------------------------- */

void CoordinationCounts::finish_arguments(Words &words)
{
  if (cutoffs.empty()) words.fail("keyword rcut is missing: rcut lo hi n, lengths in Angstrom");
}

/* ---------------------------------------------------------------------- */

void CoordinationCounts::count()
{
  find();
  const std::string problem = error_of([&] {
    deepion::ffi::count_neighbors(positions(), slice(neighbors.centers), slice(neighbors.offsets),
                                  slice(neighbors.neighbors), slice(cutoffs), counts);
  });
  stop_one_if(lmp, FLERR, problem.empty() ? problem : name + ": " + problem);
}

/* ---------------------------------------------------------------------- */

std::string CoordinationCounts::cutoffs_text() const
{
  return cutoffs.size() == 1 ? fmt::format("cut-off {:.12g} Angstrom", cutoffs[0])
                             : fmt::format("{} cut-offs from {:.12g} to {:.12g} Angstrom",
                                           cutoffs.size(), cutoffs.front(), cutoffs.back());
}

/* ---------------------------------------------------------------------- */

std::size_t CoordinationCounts::memory_bytes() const
{
  return IonNeighbors::memory_bytes() + counts.capacity() * sizeof(std::uint32_t);
}

}    // namespace DEEPION
