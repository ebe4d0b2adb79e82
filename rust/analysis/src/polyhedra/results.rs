// SPDX-License-Identifier: MIT
//! Rotation, speciation and lifetimes with their standard errors.

use std::rc::Rc;

use serde_json::json;

use super::clusters::Kind;
use super::estimates::{SCALARS, rotation, scalars, times};
use super::frames::Frames;
use super::layout::PolyhedraLayout;
use super::measure::Polyhedra;
use crate::Result;
use crate::jackknife::standard_errors;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 8;
const NO_ERROR: &str = "(error not known)";
/// Kinds of clusters with quantities of their own; all are in the list.
const MOST_KINDS: usize = 8;
/// Bonds that last fewer samples than this were not watched closely enough.
const FEW_SAMPLES: f64 = 10.0;

/// Everything that is found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    sums: Frames,
    /// The most frequent first.
    kinds: Vec<Kind>,
    /// As [`scalars`].
    numbers: Vec<(f64, Option<f64>)>,
    /// Rotation times, ps.
    times: [(f64, Option<f64>); 2],
    /// Of each lag: `C_1`, `C_2`, part of bonds still there.
    curves: Vec<[(f64, Option<f64>); 3]>,
}

/// Values with their errors, where these are known.
fn with_errors(values: &[f64], errors: Option<Vec<f64>>) -> Vec<(f64, Option<f64>)> {
    let error = |k: usize| errors.as_ref().map(|errors| errors[k]).filter(|error| error.is_finite());
    values.iter().enumerate().map(|(k, &value)| (value, error(k))).collect()
}

impl Polyhedra {
    /// Found once for all files and thermo output of the same frames.
    fn found(&self) -> Result<Rc<Found>> {
        if let Some(found) = &*self.found.borrow() {
            return Ok(Rc::clone(found));
        }
        let found = Rc::new(self.evaluated()?);
        *self.found.borrow_mut() = Some(Rc::clone(&found));
        Ok(found)
    }

    fn evaluated(&self) -> Result<Found> {
        let layout = self.layout();
        let lags = layout.lags().all();
        let lags_ps: Vec<f64> = lags.iter().map(|&lag| lag as f64 * layout.interval()).collect();
        let runs = self.sums().runs();
        let sums = runs.total()?.unwrap_or_else(|| Frames::empty(lags.len()));
        let mut species = sums.species.clone();
        species.sort_by_key(|one| (std::cmp::Reverse(one.centers), one.kind));
        let kinds: Vec<Kind> = species.iter().map(|one| one.kind).collect();

        let errors = standard_errors(&runs, 1, FEWEST_BLOCKS, |sums| scalars(sums, layout, &kinds))?;
        let numbers = with_errors(&scalars(&sums, layout, &kinds), errors);
        let (values, last) = times(&sums, &lags_ps);
        // shorter blocks than a lag are no independent ones for it
        let errors = standard_errors(&runs, lags[last], FEWEST_BLOCKS, |sums| times(sums, &lags_ps).0.to_vec())?;
        let of_times = with_errors(&values, errors);
        let mut curves = Vec::with_capacity(lags.len());
        for (index, &lag) in lags.iter().enumerate() {
            let errors = standard_errors(&runs, lag, FEWEST_BLOCKS, |sums| rotation(&sums.lags[index]).to_vec())?;
            let of = with_errors(&rotation(&sums.lags[index]), errors);
            curves.push([of[0], of[1], of[2]]);
        }
        Ok(Found { sums, kinds, numbers, times: [of_times[0], of_times[1]], curves })
    }

    /// Bonds of a center, parts of ligands, lifetime of bonds, rotation times.
    fn quantities(found: &Found) -> [Quantity; 7] {
        let all = |k: usize| if k < SCALARS { found.numbers[k] } else { found.times[k - SCALARS] };
        let about = [
            ("bonds", "bonds of a center", ""),
            ("free", "part of the ligands without a bond", ""),
            ("terminal", "part of the ligands with one center", ""),
            ("bridging", "part of the ligands with two centers or more", ""),
            ("bond_lifetime", "mean lifetime of a bond", "ps"),
            ("tau_1", "time at which C_1 falls below 1/e", "ps"),
            ("tau_2", "time at which C_2 falls below 1/e", "ps"),
        ];
        std::array::from_fn(|k| {
            let ((name, label, unit), (value, error)) = (about[k], all(k));
            Quantity::new(name, label, if value.is_finite() { value } else { 0.0 }, unit)
                .symbol(label)
                .with_error(error)
                .only_if(value.is_finite())
                .digits(Digits::Fixed)
        })
    }

    /// Of one kind: number in a frame, part of the centers, lifetime.
    fn of_kind(&self, found: &Found, k: usize) -> [Quantity; 3] {
        let name = found.kinds[k].name(&self.layout().names);
        let about = [
            ("number", "clusters in a frame", ""),
            ("part", "part of the centers in clusters", ""),
            ("lifetime", "mean lifetime of a cluster", "ps"),
        ];
        std::array::from_fn(|which| {
            let (quantity, label, unit) = about[which];
            let (value, error) = found.numbers[SCALARS + 3 * k + which];
            Quantity::new(quantity, &format!("{label} {name}"), if value.is_finite() { value } else { 0.0 }, unit)
                .with_error(error)
                .only_if(value.is_finite())
                .digits(Digits::Fixed)
                .of(&name)
        })
    }

    fn results_of(&self, found: &Found) -> Results {
        let layout = self.layout();
        let mut results = Results::new(PolyhedraLayout::STYLE, "rotation");
        results.setting("made_A", layout.made);
        results.setting("broken_A", layout.broken);
        results.setting("lags_per_level", layout.lags_per_level);
        results.setting("levels", layout.levels);
        results.setting("every", layout.every);
        results.setting("timestep_ps", layout.timestep_ps);
        results.setting("centers", layout.centers);
        results.setting("ligands", layout.ligands);
        results.setting("names", &layout.names);
        let samples = Quantity::new("samples", "frames", self.sums().samples() as f64, "").symbol("frames");
        results.say_quantity(samples.digits(Digits::Shortest), "");
        results.quantity(Quantity::new("runs", "independent runs", self.sums().totals().count() as f64, ""));
        results.say(format!(
            "frames are {} ps apart; {} centers {}, {} ligands {}; bonds are made below {} and broken above {} A",
            layout.interval(),
            layout.centers,
            layout.names[0],
            layout.ligands,
            layout.names[1],
            layout.made,
            layout.broken
        ));
        for quantity in Self::quantities(found) {
            results.headline(quantity, NO_ERROR);
        }
        let mut species = Vec::new();
        for k in 0..found.kinds.len() {
            let [number, part, lifetime] = self.of_kind(found, k);
            let Kind { centers, ligands, shared } = found.kinds[k];
            species.push(json!({
                "name": number.of, "centers": centers, "ligands": ligands, "shared": shared,
                "number": number.value, "number_error": number.error, "part": part.value, "part_error": part.error,
                "lifetime_ps": lifetime.value, "lifetime_error_ps": lifetime.error,
            }));
            if k < MOST_KINDS {
                results.quantity(number);
                let words = lifetime.words(NO_ERROR);
                let symbol = format!("part of {} in {}", layout.names[0], part.of.clone().unwrap_or_default());
                results.say(format!("{symbol} = {}, lifetime {words}", part.words(NO_ERROR)));
                results.quantity(part);
                results.quantity(lifetime);
            }
        }
        results.list("species", species);
        let coordination: Vec<f64> = found
            .sums
            .centers
            .iter()
            .map(|&n| n as f64 / (found.sums.frames.max(1) as f64 * layout.centers as f64))
            .collect();
        results.list("coordination", coordination);
        self.warn(&mut results, found);
        results
    }

    fn warn(&self, results: &mut Results, found: &Found) {
        if found.sums.frames == 0 {
            return;
        }
        if found.sums.bonds == 0 {
            let made = self.layout().made;
            results.warn("no_bonds", format!("no ligand came nearer than {made} A to a center: there are no units"));
        }
        let lifetime = found.numbers[SCALARS - 1].0;
        if lifetime < FEW_SAMPLES * self.layout().interval() {
            results.warn(
                "bonds_flicker",
                format!(
                    "bonds last {lifetime:.4} ps, less than {FEW_SAMPLES} samples: take samples more often, or move the lengths at which bonds \
                     are made and broken farther apart"
                ),
            );
        }
    }

    /// A row for each lag that was met: lag (ps), `C_1`, `C_2` and part of bonds still there, each with its standard error.
    fn rows(&self, found: &Found) -> Vec<Vec<f64>> {
        let layout = self.layout();
        let zero = |x: f64| if x.is_finite() { x } else { 0.0 };
        let row = |(&lag, of): (&u64, &[(f64, Option<f64>); 3])| {
            let mut row = vec![lag as f64 * layout.interval()];
            for &(value, error) in of {
                row.extend([zero(value), error.unwrap_or(0.0)]);
            }
            row
        };
        layout.lags().all().iter().zip(&found.curves).map(row).collect()
    }
}

impl Report for Polyhedra {
    fn style(&self) -> &'static str {
        PolyhedraLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(self.results_of(&*self.found()?))
    }

    fn report(&self) -> Result<Table> {
        let found = self.found()?;
        let columns = vec![
            Column::new("lag", "ps", "time between two moments"),
            Column::new("C1", "", "mean cosine of the angle that bonds have turned by"),
            Column::error("C1", ""),
            Column::new("C2", "", "mean second Legendre polynomial of that cosine"),
            Column::error("C2", ""),
            Column::new("kept", "", "part of the bonds that is there at both moments"),
            Column::error("kept", ""),
        ];
        let mut rows = self.rows(&found);
        // lags longer than the run
        let met = found.sums.lags.iter().filter(|lag| lag.bonds > 0).count();
        rows.truncate(met);
        Ok(Table { results: self.results_of(&found), columns, rows })
    }

    /// Scalar: rotation time `tau_2`, ps. Vector: frames; bonds of a center, parts of free, terminal and bridging ligands, lifetime of bonds
    /// (ps), `tau_1`, `tau_2` (ps), each with its standard error. Array: a row for each lag, as in the table.
    fn thermo(&self) -> Result<Thermo> {
        let found = self.found()?;
        let mut vector = vec![self.sums().samples() as f64];
        for quantity in Self::quantities(&found) {
            vector.extend([quantity.value.unwrap_or(0.0), quantity.error.unwrap_or(0.0)]);
        }
        Ok(Thermo { scalar: vector[13], vector, array: self.rows(&found) })
    }

    /// Bonds of a center, parts of ligands, lifetime of bonds, rotation times.
    fn history(&self) -> Result<History> {
        Ok(History::new(Self::quantities(&*self.found()?).iter().map(|quantity| (quantity, true))))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;
    use crate::Measure as _;
    use crate::polyhedra::near;
    use crate::rdf::Pairs;

    /// Table, history, thermo output and log lines of an output are one evaluation; a further frame, or another total, is a new one.
    #[test]
    fn an_output_is_evaluated_once() {
        let (made, broken, lags_per_level, levels, every, timestep_ps) = (2.4, 2.8, 4, 2, 1, 0.5);
        let names = ["P".into(), "S".into()];
        let layout =
            PolyhedraLayout { made, broken, lags_per_level, levels, every, timestep_ps, centers: 1, ligands: 1, names };
        let mut polyhedra = Polyhedra::new(layout).unwrap();
        let mut before = polyhedra.found().unwrap();
        for angle in [0.0, 0.3, 0.6f64] {
            let positions = arr2(&[[0.0, 0.0, 0.0], [2.0 * angle.cos(), 2.0 * angle.sin(), 0.0]]);
            let pairs = Pairs { positions: positions.view(), centers: &[0], offsets: &[0, 1], neighbors: &[1] };
            polyhedra.sample(&near(&pairs, &[1, 2], 2.4, 2.8).unwrap(), 0, 1).unwrap();
            let increments = polyhedra.take_increments();
            polyhedra.add_increments(&increments).unwrap();
            let found = polyhedra.found().unwrap();
            assert!(!Rc::ptr_eq(&found, &before));
            let _ = (polyhedra.report().unwrap(), polyhedra.thermo().unwrap(), polyhedra.history().unwrap());
            assert!(Rc::ptr_eq(&found, &polyhedra.found().unwrap()));
            before = found;
        }
        polyhedra.sums_mut();
        assert!(!Rc::ptr_eq(&before, &polyhedra.found().unwrap()));
    }
}
