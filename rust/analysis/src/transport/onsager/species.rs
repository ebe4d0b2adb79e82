// SPDX-License-Identifier: MIT
//! Which species there are, and where all atoms of one are in sum.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::exact::LIMBS;
use crate::shapes::{numbers, one_each};
use crate::{Error, Exact, Result};

/// Sums of positions: A, resolution 1e-18.
type Sum = Exact<60>;
/// Integers that stand for one species on their way through a sum over ranks: its atoms and three coordinates.
const WIDTH: usize = 1 + 3 * LIMBS;

/// Atoms whose displacements are added up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Species {
    /// As results call it: the group.
    pub name: String,
    /// How many there are.
    pub atoms: u64,
    /// Of each, elementary charges.
    pub charge: f64,
}

impl Species {
    /// Charges squared, summed over all atoms.
    #[must_use]
    pub fn square(&self) -> f64 {
        self.atoms as f64 * self.charge * self.charge
    }
}

/// Pairs of `count` species in the order of all lists: each with itself and those behind it.
pub fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (i..count).map(move |j| (i, j)))
}

/// # Errors
/// Where there is but one species, two have one name, or one has no atoms.
pub fn check(species: &[Species], ions: u64) -> Result<()> {
    let Some(first) = species.first() else { return Ok(()) };
    let wrong = |text: String| Err(Error::Settings(text));
    if species.len() < 2 || first.atoms != ions {
        return Err(Error::Internal("the ions are the first of two species or more".into()));
    }
    for (k, one) in species.iter().enumerate() {
        if one.atoms == 0 {
            return wrong(format!("species {} has no atoms", one.name));
        }
        if !one.charge.is_finite() {
            return wrong(format!("species {} has no number as its charge: {}", one.name, one.charge));
        }
        if species[..k].iter().any(|other| other.name == one.name) {
            return wrong(format!("species {} is there twice", one.name));
        }
    }
    Ok(())
}

/// Sums of this rank's positions, to be added over ranks as integers: the atoms and the three coordinates of each of `count`
/// species. `positions`: unwrapped, n x 3, A; `kinds`: the species of each atom, n, from 0 on.
///
/// # Errors
/// Where a position is not finite, or arrays do not belong to the same atoms.
pub fn locate_species(positions: &ArrayView2<'_, f64>, kinds: &[i32], count: usize) -> Result<Vec<i64>> {
    let positions = numbers("positions of species", positions)?;
    one_each("species", kinds.len(), positions.len() / 3)?;
    let mut sums = vec![(0, [Sum::default(); 3]); count];
    for (r, &kind) in positions.chunks_exact(3).zip(kinds) {
        let place = usize::try_from(kind).ok().and_then(|kind| sums.get_mut(kind));
        let (atoms, sum) = place.ok_or_else(|| Error::Internal(format!("species {kind} of {count}")))?;
        *atoms += 1;
        for axis in 0..3 {
            sum[axis].add(r[axis])?;
        }
    }
    Ok(sums
        .iter()
        .flat_map(|(atoms, sum)| std::iter::once(*atoms).chain(sum.iter().flat_map(|sum| sum.limbs())))
        .collect())
}

/// Sum of the positions of each species against `center`, A, from the sum over ranks of [`locate_species`].
///
/// # Errors
/// Where a species has another number of atoms.
pub fn positions(sum: &[i64], species: &[Species], center: &[f64; 3]) -> Result<Vec<[f64; 3]>> {
    if sum.len() != WIDTH * species.len() {
        let expected = WIDTH * species.len();
        return Err(Error::Internal(format!("{} sums of positions of species, expected {expected}", sum.len())));
    }
    let each = sum.chunks_exact(WIDTH).zip(species);
    each.map(|(sum, of)| {
        if sum[0] as u64 != of.atoms {
            return Err(Error::Data(format!(
                "{} atoms of species {} now, {} when the measurement began: displacements need the same atoms throughout",
                sum[0], of.name, of.atoms
            )));
        }
        let mut place = [0.0; 3];
        for (axis, limbs) in sum[1..].chunks_exact(LIMBS).enumerate() {
            place[axis] = Sum::from_limbs(limbs)?.value() - of.atoms as f64 * center[axis];
        }
        Ok(place)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn sums_over_ranks_are_the_positions_of_all_atoms() {
        let species = [("a", 2, 1.0), ("b", 1, -2.0)].map(|(name, atoms, charge)| Species {
            name: name.to_owned(),
            atoms,
            charge,
        });
        let one = locate_species(&array![[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]].view(), &[0, 1], 2).unwrap();
        let two = locate_species(&array![[10.0, 0.0, 0.25]].view(), &[0], 2).unwrap();
        let sum: Vec<i64> = one.iter().zip(&two).map(|(a, b)| a + b).collect();
        let found = positions(&sum, &species, &[1.0, 1.0, 0.0]).unwrap();
        assert_eq!(found, [[9.0, 0.0, 3.25], [-0.5, -1.0, -1.0]]);
        assert!(positions(&one, &species, &[0.0; 3]).unwrap_err().to_string().contains("1 atoms of species a now, 2"));
        assert!(positions(&sum[1..], &species, &[0.0; 3]).is_err());
        assert!(locate_species(&array![[f64::NAN, 0.0, 0.0]].view(), &[0], 2).is_err());
        assert!(locate_species(&array![[0.0, 0.0, 0.0]].view(), &[2], 2).is_err());
        assert!(locate_species(&array![[0.0, 0.0, 0.0]].view(), &[], 2).is_err());
    }

    #[test]
    fn what_cannot_be_measured() {
        let species =
            |names: [&str; 2], atoms, charge| names.map(|name| Species { name: name.to_owned(), atoms, charge });
        assert!(check(&[], 5).is_ok() && check(&species(["a", "b"], 5, 1.0), 5).is_ok());
        for (wrong, of) in [
            (species(["a", "a"], 5, 1.0), 5),
            (species(["a", "b"], 0, 1.0), 0),
            (species(["a", "b"], 5, f64::NAN), 5),
            (species(["a", "b"], 5, 1.0), 4),
        ] {
            assert!(check(&wrong, of).is_err());
        }
        assert!(check(&species(["a", "b"], 5, 1.0)[..1], 5).is_err());
        assert_eq!(pairs(3).collect::<Vec<_>>(), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]);
    }
}
