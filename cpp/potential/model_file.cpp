// SPDX-License-Identifier: MIT
#include "model_file.h"

#include "errors.h"

#include "comm.h"
#include "lammps.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mpi.h>
#include <sys/stat.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  // message size that also fits the int counts of MPI-3
  constexpr std::int64_t CHUNK = std::int64_t(1) << 30;

  /* ---------------------------------------------------------------------- */

  std::string read_here(const std::string &path, std::vector<std::uint8_t> &bytes)
  {
    const std::string what = "cannot read model file '" + path + "': ";
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return what + strerror(errno);
    if (S_ISDIR(info.st_mode)) return what + "it is a folder";

    FILE *fp = fopen(path.c_str(), "rb");
    if (!fp) return what + strerror(errno);
    bytes.clear();
    std::vector<std::uint8_t> buffer(1 << 20);
    size_t count;
    while ((count = fread(buffer.data(), 1, buffer.size(), fp)) > 0)
      bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
    const bool failed = ferror(fp);
    const int reason = errno;
    fclose(fp);
    return failed ? what + strerror(reason) : std::string();
  }
}    // namespace

/* ---------------------------------------------------------------------- */

std::string read_model_file(LAMMPS *lmp, const std::string &path, std::vector<std::uint8_t> &bytes)
{
  std::string problem;
  if (lmp->comm->me == 0) problem = read_here(path, bytes);
  problem = agreed_error(lmp, problem);
  if (!problem.empty()) return problem;

  std::int64_t size = static_cast<std::int64_t>(bytes.size());
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, lmp->world);
  bytes.resize(size);
  for (std::int64_t start = 0; start < size; start += CHUNK) {
    const int count = static_cast<int>(std::min(CHUNK, size - start));
    MPI_Bcast(bytes.data() + start, count, MPI_BYTE, 0, lmp->world);
  }
  return {};
}

}    // namespace DEEPION
