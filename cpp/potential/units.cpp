// SPDX-License-Identifier: MIT
#include "units.h"

#include "error.h"
#include "force.h"
#include "lammps.h"
#include "update.h"

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  // kB of units metal as LAMMPS has it: with it the factor from eV is LAMMPS' own, exactly 1 for
  // metal
  constexpr double METAL_BOLTZ = 8.617343e-5;

  constexpr double DALTON = 1.66053906660e-27;    // kg

}    // namespace

/* ---------------------------------------------------------------------- */

Units units_in_use(LAMMPS *lmp)
{
  const std::string style = lmp->update->unit_style;
  if (style != "metal" && style != "real" && style != "si")
    lmp->error->all(FLERR,
                    "pair_style deepmd/onnx supports units metal, real and si, not units {}: put "
                    "'units metal' at the start of the input script",
                    style);
  Units units;
  units.energy = lmp->force->boltz / METAL_BOLTZ;
  units.length = lmp->force->angstrom;
  units.time = lmp->force->femtosecond;
  units.mass = style == "si" ? DALTON : 1.0;
  units.time_name = style == "si" ? "s" : style == "metal" ? "ps" : "fs";
  return units;
}

/* ---------------------------------------------------------------------- */

const double *Units::angstroms(const double *x, std::size_t n, std::vector<double> &room) const
{
  if (length == 1.0) return x;
  room.resize(n);
  for (std::size_t i = 0; i < n; i++) room[i] = x[i] / length;
  return room.data();
}

}    // namespace DEEPION
