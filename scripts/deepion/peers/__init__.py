# SPDX-License-Identifier: MIT
"""Other people's tools on the trajectories that deepion measured on the fly: scripts/compare_analysis."""
