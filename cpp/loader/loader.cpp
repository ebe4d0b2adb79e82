// SPDX-License-Identifier: MIT
// deepionplugin.so, which LAMMPS opens: finds the shim that was compiled for this LAMMPS, and lets
// it add the styles. It fits every LAMMPS, and needs nothing of the C++ library.

#include "host.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>

using namespace DEEPION;

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *, void *, void *);

namespace {

// A text that is cut where it gets too long.
struct Text {
  char chars[4096] = "";

  template <class... Values> void add(const char *format, Values... values)
  {
    const std::size_t used = strlen(chars);
    snprintf(chars + used, sizeof(chars) - used, format, values...);
  }
};

// A file as it is really called. A program that was found through PATH has no folder in its name.
void add_real_path(const char *file, Text &text)
{
  char path[PATH_MAX];
  if (file && !strchr(file, '/')) file = "/proc/self/exe";
  text.add("%s", file && realpath(file, path) ? path : file ? file : "./unknown");
}

void find_own_folder(Text &folder)
{
  // not by lammpsplugin_init(): LAMMPS makes symbols global, and that one is the first plugin's
  static char here;
  add_real_path(file_of(&here), folder);
  *strrchr(folder.chars, '/') = '\0';
}

// Calls visit(folder) for the own folder, then for those of DEEPION_SHIM_PATH; until it is true.
template <class Visit> bool any_folder(const char *own, const Visit &visit)
{
  if (visit(own)) return true;
  const char *place = getenv("DEEPION_SHIM_PATH");
  while (place && *place) {
    const int length = static_cast<int>(strcspn(place, ":"));
    Text folder;
    folder.add("%.*s", length, place);
    if (length && visit(static_cast<const char *>(folder.chars))) return true;
    place += place[length] == ':' ? length + 1 : length;
  }
  return false;
}

// The name of the shim for a LAMMPS; scripts/deepion/shims/names.py has the same rule.
void name_shim(const Host &host, Text &name)
{
  Text descriptor;
  bool known = false;    // "(unknown)" where the source was no git repository
  for (const char *c = host.descriptor; *c; c++) {
    const bool digit = *c >= '0' && *c <= '9';
    const bool letter = (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');
    descriptor.add("%c", digit || letter || *c == '.' ? *c : '_');
    known = known || digit;
  }
  const char *sizes = host.tagint == 8 ? "-bigbig" : host.bigint == 4 ? "-smallsmall" : "";
  name.add("deepion-%d-%s-%s%s.so", host.version, known ? descriptor.chars : "unknown",
           spelling(host.mpi), sizes);
}

// Adds the names of all shims of a folder, without ending.
void list_shims(const char *folder, Text &list)
{
  DIR *entries = opendir(folder);
  if (!entries) return;
  while (const dirent *entry = readdir(entries)) {
    const char *name = entry->d_name, *end = name + strlen(name);
    if (strncmp(name, "deepion-", 8) != 0 || end - name < 12 || strcmp(end - 3, ".so") != 0)
      continue;
    list.add("%s%.*s", *list.chars ? ", " : "", static_cast<int>(end - 3 - (name + 8)), name + 8);
  }
  closedir(entries);
}

// Says why there are no styles, on one rank and through LAMMPS where it lets that be done.
void refuse(const Host &host, void *lmp, void *address, const char *reason)
{
  if (host.rank > 0) return;
  Text text;
  text.add("deepion: plugin not loaded: %s", reason);
  const auto error = find<void (*)(void *, int, const char *)>(open_host(address), "lammps_error");
  if (error)
    error(lmp, 0, text.chars);    // 0: a warning
  else
    fprintf(stderr, "%s\n", text.chars);
}

struct Opened {
  ShimFunction shim = nullptr;
  bool found = false;
  Text failure;
};

void open_shim(const char *folder, const char *name, Opened &opened)
{
  Text path;
  path.add("%s/%s", folder, name);
  if (FILE *file = fopen(path.chars, "r"))
    fclose(file);
  else
    return;
  opened.found = true;
  void *library = dlopen(path.chars, RTLD_NOW | RTLD_LOCAL);
  if (library) opened.shim = find<ShimFunction>(library, SHIM_FUNCTION);
  if (!opened.shim) opened.failure.add("%s", dlerror());
}

}    // namespace

/* ---------------------------------------------------------------------- */

void lammpsplugin_init(void *lmp, void *handle, void *register_function)
{
  Text own, name, reason;
  find_own_folder(own);
  const Host host = ask_host(lmp, register_function);
  if (!host.version) {
    refuse(host, lmp, register_function,
           "this LAMMPS does not show its C library interface: it was linked without exporting "
           "its symbols (build it with CMake, which exports them)");
    return;
  }
  name_shim(host, name);

  // All shims use one Rust library, under the name that it has for them.
  Text library;
  library.add("%s/libdeepion.so", own.chars);
  if (!dlopen(library.chars, RTLD_NOW | RTLD_LOCAL)) {
    reason.add("%s", dlerror());
    refuse(host, lmp, register_function, reason.chars);
    return;
  }

  Opened opened;
  any_folder(own.chars, [&](const char *folder) {
    open_shim(folder, name.chars, opened);
    return opened.found;
  });
  if (opened.shim) {
    const char *problem = opened.shim(lmp, handle, register_function, own.chars);
    if (!problem) return;
    reason.add("%s does not fit: %s", name.chars, problem);
  } else if (opened.found) {
    reason.add("%s cannot be opened: %s", name.chars, opened.failure.chars);
  } else {
    Text others;
    any_folder(own.chars, [&](const char *folder) {
      list_shims(folder, others);
      return false;
    });
    reason.add("it has nothing for this LAMMPS, %d %s with %s%s (it has: %s)", host.version,
               host.descriptor, host.mpi_name, host.tagint == 8 ? ", bigbig" : "",
               *others.chars ? others.chars : "nothing");
  }
  if (host.mpi == Mpi::other) {
    reason.add("; only MPIs of the family of MPICH and Open MPI are supported");
  } else {
    reason.add("; build what fits with: deepion build-shim --lammps '");
    add_real_path(file_of(register_function), reason);
    reason.add("'");
  }
  refuse(host, lmp, register_function, reason.chars);
}
