//! The folder: export files that grow by whole lines, and the checkpoint that tells what they belong to.
//!
//! The export files are their own journal: a line names the call it answers and says whether the list ended
//! with it. `checkpoint.json` tells which tenant and services they belong to and whether the run ended. After a
//! kill, a torn last line is cut off and everything before it is used.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::time::Instant;

use crate::cloud::Endpoints;

/// What the first member of each line says.
pub const LINE_FORMAT: &str = "recorded-response/1";
const CHECKPOINT_FORMAT: &str = "collect-checkpoint/1";
const EVIDENCE_FORMAT: &str = "evidence/1";
const CHECKPOINT: &str = "checkpoint.json";
const EVIDENCE: &str = "evidence.ndjson";
const LOCK: &str = "collect.lock";
/// Longer lines than any response may give; a file that holds one was not written by this program.
const LONGEST_LINE: u64 = 512 << 20;
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Why the folder cannot be used. Nothing in it was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The system refused to read or write.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another collection writes into the folder.
    #[error("another collection is writing to `{}`; wait for it, or choose another folder", .0.display())]
    Busy(PathBuf),
    /// Export files without a checkpoint.
    #[error("`{}` holds export files but no checkpoint; choose an empty folder, or start over with `--fresh`", .0.display())]
    NoCheckpoint(PathBuf),
    /// The checkpoint cannot be read.
    #[error("the checkpoint in `{}` cannot be read ({reason}); start over with `--fresh`", folder.display())]
    DamagedCheckpoint {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The folder belongs to another tenant, cloud or service.
    #[error("`{}` was collected from {found}, not from {wanted}; choose another folder, or start over with `--fresh`", folder.display())]
    OtherSource {
        /// The folder.
        folder: PathBuf,
        /// What the checkpoint says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}

/// What a folder is a collection of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) endpoints: Endpoints,
    pub(crate) tenant: Option<String>,
}

impl Source {
    fn describe(&self) -> String {
        let tenant =
            self.tenant.as_deref().map(|tenant| format!(" of tenant `{tenant}`")).unwrap_or_default();
        format!("`{}` and `{}`{tenant}", self.endpoints.arm, self.endpoints.graph)
    }
}

#[derive(Serialize, Deserialize)]
struct Checkpoint {
    azimuth: String,
    #[serde(flatten)]
    source: Source,
    started: Timestamp,
    saved: Timestamp,
    finished: bool,
}

/// One line as it is read back.
#[derive(Deserialize)]
pub(crate) struct RecordedLine<'a> {
    azimuth: String,
    pub(crate) call: String,
    pub(crate) status: u16,
    pub(crate) time: Timestamp,
    pub(crate) r#final: bool,
    #[serde(borrow)]
    pub(crate) body: &'a RawValue,
}

/// One line as it is written.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) azimuth: &'static str,
    pub(crate) call: &'a str,
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<&'a RawValue>,
    pub(crate) status: u16,
    pub(crate) time: Timestamp,
    pub(crate) r#final: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<Proof>,
    pub(crate) body: &'a RawValue,
}

/// That all objects of a type at (and, unless `reach` is `here`, below) a scope are in the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// `Microsoft.Security/pricings`, `graph:/users` …
    pub r#type: String,
    /// An ARM scope, or `/`.
    pub scope: String,
    /// `here` when nothing is said of what is below the scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<&'static str>,
}

/// The open folder.
pub(crate) struct Output {
    folder: PathBuf,
    source: Source,
    started: Timestamp,
    files: BTreeMap<String, Export>,
    last_save: Instant,
    _lock: Lock,
}

/// An export file of this run.
struct Export {
    file: File,
    /// Whether lines were added since the last checkpoint.
    grown: bool,
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutputError {
    let path = path.to_owned();
    move |source| OutputError::Io { doing, path, source }
}

impl Output {
    /// Opens `folder`, creating it if need be, and calls `replay` with every line that an earlier, unfinished
    /// run left. `fresh` removes what earlier runs wrote.
    pub(crate) fn open(
        folder: &Path,
        source: &Source,
        now: Timestamp,
        fresh: bool,
        replay: &mut dyn FnMut(RecordedLine<'_>),
    ) -> Result<Self, OutputError> {
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        let lock = lock(folder)?;
        if fresh {
            remove_earlier(folder)?;
        }
        let checkpoint = read_checkpoint(folder)?;
        let names = export_files(folder)?;
        let started = match &checkpoint {
            None if names.is_empty() => now,
            None => return Err(OutputError::NoCheckpoint(folder.to_owned())),
            Some(found) if found.source != *source => {
                return Err(OutputError::OtherSource {
                    folder: folder.to_owned(),
                    found: found.source.describe(),
                    wanted: source.describe(),
                });
            }
            Some(found) => found.started,
        };
        let mut output = Self {
            folder: folder.to_owned(),
            source: source.clone(),
            started,
            files: BTreeMap::new(),
            last_save: Instant::now(),
            _lock: lock,
        };
        for name in names {
            output.take_up(&name, replay)?;
        }
        let evidence = folder.join(EVIDENCE);
        if evidence.exists() {
            // It speaks of a whole run; the run that now begins writes its own.
            fs::remove_file(&evidence).map_err(io_error("remove", &evidence))?;
        }
        output.save(now, false)?;
        Ok(output)
    }

    /// Appends one whole line to `{file}.ndjson`.
    pub(crate) fn append(&mut self, file: &str, line: &Line<'_>) -> Result<u64, OutputError> {
        let name = format!("{file}.ndjson");
        let path = self.folder.join(&name);
        if !self.files.contains_key(&name) {
            let opened = OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)
                .map_err(io_error("create", &path))?;
            self.files.insert(name.clone(), Export { file: opened, grown: false });
        }
        let export = self.files.get_mut(&name).expect("the file was opened above");
        let mut text = serde_json::to_vec(line).expect("lines hold nothing that JSON cannot");
        text.push(b'\n');
        export.file.write_all(&text).map_err(io_error("write", &path))?;
        export.grown = true;
        Ok(text.len() as u64)
    }

    /// Saves the checkpoint if the last one is old enough.
    pub(crate) fn save_if_due(&mut self, now: Timestamp) -> Result<(), OutputError> {
        if self.last_save.elapsed() >= SAVE_EVERY { self.save(now, false) } else { Ok(()) }
    }

    /// Brings all lines to disk, then the checkpoint.
    pub(crate) fn save(&mut self, now: Timestamp, finished: bool) -> Result<(), OutputError> {
        for (name, export) in &mut self.files {
            if std::mem::take(&mut export.grown) {
                export.file.sync_data().map_err(io_error("write", &self.folder.join(name)))?;
            }
        }
        let checkpoint = Checkpoint {
            azimuth: CHECKPOINT_FORMAT.to_owned(),
            source: self.source.clone(),
            started: self.started,
            saved: now,
            finished,
        };
        let text = serde_json::to_vec_pretty(&checkpoint).expect("checkpoints are plain data");
        replace(&self.folder.join(CHECKPOINT), &text)?;
        self.last_save = Instant::now();
        Ok(())
    }

    /// Writes the evidence that follows from the run, in manifests of a thousand statements a line.
    pub(crate) fn write_evidence(&self, proofs: &[Proof], now: Timestamp) -> Result<(), OutputError> {
        #[derive(Serialize)]
        struct Manifest<'a> {
            azimuth: &'static str,
            complete: Vec<Statement<'a>>,
        }
        #[derive(Serialize)]
        struct Statement<'a> {
            #[serde(flatten)]
            proof: &'a Proof,
            time: Timestamp,
            source: &'static str,
        }
        if proofs.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for chunk in proofs.chunks(1_000) {
            let statement = |proof| Statement { proof, time: now, source: "azimuth collect" };
            let complete = chunk.iter().map(statement).collect();
            serde_json::to_writer(&mut text, &Manifest { azimuth: EVIDENCE_FORMAT, complete })
                .expect("evidence is plain data");
            text.push(b'\n');
        }
        replace(&self.folder.join(EVIDENCE), &text)
    }

    /// Opens a file of an earlier run, replays its lines and cuts off what is torn.
    fn take_up(&mut self, name: &str, replay: &mut dyn FnMut(RecordedLine<'_>)) -> Result<(), OutputError> {
        let path = self.folder.join(name);
        let mut file =
            OpenOptions::new().read(true).write(true).open(&path).map_err(io_error("open", &path))?;
        let mut whole = 0_u64;
        let mut reader = BufReader::with_capacity(1 << 20, &mut file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut reader)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
                .map_err(io_error("read", &path))?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            match serde_json::from_slice::<RecordedLine<'_>>(text) {
                Ok(recorded) if recorded.azimuth == LINE_FORMAT => replay(recorded),
                _ => break,
            }
            whole += read as u64;
        }
        drop(reader);
        file.set_len(whole).map_err(io_error("shorten", &path))?;
        file.seek(SeekFrom::End(0)).map_err(io_error("open", &path))?;
        self.files.insert(name.to_owned(), Export { file, grown: false });
        Ok(())
    }
}

/// Keeps other collections out of a folder.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would leave the lock with a child process that was forked a moment ago.
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<Lock, OutputError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io_error("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(OutputError::Busy(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
    }
}

fn read_checkpoint(folder: &Path) -> Result<Option<Checkpoint>, OutputError> {
    let path = folder.join(CHECKPOINT);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", &path)(error)),
    };
    let damaged = |reason: String| OutputError::DamagedCheckpoint { folder: folder.to_owned(), reason };
    let checkpoint: Checkpoint = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if checkpoint.azimuth != CHECKPOINT_FORMAT {
        return Err(damaged(format!("its format is `{}`", checkpoint.azimuth)));
    }
    Ok(Some(checkpoint))
}

/// The names of the export files in the folder, in order.
fn export_files(folder: &Path) -> Result<Vec<String>, OutputError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error("read", folder))? {
        let entry = entry.map_err(io_error("read", folder))?;
        if let Ok(name) = entry.file_name().into_string()
            && name.ends_with(".ndjson")
            && (name.starts_with("arm-") || name.starts_with("graph-"))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn remove_earlier(folder: &Path) -> Result<(), OutputError> {
    // The checkpoint goes last: until then a run that is cut short here is still told to start over.
    let mut names = export_files(folder)?;
    names.extend([EVIDENCE.to_owned(), CHECKPOINT.to_owned()]);
    for name in names {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Replaces a file so that at any moment the old or the new one is there whole.
fn replace(path: &Path, text: &[u8]) -> Result<(), OutputError> {
    let temporary = path.with_extension("tmp");
    let write = || -> io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(io_error("write", path))
}
