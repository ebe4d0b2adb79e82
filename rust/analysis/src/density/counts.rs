// SPDX-License-Identifier: MIT
//! How often ions were in each voxel.

use serde::{Deserialize, Serialize};

use super::layout::{DensityLayout, MOST_BYTES};
use super::visits::Visits;
use crate::blocks::add_count;
use crate::{Error, Exact, Merge, Result};

/// Sum of temperatures, K.
pub(super) type Kelvin = Exact<40>;

/// Visits of voxels over some frames. Integers: sums over frames, ranks and blocks are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Voxels along each edge.
    pub grid: [u64; 3],
    /// Frames.
    pub frames: u64,
    /// Frames with a kinetic temperature, and its sum.
    pub kinetic_frames: u64,
    pub(super) kinetic: Kelvin,
    /// Visits of each voxel; the last index, that along c, runs fastest.
    #[serde(with = "zeros_in_one")]
    pub visits: Visits,
}

impl Counts {
    /// No frames yet.
    #[must_use]
    pub fn empty(grid: [u64; 3]) -> Self {
        let visits = Visits::none(grid.iter().product::<u64>() as usize);
        Self { grid, frames: 0, kinetic_frames: 0, kinetic: Kelvin::default(), visits }
    }

    /// Whether a saved one is whole.
    pub(super) fn fits(&self, layout: &DensityLayout) -> bool {
        let visits = self.visits.total();
        layout.bytes(self.grid).is_some_and(|bytes| bytes <= MOST_BYTES)
            && self.visits.len() as u64 == self.grid.iter().product::<u64>()
            && self.kinetic_frames <= self.frames
            && Some(visits) == self.frames.checked_mul(layout.ions)
    }
}

impl Merge for Counts {
    fn merge(&mut self, other: &Self) -> Result<()> {
        if self.grid != other.grid {
            let text = |grid: [u64; 3]| grid.map(|n| n.to_string()).join(" x ");
            return Err(Error::State(format!(
                "grids of {} and {} voxels cannot be added: give keyword grid to all runs",
                text(self.grid),
                text(other.grid)
            )));
        }
        add_count(&mut self.frames, other.frames)?;
        add_count(&mut self.kinetic_frames, other.kinetic_frames)?;
        self.kinetic.merge(other.kinetic)?;
        self.visits.add_all(&other.visits)
    }
}

/// Visits in a saved state: most voxels are never visited, and -n stands for n of those in a row.
mod zeros_in_one {
    use serde::de::{Error as _, SeqAccess, Visitor};
    use serde::ser::SerializeSeq as _;
    use serde::{Deserializer, Serializer};

    use super::{MOST_BYTES, Visits};

    /// More are in no grid.
    const MOST: u64 = MOST_BYTES / 16;

    pub fn serialize<S: Serializer>(visits: &Visits, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut zeros = 0i64;
        for count in visits.iter() {
            if count == 0 {
                zeros += 1;
                continue;
            }
            if zeros > 0 {
                list.serialize_element(&-zeros)?;
                zeros = 0;
            }
            list.serialize_element(&count)?;
        }
        if zeros > 0 {
            list.serialize_element(&-zeros)?;
        }
        list.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Visits, D::Error> {
        struct Runs;
        impl<'de> Visitor<'de> for Runs {
            type Value = Visits;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("numbers of visits")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Visits, A::Error> {
                let mut visits = Visits::default();
                while let Some(number) = list.next_element::<i64>()? {
                    let zeros = if number < 0 { number.unsigned_abs() } else { 0 };
                    if zeros.saturating_add(visits.len() as u64) > MOST {
                        return Err(A::Error::custom("more voxels than any grid has"));
                    }
                    if number < 0 {
                        visits.resize(visits.len() + zeros as usize);
                    } else {
                        visits.push(u32::try_from(number).map_err(|_| A::Error::custom("no number of visits"))?);
                    }
                }
                Ok(visits)
            }
        }
        deserializer.deserialize_seq(Runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_zeros_are_saved_as_one_number() {
        let mut counts = Counts::empty([2, 3, 2]);
        counts.visits.add_all(&[0, 0, 0, 7, 1, 0, 0, 0, 2, 0, 0, 0].into_iter().collect()).unwrap();
        let text = serde_json::to_string(&counts).unwrap();
        assert!(text.contains("\"visits\":[-3,7,1,-3,2,-3]"), "{text}");
        assert_eq!(serde_json::from_str::<Counts>(&text).unwrap(), counts);
        for wrong in ["-99999999999", "4294967296", "0.5"] {
            assert!(serde_json::from_str::<Counts>(&text.replace("[-3,7", &format!("[{wrong},7"))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_grids_are_not_added() {
        let error = Counts::empty([2, 3, 2]).merge(&Counts::empty([3, 2, 2])).unwrap_err().to_string();
        assert!(error.contains("2 x 3 x 2 and 3 x 2 x 2 voxels"), "{error}");
    }
}
