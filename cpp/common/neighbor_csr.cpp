// SPDX-License-Identifier: MIT
#include "neighbor_csr.h"

#include "atom.h"
#include "lammps.h"
#include "neighbor.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

void NeighborCSR::build(const NeighList *list, const int *type, const std::vector<char> &visible)
{
  const auto seen = [&](int i) {
    return visible[type[i]] != 0;
  };
  build_if(list, seen, seen);
}

/* ---------------------------------------------------------------------- */

std::size_t NeighborCSR::memory_bytes() const
{
  return centers.capacity() * sizeof(std::int32_t) + offsets.capacity() * sizeof(std::size_t) +
      neighbors.capacity() * sizeof(std::int32_t);
}

/* ---------------------------------------------------------------------- */

bool special_bonds_hide(LAMMPS *lmp, const std::vector<char> &visible)
{
  const Atom *atom = lmp->atom;
  const int *flag = lmp->neighbor->special_flag;
  int hidden = 0;
  if (atom->molecular == Atom::MOLECULAR && atom->nspecial) {
    for (int i = 0; i < atom->nlocal; i++) {
      if (!visible[atom->type[i]]) continue;
      for (int k = 0; k < 3; k++) {
        const int count = atom->nspecial[i][k] - (k ? atom->nspecial[i][k - 1] : 0);
        if (count > 0 && flag[k + 1] == 0) hidden = 1;
      }
    }
  } else if (atom->molecular == Atom::TEMPLATE) {
    for (int k = 1; k <= 3; k++) hidden |= flag[k] == 0;
  }
  int any = 0;
  MPI_Allreduce(&hidden, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  return any != 0;
}

}    // namespace DEEPION
