// SPDX-License-Identifier: MIT
//! What a measurement says, as data: quantities with value, error and unit, warnings with a code, columns. Files, the log and thermo
//! output are made from it. The sentences for people are made here, beside the data, and nothing reads them back.

mod provenance;
mod quantity;
mod table;

use serde::Serialize;
use serde_json::{Map, Value};

pub use provenance::{ModelUse, Provenance, named};
pub use quantity::{Column, Digits, Quantity, Warning};
pub use table::{FORMAT, Table, VERSION, head, row_text};

/// The result of a measurement.
///
/// ```
/// use deepion_analysis::results::{Quantity, Results};
///
/// let mut results = Results::new("ion/transport", "lags");
/// results.setting("ions", 32);
/// results.headline(Quantity::new("D", "self-diffusion coefficient", 1.25e-5, "cm^2/s").with_error(Some(1e-6)), "");
/// results.warn("not_diffusive", "beta = 0.800 is not 1".into());
/// assert_eq!(results.value("D"), 1.25e-5);
/// assert_eq!(results.lines(), ["D = 1.250000e-5 +- 1.000e-6 cm^2/s", "WARNING: beta = 0.800 is not 1"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// `ion/transport`, ...
    pub style: &'static str,
    /// Which table of the style.
    pub table: &'static str,
    /// What was asked for.
    pub settings: Map<String, Value>,
    /// What was found.
    pub quantities: Vec<Quantity>,
    /// Lists that are neither quantities nor rows: peaks, Arrhenius lines.
    pub series: Map<String, Value>,
    /// What the user must know.
    pub warnings: Vec<Warning>,
    sentences: Vec<Sentence>,
}

/// A line for people.
#[derive(Clone, Debug, PartialEq)]
struct Sentence {
    text: String,
    /// Whether it is one of the few for the log.
    headline: bool,
}

impl Results {
    /// Nothing yet.
    #[must_use]
    pub fn new(style: &'static str, table: &'static str) -> Self {
        Self { style, table, ..Self::default() }
    }

    /// Adds a setting.
    pub fn setting(&mut self, name: &str, value: impl Serialize) {
        self.settings.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }

    /// Adds a list.
    pub fn list(&mut self, name: &str, value: impl Serialize) {
        self.series.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }

    /// Adds a quantity that has no sentence of its own.
    pub fn quantity(&mut self, quantity: Quantity) {
        self.quantities.push(quantity);
    }

    /// Adds a quantity with its sentence, which says `unknown_error` where the error is not known.
    pub fn say_quantity(&mut self, quantity: Quantity, unknown_error: &str) {
        self.say(format!("{} = {}", quantity.symbol, quantity.words(unknown_error)));
        self.quantities.push(quantity);
    }

    /// The same for one that belongs into the log.
    pub fn headline(&mut self, quantity: Quantity, unknown_error: &str) {
        self.say_quantity(quantity, unknown_error);
        self.for_the_log();
    }

    /// Adds a sentence.
    pub fn say(&mut self, text: String) {
        self.sentences.push(Sentence { text, headline: false });
    }

    /// The last sentence belongs into the log, too.
    pub fn for_the_log(&mut self) {
        if let Some(last) = self.sentences.last_mut() {
            last.headline = true;
        }
    }

    /// Adds a warning with its sentence.
    pub fn warn(&mut self, code: &'static str, text: String) {
        self.say(format!("WARNING: {text}"));
        self.for_the_log();
        self.warnings.push(Warning { code, text });
    }

    /// Warns where the measurement went on under another potential.
    pub fn warn_of_models(&mut self, models: &[ModelUse]) {
        if models.len() > 1 {
            let each: Vec<_> =
                models.iter().map(|used| format!("{} from step {}", named(&used.sha256), used.from_step)).collect();
            self.warn("several_models", format!("measured with more than one model: {}", each.join(", ")));
        }
    }

    /// A quantity by name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Quantity> {
        self.quantities.iter().find(|quantity| quantity.name == name)
    }

    /// Value of a quantity; 0 where it is not available.
    #[must_use]
    pub fn value(&self, name: &str) -> f64 {
        self.find(name).and_then(|quantity| quantity.value).unwrap_or(0.0)
    }

    /// Standard error of a quantity; 0 where it is not known.
    #[must_use]
    pub fn error(&self, name: &str) -> f64 {
        self.find(name).and_then(|quantity| quantity.error).unwrap_or(0.0)
    }

    /// All sentences.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.sentences.iter().map(|sentence| sentence.text.clone()).collect()
    }

    /// The sentences for the log.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        self.sentences.iter().filter(|sentence| sentence.headline).map(|sentence| sentence.text.clone()).collect()
    }
}
