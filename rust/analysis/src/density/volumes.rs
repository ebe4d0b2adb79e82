// SPDX-License-Identifier: MIT
//! The grid as files that programs for structures open: Gaussian's cube format (lengths in Bohr) and VASP's CHGCAR (Angstrom).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::cells::Fractions;
use super::findings::Findings;
use super::measure::Density;
use crate::measurement::KeepsSums as _;
use crate::unwrapping::Cell;
use crate::{Error, Result};

/// A, CODATA 2018.
const BOHR: f64 = 0.529_177_210_903;

/// What a file shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// A cube file of the number density of the ions, 1/Bohr^3.
    Density,
    /// A cube file of -kT ln density, eV, above that of the highest density; a voxel that was never visited has that of half a visit.
    Energy,
    /// A CHGCAR: density times volume of the cell, so that the mean over voxels is the number of ions.
    Chgcar,
}

/// An atom beside the density.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Of the element; X: not known.
    pub symbol: String,
    /// Of the element; 0: not known.
    pub number: u8,
    /// A, in the box of the moment; in a [`Density`] fractional coordinates.
    pub position: [f64; 3],
}

/// A file to be written.
#[derive(Debug)]
pub struct VolumeFile<'a> {
    volume: Volume,
    found: Rc<Findings>,
    cell: Cell,
    corner: [f64; 3],
    sites: &'a [Site],
    title: &'a str,
}

impl Density {
    /// Atoms that files show beside the density from now on, where they are in the box with `cell` and `origin`. They are moved back by the
    /// drift since the first frame, and saved with the state, to a billionth of the cell: the last digits depend on the number of ranks.
    pub fn set_surroundings(&mut self, mut sites: Vec<Site>, cell: Cell, origin: [f64; 3]) {
        const PARTS: f64 = (1 << 30) as f64;
        let (fractions, drift) = (Fractions { cell, origin }, self.drift());
        for site in &mut sites {
            let s = fractions.of(&site.position);
            let rounded = |s: f64| (s.rem_euclid(1.0) * PARTS).round() / PARTS;
            site.position = std::array::from_fn(|axis| rounded(s[axis] - drift[axis]));
        }
        self.set_sites(sites);
    }

    /// A file of the mean density over all frames in the mean box.
    ///
    /// # Errors
    /// Where a sum leaves its range, or a CHGCAR would have no atoms, which programs cannot read.
    pub fn file<'a>(&'a self, volume: Volume, title: &'a str) -> Result<VolumeFile<'a>> {
        let sites = &self.sums().total.sites;
        if volume == Volume::Chgcar && sites.is_empty() {
            return Err(Error::State(
                "a CHGCAR needs atoms beside the density, and the state has none: it was written by an older version; a cube file \
                 can be without"
                    .into(),
            ));
        }
        let (cell, corner) = self.mean_box()?;
        Ok(VolumeFile { volume, found: self.findings()?, cell, corner, sites, title })
    }
}

impl VolumeFile<'_> {
    /// Writes it, number by number: the text is larger than the grid in memory.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.volume {
            Volume::Chgcar => self.chgcar(out),
            Volume::Density => {
                self.cube(out, "number density of ions, 1/Bohr^3", |visits| self.found.density(visits) * BOHR.powi(3))
            }
            Volume::Energy => {
                let kt = self.found.kt().unwrap_or(0.0);
                let what = format!(
                    "-kT ln(density / highest density), eV, at {:.2} K; never visited: {:.5}",
                    self.found.temperature.unwrap_or(0.0),
                    free_energy(&self.found, kt, 0)
                );
                self.cube(out, &what, |visits| free_energy(&self.found, kt, visits))
            }
        }
    }

    fn cube(&self, out: &mut dyn Write, what: &str, value: impl Fn(u32) -> f64) -> io::Result<()> {
        let total = &self.found.total;
        writeln!(out, "{}\n{what}, {} frames", one_line(self.title), total.frames)?;
        let bohr = |vector: [f64; 3]| {
            let [x, y, z] = vector.map(|length| length / BOHR);
            format!("{x:.9} {y:.9} {z:.9}")
        };
        writeln!(out, "{} {}", self.sites.len(), bohr(self.corner))?;
        for (n, edge) in total.grid.iter().zip(edges(&self.cell)) {
            writeln!(out, "{n} {}", bohr(edge.map(|length| length / *n as f64)))?;
        }
        let frame = Fractions { cell: self.cell, origin: self.corner };
        for site in self.sites {
            writeln!(out, "{} {}.0 {}", site.number, site.number, bohr(frame.position(site.position)))?;
        }
        // a row ends with those of the last edge
        write_values(out, total.visits.iter().map(value), 6, total.grid[2])
    }

    fn chgcar(&self, out: &mut dyn Write) -> io::Result<()> {
        let total = &self.found.total;
        let [a, b, c] = total.grid;
        writeln!(out, "{}\n1.0", one_line(self.title))?;
        for [x, y, z] in edges(&self.cell) {
            writeln!(out, "{x:.10} {y:.10} {z:.10}")?;
        }
        let mut kinds: BTreeMap<(u8, &str), Vec<[f64; 3]>> = BTreeMap::new();
        for site in self.sites {
            kinds.entry((site.number, &site.symbol)).or_default().push(site.position);
        }
        let names: Vec<_> = kinds.keys().map(|(_, symbol)| *symbol).collect();
        let numbers: Vec<_> = kinds.values().map(|some| some.len().to_string()).collect();
        writeln!(out, "{}\n{}\nDirect", names.join(" "), numbers.join(" "))?;
        for [x, y, z] in kinds.values().flatten() {
            writeln!(out, "{x:.10} {y:.10} {z:.10}")?;
        }
        writeln!(out, "\n{a} {b} {c}")?;
        let norm = total.visits.len() as f64 / total.frames.max(1) as f64;
        // the first edge runs fastest
        let order = (0..c).flat_map(|z| (0..b).flat_map(move |y| (0..a).map(move |x| ((x * b + y) * c + z) as usize)));
        write_values(out, order.map(|voxel| f64::from(total.visits.of(voxel)) * norm), 5, a * b * c)
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
fn write_values(out: &mut dyn Write, values: impl Iterator<Item = f64>, across: u64, row: u64) -> io::Result<()> {
    let mut at = 0;
    for value in values {
        at += 1;
        let after = if at % across == 0 || at == row { '\n' } else { ' ' };
        if value == 0.0 {
            write!(out, "0.0{after}")?;
        } else {
            write!(out, "{value:.5e}{after}")?;
        }
        if at == row {
            at = 0;
        }
    }
    Ok(())
}

fn one_line(title: &str) -> String {
    title.replace(['\n', '\r'], " ")
}
