//! From a store to a snapshot builder, on several threads.

use std::num::NonZeroUsize;

use azimuth_estate::SnapshotBuilder;
use azimuth_host::{AsOf, Documents, DocumentsError};
use azimuth_store::{Store, StoreError};

/// Every document as of a moment.
pub(crate) fn from_store(store: &Store, as_of: AsOf, threads: usize) -> Result<SnapshotBuilder, StoreError> {
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let parts = store.load(as_of, threads, SnapshotBuilder::default, |builder, loaded| {
        builder.push_folded(loaded.key, loaded.body.into());
    })?;
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.append(part);
    }
    Ok(all)
}

/// The same from documents that are no store of their own, on one thread.
pub(crate) fn from_documents(
    documents: &dyn Documents,
    as_of: AsOf,
) -> Result<SnapshotBuilder, DocumentsError> {
    let mut builder = SnapshotBuilder::default();
    documents.scan(as_of, &mut |document| {
        builder.push_folded(document.key.as_str(), (*document.body).into());
        true
    })?;
    Ok(builder)
}
