// SPDX-License-Identifier: MIT
//! Where the ions are, measured against what must not count as their motion.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::exact::LIMBS;
use crate::rows::starts;
use crate::shapes::{numbers, one_each};
use crate::{Error, Exact, Result};

/// Sums of positions: A, resolution 1e-18.
type Sum = Exact<60>;

/// What displacements are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// Mean position of all atoms outside the group of ions.
    Framework,
    /// Center of mass of all atoms.
    Com,
    /// Nothing.
    None,
}

/// The atoms of a measurement, which must stay the same throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Number of ions.
    pub ions: u64,
    /// What displacements are measured against.
    pub drift: Reference,
    /// Number of atoms that make the reference; 0 for [`Reference::None`].
    pub reference_atoms: u64,
}

impl Group {
    /// # Errors
    /// Where there are no ions, or no atoms to make the drift reference.
    pub fn check(&self) -> Result<()> {
        if self.ions == 0 {
            return Err(Error::Settings("the group of ions is empty".into()));
        }
        if self.drift != Reference::None && self.reference_atoms == 0 {
            return Err(Error::Settings(
                "drift framework needs atoms outside the group of ions, and there are none: use drift com or drift none".into(),
            ));
        }
        Ok(())
    }
}

/// Ions are dealt out to this many groups by their IDs: where a run is too short to be cut in time, the scatter between
/// groups tells how well the mean over ions is known.
pub const ION_GROUPS: usize = 8;

/// Group of the ion with this ID.
#[must_use]
pub fn group_of(id: i64) -> usize {
    id.rem_euclid(ION_GROUPS as i64) as usize
}

/// Sums of this rank's positions that a sample needs from all ranks, to be added as integers: number of reference atoms,
/// numbers of ions in each group, sum of the ions' unwrapped positions, the reference's weights and weighted sum of positions.
///
/// `ions` and `reference`: unwrapped positions, n x 3, A; `ids` of the ions; `weights` of the reference atoms (masses, or
/// empty for 1 each).
///
/// # Errors
/// Where a position is not finite, or arrays do not belong to the same atoms.
pub fn locate(
    ions: &ArrayView2<'_, f64>,
    ids: &[i64],
    reference: &ArrayView2<'_, f64>,
    weights: &[f64],
) -> Result<Vec<i64>> {
    let (ions, reference) = (numbers("positions of ions", ions)?, numbers("positions of the reference", reference)?);
    one_each("IDs", ids.len(), ions.len() / 3)?;
    if !weights.is_empty() {
        one_each("weights", weights.len(), reference.len() / 3)?;
    }
    let mut counts = [0; 1 + ION_GROUPS];
    counts[0] = (reference.len() / 3) as i64;
    for &id in ids {
        counts[1 + group_of(id)] += 1;
    }
    let (mut of_ions, mut of_reference) = ([Sum::default(); 3], [Sum::default(); 4]);
    Sum::add_rows(&mut of_ions, ions.chunks_exact(3).map(|r| [r[0], r[1], r[2]]))?;
    let weighted = |(k, r): (usize, &[f64])| {
        let weight = weights.get(k).copied().unwrap_or(1.0);
        [weight, weight * r[0], weight * r[1], weight * r[2]]
    };
    Sum::add_rows(&mut of_reference, reference.chunks_exact(3).enumerate().map(weighted))?;
    let sums = of_ions.iter().chain(&of_reference);
    Ok(counts.into_iter().chain(sums.flat_map(|sum| sum.limbs())).collect())
}

/// One frame as this rank sees it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Sum over ranks of [`locate`].
    pub located: &'a [i64],
    /// Unwrapped positions of this rank's ions, n x 3, A.
    pub positions: ArrayView2<'a, f64>,
    /// Their IDs, n.
    pub ids: &'a [i64],
    /// Number of each ion's row, n: where it keeps what it carries along.
    pub slots: &'a [i32],
    /// Rows lie in tiles of so many: number k of the first ones, then number k + 1; 1: one after the other.
    pub tile: usize,
    /// `A^3`.
    pub volume: f64,
    /// As given by the user, K; `None` where it is not given.
    pub temperature: Option<f64>,
    /// Of all atoms in this frame, K; `None` where it is not known.
    pub kinetic_temperature: Option<f64>,
}

/// This rank's ions in one frame, with what they keep.
pub(crate) struct Ions<'a> {
    /// Unwrapped, n x 3, A.
    positions: &'a [f64],
    /// What positions are measured against, A.
    center: [f64; 3],
    /// Where the row of each begins, and how far its numbers are apart.
    starts: Vec<usize>,
    tile: usize,
    rows: &'a mut [f64],
}

impl<'a> Ions<'a> {
    /// `rows` of `width` numbers.
    ///
    /// # Errors
    /// Where arrays do not belong together.
    pub fn new(frame: &'a Frame<'_>, center: [f64; 3], rows: &'a mut [f64], width: usize) -> Result<Self> {
        let positions = numbers("positions of ions", &frame.positions)?;
        let atoms = positions.len() / 3;
        one_each("IDs", frame.ids.len(), atoms)?;
        one_each("rows", frame.slots.len(), atoms)?;
        let starts = starts(frame.slots, width, frame.tile, rows.len())?;
        Ok(Self { positions, center, starts, tile: frame.tile, rows })
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Where an ion is, A.
    #[inline]
    pub fn now(&self, ion: usize) -> [f64; 3] {
        let r = &self.positions[3 * ion..][..3];
        [r[0] - self.center[0], r[1] - self.center[1], r[2] - self.center[2]]
    }

    /// Where it was when a place of its row was written, A.
    #[inline]
    pub fn past(&self, ion: usize, place: usize) -> [f64; 3] {
        let k = 3 * place;
        [self.number(ion, k), self.number(ion, k + 1), self.number(ion, k + 2)]
    }

    /// Number `k` of its row.
    #[inline]
    pub fn number(&self, ion: usize, k: usize) -> f64 {
        self.rows[self.starts[ion] + k * self.tile]
    }

    /// The same, to be written.
    #[inline]
    pub fn number_mut(&mut self, ion: usize, k: usize) -> &mut f64 {
        &mut self.rows[self.starts[ion] + k * self.tile]
    }

    /// How far some of them are from there, A; `to` is replaced.
    pub fn displacements(&self, some: &[u32], place: usize, to: &mut [Vec<f64>; 3]) {
        for along in to.iter_mut() {
            along.resize(some.len(), 0.0);
        }
        let [x, y, z] = to;
        for (((&ion, x), y), z) in some.iter().zip(x).zip(y).zip(z) {
            let (now, past) = (self.now(ion as usize), self.past(ion as usize, place));
            (*x, *y, *z) = (now[0] - past[0], now[1] - past[1], now[2] - past[2]);
        }
    }

    /// Writes where all are now at one place of their rows.
    pub fn keep(&mut self, place: usize) {
        for axis in 0..3 {
            for (r, start) in self.positions.chunks_exact(3).zip(&self.starts) {
                self.rows[start + (3 * place + axis) * self.tile] = r[axis] - self.center[axis];
            }
        }
    }
}

/// Positions of all ions of one frame, in sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// Position of the reference, A; 0 without one.
    pub center: [f64; 3],
    /// Sum of all ions' positions against the reference, A.
    pub collective: [f64; 3],
    /// Ions in each group.
    pub groups: [u64; ION_GROUPS],
}

impl Located {
    /// Integers of [`locate`].
    pub(crate) const LENGTH: usize = 1 + ION_GROUPS + 7 * LIMBS;

    /// From the sum over ranks of [`locate`].
    ///
    /// # Errors
    /// Where the frame has other numbers of ions or reference atoms than `group`.
    pub fn new(sum: &[i64], group: Group) -> Result<Self> {
        let same = |found: u64, expected: u64, what: &str| {
            if found == expected {
                return Ok(());
            }
            Err(Error::Data(format!(
                "{found} {what} now, {expected} when the measurement began: displacements need the same atoms throughout, \
                 but atoms were lost, added or moved between groups"
            )))
        };
        if sum.len() != Self::LENGTH {
            return Err(Error::Internal(format!("{} sums of positions, expected {}", sum.len(), Self::LENGTH)));
        }
        let (counts, sums) = sum.split_at(1 + ION_GROUPS);
        let groups: [u64; ION_GROUPS] = std::array::from_fn(|group| counts[1 + group] as u64);
        same(groups.iter().sum(), group.ions, "ions")?;
        same(counts[0] as u64, group.reference_atoms, "atoms in the drift reference")?;
        let mut totals = [0.0; 7];
        for (total, limbs) in totals.iter_mut().zip(sums.chunks_exact(LIMBS)) {
            *total = Sum::from_limbs(limbs)?.value();
        }
        let mut located = Self { center: [0.0; 3], collective: [0.0; 3], groups };
        for axis in 0..3 {
            if group.drift != Reference::None {
                located.center[axis] = totals[4 + axis] / totals[3];
            }
            located.collective[axis] = totals[axis] - group.ions as f64 * located.center[axis];
        }
        Ok(located)
    }
}
