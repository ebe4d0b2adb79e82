// SPDX-License-Identifier: MIT
// The frame of all fixes that measure ions: hands LAMMPS' calls on to the parts that a measurement
// is made of. No style of its own.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef LMP_DEEPION_FIX_ION_H
#define LMP_DEEPION_FIX_ION_H

#include "fix.h"

#include "ion_atoms.h"
#include "measurement.h"
#include "sampling.h"

#include <memory>
#include <string>

namespace LAMMPS_NS {

class FixIon : public Fix, protected DEEPION::Sampled {
 public:
  FixIon(class LAMMPS *, int, char **, const std::string &name = {});
  ~FixIon() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void min_setup(int) override;
  void end_of_step() override;
  void post_run() override;
  void reset_dt() override;
  double compute_scalar() override;
  double compute_vector(int) override;
  double compute_array(int, int) override;
  double memory_usage() override;

  void write_restart(FILE *) override;
  void restart(char *) override;

  void grow_arrays(int) override;
  void copy_arrays(int, int, int) override;
  void set_arrays(int) override;
  int pack_exchange(int, double *) override;
  int unpack_exchange(int, double *) override;
  int pack_restart(int, double *) override;
  void unpack_restart(int, int) override;
  int size_restart(int) override;
  int maxsize_restart() override;

 protected:
  std::string name;                                     // of the command, for messages
  DEEPION::IonAtoms ions;                               // whose motion is measured
  std::unique_ptr<DEEPION::Sampling> sampling;          // null: the style takes its own samples
  std::unique_ptr<DEEPION::Measurement> measurement;    // set by begin()

  // The last statement of a style's constructor. LAMMPS knows of the per-atom data from then on, and
  // cannot forget a fix whose constructor fails.
  void begin(deepion::ffi::Measurement &common);
  void fail(const std::string &) const;    // on all ranks

 private:
  bool callbacks;    // LAMMPS calls back about atoms
};

}    // namespace LAMMPS_NS

#endif
