// SPDX-License-Identifier: MIT
//! Saved states of every measurement, as restart files and deepion-merge read them: an error or a measurement that goes on,
//! gives its results, is saved and joined; never a panic.
#![no_main]

use deepion_analysis::Accumulator;
use deepion_analysis::coordination::Coordination;
use deepion_analysis::density::{self, Density};
use deepion_analysis::hops::Hops;
use deepion_analysis::measurement::state;
use deepion_analysis::polyhedra::Polyhedra;
use deepion_analysis::rdf::Rdf;
use deepion_analysis::results::Provenance;
use deepion_analysis::transport::{DiffusionUnits, Evaluation, Fit, Transport};
use deepion_analysis::vanhove::VanHove;
use deepion_analysis::vibrations::{self, Split, Vibrations};
use deepion_fuzz::mutate_json;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// Everything that can be asked of a measurement that was read.
fn use_up(mut read: impl Accumulator, text: &str) {
    let _ = read.table().map(|table| table.text(&Provenance::default(), read.models()));
    let _ = (read.headline(), read.thermo(), read.history(), read.full(), read.memory_bytes());
    let increments = read.take_increments();
    let _ = read.add_increments(&increments);
    let saved = read.state(&Provenance::default());
    if read.join(text).is_ok() {
        let _ = read.table();
    }
    if let Ok(saved) = saved {
        read.restore(&saved).expect("a state that was written can be read");
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(head) = state::head(text) else { return };
    match head.style.as_str() {
        "ion/transport" => {
            for fit in [Fit::Automatic, Fit::Window(0.05, 1.0)] {
                if let Ok(read) = Transport::open(text, Evaluation { fit, units: DiffusionUnits::Cgs }) {
                    use_up(read, text);
                }
            }
        }
        "ion/coordination" => {
            if let Ok(read) = Coordination::open(text) {
                use_up(read, text);
            }
        }
        "ion/rdf" => {
            if let Ok(read) = Rdf::open(text) {
                use_up(read, text);
            }
        }
        "ion/density" => {
            if let Ok(read) = Density::open(text, density::Evaluation::default()) {
                use_up(read, text);
            }
        }
        "ion/hops" => {
            if let Ok(read) = Hops::open(text) {
                use_up(read, text);
            }
        }
        "ion/vanhove" => {
            if let Ok(read) = VanHove::open(text) {
                use_up(read, text);
            }
        }
        "ion/polyhedra" => {
            if let Ok(read) = Polyhedra::open(text) {
                use_up(read, text);
            }
        }
        "ion/vdos" => {
            for split in [Split::None, Split::Cut, Split::TwoPhase] {
                let evaluation = vibrations::Evaluation { temperature: Some(300.0), cut_thz: 1.0, split };
                if let Ok(read) = Vibrations::open(text, evaluation) {
                    use_up(read, text);
                }
            }
        }
        _ => (),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_json(data, size, max_size, seed) });
