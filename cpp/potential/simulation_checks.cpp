// SPDX-License-Identifier: MIT
#include "simulation_checks.h"

#include "errors.h"
#include "neighbor_csr.h"
#include "potential_bridge.h"

#include "deepion-bridge/src/plausibility.rs.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "modify.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  // A; two atoms are never closer, so a periodic box cannot be thinner
  constexpr double THINNEST_BOX = 1.0;

  // A; LAMMPS' default in units si is 1 mm, which fills the memory with images of atoms
  constexpr double WIDEST_SKIN = 1000.0;

}    // namespace

/* ---------------------------------------------------------------------- */

void check_simulation(LAMMPS *lmp, const Units &units, double cutoff, bool atomic)
{
  // a neighbor on another rank gets its force through its ghost: with newton off it would be lost

  if (lmp->force->newton_pair == 0)
    lmp->error->all(
        FLERR,
        "pair_style deepmd/onnx requires newton pair on: remove 'newton off' from the input "
        "script");
  if (lmp->domain->dimension != 3)
    lmp->error->all(FLERR, "pair_style deepmd/onnx requires a 3d simulation, not dimension {}",
                    lmp->domain->dimension);

  const double skin = lmp->neighbor->skin / units.length;
  if (skin > WIDEST_SKIN)
    lmp->error->all(FLERR,
                    "pair_style deepmd/onnx: the neighbor skin is {:.6g} A (the default in units "
                    "si is 1 mm): use 'neighbor {:.6g} bin'",
                    skin, 2.0 * units.length);

  // length of each box vector; ghosts of any number of periodic images are fine with comm_style
  // brick, but comm_style tiled has only the next one

  std::array<double, 6> h;    // A; xx, yy, zz, yz, xz, xy
  for (int i = 0; i < 6; i++) h[i] = lmp->domain->h[i] / units.length;
  const std::array<double, 3> lengths = {h[0], sqrt(h[1] * h[1] + h[5] * h[5]),
                                         sqrt(h[2] * h[2] + h[3] * h[3] + h[4] * h[4])};
  const std::array<double, 3> widths = {h[0], h[1], h[2]};
  for (int d = 0; d < 3; d++) {
    if (!lmp->domain->periodicity[d]) continue;
    if (lengths[d] < THINNEST_BOX)
      lmp->error->all(
          FLERR,
          "pair_style deepmd/onnx: the periodic box is only {:.6g} A thin in {}: an atom "
          "would be that close to its own image",
          lengths[d], "xyz"[d]);
    if (lmp->comm->style == Comm::TILED && widths[d] < cutoff + skin)
      lmp->error->all(
          FLERR,
          "pair_style deepmd/onnx: the periodic box is {:.6g} A thin in {}, less than cutoff "
          "plus skin ({:.6g} A), which comm_style tiled cannot do: use comm_style brick or "
          "replicate the box",
          widths[d], "xyz"[d], cutoff + skin);
  }

  if (lmp->neighbor->includegroup)
    lmp->error->all(
        FLERR,
        "pair_style deepmd/onnx: neigh_modify include hides atoms from the model: remove it");

  if (atomic) {
    if (!lmp->atom->tag_enable)
      lmp->error->all(
          FLERR, "pair_style deepmd/onnx: keyword atomic needs atom IDs: use atom_modify id yes");
    if (!lmp->atom->tag_consecutive())
      lmp->error->all(FLERR,
                      "pair_style deepmd/onnx: keyword atomic needs atom IDs from 1 to the number "
                      "of atoms: use reset_atoms id");
  }
}

/* ---------------------------------------------------------------------- */

bool check_neighbors(LAMMPS *lmp, const Units &units, double cutoff,
                     const std::vector<char> &visible, bool warn)
{
  const double reach = std::max(lmp->comm->cutghostuser, lmp->neighbor->cutneighmax) / units.length;
  if (reach < cutoff)
    lmp->error->all(FLERR,
                    "pair_style deepmd/onnx: the cutoff of the model ({:.6g} A) is beyond the "
                    "communication cutoff ({:.6g} A): use comm_modify cutoff {:.6g}",
                    cutoff, reach, cutoff * units.length + lmp->neighbor->skin);

  // bonded neighbors with a special_bonds factor of 0 are never in the list

  if (special_bonds_hide(lmp, visible))
    lmp->error->all(
        FLERR,
        "pair_style deepmd/onnx: special_bonds with a factor of 0 hides bonded atoms from the "
        "model: use special_bonds lj/coul 1.0 1.0 1.0 (with other styles in hybrid: 1.0e-50)");

  if (!warn || !lmp->neighbor->exclude) return false;
  if (lmp->comm->me == 0)
    lmp->error->warning(FLERR,
                        "pair_style deepmd/onnx: neigh_modify exclude hides pairs of atoms from "
                        "the model: energies and forces are not those it was trained for");
  return true;
}

/* ---------------------------------------------------------------------- */

void check_masses(LAMMPS *lmp, const Units &units, const std::vector<std::string> &elements,
                  bool warn)
{
  const Atom *atom = lmp->atom;
  if (!atom->mass) return;
  const int ntypes = static_cast<int>(elements.size()) - 1;
  rust::Vec<ffi::MassJudgment> judgments;
  stop_all_if(lmp, FLERR, error_of([&] {
                rust::Vec<rust::String> names;
                std::vector<double> masses;
                for (int i = 1; i <= ntypes; i++) {
                  names.push_back(rust::String(std::string(rust_text(elements[i]))));
                  masses.push_back(atom->mass_setflag[i] ? atom->mass[i] / units.mass : 0.0);
                }
                judgments = ffi::judge_masses(
                    rust::Slice<const rust::String>(names.data(), names.size()), view(masses));
              }));

  for (int i = 1; i <= ntypes; i++) {
    const ffi::MassJudgment &judgment = judgments[i - 1];
    const std::string &name = elements[i];
    if (judgment.fit == ffi::MassFit::Another)
      lmp->error->all(FLERR,
                      "pair_coeff of deepmd/onnx: atom type {} is named {} ({:.5g} g/mol), but its "
                      "mass {:.5g} is that of {}: name the element of each atom type in the order "
                      "of the types. 'check no' turns this check off",
                      i, name, judgment.weight, atom->mass[i] / units.mass,
                      elements[judgment.another + 1]);
    if (judgment.fit == ffi::MassFit::Far && warn && lmp->comm->me == 0)
      lmp->error->warning(FLERR, "atom type {} is named {} ({:.5g} g/mol), but its mass is {:.5g}",
                          i, name, judgment.weight, atom->mass[i] / units.mass);
  }
}

/* ---------------------------------------------------------------------- */

double check_timestep(LAMMPS *lmp, const Units &units, double warned)
{
  const Update *update = lmp->update;
  const double femtoseconds = update->dt / units.time;
  bool usual = true;
  stop_all_if(lmp, FLERR, error_of([&] {
                usual = ffi::usual_time_step(femtoseconds);
              }));
  if (usual || update->dt == warned) return warned;
  if (lmp->comm->me == 0)
    lmp->error->warning(FLERR, "the time step {} is {:.4g} fs: units {} count time in {}",
                        update->dt, femtoseconds, update->unit_style, units.time_name);
  return update->dt;
}

/* ----------------------------------------------------------------------
   LAMMPS uses these threads for its neighbor list, if it has the package OPENMP
------------------------------------------------------------------------- */

bool check_waiting(LAMMPS *lmp, int threads, bool warn)
{
  if (threads < 2 || lmp->comm->nthreads < 2 || !lmp->modify->get_fix_by_id("package_omp"))
    return false;
  const char *set = std::getenv("OMP_WAIT_POLICY");
  if (set && utils::lowercase(set) == "passive") return false;
  if (warn && lmp->comm->me == 0)
    lmp->error->warning(
        FLERR,
        "pair_style deepmd/onnx: the threads of 'package omp' wait in a busy loop and take "
        "processors from those of this pair style: set OMP_WAIT_POLICY=passive in the environment");
  return true;
}

}    // namespace DEEPION
