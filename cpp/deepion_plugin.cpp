// SPDX-License-Identifier: MIT
// What LAMMPS calls after it opened deepionplugin.so.

#include "compute_ion_coordination.h"
#include "compute_ion_msd.h"
#include "deepion_config.h"
#include "fix_ion_coordination.h"
#include "fix_ion_displacement.h"
#include "fix_ion_rdf.h"
#include "fix_ion_transport.h"
#include "fix_ion_vdos.h"
#include "lammps_compat.h"
#include "pair_deepmd_onnx.h"

#include "lammps.h"
#include "utils.h"

#include <cstdlib>
#include <cstring>
#include <list>
#include <string>

using namespace LAMMPS_NS;

// LAMMPS' interface for plugins (its manual, "Writing plugins"); the wheel has no lammpsplugin.h

extern "C" {
struct lammpsplugin_t {
  const char *version;
  const char *style;
  const char *name;
  const char *info;
  const char *author;
  union {
    void *(*v1)(void *);
    void *(*v2)(void *, int, char **);
  } creator;
  void *handle;
};
typedef void (*lammpsplugin_regfunc)(lammpsplugin_t *, void *);

// of the C library interface; weak: a program that links LAMMPS statically may lack them
int lammps_extract_setting(void *, const char *) __attribute__((weak));
int lammps_version(void *) __attribute__((weak));

__attribute__((visibility("default"))) void lammpsplugin_init(void *, void *, void *);
}

/* ---------------------------------------------------------------------- */

template <class Style> static void *create(void *lmp, int narg, char **arg)
{
  return new Style(static_cast<LAMMPS *>(lmp), narg, arg);
}

/* ----------------------------------------------------------------------
   why this LAMMPS cannot use the plugin; empty if it can
   the layout of LAMMPS' classes changes between releases and even between updates of one release,
   and LAMMPS does not look: a plugin of another build misbehaves without a word
   so nothing here may read a member of a class of LAMMPS
------------------------------------------------------------------------- */

static std::string mismatch(void *lmp)
{
  const std::string built = DEEPION::LAMMPS_DESCRIPTOR;
  const std::string here = LAMMPS::git_descriptor();
  const int built_version = LAMMPS_VERSION_NUMBER;
  const int here_version = lammps_version ? lammps_version(lmp) : built_version;
  if (here != built || here_version != built_version)
    return "it was built for LAMMPS " + built + " (" + std::to_string(built_version) +
        "), but this is LAMMPS " + here + " (" + std::to_string(here_version) + ")";

  const int built_size = static_cast<int>(sizeof(tagint));
  const int here_size = lammps_extract_setting ? lammps_extract_setting(lmp, "tagint") : built_size;
  if (here_size > 0 && here_size != built_size)
    return "it was built for atom IDs of " + std::to_string(built_size) +
        " bytes, but this LAMMPS has " + std::to_string(here_size);
  return {};
}

/* ---------------------------------------------------------------------- */

void lammpsplugin_init(void *lmp_ptr, void *handle, void *register_ptr)
{
  auto *lmp = static_cast<LAMMPS *>(lmp_ptr);
  const std::string reason = mismatch(lmp_ptr);
  if (!reason.empty()) {
    const std::string text = std::string("deepion ") + DEEPION::VERSION +
        ": plugin not loaded: " + reason +
        ": build deepion again for this LAMMPS (cmake -S cmake -B build)\n";
    const int rank = lammps_extract_setting ? lammps_extract_setting(lmp_ptr, "world_rank") : 0;
    if (rank <= 0) utils::logmesg(lmp, text);
    return;
  }

  // Released libraries of ONNX Runtime report to their maker from the moment they start, and leave
  // an identifier in the user's home. Only the environment stops them in time; a user's own value
  // stays.
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  setenv("ORT_TELEMETRY_DISABLED", "1", 0);

  lammpsplugin_t plugin;
  memset(&plugin, 0, sizeof(plugin));
  plugin.version = lmp->version;
  plugin.author = "the deepion authors";
  plugin.handle = handle;
  const auto add = [&](const char *style, const char *style_name, const char *text) {
    static std::list<std::string> infos;    // LAMMPS keeps the pointers
    infos.push_back(std::string(text) + ", deepion " + DEEPION::VERSION);
    plugin.style = style;
    plugin.name = style_name;
    plugin.info = infos.back().c_str();
    reinterpret_cast<lammpsplugin_regfunc>(register_ptr)(&plugin, lmp);
  };

  plugin.creator.v1 = [](void *p) -> void * {
    return new PairDeepmdOnnx(static_cast<LAMMPS *>(p));
  };
  add("pair", "deepmd/onnx", "Deep Potential from an ONNX file");
  plugin.creator.v2 = create<ComputeIonMSD>;
  add("compute", "ion/msd", "Displacement of ions since one moment");
  plugin.creator.v2 = create<FixIonDisplacement>;
  add("fix", "ION/DISPLACEMENT", "Belongs to compute ion/msd");
  plugin.creator.v2 = create<FixIonTransport>;
  add("fix", "ion/transport", "Diffusion and conductivity of ions, with error bars");
  plugin.creator.v2 = create<ComputeIonCoordination>;
  add("compute", "ion/coordination", "Coordination numbers and their entropy");
  plugin.creator.v2 = create<FixIonCoordination>;
  add("fix", "ion/coordination", "Coordination numbers averaged over a run, with error bars");
  plugin.creator.v2 = create<FixIonRDF>;
  add("fix", "ion/rdf", "Radial distribution function averaged over a run, with error bars");
  plugin.creator.v2 = create<FixIonVdos>;
  add("fix", "ion/vdos", "Vibrational density of states and entropy");
}
