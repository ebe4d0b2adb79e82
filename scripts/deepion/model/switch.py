# SPDX-License-Identifier: MIT
"""DeePMD-kit's quintic switch between rcut_smth and rcut, for numpy and, by its coefficients, for graphs.

w(u) = 1 + u^3 (C2 u^2 + C1 u + C0) with u = (r - rcut_smth) / (rcut - rcut_smth) limited to 0..1.
"""

import numpy as np

C2, C1, C0 = -6.0, 15.0, -10.0
# dw/du = u^2 (5 C2 u^2 + 4 C1 u + 3 C0) = -30 u^2 (u - 1)^2
SLOPE = (5.0 * C2, 4.0 * C1, 3.0 * C0)


def switch(r: np.ndarray, smooth: float, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    """w(r) and dw/dr."""
    u = np.clip((r - smooth) / (cutoff - smooth), 0.0, 1.0)
    w = u**3 * (C2 * u**2 + C1 * u + C0) + 1.0
    return w, SLOPE[0] * u**2 * (u - 1.0) ** 2 / (cutoff - smooth)


def cubic_switch(a: np.ndarray, da: np.ndarray, smooth: float) -> tuple[np.ndarray, np.ndarray]:
    """What TensorFlow's DPA-1 takes for the switch: v = 1 - x^3 with x = 1 - smooth a, from 0 up; and dv/dr from da/dr.

    a = w / (r + protection); v is 1 for r below `smooth` and 0 where w is.
    """
    x = np.maximum(1.0 - smooth * a, 0.0)
    return 1.0 - x**3, 3.0 * x**2 * smooth * da
