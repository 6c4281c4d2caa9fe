//! Files of tables: put, read, listed and deleted, in whatever store they are.
//!
//! What was put is durable: in a local folder the file and the folders above it are brought to the disk, elsewhere the store
//! promises it.

use std::fs::File;
use std::path::{Path as LocalPath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::error::LakeError;
use crate::fault::{Fault, Faults, Operation};

/// The store of the tables' files.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Where the store lies, if it is a folder of this machine
    local: Option<PathBuf>,
    faults: Option<Faults>,
}

impl Files {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, local: Option<PathBuf>, faults: Option<Faults>) -> Self {
        Self { store, local, faults }
    }

    fn fault(&self, operation: Operation, path: &str) -> Option<Fault> {
        self.faults.as_ref().and_then(|faults| faults(operation, path))
    }

    /// Puts a file that must not be there yet.
    pub(crate) async fn create(&self, path: &str, bytes: Bytes) -> Result<(), LakeError> {
        self.put(path, bytes, PutMode::Create).await
    }

    /// Puts a file, whether it is there or not; readers see the old or the new one.
    pub(crate) async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), LakeError> {
        self.put(path, bytes, PutMode::Overwrite).await
    }

    async fn put(&self, path: &str, bytes: Bytes, mode: PutMode) -> Result<(), LakeError> {
        let fault = self.fault(Operation::Put, path);
        match fault {
            Some(Fault::Full) => return Err(failed(Fault::Full)),
            Some(fault @ Fault::Short(length)) => {
                // What stores leave of a write that ends early: a file under another name.
                let left = Path::from(format!("{path}.staged"));
                let short = bytes.slice(..length.min(bytes.len()));
                self.store.put(&left, PutPayload::from_bytes(short)).await?;
                return Err(failed(fault));
            }
            Some(Fault::Failed) | None => {}
        }
        let options = PutOptions { mode, ..PutOptions::default() };
        self.store.put_opts(&Path::from(path), PutPayload::from_bytes(bytes), options).await?;
        if let Some(fault) = fault {
            return Err(failed(fault));
        }
        if let Some(root) = &self.local {
            let (root, path) = (root.clone(), path.to_owned());
            let synced = tokio::task::spawn_blocking(move || sync(&root, &path)).await;
            synced.map_err(|_| LakeError::Closed)??;
        }
        Ok(())
    }

    /// The bytes of a file; `None` if it is not there.
    pub(crate) async fn read(&self, path: &str) -> Result<Option<Bytes>, LakeError> {
        match self.store.get(&Path::from(path)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The files below a folder.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<ObjectMeta>, LakeError> {
        Ok(self.store.list(Some(&Path::from(folder))).try_collect().await?)
    }

    /// The names of the folders in a folder.
    pub(crate) async fn folders(&self, folder: &str) -> Result<Vec<String>, LakeError> {
        let listed = self.store.list_with_delimiter(Some(&Path::from(folder))).await?;
        Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// Deletes a file; one that is not there is deleted.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), LakeError> {
        if let Some(fault) = self.fault(Operation::Delete, path) {
            return Err(failed(fault));
        }
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn failed(fault: Fault) -> LakeError {
    LakeError::Store(object_store::Error::Generic { store: "files", source: Box::new(fault.error()) })
}

/// Brings a file, its name and the names of the folders above it to the disk.
fn sync(root: &LocalPath, path: &str) -> Result<(), LakeError> {
    let whole = root.join(path);
    let synced = (|| {
        File::open(&whole)?.sync_all()?;
        for folder in whole.ancestors().skip(1) {
            File::open(folder)?.sync_all()?;
            if folder == root {
                break;
            }
        }
        Ok(())
    })();
    synced.map_err(|source: std::io::Error| {
        LakeError::Store(object_store::Error::Generic { store: "files", source: Box::new(source) })
    })
}
