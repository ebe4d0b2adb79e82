// SPDX-License-Identifier: MIT
//! Contracts of model files: any text, and what is prepared from one that was accepted.
#![no_main]

use deepion_fuzz::mutate_json;
use deepion_potential::{Contract, Model, Networks, Pair, Result};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Networks of any shape whose values are all 0.1.
struct Constant;

impl Networks for Constant {
    fn embed(
        &mut self,
        _: Pair,
        _: &[f64],
        mut g: ArrayViewMut2<f64>,
        mut dg: ArrayViewMut2<f64>,
    ) -> Result<()> {
        g.fill(0.1);
        dg.fill(0.1);
        Ok(())
    }

    fn gate(&mut self, _: Pair) -> Result<Vec<f64>> {
        Ok(Vec::new())
    }

    fn fit(
        &mut self,
        _: usize,
        _: ArrayView2<f64>,
        _: ArrayView2<f64>,
        energy: &mut [f64],
        mut gradient: ArrayViewMut2<f64>,
    ) -> Result<()> {
        energy.fill(0.1);
        gradient.fill(0.1);
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(contract) = Contract::from_json(text) {
        let _ = contract.functions().count();
        let _ = Model::new(contract, &mut Constant);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_json(data, size, max_size, seed) });
