# SPDX-License-Identifier: MIT
"""The HTML page about a study."""
