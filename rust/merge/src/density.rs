// SPDX-License-Identifier: MIT
//! States of fix ion/density: the table, and the files that the fix writes, of all runs together.

use std::path::PathBuf;

use deepion_analysis::density::{Density, Evaluation, Volume};
use deepion_analysis::results::Table;
use deepion_analysis::{Accumulator as _, Error, Result, Save as _, files};

use crate::Arguments;
use crate::states::{State, about, check_output, style_of};

/// Files to be written, and what they hold.
pub struct Volumes(Vec<(Volume, PathBuf)>);

impl Volumes {
    /// Those of the options.
    ///
    /// # Errors
    /// Where states are of another style, or a file cannot be written.
    pub fn new(arguments: &Arguments, states: &[State]) -> Result<Self> {
        let Arguments { out, cube, energy, chgcar, .. } = arguments;
        let named = [
            ("--cube", Volume::Density, cube),
            ("--energy", Volume::Energy, energy),
            ("--chgcar", Volume::Chgcar, chgcar),
        ];
        let mut taken: Vec<PathBuf> = out.iter().map(|path| files::full_path(path)).collect();
        let mut volumes = Vec::new();
        for (option, volume, path) in named {
            let Some(path) = path else { continue };
            let style = style_of(states)?;
            if style != "ion/density" {
                return Err(Error::Settings(format!(
                    "{option} is for states of ion/density, and these are of {style}"
                )));
            }
            check_output(states, path)?;
            if taken.contains(&files::full_path(path)) {
                return Err(Error::Settings(format!(
                    "{} is to be written twice: give each file a name",
                    path.display()
                )));
            }
            taken.push(files::full_path(path));
            volumes.push((volume, path.clone()));
        }
        Ok(Self(volumes))
    }
}

/// The joined table; writes the files before. Atoms beside the density are those of the first state.
///
/// # Errors
/// Names the state that does not fit, or the file that cannot be written.
pub fn table(states: &[State], volumes: &Volumes, title: Option<&str>) -> Result<Table> {
    let cube = volumes.0.iter().find(|(volume, _)| *volume == Volume::Density);
    let cube = cube.map_or_else(String::new, |(_, path)| path.to_string_lossy().into_owned());
    let first = &states[0];
    let mut all = Density::open(&first.text, Evaluation { temperature: None, cube })
        .map_err(|error| about(&first.path, &error))?;
    for state in &states[1..] {
        all.join(&state.text).map_err(|error| about(&state.path, &error))?;
    }
    let provenance = &first.head.provenance;
    let title = title.unwrap_or(&provenance.title);
    let title = format!(
        "{title}{}fix ion/density {}, group {}, {} runs",
        if title.is_empty() { "" } else { ", " },
        provenance.id,
        provenance.group,
        states.len()
    );
    for (volume, path) in &volumes.0 {
        let file = all.file(*volume, &title)?;
        files::replace_by(path, |out| file.write(out))?;
    }
    all.table()
}
