// A fix that takes a sample every so many steps and writes files. No style of its own.

#ifndef LMP_DEEPION_FIX_ION_SAMPLING_H
#define LMP_DEEPION_FIX_ION_SAMPLING_H

#include "fix_ion.h"

namespace DEEPION {
class Words;
}

namespace deepion::ffi {
struct Provenance;
}

namespace LAMMPS_NS {

class FixIonSampling : public FixIon {
 public:
  FixIonSampling(class LAMMPS *, int, char **);
  int setmask() override;
  void init() override;
  void setup(int) override;
  void min_setup(int) override;
  void end_of_step() override;
  void post_run() override;

 protected:
  bigint every;    // steps between samples

  static std::vector<std::string> common_keywords();
  // Reads the value of one of these; false: not one of these.
  bool common_keyword(DEEPION::Words &, const std::string &keyword);
  void finish_arguments(DEEPION::Words &);    // checks that hold for all styles
  virtual void sample() = 0;
  virtual std::vector<std::string> files() const;    // may hold empty names
  virtual std::string summary() = 0;                 // what is measured, in a line, for the log

  virtual deepion::ffi::Provenance provenance();    // begins every file
  virtual void write_files();                       // but the history
  void declare_output();                            // scalar, vector, array of the measurement
  std::string title, file, history, state;

 private:
  bigint start;     // first step of the measurement
  bigint output;    // steps between files, 0 = only after a run
  bigint told;      // last sample that the log and the history know of
  bigint
      last_row;      // step of a row at the end of a run, which gives way when it goes on; -1: none
  bool announced;    // the summary is in the log
  bool history_begun;    // by this measurement
  bool minimized;        // since the last sample

  void check_different_files();
  void take_sample();
  void write_history(bigint step);
  bool due(bigint step) const { return output > 0 && step % output == 0; }    // for output
};

}    // namespace LAMMPS_NS

#endif
