// SPDX-License-Identifier: MIT
#include "errors.h"

#include "lammps_compat.h"
#include "words.h"

#include "comm.h"
#include "input.h"
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

void stop_all(LAMMPS *lmp, const char *file, int line, const std::string &text)
{
  error_all(lmp->error, file, line, NO_COMMAND, text);
}

/* ---------------------------------------------------------------------- */

void stop_all_if(LAMMPS *lmp, const char *file, int line, const std::string &text)
{
  const std::string agreed = agreed_error(lmp, text);
  if (!agreed.empty()) stop_all(lmp, file, line, agreed);
}

/* ---------------------------------------------------------------------- */

void stop_one_if(LAMMPS *lmp, const char *file, int line, const std::string &text)
{
  if (!text.empty()) error_one(lmp->error, file, line, text);
}

/* ----------------------------------------------------------------------
   styles get the words of a command without the first ones, and hybrid styles hand on a part: the
   place of a word in the command is found by its address
------------------------------------------------------------------------- */

void refuse(LAMMPS *lmp, const char *file, int line, const std::string &text, const char *word)
{
  const Input *input = lmp->input;
  int place = NO_WORD;
  for (int k = 0; word && k < input->narg; k++)
    if (input->arg[k] == word) place = k;
  error_all(lmp->error, file, line, place, text);
}

/* ---------------------------------------------------------------------- */

void refuse_if(LAMMPS *lmp, const char *file, int line, const Words &words)
{
  if (!words.good()) refuse(lmp, file, line, words.problem(), words.culprit());
}

}    // namespace DEEPION
