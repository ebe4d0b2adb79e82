// SPDX-License-Identifier: MIT
#include "fix_ion_transport.h"

#include "kinetic_temperature.h"
#include "lammps_compat.h"

#include "compute.h"
#include "domain.h"
#include "modify.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonTransport::FixIonTransport(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), temperature(0.0), compute(nullptr)
{
  deepion::ffi::TransportSettings settings = {};
  settings.lags_per_level = 10;
  settings.levels = 6;
  settings.charge = 1.0;
  std::string drift = "framework", unwrap = "auto";

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words =
      sampling->begin({"temp", "charge", "drift", "unwrap", "lags", "fit", "units"}, narg, arg);
  for (std::string key; sampling->next(words, key);) {
    if (key == "temp") {
      temperature = words.number_or_id(key, "c_", compute_id);
    } else if (key == "charge") {
      settings.charge = words.any_number(key);
    } else if (key == "drift") {
      drift = words.one_of(key, {"framework", "com", "none"});
    } else if (key == "unwrap") {
      unwrap = words.one_of(key, {"auto", "image", "toroidal"});
    } else if (key == "lags") {
      settings.lags_per_level = words.integer64(key, 2);
      settings.levels = words.integer64(key, 1);
    } else if (key == "fit") {
      settings.fit[0] = words.number(key, false);
      settings.fit[1] = words.number(key, true);
      if (words.good() && settings.fit[1] <= settings.fit[0])
        words.fail(fmt::format("keyword fit needs a window from a shorter to a longer lag in ps, "
                               "not from {} to {}",
                               settings.fit[0], settings.fit[1]));
    } else if (key == "units") {
      settings.units = words.choice(key, "si", "cgs") ? deepion::ffi::Units::Si
                                                      : deepion::ffi::Units::Cgs;
    }
  }
  sampling->finish(words);
  lags = fmt::format("{} lags on each of {} levels", settings.lags_per_level, settings.levels);

  reference.emplace(lmp, drift);
  settings.every = sampling->every;
  settings.timestep = update->dt * sampling->picoseconds();
  settings.ions = ions.number();
  settings.drift = reference->drift();
  settings.reference_atoms = reference->atoms(ions);
  transport = opened(lmp, name, [&] {
    return deepion::ffi::open_transport(settings);
  });
  ions.add_positions(unwrap);
  begin((*transport)->measurement());
}

/* ---------------------------------------------------------------------- */

void FixIonTransport::init()
{
  FixIon::init();
  if (compute_id.empty()) return;
  compute = modify->get_compute_by_id(compute_id);
  if (!compute) fail("keyword temp: there is no compute " + compute_id);
  if (!compute->scalar_flag) fail("keyword temp: compute " + compute_id + " has no scalar");
}

/* ---------------------------------------------------------------------- */

double FixIonTransport::temperature_now()
{
  if (!compute) return temperature;
  modify->clearstep_compute();
  if (!(compute->invoked_flag & Compute::INVOKED_SCALAR)) {
    compute->compute_scalar();
    compute->invoked_flag |= Compute::INVOKED_SCALAR;
  }
  modify->addstep_compute(update->ntimestep + sampling->every);
  return compute->scalar;
}

/* ---------------------------------------------------------------------- */

void FixIonTransport::sample()
{
  Conditions now;
  now.volume = domain->xprd * domain->yprd * domain->zprd;
  now.temperature = temperature_now();
  now.kinetic_temperature = kinetic_temperature_now(lmp, *measurement, sampling->picoseconds());
  sample_displacements(**transport, *measurement, ions, *reference, now);
}

/* ---------------------------------------------------------------------- */

std::string FixIonTransport::summary() const
{
  return fmt::format("{} ions every {} steps, {}, drift {}, unwrap {}, {}", ions.number(),
                     sampling->every, lags, reference->word(),
                     ions.positions->toroidal() ? "toroidal" : "image",
                     compute                 ? "temperature from compute " + compute_id
                         : temperature > 0.0 ? fmt::format("temperature {} K", temperature)
                                             : "no temperature: no conductivity");
}
