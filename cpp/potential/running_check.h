// SPDX-License-Identifier: MIT
// The check of the driving model while a run goes on: every so many steps a few atoms are compared
// with the full networks in float64. Which atoms does not depend on the number of ranks.

#ifndef DEEPION_RUNNING_CHECK_H
#define DEEPION_RUNNING_CHECK_H

#include "pair_arguments.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelRunner;
struct Step;
struct Units;

// All that was found since the simulation began, also before restarts. Errors are those of the force
// on an atom, eV/A.
struct CheckSums {
  std::int64_t checks = 0;
  std::int64_t excesses = 0;      // checks that found more than the limit
  std::int64_t in_turn = 0;       // atoms compared in their turn
  std::int64_t unlike = 0;        // atoms compared because they look unlike the others
  double squares = 0.0;           // of the errors of those in their turn
  double largest = 0.0;           // error of all
  std::int64_t worst_tag = -1;    // atom with that error
  std::int64_t worst_step = -1;
  std::int64_t last_step = -1;    // of the last check, or the first step
  std::int64_t full_step = -1;    // from which on the full networks are used, -1 = not so
};

class RunningCheck {
 public:
  static constexpr int NVALUES = 5;

  // What a pair_style command asks for; the sums begin again.
  void configure(const PairArguments &args);
  // Once the models are prepared: what is left to them and to the number of atoms is decided.
  void decide(const ModelRunner &models, std::int64_t atoms);

  // Before the first evaluation of a run: where nothing was checked yet, the check before the first
  // step serves for this one.
  void started(std::int64_t step);
  bool on() const { return every > 0; }
  bool due(std::int64_t step) const;
  bool may_switch() const { return on() && action == OnExcess::FULL && sums.full_step < 0; }
  bool switched() const { return sums.full_step >= 0; }

  // Collective: compares some atoms at a step that was just evaluated; `energies`: of each atom, in
  // any unit. Returns whether the full networks must be used from this step on. Ends the run after
  // this step where that was asked for.
  bool sample(LAMMPS_NS::LAMMPS *lmp, ModelRunner &models, const Step &step,
              const std::vector<double> &energies, const Units &units);
  // Collective: the driving model evaluates with the full networks from now on.
  static void use_full_networks(LAMMPS_NS::LAMMPS *lmp, ModelRunner &models);

  void begin_run() { told = false; }
  void report(LAMMPS_NS::LAMMPS *lmp) const;    // at the end of a run
  std::string summary() const;                  // a line for the set-up, with its line end
  std::string headline() const;                 // for the head of output files; empty: nothing yet
  // RMS and largest error (LAMMPS' unit of force), atom ID and step of that, atoms: on rank 0, else
  // zeros.
  const std::array<double, NVALUES> &values() const { return latest; }

  // For restart files; `what`: which networks are checked.
  std::string save(const std::string &what) const;
  // Takes saved sums of the same networks in. Returns why it cannot, or an empty text.
  std::string restore(const std::string &saved, const std::string &what);
  void publish(LAMMPS_NS::LAMMPS *lmp, const Units &units);    // sets values()

 private:
  OnExcess action = OnExcess::WARN;
  int asked_every = -1;
  double asked_limit = 0.0;
  int every = 0;         // steps, 0 = off
  double limit = 0.0;    // eV/A
  bool told = false;     // in this run
  CheckSums sums;
  std::array<double, NVALUES> latest = {};

  double rms() const;
  std::string found() const;
};

}    // namespace DEEPION

#endif
