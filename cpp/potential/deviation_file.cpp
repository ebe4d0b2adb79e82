// SPDX-License-Identifier: MIT
#include "deviation_file.h"

#include "errors.h"

#include "deepion-bridge/src/deviation_file.rs.h"

#include <cerrno>
#include <cstring>

namespace DEEPION {

namespace {

  std::string header(bool atomic)
  {
    char line[256];
    snprintf(line, sizeof(line), "#%11s%19s%19s%19s%19s%19s%19s", "step", "max_devi_v",
             "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f");
    std::string text = line;
    if (atomic) {
      snprintf(line, sizeof(line), "%19s", "atm_devi_f(N)");
      text += line;
    }
    return text + "\n";
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void DeviationFile::close()
{
  if (fp) fclose(fp);
  fp = nullptr;
  claim.reset();
}

/* ---------------------------------------------------------------------- */

std::string DeviationFile::open(const std::string &name, std::int64_t step, bool atomic)
{
  close();
  path = name;
  last_step = -1;
  const std::string problem = error_of([&] {
    claim.emplace(deepion::ffi::claim_output(path_bytes(path), "pair_style deepmd/onnx"));
    deepion::ffi::begin_rows(path_bytes(path), step, header(atomic));
  });
  if (problem.empty()) fp = fopen(path.c_str(), "a");
  if (fp) return {};
  const int reason = errno;
  claim.reset();
  return "out_file: " +
      (problem.empty() ? "cannot write " + path + ": " + strerror(reason) : problem);
}

/* ---------------------------------------------------------------------- */

std::string DeviationFile::write(std::int64_t step, const Deviation &deviation,
                                 const std::vector<double> &per_atom)
{
  if (!fp || step == last_step) return {};
  last_step = step;

  fprintf(fp, "%12lld", static_cast<long long>(step));
  for (const double value : deviation) fprintf(fp, " %18.6e", value);
  for (const double value : per_atom) fprintf(fp, " %18.6e", value);
  fprintf(fp, "\n");
  if (fflush(fp) || ferror(fp)) return "out_file: cannot write " + path + ": " + strerror(errno);
  return {};
}

}    // namespace DEEPION
