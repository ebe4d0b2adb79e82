// SPDX-License-Identifier: MIT
// The opened models, the atoms as they last were handed over, and the calls that evaluate them.

#ifndef DEEPION_MODEL_RUNNER_H
#define DEEPION_MODEL_RUNNER_H

#include "neighbor_csr.h"
#include "potential_bridge.h"
#include "refusal.h"

#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class Atom;
class LAMMPS;
class NeighList;
}    // namespace LAMMPS_NS

namespace DEEPION {

struct PairArguments;

// A model file, opened.
struct Model {
  Model(const std::string &_file, rust::Box<ffi::Potential> &&_potential);

  std::string file;
  rust::Box<ffi::Potential> potential;
  ffi::ModelInfo info;
  std::vector<std::int32_t> type_of;    // model type of each LAMMPS type, -1 = NULL; [0] unused
  std::vector<std::int32_t> groups;     // model type of each group of neighbors
  std::vector<std::int32_t> types;      // model type of each local and ghost atom
  std::uint64_t version_seen = 0;       // of the atoms, at the last evaluation

  std::vector<std::string> elements() const;    // that it knows
};

// What changes at every step besides the atoms.
struct Step {
  const double *x;    // A, local and ghost atoms
  const std::vector<double> &fparam, &aparam;
};

// Arrays of LAMMPS that results are added to; nullptr: not wanted.
struct Results {
  double factor = 1.0;    // of all results: energies and virials from eV
  double length = 1.0;    // forces are divided by it: the unit of LAMMPS in one Angstrom
  double *f = nullptr;
  double *eatom = nullptr;
  double *vatom = nullptr;
  double *cvatom = nullptr;
};

struct PartTime {
  std::string name;
  double seconds = 0.0;
};

class ModelRunner {
 public:
  // Collective: opens the models that `args` name. The word of a refusal is the index of the model.
  Refusal open(LAMMPS_NS::LAMMPS *lmp, const PairArguments &args);
  void close() { models.clear(); }
  // elements[i] is the name of atom type i, or NULL; [0] is unused. The word of a refusal is the
  // atom type.
  Refusal set_elements(const std::vector<std::string> &elements);
  // Collective: makes all models ready for the elements that were set.
  std::string prepare(LAMMPS_NS::LAMMPS *lmp);
  // To be called when all is set up: gives memory back that only the set-up needs. Rank 0 alone
  // keeps the files, for another pair_coeff.
  void set_up(LAMMPS_NS::LAMMPS *lmp);

  bool empty() const { return models.empty(); }
  std::size_t size() const { return models.size(); }
  const Model &operator[](std::size_t k) const { return models[k]; }
  const Model &driver() const { return models[0]; }
  const std::vector<std::string> &elements() const { return names; }    // [0] is unused
  const std::vector<char> &visible() const { return seen; }    // of each LAMMPS type: not NULL
  double cutoff() const;                                       // A, the largest
  std::size_t engine_bytes() const;
  std::size_t memory_bytes() const;

  // Hands over atoms and neighbor list where they differ from the last step's.
  void update_atoms(const LAMMPS_NS::Atom *atom, const LAMMPS_NS::NeighList *list, bool new_list);
  std::size_t nall() const { return types.size(); }    // local and ghost atoms
  bool has_centers() const { return !neighbors.centers.empty(); }

  // Evaluates the first models, as many as there are results, and gives the totals of each; only the
  // first results have a length other than 1. Nothing is added where an error text comes back.
  std::string evaluate(const Step &step, const std::vector<Results> &results,
                       std::vector<ffi::Totals> &totals);
  std::string self_check(std::size_t k, const Step &step, ffi::CheckResult &result);
  // For the check of a run, of the driving model; see the functions of these names in Rust. The first
  // two are collective.
  std::string open_watcher(LAMMPS_NS::LAMMPS *lmp);
  std::string use_full_networks(LAMMPS_NS::LAMMPS *lmp);
  std::string moments(const Step &step, const std::vector<double> &energies,
                      std::vector<double> &sums) const;
  std::string most_unlike(const Step &step, const ffi::Turn &turn, std::vector<double> &most) const;
  std::string watch(const Step &step, const ffi::Turn &turn, ffi::Watched &watched);
  // Seconds of all threads in each part of the steps since the last call, of all models.
  std::string take_times(std::vector<PartTime> &parts);
  std::string take_alerts(std::size_t k, ffi::Alerts &alerts);

 private:
  std::vector<Model> models;    // the first drives
  std::vector<std::string> names;
  std::vector<char> seen;
  bool files_here = false;    // on every rank

  NeighborCSR neighbors;             // grouped by element
  std::vector<int> group_of;         // group of each LAMMPS type, -1 = NULL; [0] is unused
  std::vector<int> types;            // LAMMPS types of local and ghost atoms
  std::vector<std::int64_t> tags;    // atom IDs
  std::uint64_t version = 0;         // counts changes of the atoms
  std::vector<double> forces;        // before they are divided by a length

  std::string restore_files(LAMMPS_NS::LAMMPS *lmp);
  ffi::Atoms atoms(const Model &model, const Step &step, bool rebuilt) const;
};

}    // namespace DEEPION

#endif
