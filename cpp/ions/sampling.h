// SPDX-License-Identifier: MIT
// When a measurement takes samples, and its output files. Reads the keywords that all fixes share.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_SAMPLING_H
#define DEEPION_SAMPLING_H

#include "measurement.h"
#include "output_claims.h"
#include "words.h"

#include "lmptype.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class IonAtoms;

// What a style contributes.
class Sampled {
 public:
  // Collective: takes this step's sample.
  virtual void sample() = 0;
  // What is measured, in a line for the log.
  virtual std::string summary() const { return {}; }
  // Adds to the head of files.
  virtual void describe(deepion::ffi::Provenance &) const {}
  // Collective: before files are written, of which `state` is one.
  virtual void prepare_files(bool /*state*/) {}
  // Collective: writes files that only this style has.
  virtual void write_own_files(const deepion::ffi::Provenance &) {}

 protected:
  ~Sampled() = default;
};

class Sampling {
 public:
  // `style`, as in ion/transport, and `id` of the fix.
  Sampling(LAMMPS_NS::LAMMPS *lmp, const std::string &style, const std::string &id);

  // The words of a command: those after the style begin with Nevery, which is read here. Then
  // next() returns true for each keyword of `own`, whose values the style reads, and finish() stops
  // all ranks if anything was wrong.
  Words begin(const std::vector<std::string> &own, int narg, char **arg);
  bool next(Words &words, std::string &keyword);
  void finish(Words &words);

  LAMMPS_NS::bigint every = 1;              // steps between samples
  bool times_matter = true;                 // the time between samples must stay the same
  LAMMPS_NS::bigint usual_outputs = 100;    // samples between two outputs without keyword output
  std::vector<std::string> own_files;       // of the style; names may be empty

  double picoseconds() const;    // in one time unit

  // Around LAMMPS' calls of the same names; all collective.
  void init(Measurement &measurement);
  void setup(Measurement &measurement, const IonAtoms &atoms, Sampled &style, double memory_bytes);
  void min_setup();
  void end_of_step(Measurement &measurement, const IonAtoms &atoms, Sampled &style);
  void post_run(Measurement &measurement, const IonAtoms &atoms, Sampled &style);
  void reset_dt() const;

  LAMMPS_NS::bigint last_sample() const { return last; }
  void continue_after(LAMMPS_NS::bigint last_sample);    // as saved

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string style, id, name;
  std::vector<std::string> keywords;
  OutputClaims claims;

  LAMMPS_NS::bigint start = 0;      // first step of the measurement
  LAMMPS_NS::bigint output = -1;    // steps between files, 0: only after a run
  std::string title, file, history, state;

  double timestep;                       // when the measurement began
  LAMMPS_NS::bigint last = -1;           // step of the last sample, -1: none yet
  LAMMPS_NS::bigint reported = -1;       // last sample in the log and at the end of the history
  LAMMPS_NS::bigint replaceable = -1;    // step of a history row that the next row replaces: it was
                                         // written at the end of a run that goes on; -1: none
  bool continued = false;                // a saved measurement
  bool announced = false;                // the summary is in the log
  bool history_begun = false;            // by this measurement
  bool minimized = false;                // since the last sample

  std::vector<std::string> files() const;
  void check_timestep(Measurement &measurement);
  deepion::ffi::Provenance provenance(const IonAtoms &atoms, const Sampled &style) const;
  void write_files(Measurement &measurement, const IonAtoms &atoms, Sampled &style);
  void write_history(Measurement &measurement, const IonAtoms &atoms, const Sampled &style);
  bool output_is_due(LAMMPS_NS::bigint step) const { return output > 0 && step % output == 0; }
  void fail(const std::string &text) const;    // on all ranks
};

}    // namespace DEEPION

#endif
