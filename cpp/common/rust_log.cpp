// SPDX-License-Identifier: MIT
#include "rust_log.h"

#include "errors.h"

#include "deepion-bridge/src/logging.rs.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"
#include "utils.h"

using namespace LAMMPS_NS;

void DEEPION::print_rust_log(LAMMPS *lmp)
{
  rust::Vec<deepion::ffi::LogRecord> records;
  const std::string failure = error_of([&] {
    records = deepion::ffi::take_log();
  });
  if (lmp->comm->me != 0) return;
  if (!failure.empty()) lmp->error->warning(FLERR, "deepion: {}", failure);
  for (const auto &record : records) {
    const std::string text(record.text);
    if (record.level == deepion::ffi::LogLevel::Info ||
        record.level == deepion::ffi::LogLevel::Debug)
      utils::logmesg(lmp, "deepion: " + text + "\n");
    else
      lmp->error->warning(FLERR, "deepion: {}", text);
  }
}
