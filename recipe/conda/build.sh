#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Called by the recipe: plugin and Python side into $PREFIX. LAMMPS finds the plugin by a variable that activation sets.
set -euo pipefail

cmake -S cmake -B build -G Ninja -D CMAKE_BUILD_TYPE=Release -D LAMMPS="$PREFIX" -D Python_EXECUTABLE="$PYTHON"
cmake --build build
mkdir -p build/wheel/content/{bin,plugin}
cp build/deepion*.so build/libdeepion.so build/wheel/content/plugin/
cp build/deepion-merge build/wheel/content/bin/
cp build/target/release/libdeepion_python.so build/wheel/content/_engine.abi3.so
"$PYTHON" -m pip install . --no-deps --no-build-isolation --verbose

plugin=$("$PYTHON" -c 'import deepion, pathlib; print(pathlib.Path(deepion.__file__).parent / "plugin")')
mkdir -p "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
# conda's lmp is a program, not the script of the Python package that asks for plugins
cat >"$PREFIX/etc/conda/activate.d/deepion.sh" <<SCRIPT
export DEEPION_PLUGIN_PATH_BEFORE="\${LAMMPS_PLUGIN_PATH:-}"
export LAMMPS_PLUGIN_PATH="\$CONDA_PREFIX${plugin#"$PREFIX"}\${LAMMPS_PLUGIN_PATH:+:\$LAMMPS_PLUGIN_PATH}"
SCRIPT
cat >"$PREFIX/etc/conda/deactivate.d/deepion.sh" <<'SCRIPT'
export LAMMPS_PLUGIN_PATH="$DEEPION_PLUGIN_PATH_BEFORE"
[ -n "$LAMMPS_PLUGIN_PATH" ] || unset LAMMPS_PLUGIN_PATH
unset DEEPION_PLUGIN_PATH_BEFORE
SCRIPT
