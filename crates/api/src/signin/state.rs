//! The provider's state as versioned documents: typed reads, and writes that notice each other.

use azimuth_host::{AsOf, Documents, DocumentsError, Etag, Precondition, Write};
use azimuth_ids::DocumentKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of the form in which records are written.
const VERSION: u32 = 1;

/// Why the state cannot be read or written.
#[derive(Debug, Error)]
pub enum StateError {
    /// The store failed
    #[error("the sign-in state cannot be reached")]
    Documents(#[from] DocumentsError),
    /// A document is not of a form that this version writes
    #[error("`{key}` cannot be read as version {VERSION} of its form")]
    Form {
        /// Its key
        key: String,
        /// What is wrong with it
        #[source]
        source: serde_json::Error,
    },
    /// Others kept changing the document
    #[error("`{key}` is changed by too many at once; try again")]
    Contended {
        /// Its key
        key: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    value: T,
}

/// A record, with the version that was read.
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) etag: Etag,
}

/// Documents of one kind, `azimuth:/signin/{kind}/{id}`.
pub(super) struct State<'a> {
    documents: &'a dyn Documents,
}

/// Kinds of records. The ids of tokens, codes and sessions are digests, so that reading a key signs nobody in.
pub(super) mod kind {
    pub(crate) const ACCOUNT: &str = "accounts";
    pub(crate) const NAME: &str = "names";
    pub(crate) const CLIENT: &str = "clients";
    pub(crate) const KEYS: &str = "keys";
    pub(crate) const CODE: &str = "codes";
    pub(crate) const GRANT: &str = "grants";
    pub(crate) const DEVICE: &str = "devices";
    pub(crate) const USER_CODE: &str = "usercodes";
    pub(crate) const SESSION: &str = "sessions";
    pub(crate) const FLOW: &str = "flows";
    pub(crate) const LOCKOUT: &str = "lockouts";
}

impl<'a> State<'a> {
    pub(super) fn new(documents: &'a dyn Documents) -> Self {
        Self { documents }
    }

    fn key(kind: &str, id: &str) -> Option<DocumentKey> {
        DocumentKey::azimuth(&format!("signin/{kind}/{id}")).ok()
    }

    /// The record, if there is one; none either for an id that cannot be one.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<Kept<T>>, StateError> {
        let Some(key) = Self::key(kind, id) else { return Ok(None) };
        let Some(document) = self.documents.read(&key, AsOf::Now)? else { return Ok(None) };
        let envelope: Envelope<T> = serde_json::from_str(&document.body)
            .map_err(|source| StateError::Form { key: key.to_string(), source })?;
        Ok(Some(Kept { value: envelope.value, etag: document.etag() }))
    }

    /// Writes a record; false if `precondition` does not hold.
    pub(super) fn write<T: Serialize>(
        &self,
        actor: &str,
        kind: &str,
        id: &str,
        value: &T,
        precondition: Precondition,
    ) -> Result<bool, StateError> {
        let key = Self::key(kind, id).ok_or_else(|| StateError::Contended { key: format!("{kind}/{id}") })?;
        let body = serde_json::to_string(&Envelope { version: VERSION, value })
            .map_err(|source| StateError::Form { key: key.to_string(), source })?;
        self.commit(actor, Write::put(key, body).when(precondition))
    }

    /// Deletes a record; false if it is not at `etag` any more.
    pub(super) fn delete(&self, actor: &str, kind: &str, id: &str, etag: Etag) -> Result<bool, StateError> {
        match Self::key(kind, id) {
            Some(key) => self.commit(actor, Write::delete(key).when(Precondition::Matches(etag))),
            None => Ok(false),
        }
    }

    fn commit(&self, actor: &str, write: Write) -> Result<bool, StateError> {
        match self.documents.commit(actor, vec![write]) {
            Ok(_) => Ok(true),
            Err(DocumentsError::PreconditionFailed { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a record as if nobody else did: `change` sees the newest version (or nothing) and says what to keep and what to
    /// answer; where somebody was quicker it is asked again. `None` to keep writes nothing.
    pub(super) fn update<T: Serialize + DeserializeOwned, R>(
        &self,
        actor: &str,
        kind: &str,
        id: &str,
        mut change: impl FnMut(Option<T>) -> (Option<T>, R),
    ) -> Result<R, StateError> {
        const TRIES: usize = 32;
        for _ in 0..TRIES {
            let (current, precondition) = match self.read::<T>(kind, id)? {
                Some(kept) => (Some(kept.value), Precondition::Matches(kept.etag)),
                None => (None, Precondition::Absent),
            };
            let (keep, answer) = change(current);
            let Some(keep) = keep else { return Ok(answer) };
            if self.write(actor, kind, id, &keep, precondition)? {
                return Ok(answer);
            }
        }
        Err(StateError::Contended { key: format!("{kind}/{id}") })
    }

    /// Deletes what is over: `over` tells by kind and record. Returns how many records went.
    pub(super) fn sweep(
        &self,
        actor: &str,
        over: impl Fn(&str, &serde_json::Value) -> bool,
    ) -> Result<usize, StateError> {
        let mut gone = Vec::new();
        self.documents.scan(AsOf::Now, &mut |document| {
            let key = document.key.to_string();
            if let Some((kind, _)) =
                key.strip_prefix("azimuth:/signin/").and_then(|rest| rest.split_once('/'))
                && let Ok(envelope) = serde_json::from_str::<Envelope<serde_json::Value>>(&document.body)
                && over(kind, &envelope.value)
            {
                gone.push(Write::delete(document.key.clone()).when(Precondition::Matches(document.etag())));
            }
            true
        })?;
        let mut count = 0;
        for write in gone {
            count += usize::from(self.commit(actor, write)?);
        }
        Ok(count)
    }
}
