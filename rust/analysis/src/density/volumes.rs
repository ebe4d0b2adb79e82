// SPDX-License-Identifier: MIT
//! The grid as files that programs for structures open: Gaussian's cube format (lengths in Bohr) and VASP's CHGCAR (Angstrom).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cells::Fractions;
use super::findings::Findings;
use super::measure::Density;
use crate::Result;
use crate::unwrapping::Cell;

/// A, CODATA 2018.
const BOHR: f64 = 0.529_177_210_903;

/// What a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// Number density of the ions.
    Density,
    /// -kT ln density, eV, above that of the highest density.
    Energy,
}

/// An atom beside the density.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Of the element; X: not known.
    pub symbol: String,
    /// Of the element; 0: not known.
    pub number: u8,
    /// A, in the box of the moment.
    pub position: [f64; 3],
}

impl Density {
    /// A cube file. Densities are in 1/Bohr^3; a voxel that was never visited has the free energy of half a visit. `sites`: atoms where they
    /// are in the box with `cell` and `origin`; they are moved back by the drift since the first frame.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn cube(&self, volume: Volume, sites: &[Site], cell: Cell, origin: [f64; 3], title: &str) -> Result<String> {
        let found = self.findings()?;
        let (mean, corner) = self.mean_box()?;
        let grid = found.total.grid;
        let mut text = String::with_capacity(12 * found.total.visits.len());
        let kt = found.kt().unwrap_or(0.0);
        let what = match volume {
            Volume::Density => "number density of ions, 1/Bohr^3".to_owned(),
            Volume::Energy => format!(
                "-kT ln(density / highest density), eV, at {:.2} K; never visited: {:.5}",
                found.temperature.unwrap_or(0.0),
                free_energy(&found, kt, 0)
            ),
        };
        let _ = writeln!(text, "{}\n{what}, {} frames", one_line(title), found.total.frames);
        let bohr = |vector: [f64; 3]| {
            let [x, y, z] = vector.map(|length| length / BOHR);
            format!("{x:.9} {y:.9} {z:.9}")
        };
        let _ = writeln!(text, "{} {}", sites.len(), bohr(corner));
        for (n, edge) in grid.iter().zip(edges(&mean)) {
            let _ = writeln!(text, "{n} {}", bohr(edge.map(|length| length / *n as f64)));
        }
        let frame = Fractions { cell: mean, origin: corner };
        for (site, s) in sites.iter().zip(self.fractions(sites, cell, origin)) {
            let _ = writeln!(text, "{} {}.0 {}", site.number, site.number, bohr(frame.position(s)));
        }
        let values = found.total.visits.iter().map(|&visits| match volume {
            Volume::Density => found.density(visits) * BOHR.powi(3),
            Volume::Energy => free_energy(&found, kt, visits),
        });
        // a row ends with those of the last edge
        write_values(&mut text, values, 6, grid[2]);
        Ok(text)
    }

    /// A CHGCAR: density times volume of the cell, so that the mean over voxels is the number of ions.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn chgcar(&self, sites: &[Site], cell: Cell, origin: [f64; 3], title: &str) -> Result<String> {
        let found = self.findings()?;
        let (mean, _) = self.mean_box()?;
        let [a, b, c] = found.total.grid;
        let mut text = String::with_capacity(12 * found.total.visits.len());
        let _ = writeln!(text, "{}\n1.0", one_line(title));
        for [x, y, z] in edges(&mean) {
            let _ = writeln!(text, "{x:.10} {y:.10} {z:.10}");
        }
        let mut kinds: BTreeMap<(u8, &str), Vec<[f64; 3]>> = BTreeMap::new();
        for (site, s) in sites.iter().zip(self.fractions(sites, cell, origin)) {
            kinds.entry((site.number, &site.symbol)).or_default().push(s);
        }
        let names: Vec<_> = kinds.keys().map(|(_, symbol)| *symbol).collect();
        let numbers: Vec<_> = kinds.values().map(|some| some.len().to_string()).collect();
        let _ = writeln!(text, "{}\n{}\nDirect", names.join(" "), numbers.join(" "));
        for [x, y, z] in kinds.values().flatten() {
            let _ = writeln!(text, "{x:.10} {y:.10} {z:.10}");
        }
        let _ = writeln!(text, "\n{a} {b} {c}");
        let visits = &found.total.visits;
        let norm = found.total.visits.len() as f64 / found.total.frames.max(1) as f64;
        // the first edge runs fastest
        let order = (0..c).flat_map(|z| (0..b).flat_map(move |y| (0..a).map(move |x| ((x * b + y) * c + z) as usize)));
        write_values(&mut text, order.map(|voxel| f64::from(visits[voxel]) * norm), 5, a * b * c);
        Ok(text)
    }

    /// Fractional coordinates of atoms in the frame of the grid, inside the cell.
    fn fractions(&self, sites: &[Site], cell: Cell, origin: [f64; 3]) -> Vec<[f64; 3]> {
        let (fractions, drift) = (Fractions { cell, origin }, self.drift());
        let inside = |site: &Site| {
            let s = fractions.of(&site.position);
            std::array::from_fn(|axis| (s[axis] - drift[axis]).rem_euclid(1.0))
        };
        sites.iter().map(inside).collect()
    }
}

/// Above that of the highest density, eV.
fn free_energy(found: &Findings, kt: f64, visits: u32) -> f64 {
    kt * (f64::from(found.most) / f64::from(visits).max(0.5)).ln()
}

fn edges(cell: &Cell) -> [[f64; 3]; 3] {
    let [xx, yy, zz, yz, xz, xy] = *cell;
    [[xx, 0.0, 0.0], [xy, yy, 0.0], [xz, yz, zz]]
}

/// Six digits, and 0 as such: most voxels are empty. A new line after `across` numbers, and after each row of `row`.
fn write_values(text: &mut String, values: impl Iterator<Item = f64>, across: u64, row: u64) {
    let mut at = 0;
    for value in values {
        let _ = if value == 0.0 { write!(text, "0.0") } else { write!(text, "{value:.5e}") };
        at += 1;
        if at % across == 0 || at == row {
            text.push('\n');
        } else {
            text.push(' ');
        }
        if at == row {
            at = 0;
        }
    }
}

fn one_line(title: &str) -> String {
    title.replace(['\n', '\r'], " ")
}
