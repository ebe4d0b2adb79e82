// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::transport::{Group, Reference};
use crate::unwrapping::Cell;
use crate::{Error, MOST_BLOCKS, Result};

/// Memory of all grids on one rank at most.
pub const MOST_BYTES: u64 = 1 << 30;
/// Voxels along one axis at most.
const MOST_ALONG: u64 = 1 << 16;
/// Bytes for each voxel while thresholds are searched: the order of voxels, and to which region they belong, in which image of the cell.
pub(super) const SEARCH: u64 = 4 + 4 + 3;
/// Bytes of a number of visits that a grid is to have room for: up to 65535 visits of a voxel in a stretch of time. Most take one.
const WIDTH: u64 = 2;
/// Bytes for each voxel beside the blocks: this rank's counts, the sum of all blocks, and the search.
const BESIDE: u64 = 2 * WIDTH + SEARCH;

/// Settings that decide what the counts mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DensityLayout {
    /// Voxels are at most so wide along each edge of the cell, A; 0: `grid` says how many there are.
    pub spacing: f64,
    /// Voxels along each edge; 0: so many as `spacing` asks for in the first frame.
    pub grid: [u64; 3],
    /// Stretches of time that are kept apart, for standard errors.
    pub blocks: u64,
    /// Time steps between samples.
    pub every: u64,
    /// Number of ions.
    pub ions: u64,
    /// What the frame moves with.
    pub drift: Reference,
    /// Number of atoms that make the reference; 0 for [`Reference::None`].
    pub reference_atoms: u64,
}

/// How results are evaluated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// K; `None`: the kinetic temperature of the frames.
    pub temperature: Option<f64>,
    /// Where the density is written to, for pictures; empty: nowhere.
    pub cube: String,
}

impl DensityLayout {
    /// Voxels along each edge of `cell`.
    ///
    /// # Errors
    /// Where the grid needs more memory than [`MOST_BYTES`], which says how much, and what would fit.
    pub fn voxels(&self, cell: &Cell) -> Result<[u64; 3]> {
        let [xx, yy, zz, yz, xz, xy] = *cell;
        let edges = [xx, xy.hypot(yy), (xz * xz + yz * yz + zz * zz).sqrt()];
        if !edges.iter().all(|edge| edge.is_finite() && *edge > 0.0) {
            return Err(Error::Data(format!("a cell with edges of {edges:?} A cannot be right")));
        }
        let grid = if self.grid == [0; 3] {
            // a cell that is a whole number of voxels wide stays so, however its edges are rounded
            edges.map(|edge| ((edge / self.spacing - 1e-9).ceil() as u64).max(1))
        } else {
            self.grid
        };
        if let Some(bytes) = self.bytes(grid)
            && bytes <= MOST_BYTES
        {
            return Ok(grid);
        }
        let bytes = grid.iter().map(|&n| n as f64).product::<f64>() * (WIDTH * self.blocks + BESIDE) as f64;
        let fits = |blocks: u64| {
            let voxels = MOST_BYTES as f64 / (WIDTH * blocks + BESIDE) as f64;
            // a little more, for edges are no whole numbers of voxels
            (edges.iter().product::<f64>() / voxels).cbrt() * 1.01
        };
        Err(Error::Settings(format!(
            "a grid of {} x {} x {} voxels needs {bytes:.0} bytes on every rank, and {MOST_BYTES} are the limit: use a spacing of {:.3} A \
             or more{}",
            grid[0],
            grid[1],
            grid[2],
            fits(self.blocks),
            if self.blocks > 1 { format!(", or blocks 1 and {:.3} A", fits(1)) } else { String::new() }
        )))
    }

    /// Bytes that a grid may need on one rank; `None`: more than any limit.
    #[must_use]
    pub fn bytes(&self, grid: [u64; 3]) -> Option<u64> {
        if grid.iter().any(|n| !(1..=MOST_ALONG).contains(n)) {
            return None;
        }
        grid[0].checked_mul(grid[1])?.checked_mul(grid[2])?.checked_mul(WIDTH * self.blocks + BESIDE)
    }
}

impl Layout for DensityLayout {
    const STYLE: &'static str = "ion/density";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        let given = self.grid != [0; 3];
        if given && (self.spacing != 0.0 || self.bytes(self.grid).is_none()) {
            return wrong(format!(
                "a grid of {} x {} x {} voxels is none of 1 to {MOST_ALONG} along each edge",
                self.grid[0], self.grid[1], self.grid[2]
            ));
        }
        if !given && (!self.spacing.is_finite() || self.spacing <= 0.0) {
            return wrong(format!("a spacing of {} A is no positive length", self.spacing));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if !(1..=MOST_BLOCKS as u64).contains(&self.blocks) {
            return wrong(format!("{} blocks are not between 1 and {MOST_BLOCKS}", self.blocks));
        }
        Group { ions: self.ions, drift: self.drift, reference_atoms: self.reference_atoms }.check()
    }
}
