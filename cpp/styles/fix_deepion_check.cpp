// SPDX-License-Identifier: MIT
#include "fix_deepion_check.h"

#include "errors.h"
#include "restart_payload.h"

#include "comm.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixDeepionCheck::FixDeepionCheck(LAMMPS *lmp, int narg, char **arg) : Fix(lmp, narg, arg)
{
  if (narg != 3) stop_all(lmp, FLERR, "fix DEEPION/CHECK is only made by pair_style deepmd/onnx");
  restart_global = 1;
}

/* ---------------------------------------------------------------------- */

void FixDeepionCheck::write_restart(FILE *fp)
{
  if (comm->me != 0) return;
  RestartPayload payload;
  if (state) payload.state = state();
  const std::string bytes = payload.packed();
  const int size = static_cast<int>(bytes.size());
  fwrite(&size, sizeof(int), 1, fp);
  fwrite(bytes.data(), 1, bytes.size(), fp);
}

/* ---------------------------------------------------------------------- */

void FixDeepionCheck::restart(char *buf)
{
  RestartPayload payload;
  const std::string problem = payload.unpack(buf);
  if (!problem.empty()) stop_all(lmp, FLERR, "pair_style deepmd/onnx: check: " + problem);
  restored = payload.state;
}
