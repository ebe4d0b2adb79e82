// What all fixes that measure ions have in common: rows of numbers that follow the ions, unwrapped
// positions, and a measurement that survives restarts. No style of its own.

#ifndef LMP_DEEPION_FIX_ION_H
#define LMP_DEEPION_FIX_ION_H

#include "fix.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace DEEPION {
class AtomRows;
class Measurement;
class UnwrappedPositions;
}    // namespace DEEPION

namespace deepion::ffi {
struct IonFrame;
}

namespace LAMMPS_NS {

class FixIon : public Fix {
 public:
  FixIon(class LAMMPS *, int, char **);
  ~FixIon() override;
  void init() override;
  double compute_scalar() override;
  double compute_vector(int) override;
  double compute_array(int, int) override;
  double memory_usage() override;
  void reset_dt() override;

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
  std::string name;                                          // style and ID, for messages
  std::unique_ptr<DEEPION::Measurement> measurement;         // set by the style's constructor
  std::unique_ptr<DEEPION::AtomRows> rows;                   // one for each ion; may be null
  std::unique_ptr<DEEPION::UnwrappedPositions> positions;    // may be null
  bigint last_sample;                                        // step, -1 = none yet
  bool restarted;                                            // continues a saved measurement
  bigint nions;                                              // atoms in the group at the start

  void fail(const std::string &) const;    // stops all ranks; they all call it
  // Per-atom rows for the ions. LAMMPS knows of them from then on: nothing may fail after it in a
  // constructor, because a fix that was never made cannot be taken off LAMMPS' lists again.
  void give_rows(int width);
  int slot_of(int i);               // row of an atom of the group
  void refuse_newcomers();          // collective, after slot_of() of all of them
  std::vector<double> ions;         // unwrapped positions of this rank's ions, n x 3
  std::vector<int> slots;           // their rows
  std::vector<std::int64_t> ids;    // their IDs
  // Collective: hands this step's ions over; drift as in drift_reference.h; temperature, 0 = none
  void sample_ions(const std::string &drift, double volume, double temperature,
                   const std::function<void(deepion::ffi::IonFrame &&)> &take);
  double picoseconds() const;    // in one time unit
  bool any_timestep;             // it does not matter if the time step changes

 private:
  void gather_ions();    // fills ions, slots and ids from this step's atoms
  double timestep;       // when the measurement began
  bool callbacks;        // LAMMPS calls back about atoms
  tagint newcomer;       // an atom of the group that has no row, 0 = none
};

}    // namespace LAMMPS_NS

#endif
