// SPDX-License-Identifier: MIT
#include "fix_ion_density.h"

#include "kinetic_temperature.h"
#include "lammps_compat.h"
#include "model_in_use.h"
#include "rerun.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonDensity::FixIonDensity(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), spacing(0.0), temperature(0.0)
{
  deepion::ffi::DensitySettings settings = {};
  settings.blocks = 8;
  std::string drift = "framework";
  bool grid = false;

  sampling = std::make_unique<Sampling>(lmp, style, id);
  sampling->times_matter = false;
  sampling->usual_outputs = 0;
  Words words = sampling->begin(
      {"spacing", "grid", "blocks", "drift", "temp", "cube", "energy", "chgcar"}, narg, arg);
  for (std::string key; sampling->next(words, key);) {
    if (key == "spacing") {
      spacing = words.number(key, true);
    } else if (key == "grid") {
      grid = true;
      for (auto &along : settings.grid) along = words.integer(key, 1);
    } else if (key == "blocks") {
      settings.blocks = words.integer(key, 1);
    } else if (key == "drift") {
      drift = words.one_of(key, {"framework", "com", "none"});
    } else if (key == "temp") {
      temperature = words.number(key, true);
    } else if (key == "cube") {
      cube = words.word(key, "a file name");
    } else if (key == "energy") {
      energy = words.word(key, "a file name");
    } else if (key == "chgcar") {
      chgcar = words.word(key, "a file name");
    }
  }
  if (words.good() && grid && spacing > 0.0)
    words.fail_command("keywords grid and spacing exclude each other");
  sampling->finish(words);
  sampling->own_files = {cube, energy, chgcar};
  if (!grid && spacing == 0.0) spacing = 0.3;

  reference.emplace(lmp, drift);
  settings.spacing = spacing;
  settings.every = sampling->every;
  settings.ions = ions.number();
  settings.framework = drift == "framework";
  settings.center_of_mass = drift == "com";
  settings.reference_atoms = reference->atoms(ions);
  settings.temperature = temperature;
  settings.cube = rust::String::lossy(cube);
  settings.cell = cell();
  density = opened(lmp, name, [&] {
    return deepion::ffi::open_density(settings);
  });
  begin((*density)->measurement());
}

/* ---------------------------------------------------------------------- */

std::array<double, 6> FixIonDensity::cell() const
{
  std::array<double, 6> h{};
  std::copy_n(domain->h, 6, h.begin());
  return h;
}

/* ---------------------------------------------------------------------- */

std::array<double, 3> FixIonDensity::corner() const
{
  return {domain->boxlo[0], domain->boxlo[1], domain->boxlo[2]};
}

/* ---------------------------------------------------------------------- */

void FixIonDensity::init()
{
  FixIon::init();
  sampling->picoseconds();    // refuses other units
  if (domain->dimension != 3 || !domain->xperiodic || !domain->yperiodic || !domain->zperiodic)
    fail("a 3-dimensional system that is periodic in x, y and z is needed: paths lead from image "
         "to image of the cell");
  if (reference->word() == "none") return;
  const std::string problem = rerun_without_images(lmp);
  if (!problem.empty()) fail(problem);
}

/* ----------------------------------------------------------------------
   collective: where the drift reference is
------------------------------------------------------------------------- */

std::vector<std::int64_t> FixIonDensity::locate() const
{
  const bool com = reference->word() == "com";
  std::vector<double> x, weights;
  std::vector<std::int32_t> images;
  for (int i = 0; reference->word() != "none" && i < atom->nlocal; i++) {
    if (!com && (atom->mask[i] & groupbit)) continue;
    x.insert(x.end(), atom->x[i], atom->x[i] + 3);
    const imageint image = atom->image[i];
    images.push_back(static_cast<int>(image & IMGMASK) - IMGMAX);
    images.push_back(static_cast<int>(image >> IMGBITS & IMGMASK) - IMGMAX);
    images.push_back(static_cast<int>(image >> IMG2BITS) - IMGMAX);
    if (com) weights.push_back(atom->rmass ? atom->rmass[i] : atom->mass[atom->type[i]]);
  }
  rust::Vec<std::int64_t> mine;
  measurement->all([&] {
    mine =
        deepion::ffi::locate_reference(slice(x), slice(images), slice(weights), cell(), corner());
  });
  return measurement->sum(mine);
}

/* ---------------------------------------------------------------------- */

void FixIonDensity::sample()
{
  ions.gather();
  positions.clear();
  for (const int i : ions.indices) positions.insert(positions.end(), atom->x[i], atom->x[i] + 3);
  const auto located = locate();
  deepion::ffi::DensityFrame frame;
  frame.cell = cell();
  frame.origin = corner();
  frame.located = slice(located);
  frame.positions = slice(positions);
  frame.kinetic_temperature = kinetic_temperature_now(lmp, *measurement, sampling->picoseconds());
  measurement->all([&] {
    (*density)->sample(std::move(frame));
  });
}

/* ----------------------------------------------------------------------
   what files show beside the density: the atoms that are no ions, in the order of their IDs where
   they have any; all atoms where there are no others
------------------------------------------------------------------------- */

void FixIonDensity::prepare_files(bool state)
{
  if (!state && cube.empty() && energy.empty() && chgcar.empty()) return;
  const bool all = ions.number() == atom->natoms;
  std::vector<double> mine;    // ID, type, position
  for (int i = 0; i < atom->nlocal; i++) {
    if (!all && (atom->mask[i] & groupbit)) continue;
    mine.push_back(atom->tag ? static_cast<double>(atom->tag[i]) : 0.0);
    mine.push_back(atom->type[i]);
    mine.insert(mine.end(), atom->x[i], atom->x[i] + 3);
  }
  int n = static_cast<int>(mine.size());
  std::vector<int> counts(comm->nprocs), begin(comm->nprocs, 0);
  MPI_Gather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  for (int rank = 1; rank < comm->nprocs; rank++) begin[rank] = begin[rank - 1] + counts[rank - 1];
  std::vector<double> rows(comm->me == 0 ? begin.back() + counts.back() : 0);
  MPI_Gatherv(mine.data(), n, MPI_DOUBLE, rows.data(), counts.data(), begin.data(), MPI_DOUBLE, 0,
              world);

  std::vector<std::array<double, 5>> atoms(rows.size() / 5);
  for (std::size_t k = 0; k < atoms.size(); k++)
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(5 * k), 5, atoms[k].begin());
  std::sort(atoms.begin(), atoms.end());
  std::vector<double> x, masses;
  std::vector<std::int32_t> types;
  for (const auto &one : atoms) {
    types.push_back(static_cast<std::int32_t>(one[1]));
    x.insert(x.end(), one.begin() + 2, one.end());
  }
  deepion::ffi::Surroundings around;
  const auto elements = model_elements(lmp);
  for (int type = 0; type <= atom->ntypes; type++) {
    const bool named = type > 0 && !elements.empty();
    around.names.push_back(rust::String::lossy(named ? elements[type] : ""));
    masses.push_back(type > 0 && atom->mass ? atom->mass[type] : 0.0);
  }
  around.cell = cell();
  around.origin = corner();
  around.positions = slice(x);
  around.types = slice(types);
  around.masses = slice(masses);
  measurement->write("surroundings", [&] {
    (*density)->set_surroundings(around);
  });
}

/* ---------------------------------------------------------------------- */

void FixIonDensity::write_own_files(const deepion::ffi::Provenance &from)
{
  if (cube.empty() && energy.empty() && chgcar.empty()) return;
  const std::string title = (from.title.empty() ? "" : std::string(from.title) + ", ") + name +
      ", group " + ions.group_name();
  measurement->write("volumes", [&] {
    (*density)->write_volumes(path_bytes(cube), path_bytes(energy), path_bytes(chgcar),
                              rust_text(title));
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonDensity::summary() const
{
  std::array<std::uint64_t, 3> grid{};    // on rank 0 alone: not collective
  stop_one_if(lmp, FLERR, error_of([&] {
                grid = (*density)->grid();
              }));
  return fmt::format("{} ions every {} steps, {} x {} x {} voxels{}, drift {}, {}", ions.number(),
                     sampling->every, grid[0], grid[1], grid[2],
                     spacing > 0.0 ? fmt::format(" of {:.12g} Angstrom at most", spacing) : "",
                     reference->word(),
                     temperature > 0.0 ? fmt::format("temperature {} K", temperature)
                                       : "temperature of the velocities");
}

/* ---------------------------------------------------------------------- */

double FixIonDensity::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(positions.capacity() * sizeof(double));
}
