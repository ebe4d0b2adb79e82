// SPDX-License-Identifier: MIT
//! What visits say: free energy, and the height at which a path leads through the cell.

use super::counts::Counts;
use super::percolation::percolation;
use crate::Result;
use crate::constants::BOLTZMANN_EV;
use crate::unwrapping::Cell;

/// Fewer stretches of time make no standard error.
const FEWEST_BLOCKS: usize = 4;
/// Free energies of the rows of a table: multiples of this, kT.
const STEP: f64 = 0.25;
/// So many rows: up to 16 kT.
pub(super) const ROWS: usize = 65;

/// Everything that is found from visits.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Of all frames.
    pub total: Counts,
    /// Most visits of a voxel.
    pub most: u32,
    /// Voxels visited at all.
    pub visited: u64,
    /// Volume of a voxel of the mean cell, `A^3`.
    pub voxel: f64,
    /// Of the free energies, K; `None`: not known.
    pub temperature: Option<f64>,
    /// Mean kinetic temperature, K.
    pub kinetic: Option<f64>,
    /// Lowest free energy, kT above that of the most visited voxel, at which a path leads through the cell along each edge, and along any.
    pub barriers: [Option<f64>; 4],
    /// Their standard errors, kT.
    pub errors: [Option<f64>; 4],
    /// Visits of the voxel that closes the path along any edge.
    pub closing: Option<u32>,
    /// Rows of the table.
    pub levels: Vec<Level>,
}

/// What lies below a free energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Free energy above that of the most visited voxel, kT.
    pub height: f64,
    /// Part of the volume.
    pub volume: f64,
    /// Part of the visits.
    pub visits: f64,
    /// Edges along which a path leads through the cell.
    pub edges: u32,
}

impl Findings {
    /// `blocks`: full stretches of time; `cell`: the mean one; `temperature`: as given.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn of(mut total: Counts, blocks: &[&Counts], cell: &Cell, temperature: Option<f64>) -> Result<Self> {
        let most = total.visits.iter().max().unwrap_or(0);
        let visited = total.visits.iter().filter(|&count| count > 0).count() as u64;
        let (barriers, closing) = barriers(&total);
        let kinetic = (total.kinetic_frames > 0)
            .then(|| total.kinetic.value() / total.kinetic_frames as f64)
            .filter(|&t| t > 0.0);
        Ok(Self {
            most,
            visited,
            voxel: cell[0] * cell[1] * cell[2] / total.visits.len().max(1) as f64,
            temperature: temperature.or(kinetic),
            kinetic,
            errors: errors(&mut total, blocks)?,
            barriers,
            closing,
            levels: levels(&total, most, barriers),
            total,
        })
    }

    /// kT, eV.
    #[must_use]
    pub fn kt(&self) -> Option<f64> {
        self.temperature.map(|kelvin| BOLTZMANN_EV * kelvin)
    }

    /// Number density of the ions where a voxel has so many visits, `1/A^3`.
    #[must_use]
    pub fn density(&self, visits: u32) -> f64 {
        f64::from(visits) / (self.total.frames.max(1) as f64 * self.voxel)
    }
}

/// Along a, b, c and any edge, kT, and the visits of the voxel that closes the last one.
fn barriers(counts: &Counts) -> ([Option<f64>; 4], Option<u32>) {
    let most = f64::from(counts.visits.iter().max().unwrap_or(0));
    let [a, b, c] = if counts.visits.is_empty() { [None; 3] } else { percolation(&counts.visits, counts.grid) };
    let any = [a, b, c].into_iter().flatten().max();
    ([a, b, c, any].map(|visits| visits.map(|visits| (most / f64::from(visits)).ln())), any)
}

/// By leaving out one stretch of time at a time (jackknife). The total is as before afterwards: integers come back.
fn errors(total: &mut Counts, blocks: &[&Counts]) -> Result<[Option<f64>; 4]> {
    let count = blocks.len();
    if count < FEWEST_BLOCKS {
        return Ok([None; 4]);
    }
    let mut found = Vec::with_capacity(count);
    for &block in blocks {
        total.visits.take_all(&block.visits);
        found.push(barriers(total).0);
        total.visits.add_all(&block.visits)?;
    }
    Ok(std::array::from_fn(|axis| {
        let values = found.iter().map(|barriers| barriers[axis]).collect::<Option<Vec<f64>>>()?;
        let mean = values.iter().sum::<f64>() / count as f64;
        let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some((spread * (count - 1) as f64 / count as f64).sqrt()).filter(|&error| error > 0.0)
    }))
}

fn levels(total: &Counts, most: u32, barriers: [Option<f64>; 4]) -> Vec<Level> {
    let mut volumes = [0u64; ROWS];
    let mut visits = [0u64; ROWS];
    for count in total.visits.iter().filter(|&count| count > 0) {
        let height = (f64::from(most) / f64::from(count)).ln();
        let row = (height / STEP).ceil();
        if row < ROWS as f64 {
            volumes[row as usize] += 1;
            visits[row as usize] += u64::from(count);
        }
    }
    let all: u64 = total.visits.iter().map(u64::from).sum();
    let (mut volume, mut inside) = (0, 0);
    let row = |row: usize| {
        volume += volumes[row];
        inside += visits[row];
        let height = STEP * row as f64;
        Level {
            height,
            volume: volume as f64 / total.visits.len().max(1) as f64,
            visits: inside as f64 / all.max(1) as f64,
            edges: barriers[..3].iter().flatten().filter(|&&barrier| barrier <= height).count() as u32,
        }
    };
    (0..ROWS).map(row).collect()
}
