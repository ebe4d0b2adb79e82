// SPDX-License-Identifier: MIT
//! The environment matrix of DeepPot-SE (`doc/method/physics.md`, section 1; Zhang et al., arXiv 1805.09003) and its
//! radial derivatives.

/// Radial functions of one neighbor at distance r: a = w/(r+p), b = w/(r+p)^2 with the quintic switch w and protection p.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Radial {
    /// The switch w.
    pub w: f64,
    /// dw/dr, 1/A.
    pub dw: f64,
    /// d2w/dr2, 1/A^2.
    pub ddw: f64,
    /// a(r), 1/A.
    pub a: f64,
    /// da/dr, 1/A^2.
    pub da: f64,
    /// d2a/dr2, 1/A^3.
    pub dda: f64,
    /// b(r), 1/A^2.
    pub b: f64,
    /// db/dr, 1/A^3.
    pub db: f64,
}

/// Evaluates the radial functions for r < `rcut` (A). w is 1 below `rcut_smth` and falls to 0 at `rcut`.
///
/// ```
/// use deepion_potential::radial;
///
/// let near = radial(2.0, 3.0, 6.0, 0.0);
/// assert_eq!((near.a, near.da), (0.5, -0.25)); // 1/r and its slope
/// assert!((radial(4.5, 3.0, 6.0, 0.0).w - 0.5).abs() < 1e-15);
/// ```
#[must_use]
pub fn radial(r: f64, rcut_smth: f64, rcut: f64, protection: f64) -> Radial {
    let [w, dw, ddw] = switch(r, rcut_smth, rcut);
    let inv = 1.0 / (r + protection);
    let a = w * inv;
    let b = a * inv;
    let da = (dw - a) * inv;
    Radial { w, dw, ddw, a, da, dda: (ddw - 2.0 * da) * inv, b, db: dw * inv * inv - 2.0 * b * inv }
}

/// DeePMD-kit's quintic switch w(u) = u^3 (-6 u^2 + 15 u - 10) + 1, u = (r - `rcut_smth`)/(rcut - `rcut_smth`), with
/// dw/dr and d2w/dr2.
fn switch(r: f64, rcut_smth: f64, rcut: f64) -> [f64; 3] {
    if r <= rcut_smth {
        return [1.0, 0.0, 0.0];
    }
    if r >= rcut {
        return [0.0, 0.0, 0.0];
    }
    let width = rcut - rcut_smth;
    let u = (r - rcut_smth) / width;
    let w = u * u * u * (-6.0 * u * u + 15.0 * u - 10.0) + 1.0;
    let dw = -30.0 * u * u * (u - 1.0) * (u - 1.0) / width;
    let ddw = -60.0 * u * (u - 1.0) * (2.0 * u - 1.0) / (width * width);
    [w, dw, ddw]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)] // exact by construction
    fn switch_joins_smoothly() {
        assert_eq!(switch(2.0, 2.0, 7.0), [1.0, 0.0, 0.0]);
        assert_eq!(switch(7.0, 2.0, 7.0), [0.0, 0.0, 0.0]);
        let [w, dw, _] = switch(4.5, 2.0, 7.0);
        assert!((w - 0.5).abs() < 1e-15 && dw < 0.0);
    }

    #[test]
    fn derivatives_match_central_differences() {
        // Step 1e-5: truncation error ~1e-10, rounding error ~1e-11.
        let h = 1e-5;
        for p in [0.0, 0.3] {
            for r in [0.9, 1.99, 2.5, 4.0, 6.9] {
                let f = |r| radial(r, 2.0, 7.0, p);
                let (d, lo, hi) = (f(r), f(r - h), f(r + h));
                assert!((d.da - (hi.a - lo.a) / (2.0 * h)).abs() < 1e-8, "a at {r}");
                assert!((d.dda - (hi.da - lo.da) / (2.0 * h)).abs() < 1e-8, "da at {r}");
                assert!((d.db - (hi.b - lo.b) / (2.0 * h)).abs() < 1e-8, "b at {r}");
            }
        }
    }
}
