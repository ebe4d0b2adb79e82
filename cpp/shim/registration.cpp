// SPDX-License-Identifier: MIT
// What the loader calls: adds all styles to the LAMMPS that this shim was compiled for.

#include "compute_ion_coordination.h"
#include "compute_ion_msd.h"
#include "deepion_config.h"
#include "deepmd_names.h"
#include "fit.h"
#include "fix_deepion_check.h"
#include "fix_ion_coordination.h"
#include "fix_ion_density.h"
#include "fix_ion_displacement.h"
#include "fix_ion_hops.h"
#include "fix_ion_polyhedra.h"
#include "fix_ion_rdf.h"
#include "fix_ion_transport.h"
#include "fix_ion_vanhove.h"
#include "fix_ion_vdos.h"
#include "host.h"
#include "lammps_compat.h"
#include "pair_deepmd_onnx.h"

#include "lammps.h"

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

__attribute__((visibility("default"))) const char *deepion_shim(void *, void *, void *,
                                                                const char *);
}

/* ---------------------------------------------------------------------- */

// Of computes and fixes, which are made with the words of their command.
template <class Style> static DEEPION::StyleCreator creator()
{
  DEEPION::StyleCreator made;
  made.v2 = [](void *lmp, int narg, char **arg) -> void * {
    return new Style(static_cast<LAMMPS *>(lmp), narg, arg);
  };
  return made;
}

/* ---------------------------------------------------------------------- */

const char *deepion_shim(void *lmp_ptr, void *handle, void *register_ptr, const char *folder)
{
  static std::string reason;    // outlives the call
  reason = DEEPION::misfit(lmp_ptr, register_ptr);
  if (!reason.empty()) return reason.c_str();
  DEEPION::set_plugin_folder(folder);
  auto *lmp = static_cast<LAMMPS *>(lmp_ptr);

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
  const DEEPION::RegisterStyle add = [&](const char *style, const char *style_name,
                                         const char *text, const DEEPION::StyleCreator &made) {
    static std::list<std::string> infos;    // LAMMPS keeps the pointers
    infos.push_back(std::string(text) + ", deepion " + DEEPION::version());
    plugin.style = style;
    plugin.name = style_name;
    plugin.info = infos.back().c_str();
    if (made.v1)
      plugin.creator.v1 = made.v1;
    else
      plugin.creator.v2 = made.v2;
    reinterpret_cast<lammpsplugin_regfunc>(register_ptr)(&plugin, lmp);
  };

  DEEPION::StyleCreator pair;
  pair.v1 = [](void *p) -> void * {
    return new PairDeepmdOnnx(static_cast<LAMMPS *>(p));
  };
  add("pair", "deepmd/onnx", "Deep Potential from an ONNX file", pair);
  DEEPION::register_deepmd_names(lmp, add);
  add("fix", "DEEPION/CHECK", "Belongs to pair_style deepmd/onnx", creator<FixDeepionCheck>());
  add("compute", "ion/msd", "Displacement of ions since one moment", creator<ComputeIonMSD>());
  add("fix", "ION/DISPLACEMENT", "Belongs to compute ion/msd", creator<FixIonDisplacement>());
  add("fix", "ion/transport", "Diffusion and conductivity of ions, with error bars",
      creator<FixIonTransport>());
  add("compute", "ion/coordination", "Coordination numbers and their entropy",
      creator<ComputeIonCoordination>());
  add("fix", "ion/coordination", "Coordination numbers averaged over a run, with error bars",
      creator<FixIonCoordination>());
  add("fix", "ion/rdf", "Radial distribution function averaged over a run, with error bars",
      creator<FixIonRDF>());
  add("fix", "ion/density", "Density of ions on a grid, and paths through it",
      creator<FixIonDensity>());
  add("fix", "ion/vanhove", "Van Hove functions of ions, overlap and chi_4, with error bars",
      creator<FixIonVanHove>());
  add("fix", "ion/polyhedra", "Rotation, clusters and lifetimes of units such as PS4",
      creator<FixIonPolyhedra>());
  add("fix", "ion/hops", "Hops of ions from cage to cage, with error bars", creator<FixIonHops>());
  add("fix", "ion/vdos", "Vibrational density of states and entropy", creator<FixIonVdos>());
  return nullptr;
}
