# SPDX-License-Identifier: MIT
"""What a model file holds, and how it can be used."""
