// SPDX-License-Identifier: MIT
#include "deepmd_names.h"

#include "errors.h"
#include "pair_deepmd_onnx.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"
#include "utils.h"

#include <cstdlib>
#include <cstring>

using namespace LAMMPS_NS;

// of LAMMPS' package PLUGIN, whose header the wheel has not, and of its C interface; weak: a LAMMPS
// may lack them

namespace DEEPION {
struct PluginTexts {    // what a lammpsplugin_t begins with
  const char *version, *style, *name, *info, *author;
};
}    // namespace DEEPION

namespace LAMMPS_NS {
int plugin_find(const char *, const char *) __attribute__((weak));
const DEEPION::PluginTexts *plugin_get_info(int) __attribute__((weak));
}    // namespace LAMMPS_NS

extern "C" int lammps_has_style(void *, const char *, const char *) __attribute__((weak));

namespace DEEPION {

namespace {

  constexpr const char *ALIAS_TEXT = "Deep Potential under the name of DeePMD-kit's pair style";

  struct Absent {
    const char *style, *name, *why;
  };

  constexpr Absent ABSENT[] = {
      {"pair", "deepspin", "it has no magnetic moments"},
      {"compute", "deeptensor/atom", "it runs energy models only, not dipoles or polarizabilities"},
      {"compute", "deepmd/fparam/dedn", "it does not differentiate by frame parameters"},
      {"fix", "dplr", "it has no electrostatics of its own"},
      {"kspace", "pppm/dplr", "it has no electrostatics of its own"},
  };

  template <int which> void *refuse_absent(void *lmp)
  {
    const Absent &absent = ABSENT[which];
    refuse(static_cast<LAMMPS *>(lmp), FLERR,
           std::string(absent.style) + " style " + absent.name +
               " is one of DeePMD-kit that deepion does not have: " + absent.why +
               ": run this input with DeePMD-kit's plugin (environment variable DEEPION_ALIAS=0)");
  }

  template <int which> void *refuse_absent_with_words(void *lmp, int, char **)
  {
    return refuse_absent<which>(lmp);
  }

  template <int which> void register_absent(const RegisterStyle &add)
  {
    const Absent &absent = ABSENT[which];
    StyleCreator creator;
    // computes and fixes are made with the words of their command
    if (strcmp(absent.style, "compute") == 0 || strcmp(absent.style, "fix") == 0)
      creator.v2 = refuse_absent_with_words<which>;
    else
      creator.v1 = refuse_absent<which>;
    add(absent.style, absent.name, "What there is instead of this style of DeePMD-kit", creator);
  }

  /* ---------------------------------------------------------------------- */

  bool wanted(LAMMPS *lmp)
  {
    const char *value = getenv("DEEPION_ALIAS");
    if (!value || !*value || strcmp(value, "0") == 0) return false;
    if (strcmp(value, "1") == 0) return true;
    if (lmp->comm->me == 0)
      lmp->error->warning(FLERR,
                          "deepion: the environment variable DEEPION_ALIAS is '{}', expected 1 "
                          "(pair_style deepmd is deepion's, too) or 0: 0 is used",
                          value);
    return false;
  }

}    // namespace

/* ---------------------------------------------------------------------- */

void register_deepmd_names(LAMMPS *lmp, const RegisterStyle &add)
{
  if (!wanted(lmp)) return;
  const int other = plugin_find && plugin_get_info ? plugin_find("pair", "deepmd") : -1;
  if (other >= 0) {
    const PluginTexts *plugin = plugin_get_info(other);
    if (strncmp(plugin->info, ALIAS_TEXT, strlen(ALIAS_TEXT)) != 0 && lmp->comm->me == 0)
      utils::logmesg(lmp,
                     "deepion: pair_style deepmd stays with the plugin that was loaded first ({}, "
                     "by {}); pair_style deepmd/onnx is deepion's\n",
                     plugin->info, plugin->author);
    return;
  }
  if (lammps_has_style && lammps_has_style(lmp, "pair", "deepmd")) {
    if (lmp->comm->me == 0)
      utils::logmesg(lmp,
                     "deepion: pair_style deepmd stays with the one that was built into LAMMPS; "
                     "pair_style deepmd/onnx is deepion's\n");
    return;
  }
  StyleCreator creator;
  creator.v1 = [](void *p) -> void * {
    return new PairDeepmdOnnx(static_cast<LAMMPS *>(p), true);
  };
  add("pair", "deepmd", ALIAS_TEXT, creator);
  register_absent<0>(add);
  register_absent<1>(add);
  register_absent<2>(add);
  register_absent<3>(add);
  register_absent<4>(add);
}

}    // namespace DEEPION
