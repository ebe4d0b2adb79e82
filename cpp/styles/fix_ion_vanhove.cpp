// SPDX-License-Identifier: MIT
#include "fix_ion_vanhove.h"

#include "lammps_compat.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "group.h"
#include "update.h"

#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonVanHove::FixIonVanHove(LAMMPS *lmp, int narg, char **arg) : FixIon(lmp, narg, arg)
{
  settings.lags_per_level = 10;
  settings.levels = 5;
  settings.overlap = 1.5;
  std::string drift = "framework", unwrap = "auto";
  std::vector<double> q = {2.0};

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words = sampling->begin(
      {"q", "overlap", "drift", "unwrap", "lags", "origins", "self", "distinct"}, narg, arg);
  settings.rmax = words.number("rmax", true);
  settings.bins = words.integer64("bins", 1);
  for (std::string key; sampling->next(words, key);) {
    if (key == "q") {
      q = words.numbers(key);
    } else if (key == "overlap") {
      settings.overlap = words.number(key, true);
    } else if (key == "drift") {
      drift = words.one_of(key, {"framework", "com", "none"});
    } else if (key == "unwrap") {
      unwrap = words.one_of(key, {"auto", "image", "toroidal"});
    } else if (key == "lags") {
      settings.lags_per_level = words.integer64(key, 2);
      settings.levels = words.integer64(key, 1);
    } else if (key == "origins") {
      settings.origins = words.integer64(key, 1);
    } else if (key == "self") {
      self_file = words.word(key, "a file name");
    } else if (key == "distinct") {
      read_distinct(words);
    }
  }
  sampling->finish(words);
  sampling->own_files = {self_file, distinct_file};
  for (const double one : q) settings.q.push_back(one);

  reference.emplace(lmp, drift);
  settings.every = sampling->every;
  settings.timestep = update->dt * sampling->picoseconds();
  settings.ions = ions.number();
  settings.drift = reference->drift();
  settings.reference_atoms = reference->atoms(ions);
  vanhove = opened(lmp, name, [&] {
    return deepion::ffi::open_vanhove(settings);
  });
  ions.add_positions(unwrap);
  begin((*vanhove)->measurement());
}

/* ---------------------------------------------------------------------- */

void FixIonVanHove::read_distinct(Words &words)
{
  partner_group = words.word("distinct",
                             "the group whose atoms are counted, samples from one "
                             "count to the next and a file name");
  settings.spacing = words.integer64("distinct", 1);
  distinct_file = words.word("distinct", "a file name");
  if (!words.good()) return;
  const int jgroup = group->find(partner_group);
  if (jgroup < 0) return words.fail_command("there is no group " + partner_group);
  settings.neighbors = group->count(jgroup);
  if (settings.neighbors == 0)
    return words.fail_command("group " + partner_group + " has no atoms");
  ions.groups.add(partner_group, "atoms of keyword distinct", settings.neighbors);

  bigint mine = 0, both = 0;
  const int bits = groupbit | group->bitmask[jgroup];
  for (int i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & bits) == bits) mine++;
  MPI_Allreduce(&mine, &both, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  settings.shared = both;
}

/* ---------------------------------------------------------------------- */

void FixIonVanHove::init()
{
  if (domain->dimension != 3) fail("a 3-dimensional system is needed: shells have a volume");
  FixIon::init();
  if (partner_group.empty()) return;
  const int jgroup = group->find(partner_group);
  if (jgroup < 0) fail("there is no group " + partner_group + " any more");
  if (group->dynamic[jgroup]) fail("group " + partner_group + " must not be dynamic");
  if (!domain->xperiodic || !domain->yperiodic || !domain->zperiodic)
    fail("keyword distinct needs a box that is periodic along x, y and z: elsewhere atoms have no "
         "mean density");
  if (domain->box_change || ions.positions->toroidal())
    fail("keyword distinct needs a box that stays the same: places of the past are none of another "
         "box");
}

/* ----------------------------------------------------------------------
   all atoms of the distinct part on all ranks: where an ion was may be far from its rank of today
------------------------------------------------------------------------- */

void FixIonVanHove::gather_partners()
{
  const int bit = group->bitmask[group->find(partner_group)];
  std::vector<double> mine;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(atom->mask[i] & bit)) continue;
    double r[3];
    ions.positions->position(i, r);
    mine.insert(mine.end(), r, r + 3);
    ids.push_back(atom->tag[i]);
  }
  const int n = static_cast<int>(ids.size());
  std::vector<int> counts(comm->nprocs), displs(comm->nprocs, 0);
  MPI_Allgather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, world);
  for (int rank = 1; rank < comm->nprocs; rank++)
    displs[rank] = displs[rank - 1] + counts[rank - 1];
  const std::size_t all = static_cast<std::size_t>(displs.back()) + counts.back();
  partners.resize(3 * all);
  partner_ids.resize(all);
  MPI_Allgatherv(ids.data(), n, MPI_INT64_T, partner_ids.data(), counts.data(), displs.data(),
                 MPI_INT64_T, world);
  for (int rank = 0; rank < comm->nprocs; rank++) {
    counts[rank] *= 3;
    displs[rank] *= 3;
  }
  MPI_Allgatherv(mine.data(), 3 * n, MPI_DOUBLE, partners.data(), counts.data(), displs.data(),
                 MPI_DOUBLE, world);
}

/* ---------------------------------------------------------------------- */

void FixIonVanHove::sample()
{
  ions.gather();
  const auto located = reference->locate(ions, *measurement);
  bool wanted = false;
  measurement->all([&] {
    wanted = (*vanhove)->wants_partners();
  });
  partners.clear();
  partner_ids.clear();
  if (wanted) gather_partners();
  deepion::ffi::Partners around;
  around.positions = slice(partners);
  around.ids = slice(partner_ids);
  around.cell = {domain->xprd, domain->yprd, domain->zprd, domain->xy, domain->xz, domain->yz};

  Conditions now;
  now.volume = domain->xprd * domain->yprd * domain->zprd;
  measurement->all([&] {
    (*vanhove)->sample(frame_of(located, ions, now), std::move(around));
  });
}

/* ---------------------------------------------------------------------- */

void FixIonVanHove::write_own_files(const deepion::ffi::Provenance &from)
{
  measurement->write(self_file, [&] {
    (*vanhove)->write_self(path_bytes(self_file), from);
  });
  measurement->write(distinct_file, [&] {
    (*vanhove)->write_distinct(path_bytes(distinct_file), from);
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonVanHove::summary() const
{
  return fmt::format(
      "{} ions every {} steps, {} lags on each of {} levels, {} bins up to {:.12g} Angstrom, "
      "drift {}, unwrap {}, {}",
      ions.number(), sampling->every, settings.lags_per_level, settings.levels, settings.bins,
      settings.rmax, reference->word(), ions.positions->toroidal() ? "toroidal" : "image",
      partner_group.empty() ? "no distinct part"
                            : fmt::format("distinct part: {} atoms (group {}) every {} samples",
                                          settings.neighbors, partner_group, settings.spacing));
}

/* ---------------------------------------------------------------------- */

void FixIonVanHove::describe(deepion::ffi::Provenance &from) const
{
  if (partner_group.empty()) return;
  from.notes.push_back(rust::String::lossy(
      fmt::format("distinct part: group {}: {} atoms", partner_group, settings.neighbors)));
}

/* ---------------------------------------------------------------------- */

double FixIonVanHove::memory_usage()
{
  // positions and IDs of all partners, sorted ones beside them
  return FixIon::memory_usage() + 2.0 * 32.0 * static_cast<double>(settings.neighbors);
}
