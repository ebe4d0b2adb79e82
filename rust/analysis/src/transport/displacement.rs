//! Displacements since one moment: the paper's own definition of the MSD (eq. 1), for a look at a run.

use serde::{Deserialize, Serialize};

use super::curve::non_gaussian;
use super::located::{Frame, Group, Located};
use super::moments::{Powers, Squares};
use crate::exact::LIMBS;
use crate::files::{Column, Table};
use crate::{Accumulator, Error, Result, Results, state};

const ANALYSIS: &str = "ion/msd";

/// Displacements of ions since the first frame. Every rank holds its own ions' positions there in rows of three that the
/// caller keeps with the ions.
#[derive(Clone, Debug, PartialEq)]
pub struct Displacement {
    group: Group,
    total: Total,
    squares: [Squares; 3],
    fourth: Powers,
}

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Total {
    /// Sum of all ions' positions in the first and the latest frame, A; `None` before the first frame.
    collective: Option<([f64; 3], [f64; 3])>,
    /// Sums over ions in the latest frame.
    squares: [Squares; 3],
    fourth: Powers,
}

impl Displacement {
    /// # Errors
    /// Where there are no ions, or no atoms to make the drift reference.
    pub fn new(group: Group) -> Result<Self> {
        group.check()?;
        let (squares, fourth) = Default::default();
        Ok(Self { group, total: Total::default(), squares, fourth })
    }

    /// Takes a frame in place of the one before; the first one becomes the origin. `rows`: all rows, of three.
    ///
    /// # Errors
    /// Where ions or reference atoms were lost or added, or a position is not finite.
    pub fn sample(&mut self, frame: &Frame<'_>, rows: &mut [f64]) -> Result<()> {
        let Located { centre, collective, .. } = Located::new(frame.located, self.group)?;
        let first = self.total.collective.is_none();
        let begin = self.total.collective.map_or(collective, |(begin, _)| begin);
        self.total = Total { collective: Some((begin, collective)), ..Total::default() };
        (self.squares, self.fourth) = Default::default();
        for (r, &slot) in frame.positions.chunks_exact(3).zip(frame.slots) {
            let origin = &mut rows[slot as usize * 3..][..3];
            let mut r2 = 0.0;
            for axis in 0..3 {
                let now = r[axis] - centre[axis];
                if first {
                    origin[axis] = now;
                }
                let d2 = (now - origin[axis]).powi(2);
                self.squares[axis].add(d2)?;
                r2 += d2;
            }
            self.fourth.add(r2 * r2)?;
        }
        Ok(())
    }

    /// MSD along x, y, z and in total, collective MSD (A^2), non-Gaussian parameter.
    fn values(&self) -> Vec<f64> {
        let ions = self.group.ions as f64;
        let axis = self.total.squares.map(|sum| sum.value() / ions);
        let msd = axis.iter().sum();
        let collective = self.total.collective.map_or(0.0, |(begin, now)| {
            begin.iter().zip(now).map(|(begin, now)| (now - begin).powi(2)).sum::<f64>() / ions
        });
        vec![axis[0], axis[1], axis[2], msd, collective, non_gaussian(msd, self.total.fourth.value() / ions)]
    }
}

impl Accumulator for Displacement {
    fn row_width(&self) -> usize {
        3
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let increments = self.squares.iter().flat_map(|sum| sum.limbs()).chain(self.fourth.limbs()).collect();
        (self.squares, self.fourth) = Default::default();
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        for axis in 0..3 {
            self.total.squares[axis].merge(Squares::from_limbs(&sum[axis * LIMBS..][..LIMBS]))?;
        }
        self.total.fourth.merge(Powers::from_limbs(&sum[3 * LIMBS..][..LIMBS]))
    }

    fn full(&self) -> bool {
        false
    }

    fn state(&self) -> Result<String> {
        state::save(ANALYSIS, &self.group, &self.total)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        self.total = state::resume(ANALYSIS, text, &self.group)?;
        Ok(())
    }

    fn join(&mut self, _: &str) -> Result<()> {
        Err(Error::Settings("displacements since one moment belong to one run: join states of ion/transport".into()))
    }

    fn results(&self) -> Result<Results> {
        Ok(Results { scalar: self.values()[3], vector: self.values(), array: Vec::new() })
    }

    fn table(&self) -> Result<Table> {
        Ok(Table { summary: Vec::new(), columns: self.summary_columns(), rows: vec![self.values()] })
    }

    fn summary_columns(&self) -> Vec<Column> {
        [
            ("msd_x_A^2", "mean-square displacement along x since the first frame"),
            ("msd_y_A^2", "the same along y"),
            ("msd_z_A^2", "the same along z"),
            ("msd_A^2", "their sum"),
            ("msd_collective_A^2", "square of the sum of all ions' displacements, divided by their number"),
            ("non_gaussian", "non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1"),
        ]
        .map(|(name, meaning)| Column::new(name, meaning))
        .into()
    }

    fn summary_row(&self) -> Result<Vec<f64>> {
        Ok(self.values())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
