// SPDX-License-Identifier: MIT
#include "fix_ion_transport.h"

#include "kinetic_temperature.h"
#include "lammps_compat.h"

#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "modify.h"
#include "timer.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonTransport::FixIonTransport(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), species(lmp, name), charge(1.0), temperature(0.0), compute(nullptr),
    goal(0.0), stopped(false)
{
  deepion::ffi::TransportSettings settings = {};
  settings.lags_per_level = 10;
  settings.levels = 6;
  std::string drift = "framework", unwrap = "auto";

  sampling = std::make_unique<Sampling>(lmp, style, id);
  Words words = sampling->begin({"temp", "charge", "species", "onsager", "drift", "unwrap", "lags",
                                 "origins", "fit", "window", "until", "units"},
                                narg, arg);
  for (std::string key; sampling->next(words, key);) {
    if (key == "temp") {
      temperature = words.number_or_id(key, "c_", compute_id);
    } else if (key == "charge") {
      charge = words.any_number(key);
    } else if (key == "species") {
      species.read(words, key);
    } else if (key == "onsager") {
      onsager_file = words.word(key, "a file name");
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
    } else if (key == "origins") {
      settings.origins = words.integer64(key, 1);
    } else if (key == "window") {
      settings.beta = words.choice(key, "beta", "stationary");
    } else if (key == "until") {
      goal = words.number(key, true);
      if (words.good() && goal >= 1.0)
        words.fail(fmt::format("keyword until needs a relative error of D below 1, not {}", goal));
    } else if (key == "units") {
      settings.units = words.choice(key, "si", "cgs") ? deepion::ffi::Units::Si
                                                      : deepion::ffi::Units::Cgs;
    }
  }
  if (words.good() && settings.beta && goal > 0.0)
    words.fail_command("keyword until needs the window stationary or fit: what it asks for is not "
                       "known of a window beta");
  if (words.good() && species.empty() && !onsager_file.empty())
    words.fail_command("keyword onsager needs other species beside the ions: give the group and "
                       "the charge of each with keyword species");
  sampling->finish(words);
  sampling->own_files = {onsager_file};
  species.begin(ions);
  lags = fmt::format("{} lags on each of {} levels", settings.lags_per_level, settings.levels);

  reference.emplace(lmp, drift);
  settings.every = sampling->every;
  settings.timestep = update->dt * sampling->picoseconds();
  settings.ions = ions.number();
  settings.drift = reference->drift();
  settings.reference_atoms = reference->atoms(ions);
  settings.charge = charge;
  settings.species = species.settings(ions, charge);
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
  species.init();
  if (compute_id.empty()) return;
  compute = modify->get_compute_by_id(compute_id);
  if (!compute) fail("keyword temp: there is no compute " + compute_id);
  if (!compute->scalar_flag) fail("keyword temp: compute " + compute_id + " has no scalar");
}

/* ----------------------------------------------------------------------
   asks after every 100th sample whether D is known well enough; then the run ends as with fix halt
------------------------------------------------------------------------- */

void FixIonTransport::end_of_step()
{
  FixIon::end_of_step();
  const bigint step = update->ntimestep;
  if (goal <= 0.0 || stopped || step % (100 * sampling->every) || sampling->last_sample() != step)
    return;
  measurement->results();    // adds up what the ranks have
  std::string reason;
  measurement->all([&] {
    reason = std::string((*transport)->enough(goal));
  });
  if (reason.empty()) return;
  stopped = true;
  if (comm->me == 0) utils::logmesg(lmp, fmt::format("{}: {}\n", name, reason));
  timer->force_timeout();
}

/* ----------------------------------------------------------------------
   the next run command is carried out
------------------------------------------------------------------------- */

void FixIonTransport::post_run()
{
  FixIon::post_run();
  if (!stopped) return;
  timer->reset_timeout();
  stopped = false;
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
  ions.gather();
  auto located = reference->locate(ions, *measurement);
  species.locate(ions, *measurement, located);
  measurement->all([&] {
    (*transport)->sample(frame_of(located, ions, now));
  });
}

/* ---------------------------------------------------------------------- */

void FixIonTransport::write_own_files(const deepion::ffi::Provenance &from)
{
  measurement->write(onsager_file, [&] {
    (*transport)->write_onsager(path_bytes(onsager_file), from);
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonTransport::summary() const
{
  return fmt::format("{} ions every {} steps, {}, drift {}, unwrap {}, {}", ions.number(),
                     sampling->every, lags, reference->word(),
                     ions.positions->toroidal() ? "toroidal" : "image",
                     compute                 ? "temperature from compute " + compute_id
                         : temperature > 0.0 ? fmt::format("temperature {} K", temperature)
                                             : "no temperature: no conductivity") +
      (species.empty() ? std::string() : ", " + species.words(ions, charge));
}
