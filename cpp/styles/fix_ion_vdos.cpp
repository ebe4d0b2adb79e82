#include "fix_ion_vdos.h"

#include "atom_rows.h"
#include "lammps_compat.h"
#include "measurement.h"
#include "model_in_use.h"
#include "unwrapped_positions.h"
#include "words.h"

#include "deepion-bridge/src/vibrations.rs.h"

#include "atom.h"
#include "domain.h"
#include "force.h"
#include "lammps.h"
#include "pair.h"
#include "update.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;
using deepion::ffi::Vibrations;

struct FixIonVdos::Sampler {
  rust::Box<Vibrations> handle;
};

/* ---------------------------------------------------------------------- */

FixIonVdos::FixIonVdos(LAMMPS *lmp, int narg, char **arg) :
    FixIonSampling(lmp, narg, arg), window(0), ps(picoseconds())
{
  deepion::ffi::VibrationsSettings set = {};
  std::string split = "none";
  std::vector<std::string> given;

  std::vector<std::string> keywords = {"origins", "temp", "split", "names", "vacf"};
  const auto common = common_keywords();
  keywords.insert(keywords.end(), common.begin(), common.end());
  Words words(name, keywords, narg - 3, arg + 3);
  every = words.integer("Nevery", 1);
  window = words.integer("window", 2);
  set.window = window;
  set.spacing = (set.window + 9) / 10;    // so that 10 origins or fewer are open
  while (!words.done()) {
    const std::string key = words.take();
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
    } else if (!common_keyword(words, key)) {
      words.fail("unknown keyword '" + key + "'; keywords are " + joined(keywords));
    }
  }
  if (words.good() && !given.empty() && static_cast<int>(given.size()) != atom->ntypes)
    words.fail(fmt::format("keyword names has {} names, but there are {} atom types", given.size(),
                           atom->ntypes));
  finish_arguments(words);

  find_species(given);
  for (std::size_t k = 0; k < names.size(); k++) {
    deepion::ffi::Species one = {};
    one.name = rust::String::lossy(names[k]);
    one.mass = masses[k];
    one.atoms = numbers[k];
    set.species.push_back(one);
  }
  set.every = every;
  set.timestep = update->dt * ps;
  set.box_atoms = atom->natoms;
  set.split = split == "none" ? deepion::ffi::Split::None
      : split == "cut"        ? deepion::ffi::Split::Cut
                              : deepion::ffi::Split::TwoPhase;
  settings = fmt::format("origins every {} samples, split {}, {}", set.spacing,
                         split == "cut" ? fmt::format("cut at {} THz", set.cut) : split,
                         set.temperature > 0.0 ? fmt::format("temperature {} K", set.temperature)
                                               : "temperature of the velocities");

  sampler = std::make_unique<Sampler>(Sampler{opened(lmp, name, [&] {
    return deepion::ffi::open_vibrations(set);
  })});
  measurement = std::make_unique<Measurement>(lmp, name, sampler->handle->measurement());
  declare_output();
  give_rows(measurement->row_width());
}

/* ---------------------------------------------------------------------- */

FixIonVdos::~FixIonVdos() = default;

/* ----------------------------------------------------------------------
   a species for each atom type in the group; types of one name, such as two types of an element, are
   one species
------------------------------------------------------------------------- */

void FixIonVdos::find_species(const std::vector<std::string> &given)
{
  if (atom->rmass) fail("atoms must have the mass of their type, not one of their own");
  const int ntypes = atom->ntypes;
  std::vector<bigint> mine(ntypes + 1, 0), count(ntypes + 1, 0);
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & groupbit) mine[atom->type[i]]++;
  MPI_Allreduce(mine.data(), count.data(), ntypes + 1, MPI_LMP_BIGINT, MPI_SUM, world);

  const std::vector<std::string> elements = model_elements(lmp);

  species.assign(ntypes + 1, -1);
  for (int type = 1; type <= ntypes; type++) {
    if (count[type] == 0) continue;
    if (!atom->mass || !atom->mass_setflag[type])
      fail(fmt::format("the mass of atom type {} is not set", type));
    std::string called = fmt::format("type{}", type);
    if (!given.empty())
      called = given[type - 1];
    else if (!elements.empty() && elements[type] != "NULL")
      called = elements[type];
    const auto known = std::find(names.begin(), names.end(), called) - names.begin();
    if (known == static_cast<int>(names.size())) {
      names.push_back(called);
      masses.push_back(atom->mass[type]);
      numbers.push_back(0);
    } else if (masses[known] != atom->mass[type]) {
      fail(fmt::format("atom types of the name {} have different masses ({} and {}): keyword names "
                       "can tell them apart",
                       called, masses[known], atom->mass[type]));
    }
    numbers[known] += count[type];
    species[type] = static_cast<int>(known);
  }
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::init()
{
  FixIonSampling::init();
  for (int type = 1; type <= atom->ntypes; type++)
    if (species[type] >= 0 && atom->mass[type] != masses[species[type]])
      fail(fmt::format("the mass of atom type {} was {} when the measurement began and is {} now: "
                       "use another ID to begin anew",
                       type, masses[species[type]], atom->mass[type]));
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::sample()
{
  velocities.clear();
  kinds.clear();
  slots.clear();
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(atom->mask[i] & groupbit)) continue;
    for (int k = 0; k < 3; k++) velocities.push_back(atom->v[i][k] / ps);
    kinds.push_back(species[atom->type[i]]);
    slots.push_back(slot_of(i));
  }
  refuse_newcomers();
  measurement->all([&] {
    sampler->handle->sample(rust::Slice<const double>(velocities.data(), velocities.size()),
                            rust::Slice<const std::int32_t>(kinds.data(), kinds.size()),
                            rust::Slice<double>(rows->values.data(), rows->values.size()),
                            rust::Slice<const std::int32_t>(slots.data(), slots.size()),
                            domain->xprd * domain->yprd * domain->zprd);
  });
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> FixIonVdos::files() const
{
  auto all = FixIonSampling::files();
  all.push_back(vacf);
  return all;
}

/* ---------------------------------------------------------------------- */

void FixIonVdos::write_files()
{
  FixIonSampling::write_files();
  measurement->write(vacf, [&] {
    sampler->handle->write_vacf(vacf, provenance());
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonVdos::summary()
{
  std::string text;
  for (std::size_t k = 0; k < names.size(); k++)
    text += fmt::format("{}{} {}", k ? ", " : "", numbers[k], names[k]);
  return fmt::format("{} every {} steps, {} lags ({:.6g} ps), {}", text, every, window,
                     static_cast<double>((window - 1) * every) * update->dt * ps, settings);
}

/* ---------------------------------------------------------------------- */

double FixIonVdos::memory_usage()
{
  return FixIonSampling::memory_usage() +
      static_cast<double>(velocities.capacity() * sizeof(double)) +
      static_cast<double>(kinds.capacity() * sizeof(int));
}
