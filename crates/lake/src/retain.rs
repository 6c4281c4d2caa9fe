//! What ends: days that retention gives up, and files that no version has.

use std::collections::BTreeSet;

use crate::delta::action::Action;
use crate::error::LakeError;
use crate::flush::terms_path;
use crate::lake::{Inner, Lake};
use crate::moment;
use crate::schema::DAY;
use crate::settings::Settings;

impl Lake {
    /// Gives up the days of all tables whose retention has ended and which no legal hold covers. Returns how many files went.
    ///
    /// # Errors
    /// When a commit fails; tables before it are done.
    pub async fn retain(&self) -> Result<u64, LakeError> {
        let settings = self.inner.keeping.lock().await;
        self.inner.retain(&settings).await
    }

    /// Deletes files that no version of a table has, once they are older than the grace. Returns how many went.
    ///
    /// # Errors
    /// When a file cannot be deleted; it is tried again the next time.
    pub async fn vacuum(&self) -> Result<u64, LakeError> {
        let _settings = self.inner.keeping.lock().await;
        self.inner.vacuum().await
    }
}

impl Inner {
    pub(crate) async fn retain(&self, settings: &Settings) -> Result<u64, LakeError> {
        let today = moment::day_of(self.config.clock.now().as_microsecond());
        let tables: Vec<_> =
            self.state().tables.iter().map(|(name, table)| (name.clone(), table.delta.clone())).collect();
        let mut count = 0;
        for (name, delta) in tables {
            let stamp = self.stamp("DELETE");
            let ended = delta.files.values().filter(|add| {
                let day = add.partition_values.get(DAY).and_then(|day| moment::read_day(day));
                day.is_some_and(|day| settings.has_ended(&name, day, today))
            });
            let actions: Vec<Action> = ended.map(|add| Action::remove(&add.path, stamp.at, true)).collect();
            if !actions.is_empty() {
                count += actions.len() as u64;
                let changed = delta.commit(&self.files, actions, &stamp).await?;
                self.state_mut().table(&name).set_delta(changed);
            }
        }
        Ok(count)
    }

    pub(crate) async fn vacuum(&self) -> Result<u64, LakeError> {
        let now = self.config.clock.now().as_millisecond();
        let grace = i64::try_from(self.config.grace.as_millis()).unwrap_or(i64::MAX);
        let tables: Vec<_> = self.state().tables.values().map(|table| table.delta.clone()).collect();
        let mut count = 0;
        for delta in tables {
            let kept: BTreeSet<String> = delta
                .files
                .keys()
                .flat_map(|path| [format!("{}/{path}", delta.folder), terms_path(&delta.folder, path)])
                .collect();
            let checkpoint = delta.version / 10 * 10;
            for found in self.files.list(&delta.folder).await? {
                let path = found.location.to_string();
                let removed = path
                    .strip_prefix(&format!("{}/", delta.folder))
                    .and_then(|path| delta.removed.get(path))
                    .and_then(|removed| removed.deletion_timestamp);
                let since = removed.unwrap_or_else(|| found.last_modified.timestamp_millis());
                if kept.contains(&path) || now.saturating_sub(since) < grace {
                    continue;
                }
                // Commits from before the last checkpoint are its history; they are kept for as long as files are, times a
                // hundred.
                if let Some(entry) = path.strip_prefix(&format!("{}/_delta_log/", delta.folder)) {
                    let version = entry.split('.').next().and_then(|version| version.parse::<i64>().ok());
                    let is_history = version.is_some_and(|version| version < checkpoint)
                        && now.saturating_sub(since) >= grace.saturating_mul(100);
                    let has_checkpoint = delta.version >= 10;
                    if !(is_history && has_checkpoint) {
                        continue;
                    }
                    let last = format!("{}/_delta_log/{checkpoint:020}.checkpoint.parquet", delta.folder);
                    if self.files.read(&last).await?.is_none() {
                        continue;
                    }
                }
                self.files.delete(&path).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}
