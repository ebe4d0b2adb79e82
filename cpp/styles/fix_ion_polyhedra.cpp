// SPDX-License-Identifier: MIT
#include "fix_ion_polyhedra.h"

#include "lammps_compat.h"

#include "atom.h"
#include "comm.h"
#include "neighbor.h"
#include "update.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonPolyhedra::FixIonPolyhedra(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), neighbors(lmp, name, igroup)
{
  std::string center = "M", ligand = "X";
  settings.lags_per_level = 10;
  settings.levels = 4;

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words = sampling->begin({"lags", "names"}, narg, arg);
  neighbors.read_group(words);
  settings.made = words.number("r1", true);
  settings.broken = words.number("r2", true);
  for (std::string key; sampling->next(words, key);) {
    if (key == "lags") {
      settings.lags_per_level = words.integer64(key, 2);
      settings.levels = words.integer64(key, 1);
    } else if (key == "names") {
      center = words.word(key, "a name for centers and one for ligands");
      ligand = words.word(key, "a name for centers and one for ligands");
    }
  }
  sampling->finish(words);
  if (!atom->tag_enable) fail("atom IDs are needed: use atom_modify id yes");
  if (neighbors.shared() > 0)
    fail("an atom cannot be a center and a ligand: the groups have atoms in common");
  ions.groups.add(neighbors.group_name, "ligands", neighbors.natoms);

  settings.every = sampling->every;
  settings.timestep = update->dt * sampling->picoseconds();
  settings.centers = ions.number();
  settings.ligands = neighbors.natoms;
  settings.center_name = rust::String::lossy(center);
  settings.ligand_name = rust::String::lossy(ligand);
  polyhedra = opened(lmp, name, [&] {
    return deepion::ffi::open_polyhedra(settings);
  });
  begin((*polyhedra)->measurement());
}

/* ---------------------------------------------------------------------- */

void FixIonPolyhedra::init()
{
  FixIon::init();
  neighbor->add_request(this, neighbors.init(settings.broken, "r2"));
}

/* ---------------------------------------------------------------------- */

void FixIonPolyhedra::init_list(int, NeighList *list)
{
  neighbors.list = list;
}

/* ---------------------------------------------------------------------- */

void FixIonPolyhedra::sample()
{
  ions.groups.check();
  const auto &found = neighbors.find();
  ids.assign(atom->tag, atom->tag + atom->nlocal + atom->nghost);
  rust::Vec<std::int64_t> mine;
  measurement->all([&] {
    mine = (*polyhedra)
               ->near(neighbors.positions(), slice(ids), slice(found.centers), slice(found.offsets),
                      slice(found.neighbors));
  });
  gather(mine);
  measurement->all([&] {
    (*polyhedra)->sample(slice(rows), comm->me, comm->nprocs);
  });
}

/* ----------------------------------------------------------------------
   collective: what all ranks found, on all ranks
------------------------------------------------------------------------- */

void FixIonPolyhedra::gather(const rust::Vec<std::int64_t> &mine)
{
  const int n = static_cast<int>(mine.size());
  std::vector<int> counts(comm->nprocs), begin(comm->nprocs, 0);
  MPI_Allgather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, world);
  for (int rank = 1; rank < comm->nprocs; rank++) begin[rank] = begin[rank - 1] + counts[rank - 1];
  rows.resize(static_cast<std::size_t>(begin.back()) + counts.back());
  MPI_Allgatherv(mine.data(), n, MPI_INT64_T, rows.data(), counts.data(), begin.data(), MPI_INT64_T,
                 world);
}

/* ---------------------------------------------------------------------- */

std::string FixIonPolyhedra::summary() const
{
  return fmt::format("{} centers {} every {} steps, {} ligands {} (group {}), bonds made below "
                     "{:.12g} and broken above {:.12g} Angstrom, {} lags on each of {} levels",
                     ions.number(), std::string(settings.center_name), sampling->every,
                     neighbors.natoms, std::string(settings.ligand_name), neighbors.group_name,
                     settings.made, settings.broken, settings.lags_per_level, settings.levels);
}

/* ---------------------------------------------------------------------- */

void FixIonPolyhedra::describe(deepion::ffi::Provenance &from) const
{
  from.notes.push_back(rust::String::lossy(
      fmt::format("ligands: group {}: {} atoms", neighbors.group_name, neighbors.natoms)));
}

/* ---------------------------------------------------------------------- */

double FixIonPolyhedra::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(neighbors.memory_bytes()) +
      static_cast<double>((ids.capacity() + rows.capacity()) * sizeof(std::int64_t));
}
