// SPDX-License-Identifier: MIT
//! Saved states: which measurement, which version, which settings, where from, the total.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::results::{ModelUse, Provenance};
use crate::{Error, Result};

/// Version of the layout of all saved states. Raise it when a field changes its meaning.
pub const VERSION: u32 = 1;
/// Bytes of a state at most: LAMMPS stores its size in a restart file as a 32-bit integer, together with a few other bytes.
const MOST_BYTES: usize = i32::MAX as usize - 4096;

/// What a saved state says of itself, whatever its measurement is.
#[derive(Debug, Deserialize)]
pub struct Head {
    /// Style of the measurement.
    #[serde(rename = "deepion_state")]
    pub style: String,
    version: u32,
    /// Where it comes from; empty in states of restart files.
    #[serde(default, deserialize_with = "lenient")]
    pub provenance: Provenance,
    /// Potentials it was measured with.
    #[serde(default)]
    pub models: Vec<ModelUse>,
}

/// States of deepion before 0.1.0 hold lines of text there.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Provenance, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        // first: a structure may be written as a list, too
        Lines(Vec<String>),
        Data(Provenance),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Data(provenance) => provenance,
        Either::Lines(notes) => Provenance { notes, ..Provenance::default() },
    })
}

/// A saved state.
#[derive(Serialize, Deserialize)]
pub struct Saved<L, T> {
    deepion_state: String,
    version: u32,
    /// It takes no part in comparisons.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "lenient")]
    pub provenance: Provenance,
    /// Potentials it was measured with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelUse>,
    /// Settings.
    pub layout: L,
    /// Sums.
    pub total: T,
}

fn is_default(provenance: &Provenance) -> bool {
    *provenance == Provenance::default()
}

/// A total and the settings it was made with, as JSON.
///
/// # Errors
/// Where a number cannot be written, or the text is too long for a restart file.
pub fn save<L: Serialize, T: Serialize>(
    style: &str,
    layout: &L,
    total: &T,
    models: &[ModelUse],
    provenance: &Provenance,
) -> Result<String> {
    let saved = Saved {
        deepion_state: style.to_owned(),
        version: VERSION,
        provenance: provenance.clone(),
        models: models.to_vec(),
        layout,
        total,
    };
    let text = serde_json::to_string(&saved)
        .map_err(|error| Error::State(format!("state of {style} cannot be saved: {error}")))?;
    check_size(style, text.len())?;
    Ok(text)
}

fn check_size(style: &str, bytes: usize) -> Result<()> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(Error::State(format!(
        "state of {style} has {bytes} bytes, and a restart file holds {MOST_BYTES} at most: use fewer lags, cut-offs or species"
    )))
}

/// Style, provenance and models of a saved state.
///
/// # Errors
/// Where `text` is no saved state.
pub fn head(text: &str) -> Result<Head> {
    serde_json::from_str(text).map_err(|error| {
        Error::State(format!(
            "not a saved state of deepion, which is the file of keyword state of an ion/* fix: {error}"
        ))
    })
}

/// A saved state of `style`.
///
/// # Errors
/// Where `text` is no state of `style`, or one of another version.
pub fn load<L: DeserializeOwned, T: DeserializeOwned>(style: &str, text: &str) -> Result<Saved<L, T>> {
    let broken = |error| Error::State(format!("saved state of {style} cannot be read: {error}"));
    let head: Head = serde_json::from_str(text).map_err(broken)?;
    if head.style != style {
        return Err(Error::State(format!("saved state is one of {}, not of {style}", head.style)));
    }
    if head.version != VERSION {
        return Err(Error::State(format!(
            "saved state of {style} has version {}, this deepion reads version {VERSION}: use the deepion that wrote it",
            head.version
        )));
    }
    serde_json::from_str(text).map_err(broken)
}

/// A saved state whose total cannot belong to its own settings.
#[must_use]
pub fn damaged(style: &str) -> Error {
    Error::State(format!("saved state of {style} does not fit its own settings: it is damaged"))
}

/// Compares the settings of a saved state with the ones in use, setting by setting.
///
/// # Errors
/// Names every setting that differs, with both values.
pub fn same_layout<L: Serialize + PartialEq>(style: &str, saved: &L, here: &L) -> Result<()> {
    if saved == here {
        return Ok(());
    }
    let object = |layout: &L| serde_json::to_value(layout).unwrap_or_default();
    let (saved, here) = (object(saved), object(here));
    let mut differences = Vec::new();
    if let (Some(saved), Some(here)) = (saved.as_object(), here.as_object()) {
        for (name, value) in saved {
            let now = here.get(name).cloned().unwrap_or_default();
            if *value != now {
                differences.push(format!("{name} was {value}, is {now}"));
            }
        }
    }
    Err(Error::State(format!(
        "saved state of {style} was made with other settings: {}: repeat the settings, or use another ID to start a new measurement",
        differences.join("; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_of_a_restart_file_is_a_limit() {
        assert!(check_size("ion/vdos", MOST_BYTES).is_ok());
        let error = check_size("ion/vdos", i32::MAX as usize).unwrap_err().to_string();
        assert!(error.contains("has 2147483647 bytes"), "{error}");
    }

    #[test]
    fn lines_of_older_states_are_notes() {
        let text = r#"{"deepion_state":"x","version":1,"provenance":["one","two"],"layout":1,"total":2}"#;
        let head = head(text).unwrap();
        assert_eq!((head.provenance.notes.len(), head.models.len()), (2, 0));
        let saved: Saved<u32, u32> = load("x", text).unwrap();
        assert_eq!((saved.layout, saved.total), (1, 2));
    }
}
