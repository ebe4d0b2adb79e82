# SPDX-License-Identifier: MIT
"""Reduced networks: the same potential with fewer descriptor columns and fitting weights, at a force error that is measured.

frames: structures to sample (training data, or generated); radial: the embedding on a grid; samples: what atoms of one type
see; fitting_net: a fitting net in float64; balance: which directions matter; ladder: networks for a list of force errors.
"""
