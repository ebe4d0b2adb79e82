// SPDX-License-Identifier: MIT
#include "model_file.h"

#include "deepion_config.h"
#include "errors.h"
#include "text.h"

#include "deepion-bridge/src/model_cache.rs.h"

#include "comm.h"
#include "lammps.h"
#include "utils.h"

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
    if (S_ISDIR(info.st_mode)) {
      const bool saved_model = utils::strmatch(path, "\\.savedmodel/*$");
      return what + "it is a folder" +
          (saved_model ? ", which TensorFlow is needed for: where DeePMD-kit is installed, make a "
                         "file of it (dp convert-backend model.savedmodel model.dp), and name that"
                       : "");
    }

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

  /* ----------------------------------------------------------------------
     the path of what was exported from a file with this content; empty if it is exported itself
  ------------------------------------------------------------------------- */

  std::string exported_here(LAMMPS *lmp, const std::string &path,
                            const std::vector<std::uint8_t> &bytes, std::string &file)
  {
    return error_of([&] {
      const rust::Slice<const std::uint8_t> content(bytes.data(), bytes.size());
      auto found =
          deepion::ffi::find_exported(path_bytes(path), content, path_bytes(plugin_folder()));
      bool first = true;
      for (;;) {
        const std::string line(found->next_line());
        if (line.empty()) break;
        if (first) utils::logmesg(lmp, "deepion: exporting {} into the cache\n", path);
        first = false;
        utils::logmesg(lmp, "deepion: {}\n", line);
        utils::flush_buffers(lmp);
      }
      const auto name = found->file();
      file.assign(name.begin(), name.end());
      if (file.empty()) return;
      utils::logmesg(lmp, "deepion: model {} was exported to {}\n", path, file);
    });
  }

  /* ---------------------------------------------------------------------- */

  std::string read_or_export(LAMMPS *lmp, const std::string &path, std::vector<std::uint8_t> &bytes,
                             std::string &label)
  {
    label = path;
    std::string problem = read_here(path, bytes);
    std::string file;
    if (problem.empty()) problem = exported_here(lmp, path, bytes, file);
    if (!problem.empty() || file.empty()) return problem;
    label = file + " (exported from " + path + ")";
    return read_here(file, bytes);
  }

}    // namespace

/* ---------------------------------------------------------------------- */

std::string read_model_file(LAMMPS *lmp, const std::string &path, std::vector<std::uint8_t> &bytes,
                            std::string &label)
{
  std::string problem;
  label = path;
  if (lmp->comm->me == 0) problem = read_or_export(lmp, path, bytes, label);
  problem = agreed_error(lmp, problem);
  if (!problem.empty()) return problem;

  broadcast(lmp, bytes);
  return {};
}

/* ---------------------------------------------------------------------- */

void broadcast(LAMMPS *lmp, std::vector<std::uint8_t> &bytes)
{
  std::int64_t size = static_cast<std::int64_t>(bytes.size());
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, lmp->world);
  bytes.resize(size);
  for (std::int64_t start = 0; start < size; start += CHUNK) {
    const int count = static_cast<int>(std::min(CHUNK, size - start));
    MPI_Bcast(bytes.data() + start, count, MPI_BYTE, 0, lmp->world);
  }
}

}    // namespace DEEPION
