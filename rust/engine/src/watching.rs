// SPDX-License-Identifier: MIT
//! The check while a run goes on, and the way back to the full networks.

use deepion_onnx::OnnxNetworks;
use deepion_potential::{Configuration, Moments, Result, Turn, Watched, Watcher, moments, unlikeness};

use crate::accuracy::{self, TYPICAL_TO_LIMIT};
use crate::{Error, Frame, Potential, Surroundings, frames, opening};

impl Potential {
    /// Opens the full networks in float64 that [`Potential::watch`] compares with, unless that was done. Needs the bytes of the
    /// file.
    ///
    /// # Errors
    /// They cannot be run.
    pub fn open_watcher(&mut self) -> Result<()> {
        if self.watcher.is_none() {
            self.file.restore_networks();
            let networks = OnnxNetworks::<f64>::new(&self.runtime, &self.file);
            self.file.drop_networks();
            self.watcher = Some(Watcher::new(Box::new(networks?)));
        }
        Ok(())
    }

    /// Whether [`Potential::open_watcher`] was called.
    #[must_use]
    pub fn has_watcher(&self) -> bool {
        self.watcher.is_some()
    }

    /// Compares a few atoms with the full networks in float64 ([`deepion_potential::Engine::watch`]).
    ///
    /// # Errors
    /// As [`Potential::compute`], or the watcher was not opened.
    pub fn watch(&mut self, conf: &Configuration, turn: Turn) -> Result<Watched> {
        let (Some(engine), Some(watcher)) = (&mut self.engine, &mut self.watcher) else {
            return Err(Error::Internal("the networks to compare with were not opened".into()));
        };
        engine.watch(conf, turn, watcher)
    }

    /// Number, sum and sum of squares of the energies (one per atom of the configuration) of this rank's centers of each type.
    ///
    /// # Errors
    /// Not as many energies as atoms.
    pub fn moments(&self, conf: &Configuration, energies: &[f64]) -> Result<Moments> {
        moments(conf, energies, self.contract().ntypes())
    }

    /// How unlike the others the `most` centers are that are so most of all, largest first; 0 where there are fewer.
    ///
    /// # Errors
    /// Not as many energies as atoms.
    pub fn most_unlike(
        &self,
        conf: &Configuration,
        energies: &[f64],
        moments: &[[f64; 3]],
        most: usize,
    ) -> Result<Vec<f64>> {
        let mut all = unlikeness(conf, energies, moments)?;
        all.sort_unstable_by(|a, b| b.total_cmp(a));
        all.resize(most, 0.0);
        Ok(all)
    }

    /// Compares a few atoms of a frame with the full networks in float64: those whose turn it is in check `number`, and the one that
    /// looks least like the others by `energies` (eV, as the frame's own [`Answer`](crate::Answer) has them).
    ///
    /// # Errors
    /// As [`Potential::watch`], or not as many energies as atoms.
    pub fn watch_frame(&mut self, frame: &Frame, energies: &[f64], number: u64) -> Result<Watched> {
        self.prepare_more([frame.types])?;
        self.open_watcher()?;
        let typical = TYPICAL_TO_LIMIT * self.watch_limit();
        let cell = frames::checked(frame, self.contract())?;
        let near = Surroundings::new(frame.x, frame.types, cell.clone(), self.contract().rcut(), 0.0)?;
        let mut x = Vec::new();
        near.positions(frame.x, &cell, &mut x);
        let numb_aparam = self.contract().numb_aparam;
        let conf = frames::configuration(frame, &near, &x, numb_aparam, true)?;
        if energies.len() != frame.types.len() {
            let n = frame.types.len();
            return Err(Error::Input(format!("energies has {} values, expected {n}", energies.len())));
        }
        let mut all = energies.to_vec();
        all.resize(near.types.len(), 0.0);
        let moments = self.moments(&conf, &all)?;
        let unlike = self.most_unlike(&conf, &all, &moments, 1)?[0];
        let atoms = near.centers.len() as u64;
        self.watch(&conf, Turn { number, atoms, energies: &all, moments: &moments, unlike, typical })
    }

    /// Error of one atom, eV/A, that the check of a run accepts where the user sets no limit.
    #[must_use]
    pub fn watch_limit(&self) -> f64 {
        accuracy::watch_limit(self.check_limit(), self.reduced_error())
    }

    /// Evaluates with the full networks from now on, where reduced ones are in use. Needs the bytes of the file.
    ///
    /// # Errors
    /// They cannot be run.
    pub fn use_full_networks(&mut self) -> Result<()> {
        self.settings.reduce = 0.0;
        self.wanted = None;
        if self.reduced.is_none() {
            return Ok(());
        }
        let Some(engine) = self.engine.take() else { return Ok(()) };
        let types: Vec<i32> = (0..).zip(&engine.model().in_use).filter(|(_, used)| **used).map(|(t, _)| t).collect();
        drop(engine);
        opening::prepare(self, &types)
    }
}
