//! Where documents with a history come from: a store, or a lab forked from one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use azimuth_estate::SnapshotBuilder;
use azimuth_host::{AsOf, Documents, Fork, NotBefore, Sequence, SystemClock};
use azimuth_store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};
use crate::{input, load};

/// The file that makes a folder a lab.
const LAB: &str = "lab.json";
/// The store of a lab's own changes, beside it.
const CHANGES: &str = "changes.db";

/// Documents with a history.
pub(crate) enum Source {
    Store(Box<Store>),
    Lab(Box<Lab>),
}

/// A fork of a store, kept in a folder.
pub(crate) struct Lab {
    pub(crate) fork: Fork,
    pub(crate) base: Arc<Store>,
    pub(crate) facts: Facts,
}

/// What `lab.json` tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    /// Name and version of this form
    pub(crate) azimuth: Form,
    /// The store that was forked
    pub(crate) base: PathBuf,
    /// The position of its feed that the fork began at
    pub(crate) sequence: Sequence,
    /// When the fork was made
    pub(crate) created: Timestamp,
}

/// The only form that there is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Form {
    #[serde(rename = "lab/1")]
    Lab1,
}

impl Source {
    /// Opens a store's file or a lab's folder.
    pub(crate) fn open(path: &Path, read_only: bool) -> Result<Self, Failure> {
        if is_lab(path) {
            return Ok(Self::Lab(Box::new(Lab::open(path, read_only)?)));
        }
        Ok(Self::Store(Box::new(input::open_store(path, read_only)?)))
    }

    pub(crate) fn documents(&self) -> &dyn Documents {
        match self {
            Self::Store(store) => &**store,
            Self::Lab(lab) => &lab.fork,
        }
    }

    /// Every document as of a moment.
    pub(crate) fn builder(&self, as_of: AsOf) -> Result<SnapshotBuilder, Failure> {
        match self {
            Self::Store(store) => Ok(load::from_store(store, as_of, input::threads())?),
            Self::Lab(lab) => Ok(load::from_documents(&lab.fork, as_of)?),
        }
    }
}

/// Whether a path is a lab's folder.
pub(crate) fn is_lab(path: &Path) -> bool {
    path.join(LAB).is_file()
}

impl Lab {
    /// Forks the store in `base` as of a moment into a new folder. Nothing of the store is copied.
    pub(crate) fn create(folder: &Path, base: &Path, as_of: AsOf) -> Result<Self, Failure> {
        let store = input::open_store(base, true)?;
        let sequence = match as_of {
            AsOf::Now => store.last_sequence()?,
            AsOf::Sequence(sequence) => sequence,
            AsOf::Time(time) => last_before(&store, time)?,
        };
        if sequence == 0 {
            return Err(Failure::input(format_args!(
                "`{}` holds no document as of that time",
                base.display()
            ))
            .hint("see `azimuth changes --store FILE` for what was imported when"));
        }
        let base = fs::canonicalize(base).with_context(|| format!("cannot find `{}`", base.display()))?;
        let facts = Facts { azimuth: Form::Lab1, base, sequence, created: Timestamp::now() };
        let shown = folder.display();
        fs::create_dir(folder).map_err(|error| {
            let failure = Failure::input(format_args!("cannot make the lab `{shown}`: {error}"));
            match error.kind() {
                std::io::ErrorKind::AlreadyExists => failure.hint("name a folder that is not there yet"),
                _ => failure,
            }
        })?;
        // The changes first: a folder without its `lab.json` is no lab.
        drop(own_changes(folder, &store, sequence, false)?);
        let text = serde_json::to_string_pretty(&facts)?;
        crate::command::output::file(&folder.join(LAB), |mut file| {
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            Ok(file)
        })?;
        Self::open(folder, true)
    }

    /// Opens a lab's folder.
    pub(crate) fn open(folder: &Path, read_only: bool) -> Result<Self, Failure> {
        let path = folder.join(LAB);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(|error| Failure::new(Exit::Input, error))?;
        let facts: Facts = serde_json::from_str(&text).map_err(|error| {
            Failure::input(format_args!("`{}` describes no lab of this version: {error}", path.display()))
        })?;
        let base = Arc::new(input::open_store(&facts.base, true).map_err(|failure| {
            failure.hint(format!(
                "the lab was forked from `{}`; a moved store is found again when `base` in `{}` names it",
                facts.base.display(),
                path.display()
            ))
        })?);
        let own = own_changes(folder, &base, facts.sequence, read_only)?;
        let fork = Fork::new(base.clone(), facts.sequence, Arc::new(own))?;
        Ok(Self { fork, base, facts })
    }
}

/// The store of a lab's own changes, whose times go on from those of the base.
fn own_changes(folder: &Path, base: &Store, at: Sequence, read_only: bool) -> Result<Store, Failure> {
    let path = folder.join(CHANGES);
    if read_only {
        return input::open_store(&path, true);
    }
    let forked = base.changes(at.saturating_sub(1), 1)?.first().map_or(Timestamp::MIN, |last| last.time);
    let clock = Arc::new(NotBefore::new(Arc::new(SystemClock), forked));
    Store::open(&path, clock).map_err(|error| Failure::new(Exit::Outside, error))
}

/// The position of the last change at or before a time; 0 if there is none.
fn last_before(store: &Store, time: Timestamp) -> Result<Sequence, Failure> {
    let (mut known, mut beyond) = (0, store.last_sequence()? + 1);
    while beyond - known > 1 {
        let middle = known + (beyond - known) / 2;
        match store.changes(middle - 1, 1)?.first() {
            Some(change) if change.time <= time => known = middle,
            _ => beyond = middle,
        }
    }
    Ok(known)
}
