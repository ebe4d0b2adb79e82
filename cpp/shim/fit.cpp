// SPDX-License-Identifier: MIT
#include "fit.h"

#include "deepion_config.h"
#include "host.h"

#include "deepion-bridge/border.h"
#include "deepion-bridge/src/border.rs.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "force.h"
#include "lammps.h"
#include "lmptype.h"
#include "update.h"

#include <mpi.h>

using namespace DEEPION;
using namespace LAMMPS_NS;

namespace {

// Builds from an archive say nothing, or "(unknown)", of their source.
bool same_source(const std::string &a, const std::string &b)
{
  const auto known = [](const std::string &text) {
    return text.find_first_of("0123456789") != std::string::npos;
  };
  return a == b || (!known(a) && !known(b));
}

// The family of the MPI whose header this was compiled with.
#if defined(OPEN_MPI)
constexpr Mpi COMPILED_MPI = Mpi::openmpi;
#elif defined(MPICH_VERSION) || defined(MPICH_NAME) || defined(I_MPI_VERSION)
constexpr Mpi COMPILED_MPI = Mpi::mpich;
#else
constexpr Mpi COMPILED_MPI = Mpi::serial;    // LAMMPS' own header
#endif

/* ----------------------------------------------------------------------
   a build that was named for another one: distributions' builds have no descriptor, and updates
   of a release do not change its version
   where members of LAMMPS' classes are is known twice, from the headers this was compiled with and
   from LAMMPS itself; only addresses are compared, nothing behind them is read
------------------------------------------------------------------------- */

std::string misplaced_member(LAMMPS *lmp, void *library)
{
  const auto extract = find<void *(*)(void *, const char *)>(library, "lammps_extract_global");
  if (!extract) return {};
  const struct {
    const char *name;
    const void *here;
  } members[] = {
      {"dt", &lmp->update->dt},          {"ntimestep", &lmp->update->ntimestep},
      {"boxlo", lmp->domain->boxlo},     {"boxhi", lmp->domain->boxhi},
      {"nlocal", &lmp->atom->nlocal},    {"nghost", &lmp->atom->nghost},
      {"natoms", &lmp->atom->natoms},    {"ntypes", &lmp->atom->ntypes},
      {"procgrid", lmp->comm->procgrid}, {"boltz", &lmp->force->boltz},
      {"ftm2v", &lmp->force->ftm2v},     {"angstrom", &lmp->force->angstrom},
  };
  for (const auto &member : members) {
    const void *there = extract(lmp, member.name);
    if (there && there != member.here) return member.name;
  }
  return {};
}

}    // namespace

/* ----------------------------------------------------------------------
   the layout of LAMMPS' classes changes between releases and even between updates of one release,
   and LAMMPS does not look: a plugin of another build misbehaves without a word
   so nothing here may read a member of a class of LAMMPS before all else agrees
------------------------------------------------------------------------- */

std::string DEEPION::misfit(void *lmp, void *address)
{
  const std::string library(deepion::ffi::fingerprint());
  if (library != DEEPION_BORDER)
    return "it was compiled for deepion " DEEPION_BORDER ", but this is deepion " + library;

  const Host host = ask_host(lmp, address);
  if (host.version != LAMMPS_VERSION_NUMBER || !same_source(host.descriptor, BUILT_FOR))
    return std::string("it was compiled for LAMMPS ") + BUILT_FOR + " (" +
        std::to_string(LAMMPS_VERSION_NUMBER) + "), but this is LAMMPS " + host.descriptor + " (" +
        std::to_string(host.version) + ")";
  if (host.tagint != sizeof(tagint) || host.bigint != sizeof(bigint))
    return "it was compiled for atom IDs of " + std::to_string(sizeof(tagint)) +
        " bytes and counts of " + std::to_string(sizeof(bigint)) + ", but this LAMMPS has " +
        std::to_string(host.tagint) + " and " + std::to_string(host.bigint);
  if (host.mpi != COMPILED_MPI)
    return std::string("it was compiled for MPI ") + spelling(COMPILED_MPI) +
        ", but this LAMMPS has " + host.mpi_name;

  const std::string member = misplaced_member(static_cast<LAMMPS *>(lmp), open_host(address));
  if (!member.empty())
    return "it was compiled with headers of another LAMMPS: '" + member + "' is elsewhere";
  return {};
}
