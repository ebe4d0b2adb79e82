// SPDX-License-Identifier: MIT
#include "compute_ion_msd.h"

#include "errors.h"
#include "fix_ion_displacement.h"
#include "words.h"

#include "error.h"
#include "group.h"
#include "modify.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

ComputeIonMSD::ComputeIonMSD(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), fix_id(std::string(arg[0]) + "_ION_DISPLACEMENT"), fix(nullptr)
{
  vector_flag = 1;
  size_vector = FixIonDisplacement::VALUES;
  extvector = 0;

  std::string drift = "framework", unwrap = "auto";
  Words words(std::string("compute ion/msd ") + id, {"drift", "unwrap"}, narg - 3, arg + 3);
  while (!words.done()) {
    const std::string key = words.take();
    if (key == "drift")
      drift = words.one_of(key, {"framework", "com", "none"});
    else if (key == "unwrap")
      unwrap = words.one_of(key, {"auto", "image", "toroidal"});
    else
      words.fail("unknown keyword '" + key + "'; keywords are drift, unwrap");
  }
  if (group->count(igroup) == 0)
    words.fail(std::string("group ") + group->names[igroup] + " has no atoms");
  refuse_if(lmp, FLERR, words);

  fix = dynamic_cast<FixIonDisplacement *>(modify->add_fix(fmt::format(
      "{} {} ION/DISPLACEMENT {} {} {}", fix_id, group->names[igroup], id, drift, unwrap)));
  vector = new double[size_vector];
}

/* ---------------------------------------------------------------------- */

ComputeIonMSD::~ComputeIonMSD()
{
  if (modify->nfix && modify->get_fix_by_id(fix_id)) modify->delete_fix(fix_id);
  delete[] vector;
}

/* ---------------------------------------------------------------------- */

void ComputeIonMSD::init()
{
  fix = dynamic_cast<FixIonDisplacement *>(modify->get_fix_by_id(fix_id));
  if (!fix)
    error->all(FLERR, "compute ion/msd {}: its fix {} was deleted: define the compute again", id,
               fix_id);
}

/* ---------------------------------------------------------------------- */

void ComputeIonMSD::compute_vector()
{
  invoked_vector = update->ntimestep;
  fix->measure(vector);
}
