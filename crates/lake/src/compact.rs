//! Small files of a day put together, sorted anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;

use crate::datafile::{by_day, make, read, united};
use crate::delta::action::{Action, Add};
use crate::error::LakeError;
use crate::flush::Flushed;
use crate::lake::{Inner, Lake};
use crate::moment;
use crate::schema::DAY;
use crate::settings::Plan;

impl Lake {
    /// Puts the small files of a table together, however few they are. Returns how many files were replaced.
    ///
    /// # Errors
    /// When files cannot be read or written; the table stays as it is.
    pub async fn compact(&self, table: &str) -> Result<u64, LakeError> {
        let settings = self.inner.keeping.lock().await;
        let mut replaced = 0;
        loop {
            let files = self.inner.compact(table, settings.plan(table), 2).await?.files;
            if files == 0 {
                return Ok(replaced);
            }
            replaced += files;
        }
    }
}

impl Inner {
    /// Puts small files of one day together, if there are so many; tells the rows, and how many files were replaced.
    pub(crate) async fn compact(&self, name: &str, plan: Plan, least: usize) -> Result<Flushed, LakeError> {
        let (schema, delta) = {
            let state = self.state();
            let Some(table) = state.tables.get(name) else {
                return Err(LakeError::NoSuchTable(name.to_owned()));
            };
            (table.schema.clone(), table.delta.clone())
        };
        let Some(group) = small_files(delta.files.values(), self.config.small_file_bytes, least) else {
            return Ok(Flushed::default());
        };
        let mut parts = Vec::new();
        for add in &group {
            let path = format!("{}/{}", delta.folder, add.path);
            let data = self.files.read(&path).await?;
            parts.push(data.ok_or_else(|| {
                LakeError::delta(
                    name,
                    format!("the file `{}` is missing; run `azimuth lake check`", add.path),
                )
            })?);
        }
        let (layout, of) = (plan.layout(true), schema.clone());
        let making = tokio::task::spawn_blocking(move || {
            let parts: Vec<RecordBatch> =
                parts.into_iter().map(|data| read(data, &of, None)).collect::<Result<_, _>>()?;
            let days = by_day(&united(&parts, &of)?)?;
            days.into_iter()
                .map(|(day, rows)| Ok((day, make(&rows, &of, layout)?)))
                .collect::<Result<Vec<_>, _>>()
        });
        let made = making.await.map_err(|_| LakeError::Closed)?;
        let made =
            made.map_err(|error: datafusion::error::DataFusionError| LakeError::columns(name, error))?;
        let rows: u64 = made.iter().map(|(_, made)| made.rows as u64).sum();
        let stamp = self.stamp("OPTIMIZE");
        let mut actions: Vec<Action> =
            group.iter().map(|add| Action::remove(&add.path, stamp.at, false)).collect();
        for (day, made) in made {
            actions.push(Action::add(self.put(&delta.folder, day, made, stamp.at, false).await?));
        }
        let changed = delta.commit(&self.files, actions, &stamp).await?;
        self.state_mut().table(name).set_delta(changed);
        Ok(Flushed { rows, files: group.len() as u64 })
    }
}

/// Small files of one day, the oldest first, together no larger than four that are not small.
fn small_files<'a>(
    files: impl Iterator<Item = &'a Arc<Add>>,
    small: u64,
    least: usize,
) -> Option<Vec<Arc<Add>>> {
    let mut days: BTreeMap<i32, Vec<Arc<Add>>> = BTreeMap::new();
    for add in files.filter(|add| u64::try_from(add.size).is_ok_and(|size| size < small)) {
        if let Some(day) = add.partition_values.get(DAY).and_then(|day| moment::read_day(day)) {
            days.entry(day).or_default().push(add.clone());
        }
    }
    let mut group = days.into_values().filter(|files| files.len() >= least.max(2)).max_by_key(Vec::len)?;
    group.sort_by_key(|add| add.modification_time);
    let mut bytes = 0;
    let kept = group.iter().take_while(|add| {
        bytes += u64::try_from(add.size).unwrap_or_default();
        bytes <= small * 4
    });
    let count = kept.count().max(2);
    group.truncate(count);
    Some(group)
}
