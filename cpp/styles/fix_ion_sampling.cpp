#include "fix_ion_sampling.h"

#include "deepion_config.h"
#include "lammps_compat.h"
#include "measurement.h"
#include "model_in_use.h"
#include "unwrapped_positions.h"
#include "words.h"

#include "deepion-bridge/src/files.rs.h"

#include "atom.h"
#include "comm.h"
#include "force.h"
#include "group.h"
#include "lammps.h"
#include "modify.h"
#include "pair.h"
#include "update.h"
#include "utils.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIonSampling::FixIonSampling(LAMMPS *lmp, int narg, char **arg) :
    FixIon(lmp, narg, arg), every(1), start(0), output(-1), told(-1), last_row(-1),
    announced(false), history_begun(false), minimized(false)
{
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> FixIonSampling::common_keywords()
{
  return {"start", "output", "file", "history", "state", "title"};
}

/* ---------------------------------------------------------------------- */

bool FixIonSampling::common_keyword(Words &words, const std::string &keyword)
{
  if (keyword == "start")
    start = words.integer64(keyword, 0);
  else if (keyword == "output")
    output = words.integer64(keyword, 0);
  else if (keyword == "file")
    file = words.word(keyword, "a file name");
  else if (keyword == "history")
    history = words.word(keyword, "a file name");
  else if (keyword == "state")
    state = words.word(keyword, "a file name");
  else if (keyword == "title")
    title = words.word(keyword, "a title, in quotes");
  else
    return false;
  return true;
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::finish_arguments(Words &words)
{
  if (output < 0) output = 100 * every;
  if (words.good() && output % every)    // Nevery may be 0 otherwise
    words.fail(
        fmt::format("keyword output needs a multiple of Nevery ({}), not {}", every, output));
  refuse_if(lmp, FLERR, words);

  // unwrapped positions in a changing box need every step
  nevery = 1;
  start = (start + every - 1) / every * every;
}

/* ---------------------------------------------------------------------- */

int FixIonSampling::setmask()
{
  return FixConst::END_OF_STEP | FixConst::POST_RUN;
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::init()
{
  FixIon::init();
  measurement->check_writable(files());
  check_different_files();
  if (restarted && !history_begun) {
    history_begun = true;
    if (output > 0 && !due(last_sample)) last_row = last_sample;
  }
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> FixIonSampling::files() const
{
  return {file, history, state};
}

/* ----------------------------------------------------------------------
   two outputs to one file, of one fix or of two, would replace each other
------------------------------------------------------------------------- */

void FixIonSampling::check_different_files()
{
  std::vector<std::string> taken, named;
  std::string text;
  measurement->all([&] {
    if (comm->me != 0) return;
    for (Fix *other : modify->get_fix_list()) {
      const auto *fix = dynamic_cast<FixIonSampling *>(other);
      if (!fix) continue;
      for (const auto &path : fix->files()) {
        if (path.empty()) continue;
        const auto bytes = deepion::ffi::full_path(path);
        const std::string full(bytes.begin(), bytes.end());
        const auto before = std::find(taken.begin(), taken.end(), full) - taken.begin();
        if (before < static_cast<int>(taken.size()))
          text = fix->name == named[before]
              ? fmt::format("{}: two of its outputs go to the same file, {}", fix->name, path)
              : fmt::format("{} and {} write to the same file, {}", named[before], fix->name, path);
        taken.push_back(full);
        named.push_back(fix->name);
      }
    }
  });
  stop_all_if(lmp, FLERR, text);
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::setup(int)
{
  end_of_step();
  if (announced) return;
  announced = true;

  double bytes = memory_usage();
  double most = 0.0;
  MPI_Allreduce(&bytes, &most, 1, MPI_DOUBLE, MPI_MAX, world);
  if (comm->me == 0)
    utils::logmesg(lmp,
                   fmt::format("{}: {}\n  {}{}, memory: {:.3f} MB per MPI rank at most\n", name,
                               summary(),
                               restarted ? "continues a measurement" : "begins a measurement",
                               start > update->ntimestep ? fmt::format(" at step {}", start) : "",
                               most / 1048576.0));
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::min_setup(int)
{
  if (last_sample >= 0) minimized = true;
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::end_of_step()
{
  const bigint step = update->ntimestep;
  if (positions) positions->update();
  if (step % every || step < start || step == last_sample) return;
  if (last_sample >= 0 && step != last_sample + every)
    fail(fmt::format("the last sample was taken at step {}, this is step {}: samples must follow "
                     "each other every {} steps; use another ID to begin anew",
                     last_sample, step, every));
  if (minimized && !any_timestep)
    fail("a minimization came between two samples, and its steps are no time: use another ID to "
         "begin "
         "anew");
  take_sample();
  if (due(step)) {
    write_files();
    write_history(step);
  }
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::write_history(bigint step)
{
  measurement->write_history(history, provenance(), step, !history_begun, last_row);
  history_begun = true;
  last_row = output > 0 && !due(step) ? step : -1;
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::take_sample()
{
  measurement->before_sample();
  sample();
  measurement->after_sample();
  last_sample = update->ntimestep;
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::declare_output()
{
  scalar_flag = vector_flag = array_flag = 1;
  const auto &results = measurement->results();
  size_vector = static_cast<int>(results.vector.size());
  size_array_cols = static_cast<int>(results.columns);
  size_array_rows = static_cast<int>(results.array.size() / results.columns);
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::post_run()
{
  if (last_sample < 0 || last_sample == told) return;
  told = last_sample;
  write_files();
  if (!due(last_sample)) write_history(last_sample);
  for (const auto &line : measurement->headline())
    if (comm->me == 0) utils::logmesg(lmp, fmt::format("{}: {}\n", name, line));
}

/* ---------------------------------------------------------------------- */

void FixIonSampling::write_files()
{
  measurement->write_table(file, provenance());
  measurement->write_state(state, provenance());
}

/* ----------------------------------------------------------------------
   the same for every run of a measurement: no date, no number of ranks
------------------------------------------------------------------------- */

deepion::ffi::Provenance FixIonSampling::provenance()
{
  const auto text = [](const std::string &words) {
    return rust::String::lossy(words);
  };
  deepion::ffi::Provenance from;
  from.title = text(title);
  from.style = text(style);
  from.id = text(id);
  from.lammps = text(fmt::format("{} ({})", lmp->version, LAMMPS_DESCRIPTOR));
  from.units = text(update->unit_style);
  from.group = text(group->names[igroup]);
  from.ions = nions;
  from.atoms = atom->natoms;
  const std::string hash = model_sha256(lmp);
  if (!hash.empty()) from.notes.push_back(text("model sha256 " + hash));
  return from;
}
