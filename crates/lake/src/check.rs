//! Every file against what was written.

use std::fmt;

use azimuth_query::index::file::TermIndex;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::delta::action::Add;
use crate::error::LakeError;
use crate::flush::{CHECKSUM, TERMS_CHECKSUM, terms_path};
use crate::lake::{Inner, Lake};

/// What a check looked at, and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Tables
    pub tables: u64,
    /// Data files
    pub files: u64,
    /// Indexes of terms
    pub indexes: u64,
    /// Bytes that were read
    pub bytes: u64,
    /// Rows of the files that are whole
    pub rows: u64,
    /// What is wrong
    pub findings: Vec<Finding>,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table
    pub table: String,
    /// The file, within the folder of the table
    pub path: String,
    /// The rows that it should have
    pub rows: u64,
    /// What is wrong
    pub wrong: Wrong,
}

/// What can be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The data file is not there
    Missing,
    /// The data file is not as it was written
    Damaged,
    /// The index of its terms is not there, or not as it was written; queries read the whole file instead
    Index,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Missing => "the file is missing",
            Self::Damaged => "the file is not as it was written",
            Self::Index => "the index of its terms is missing or damaged",
        })
    }
}

impl Lake {
    /// Reads every file of every table and compares it with the checksum and the rows that its commit tells. Nothing is
    /// changed.
    ///
    /// # Errors
    /// When the store cannot be read at all; files that are missing or damaged are findings.
    pub async fn check(&self) -> Result<Checked, LakeError> {
        let _settings = self.inner.keeping.lock().await;
        self.inner.check().await
    }
}

impl Inner {
    pub(crate) async fn check(&self) -> Result<Checked, LakeError> {
        let tables: Vec<_> =
            self.state().tables.iter().map(|(name, table)| (name.clone(), table.delta.clone())).collect();
        let mut checked = Checked::default();
        for (table, delta) in tables {
            checked.tables += 1;
            // The log itself, as another process would read it.
            let read = crate::delta::Table::open(&self.files, &delta.folder).await?;
            if read.files.len() != delta.files.len() || read.version != delta.version {
                return Err(LakeError::delta(
                    &table,
                    "it is not what was committed; another writer may have changed it",
                ));
            }
            for add in delta.files.values() {
                let rows = rows_of(add);
                let mut found = |wrong| {
                    let (table, path) = (table.clone(), add.path.clone());
                    checked.findings.push(Finding { table, path, rows, wrong });
                };
                checked.files += 1;
                match self.files.read(&format!("{}/{}", delta.folder, add.path)).await? {
                    None => {
                        found(Wrong::Missing);
                        continue;
                    }
                    Some(data) => {
                        checked.bytes += data.len() as u64;
                        let is_whole = data.len() as i64 == add.size
                            && fits(&data, add.tags.get(CHECKSUM))
                            && ParquetRecordBatchReaderBuilder::try_new(data)
                                .is_ok_and(|file| file.metadata().file_metadata().num_rows() as u64 == rows);
                        if !is_whole {
                            found(Wrong::Damaged);
                            continue;
                        }
                        checked.rows += rows;
                    }
                }
                if let Some(sum) = add.tags.get(TERMS_CHECKSUM) {
                    checked.indexes += 1;
                    let terms = self.files.read(&terms_path(&delta.folder, &add.path)).await?;
                    checked.bytes += terms.as_ref().map_or(0, |terms| terms.len() as u64);
                    let is_whole = terms.is_some_and(|terms| {
                        fits(&terms, Some(sum)) && TermIndex::read(terms.to_vec()).is_ok()
                    });
                    if !is_whole {
                        found(Wrong::Index);
                    }
                }
            }
        }
        Ok(checked)
    }
}

/// Whether the bytes have a checksum. A file without one was not written by the lake.
fn fits(bytes: &[u8], sum: Option<&String>) -> bool {
    sum.is_none_or(|sum| *sum == format!("{:08x}", crc32c::crc32c(bytes)))
}

pub(crate) fn rows_of(add: &Add) -> u64 {
    add.stats.as_deref().map_or(0, |stats| crate::datafile::Known::read(stats).rows)
}
