// SPDX-License-Identifier: MIT
#include "fix_ion_rdf.h"

#include "lammps_compat.h"

#include "domain.h"
#include "neighbor.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonRDF::FixIonRDF(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), neighbors(lmp, name, igroup)
{
  sampling = std::make_unique<Sampling>(lmp, style, id);
  sampling->times_matter = false;
  Words words = sampling->begin({}, narg, arg);
  neighbors.read_group(words);
  settings.rmax = words.number("rmax", true);
  settings.bins = words.integer("bins", 1);
  for (std::string key; sampling->next(words, key);) continue;
  sampling->finish(words);
  ions.groups.add(neighbors.group_name, "neighbor atoms", neighbors.natoms);

  settings.every = sampling->every;
  settings.ions = ions.number();
  settings.neighbors = neighbors.natoms;
  settings.shared = neighbors.shared();
  rdf = opened(lmp, name, [&] {
    return deepion::ffi::open_rdf(settings);
  });
  begin((*rdf)->measurement());
}

/* ---------------------------------------------------------------------- */

void FixIonRDF::init()
{
  if (domain->dimension != 3) fail("a 3-dimensional system is needed: shells have a volume");
  FixIon::init();
  neighbor->add_request(this, neighbors.init(settings.rmax, "rmax"));
}

/* ---------------------------------------------------------------------- */

void FixIonRDF::init_list(int, NeighList *list)
{
  neighbors.list = list;
}

/* ---------------------------------------------------------------------- */

void FixIonRDF::sample()
{
  ions.groups.check();
  const auto &found = neighbors.find();
  measurement->all([&] {
    (*rdf)->sample(neighbors.positions(), slice(found.centers), slice(found.offsets),
                   slice(found.neighbors), domain->xprd * domain->yprd * domain->zprd);
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonRDF::summary() const
{
  return fmt::format(
      "{} ions every {} steps, {} neighbors (group {}), {} bins up to {:.12g} Angstrom",
      ions.number(), sampling->every, neighbors.natoms, neighbors.group_name, settings.bins,
      settings.rmax);
}

/* ---------------------------------------------------------------------- */

void FixIonRDF::describe(deepion::ffi::Provenance &from) const
{
  from.notes.push_back(rust::String::lossy(
      fmt::format("neighbors: group {}: {} atoms", neighbors.group_name, neighbors.natoms)));
}

/* ---------------------------------------------------------------------- */

double FixIonRDF::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(neighbors.memory_bytes());
}
