// SPDX-License-Identifier: MIT
//! Rows of numbers that a caller keeps for atoms, in tiles of so many rows: number k of a tile's rows one after the other, then number k + 1.
//! What many atoms need of their rows at once then lies together. Tiles of one row are rows one after the other.

use crate::{Error, Result};

/// Where each of these rows of `width` numbers begins; the numbers of a row are `tile` apart.
///
/// # Errors
/// Where one is not among so many numbers.
pub(crate) fn starts(slots: &[i32], width: usize, tile: usize, numbers: usize) -> Result<Vec<usize>> {
    let of = |&slot: &i32| {
        let number = usize::try_from(slot).ok();
        let start = number.map(|number| number / tile * tile * width + number % tile);
        start
            .filter(|start| start + width.saturating_sub(1) * tile < numbers)
            .ok_or_else(|| Error::Internal(format!("an atom has no row {slot}")))
    };
    if tile == 0 {
        return Err(Error::Internal("tiles of no rows".into()));
    }
    slots.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let (width, tile) = (3, 4);
        let slots: Vec<i32> = (0..8).collect();
        let starts = starts(&slots, width, tile, 24).unwrap();
        assert_eq!(starts, [0, 1, 2, 3, 12, 13, 14, 15]);
        let mut places: Vec<usize> =
            starts.iter().flat_map(|start| (0..width).map(move |k| start + k * tile)).collect();
        places.sort_unstable();
        assert_eq!(places, (0..24).collect::<Vec<_>>());
        assert_eq!(super::starts(&slots, width, 1, 24).unwrap(), [0, 3, 6, 9, 12, 15, 18, 21]);
        for (slots, tile) in [(&[7][..], 4), (&[-1], 4), (&[0], 0)] {
            assert!(super::starts(slots, width, tile, 23).is_err(), "{slots:?}");
        }
    }
}
