// SPDX-License-Identifier: MIT
// The units of the simulation, in those of the models: eV and Angstrom.

#ifndef DEEPION_UNITS_H
#define DEEPION_UNITS_H

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

struct Units {
  double energy = 1.0;    // of LAMMPS, in one eV
  double length = 1.0;    // of LAMMPS, in one Angstrom
  double time = 1.0;      // of LAMMPS, in one fs
  double mass = 1.0;      // of LAMMPS, in one g/mol
  std::string time_name;

  double force() const { return energy / length; }    // of LAMMPS, in one eV/Angstrom
  // n coordinates in Angstrom: themselves where that is the unit, else kept in `room`
  const double *angstroms(const double *x, std::size_t n, std::vector<double> &room) const;
};

// Units metal, real and si; others are an error.
Units units_in_use(LAMMPS_NS::LAMMPS *lmp);

}    // namespace DEEPION

#endif
