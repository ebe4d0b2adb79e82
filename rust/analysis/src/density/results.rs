// SPDX-License-Identifier: MIT
//! Thresholds with their errors, and what lies below each height of the free energy.

use super::findings::Findings;
use super::layout::DensityLayout;
use super::measure::Density;
use crate::Result;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

const NO_ERROR: &str = "(error not known)";
/// A path that is closed by a voxel with fewer visits is known to kT / sqrt(10) = 0.3 kT at best.
const FEW_VISITS: u32 = 10;
/// A temperature that was given and one that was measured may differ by this part.
const SAME_TEMPERATURE: f64 = 0.05;

impl Density {
    fn quantities(found: &Findings) -> [Quantity; 4] {
        let kt = found.kt();
        let along = ["any edge", "a", "b", "c"];
        let names = ["barrier", "barrier_a", "barrier_b", "barrier_c"];
        std::array::from_fn(|k| {
            let at = [3, 0, 1, 2][k];
            let value = kt.zip(found.barriers[at]).map(|(kt, barrier)| kt * barrier);
            let label =
                format!("-kT ln density, above its lowest, at which a path leads through the cell along {}", along[k]);
            Quantity::new(names[k], &label, value.unwrap_or(0.0), "eV")
                .symbol(&format!("path through the cell along {} at -kT ln density", along[k]))
                .with_error(kt.zip(found.errors[at]).map(|(kt, error)| kt * error))
                .only_if(value.is_some())
                .digits(Digits::Fixed)
        })
    }

    fn results_of(&self, found: &Findings) -> Result<Results> {
        let layout = self.layout();
        let mut results = Results::new(DensityLayout::STYLE, "density");
        results.setting("spacing_A", layout.spacing);
        results.setting("grid", found.total.grid);
        results.setting("blocks", layout.blocks);
        results.setting("every", layout.every);
        results.setting("ions", layout.ions);
        results.setting("drift", layout.drift);
        results.setting("reference_atoms", layout.reference_atoms);
        results.setting("temperature_K", self.temperature());
        results.setting("cube", &self.evaluation().cube);
        let (cell, origin) = self.mean_box()?;
        let [xx, yy, zz, yz, xz, xy] = cell;
        results.list("cell_A", [[xx, 0.0, 0.0], [xy, yy, 0.0], [xz, yz, zz]]);
        results.list("origin_A", origin);

        let samples = Quantity::new("samples", "frames", self.sums().samples() as f64, "").symbol("frames");
        results.say_quantity(samples.digits(Digits::Shortest), "");
        results.quantity(Quantity::new("runs", "independent runs", self.sums().totals().count() as f64, ""));
        let [a, b, c] = found.total.grid;
        results.say(format!(
            "frames are {} time steps apart, {} ions, {a} x {b} x {c} voxels of {:.4} A^3",
            layout.every, layout.ions, found.voxel
        ));
        let voxels = found.total.visits.len().max(1) as f64;
        let known = found.most > 0;
        let density = Quantity::new("density_max", "highest density", found.density(found.most), "1/A^3");
        results.say_quantity(density.only_if(known), "");
        let visited =
            Quantity::new("visited", "part of the volume that ions visited", found.visited as f64 / voxels, "");
        results.say_quantity(visited.only_if(known).digits(Digits::Fixed), "");
        let temperature =
            Quantity::new("temperature", "temperature of the free energies", found.temperature.unwrap_or(0.0), "K");
        results.say_quantity(temperature.only_if(found.temperature.is_some()).digits(Digits::Fixed), "");
        let kinetic = Quantity::new(
            "temperature_kinetic",
            "mean kinetic temperature of all atoms",
            found.kinetic.unwrap_or(0.0),
            "K",
        );
        results.quantity(kinetic.only_if(found.kinetic.is_some()));
        for quantity in Self::quantities(found) {
            results.headline(quantity, NO_ERROR);
        }
        let closing = f64::from(found.closing.unwrap_or(0));
        let closing =
            Quantity::new("closing_visits", "visits of the voxel that closes the path along any edge", closing, "");
        results.say_quantity(closing.only_if(found.closing.is_some()).digits(Digits::Shortest), "");
        Self::warn(&mut results, found);
        Ok(results)
    }

    fn warn(results: &mut Results, found: &Findings) {
        if found.most == 0 {
            return;
        }
        match found.closing {
            None => results.warn(
                "no_path",
                "voxels that ions visited form no path through the cell: the run is too short for this grid, or ions stay where they are"
                    .into(),
            ),
            Some(visits) if visits < FEW_VISITS => results.warn(
                "few_visits",
                format!(
                    "the path through the cell is closed by a voxel that was visited {visits} times only: its free energy is known to {:.1} \
                     kT at best, and a longer run or a coarser grid may find another path",
                    1.0 / f64::from(visits).sqrt()
                ),
            ),
            Some(_) => (),
        }
        if found.temperature.is_none() {
            results.warn("no_temperature", "there is no temperature: use keyword temp for free energies".into());
        }
        if let (Some(given), Some(kinetic)) = (found.temperature, found.kinetic)
            && (given / kinetic - 1.0).abs() > SAME_TEMPERATURE
        {
            results.warn(
                "temperature_differs",
                format!("free energies are those of {given} K, but the kinetic temperature was {kinetic:.1} K"),
            );
        }
    }

    /// A row for each height of the free energy: in kT, in eV, part of the volume and of the visits below it, edges with a path.
    fn rows(found: &Findings) -> Vec<Vec<f64>> {
        let kt = found.kt().unwrap_or(0.0);
        let row = |level: &super::findings::Level| {
            vec![level.height, kt * level.height, level.volume, level.visits, f64::from(level.edges)]
        };
        found.levels.iter().map(row).collect()
    }
}

impl Report for Density {
    fn style(&self) -> &'static str {
        DensityLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        self.results_of(&*self.findings()?)
    }

    fn report(&self) -> Result<Table> {
        let found = self.findings()?;
        let columns = vec![
            Column::new("height", "kT", "free energy above that of the highest density"),
            Column::new("energy", "eV", "the same; 0 where no temperature is known"),
            Column::new("volume", "", "part of the volume where the free energy is not higher"),
            Column::new("inside", "", "part of the ions there"),
            Column::new("edges", "", "edges of the cell along which a path of such voxels leads through it"),
        ];
        Ok(Table { results: self.results_of(&found)?, columns, rows: Self::rows(&found) })
    }

    /// Scalar: height of the lowest path, eV. Vector: frames, that height and its standard error, the same along a, b and c, visits of the
    /// voxel that closes the lowest path, part of the volume visited, highest density (`1/A^3`), temperature (K). Array: the rows of the table.
    fn thermo(&self) -> Result<Thermo> {
        let found = self.findings()?;
        let mut vector = vec![self.sums().samples() as f64];
        for quantity in Self::quantities(&found) {
            vector.extend([quantity.value.unwrap_or(0.0), quantity.error.unwrap_or(0.0)]);
        }
        let voxels = found.total.visits.len().max(1) as f64;
        vector.extend([
            f64::from(found.closing.unwrap_or(0)),
            found.visited as f64 / voxels,
            found.density(found.most),
        ]);
        vector.push(found.temperature.unwrap_or(0.0));
        Ok(Thermo { scalar: vector[1], vector, array: Self::rows(&found) })
    }

    /// Height of the lowest path through the cell, and along each edge.
    fn history(&self) -> Result<History> {
        let quantities = Self::quantities(&*self.findings()?);
        Ok(History::new(quantities.iter().map(|quantity| (quantity, true))))
    }
}
