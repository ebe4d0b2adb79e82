// SPDX-License-Identifier: MIT
#include "fix_ion_displacement.h"

#include "lammps.h"
#include "update.h"

#include <algorithm>
#include <set>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ----------------------------------------------------------------------
   arguments come from compute ion/msd: its ID, drift, unwrap
   anybody may name this style in a script, so they are checked nevertheless
------------------------------------------------------------------------- */

static bool made_by_compute(int narg, char **arg)
{
  const std::set<std::string> drifts = {"framework", "com", "none"};
  const std::set<std::string> unwraps = {"auto", "image", "toroidal"};
  return narg == 6 && drifts.count(arg[4]) && unwraps.count(arg[5]);
}

/* ---------------------------------------------------------------------- */

FixIonDisplacement::FixIonDisplacement(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg,
           made_by_compute(narg, arg) ? std::string("compute ion/msd ") + arg[3] : "")
{
  if (!made_by_compute(narg, arg))
    fail("this fix is only made by compute ion/msd: use compute ID group ion/msd instead");
  // in meters, squared displacements would be lost in the rounding of exact sums
  const std::string units = lmp->update->unit_style;
  if (units == "si" || units == "cgs")
    fail("units metal or units real are needed, not units " + units);
  reference.emplace(lmp, arg[4]);
  displacement = opened(lmp, name, [&] {
    return deepion::ffi::open_displacement(ions.number(), reference->drift(),
                                           reference->atoms(ions));
  });
  ions.add_positions(arg[5]);
  begin((*displacement)->measurement());
}

/* ----------------------------------------------------------------------
   the origin is where the ions are when the compute is defined; LAMMPS calls restart(), if there is
   a saved one, after this
------------------------------------------------------------------------- */

void FixIonDisplacement::post_constructor()
{
  sample();
}

/* ---------------------------------------------------------------------- */

void FixIonDisplacement::sample()
{
  ions.update();    // a fix before this one may ask first
  measurement->before_sample();
  sample_displacements(**displacement, *measurement, ions, *reference, {});
  measurement->after_sample();
}

/* ---------------------------------------------------------------------- */

void FixIonDisplacement::measure(double *values)
{
  sample();
  const auto &results = measurement->results();
  std::copy_n(results.vector.begin(), VALUES, values);
}
