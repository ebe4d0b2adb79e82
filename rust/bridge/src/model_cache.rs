// SPDX-License-Identifier: MIT
//! Models that inputs name as DeePMD-kit's own files (`graph.pb`, `.pth`, `.dp`, ...): each is exported once, into a cache, where it is
//! found by the SHA-256 of its content. `scripts/deepion/cache.py` has the same rule for names, and the locks.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, PipeReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use deepion_potential::{Error, Result};
use sha2::{Digest as _, Sha256};

use crate::files::path_of;
use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// The exported form of a model file, which may have to be made first.
        type ExportedModel;
        /// Looks for the exported form of the file `path`, whose content is `bytes`; where the cache has none, an export begins.
        /// `plugin`: the folder of this plugin.
        fn find_exported(path: &[u8], bytes: &[u8], plugin: &[u8]) -> Result<Box<ExportedModel>>;
        /// Waits for the next line that the export has to say; empty: it is done, and the file is there.
        fn next_line(self: &mut ExportedModel) -> Result<String>;
        /// The file to open; empty: `path` is an exported file itself.
        fn file(self: &ExportedModel) -> Vec<u8>;
    }
}

/// In the last bytes of every exported file.
const MARK: &[u8] = b"deepion_sha256";
/// What `deepion export` begins an error with.
const FAILED: &str = "deepion export: ";
/// Variables that would make the export a process of this MPI job.
const MPI_VARIABLES: [&str; 6] = ["PMI", "OMPI_", "PRTE_", "HYDRA", "HYDI", "MPI_"];

/// What the environment says about the cache and the command that fills it.
#[derive(Clone)]
struct Surroundings {
    /// `DEEPION_CACHE` as it is set.
    chosen: Option<OsString>,
    /// Folder of the cache, none: unknown.
    folder: Option<PathBuf>,
    /// The command `deepion`, else why there is none.
    command: std::result::Result<PathBuf, String>,
}

struct ExportedModel {
    source: PathBuf,
    entry: PathBuf,
    export: Option<Export>,
}

fn find_exported(path: &[u8], bytes: &[u8], plugin: &[u8]) -> Result<Box<ExportedModel>> {
    guard_only(|| find(&path_of(path), bytes, || Surroundings::here(&path_of(plugin))).map(Box::new))
}

fn find(source: &Path, bytes: &[u8], surroundings: impl FnOnce() -> Surroundings) -> Result<ExportedModel> {
    let is_exported = bytes[bytes.len().saturating_sub(2 * MARK.len() + 128)..].windows(MARK.len()).any(|w| w == MARK);
    let named = source.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
    if is_exported || named {
        return Ok(ExportedModel { source: source.into(), entry: PathBuf::new(), export: None });
    }
    let here = surroundings();
    let Some(folder) = &here.folder else {
        return Err(Error::Model(format!(
            "model file {}: it has to be exported, but there is no home folder to keep the result in: name a folder with the \
             environment variable DEEPION_CACHE",
            source.display()
        )));
    };
    let entry = folder.join(format!("{:x}-{}.onnx", Sha256::digest(bytes), env!("CARGO_PKG_VERSION")));
    let missing = match state(&entry) {
        State::Intact => return Ok(ExportedModel { source: source.into(), entry, export: None }),
        State::Damaged => "is damaged in the cache",
        State::Absent => "is not in the cache yet",
    };
    let export = Export::begin(source, &entry, missing, &here)?;
    Ok(ExportedModel { source: source.into(), entry, export: Some(export) })
}

/// What is in the place of an entry of the cache.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Absent,
    /// A disk that was full, a copy that was cut off: the export replaces it.
    Damaged,
    /// Or it cannot be read, which whoever opens it says.
    Intact,
}

fn state(entry: &Path) -> State {
    match std::fs::read(entry) {
        Err(_) if !entry.exists() => State::Absent,
        Ok(bytes) if !deepion_onnx::intact(&bytes) => State::Damaged,
        _ => State::Intact,
    }
}

impl ExportedModel {
    fn file(&self) -> Vec<u8> {
        self.entry.as_os_str().as_bytes().to_vec()
    }

    fn next_line(&mut self) -> Result<String> {
        guard_only(|| {
            let Some(export) = &mut self.export else { return Ok(String::new()) };
            if let Some(line) = export.next_line() {
                return Ok(line);
            }
            let result = export.end(&self.source, &self.entry);
            let hint = format!("it has the full networks; {} adds faster ones where the model allows it", export.again);
            self.export = None;
            result.map(|()| hint)
        })
    }
}

impl Surroundings {
    fn here(plugin: &Path) -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let chosen = variable("DEEPION_CACHE");
        let caches = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = caches.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        let path = variable("PATH").unwrap_or_default();
        Self {
            folder: chosen.clone().map(PathBuf::from).or_else(|| caches.map(|caches| caches.join("deepion/models"))),
            command: command(variable("DEEPION_COMMAND"), plugin, &path),
            chosen,
        }
    }
}

/// The command `deepion`: the one that the package named; that of the checkout or the environment which the plugin lies in; one of
/// `PATH`.
fn command(named: Option<OsString>, plugin: &Path, path: &OsStr) -> std::result::Result<PathBuf, String> {
    let runs = |program: &PathBuf| {
        program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if let Some(named) = named {
        let named = PathBuf::from(named);
        let unusable = || format!("DEEPION_COMMAND names {}, which cannot be run", named.display());
        return if runs(&named) { Ok(named) } else { Err(unusable()) };
    }
    // build/ of a checkout; lib/pythonX/site-packages/deepion/plugin of an environment
    let beside = ["../.venv/bin/deepion", "../../../../../bin/deepion"].map(|place| plugin.join(place));
    let of_path = std::env::split_paths(path).map(|folder| folder.join("deepion"));
    beside.into_iter().chain(of_path).find(runs).ok_or_else(|| "the command deepion is not found".into())
}

/// A running `deepion export`.
struct Export {
    child: Child,
    output: BufReader<PipeReader>,
    /// What it says about a failure: from the line where an error begins, else the last line.
    error: Vec<String>,
    other: String,
    command: PathBuf,
    /// The command that fills the cache with all there is.
    again: String,
}

impl Export {
    /// The export writes the full networks alone, which takes a second: the other ranks wait, and choosing reduced networks would take
    /// minutes of all of them.
    fn begin(source: &Path, entry: &Path, missing: &str, here: &Surroundings) -> Result<Self> {
        let fail = |reason: String| {
            Error::Model(format!(
                "model file {}: it has to be exported to ONNX, and the result {missing} ({}), but {reason}: run where it can be \
                 done, such as on a login node: {}",
                source.display(),
                entry.display(),
                cache_command(source, here)
            ))
        };
        let command = here.command.as_ref().map_err(|reason| fail(reason.clone()))?;
        let cannot = |error: std::io::Error| fail(format!("{} cannot be run: {error}", command.display()));
        let (output, writer) = std::io::pipe().map_err(cannot)?;
        let mut call = Command::new(command);
        call.arg("export").arg(full(source)).args(["--cache", "--full-only"]).stdin(Stdio::null());
        call.stdout(writer.try_clone().map_err(cannot)?).stderr(writer);
        for (name, _) in std::env::vars_os() {
            if MPI_VARIABLES.iter().any(|start| name.as_bytes().starts_with(start.as_bytes())) {
                call.env_remove(name);
            }
        }
        let child = call.spawn().map_err(cannot)?;
        drop(call); // closes our end of the pipe for writing
        Ok(Self {
            child,
            output: BufReader::new(output),
            error: Vec::new(),
            other: String::new(),
            command: command.clone(),
            again: cache_command(source, here),
        })
    }

    /// The next line of progress, none: the output has ended.
    fn next_line(&mut self) -> Option<String> {
        const MOST: usize = 40;
        loop {
            let mut line = Vec::new();
            if !self.output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                return None;
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if !self.error.is_empty() || line.starts_with(FAILED) || line.starts_with("Traceback") {
                self.error.push(line);
                self.error.truncate(MOST);
            } else if line.starts_with('[') {
                return Some(line); // a stage, with its time; the summary at the end is the pair style's matter
            } else if !line.is_empty() {
                self.other = line;
            }
        }
    }

    /// Waits for the end, and sees whether the entry is there.
    fn end(&mut self, source: &Path, entry: &Path) -> Result<()> {
        let what = format!("model file {}: it could not be exported", source.display());
        let status = self.child.wait().map_err(|error| Error::Model(format!("{what}: {error}")))?;
        if !status.success() {
            let error = self.error.join("\n");
            let said = [error.strip_prefix(FAILED).unwrap_or(&error), &self.other].into_iter().find(|s| !s.is_empty());
            return Err(Error::Model(format!("{what}: {}", said.map_or_else(|| ended(status), Into::into))));
        }
        if state(entry) == State::Intact {
            return Ok(());
        }
        Err(Error::Model(format!(
            "{what}: {} did not write {}: it must be the command of deepion {} (DEEPION_COMMAND can name another one)",
            self.command.display(),
            entry.display(),
            env!("CARGO_PKG_VERSION")
        )))
    }
}

impl Drop for Export {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ended(status: ExitStatus) -> String {
    status.signal().map_or_else(
        || format!("deepion export ended with status {}", status.code().unwrap_or_default()),
        |signal| format!("deepion export was ended by signal {signal}"),
    )
}

/// The command for a shell that fills the cache, with reduced networks.
fn cache_command(source: &Path, here: &Surroundings) -> String {
    let cache = |folder: &OsString| format!("DEEPION_CACHE={} ", quoted(full(Path::new(folder)).as_os_str()));
    let chosen = here.chosen.as_ref().map_or(String::new(), cache);
    format!("{chosen}deepion export {} --cache", quoted(full(source).as_os_str()))
}

fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MODEL: &[u8] = b"some graph";
    const EXPORTED: &[u8] = include_bytes!("../../onnx/tests/data/fparam_aparam.onnx");
    const FILLS: &str = "cp $(dirname $0)/exported $(dirname $0)/cache/$(sha256sum < $2 | cut -c-64)-VERSION.onnx";

    /// A folder with a cache, a model, and a command `deepion` that is this shell script; $2 is the model.
    struct Place {
        folder: tempfile::TempDir,
        here: Surroundings,
    }

    impl Place {
        fn new(script: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            fs::write(path("graph.pb"), MODEL).unwrap();
            fs::create_dir(path("cache")).unwrap();
            fs::write(path("exported"), EXPORTED).unwrap();
            let script = script.replace("VERSION", env!("CARGO_PKG_VERSION"));
            fs::write(path("deepion"), format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(path("deepion"), fs::Permissions::from_mode(0o755)).unwrap();
            let here = Surroundings { chosen: None, folder: Some(path("cache")), command: Ok(path("deepion")) };
            Self { folder, here }
        }

        fn model(&self) -> PathBuf {
            self.folder.path().join("graph.pb")
        }

        fn entry(&self) -> PathBuf {
            let name = format!("{:x}-{}.onnx", Sha256::digest(MODEL), env!("CARGO_PKG_VERSION"));
            self.folder.path().join("cache").join(name)
        }

        /// Lines of progress and the file.
        fn run(&self) -> Result<(Vec<String>, PathBuf)> {
            let mut found = find(&self.model(), MODEL, || self.here.clone())?;
            let mut lines = Vec::new();
            loop {
                let line = found.next_line()?;
                if line.is_empty() {
                    return Ok((lines, OsStr::from_bytes(&found.file()).into()));
                }
                lines.push(line);
            }
        }

        fn error(&self) -> String {
            self.run().unwrap_err().to_string()
        }
    }

    #[test]
    fn exported_files_are_opened_as_they_are() {
        let never = || -> Surroundings { panic!("nobody asks") };
        let trailer = [b"....".as_slice(), MARK, &[b'0'; 66]].concat();
        for (name, bytes) in [("a.onnx", MODEL), ("a.ONNX", MODEL), ("graph.pb", &trailer), ("a.onnx", b"")] {
            let mut found = find(Path::new(name), bytes, never).unwrap();
            assert!(found.file().is_empty() && found.next_line().unwrap().is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_in_the_cache_needs_no_command() {
        let mut place = Place::new("exit 1");
        fs::write(place.entry(), EXPORTED).unwrap();
        place.here.command = Err("not found".into());
        let (lines, file) = place.run().unwrap();
        assert!(lines.is_empty());
        assert_eq!(file, place.entry());
    }

    #[test]
    fn missing_model_is_exported_and_its_progress_told() {
        let place = Place::new(&format!(
            "echo \"[   0 s] $1 $2 $3 $4\" >&2\necho 'wrote it'\ncat\nexport -p | grep -c PMI_RANK\n{FILLS}"
        ));
        let (lines, file) = place.run().unwrap();
        let model = place.model();
        assert_eq!(lines[0], format!("[   0 s] export {} --cache --full-only", model.display()));
        assert!(
            lines[1].starts_with(&format!("it has the full networks; deepion export {} --cache adds", model.display()))
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(file, place.entry());
    }

    #[test]
    fn damaged_entry_is_replaced_or_the_way_to_replace_it_named() {
        let mut place = Place::new(FILLS);
        for damaged in [&b""[..], b"damaged", &EXPORTED[..EXPORTED.len() - 1], &[EXPORTED, &[0]].concat()] {
            fs::write(place.entry(), damaged).unwrap();
            let (_, file) = place.run().unwrap();
            assert_eq!(fs::read(file).unwrap(), EXPORTED);
        }
        fs::write(place.entry(), "damaged").unwrap();
        place.here.command = Err("no command".into());
        let error = place.error();
        assert!(
            error.contains(&format!("the result is damaged in the cache ({})", place.entry().display())),
            "{error}"
        );
        assert!(error.ends_with(&format!(": deepion export {} --cache", place.model().display())), "{error}");
    }

    #[test]
    fn refusals_are_those_of_the_command() {
        let place = Place::new("echo 'deepion export: graph.pb: a spin model\n  use DeePMD-kit' >&2\nexit 1");
        let model = place.model();
        assert_eq!(
            place.error(),
            format!(
                "model file {}: it could not be exported: graph.pb: a spin model\n  use DeePMD-kit",
                model.display()
            )
        );
        let place = Place::new("kill -9 $$");
        assert!(place.error().ends_with("it could not be exported: deepion export was ended by signal 9"));
        let place = Place::new("exit 3");
        assert!(place.error().ends_with("it could not be exported: deepion export ended with status 3"));
        let place = Place::new("echo 'Traceback (most recent call last):\nOops: no' >&2; exit 1");
        assert!(place.error().ends_with("Traceback (most recent call last):\nOops: no"));
        let place = Place::new("echo '[ 0 s] begin'; echo 'no module named deepion' >&2; exit 1");
        assert!(place.error().ends_with("it could not be exported: no module named deepion"));
    }

    #[test]
    fn command_of_another_version_is_noticed() {
        let place = Place::new("exit 0");
        let error = place.error();
        let expected = format!("deepion did not write {}: it must be the command of deepion ", place.entry().display());
        assert!(error.contains(&expected), "{error}");
    }

    #[test]
    fn without_command_the_way_out_is_named() {
        let mut place = Place::new("");
        place.here.command = command(None, Path::new("/none"), OsStr::new(""));
        place.here.chosen = Some("/a b".into());
        let error = place.error();
        assert!(error.contains(&format!("not in the cache yet ({})", place.entry().display())), "{error}");
        let command = format!("DEEPION_CACHE='/a b' deepion export {} --cache", place.model().display());
        assert!(error.contains("the command deepion is not found") && error.ends_with(&command), "{error}");
        place.here.folder = None;
        assert!(place.error().contains("name a folder with the environment variable DEEPION_CACHE"));
        place.here.folder = Some("/nowhere".into());
        place.here.command = Ok(place.model());
        assert!(place.error().contains("graph.pb cannot be run: "));
    }

    #[test]
    fn an_export_that_nobody_waits_for_is_ended() {
        let place = Place::new("echo '[ 1 s] begin'; exec sleep 1000");
        let mut found = find(&place.model(), MODEL, || place.here.clone()).unwrap();
        assert_eq!(found.next_line().unwrap(), "[ 1 s] begin");
        let process = found.export.as_ref().unwrap().child.id();
        drop(found);
        assert!(!Path::new(&format!("/proc/{process}")).exists());
    }

    #[test]
    fn command_is_looked_for_in_order() {
        let place = Place::new("");
        let folder = place.folder.path();
        let program = folder.join("deepion");
        assert_eq!(command(None, Path::new("/none"), folder.as_os_str()), Ok(program.clone()));
        let unusable = Err("DEEPION_COMMAND names /none, which cannot be run".into());
        assert_eq!(command(Some("/none".into()), Path::new("/none"), folder.as_os_str()), unusable);
        assert_eq!(command(Some(program.clone().into()), Path::new("/none"), OsStr::new("")), Ok(program));
        let own = folder.join("env/bin");
        fs::create_dir_all(&own).unwrap();
        fs::copy(folder.join("deepion"), own.join("deepion")).unwrap();
        let plugin = folder.join("env/lib/python3/site-packages/deepion/plugin");
        fs::create_dir_all(&plugin).unwrap();
        let found = command(None, &plugin, folder.as_os_str()).unwrap();
        assert_eq!(found.canonicalize().unwrap(), own.join("deepion").canonicalize().unwrap());
    }

    #[test]
    fn words_of_commands_can_be_copied() {
        assert_eq!(quoted(OsStr::new("/a/b-1.pb")), "/a/b-1.pb");
        assert_eq!(quoted(OsStr::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(OsStr::new("")), "''");
    }
}
