// SPDX-License-Identifier: MIT
#include "ion_atoms.h"

#include "errors.h"
#include "lammps_compat.h"
#include "rerun.h"

#include "atom.h"
#include "group.h"
#include "lammps.h"

#include <algorithm>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

IonAtoms::IonAtoms(LAMMPS *_lmp, const std::string &_name, int _igroup) :
    groups(_lmp, _name), lmp(_lmp), name(_name), igroup(_igroup), nions(_lmp->group->count(_igroup))
{
  if (nions == 0) fail(std::string("group ") + group_name() + " has no atoms");
  groups.add(group_name(), "ions", nions);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ---------------------------------------------------------------------- */

const char *IonAtoms::group_name() const
{
  return lmp->group->names[igroup];
}

/* ---------------------------------------------------------------------- */

int IonAtoms::groupbit() const
{
  return lmp->group->bitmask[igroup];
}

/* ---------------------------------------------------------------------- */

void IonAtoms::add_positions(const std::string &unwrap)
{
  positions = std::make_unique<UnwrappedPositions>(lmp, unwrapping_of(unwrap));
  positions->rows.grow(lmp->atom->nmax);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::add_rows(int width)
{
  if (!lmp->atom->tag_enable) fail("atom IDs are needed: use atom_modify id yes");
  rows = std::make_unique<AtomRows>(width);
  rows->grow(lmp->atom->nmax);
  for (int i = 0; i < lmp->atom->nlocal; i++)
    if (lmp->atom->mask[i] & groupbit()) rows->create(i);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::init()
{
  if (lmp->group->dynamic[igroup]) fail("the group must not be dynamic");
  if (!positions) return;
  const std::string problem = rerun_without_images(lmp);
  if (!problem.empty()) fail(problem);
  positions->init();
}

/* ---------------------------------------------------------------------- */

void IonAtoms::update()
{
  if (positions) positions->update();
}

/* ---------------------------------------------------------------------- */

void IonAtoms::gather()
{
  if (positions && !positions->problem().empty()) fail(positions->problem());
  const Atom *atom = lmp->atom;
  const int bit = groupbit();
  tagint stranger = 0;
  indices.clear();
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & bit) indices.push_back(i);
  if (rows) {
    for (const int i : indices)
      if (!rows->has(i)) stranger = atom->tag[i];
    // in the order of their rows, which stays when LAMMPS sorts atoms: what is read of these is then
    // read in one go
    rows->sort(indices);
  }
  slots.clear();
  ids.clear();
  x.clear();
  for (const int i : indices) {
    if (atom->tag) ids.push_back(atom->tag[i]);
    if (rows) slots.push_back(std::max(rows->slot(i), 0));
    if (positions) {
      double r[3];
      positions->position(i, r);
      x.insert(x.end(), r, r + 3);
    }
  }

  std::string text;
  if (stranger)
    text =
        fmt::format("{}: atom {} is in the group, but was not when the measurement began: the "
                    "same atoms are needed throughout; use another ID to start a new measurement",
                    name, stranger);
  groups.check(text);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::grow(int nmax)
{
  if (rows) rows->grow(nmax);
  if (positions) positions->rows.grow(nmax);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::copy(int i, int j)
{
  if (rows) rows->copy(i, j);
  if (positions) positions->rows.copy(i, j);
}

/* ---------------------------------------------------------------------- */

void IonAtoms::added(int i)
{
  if (rows) rows->none(i);
  if (!positions) return;
  if (positions->toroidal())
    positions->create(i);
  else
    positions->rows.none(i);
}

/* ---------------------------------------------------------------------- */

int IonAtoms::pack(int i, double *buf)
{
  int n = 0;
  if (rows) n += rows->pack(i, buf);
  if (positions) n += positions->rows.pack(i, buf + n);
  return n;
}

/* ---------------------------------------------------------------------- */

int IonAtoms::unpack(int i, const double *buf)
{
  int n = 0;
  if (rows) n += rows->unpack(i, buf);
  if (positions) n += positions->rows.unpack(i, buf + n);
  return n;
}

/* ---------------------------------------------------------------------- */

int IonAtoms::size(int i) const
{
  return (rows ? rows->size(i) : 0) + (positions ? positions->rows.size(i) : 0);
}

/* ---------------------------------------------------------------------- */

int IonAtoms::largest_size() const
{
  return (rows ? rows->largest_size() : 0) + (positions ? positions->rows.largest_size() : 0);
}

/* ---------------------------------------------------------------------- */

bool IonAtoms::fits(const double *buf, int length) const
{
  int n = 0;
  for (const AtomRows *one : {rows.get(), positions ? &positions->rows : nullptr}) {
    if (!one) continue;
    if (n >= length) return false;
    n += buf[n] == 0.0 ? 1 : one->largest_size();
  }
  return n == length;
}

/* ---------------------------------------------------------------------- */

std::size_t IonAtoms::memory_bytes() const
{
  return (rows ? rows->memory_bytes() : 0) + (positions ? positions->rows.memory_bytes() : 0) +
      indices.capacity() * sizeof(int) + slots.capacity() * sizeof(int) +
      ids.capacity() * sizeof(std::int64_t) + x.capacity() * sizeof(double);
}

}    // namespace DEEPION
