//! The log: which commits and checkpoints there are, and what files a version has.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Field;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::action::{Action, Add, Metadata, Protocol};
use super::{DeltaError, DeltaVersion, ticks, types};

/// Bytes of one entry of the log.
const MAX_LINE: u64 = 64 << 20;
/// Files of a version.
const MAX_FILES: usize = 20_000_000;
/// Features that a reader may ignore, or that are done: a table may ask for them.
const FEATURES: &[&str] = &["timestampNtz", "vacuumProtocolCheck", "deletionVectors", "columnMapping"];

/// A version of a table.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) version: u64,
    /// The columns, in their order
    pub(super) fields: Vec<Field>,
    /// The columns that are in no file
    pub(super) partition_columns: Vec<String>,
    /// The files, sorted by path
    pub(super) files: Vec<Add>,
}

/// The files of the log.
#[derive(Debug, Default)]
struct Listing {
    commits: BTreeMap<u64, PathBuf>,
    /// The parts of each checkpoint, by number, and how many there have to be
    checkpoints: BTreeMap<u64, Checkpoint>,
}

#[derive(Debug, Default)]
struct Checkpoint {
    whole: Option<PathBuf>,
    /// By the number of parts of one writing, its parts
    parts: BTreeMap<u32, BTreeMap<u32, PathBuf>>,
}

impl Checkpoint {
    /// The files of the checkpoint, if all of them are there.
    fn files(&self) -> Option<Vec<&PathBuf>> {
        if let Some(whole) = &self.whole {
            return Some(vec![whole]);
        }
        let complete = self.parts.iter().find(|(count, parts)| parts.len() == **count as usize);
        complete.map(|(_, parts)| parts.values().collect())
    }
}

/// Opens a version of the table in a folder.
pub(super) fn open(table: &Path, wanted: DeltaVersion) -> Result<Snapshot, DeltaError> {
    let listing = list(table)?;
    let version = version(&listing, wanted)?;
    let mut state = State::default();
    // The last whole checkpoint up to the version, then the commits behind it.
    let checkpoint = listing
        .checkpoints
        .range(..=version)
        .rev()
        .find_map(|(at, checkpoint)| checkpoint.files().map(|files| (*at, files)));
    let mut next = 0;
    if let Some((at, files)) = checkpoint {
        for file in files {
            read_checkpoint(file, &mut state)?;
        }
        next = at + 1;
    }
    for number in next..=version {
        let Some(commit) = listing.commits.get(&number) else {
            return Err(DeltaError::BadLog {
                file: table.join("_delta_log"),
                why: format!("the commit of version {number} is missing, and no checkpoint has it"),
            });
        };
        read_commit(commit, &mut |action| state.apply(action, commit))?;
    }
    state.snapshot(version, table)
}

fn list(table: &Path) -> Result<Listing, DeltaError> {
    let folder = table.join("_delta_log");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(DeltaError::NotATable(table.to_owned()));
        }
        Err(error) => return Err(DeltaError::Io(folder, error)),
    };
    let mut listing = Listing::default();
    for entry in entries {
        let path = entry.map_err(|error| DeltaError::Io(folder.clone(), error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let parts: Vec<&str> = name.split('.').collect();
        let Some(version) = number(parts[0], 20) else { continue };
        match parts[1..] {
            ["json"] => {
                listing.commits.insert(version, path);
            }
            ["checkpoint", "parquet"] => {
                listing.checkpoints.entry(version).or_default().whole = Some(path);
            }
            ["checkpoint", part, of, "parquet"] => {
                if let (Some(part), Some(of)) = (number(part, 10), number(of, 10))
                    && let (Ok(part), Ok(of)) = (u32::try_from(part), u32::try_from(of))
                {
                    let parts = &mut listing.checkpoints.entry(version).or_default().parts;
                    parts.entry(of).or_default().insert(part, path);
                }
            }
            // Checkpoints of the second form belong to a feature that is refused; what else lies there is not the log.
            _ => {}
        }
    }
    if listing.commits.is_empty() && listing.checkpoints.is_empty() {
        return Err(DeltaError::NotATable(table.to_owned()));
    }
    Ok(listing)
}

/// A number of so many digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn version(listing: &Listing, wanted: DeltaVersion) -> Result<u64, DeltaError> {
    let whole = listing.checkpoints.iter().filter(|(_, checkpoint)| checkpoint.files().is_some());
    let first = match listing.commits.first_key_value() {
        Some((0, _)) => Some(0),
        _ => whole.clone().map(|(at, _)| *at).min(),
    };
    let last = listing.commits.keys().chain(whole.map(|(at, _)| at)).copied().max();
    let known = first.zip(last);
    let missing = |wanted: String| DeltaError::NoVersion { wanted, known };
    match wanted {
        DeltaVersion::Latest => last.ok_or_else(|| missing("version".to_owned())),
        DeltaVersion::Version(number) => match known {
            Some((first, last)) if (first..=last).contains(&number) => Ok(number),
            _ => Err(missing(format!("version {number}"))),
        },
        DeltaVersion::Timestamp(moment) => {
            let mut found = None;
            for (number, commit) in &listing.commits {
                if time_of(commit)? <= moment {
                    found = Some(*number);
                }
            }
            let found = found.filter(|number| first.is_some_and(|first| first <= *number));
            let moment = azimuth_values::text::to_string(&azimuth_values::Value::DateTime(moment));
            found.ok_or_else(|| missing(format!("version at {moment}")))
        }
    }
}

/// When a commit was made: the time it tells itself, if it is one of those that do, or that of its file.
fn time_of(commit: &Path) -> Result<i64, DeltaError> {
    let mut told = None;
    read_commit(commit, &mut |action| {
        if let Some(info) = action.commit_info {
            told = told.or(info.in_commit_timestamp);
        }
        Ok(())
    })?;
    if let Some(millis) = told {
        return Ok(ticks(millis));
    }
    let failed = |error| DeltaError::Io(commit.to_owned(), error);
    let modified = std::fs::metadata(commit).and_then(|found| found.modified()).map_err(failed)?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(ticks(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

fn read_commit(
    commit: &Path,
    each: &mut dyn FnMut(Action) -> Result<(), DeltaError>,
) -> Result<(), DeltaError> {
    let failed = |error| DeltaError::Io(commit.to_owned(), error);
    let mut lines = BufReader::new(File::open(commit).map_err(failed)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line).map_err(failed)?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let bad = |why: String| DeltaError::BadLog {
            file: commit.to_owned(),
            why: format!("line {number}: {why}"),
        };
        if read as u64 == MAX_LINE {
            return Err(bad(format!("it is longer than {} MB", MAX_LINE >> 20)));
        }
        let action = serde_json::from_slice(&line).map_err(|error| bad(format!("not an entry ({error})")))?;
        each(action)?;
    }
    Ok(())
}

fn read_checkpoint(path: &Path, state: &mut State) -> Result<(), DeltaError> {
    let bad = |why: String| DeltaError::BadLog { file: path.to_owned(), why };
    let file = File::open(path).map_err(|error| DeltaError::Io(path.to_owned(), error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| bad(format!("not a checkpoint ({error})")))?;
    // Columns whose nested ones are not read here would only take time.
    let wanted = |name: &str| matches!(name, "add" | "metaData" | "protocol");
    let leaves = builder.parquet_schema().columns().iter().enumerate().filter_map(|(place, leaf)| {
        let path = leaf.path().parts();
        let is_read = wanted(path.first()?) && !path.get(1).is_some_and(|part| part.ends_with("_parsed"));
        is_read.then_some(place)
    });
    let mask = ProjectionMask::leaves(builder.parquet_schema(), leaves.collect::<Vec<_>>());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(1024)
        .build()
        .map_err(|error| bad(format!("not a checkpoint ({error})")))?;
    for batch in reader {
        let batch = batch.map_err(|error| bad(format!("not a checkpoint ({error})")))?;
        for action in actions(&batch).map_err(bad)? {
            state.apply(action, path)?;
        }
    }
    Ok(())
}

/// The rows of a checkpoint: as JSON they are what commits have.
fn actions(batch: &RecordBatch) -> Result<Vec<Action>, String> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    let written = writer.into_inner();
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).map_err(|error| format!("not an entry ({error})")))
        .collect()
}

/// What the entries so far come to.
#[derive(Default)]
struct State {
    files: HashMap<String, Add>,
    metadata: Option<Metadata>,
    protocol: Option<Protocol>,
}

impl State {
    fn apply(&mut self, action: Action, file: &Path) -> Result<(), DeltaError> {
        if let Some(add) = action.add {
            self.files.insert(add.path.clone(), add);
            if self.files.len() > MAX_FILES {
                let why = format!("more than {MAX_FILES} files");
                return Err(DeltaError::BadLog { file: file.to_owned(), why });
            }
        }
        if let Some(remove) = action.remove {
            self.files.remove(&remove.path);
        }
        self.metadata = action.meta_data.or(self.metadata.take());
        self.protocol = action.protocol.or(self.protocol.take());
        Ok(())
    }

    fn snapshot(self, version: u64, table: &Path) -> Result<Snapshot, DeltaError> {
        let bad = |why: &str| DeltaError::BadLog { file: table.join("_delta_log"), why: why.to_owned() };
        let protocol = self.protocol.ok_or_else(|| bad("no entry tells the protocol"))?;
        let metadata = self.metadata.ok_or_else(|| bad("no entry tells the schema"))?;
        supported(&protocol, &metadata)?;
        let fields = types::fields(&metadata.schema_string).map_err(|why| match why {
            types::BadSchema::Unsupported(what) => DeltaError::Unsupported(what),
            types::BadSchema::Wrong(why) => bad(&why),
        })?;
        for partition in &metadata.partition_columns {
            if !fields.iter().any(|field| field.name() == partition) {
                return Err(bad(&format!("the partition column `{partition}` is not in the schema")));
            }
        }
        let mut files: Vec<Add> = self.files.into_values().collect();
        if files.iter().any(|file| file.deletion_vector.is_some()) {
            return Err(DeltaError::Unsupported("files with deletion vectors".to_owned()));
        }
        files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        Ok(Snapshot { version, fields, partition_columns: metadata.partition_columns, files })
    }
}

/// Whether a reader that knows no more than this one may read the table ("Reader version requirements" of the protocol).
fn supported(protocol: &Protocol, metadata: &Metadata) -> Result<(), DeltaError> {
    let unsupported = |what: String| Err(DeltaError::Unsupported(what));
    if protocol.min_reader_version > 3 {
        return unsupported(format!("the reader version {}", protocol.min_reader_version));
    }
    if protocol.min_reader_version == 3 {
        for feature in protocol.reader_features.iter().flatten() {
            // Of the last two only tables that do not use them: that is looked at below and file by file.
            if !FEATURES.contains(&feature.as_str()) {
                return unsupported(format!("the reader feature `{feature}`"));
            }
        }
    }
    let option = |name: &str| metadata.configuration.as_ref()?.get(name)?.as_deref();
    if let Some(mode) = option("delta.columnMapping.mode").filter(|mode| *mode != "none") {
        return unsupported(format!("column mapping by {mode}"));
    }
    let provider = metadata.format.as_ref().and_then(|format| format.provider.as_deref());
    match provider {
        Some(provider) if !provider.eq_ignore_ascii_case("parquet") => {
            unsupported(format!("files of `{provider}`"))
        }
        _ => Ok(()),
    }
}
