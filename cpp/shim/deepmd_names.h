// SPDX-License-Identifier: MIT
// The style names of DeePMD-kit's own plugin, for inputs that were written for it.

#ifndef DEEPION_DEEPMD_NAMES_H
#define DEEPION_DEEPMD_NAMES_H

#include <functional>
#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

// What LAMMPS calls to make a style: one of its two forms.
struct StyleCreator {
  void *(*v1)(void *) = nullptr;
  void *(*v2)(void *, int, char **) = nullptr;
};

using RegisterStyle = std::function<void(const char *style, const char *name, const char *text,
                                         const StyleCreator &creator)>;

// With DEEPION_ALIAS=1 registers pair_style deepmd, which is deepmd/onnx, and the other names of
// DeePMD-kit's plugin, which say why deepion has no such style and what there is instead. Where
// another plugin or LAMMPS itself has the name deepmd, it keeps all of them, and the log says so.
void register_deepmd_names(LAMMPS_NS::LAMMPS *lmp, const RegisterStyle &add);

}    // namespace DEEPION

#endif
