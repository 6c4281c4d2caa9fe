//! A lake that is open.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use object_store::local::LocalFileSystem;

use crate::config::Config;
use crate::decode::{DEAD_LETTERS, Decoded, dead_letter_lines, decode};
use crate::delta::{self, Stamp};
use crate::error::LakeError;
use crate::files::Files;
use crate::log::{self, Counted, Identities, Kind, Log, Options, Record};
use crate::settings::Settings;
use crate::state::{Part, Staged, State, TableState, first_schema, folder_of};
use crate::terms::Terms;

/// Where settings are kept in the store.
const SETTINGS: &str = "settings.json";

/// A lake that is open. Clones are the same lake; it closes with the last of them.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) files: Files,
    pub(crate) log: Log<Staged>,
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) terms: Arc<Terms>,
    /// Schemas change one after the other
    pub(crate) evolving: tokio::sync::Mutex<()>,
    /// Whoever changes files holds it
    pub(crate) keeping: tokio::sync::Mutex<Settings>,
    pub(crate) opened: Opened,
    /// Two numbers of chance; the first counts on
    chance: (AtomicU64, u64),
}

/// What opening found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Rows that were in the log and in no file
    pub replayed_rows: u64,
    /// Bytes at the end of the log that a crash had left unfinished; none of them was acknowledged
    pub torn_bytes: u64,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Lake").field("folder", &self.inner.config.folder).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens a lake, which comes into being if it is not there, and takes over what the log has.
    ///
    /// # Errors
    /// When another process has it open, a file cannot be read, or a closed part of the log is damaged.
    pub async fn open(config: Config) -> Result<Self, LakeError> {
        let folder = config.folder.join("log");
        let lock = log::lock(&folder)?;
        let files = store(&config)?;
        let settings = match files.read(SETTINGS).await? {
            Some(bytes) => Settings::read(&bytes)?,
            None => Settings::default(),
        };
        let mut state = State::default();
        let mut flushed = 0;
        for name in files.folders("tables").await? {
            let delta = delta::Table::open(&files, &folder_of(&name)).await?;
            flushed = delta.flushed().max(flushed);
            let schema = delta.schema()?.unwrap_or_else(|| first_schema(&name));
            state.tables.insert(name, TableState::new(schema, delta));
        }
        let now = config.clock.now();
        let mut identities = Identities::new(config.identities);
        let mut opened = Opened::default();
        let replayed = log::replay(&folder, config.is_salvage, &mut |record| {
            opened.replayed_rows += replay(&record, &mut state, &mut identities, now)?;
            Ok(())
        })?;
        opened.torn_bytes = replayed.torn_bytes;
        // A log that was lost must not give its sequences out again: files would seem to have them.
        let last = replayed.last.max(flushed);
        state.published = last;
        let state = Arc::new(RwLock::new(state));
        let (published, clock) = (state.clone(), config.clock.clone());
        let options = Options { segment_bytes: config.segment_bytes, faults: config.faults.clone() };
        let log = Log::start(&folder, lock, last, identities, &options, move |group: Vec<(u64, Staged)>| {
            let mut state = published.write().unwrap_or_else(PoisonError::into_inner);
            let now = clock.now();
            for (sequence, staged) in group {
                state.apply(sequence, staged, now);
            }
        })?;
        let chance = || RandomState::new().build_hasher().finish();
        let inner = Inner {
            terms: Arc::new(Terms::new(files.clone())),
            files,
            log,
            state,
            evolving: tokio::sync::Mutex::default(),
            keeping: tokio::sync::Mutex::new(settings),
            opened,
            chance: (AtomicU64::new(chance()), chance()),
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What opening found.
    pub fn opened(&self) -> Opened {
        self.inner.opened
    }

    /// The settings.
    pub async fn settings(&self) -> Settings {
        self.inner.keeping.lock().await.clone()
    }

    /// Changes the settings, durably. What they say is done by the next [`Lake::maintain`].
    ///
    /// # Errors
    /// When a day is none, or they cannot be written; then they are as they were.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), LakeError> {
        let settings = settings.validated()?;
        let mut kept = self.inner.keeping.lock().await;
        let bytes = serde_json::to_vec_pretty(&settings).expect("settings are JSON");
        self.inner.files.replace(SETTINGS, bytes.into()).await?;
        *kept = settings;
        Ok(())
    }
}

/// The store of the tables.
fn store(config: &Config) -> Result<Files, LakeError> {
    let faults = config.faults.clone();
    match &config.store {
        Some(store) => Ok(Files::new(store.clone(), None, faults)),
        None => {
            let folder: PathBuf = config
                .folder
                .canonicalize()
                .map_err(|source| LakeError::Log { path: config.folder.clone(), source })?;
            let store = LocalFileSystem::new_with_prefix(&folder)?;
            Ok(Files::new(Arc::new(store), Some(folder), faults))
        }
    }
}

/// Takes over a record of the log; returns how many rows of it were in no file.
fn replay(
    record: &Record<&[u8]>,
    state: &mut State,
    identities: &mut Identities,
    now: Timestamp,
) -> Result<u64, LakeError> {
    let (table, sequence) = (record.table.as_str(), record.sequence);
    let failed = |error| LakeError::columns(table, error);
    match record.kind {
        Kind::Identities => identities.absorb(record.payload),
        Kind::Columns => {
            let columns = crate::append::read_columns(record.payload).ok_or_else(|| {
                LakeError::Refused(format!("the log has columns of `{table}` that are none"))
            })?;
            state.apply(sequence, Staged::Columns { table: table.to_owned(), columns }, now);
        }
        Kind::Rows => {
            // A group that failed may have been sent again, and its first writing have come back.
            if !record.identity.is_empty() && identities.find(table, &record.identity).is_some() {
                return Ok(0);
            }
            let decoded = loop {
                match decode(record.payload, record.received, &state.table(table).schema).map_err(failed)? {
                    // Columns come before the rows that need them; if their record is lost, they are found again.
                    Decoded::Missing(columns) => {
                        state.apply(sequence, Staged::Columns { table: table.to_owned(), columns }, now);
                    }
                    Decoded::Rows(rows, dead) => break (rows, dead),
                }
            };
            let (rows, dead) = decoded;
            let count = rows.as_ref().map_or(0, |rows| rows.num_rows() as u64);
            let counted = Counted { rows: count, dead_lettered: dead.len() as u64 };
            if !record.identity.is_empty() {
                identities.insert(table, &record.identity, counted);
            }
            let mut dead_rows = None;
            if !dead.is_empty() && sequence > state.table(DEAD_LETTERS).delta.flushed() {
                let lines = dead_letter_lines(table, &dead, record.received);
                let schema = state.table(DEAD_LETTERS).schema.clone();
                if let Decoded::Rows(rows, _) = decode(&lines, record.received, &schema).map_err(failed)? {
                    dead_rows = rows;
                }
            }
            let rows = rows.filter(|_| sequence > state.table(table).delta.flushed());
            let fresh = if rows.is_some() { count } else { 0 };
            if rows.is_some() || dead_rows.is_some() {
                let (rows, dead) = (rows.map(Part::new), dead_rows.map(Part::new));
                state.apply(sequence, Staged::Rows { table: table.to_owned(), rows, dead }, now);
            }
            return Ok(fresh);
        }
    }
    Ok(0)
}

impl Inner {
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id that was never given out, in the form of a GUID.
    pub(crate) fn fresh_id(&self) -> String {
        let count = self.chance.0.fetch_add(1, Ordering::Relaxed);
        // Distinct counts stay distinct.
        let (high, low) = (count.wrapping_mul(0x9E37_79B9_7F4A_7C15), self.chance.1);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high >> 4 & 0xFFF,
            high << 8 & 0xF00 | low & 0xFF,
            (high & 0xF) << 44 | low >> 20
        )
    }

    pub(crate) fn stamp(&self, operation: &'static str) -> Stamp {
        Stamp { at: self.config.clock.now().as_millisecond(), id: self.fresh_id(), operation }
    }
}
