// SPDX-License-Identifier: MIT
#include "ion_species.h"

#include "errors.h"
#include "lammps_compat.h"

#include "atom.h"
#include "group.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

IonSpecies::IonSpecies(LAMMPS *_lmp, const std::string &_name) : lmp(_lmp), name(_name) {}

/* ---------------------------------------------------------------------- */

void IonSpecies::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ---------------------------------------------------------------------- */

void IonSpecies::read(Words &words, const std::string &keyword)
{
  One one;
  one.group = words.word(keyword, "a group and the charge of each of its atoms");
  if (!words.good()) return;
  one.igroup = lmp->group->find(one.group);
  if (one.igroup < 0) return words.fail("there is no group " + one.group);
  one.number = lmp->group->count(one.igroup);
  if (one.number == 0) return words.fail("group " + one.group + " has no atoms");
  one.charge = words.any_number(keyword);
  species.push_back(one);
}

/* ---------------------------------------------------------------------- */

int IonSpecies::kind_of(int mask) const
{
  for (std::size_t k = 0; k < species.size(); k++)
    if (mask & lmp->group->bitmask[species[k].igroup]) return static_cast<int>(k);
  return -1;
}

/* ---------------------------------------------------------------------- */

void IonSpecies::begin(IonAtoms &ions)
{
  if (empty()) return;
  std::vector<int> bits = {ions.groupbit()};
  std::vector<std::string> names = {ions.group_name()};
  for (const auto &one : species) {
    bits.push_back(lmp->group->bitmask[one.igroup]);
    names.push_back(one.group);
  }
  const std::size_t n = bits.size();
  std::vector<int> mine(n * n, 0), shared(n * n, 0);
  for (int i = 0; i < lmp->atom->nlocal; i++)
    for (std::size_t a = 0; a < n; a++)
      for (std::size_t b = a + 1; b < n; b++)
        if ((lmp->atom->mask[i] & bits[a]) && (lmp->atom->mask[i] & bits[b])) mine[a * n + b] = 1;
  MPI_Allreduce(mine.data(), shared.data(), static_cast<int>(mine.size()), MPI_INT, MPI_MAX,
                lmp->world);
  for (std::size_t a = 0; a < n; a++)
    for (std::size_t b = a + 1; b < n; b++)
      if (shared[a * n + b])
        fail(fmt::format("keyword species: groups {} and {} have atoms in common, whose charges "
                         "would count twice: use groups without common atoms",
                         names[a], names[b]));
  for (const auto &one : species)
    ions.groups.add(one.group, "atoms of species " + one.group, one.number);
}

/* ---------------------------------------------------------------------- */

rust::Vec<deepion::ffi::IonSpecies> IonSpecies::settings(const IonAtoms &ions, double charge) const
{
  rust::Vec<deepion::ffi::IonSpecies> all;
  const auto add = [&](const std::string &group, bigint number, double of_each) {
    deepion::ffi::IonSpecies one;
    one.name = rust::String::lossy(group);
    one.atoms = number;
    one.charge = of_each;
    all.push_back(std::move(one));
  };
  if (empty()) return all;
  add(ions.group_name(), ions.number(), charge);
  for (const auto &one : species) add(one.group, one.number, one.charge);
  return all;
}

/* ---------------------------------------------------------------------- */

void IonSpecies::init()
{
  for (auto &one : species) {
    one.igroup = lmp->group->find(one.group);
    if (one.igroup < 0) fail("keyword species: there is no group " + one.group + " any more");
    if (lmp->group->dynamic[one.igroup])
      fail("keyword species: group " + one.group + " must not be dynamic");
  }
}

/* ---------------------------------------------------------------------- */

void IonSpecies::locate(const IonAtoms &ions, const Measurement &measurement,
                        std::vector<std::int64_t> &located) const
{
  if (empty()) return;
  std::vector<double> positions;
  std::vector<int> kinds;
  for (int i = 0; i < lmp->atom->nlocal; i++) {
    const int kind = kind_of(lmp->atom->mask[i]);
    if (kind < 0) continue;
    double r[3];
    ions.positions->position(i, r);
    positions.insert(positions.end(), r, r + 3);
    kinds.push_back(kind);
  }
  rust::Vec<std::int64_t> mine;
  measurement.all([&] {
    mine = deepion::ffi::locate_species(slice(positions), slice(kinds), species.size());
  });
  const auto sums = measurement.sum(mine);
  located.insert(located.end(), sums.begin(), sums.end());
}

/* ---------------------------------------------------------------------- */

std::string IonSpecies::words(const IonAtoms &ions, double charge) const
{
  std::string text = fmt::format("species {} of {:.12g} e", ions.group_name(), charge);
  for (const auto &one : species)
    text += fmt::format(", {} {} of {:.12g} e", one.number, one.group, one.charge);
  return text;
}

}    // namespace DEEPION
