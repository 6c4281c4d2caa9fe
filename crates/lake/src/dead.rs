//! What could not be read, tried again.

use std::collections::BTreeMap;

use base64::Engine;
use datafusion::arrow::array::AsArray;

use crate::append::{Batch, Receipt};
use crate::datafile::read;
use crate::decode::DEAD_LETTERS;
use crate::delta::action::Action;
use crate::error::LakeError;
use crate::lake::Lake;

impl Lake {
    /// Appends the raw lines of all dead letters to their tables again, after whatever made them unreadable was mended; those
    /// that still are become dead letters anew. The old ones go when the new rows are durable: should that fail in between,
    /// the next call does not append them twice.
    ///
    /// # Errors
    /// What [`Lake::append`] and [`Lake::flush`] have.
    pub async fn replay_dead_letters(&self) -> Result<Receipt, LakeError> {
        if !self.inner.state().tables.contains_key(DEAD_LETTERS) {
            return Ok(Receipt::default());
        }
        self.flush(DEAD_LETTERS).await?;
        let (schema, delta) = {
            let mut state = self.inner.state_mut();
            let table = state.table(DEAD_LETTERS);
            (table.schema.clone(), table.delta.clone())
        };
        let mut sum = Receipt::default();
        let old: Vec<String> = delta.files.keys().cloned().collect();
        for path in &old {
            let data = self.inner.files.read(&format!("{}/{path}", delta.folder)).await?;
            let data = data.ok_or_else(|| {
                LakeError::delta(DEAD_LETTERS, "a file is missing; run `azimuth lake check`")
            })?;
            let rows = read(data, &schema, None).map_err(|error| LakeError::columns(DEAD_LETTERS, error))?;
            let texts = |name: &str| rows.column_by_name(name).and_then(|array| array.as_string_view_opt());
            let (tables, raw, encoded) = (texts("TargetTable"), texts("RawData"), texts("RawBase64"));
            let mut batches: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            for row in 0..rows.num_rows() {
                let text = |column: Option<&datafusion::arrow::array::StringViewArray>| {
                    use datafusion::arrow::array::Array;
                    column.filter(|array| array.is_valid(row)).map(|array| array.value(row).to_owned())
                };
                let bytes = text(raw)
                    .map(String::into_bytes)
                    .or_else(|| base64::engine::general_purpose::STANDARD.decode(text(encoded)?).ok());
                if let (Some(table), Some(bytes)) = (text(tables), bytes) {
                    let lines = batches.entry(table).or_default();
                    lines.extend(bytes);
                    lines.push(b'\n');
                }
            }
            for (table, lines) in batches {
                let identity = Some(format!("dead letters of {path}"));
                let receipt = self.append(&table, Batch { identity, ..Batch::new(lines) }).await?;
                sum.rows += receipt.rows;
                sum.dead_lettered += receipt.dead_lettered;
            }
        }
        let _settings = self.inner.keeping.lock().await;
        let stamp = self.inner.stamp("DELETE");
        // Compaction may have put them together with newer ones in the meantime; then they stay, and are told by their identity.
        let current = self.inner.state_mut().table(DEAD_LETTERS).delta.clone();
        let kept = old.iter().filter(|path| current.files.contains_key(*path));
        let actions: Vec<Action> = kept.map(|path| Action::remove(path, stamp.at, true)).collect();
        if !actions.is_empty() {
            let changed = current.commit(&self.inner.files, actions, &stamp).await?;
            self.inner.state_mut().table(DEAD_LETTERS).set_delta(changed);
        }
        Ok(sum)
    }
}
