# SPDX-License-Identifier: MIT
"""The command `deepion doctor`: what of LAMMPS, MPI and ONNX Runtime is here, whether it fits together, and the mend."""
