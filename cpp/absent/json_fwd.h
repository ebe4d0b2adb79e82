// SPDX-License-Identifier: MIT
// Found only where LAMMPS did not install its own, which atom.h of 22Jul2025 up to update 3 asks for
// in vain: one declaration of a function that is not called here needs the name.

#ifndef LMP_JSON_FWD_H
#define LMP_JSON_FWD_H

namespace LAMMPS_NS {
class json;
}

#endif
