#include "fix_ion_coordination.h"

#include "atom_rows.h"
#include "ion_neighbors.h"
#include "measurement.h"
#include "unwrapped_positions.h"
#include "words.h"

#include "neighbor.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

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

  deepion::CoordinationSettings settings = {};
  for (const double cutoff : neighbors->cutoffs) settings.cutoffs.push_back(cutoff);
  settings.most = neighbors->most;
  settings.every = every;
  settings.ions = nions;
  settings.neighbors = neighbors->natoms;
  measurement = opened(lmp, name, [&] {
    return deepion::open_coordination(settings);
  });
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
    measurement->analysis().sample_counts(
        rust::Slice<const std::uint32_t>(counts.data(), counts.size()));
  });
}

/* ---------------------------------------------------------------------- */

std::string FixIonCoordination::summary()
{
  return fmt::format("{} ions every {} steps, {} neighbors (group {}), {}", nions, every,
                     neighbors->natoms, neighbors->group_name, neighbors->cutoffs_text());
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> FixIonCoordination::provenance()
{
  auto lines = FixIonSampling::provenance();
  lines.push_back(
      fmt::format("neighbors: group {}: {} atoms", neighbors->group_name, neighbors->natoms));
  return lines;
}

/* ---------------------------------------------------------------------- */

double FixIonCoordination::memory_usage()
{
  return FixIonSampling::memory_usage() + static_cast<double>(neighbors->memory_bytes());
}
