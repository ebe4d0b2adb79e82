#include "plausibility.h"

#include "errors.h"

#include "deepion-bridge/src/elements.rs.h"

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
  std::vector<double> weights;
  const std::string failure = error_of([&] {
    for (const auto &name : elements) weights.push_back(deepion::ffi::element_mass(name));
  });
  stop_all_if(lmp, FLERR, failure);
  for (int i = 1; i < static_cast<int>(elements.size()); i++) {
    const std::string &name = elements[i];
    const double weight = weights[i];
    const double mass = atom->mass[i];
    if (weight == 0.0 || !atom->mass_setflag[i] || near(mass, weight, THE_SAME)) continue;
    for (std::size_t k = 0; k < elements.size(); k++)
      if (near(mass, weights[k], THE_SAME) && mass > 0.0)
        lmp->error->all(FLERR,
                        "pair_coeff of deepmd/onnx: atom type {} is named {} ({:.5g} g/mol), but "
                        "its mass {:.5g} is that of "
                        "{}: name the element of each atom type in the order of the types. 'check "
                        "no' turns this check off",
                        i, name, weight, mass, elements[k]);
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
