// SPDX-License-Identifier: MIT
//! Displacements since one moment: the paper's own definition of the MSD (eq. 1), for a look at a run.

use serde::{Deserialize, Serialize};

use super::curve::non_gaussian;
use super::moments::{Powers, Squares};
use crate::exact::LIMBS;
use crate::measurement::{History, Measure, Report, Save, Thermo, state};
use crate::motion::{Frame, Group, Ions, Located};
use crate::results::{ModelUse, Provenance, Quantity, Results, Table};
use crate::{Error, Result};

const STYLE: &str = "ion/msd";

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
        let Located { center, collective, .. } = Located::new(frame.located, self.group)?;
        let mut ions = Ions::new(frame, center, rows, 3)?;
        let first = self.total.collective.is_none();
        let begin = self.total.collective.map_or(collective, |(begin, _)| begin);
        self.total = Total { collective: Some((begin, collective)), ..Total::default() };
        (self.squares, self.fourth) = Default::default();
        if first {
            ions.keep(0);
        }
        for ion in 0..ions.len() {
            let (now, origin) = (ions.now(ion), ions.past(ion, 0));
            let mut r2 = 0.0;
            for axis in 0..3 {
                let d2 = (now[axis] - origin[axis]).powi(2);
                self.squares[axis].add(d2)?;
                r2 += d2;
            }
            self.fourth.add(r2 * r2)?;
        }
        Ok(())
    }

    /// MSD along x, y, z and in total, collective MSD (A^2), non-Gaussian parameter.
    fn quantities(&self) -> [Quantity; 6] {
        let ions = self.group.ions as f64;
        let [x, y, z] = self.total.squares.map(|sum| sum.value() / ions);
        let msd = x + y + z;
        let collective = self.total.collective.map_or(0.0, |(begin, now)| {
            begin.iter().zip(now).map(|(begin, now)| (now - begin).powi(2)).sum::<f64>() / ions
        });
        [
            ("msd_x", "mean-square displacement along x since the first frame", x, "A^2"),
            ("msd_y", "the same along y", y, "A^2"),
            ("msd_z", "the same along z", z, "A^2"),
            ("msd", "their sum", msd, "A^2"),
            (
                "msd_collective",
                "square of the sum of all ions' displacements, divided by their number",
                collective,
                "A^2",
            ),
            (
                "non_gaussian",
                "non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1",
                non_gaussian(msd, self.total.fourth.value() / ions),
                "",
            ),
        ]
        .map(|(name, label, value, unit)| Quantity::new(name, label, value, unit))
    }
}

impl Measure for Displacement {
    fn row_width(&self) -> usize {
        3
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let increments = self.squares.iter().flat_map(|sum| sum.limbs()).chain(self.fourth.limbs()).collect();
        (self.squares, self.fourth) = Default::default();
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        if sum.len() != 4 * LIMBS {
            return Err(Error::Internal(format!("{} increments of displacements, expected {}", sum.len(), 4 * LIMBS)));
        }
        for axis in 0..3 {
            self.total.squares[axis].merge(Squares::from_limbs(&sum[axis * LIMBS..][..LIMBS])?)?;
        }
        self.total.fourth.merge(Powers::from_limbs(&sum[3 * LIMBS..][..LIMBS])?)
    }

    fn full(&self) -> bool {
        false
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// One moment of one run: there are no blocks to join, and no files to name a model in.
impl Save for Displacement {
    fn state(&self, provenance: &Provenance) -> Result<String> {
        state::save(STYLE, &self.group, &self.total, &[], provenance)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        let saved = state::load::<Group, Total>(STYLE, text)?;
        state::same_layout(STYLE, &saved.layout, &self.group)?;
        self.total = saved.total;
        (self.squares, self.fourth) = Default::default();
        Ok(())
    }

    fn join(&mut self, _: &str) -> Result<()> {
        Err(Error::Settings("displacements since one moment belong to one run: join states of ion/transport".into()))
    }

    fn set_model(&mut self, _: &str, _: i64) -> bool {
        false
    }

    fn models(&self) -> &[ModelUse] {
        &[]
    }
}

impl Report for Displacement {
    fn style(&self) -> &'static str {
        STYLE
    }

    fn results(&self) -> Result<Results> {
        let mut results = Results::new(STYLE, "displacement");
        results.quantities.extend(self.quantities());
        Ok(results)
    }

    fn report(&self) -> Result<Table> {
        let History { columns, row } = self.history()?;
        Ok(Table { results: self.results()?, columns, rows: vec![row] })
    }

    fn thermo(&self) -> Result<Thermo> {
        let vector = self.history()?.row;
        Ok(Thermo { scalar: vector[3], vector, array: Vec::new() })
    }

    fn history(&self) -> Result<History> {
        Ok(History::new(self.quantities().iter().map(|quantity| (quantity, false))))
    }
}
