// SPDX-License-Identifier: MIT
//! Embeddings of which a factor depends on the types: G = N (1 + t v) with the net's N(s), a constant t and v = w(r), the switch, or
//! v = 1 (`tebd_input_mode` "strip" of DPA-1; `doc/method/physics.md`).

use crate::contract::{self, Part};
use crate::environment::Radial;

/// What makes G of N for one pair of types.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// t, M values.
    pub factor: Vec<f64>,
    /// What v is.
    pub fade: Fade,
}

/// v, which fades the factor toward the cutoff.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fade {
    /// v = 1: it does not fade.
    None,
    /// v = w, the switch.
    Switch,
    /// v = 1 - x^3 with x = 1 - `rcut_smth` a(r), from 0 up ([`crate::contract::CUBIC`]).
    Cubic {
        /// `rcut_smth`, A.
        start: f64,
    },
}

impl Fade {
    /// From the contract.
    pub fn of(part: &Part, gate: &contract::Gate) -> Self {
        match (gate.smooth, &gate.switch) {
            (false, _) => Self::None,
            (true, None) => Self::Switch,
            (true, Some(_)) => Self::Cubic { start: part.rcut_smth },
        }
    }
}

impl Gate {
    /// v, dv/dr and d2v/dr2.
    fn fade(&self, at: &Radial) -> [f64; 3] {
        match self.fade {
            Fade::None => [1.0, 0.0, 0.0],
            Fade::Switch => [at.w, at.dw, at.ddw],
            Fade::Cubic { start } => {
                let x = (1.0 - start * at.a).max(0.0);
                let (dx, ddx) = (-start * at.da, -start * at.dda);
                [1.0 - x * x * x, -3.0 * x * x * dx, -6.0 * x * dx * dx - 3.0 * x * x * ddx]
            }
        }
    }

    /// From N and dN/ds to G and dG/ds, with s the normalized one: `std` times s is a(r). In place; arrays are pairs x M.
    pub fn apply_by_s(&self, radials: &[Radial], std: f64, g: &mut [f64], dg: &mut [f64]) {
        let m = self.factor.len();
        for ((at, g), dg) in radials.iter().zip(g.chunks_exact_mut(m)).zip(dg.chunks_exact_mut(m)) {
            let [v, dv, _] = self.fade(at);
            // v is a function of s, too. At the cutoff both slopes vanish, and so does what this is multiplied with.
            let by_s = if dv == 0.0 || at.da == 0.0 { 0.0 } else { dv / at.da * std };
            for ((g, dg), t) in g.iter_mut().zip(dg).zip(&self.factor) {
                *dg = *dg * (1.0 + t * v) + *g * t * by_s;
                *g *= 1.0 + t * v;
            }
        }
    }

    /// From N with its derivatives by r to G with its own, at one distance. `ddg` may be empty.
    pub fn apply_by_r(&self, at: &Radial, g: &mut [f64], dg: &mut [f64], ddg: &mut [f64]) {
        let [v, dv, ddv] = self.fade(at);
        for (k, t) in self.factor.iter().enumerate() {
            let factor = 1.0 + t * v;
            if let Some(ddg) = ddg.get_mut(k) {
                *ddg = *ddg * factor + 2.0 * dg[k] * t * dv + g[k] * t * ddv;
            }
            dg[k] = dg[k] * factor + g[k] * t * dv;
            g[k] *= factor;
        }
    }

    /// G of an empty slot, which is as far as the cutoff, from its N.
    pub fn apply_to_empty_slot(&self, g: &mut [f64]) {
        if self.fade == Fade::None {
            g.iter_mut().zip(&self.factor).for_each(|(g, t)| *g *= 1.0 + t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::radial;

    fn gates() -> [Gate; 3] {
        [Fade::None, Fade::Switch, Fade::Cubic { start: 2.0 }].map(|fade| Gate { factor: vec![0.7, -0.3], fade })
    }

    #[test]
    fn derivatives_by_distance_match_central_differences() {
        let at = |r: f64| radial(r, 2.0, 7.0, 0.0);
        // N = sin(r) and cos(r).
        let raw = |r: f64| ([r.sin(), r.cos()], [r.cos(), -r.sin()], [-r.sin(), -r.cos()]);
        let h = 1e-5;
        for gate in gates() {
            let gated = |r: f64| {
                let (mut g, mut dg, mut ddg) = raw(r);
                gate.apply_by_r(&at(r), &mut g, &mut dg, &mut ddg);
                (g, dg, ddg)
            };
            for r in [1.5, 2.5, 4.0, 6.8] {
                let ((_, dg, ddg), low, high) = (gated(r), gated(r - h), gated(r + h));
                for k in 0..2 {
                    assert!((dg[k] - (high.0[k] - low.0[k]) / (2.0 * h)).abs() < 1e-9, "slope at {r}");
                    assert!((ddg[k] - (high.1[k] - low.1[k]) / (2.0 * h)).abs() < 1e-9, "curvature at {r}");
                }
            }
        }
    }

    #[test]
    fn slopes_by_s_and_by_distance_are_the_same() {
        let std = 0.4;
        for (gate, r) in gates().iter().flat_map(|gate| [1.5, 2.5, 4.0, 6.999].map(|r| (gate, r))) {
            let at = radial(r, 2.0, 7.0, 0.0);
            let (n, by_s) = ([0.3, -0.8], [1.1, 0.6]);
            let (mut g, mut dg) = (n, by_s);
            gate.apply_by_s(&[at], std, &mut g, &mut dg);
            let (mut g_r, mut dg_r) = (n, by_s.map(|d| d * at.da / std));
            gate.apply_by_r(&at, &mut g_r, &mut dg_r, &mut []);
            for k in 0..2 {
                assert!((g[k] - g_r[k]).abs() < 1e-15 && (dg[k] * at.da / std - dg_r[k]).abs() < 1e-13, "at {r}");
            }
        }
    }
}
