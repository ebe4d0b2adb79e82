// SPDX-License-Identifier: MIT
//! The parts of a result: quantities, warnings and columns.

use serde::Serialize;

/// How a quantity is written for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// `1.234567e-5 +- 1.2e-6`
    #[default]
    Scientific,
    /// `4.123456 +- 1.23e-2`
    Fixed,
    /// As few digits as tell the number.
    Shortest,
}

/// A named number with its standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// An identifier that is unique among the quantities of one result: `D`, `S_vib_Li`.
    pub name: String,
    /// What it is, for people.
    pub label: String,
    /// What stands before `=` in its sentence.
    #[serde(skip)]
    pub symbol: String,
    /// `None`: not available, for example because there is no window for a fit yet.
    pub value: Option<f64>,
    /// Standard error. `None`: not known.
    pub error: Option<f64>,
    /// Empty for plain numbers.
    pub unit: String,
    /// What it belongs to, where there are several of the kind: a species, a cut-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How it is written for people.
    #[serde(skip)]
    pub digits: Digits,
}

impl Quantity {
    /// A number without an error.
    #[must_use]
    pub fn new(name: &str, label: &str, value: f64, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            symbol: name.to_owned(),
            value: Some(value),
            error: None,
            unit: unit.to_owned(),
            of: None,
            digits: Digits::Scientific,
        }
    }

    /// With a standard error, where it is known.
    #[must_use]
    pub fn with_error(mut self, error: Option<f64>) -> Self {
        self.error = error;
        self
    }

    /// Without a value where `available` is false.
    #[must_use]
    pub fn only_if(mut self, available: bool) -> Self {
        if !available {
            (self.value, self.error) = (None, None);
        }
        self
    }

    /// Of one species, cut-off, ...: its name is put behind that of the quantity.
    #[must_use]
    pub fn of(mut self, of: &str) -> Self {
        self.name = format!("{}_{of}", self.name);
        self.of = Some(of.to_owned());
        self
    }

    /// Called so in its sentence.
    #[must_use]
    pub fn symbol(mut self, symbol: &str) -> Self {
        symbol.clone_into(&mut self.symbol);
        self
    }

    /// Written for people in another way.
    #[must_use]
    pub fn digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// `1.2e-5 +- 1e-6 cm^2/s`; `unknown_error` where the error is not known.
    #[must_use]
    pub fn words(&self, unknown_error: &str) -> String {
        let Some(value) = self.value else { return "not available".into() };
        let value = match self.digits {
            Digits::Scientific => format!("{value:.6e}"),
            Digits::Fixed => format!("{value:.6}"),
            Digits::Shortest => value.to_string(),
        };
        let error = match (self.error, self.digits) {
            (Some(error), Digits::Scientific) => format!("+- {error:.3e}"),
            (Some(error), _) => format!("+- {error:.2e}"),
            (None, _) => unknown_error.to_owned(),
        };
        let words = [value.as_str(), &error, &self.unit];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Something the user must know to read the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// For programs: stays the same when the text is improved.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Without blanks: `msd_A^2`; of a standard error `msd_se_A^2`.
    pub name: String,
    /// Without the unit: `msd`.
    pub quantity: String,
    /// Empty for plain numbers.
    pub unit: String,
    /// What it is, for people.
    pub meaning: String,
    /// Name of the column that it is the standard error of.
    pub error_of: Option<String>,
}

impl Column {
    /// A column of values.
    #[must_use]
    pub fn new(quantity: &str, unit: &str, meaning: &str) -> Self {
        Self {
            name: joined(quantity, unit),
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            meaning: meaning.to_owned(),
            error_of: None,
        }
    }

    /// The column of the standard errors of [`Column::new`] with the same quantity and unit.
    #[must_use]
    pub fn error(quantity: &str, unit: &str) -> Self {
        let of = joined(quantity, unit);
        Self {
            name: joined(&format!("{quantity}_se"), unit),
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            meaning: format!("standard error of {of}; 0: not known"),
            error_of: Some(of),
        }
    }
}

fn joined(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name}_{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_in_words() {
        let d = Quantity::new("D", "D", 1.25e-5, "cm^2/s");
        assert_eq!(d.words("(error not known)"), "1.250000e-5 (error not known) cm^2/s");
        assert_eq!(d.clone().with_error(Some(1e-6)).words(""), "1.250000e-5 +- 1.000e-6 cm^2/s");
        assert_eq!(d.only_if(false).words(""), "not available");
        let mean = Quantity::new("mean_n", "mean n", 4.5, "").of("2.5").digits(Digits::Fixed);
        assert_eq!((mean.name.as_str(), mean.words("")), ("mean_n_2.5", "4.500000".to_owned()));
    }

    #[test]
    fn columns_of_values_and_errors() {
        let (value, error) = (Column::new("D", "cm^2/s", "diffusion"), Column::error("D", "cm^2/s"));
        assert_eq!((value.name.as_str(), error.name.as_str()), ("D_cm^2/s", "D_se_cm^2/s"));
        assert_eq!(error.error_of.as_ref(), Some(&value.name));
        assert_eq!(Column::error("haven", "").name, "haven_se");
    }
}
