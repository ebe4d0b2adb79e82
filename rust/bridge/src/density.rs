// SPDX-License-Identifier: MIT
//! `fix ion/density`.

use std::pin::Pin;

use deepion_analysis::density::{self, DensityLayout, Evaluation, Frame, Site, Volume};
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::Reference;
use deepion_analysis::{Result, files};

use crate::elements::element_of;
use crate::files::path_of;
use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/density`.
    struct DensitySettings {
        /// Voxels are at most so wide, A; 0: `grid` is given.
        spacing: f64,
        /// Voxels along each edge; 0: so many as `spacing` asks for.
        grid: [u64; 3],
        /// Stretches of time that are kept apart.
        blocks: u64,
        /// Time steps between samples.
        every: u64,
        ions: u64,
        /// What the frame moves with: all atoms that are no ions, all atoms, or neither.
        framework: bool,
        center_of_mass: bool,
        /// Atoms of that reference.
        reference_atoms: u64,
        /// Of the free energies, K; 0: the kinetic temperature.
        temperature: f64,
        /// File of the density; empty: none.
        cube: String,
        /// Edges and tilts of the box at this moment, A: xx, yy, zz, yz, xz, xy.
        cell: [f64; 6],
    }

    /// The ions of this rank in one frame.
    struct DensityFrame<'a> {
        /// Edges and tilts of the box, A, and its lower corner.
        cell: [f64; 6],
        origin: [f64; 3],
        /// Sum over ranks of `locate_reference`.
        located: &'a [i64],
        /// Positions, A, n x 3, in any image.
        positions: &'a [f64],
        /// Of all atoms, K; 0: not known.
        kinetic_temperature: f64,
    }

    /// Atoms that files show beside the density.
    struct Surroundings<'a> {
        /// Box of the moment, as in `DensityFrame`.
        cell: [f64; 6],
        origin: [f64; 3],
        /// A, n x 3, in any image.
        positions: &'a [f64],
        /// Atom type of each, n.
        types: &'a [i32],
        /// Of each type, [0] unused: name of the element, or of none; mass, g/mol.
        names: Vec<String>,
        masses: &'a [f64],
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
    }

    extern "Rust" {
        type Density;

        /// Density of ions on a grid.
        fn open_density(settings: &DensitySettings) -> Result<Box<Density>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Density) -> Pin<&mut Measurement>;
        fn sample(self: &mut Density, frame: DensityFrame) -> Result<()>;
        /// Voxels along each edge.
        fn grid(self: &Density) -> Result<[u64; 3]>;
        /// What files show beside the density from now on, the state included.
        fn set_surroundings(self: &Density, surroundings: &Surroundings) -> Result<()>;
        /// Replaces files, whose names may be empty: density and free energy as cube files, density as a CHGCAR.
        fn write_volumes(self: &Density, cube: &[u8], energy: &[u8], chgcar: &[u8], title: &str) -> Result<()>;

        /// Sums over this rank's reference atoms, to be added over ranks. `positions`: A, n x 3; `images`: image flags, n x 3; `weights`:
        /// n, or empty for 1 each.
        fn locate_reference(
            positions: &[f64],
            images: &[i32],
            weights: &[f64],
            cell: &[f64; 6],
            origin: &[f64; 3],
        ) -> Result<Vec<i64>>;
    }
}

/// Density of ions on a grid.
struct Density(Sampler<density::Density>);

fn open_density(settings: &ffi::DensitySettings) -> Result<Box<Density>> {
    guard_only(|| {
        let layout = DensityLayout {
            spacing: settings.spacing,
            grid: settings.grid,
            blocks: settings.blocks,
            every: settings.every,
            ions: settings.ions,
            drift: match settings {
                ffi::DensitySettings { framework: true, .. } => Reference::Framework,
                ffi::DensitySettings { center_of_mass: true, .. } => Reference::Com,
                _ => Reference::None,
            },
            reference_atoms: settings.reference_atoms,
        };
        let temperature = (settings.temperature > 0.0).then_some(settings.temperature);
        let mut density = density::Density::new(layout, Evaluation { temperature, cube: settings.cube.clone() })?;
        density.expect(&settings.cell)?;
        Ok(Box::new(Density(Sampler::new(density))))
    })
}

fn locate_reference(
    positions: &[f64],
    images: &[i32],
    weights: &[f64],
    cell: &[f64; 6],
    origin: &[f64; 3],
) -> Result<Vec<i64>> {
    guard_only(|| {
        let positions = vectors("positions of the reference", positions)?;
        density::locate(&positions, &vectors("image flags", images)?, weights, *cell, *origin)
    })
}

impl ffi::Surroundings<'_> {
    fn sites(&self) -> Result<Vec<Site>> {
        let elements: Vec<_> = self.names.iter().zip(self.masses).map(|(name, &mass)| element_of(name, mass)).collect();
        let positions = vectors("positions", self.positions)?;
        let site = |(r, &kind): (ndarray::ArrayView1<'_, f64>, &i32)| {
            let (symbol, number) =
                usize::try_from(kind).ok().and_then(|kind| elements.get(kind)).cloned().unwrap_or(("X".into(), 0));
            Site { symbol, number, position: [r[0], r[1], r[2]] }
        };
        Ok(positions.outer_iter().zip(self.types).map(site).collect())
    }
}

impl Density {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(&mut self, frame: ffi::DensityFrame<'_>) -> Result<()> {
        self.0.guarded(|density| {
            density.sample(&Frame {
                cell: frame.cell,
                origin: frame.origin,
                located: frame.located,
                positions: vectors("positions of ions", frame.positions)?,
                kinetic_temperature: (frame.kinetic_temperature > 0.0).then_some(frame.kinetic_temperature),
            })
        })
    }

    fn grid(&self) -> Result<[u64; 3]> {
        self.0.guarded(|density| Ok(density.grid()))
    }

    fn set_surroundings(&self, surroundings: &ffi::Surroundings<'_>) -> Result<()> {
        self.0.guarded(|density| {
            density.set_surroundings(surroundings.sites()?, surroundings.cell, surroundings.origin);
            Ok(())
        })
    }

    fn write_volumes(&self, cube: &[u8], energy: &[u8], chgcar: &[u8], title: &str) -> Result<()> {
        self.0.guarded(|density| {
            for (path, volume) in [(cube, Volume::Density), (energy, Volume::Energy), (chgcar, Volume::Chgcar)] {
                if !path.is_empty() {
                    let file = density.file(volume, title)?;
                    files::replace_by(&path_of(path), |out| file.write(out))?;
                }
            }
            Ok(())
        })
    }
}
