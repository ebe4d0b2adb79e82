// SPDX-License-Identifier: MIT
#include "fix_ion_hops.h"

#include "lammps_compat.h"

#include "atom.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonHops::FixIonHops(LAMMPS *lmp, int narg, char **arg) : FixIon(lmp, narg, arg), count_place(0)
{
  settings.rmax = 8.0;
  settings.bins = 80;
  std::string drift = "framework", unwrap = "auto";

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words =
      sampling->begin({"back", "lengths", "residence", "temp", "drift", "unwrap"}, narg, arg);
  settings.window = words.integer64("window", 4);
  settings.cut = words.number("cut", true);
  for (std::string key; sampling->next(words, key);) {
    if (key == "back") {
      settings.back = words.number(key, true);
    } else if (key == "lengths") {
      settings.rmax = words.number(key, true);
      settings.bins = words.integer64(key, 1);
    } else if (key == "residence") {
      residence_file = words.word(key, "a file name");
    } else if (key == "temp") {
      settings.temperature = words.number(key, true);
    } else if (key == "drift") {
      drift = words.one_of(key, {"framework", "com", "none"});
    } else if (key == "unwrap") {
      unwrap = words.one_of(key, {"auto", "image", "toroidal"});
    }
  }
  sampling->finish(words);
  sampling->own_files = {residence_file};
  if (settings.back == 0.0) settings.back = settings.cut;

  reference.emplace(lmp, drift);
  settings.every = sampling->every;
  settings.timestep = update->dt * sampling->picoseconds();
  settings.ions = ions.number();
  settings.drift = reference->drift();
  settings.reference_atoms = reference->atoms(ions);
  hops = opened(lmp, name, [&] {
    return deepion::ffi::open_hops(settings);
  });
  ions.add_positions(unwrap);
  begin((*hops)->measurement());

  measurement->all([&] {
    count_place = (*hops)->count_place();
  });
  peratom_flag = 1;
  size_peratom_cols = 0;
  peratom_freq = 1;
  fill_vector();
}

/* ----------------------------------------------------------------------
   the rows follow the atoms, so that the numbers are right wherever these stand now
------------------------------------------------------------------------- */

void FixIonHops::fill_vector()
{
  counts.assign(atom->nmax, 0.0);
  for (int i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & groupbit) && ions.rows->has(i)) counts[i] = ions.rows->at(i, count_place);
  vector_atom = counts.data();
}

/* ---------------------------------------------------------------------- */

void FixIonHops::setup(int vflag)
{
  FixIon::setup(vflag);
  fill_vector();
}

/* ---------------------------------------------------------------------- */

void FixIonHops::end_of_step()
{
  FixIon::end_of_step();
  fill_vector();
}

/* ---------------------------------------------------------------------- */

void FixIonHops::sample()
{
  sample_displacements(**hops, *measurement, ions, *reference, Conditions());
}

/* ---------------------------------------------------------------------- */

void FixIonHops::write_own_files(const deepion::ffi::Provenance &from)
{
  measurement->write(residence_file, [&] {
    (*hops)->write_residence(path_bytes(residence_file), from);
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonHops::summary() const
{
  return fmt::format(
      "{} ions every {} steps, windows of {} samples ({:.6g} ps), cages more than {:.12g} Angstrom "
      "apart, drift {}, unwrap {}",
      ions.number(), sampling->every, settings.window,
      static_cast<double>(settings.window * settings.every) * settings.timestep, settings.cut,
      reference->word(), ions.positions->toroidal() ? "toroidal" : "image");
}

/* ---------------------------------------------------------------------- */

double FixIonHops::memory_usage()
{
  return FixIon::memory_usage() + static_cast<double>(counts.capacity() * sizeof(double));
}
