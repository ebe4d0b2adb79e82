// SPDX-License-Identifier: MIT
#include "fix_ion_coordination.h"

#include "lammps_compat.h"

#include "neighbor.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonCoordination::FixIonCoordination(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), neighbors(lmp, name, igroup)
{
  sampling = std::make_unique<Sampling>(lmp, style, id);
  sampling->times_matter = false;
  Words words = sampling->begin(CoordinationCounts::keywords(), narg, arg);
  neighbors.read_group(words);
  for (std::string key; sampling->next(words, key);) neighbors.keyword(words, key);
  neighbors.finish_arguments(words);
  sampling->finish(words);
  ions.groups.add(neighbors.group_name, "neighbor atoms", neighbors.natoms);

  deepion::ffi::CoordinationSettings settings = {};
  for (const double cutoff : neighbors.cutoffs) settings.cutoffs.push_back(cutoff);
  settings.most = neighbors.most;
  settings.every = sampling->every;
  settings.ions = ions.number();
  settings.neighbors = neighbors.natoms;
  coordination = opened(lmp, name, [&] {
    return deepion::ffi::open_coordination(settings);
  });
  begin((*coordination)->measurement());
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::init()
{
  FixIon::init();
  neighbor->add_request(this, neighbors.init());
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::init_list(int, NeighList *list)
{
  neighbors.list = list;
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::sample()
{
  ions.groups.check();
  neighbors.count();
  const auto &counts = neighbors.counts;
  measurement->all([&] {
    (*coordination)->sample(rust::Slice<const std::uint32_t>(counts.data(), counts.size()));
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonCoordination::summary() const
{
  return fmt::format("{} ions every {} steps, {} neighbors (group {}), {}", ions.number(),
                     sampling->every, neighbors.natoms, neighbors.group_name,
                     neighbors.cutoffs_text());
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::describe(deepion::ffi::Provenance &from) const
{
  from.notes.push_back(rust::String::lossy(
      fmt::format("neighbors: group {}: {} atoms", neighbors.group_name, neighbors.natoms)));
}

/* ---------------------------------------------------------------------- */

double FixIonCoordination::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(neighbors.memory_bytes());
}
