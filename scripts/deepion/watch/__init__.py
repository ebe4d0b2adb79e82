# SPDX-License-Identifier: MIT
"""Runs and studies while they go on."""
