// SPDX-License-Identifier: MIT
// What the LAMMPS that runs says of itself, asked by the names of functions only: no header of
// LAMMPS, nothing of the C++ library. For the loader, and for every shim to check itself against.

#ifndef DEEPION_HOST_H
#define DEEPION_HOST_H

#include <dlfcn.h>

#include <cstring>

namespace DEEPION {

// Interface for plugins that LAMMPS' manual describes ("Writing plugins").
using RegisterFunction = void (*)(void *plugin, void *lmp);
// What each shim has: adds its styles; an error text, or nullptr.
using ShimFunction = const char *(*)(void *lmp, void *handle, void *register_function,
                                     const char *plugin_folder);
constexpr const char *SHIM_FUNCTION = "deepion_shim";

enum class Mpi { serial, mpich, openmpi, other };

struct Host {
  int version = 0;                // as 20250722; 0: its C library interface is not visible
  const char *descriptor = "";    // of its source in git; distributions' builds have none
  Mpi mpi = Mpi::serial;          // family: what is binary compatible
  char mpi_name[256] = "no MPI";
  int tagint = 0, bigint = 0;    // bytes of atom IDs and of numbers of atoms
  int rank = 0;
};

// As the names of shims spell it.
inline const char *spelling(Mpi mpi)
{
  switch (mpi) {
    case Mpi::serial:
      return "serial";
    case Mpi::mpich:
      return "mpich";
    case Mpi::openmpi:
      return "openmpi";
    default:
      return "othermpi";
  }
}

// The file of the library or program that `address` belongs to.
inline const char *file_of(void *address)
{
  Dl_info info;
  return dladdr(address, &info) && info.dli_fname ? info.dli_fname : nullptr;
}

// The library or program that `address` belongs to, its symbols visible to what is opened later:
// whoever opened LAMMPS may have kept them to itself.
inline void *open_host(void *address)
{
  if (const char *file = file_of(address))
    if (void *library = dlopen(file, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL)) return library;
  return dlopen(nullptr, RTLD_LAZY);
}

template <class Function> Function find(void *library, const char *name)
{
  return reinterpret_cast<Function>(dlsym(library, name));
}

// MPICH, Intel MPI, MVAPICH and Cray's MPI have one binary interface.
inline Mpi family(const char *name)
{
  if (strstr(name, "STUBS")) return Mpi::serial;    // LAMMPS' own, of one process
  if (strstr(name, "Open MPI") || strstr(name, "Spectrum")) return Mpi::openmpi;
  static const char *const mpich[] = {"MPICH", "Intel", "MVAPICH", "ParaStation", "CRAY"};
  for (const char *one : mpich)
    if (strstr(name, one)) return Mpi::mpich;
  return Mpi::other;
}

// `address`: of a function of LAMMPS.
inline Host ask_host(void *lmp, void *address)
{
  Host host;
  void *library = open_host(address);
  const auto version = find<int (*)(void *)>(library, "lammps_version");
  const auto setting = find<int (*)(void *, const char *)>(library, "lammps_extract_setting");
  if (!version || !setting) return host;
  host.version = version(lmp);
  host.tagint = setting(lmp, "tagint");
  host.bigint = setting(lmp, "bigint");
  host.rank = setting(lmp, "world_rank");
  // static const char *LAMMPS_NS::LAMMPS::git_descriptor(); lammps_extract_global() of released
  // versions hands out the address of this function for its result
  const auto descriptor =
      find<const char *(*)()>(library, "_ZN9LAMMPS_NS6LAMMPS14git_descriptorEv");
  if (descriptor) host.descriptor = descriptor();
  const auto mpi = find<int (*)(char *, int *)>(library, "MPI_Get_library_version");
  if (!mpi) return host;
  static char text[8192];    // MPI_MAX_LIBRARY_VERSION_STRING of MPICH, the longest of all
  int length = 0;
  mpi(text, &length);
  host.mpi = family(text);
  const std::size_t line = strcspn(text, "\r\n");
  const std::size_t kept = line < sizeof(host.mpi_name) ? line : sizeof(host.mpi_name) - 1;
  memcpy(host.mpi_name, text, kept);
  host.mpi_name[kept] = '\0';
  return host;
}

}    // namespace DEEPION

#endif
