#include "fix_ion_displacement.h"

#include "atom_rows.h"
#include "drift_reference.h"
#include "measurement.h"
#include "unwrapped_positions.h"

#include "deepion-bridge/src/transport.rs.h"

#include "atom.h"
#include "update.h"

#include <algorithm>
#include <set>

using namespace LAMMPS_NS;
using namespace DEEPION;
using deepion::ffi::Displacement;

struct FixIonDisplacement::Sampler {
  rust::Box<Displacement> handle;
};

/* ----------------------------------------------------------------------
   arguments come from compute ion/msd: its ID, drift, unwrap
   anybody may name this style in a script, so they are read like those of any other style
------------------------------------------------------------------------- */

FixIonDisplacement::FixIonDisplacement(LAMMPS *lmp, int narg, char **arg) : FixIon(lmp, narg, arg)
{
  const std::set<std::string> drifts = {"framework", "com", "none"};
  const std::set<std::string> unwraps = {"auto", "image", "toroidal"};
  if (narg != 6 || !drifts.count(arg[4]) || !unwraps.count(arg[5]))
    fail("this fix is only made by compute ion/msd: use compute ID group ion/msd instead");
  drift = arg[4];

  name = std::string("compute ion/msd ") + arg[3];
  nevery = 1;
  any_timestep = true;
  sampler = std::make_unique<Sampler>(Sampler{opened(lmp, name, [&] {
    return deepion::ffi::open_displacement(nions, drift_of(drift),
                                           reference_atoms(lmp, drift, nions));
  })});
  measurement = std::make_unique<Measurement>(lmp, name, sampler->handle->measurement());
  positions = std::make_unique<UnwrappedPositions>(lmp, unwrapping_of(arg[5]));
  give_rows(measurement->row_width());
}

/* ---------------------------------------------------------------------- */

FixIonDisplacement::~FixIonDisplacement() = default;

/* ---------------------------------------------------------------------- */

int FixIonDisplacement::setmask()
{
  return FixConst::END_OF_STEP;
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

void FixIonDisplacement::setup(int)
{
  positions->update();
}

/* ---------------------------------------------------------------------- */

void FixIonDisplacement::end_of_step()
{
  positions->update();
}

/* ---------------------------------------------------------------------- */

void FixIonDisplacement::sample()
{
  positions->update();    // a fix before this one may ask first
  measurement->before_sample();
  sample_ions(drift, 0.0, 0.0, [&](auto &&frame) {
    sampler->handle->sample(std::move(frame));
  });
  measurement->after_sample();
  last_sample = update->ntimestep;
}

/* ---------------------------------------------------------------------- */

void FixIonDisplacement::measure(double *values)
{
  sample();
  const auto &results = measurement->results();
  std::copy_n(results.vector.begin(), VALUES, values);
}
