// SPDX-License-Identifier: MIT
//! `fix ion/vanhove`.

use std::pin::Pin;

use deepion_analysis::motion::Lags;
use deepion_analysis::results::Table;
use deepion_analysis::shapes::vectors;
use deepion_analysis::vanhove::{self, Cell, DistinctLayout, Partners, VanHoveLayout};
use deepion_analysis::{Result, Save as _, files};

use crate::files::path_of;
use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};
use crate::transport::reference;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/vanhove`.
    struct VanHoveSettings {
        /// Largest displacement and distance, A.
        rmax: f64,
        /// Shells of equal width.
        bins: u64,
        /// Wave numbers, 1/A.
        q: Vec<f64>,
        /// Displacement below which an ion overlaps with where it was, A.
        overlap: f64,
        lags_per_level: u64,
        levels: u64,
        /// Origins in each unit of the upper levels; 0: as many as is usual.
        origins: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        ions: u64,
        drift: Drift,
        /// Atoms that make the reference; 0 for `Drift::None`.
        reference_atoms: u64,
        /// Samples between those of the distinct part; 0: it is not measured.
        spacing: u64,
        /// Atoms of the distinct part, and how many of these are ions, too.
        neighbors: u64,
        shared: u64,
    }

    /// All atoms of the distinct part on all ranks; empty where `wants_partners` does not ask for them.
    struct Partners<'a> {
        /// Unwrapped positions, A, n x 3.
        positions: &'a [f64],
        /// Atom IDs, n.
        ids: &'a [i64],
        /// The periodic box: x, y, z, xy, xz, yz, A.
        cell: [f64; 6],
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        include!("deepion-bridge/src/transport.rs.h");
        type Measurement = crate::measurement::Measurement;
        type Provenance = crate::measurement::ffi::Provenance;
        type Drift = crate::transport::ffi::Drift;
        type IonFrame<'a> = crate::transport::ffi::IonFrame<'a>;
    }

    extern "Rust" {
        type VanHove;

        /// Displacements by length, and what follows from them.
        fn open_vanhove(settings: &VanHoveSettings) -> Result<Box<VanHove>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut VanHove) -> Pin<&mut Measurement>;
        /// Whether the next sample needs `Partners`; the same on all ranks.
        fn wants_partners(self: &mut VanHove) -> Result<bool>;
        fn sample(self: &mut VanHove, frame: IonFrame, partners: Partners) -> Result<()>;
        /// Replaces a file by the table of the self part.
        fn write_self(self: &VanHove, path: &[u8], provenance: &Provenance) -> Result<()>;
        /// Replaces a file by the table of the distinct part.
        fn write_distinct(self: &VanHove, path: &[u8], provenance: &Provenance) -> Result<()>;
    }
}

/// Displacements by length.
struct VanHove(Sampler<vanhove::VanHove>);

fn open_vanhove(settings: &ffi::VanHoveSettings) -> Result<Box<VanHove>> {
    guard_only(|| {
        let layout = VanHoveLayout {
            rmax: settings.rmax,
            bins: settings.bins,
            q: settings.q.clone(),
            overlap: settings.overlap,
            lags_per_level: settings.lags_per_level,
            levels: settings.levels,
            origins: match settings.origins {
                0 => Lags::usual_origins(settings.lags_per_level),
                origins => origins,
            },
            every: settings.every,
            timestep_ps: settings.timestep,
            ions: settings.ions,
            drift: reference(settings.drift),
            reference_atoms: settings.reference_atoms,
            distinct: (settings.spacing > 0).then_some(DistinctLayout {
                neighbors: settings.neighbors,
                shared: settings.shared,
                spacing: settings.spacing,
            }),
        };
        Ok(Box::new(VanHove(Sampler::new(vanhove::VanHove::new(layout)?))))
    })
}

impl VanHove {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn wants_partners(&mut self) -> Result<bool> {
        self.0.guarded(|vanhove| Ok(vanhove.wants_partners()))
    }

    fn sample(&mut self, frame: ffi::IonFrame<'_>, partners: ffi::Partners<'_>) -> Result<()> {
        self.0.guarded(|vanhove| {
            let (frame, rows) = frame.split()?;
            let ffi::Partners { positions, ids, cell: [x, y, z, xy, xz, yz] } = partners;
            let cell = Cell { lengths: [x, y, z], tilts: [xy, xz, yz] };
            let partners = Partners { positions: vectors("positions of partners", positions)?, ids, cell };
            let wanted = vanhove.wants_partners();
            vanhove.sample(&frame, wanted.then_some(&partners), rows)
        })
    }

    fn write_self(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.write(path, provenance, vanhove::VanHove::self_table)
    }

    fn write_distinct(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.write(path, provenance, vanhove::VanHove::distinct_table)
    }

    fn write(
        &self,
        path: &[u8],
        provenance: &ffi::Provenance,
        table: impl Fn(&vanhove::VanHove) -> Result<Table>,
    ) -> Result<()> {
        self.0.guarded(|vanhove| {
            let text = table(vanhove)?.text(&provenance.into(), vanhove.models());
            files::replace(&path_of(path), text.as_bytes())
        })
    }
}
