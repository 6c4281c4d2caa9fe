//! What can be mended is mended; what cannot is taken out of the tables, and told.

use crate::check::{Finding, Wrong};
use crate::datafile::{read, terms};
use crate::delta::action::{Action, Add};
use crate::error::LakeError;
use crate::flush::{TERMS_CHECKSUM, terms_path};
use crate::lake::Lake;

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Indexes that were made anew
    pub indexes: u64,
    /// Files that are no part of their tables any more. Those that are there lie in the folder `quarantine` of the store.
    pub removed: Vec<Finding>,
}

impl Repaired {
    /// The rows that went with the files.
    pub fn lost_rows(&self) -> u64 {
        self.removed.iter().map(|finding| finding.rows).sum()
    }
}

impl Lake {
    /// Checks every file, makes damaged indexes anew, and takes files that are missing or damaged out of their tables, so that
    /// queries run again. A damaged file is kept aside.
    ///
    /// # Errors
    /// When the store fails; what was mended before stays mended.
    pub async fn repair(&self) -> Result<Repaired, LakeError> {
        let _settings = self.inner.keeping.lock().await;
        let inner = &self.inner;
        let mut repaired = Repaired::default();
        for finding in inner.check().await?.findings {
            let schema = inner.schema(&finding.table);
            let delta = inner.state().tables.get(&finding.table).map(|table| table.delta.clone());
            let Some((delta, add)) = delta.and_then(|delta| {
                let add = delta.files.get(&finding.path).cloned();
                Some((delta, add?))
            }) else {
                continue;
            };
            let path = format!("{}/{}", delta.folder, add.path);
            let data = inner.files.read(&path).await?;
            let stamp = inner.stamp("REPAIR");
            let action = match (finding.wrong, data) {
                (Wrong::Index, Some(data)) => {
                    let size = data.len();
                    let rows = read(data, &schema, None)
                        .map_err(|error| LakeError::columns(&finding.table, error))?;
                    let mut add = Add { data_change: false, ..Add::clone(&add) };
                    add.tags.remove(TERMS_CHECKSUM);
                    if let Some(made) = terms(&rows, &schema, size) {
                        let sum = format!("{:08x}", crc32c::crc32c(&made));
                        add.tags.insert(TERMS_CHECKSUM.to_owned(), sum);
                        inner.files.replace(&terms_path(&delta.folder, &add.path), made).await?;
                    }
                    repaired.indexes += 1;
                    Action::add(add)
                }
                (_, data) => {
                    if let Some(data) = data {
                        inner
                            .files
                            .replace(&format!("quarantine/{}/{}", finding.table, add.path), data)
                            .await?;
                    }
                    let action = Action::remove(&add.path, stamp.at, true);
                    repaired.removed.push(finding.clone());
                    action
                }
            };
            let changed = delta.commit(&inner.files, vec![action], &stamp).await?;
            inner.state_mut().table(&finding.table).set_delta(changed);
        }
        Ok(repaired)
    }
}
