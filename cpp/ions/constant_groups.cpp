// SPDX-License-Identifier: MIT
#include "constant_groups.h"

#include "errors.h"
#include "lammps_compat.h"

#include "atom.h"
#include "group.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ----------------------------------------------------------------------
   splitmix64: neighboring numbers give unrelated ones
------------------------------------------------------------------------- */

static std::uint64_t hash(std::uint64_t x)
{
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* ---------------------------------------------------------------------- */

void ConstantGroups::add(const std::string &group, const std::string &what, bigint number)
{
  Group one;
  one.group = group;
  one.what = what;
  one.expected.number = number;
  groups.push_back(one);
}

/* ----------------------------------------------------------------------
   without atom IDs only the numbers of atoms of each type are compared
------------------------------------------------------------------------- */

ConstantGroups::Fingerprint ConstantGroups::now(const std::string &group) const
{
  Fingerprint sums;
  const Atom *atom = lmp->atom;
  const int igroup = lmp->group->find(group);
  if (igroup < 0) return sums;
  const int bit = lmp->group->bitmask[igroup];
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(atom->mask[i] & bit)) continue;
    const std::uint64_t id = hash(atom->tag ? static_cast<std::uint64_t>(atom->tag[i]) : 0);
    sums.number++;
    sums.members += id;
    sums.types += hash(id + static_cast<std::uint64_t>(atom->type[i]));
  }
  return sums;
}

/* ----------------------------------------------------------------------
   unsigned integers, which wrap around: the sums are the same for any number of ranks
------------------------------------------------------------------------- */

void ConstantGroups::check(const std::string &problem)
{
  static_assert(sizeof(Fingerprint) == 3 * sizeof(std::uint64_t), "sent as three numbers");
  std::vector<Fingerprint> mine, all(groups.size() + 1);
  for (const auto &one : groups) mine.push_back(now(one.group));
  mine.emplace_back();
  mine.back().number = !problem.empty();
  MPI_Allreduce(mine.data(), all.data(), static_cast<int>(3 * mine.size()), MPI_UINT64_T, MPI_SUM,
                lmp->world);
  if (all.back().number > 0) stop_all_if(lmp, FLERR, problem);

  for (std::size_t k = 0; k < groups.size(); k++) {
    const Fingerprint &found = all[k];
    Fingerprint &expected = groups[k].expected;
    const std::string &what = groups[k].what;
    if (found.number != expected.number)
      stop_all(lmp, FLERR,
               fmt::format("{}: {} {} now, {} when the measurement began: the same atoms are "
                           "needed throughout, but atoms were lost, added or moved between groups",
                           name, found.number, what, expected.number));
    if (!known) {
      expected = found;
      continue;
    }
    if (found.members != expected.members)
      stop_all(lmp, FLERR,
               fmt::format("{}: the {} are other atoms than when the measurement began: the same "
                           "atoms are needed throughout; use another ID to start a new measurement",
                           name, what));
    if (found.types != expected.types)
      stop_all(lmp, FLERR,
               fmt::format("{}: {} changed their atom types since the measurement began (fix "
                           "atom/swap and set type do that): the same atoms of the same types are "
                           "needed throughout; use another ID to start a new measurement",
                           name, what));
  }
  known = true;
}

/* ---------------------------------------------------------------------- */

std::vector<std::int64_t> ConstantGroups::save() const
{
  std::vector<std::int64_t> saved;
  if (!known) return saved;
  for (const auto &one : groups)
    for (const std::uint64_t number :
         {one.expected.number, one.expected.members, one.expected.types})
      saved.push_back(static_cast<std::int64_t>(number));
  return saved;
}

/* ----------------------------------------------------------------------
   numbers of atoms are part of the settings that the measurement itself compares
------------------------------------------------------------------------- */

bool ConstantGroups::restore(const std::vector<std::int64_t> &saved)
{
  known = false;
  if (saved.empty()) return true;
  if (saved.size() != 3 * groups.size()) return false;
  for (std::size_t k = 0; k < groups.size(); k++) {
    groups[k].expected.members = static_cast<std::uint64_t>(saved[3 * k + 1]);
    groups[k].expected.types = static_cast<std::uint64_t>(saved[3 * k + 2]);
  }
  known = true;
  return true;
}

}    // namespace DEEPION
