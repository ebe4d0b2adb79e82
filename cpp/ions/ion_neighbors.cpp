// SPDX-License-Identifier: MIT
#include "ion_neighbors.h"

#include "errors.h"
#include "lammps_compat.h"
#include "words.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "force.h"
#include "group.h"
#include "lammps.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "pair.h"
#include "update.h"

#include <cmath>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

IonNeighbors::IonNeighbors(LAMMPS *_lmp, const std::string &_name, int _igroup) :
    lmp(_lmp), name(_name), igroup(_igroup)
{
}

/* ---------------------------------------------------------------------- */

void IonNeighbors::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ---------------------------------------------------------------------- */

void IonNeighbors::read_group(Words &words)
{
  group_name = words.word("neighbor-group", "the group whose atoms are counted");
  if (!words.good()) return;
  jgroup = lmp->group->find(group_name);
  if (jgroup < 0) return words.fail("there is no group " + group_name);
  natoms = lmp->group->count(jgroup);
  if (natoms == 0) words.fail("group " + group_name + " has no atoms");
}

/* ----------------------------------------------------------------------
   how far neighbors are listed for all pairs of types in the two groups, and for which it is least
   the lists themselves are only set up later, with these cutoffs of the pair style plus the skin
------------------------------------------------------------------------- */

double IonNeighbors::reach(double cutoff, const std::string &what)
{
  const Atom *atom = lmp->atom;
  const int ntypes = atom->ntypes;
  const int ibit = lmp->group->bitmask[igroup], jbit = lmp->group->bitmask[jgroup];
  std::vector<int> mine(2 * (ntypes + 1), 0), present(2 * (ntypes + 1), 0);
  for (int i = 0; i < atom->nlocal; i++) {
    if (atom->mask[i] & ibit) mine[atom->type[i]] = 1;
    if (atom->mask[i] & jbit) mine[ntypes + 1 + atom->type[i]] = 1;
  }
  MPI_Allreduce(mine.data(), present.data(), static_cast<int>(mine.size()), MPI_INT, MPI_MAX,
                lmp->world);

  types.assign(ntypes + 1, 0);
  double least = -1.0;
  int type[2] = {0, 0};
  for (int a = 1; a <= ntypes; a++) {
    types[a] = present[a] || present[ntypes + 1 + a];
    for (int b = 1; b <= ntypes; b++) {
      if (!present[a] || !present[ntypes + 1 + b]) continue;
      const double cut = std::sqrt(lmp->force->pair->cutsq[a][b]);
      if (least >= 0.0 && cut >= least) continue;
      least = cut;
      type[0] = a;
      type[1] = b;
    }
  }
  if (least < 0.0) fail("group " + group_name + " or the group of the ions has lost all its atoms");
  if (cutoff > least * (1.0 + 1.0e-12))
    fail(
        fmt::format("{} is {:.12g} Angstrom, but the pair style lists neighbors only up to {:.12g} "
                    "Angstrom between atoms of types {} and {}: use a pair style with a longer "
                    "cutoff, e.g. pair_style hybrid/overlay with pair_style zero {:.12g}",
                    what, cutoff, least, type[0], type[1], cutoff));
  return least;
}

/* ----------------------------------------------------------------------
   An occasional list costs nothing until it is used, but may be made long after the atoms were last
   sorted, and used longer still. An atom may move by half a skin between sortings: a pair that comes
   together may have been two skins farther apart when the list was made, and the list is only one
   skin longer than the pair style's cutoff. Where that matters, the list is made at every sorting,
   for nothing if the pair style uses a full list, too.
------------------------------------------------------------------------- */

int IonNeighbors::init(double cutoff, const std::string &what)
{
  const std::string units = lmp->update->unit_style;
  if (units != "metal" && units != "real")
    fail("units metal or units real are needed, not units " + units);
  jgroup = lmp->group->find(group_name);
  if (jgroup < 0) fail("there is no group " + group_name + " any more");
  for (const int k : {igroup, jgroup})
    if (lmp->group->dynamic[k])
      fail(std::string("group ") + lmp->group->names[k] + " must not be dynamic");
  if (!lmp->force->pair)
    fail("a pair style is needed, because neighbors are found for it; pair_style zero will do");
  if (lmp->neighbor->includegroup)
    fail("neigh_modify include leaves atoms without neighbors: it cannot be used");
  const double limit = reach(cutoff, what);
  checked = false;
  const bool occasional = cutoff <= limit - lmp->neighbor->skin;
  return NeighConst::REQ_FULL | (occasional ? NeighConst::REQ_OCCASIONAL : 0);
}

/* ----------------------------------------------------------------------
   what is only known once the neighbor lists are set up
------------------------------------------------------------------------- */

void IonNeighbors::check_hidden()
{
  checked = true;
  if (special_bonds_hide(lmp, types))
    fail("special_bonds with a factor of 0 hides bonded neighbors: use 1.0e-50 instead of 0");
  if (lmp->neighbor->exclude && !warned) {
    warned = true;
    if (lmp->comm->me == 0)
      lmp->error->warning(
          FLERR, "{}: neigh_modify exclude hides pairs of atoms: they are not counted", name);
  }
}

/* ----------------------------------------------------------------------
   fix deform changes the box at the end of a step and moves only the atoms, not their ghosts
------------------------------------------------------------------------- */

const NeighborCSR &IonNeighbors::find()
{
  if (!checked) check_hidden();
  if (lmp->domain->box_change) lmp->comm->forward_comm();
  if (list->occasional) lmp->neighbor->build_one(list);

  const int *mask = lmp->atom->mask;
  const int ibit = lmp->group->bitmask[igroup], jbit = lmp->group->bitmask[jgroup];
  neighbors.build_if(
      list,
      [=](int i) {
        return mask[i] & ibit;
      },
      [=](int j) {
        return mask[j] & jbit;
      });
  return neighbors;
}

/* ---------------------------------------------------------------------- */

rust::Slice<const double> IonNeighbors::positions() const
{
  const Atom *atom = lmp->atom;
  const std::size_t nall = atom->nlocal + atom->nghost;
  return {nall ? &atom->x[0][0] : nullptr, 3 * nall};
}

/* ---------------------------------------------------------------------- */

bigint IonNeighbors::shared() const
{
  const Atom *atom = lmp->atom;
  const int both = lmp->group->bitmask[igroup] | lmp->group->bitmask[jgroup];
  bigint mine = 0, all = 0;
  for (int i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & both) == both) mine++;
  MPI_Allreduce(&mine, &all, 1, MPI_LMP_BIGINT, MPI_SUM, lmp->world);
  return all;
}

}    // namespace DEEPION
