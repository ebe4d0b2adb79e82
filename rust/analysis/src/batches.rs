// SPDX-License-Identifier: MIT
//! Atoms in batches, for loops that become vector instructions.

/// Atoms that are dealt with at once: for all lags of a sample before the next ones, so that what they keep, of which lags need
/// neighboring places, stays in the nearest cache.
pub(crate) const BATCH: usize = 128;

/// Numbers of the atoms of each kind, given the kinds of all; atoms of other kinds than 0 to `kinds` - 1 are left out.
pub(crate) fn sorted(of_atoms: impl Iterator<Item = usize>, kinds: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); kinds];
    for (atom, kind) in of_atoms.enumerate() {
        if let Some(members) = members.get_mut(kind) {
            members.push(atom as u32);
        }
    }
    members
}

#[cfg(test)]
mod tests {
    #[test]
    fn atoms_by_kind() {
        let kinds = [2, 0, usize::MAX, 2, 3];
        assert_eq!(super::sorted(kinds.into_iter(), 3), [vec![1], vec![], vec![0, 3]]);
    }
}
