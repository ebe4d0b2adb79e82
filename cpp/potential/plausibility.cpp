#include "plausibility.h"

#include "deepion-bridge/src/lib.rs.h"
#include "lammps_compat.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "update.h"

#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;

namespace {

constexpr double ANOTHER =
    0.1;    // relative difference of masses: not an isotope mixture of this element
constexpr double THE_SAME = 0.01;
constexpr double LONGEST = 10.0;    // fs: bonds of the lightest atoms vibrate in that time
constexpr double SHORTEST = 0.02;

bool near(double mass, double weight, double tolerance)
{
  return std::fabs(mass - weight) <= tolerance * weight;
}

}    // namespace

/* ---------------------------------------------------------------------- */

void DEEPION::check_masses(LAMMPS *lmp, const std::vector<std::string> &elements, bool warn)
{
  const Atom *atom = lmp->atom;
  if (!atom->mass) return;
  for (int i = 1; i < static_cast<int>(elements.size()); i++) {
    const std::string &name = elements[i];
    const double weight = deepion::element_mass(name);
    const double mass = atom->mass[i];
    if (weight == 0.0 || !atom->mass_setflag[i] || near(mass, weight, THE_SAME)) continue;
    for (const auto &other : elements)
      if (near(mass, deepion::element_mass(other), THE_SAME) && mass > 0.0)
        lmp->error->all(FLERR,
                        "pair_coeff of deepmd/onnx: atom type {} is named {} ({:.5g} g/mol), but "
                        "its mass {:.5g} is that of "
                        "{}: name the element of each atom type in the order of the types. 'check "
                        "no' turns this check off",
                        i, name, weight, mass, other);
    if (warn && lmp->comm->me == 0 && !near(mass, weight, ANOTHER))
      lmp->error->warning(FLERR, "atom type {} is named {} ({:.5g} g/mol), but its mass is {:.5g}",
                          i, name, weight, mass);
  }
}

/* ---------------------------------------------------------------------- */

double DEEPION::check_timestep(LAMMPS *lmp, double warned)
{
  const Update *update = lmp->update;
  const double femtoseconds =
      update->dt * (strcmp(update->unit_style, "metal") == 0 ? 1000.0 : 1.0);
  if (update->dt == warned || (femtoseconds >= SHORTEST && femtoseconds <= LONGEST)) return warned;
  if (lmp->comm->me == 0)
    lmp->error->warning(FLERR, "the time step {} is {:.4g} fs: units {} count time in {}",
                        update->dt, femtoseconds, update->unit_style,
                        femtoseconds == update->dt ? "fs" : "ps");
  return update->dt;
}
