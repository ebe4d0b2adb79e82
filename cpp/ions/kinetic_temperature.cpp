// SPDX-License-Identifier: MIT
#include "kinetic_temperature.h"

#include "errors.h"
#include "measurement.h"
#include "rerun.h"

#include "deepion-bridge/src/kinetic.rs.h"

#include "atom.h"
#include "compute.h"
#include "domain.h"
#include "lammps.h"
#include "modify.h"

using namespace LAMMPS_NS;

namespace DEEPION {

/* ----------------------------------------------------------------------
   LAMMPS' own compute thermo_temp, of all atoms, knows which degrees of freedom constraints remove
------------------------------------------------------------------------- */

static double degrees_of_freedom(LAMMPS *lmp)
{
  const Compute *thermo = lmp->modify->get_compute_by_id("thermo_temp");
  if (thermo && thermo->dof > 0.0) return thermo->dof;
  return lmp->domain->dimension * (static_cast<double>(lmp->atom->natoms) - 1.0);
}

/* ---------------------------------------------------------------------- */

double kinetic_temperature_now(LAMMPS *lmp, const Measurement &measurement, double picoseconds)
{
  if (rerun_without_velocities(lmp)) return 0.0;
  const Atom *atom = lmp->atom;
  const std::size_t n = atom->nlocal;
  const bool own = atom->rmass != nullptr;
  rust::Vec<std::int64_t> mine;
  stop_one_if(
      lmp, FLERR, error_of([&] {
        mine = deepion::ffi::kinetic_sum(
            rust::Slice<const double>(n ? &atom->v[0][0] : nullptr, 3 * n), 1.0 / picoseconds,
            rust::Slice<const std::int32_t>(atom->type, own ? 0 : n),
            rust::Slice<const double>(own ? atom->rmass : atom->mass, own ? n : atom->ntypes + 1));
      }));
  const auto sum = measurement.sum(mine);
  double kelvin = 0.0;    // the same on all ranks, and so is a failure
  stop_one_if(lmp, FLERR, error_of([&] {
                kelvin = deepion::ffi::kinetic_temperature(slice(sum), degrees_of_freedom(lmp));
              }));
  return kelvin;
}

}    // namespace DEEPION
