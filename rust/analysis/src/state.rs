//! The frame around a saved state: which analysis, which version, which settings.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Error, Result};

/// Version of the layout of all saved states. Raise it when a field changes its meaning.
pub const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Head {
    deepion_state: String,
    version: u32,
    #[serde(default)]
    provenance: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Frame<L, T> {
    deepion_state: String,
    version: u32,
    /// Lines for people and for tables made from this state. They take no part in comparisons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    provenance: Vec<String>,
    layout: L,
    total: T,
}

/// A total and the settings it was made with, as JSON.
///
/// # Errors
/// Where a number cannot be written.
pub fn save<L: Serialize, T: Serialize>(analysis: &str, layout: &L, total: &T) -> Result<String> {
    let frame = Frame { deepion_state: analysis.to_owned(), version: VERSION, provenance: Vec::new(), layout, total };
    serde_json::to_string(&frame).map_err(|error| Error::State(format!("state of {analysis} cannot be saved: {error}")))
}

/// The same state with lines that say where it comes from.
///
/// # Errors
/// Where `text` is no saved state.
pub fn with_provenance(text: &str, provenance: &[String]) -> Result<String> {
    let mut frame: Frame<Box<RawValue>, Box<RawValue>> = serde_json::from_str(text).map_err(|e| not_a_state(&e))?;
    frame.provenance = provenance.to_vec();
    serde_json::to_string(&frame).map_err(|e| not_a_state(&e))
}

/// Where a saved state comes from, as [`with_provenance`] was told.
///
/// # Errors
/// Where `text` is no saved state.
pub fn provenance_of(text: &str) -> Result<Vec<String>> {
    Ok(serde_json::from_str::<Head>(text).map_err(|e| not_a_state(&e))?.provenance)
}

/// Settings and total of a saved state.
///
/// # Errors
/// Where `text` is no state of `analysis`, or one of another version.
pub fn load<L: DeserializeOwned, T: DeserializeOwned>(analysis: &str, text: &str) -> Result<(L, T)> {
    let broken = |error| Error::State(format!("saved state of {analysis} cannot be read: {error}"));
    let head: Head = serde_json::from_str(text).map_err(broken)?;
    if head.deepion_state != analysis {
        return Err(Error::State(format!("saved state is one of {}, not of {analysis}", head.deepion_state)));
    }
    if head.version != VERSION {
        return Err(Error::State(format!(
            "saved state of {analysis} has version {}, this deepion reads version {VERSION}: use the deepion that wrote it",
            head.version
        )));
    }
    let frame: Frame<L, T> = serde_json::from_str(text).map_err(broken)?;
    Ok((frame.layout, frame.total))
}

/// Which analysis a saved state belongs to.
///
/// # Errors
/// Where `text` is no saved state.
pub fn analysis_of(text: &str) -> Result<String> {
    Ok(serde_json::from_str::<Head>(text).map_err(|e| not_a_state(&e))?.deepion_state)
}

fn not_a_state(error: &serde_json::Error) -> Error {
    Error::State(format!("not a saved state of deepion, which is the file of keyword state of an ion/* fix: {error}"))
}

/// The total of a saved state that was made with the settings in use.
///
/// # Errors
/// As [`load`] and [`same_layout`].
pub fn resume<L, T>(analysis: &str, text: &str, here: &L) -> Result<T>
where
    L: Serialize + DeserializeOwned + PartialEq,
    T: DeserializeOwned,
{
    let (saved, total): (L, T) = load(analysis, text)?;
    same_layout(analysis, &saved, here)?;
    Ok(total)
}

/// A saved state whose total cannot belong to its own settings.
#[must_use]
pub fn damaged(analysis: &str) -> Error {
    Error::State(format!("saved state of {analysis} does not fit its own settings: it is damaged"))
}

/// Compares the settings of a saved state with the ones in use, setting by setting.
///
/// # Errors
/// Names every setting that differs, with both values.
pub fn same_layout<L: Serialize + PartialEq>(analysis: &str, saved: &L, here: &L) -> Result<()> {
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
        "saved state of {analysis} was made with other settings: {}: repeat the settings, or use another ID to begin anew",
        differences.join("; ")
    )))
}
