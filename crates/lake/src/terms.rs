//! Indexes of terms beside the files, as queries ask them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azimuth_query::index::file::TermIndex;
use azimuth_query::index::{Condition, FileId, FileIndex, RowRanges};

use crate::files::Files;
use crate::flush::terms_path;

/// Bytes of indexes that are kept in memory.
const MAX_BYTES: usize = 64 << 20;

/// The indexes of a lake. Those asked for last are kept in memory.
pub(crate) struct Terms {
    files: Files,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    known: HashMap<String, (Arc<TermIndex>, usize)>,
    order: VecDeque<String>,
    bytes: usize,
}

impl std::fmt::Debug for Terms {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Terms").finish_non_exhaustive()
    }
}

impl Terms {
    pub(crate) fn new(files: Files) -> Self {
        Self { files, cache: Mutex::default() }
    }

    async fn index(&self, file: FileId<'_>) -> Option<Arc<TermIndex>> {
        let cached = {
            let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.known.get(file.path).map(|(index, _)| index.clone())
        };
        if cached.is_some() {
            return cached;
        }
        // `tables/NAME/_Day=…/part-….parquet`
        let mut parts = file.path.splitn(3, '/');
        let folder = format!("{}/{}", parts.next()?, parts.next()?);
        let bytes = self.files.read(&terms_path(&folder, parts.next()?)).await.ok()??;
        let size = bytes.len();
        let index =
            Arc::new(TermIndex::read(bytes.to_vec()).ok().filter(|index| index.data_bytes() == file.bytes)?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.known.insert(file.path.to_owned(), (index.clone(), size)).is_none() {
            cache.order.push_back(file.path.to_owned());
            cache.bytes += size;
        }
        while cache.bytes > MAX_BYTES {
            let Some(oldest) = cache.order.pop_front() else { break };
            if let Some((_, size)) = cache.known.remove(&oldest) {
                cache.bytes -= size;
            }
        }
        Some(index)
    }
}

#[async_trait]
impl FileIndex for Terms {
    async fn rows(&self, file: FileId<'_>, condition: &Condition) -> Option<RowRanges> {
        self.index(file).await?.matches(condition)
    }
}
