// SPDX-License-Identifier: MIT
//! The border for settings that LAMMPS accepts and that cannot be meant: masses and time steps.

use deepion_potential::{Error, Result};

use crate::elements::element_mass;
use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// How the mass of an atom type fits to the element that the type is named after.
    #[derive(Debug)]
    enum MassFit {
        /// It does, or nothing can be said: no such element, or no mass.
        Good,
        /// It may be a mixture of isotopes.
        Near,
        /// It is far from it.
        Far,
        /// It is the mass of another element that is named.
        Another,
    }

    /// What the mass of an atom type says.
    #[derive(Debug, Clone, PartialEq)]
    struct MassJudgment {
        fit: MassFit,
        /// Of the element that the type is named after, g/mol.
        weight: f64,
        /// Index of the name whose mass it is, where that is another one.
        another: usize,
    }

    extern "Rust" {
        /// Compares the masses of atom types, g/mol, 0: not set, with the elements they are named after; one judgment for each.
        fn judge_masses(names: &[String], masses: &[f64]) -> Result<Vec<MassJudgment>>;
        /// Whether molecular dynamics of a solid can have a time step of so many femtoseconds.
        fn usual_time_step(femtoseconds: f64) -> Result<bool>;
    }
}

use ffi::{MassFit, MassJudgment};

/// Largest relative difference of a mass from that of its element.
const SAME: f64 = 0.01;
/// The same for a mixture of isotopes of the element.
const ISOTOPES: f64 = 0.1;
/// Femtoseconds; in the longest one, bonds of the lightest atoms vibrate once.
const USUAL_TIME_STEPS: std::ops::RangeInclusive<f64> = 0.02..=10.0;

fn judge_masses(names: &[String], masses: &[f64]) -> Result<Vec<MassJudgment>> {
    guard_only(|| {
        if names.len() != masses.len() {
            return Err(Error::Internal(format!("{} names and {} masses of atom types", names.len(), masses.len())));
        }
        let weights: Vec<f64> = names.iter().map(|name| element_mass(name)).collect();
        // one mass for all types stands for none, as in inputs of static calculations: it says nothing about their order
        let alike = masses.len() > 1 && masses.iter().all(|mass| mass.total_cmp(&masses[0]).is_eq());
        Ok((0..names.len()).map(|i| judge(i, masses[i], &weights, alike)).collect())
    })
}

fn judge(i: usize, mass: f64, weights: &[f64], alike: bool) -> MassJudgment {
    let weight = weights[i];
    let near = |other: f64, tolerance: f64| (mass - other).abs() <= tolerance * other;
    let judgment = |fit, another| MassJudgment { fit, weight, another };
    if weight == 0.0 || mass <= 0.0 || near(weight, SAME) {
        return judgment(MassFit::Good, i);
    }
    if let Some(another) = weights.iter().position(|&other| near(other, SAME)).filter(|_| !alike) {
        return judgment(MassFit::Another, another);
    }
    judgment(if near(weight, ISOTOPES) { MassFit::Near } else { MassFit::Far }, i)
}

fn usual_time_step(femtoseconds: f64) -> Result<bool> {
    guard_only(|| Ok(USUAL_TIME_STEPS.contains(&femtoseconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_and_names() {
        let names = ["Li", "S", "P", "NULL", "Ti", "Li"].map(String::from);
        let found = judge_masses(&names, &[32.06, 32.1, 35.0, 6.94, 0.0, 7.2]).unwrap();
        let fits: Vec<_> = found.iter().map(|judgment| (judgment.fit, judgment.another)).collect();
        assert_eq!(
            fits,
            [
                (MassFit::Another, 1), // lithium with the mass of sulfur
                (MassFit::Good, 1),
                (MassFit::Far, 2),
                (MassFit::Good, 3), // a name that is no element
                (MassFit::Good, 4), // no mass
                (MassFit::Near, 5), // an isotope
            ]
        );
        assert!((found[0].weight - 6.94).abs() < 0.01 && found[3].weight == 0.0);
        assert!(judge_masses(&names, &[1.0]).is_err());
        let found = judge_masses(&["O", "H"].map(String::from), &[1.0, 1.0]).unwrap();
        assert!(matches!((&found[0].fit, &found[1].fit), (&MassFit::Far, &MassFit::Good)));
    }

    #[test]
    fn time_steps() {
        for (femtoseconds, usual) in
            [(0.5, true), (2.0, true), (10.0, true), (2000.0, false), (0.002, false), (f64::NAN, false)]
        {
            assert_eq!(usual_time_step(femtoseconds).unwrap(), usual);
        }
    }
}
