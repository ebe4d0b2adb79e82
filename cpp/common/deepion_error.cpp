#include "deepion_error.h"

#include "lammps_compat.h"

#include "comm.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

std::string agreed_error(LAMMPS *lmp, const std::string &text)
{
  const int nprocs = lmp->comm->nprocs;
  int mine = text.empty() ? nprocs : lmp->comm->me;
  int root = nprocs;
  MPI_Allreduce(&mine, &root, 1, MPI_INT, MPI_MIN, lmp->world);
  if (root == nprocs) return {};

  int length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, root, lmp->world);
  std::string agreed = text;
  agreed.resize(length);
  MPI_Bcast(&agreed[0], length, MPI_CHAR, root, lmp->world);
  return agreed;
}

/* ---------------------------------------------------------------------- */

void stop_all_if(LAMMPS *lmp, const char *file, int line, const std::string &text)
{
  const std::string agreed = agreed_error(lmp, text);
  if (!agreed.empty()) error_all(lmp->error, file, line, agreed, 0);
}

/* ---------------------------------------------------------------------- */

void stop_one_if(LAMMPS *lmp, const char *file, int line, const std::string &text)
{
  if (!text.empty()) error_one(lmp->error, file, line, text, 0);
}

}    // namespace DEEPION
