// SPDX-License-Identifier: MIT
#include "deepion_config.h"

#include "deepion-bridge/src/border.rs.h"

const char DEEPION::BUILT_FOR[] = LAMMPS_DESCRIPTOR;

static std::string folder;

std::string DEEPION::version()
{
  return std::string(deepion::ffi::version());
}

const std::string &DEEPION::plugin_folder()
{
  return folder;
}

void DEEPION::set_plugin_folder(const char *name)
{
  folder = name;
}
