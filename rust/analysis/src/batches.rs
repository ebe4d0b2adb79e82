// SPDX-License-Identifier: MIT
//! Atoms in batches, for loops that become vector instructions.

use std::ops::Range;

/// Atoms that are dealt with at once: for all lags of a sample before the next ones, so that what these need of the atoms' rows stays in
/// the nearest caches.
pub(crate) const BATCH: usize = 512;

/// Some atoms, in the order of their kinds.
pub(crate) struct Batch {
    /// Their numbers.
    pub atoms: Vec<u32>,
    /// Where those of each kind begin, and the end.
    begins: Vec<usize>,
}

impl Batch {
    /// Places of each kind's atoms in the batch.
    pub fn kinds(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.begins.windows(2).map(|two| two[0]..two[1]).enumerate()
    }
}

/// All atoms, given the kind of each; atoms of other kinds than 0 to `kinds` - 1 are left out.
pub(crate) fn batches(kind_of: impl Fn(usize) -> usize, atoms: usize, kinds: usize) -> impl Iterator<Item = Batch> {
    (0..atoms).step_by(BATCH).map(move |first| {
        let mut begins = vec![0; kinds + 1];
        let of_kinds =
            || (first..atoms.min(first + BATCH)).map(|atom| (atom, kind_of(atom))).filter(|(_, kind)| *kind < kinds);
        of_kinds().for_each(|(_, kind)| begins[kind + 1] += 1);
        (0..kinds).for_each(|kind| begins[kind + 1] += begins[kind]);
        let (mut atoms, mut next) = (vec![0; begins[kinds]], begins.clone());
        for (atom, kind) in of_kinds() {
            atoms[next[kind]] = atom as u32;
            next[kind] += 1;
        }
        Batch { atoms, begins }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_by_kind() {
        let kinds = [2, 0, usize::MAX, 2, 3];
        let all: Vec<Batch> = batches(|atom| kinds[atom], 5, 3).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].atoms, [1, 0, 3]);
        assert_eq!(all[0].kinds().collect::<Vec<_>>(), [(0, 0..1), (1, 1..1), (2, 1..3)]);
    }

    #[test]
    fn every_atom_is_in_one_batch() {
        let mut met: Vec<u32> = batches(|atom| atom % 3, 3 * BATCH + 5, 3).flat_map(|batch| batch.atoms).collect();
        met.sort_unstable();
        assert_eq!(met, (0..3 * BATCH as u32 + 5).collect::<Vec<_>>());
    }
}
