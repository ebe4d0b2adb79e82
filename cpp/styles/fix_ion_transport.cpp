#include "fix_ion_transport.h"

#include "atom_rows.h"
#include "drift_reference.h"
#include "lammps_compat.h"
#include "measurement.h"
#include "unwrapped_positions.h"
#include "words.h"

#include "deepion-bridge/src/transport.rs.h"

#include "atom.h"
#include "compute.h"
#include "domain.h"
#include "group.h"
#include "lammps.h"
#include "modify.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace DEEPION;
using deepion::ffi::Transport;

struct FixIonTransport::Sampler {
  rust::Box<Transport> handle;
};

/* ---------------------------------------------------------------------- */

FixIonTransport::FixIonTransport(LAMMPS *lmp, int narg, char **arg) :
    FixIonSampling(lmp, narg, arg), drift("framework"), temperature(0.0), compute(nullptr)
{
  deepion::ffi::TransportSettings settings = {};
  settings.lags_per_level = 10;
  settings.levels = 6;
  settings.charge = 1.0;
  std::string unwrap = "auto";

  std::vector<std::string> keywords = {"temp", "charge", "drift", "unwrap", "lags", "fit", "units"};
  const auto common = common_keywords();
  keywords.insert(keywords.end(), common.begin(), common.end());
  Words words(name, keywords, narg - 3, arg + 3);
  every = words.integer64("Nevery", 1);
  while (!words.done()) {
    const std::string key = words.take();
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
    } else if (!common_keyword(words, key)) {
      words.fail("unknown keyword '" + key + "'; keywords are " + joined(keywords));
    }
  }
  finish_arguments(words);
  lags = fmt::format("{} lags on each of {} levels", settings.lags_per_level, settings.levels);

  settings.every = every;
  settings.timestep = update->dt * picoseconds();
  settings.ions = nions;
  settings.drift = drift_of(drift);
  settings.reference_atoms = reference_atoms(lmp, drift, nions);
  sampler = std::make_unique<Sampler>(Sampler{opened(lmp, name, [&] {
    return deepion::ffi::open_transport(settings);
  })});
  measurement = std::make_unique<Measurement>(lmp, name, sampler->handle->measurement());
  positions = std::make_unique<UnwrappedPositions>(lmp, unwrapping_of(unwrap));
  declare_output();
  give_rows(measurement->row_width());
}

/* ---------------------------------------------------------------------- */

FixIonTransport::~FixIonTransport() = default;

/* ---------------------------------------------------------------------- */

void FixIonTransport::init()
{
  FixIonSampling::init();
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
  modify->addstep_compute(update->ntimestep + every);
  return compute->scalar;
}

/* ---------------------------------------------------------------------- */

void FixIonTransport::sample()
{
  sample_ions(drift, domain->xprd * domain->yprd * domain->zprd, temperature_now(),
              [&](auto &&frame) {
                sampler->handle->sample(std::move(frame));
              });
}

/* ---------------------------------------------------------------------- */

std::string FixIonTransport::summary()
{
  return fmt::format("{} ions every {} steps, {}, drift {}, unwrap {}, {}", nions, every, lags,
                     drift, positions->toroidal() ? "toroidal" : "image",
                     compute                 ? "temperature from compute " + compute_id
                         : temperature > 0.0 ? fmt::format("temperature {} K", temperature)
                                             : "no temperature: no conductivity");
}
