// SPDX-License-Identifier: MIT
#include "output_claims.h"

#include "errors.h"

#include <set>

namespace DEEPION {

std::string OutputClaims::take(const std::vector<std::string> &paths)
{
  std::set<std::string> own;
  for (const auto &path : paths) {
    if (path.empty()) continue;
    const auto bytes = deepion::ffi::full_path(path_bytes(path));
    const std::string full(bytes.begin(), bytes.end());
    if (!own.insert(full).second) return "two of its outputs go to the same file, " + path;
    if (!held.count(full))
      held.emplace(full, deepion::ffi::claim_output(path_bytes(path), rust_text(owner)));
  }
  return {};
}

}    // namespace DEEPION
