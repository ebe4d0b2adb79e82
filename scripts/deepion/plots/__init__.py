# SPDX-License-Identifier: MIT
"""Pictures of results."""
