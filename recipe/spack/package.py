# SPDX-License-Identifier: MIT
"""deepion for Spack: put this file into packages/deepion of a repository of your own (`spack repo create`)."""

from spack.package import *
from spack_repo.builtin.build_systems.python import PythonPackage


class Deepion(PythonPackage):
    """Deep Potentials in LAMMPS through ONNX Runtime, and measurements for ion conductors, as a plugin."""

    homepage = "https://example.org/deepion"  # where the release is
    url = "https://example.org/deepion/deepion-0.1.0.tar.gz"
    license("MIT")

    version("0.1.0")  # with sha256 of the release archive

    depends_on("cxx", type="build")
    depends_on("c", type="build")
    depends_on("rust@1.92:", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("ninja", type="build")
    depends_on("py-hatchling@1.27:1", type="build")
    depends_on("python@3.11:", type=("build", "run"))
    depends_on("py-numpy@2", type=("build", "run"))
    depends_on("py-onnxruntime@1.17:", type=("build", "run"))
    # export of models
    depends_on("py-onnx@1.23:1", type="run")
    depends_on("py-jsonschema@4.26:4", type="run")
    depends_on("py-h5py@3.11:3", type="run")
    depends_on("py-pyyaml@6", type="run")
    # the plugin is compiled for this very LAMMPS
    depends_on("lammps@20220504: +lib +mpi +plugin", type=("build", "link", "run"))
    depends_on("mpi")

    @run_before("install")
    def build_plugin(self):
        """With the mpicxx of PATH, which is that of the MPI of LAMMPS."""
        lammps, python = self.spec["lammps"].prefix, self.spec["python"].command.path
        with working_dir(self.stage.source_path):
            cmake("-S", "cmake", "-B", "build", "-G", "Ninja", f"-DLAMMPS={lammps}", f"-DPython_EXECUTABLE={python}")
            cmake("--build", "build")
            mkdirp("build/wheel/content/plugin", "build/wheel/content/bin")
            for library in [*find("build", "deepion*.so", recursive=False), "build/libdeepion.so"]:
                install(library, "build/wheel/content/plugin")
            install("build/deepion-merge", "build/wheel/content/bin")
            install("build/target/release/libdeepion_python.so", "build/wheel/content/_engine.abi3.so")

    def setup_run_environment(self, env):
        env.prepend_path("LAMMPS_PLUGIN_PATH", join_path(python_purelib, "deepion", "plugin"))
