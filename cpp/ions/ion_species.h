// SPDX-License-Identifier: MIT
// Groups of atoms whose displacements are added up, beside those of the ions.
// Include in .cpp files only: it needs rust/cxx.h.

#ifndef DEEPION_ION_SPECIES_H
#define DEEPION_ION_SPECIES_H

#include "ion_atoms.h"
#include "measurement.h"
#include "words.h"

#include "deepion-bridge/src/transport.rs.h"

#include <string>
#include <vector>

namespace DEEPION {

class IonSpecies {
 public:
  // `name` begins every message.
  IonSpecies(LAMMPS_NS::LAMMPS *lmp, const std::string &name);

  // Reads the group and the charge that follow `keyword`.
  void read(Words &words, const std::string &keyword);
  bool empty() const { return species.empty(); }
  // Collective: stops where an atom would be counted twice. From then on the groups must stay the same.
  void begin(IonAtoms &ions);
  // For the measurement: the ions, of that charge, and all others.
  rust::Vec<deepion::ffi::IonSpecies> settings(const IonAtoms &ions, double charge) const;

  // Before a run.
  void init();
  // Collective: adds the sums over all ranks that tell where this step's atoms are.
  void locate(const IonAtoms &ions, const Measurement &measurement,
              std::vector<std::int64_t> &located) const;

  // As given, for the log.
  std::string words(const IonAtoms &ions, double charge) const;

 private:
  struct One {
    std::string group;
    int igroup;
    LAMMPS_NS::bigint number;
    double charge;
  };
  LAMMPS_NS::LAMMPS *lmp;
  std::string name;
  std::vector<One> species;

  // Of an atom with this mask, from 0 on; -1: none.
  int kind_of(int mask) const;
  void fail(const std::string &text) const;    // on all ranks
};

}    // namespace DEEPION

#endif
