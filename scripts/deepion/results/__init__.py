# SPDX-License-Identifier: MIT
"""Result files of the ion/* fixes and of deepion-merge."""
