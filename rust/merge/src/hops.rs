// SPDX-License-Identifier: MIT
//! States of fix ion/hops: replicas of one temperature give their table, several temperatures an activation energy.

use deepion_analysis::hops::{Hops, ladder};
use deepion_analysis::ladder::SAME_TEMPERATURE;
use deepion_analysis::results::Table;
use deepion_analysis::transport::Value;
use deepion_analysis::{Accumulator as _, Error, Result, Save as _};

use crate::states::{State, about};

/// The joined table; `predict`: temperature for which the line is read off, K.
///
/// # Errors
/// Names the state that does not fit.
pub fn table(states: &[State], predict: f64) -> Result<Table> {
    let mut rungs: Vec<Hops> = Vec::new();
    let mut rates: Vec<Vec<Value>> = Vec::new();
    for state in states {
        let run = Hops::open(&state.text).map_err(|error| about(&state.path, &error))?;
        let temperature = run.layout().temperature;
        let rate = run.rate().map_err(|error| about(&state.path, &error))?;
        let same = |rung: &Hops| (rung.layout().temperature - temperature).abs() <= SAME_TEMPERATURE;
        if let Some(place) = rungs.iter().position(same) {
            rungs[place].join(&state.text).map_err(|error| about(&state.path, &error))?;
            rates[place].push(rate);
        } else {
            rungs.push(run);
            rates.push(vec![rate]);
        }
    }
    if let [only] = &rungs[..] {
        return only.table();
    }
    if rungs.iter().any(|rung| rung.layout().temperature <= 0.0) {
        return Err(Error::State(
            "an activation energy needs the temperature of every run, but one has none: give temp to fix ion/hops"
                .into(),
        ));
    }
    ladder(&rungs, &rates, predict)
}
