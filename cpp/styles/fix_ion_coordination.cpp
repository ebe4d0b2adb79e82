#include "fix_ion_coordination.h"

#include "atom_rows.h"
#include "ion_neighbors.h"
#include "measurement.h"
#include "unwrapped_positions.h"
#include "words.h"

#include "deepion-bridge/src/coordination.rs.h"

#include "neighbor.h"

using namespace LAMMPS_NS;
using namespace DEEPION;
using deepion::ffi::Coordination;

struct FixIonCoordination::Sampler {
  rust::Box<Coordination> handle;
};

/* ---------------------------------------------------------------------- */

FixIonCoordination::FixIonCoordination(LAMMPS *lmp, int narg, char **arg) :
    FixIonSampling(lmp, narg, arg), neighbors(std::make_unique<IonNeighbors>(lmp, name, igroup))
{
  any_timestep = true;
  std::vector<std::string> keywords = IonNeighbors::keywords();
  const auto common = common_keywords();
  keywords.insert(keywords.end(), common.begin(), common.end());
  Words words(name, keywords, narg - 3, arg + 3);
  every = words.integer("Nevery", 1);
  neighbors->read_group(words);
  while (!words.done()) {
    const std::string key = words.take();
    if (!neighbors->keyword(words, key) && !common_keyword(words, key))
      words.fail("unknown keyword '" + key + "'; keywords are " + joined(keywords));
  }
  neighbors->finish_arguments(words);
  finish_arguments(words);
  nevery = static_cast<int>(every);

  deepion::ffi::CoordinationSettings settings = {};
  for (const double cutoff : neighbors->cutoffs) settings.cutoffs.push_back(cutoff);
  settings.most = neighbors->most;
  settings.every = every;
  settings.ions = nions;
  settings.neighbors = neighbors->natoms;
  sampler = std::make_unique<Sampler>(Sampler{opened(lmp, name, [&] {
    return deepion::ffi::open_coordination(settings);
  })});
  measurement = std::make_unique<Measurement>(lmp, name, sampler->handle->measurement());
  declare_output();
}

/* ---------------------------------------------------------------------- */

FixIonCoordination::~FixIonCoordination() = default;

/* ---------------------------------------------------------------------- */

void FixIonCoordination::init()
{
  FixIonSampling::init();
  neighbor->add_request(this, neighbors->init());
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::init_list(int, NeighList *list)
{
  neighbors->list = list;
}

/* ---------------------------------------------------------------------- */

void FixIonCoordination::sample()
{
  neighbors->count();
  const auto &counts = neighbors->counts;
  measurement->all([&] {
    sampler->handle->sample(rust::Slice<const std::uint32_t>(counts.data(), counts.size()));
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonCoordination::summary()
{
  return fmt::format("{} ions every {} steps, {} neighbors (group {}), {}", nions, every,
                     neighbors->natoms, neighbors->group_name, neighbors->cutoffs_text());
}

/* ---------------------------------------------------------------------- */

deepion::ffi::Provenance FixIonCoordination::provenance()
{
  auto from = FixIonSampling::provenance();
  from.notes.push_back(rust::String::lossy(
      fmt::format("neighbors: group {}: {} atoms", neighbors->group_name, neighbors->natoms)));
  return from;
}

/* ---------------------------------------------------------------------- */

double FixIonCoordination::memory_usage()
{
  return FixIonSampling::memory_usage() + static_cast<double>(neighbors->memory_bytes());
}
