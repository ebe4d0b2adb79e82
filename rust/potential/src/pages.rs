// SPDX-License-Identifier: MIT
//! Values of atoms, most of which are never touched: memory and zeros only for pages of atoms that are.

/// Atoms of a page.
pub const PAGE: usize = 64;
/// Of a page that nothing was added to.
const UNTOUCHED: u32 = u32::MAX;

/// `WIDTH` values for each atom, zero until something is added.
#[derive(Debug, Default)]
pub struct Pages<const WIDTH: usize> {
    /// Where each page of atoms is among the values.
    place: Vec<u32>,
    values: Vec<f64>,
}

impl<const WIDTH: usize> Pages<WIDTH> {
    /// All values of so many atoms are zero.
    pub fn reset(&mut self, atoms: usize) {
        self.place.clear();
        self.place.resize(atoms.div_ceil(PAGE), UNTOUCHED);
        self.values.clear();
    }

    /// Whether there are no atoms.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// The values of an atom, to be added to.
    #[inline]
    pub fn of(&mut self, atom: usize) -> &mut [f64; WIDTH] {
        let page = &mut self.place[atom / PAGE];
        if *page == UNTOUCHED {
            *page = (self.values.len() / (PAGE * WIDTH)) as u32;
            self.values.resize(self.values.len() + PAGE * WIDTH, 0.0);
        }
        let first = (*page as usize * PAGE + atom % PAGE) * WIDTH;
        self.values[first..].first_chunk_mut().unwrap_or_else(|| unreachable!("a page has values for all its atoms"))
    }

    /// The values of an atom.
    #[must_use]
    pub fn get(&self, atom: usize) -> [f64; WIDTH] {
        let values = self.page(atom / PAGE).and_then(|page| page[atom % PAGE * WIDTH..].first_chunk());
        values.copied().unwrap_or([0.0; WIDTH])
    }

    /// The values of the atoms from `page` times [`PAGE`] on; none: all are zero.
    #[must_use]
    pub fn page(&self, page: usize) -> Option<&[f64]> {
        let place = *self.place.get(page)?;
        (place != UNTOUCHED).then(|| &self.values[place as usize * PAGE * WIDTH..][..PAGE * WIDTH])
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.place.capacity() * size_of::<u32>() + self.values.capacity() * size_of::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)] // these very values
    fn atoms_that_nothing_was_added_to_are_zero_and_take_no_memory() {
        let mut pages = Pages::<3>::default();
        for _ in 0..2 {
            pages.reset(10 * PAGE + 5);
            pages.of(3)[1] += 2.0;
            pages.of(10 * PAGE + 4)[2] -= 1.0;
            pages.of(3)[1] += 0.5;
            assert_eq!(pages.get(3), [0.0, 2.5, 0.0]);
            assert_eq!(pages.get(10 * PAGE + 4), [0.0, 0.0, -1.0]);
            assert_eq!(pages.get(4), [0.0; 3]);
            assert_eq!(pages.get(5 * PAGE), [0.0; 3]);
            assert!(pages.page(5).is_none() && pages.page(11).is_none());
            assert_eq!(pages.values.len(), 2 * 3 * PAGE);
        }
        pages.reset(0);
        assert!(pages.is_empty());
    }
}
