// SPDX-License-Identifier: MIT
#include "rerun.h"

#include "lammps_compat.h"

#include "domain.h"
#include "input.h"
#include "lammps.h"

#include <cstring>
#include <set>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  struct DumpFields {
    bool rerun = false;
    std::set<std::string> fields;
    bool wrapped = true;    // coordinates of the dump are inside the box
  };

  // The words of `rerun file ... dump FIELDS keyword value ...`.
  DumpFields fields_of_rerun(LAMMPS *lmp)
  {
    static const std::set<std::string> all = {"id", "type", "x",  "y",  "z",  "vx", "vy", "vz",
                                              "q",  "ix",   "iy", "iz", "fx", "fy", "fz"};
    DumpFields found;
    const Input *input = lmp->input;
    const char *command = current_command(lmp->input);
    if (!command || strcmp(command, "rerun") != 0) return found;
    found.rerun = true;
    int k = 0;
    while (k < input->narg && strcmp(input->arg[k], "dump") != 0) k++;
    for (k++; k < input->narg && all.count(input->arg[k]); k++) found.fields.insert(input->arg[k]);
    for (; k + 1 < input->narg && strcmp(input->arg[k], "format") != 0; k++)
      if (strcmp(input->arg[k], "wrapped") == 0)
        found.wrapped = strcmp(input->arg[k + 1], "no") != 0;
    return found;
  }

}    // namespace

/* ----------------------------------------------------------------------
   of unwrapped coordinates (wrapped no) LAMMPS finds the image flags itself
------------------------------------------------------------------------- */

std::string rerun_without_images(LAMMPS *lmp)
{
  const DumpFields dump = fields_of_rerun(lmp);
  if (!dump.rerun || !dump.wrapped) return {};
  const char *const flags[3] = {"ix", "iy", "iz"};
  for (int k = 0; k < lmp->domain->dimension; k++)
    if (lmp->domain->periodicity[k] && !dump.fields.count(flags[k]))
      return std::string("rerun does not read image flags (") + flags[k] +
          "), so atoms would jump by a box length at periodic boundaries: dump x y z ix iy iz and "
          "use "
          "'rerun FILE dump x y z ix iy iz', or dump xu yu zu and use 'rerun FILE dump x y z "
          "wrapped "
          "no'";
  return {};
}

/* ---------------------------------------------------------------------- */

bool rerun_without_velocities(LAMMPS *lmp)
{
  const DumpFields dump = fields_of_rerun(lmp);
  if (!dump.rerun) return false;
  for (const char *v : {"vx", "vy", "vz"})
    if (!dump.fields.count(v)) return lmp->domain->dimension == 3 || v[1] != 'z';
  return false;
}

}    // namespace DEEPION
