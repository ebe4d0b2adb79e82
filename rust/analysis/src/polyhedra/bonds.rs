// SPDX-License-Identifier: MIT
//! Bonds between centers and ligands, with hysteresis.

use serde::{Deserialize, Serialize};

use crate::rdf::Pairs;
use crate::shapes::numbers;
use crate::{Error, Result};

/// Integers in a row of [`near`].
pub(super) const ROW: usize = 6;
/// Directions are rounded to multiples of 2^-20: products of them are exact, and a state is half as long.
pub(super) const FINE: f64 = (1u32 << 20) as f64;

/// A bond, or what may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64, i32, i32, i32)", into = "(i64, i64, i32, i32, i32)")]
pub struct Bond {
    /// ID of the center.
    pub center: i64,
    /// ID of the ligand.
    pub ligand: i64,
    /// Direction from the center to the ligand, 2^20 times a unit vector.
    pub way: [i32; 3],
}

impl From<(i64, i64, i32, i32, i32)> for Bond {
    fn from((center, ligand, x, y, z): (i64, i64, i32, i32, i32)) -> Self {
        Self { center, ligand, way: [x, y, z] }
    }
}

impl From<Bond> for (i64, i64, i32, i32, i32) {
    fn from(Bond { center, ligand, way: [x, y, z] }: Bond) -> Self {
        (center, ligand, x, y, z)
    }
}

impl Bond {
    pub(super) fn pair(&self) -> (i64, i64) {
        (self.center, self.ligand)
    }

    /// Cosine of the angle between two directions.
    pub(super) fn cosine(&self, other: &Self) -> f64 {
        let dot = |one: &Self, two: &Self| -> f64 {
            let sum: i64 = one.way.iter().zip(two.way).map(|(&a, b)| i64::from(a) * i64::from(b)).sum();
            sum as f64 // exact: below 2^53
        };
        // rounded directions are no unit vectors
        dot(self, other) / (dot(self, self) * dot(other, other)).sqrt()
    }
}

/// This rank's part of what a sample needs from all ranks, which may be put behind each other in any order: for each center a row with
/// its ID alone, and a row for each ligand not farther away than `broken`: center, ligand, whether it is nearer than `made`, direction.
///
/// `pairs`: centers and what may be near; `ids` of all atoms of `pairs`.
///
/// # Errors
/// Arrays that do not belong together, or a position that is not finite.
pub fn near(pairs: &Pairs<'_>, ids: &[i64], made: f64, broken: f64) -> Result<Vec<i64>> {
    let Pairs { positions, centers, offsets, neighbors } = *pairs;
    let wrong = |what: &str| Error::Internal(format!("search for bonds: {what}"));
    let positions = numbers("positions", &positions)?;
    if offsets.len() != centers.len() + 1 {
        return Err(wrong("offsets do not delimit the lists of the centers"));
    }
    let at = |atom: i32| {
        let index = usize::try_from(atom).ok();
        let found = index.and_then(|index| Some((*ids.get(index)?, positions.get(3 * index..3 * index + 3)?)));
        found.ok_or_else(|| wrong("an atom is not there"))
    };
    let mut rows = Vec::new();
    // a little more than is asked for: most are beyond, and what decides is the root
    let far = broken * broken * (1.0 + 1e-9);
    for (k, &center) in centers.iter().enumerate() {
        let (center, here) = at(center)?;
        rows.extend([center, 0, 0, 0, 0, 0]);
        if !here.iter().all(|x| x.is_finite()) {
            return Err(Error::Data(format!("the position of atom {center} is not finite")));
        }
        let list = neighbors.get(offsets[k]..offsets[k + 1]).ok_or_else(|| wrong("offsets reach beyond the list"))?;
        for &neighbor in list {
            let (ligand, there) = at(neighbor)?;
            let d = [there[0] - here[0], there[1] - here[1], there[2] - here[2]];
            let square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
            if square > far {
                continue;
            }
            let length = square.sqrt();
            if length > broken || length == 0.0 || length.is_nan() {
                continue;
            }
            let way = d.map(|x| (x / length * FINE).round_ties_even() as i64);
            rows.extend([center, ligand, i64::from(length < made), way[0], way[1], way[2]]);
        }
    }
    Ok(rows)
}

/// What [`near`] found on all ranks together.
pub(super) struct Candidates {
    /// IDs, ascending.
    pub centers: Vec<i64>,
    /// Pairs by their IDs, and whether each is near enough to make a bond.
    pub pairs: Vec<(Bond, bool)>,
}

impl Candidates {
    /// # Errors
    /// Where a pair is there twice, and other damage.
    pub fn new(rows: &[i64]) -> Result<Self> {
        if !rows.len().is_multiple_of(ROW) {
            return Err(Error::Internal(format!("{} numbers are no rows of {ROW}", rows.len())));
        }
        let (mut centers, mut pairs) = (Vec::new(), Vec::new());
        for row in rows.chunks_exact(ROW) {
            if row[1] == 0 {
                centers.push(row[0]);
            } else {
                let way = [row[3] as i32, row[4] as i32, row[5] as i32];
                pairs.push((Bond { center: row[0], ligand: row[1], way }, row[2] != 0));
            }
        }
        centers.sort_unstable();
        pairs.sort_unstable_by_key(|(bond, _)| bond.pair());
        if let Some(two) = pairs.windows(2).find(|two| two[0].0.pair() == two[1].0.pair()) {
            return Err(Error::Data(format!(
                "atom {} has two images within reach of atom {}: the box is too small for bonds of this length",
                two[0].0.ligand, two[0].0.center
            )));
        }
        Ok(Self { centers, pairs })
    }

    /// Bonds now, after `before`: both in the order of their pairs.
    pub fn bonds(&self, before: &[Bond]) -> Vec<Bond> {
        let mut before = before.iter().peekable();
        let mut bonds = Vec::with_capacity(self.pairs.len());
        for &(bond, inside) in &self.pairs {
            while before.next_if(|known| known.pair() < bond.pair()).is_some() {}
            if inside || before.peek().is_some_and(|known| known.pair() == bond.pair()) {
                bonds.push(bond);
            }
        }
        bonds
    }
}

/// Calls `both` for each pair that is in both lists, which are in the order of their pairs.
pub(super) fn in_both(one: &[Bond], other: &[Bond], mut both: impl FnMut(&Bond, &Bond)) {
    let mut next = 0;
    for bond in one {
        while next < other.len() && other[next].pair() < bond.pair() {
            next += 1;
        }
        if next < other.len() && other[next].pair() == bond.pair() {
            both(bond, &other[next]);
            next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(center: i64, ligand: i64, inside: bool) -> [i64; ROW] {
        [center, ligand, i64::from(inside), 0, 0, 1]
    }

    #[test]
    fn bonds_are_made_inside_and_broken_outside() {
        let bonds = |rows: &[[i64; ROW]], before: &[Bond]| -> Vec<(i64, i64)> {
            Candidates::new(&rows.concat()).unwrap().bonds(before).iter().map(Bond::pair).collect()
        };
        let known: Vec<Bond> = [(1, 7, 0, 0, 1), (2, 5, 0, 0, 1), (3, 9, 0, 0, 1)].map(Bond::from).to_vec();
        let rows = [row(2, 5, false), row(1, 6, false), row(1, 7, false), row(3, 4, true), row(1, 0, false)];
        assert_eq!(bonds(&rows, &[]), [(3, 4)]);
        assert_eq!(bonds(&rows, &known), [(1, 7), (2, 5), (3, 4)]); // (3, 9) is too far away
        let twice = Candidates::new(&[row(1, 6, false), row(1, 6, true)].concat()).err().unwrap().to_string();
        assert!(twice.contains("atom 6 has two images within reach of atom 1"), "{twice}");
    }
}
