//! Looking for damage.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::format::key_hash;
use crate::read::{key, text};
use crate::store::Store;

/// Problems listed at most, of each kind.
const LISTED: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Documents that ever existed.
    pub documents: u64,
    /// Their versions, deletions included.
    pub versions: u64,
    /// Committed batches that changed something.
    pub commits: u64,
    /// What is wrong, in words; at most 100 of each kind. Empty if all is well.
    pub problems: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Rules that every row obeys, as queries for what breaks them. Each returns one text a problem.
const RULES: [&str; 5] = [
    "SELECT 'version ' || v.sequence || ' belongs to no document' FROM versions v \
     LEFT JOIN documents d ON d.id = v.document WHERE d.id IS NULL",
    "SELECT 'the current version of document ' || d.id || ' is missing or another document''s' FROM documents d \
     LEFT JOIN versions v ON v.sequence = d.current \
     WHERE v.document IS NOT d.id OR d.deleted IS NOT (v.body IS NULL)",
    "SELECT 'document ' || d.id || ' has a version after its current one' FROM documents d \
     WHERE (SELECT max(sequence) FROM versions WHERE document = d.id) > d.current",
    "SELECT 'version ' || v.sequence || ' does not follow the one before it' FROM versions v \
     WHERE v.previous IS NOT \
     (SELECT max(sequence) FROM versions WHERE document = v.document AND sequence < v.sequence)",
    "SELECT 'version ' || v.sequence || ' deletes what does not exist' FROM versions v \
     LEFT JOIN versions p ON p.sequence = v.previous WHERE v.body IS NULL AND p.body IS NULL",
];

impl Store {
    /// Reads the whole file and checks SQLite's structures and the store's own rules. Takes about as long as
    /// reading the file twice; others may read and write meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if the check itself could not be done. Damage that was found is not an error but in the
    /// report, unless it keeps SQLite from going on.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        let reader = self.reader()?;
        let sorted = |source| self.sorted(source);
        let transaction = reader.unchecked_transaction().map_err(sorted)?;
        let mut report = CheckReport::default();
        structure(&transaction, &mut report).map_err(sorted)?;
        if !report.is_sound() {
            // Rows read through damaged structures would only repeat it.
            return Ok(report);
        }
        commits(&transaction, &mut report).map_err(sorted)?;
        for rule in RULES {
            let mut statement = transaction.prepare(rule).map_err(sorted)?;
            let mut rows = statement.query(()).map_err(sorted)?;
            let mut listed = 0;
            while let Some(row) = rows.next().map_err(sorted)?
                && listed < LISTED
            {
                report.problems.push(row.get(0).map_err(sorted)?);
                listed += 1;
            }
        }
        self.keys(&transaction, &mut report)?;
        Ok(report)
    }

    /// Every key is one, in the form in which we write it, and found by its hash.
    fn keys(&self, connection: &Connection, report: &mut CheckReport) -> Result<(), StoreError> {
        let sorted = |source| self.sorted(source);
        let mut statement =
            connection.prepare("SELECT id, hash, key FROM documents ORDER BY hash, key").map_err(sorted)?;
        let mut rows = statement.query(()).map_err(sorted)?;
        let mut before = String::new();
        let mut listed = 0;
        while let Some(row) = rows.next().map_err(sorted)?
            && listed < LISTED
        {
            report.documents += 1;
            let id: i64 = row.get(0).map_err(sorted)?;
            let hash: i64 = row.get(1).map_err(sorted)?;
            let stored = text(row, 2).map_err(sorted)?;
            let problem = if hash != key_hash(stored) {
                Some("cannot be found by its key")
            } else if before == stored {
                Some("has the key of another document")
            } else if !key(self, stored).is_ok_and(|key| key.as_str() == stored) {
                Some("has a key that is none")
            } else {
                None
            };
            if let Some(problem) = problem {
                report.problems.push(format!("document {id} {problem}"));
                listed += 1;
            }
            before.clear();
            before.push_str(stored);
        }
        Ok(())
    }
}

/// SQLite's own check: pages, order, indexes against tables, types.
fn structure(connection: &Connection, report: &mut CheckReport) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let line = text(row, 0)?;
        if line != "ok" {
            report.problems.push(line.to_owned());
        }
    }
    Ok(())
}

/// The commits divide the feed without gap or overlap, and their times never decrease.
fn commits(connection: &Connection, report: &mut CheckReport) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT first, last, time FROM commits ORDER BY last")?;
    let mut rows = statement.query(())?;
    let (mut last_before, mut time_before) = (0, i64::MIN);
    let mut listed = 0;
    while let Some(row) = rows.next()?
        && listed < LISTED
    {
        let (first, last, time): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        report.commits += 1;
        if first.checked_sub(1) != Some(last_before) || last < first {
            report
                .problems
                .push(format!("the commit that ends at {last} does not begin where the one before ended"));
            listed += 1;
        }
        if time < time_before {
            report.problems.push(format!("the commit that ends at {last} is older than the one before"));
            listed += 1;
        }
        (last_before, time_before) = (last, time);
    }
    let (count, first, last): (i64, i64, i64) = connection.query_row(
        "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM versions",
        (),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    report.versions = count.cast_unsigned();
    if (first, last) != (1, last_before) || count != last {
        report.problems.push(format!(
            "the feed should have the versions 1 to {last_before}, it has {count} from {first} to {last}"
        ));
    }
    Ok(())
}
