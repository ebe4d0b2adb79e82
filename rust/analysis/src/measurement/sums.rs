// SPDX-License-Identifier: MIT
//! Settings, the total of a run, and those of runs that were joined to it.

use serde::{Serialize, de::DeserializeOwned};

use super::{Save, state};
use crate::results::{ModelUse, Provenance};
use crate::{Blocks, Merge, Result, Runs};

/// Settings that decide what sums mean; a saved state fits only the same ones.
pub trait Layout: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Name of the style.
    const STYLE: &'static str;

    /// # Errors
    /// Settings that cannot be right, or need more memory than any machine has.
    fn check(&self) -> Result<()>;
}

/// Everything of one run that is the same on all ranks, and saved.
pub trait Total: Clone + Serialize + DeserializeOwned {
    /// Its settings.
    type Layout: Layout;
    /// Sums of a stretch of the run.
    type Block: Merge + Clone + PartialEq;

    /// Before the first sample.
    fn empty(layout: &Self::Layout) -> Self;

    /// Samples taken.
    fn samples(&self) -> u64;

    /// Sums of the stretches of the run.
    fn blocks(&self) -> &Blocks<Self::Block>;

    /// Whether all arrays have the lengths that `layout` asks for: a saved one may be damaged. [`Blocks`] check their own number.
    fn fits(&self, layout: &Self::Layout) -> bool;
}

/// The total of a run with its settings, and those of independent runs that were joined to it.
#[derive(Clone, Debug)]
pub struct Sums<T: Total> {
    /// Settings.
    pub layout: T::Layout,
    /// This run.
    pub total: T,
    joined: Vec<T>,
    models: Vec<ModelUse>,
}

impl<T: Total> Sums<T> {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: T::Layout) -> Result<Self> {
        layout.check()?;
        Ok(Self { total: T::empty(&layout), layout, joined: Vec::new(), models: Vec::new() })
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        let state::Saved { layout, total, models, .. } = state::load::<T::Layout, T>(T::Layout::STYLE, text)?;
        layout.check()?;
        check_damage(&layout, &total)?;
        Ok(Self { layout, total, joined: Vec::new(), models })
    }

    /// This run and all that were joined to it.
    pub fn totals(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.total).chain(&self.joined)
    }

    /// Their blocks.
    #[must_use]
    pub fn runs(&self) -> Runs<'_, T::Block> {
        self.totals().map(|run| (run.blocks(), run.samples())).collect()
    }

    /// Samples of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.runs().samples()
    }

    fn same_settings(&self, text: &str) -> Result<state::Saved<T::Layout, T>> {
        let saved = state::load::<T::Layout, T>(T::Layout::STYLE, text)?;
        state::same_layout(T::Layout::STYLE, &saved.layout, &self.layout)?;
        check_damage(&self.layout, &saved.total)?;
        Ok(saved)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        let saved = self.same_settings(text)?;
        (self.total, self.models) = (saved.total, saved.models);
        self.joined.clear();
        Ok(())
    }

    fn join(&mut self, text: &str) -> Result<()> {
        let run = self.same_settings(text)?;
        self.runs().check_other(run.total.blocks(), run.total.samples())?;
        self.joined.push(run.total);
        Ok(())
    }

    fn set_model(&mut self, sha256: &str, step: i64) -> bool {
        let used = ModelUse { sha256: sha256.to_owned(), from_step: step };
        if self.total.samples() == 0 {
            self.models = vec![used];
            return false;
        }
        // states of older versions do not say what they were measured with
        let last = self.models.last().map_or("", |last| last.sha256.as_str());
        let changed = last != sha256;
        if changed {
            self.models.push(used);
        }
        changed
    }
}

fn check_damage<T: Total>(layout: &T::Layout, total: &T) -> Result<()> {
    if total.blocks().fit(total.samples()) && total.fits(layout) {
        return Ok(());
    }
    Err(state::damaged(T::Layout::STYLE))
}

/// A measurement whose total is kept in [`Sums`], which saves it.
pub trait KeepsSums {
    /// Its total.
    type Total: Total;

    /// The sums.
    fn sums(&self) -> &Sums<Self::Total>;

    /// The sums.
    fn sums_mut(&mut self) -> &mut Sums<Self::Total>;

    /// Forgets what was gathered on this rank since increments were last added: a saved total takes its place.
    fn forget_increments(&mut self);
}

impl<M: KeepsSums> Save for M {
    fn state(&self, provenance: &Provenance) -> Result<String> {
        let Sums { layout, total, models, .. } = self.sums();
        state::save(<<M::Total as Total>::Layout as Layout>::STYLE, layout, total, models, provenance)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        self.sums_mut().restore(text)?;
        self.forget_increments();
        Ok(())
    }

    fn join(&mut self, text: &str) -> Result<()> {
        self.sums_mut().join(text)
    }

    fn set_model(&mut self, sha256: &str, step: i64) -> bool {
        self.sums_mut().set_model(sha256, step)
    }

    fn models(&self) -> &[ModelUse] {
        &self.sums().models
    }
}
