// SPDX-License-Identifier: MIT
#include "fix_ion_vdos.h"

#include "lammps_compat.h"
#include "model_in_use.h"
#include "rerun.h"

#include "atom.h"
#include "domain.h"
#include "update.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonVdos::FixIonVdos(LAMMPS *lmp, int narg, char **arg) : FixIon(lmp, narg, arg), window(0)
{
  deepion::ffi::VibrationsSettings set = {};
  std::string split = "none";
  std::vector<std::string> given;

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words = sampling->begin({"origins", "temp", "split", "names", "vacf"}, narg, arg);
  window = words.integer("window", 2);
  set.window = window;
  set.spacing = (set.window + 9) / 10;    // so that 10 origins or fewer are open
  for (std::string key; sampling->next(words, key);) {
    if (key == "origins") {
      set.spacing = words.integer(key, 1);
    } else if (key == "temp") {
      set.temperature = words.number(key, true);
    } else if (key == "split") {
      split = words.one_of(key, {"none", "cut", "2pt"});
      set.cut = split == "cut" ? words.number("split cut", true) : 0.0;
    } else if (key == "names") {
      given = {words.word(key, "a name for each atom type")};
      while (words.has_value()) given.push_back(words.take());
    } else if (key == "vacf") {
      vacf = words.word(key, "a file name");
    }
  }
  if (words.good() && !given.empty() && static_cast<int>(given.size()) != atom->ntypes)
    words.fail_command(fmt::format("keyword names has {} names, but there are {} atom types",
                                   given.size(), atom->ntypes));
  sampling->finish(words);
  sampling->own_files = {vacf};

  find_species(given);
  for (const auto &one : species)
    set.species.push_back({rust::String::lossy(one.name), one.mass, std::uint64_t(one.atoms)});
  set.every = sampling->every;
  set.timestep = update->dt * sampling->picoseconds();
  set.box_atoms = atom->natoms;
  set.split = split == "none" ? deepion::ffi::Split::None
      : split == "cut"        ? deepion::ffi::Split::Cut
                              : deepion::ffi::Split::TwoPhase;
  settings = fmt::format("origins every {} samples, split {}, {}", set.spacing,
                         split == "cut" ? fmt::format("cut at {} THz", set.cut) : split,
                         set.temperature > 0.0 ? fmt::format("temperature {} K", set.temperature)
                                               : "temperature of the velocities");

  vibrations = opened(lmp, name, [&] {
    return deepion::ffi::open_vibrations(set);
  });
  begin((*vibrations)->measurement());
}

/* ----------------------------------------------------------------------
   a species for each atom type in the group; types of one name are one species
------------------------------------------------------------------------- */

void FixIonVdos::find_species(const std::vector<std::string> &given)
{
  if (atom->rmass) fail("atoms must have the mass of their type, not one of their own");
  const int ntypes = atom->ntypes;
  std::vector<bigint> mine(ntypes + 1, 0), count(ntypes + 1, 0);
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & groupbit) mine[atom->type[i]]++;
  MPI_Allreduce(mine.data(), count.data(), ntypes + 1, MPI_LMP_BIGINT, MPI_SUM, world);

  const auto elements = model_elements(lmp);

  species_of.assign(ntypes + 1, -1);
  for (int type = 1; type <= ntypes; type++) {
    if (count[type] == 0) continue;
    if (!atom->mass || !atom->mass_setflag[type])
      fail(fmt::format("the mass of atom type {} is not set", type));
    std::string called = fmt::format("type{}", type);
    if (!given.empty())
      called = given[type - 1];
    else if (!elements.empty() && elements[type] != "NULL")
      called = elements[type];
    const auto known = std::find_if(species.begin(), species.end(), [&](const Species &one) {
      return one.name == called;
    });
    species_of[type] = static_cast<int>(known - species.begin());
    if (known == species.end()) {
      species.push_back({called, atom->mass[type], count[type]});
      continue;
    }
    if (known->mass != atom->mass[type])
      fail(fmt::format("atom types of the name {} have different masses ({} and {}): keyword names "
                       "can tell them apart",
                       called, known->mass, atom->mass[type]));
    known->atoms += count[type];
  }
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::init()
{
  FixIon::init();
  if (rerun_without_velocities(lmp))
    fail("rerun does not read velocities (vx vy vz), so those of another moment would be measured: "
         "dump vx vy vz and use 'rerun FILE dump x y z vx vy vz'");
  for (int type = 1; type <= atom->ntypes; type++)
    if (species_of[type] >= 0 && atom->mass[type] != species[species_of[type]].mass)
      fail(fmt::format("the mass of atom type {} was {} when the measurement began and is {} now: "
                       "use another ID to start a new measurement",
                       type, species[species_of[type]].mass, atom->mass[type]));
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::sample()
{
  ions.gather();
  const double ps = sampling->picoseconds();
  velocities.clear();
  kinds.clear();
  for (const int i : ions.indices) {
    for (int k = 0; k < 3; k++) velocities.push_back(atom->v[i][k] / ps);
    kinds.push_back(species_of[atom->type[i]]);
  }
  measurement->all([&] {
    (*vibrations)
        ->sample(slice(velocities), slice(kinds),
                 rust::Slice<double>(ions.rows->values.data(), ions.rows->values.size()),
                 slice(ions.slots), AtomRows::TILE, domain->xprd * domain->yprd * domain->zprd);
  });
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::write_own_files(const deepion::ffi::Provenance &from)
{
  measurement->write(vacf, [&] {
    (*vibrations)->write_vacf(path_bytes(vacf), from);
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonVdos::summary() const
{
  std::string text;
  for (const auto &one : species)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", one.atoms, one.name);
  return fmt::format("{} every {} steps, {} lags ({:.6g} ps), {}", text, sampling->every, window,
                     static_cast<double>((window - 1) * sampling->every) * update->dt *
                         sampling->picoseconds(),
                     settings);
}

/* ---------------------------------------------------------------------- */

double FixIonVdos::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(velocities.capacity() * sizeof(double)) +
      static_cast<double>(kinds.capacity() * sizeof(int));
}
