//! Records brought to the columns of their table.
//!
//! A member goes to the column of its name: in its own letter case, else in any. Names that a column had before are in
//! `data/columns.txt`. Whatever has no column becomes a new one, so that a record is never refused for its members, and a value
//! that does not fit its column goes to a column with the suffix of its own type ([`crate::fit`]).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use azimuth_kql::types::ScalarType;
use jiff::Timestamp;

use crate::fit;
use crate::record::{Cell, Fault, Row};
use crate::tables;

/// A row has so many columns at most; members beyond go into [`BAG`], as they do in `AzureDiagnostics`.
pub const MAX_COLUMNS: usize = 500;
/// A column's name has so many bytes at most.
pub const MAX_NAME: usize = 512;
/// Where members go that have no column any more.
pub const BAG: &str = "AdditionalFields";

/// Names of columns that are written otherwise elsewhere.
static OTHER_NAMES: LazyLock<Vec<OtherName>> = LazyLock::new(|| {
    let lines = include_str!("../data/columns.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (table, name, column) = (words.next()?, words.next()?, words.next()?);
            Some(OtherName { table, name, column, is_column: words.next() == Some("both") })
        })
        .collect()
});

/// Another name of a column.
struct OtherName {
    /// The table; `*` for all that have the column
    table: &'static str,
    name: &'static str,
    column: &'static str,
    /// Whether the other name is a column as well
    is_column: bool,
}

impl OtherName {
    fn is_of(&self, table: &str) -> bool {
        self.table == "*" || self.table == table
    }
}

/// Members that tell when something happened, where no column does; the first that is there counts.
const TIMES: [&str; 18] = [
    "Timestamp",
    "time",
    "timeStamp",
    "eventTimestamp",
    "eventTime",
    "EventTime",
    "CreationTime",
    "createdDateTime",
    "CreatedDateTime",
    "activityDateTime",
    "ActivityDateTime",
    "@timestamp",
    "datetime",
    "published",
    "StartTime",
    "TimeCreated",
    "date",
    "EventReceivedTime",
];

/// A column of a table.
#[derive(Clone, Copy, Debug)]
struct Slot {
    name: &'static str,
    ty: ScalarType,
    place: usize,
}

/// The columns of a table, and how the members of its records are called.
#[derive(Debug)]
pub struct Layout {
    columns: HashMap<&'static str, Slot>,
    folded: HashMap<String, Slot>,
    /// Older columns, and the columns that have taken their place.
    older: Vec<(&'static str, &'static str)>,
    /// What the members of the last record were, because those of the next are the same.
    last: Vec<(String, Option<Slot>)>,
}

impl Layout {
    /// The columns of a public table; no columns for a table that is not known.
    pub fn of(table: &str) -> Self {
        let known = tables::known(table);
        let columns: HashMap<_, _> = known
            .into_iter()
            .flat_map(tables::Known::columns)
            .enumerate()
            .map(|(place, (name, ty, _))| (name, Slot { name, ty, place }))
            .collect();
        let mut folded: HashMap<String, Slot> =
            columns.values().map(|slot| (slot.name.to_ascii_lowercase(), *slot)).collect();
        let mut older = Vec::new();
        for other in OTHER_NAMES.iter().filter(|other| other.is_of(table)) {
            let Some(slot) = columns.get(other.column) else { continue };
            if other.is_column {
                older.push((other.name, other.column));
            } else {
                folded.entry(other.name.to_ascii_lowercase()).or_insert(*slot);
            }
        }
        Self { columns, folded, older, last: Vec::new() }
    }

    /// Whether the table has declared columns.
    pub fn is_known(&self) -> bool {
        !self.columns.is_empty()
    }

    fn slot(&mut self, place: usize, name: &str) -> Option<Slot> {
        if let Some((last, slot)) = self.last.get(place).filter(|(last, _)| last == name) {
            debug_assert_eq!(last, name);
            return *slot;
        }
        let slot = self.columns.get(name).or_else(|| self.folded.get(&name.to_ascii_lowercase())).copied();
        // Records of a table differ, but rarely much; an endless memory of names is no help.
        if place < 2 * MAX_COLUMNS {
            self.last.resize_with(self.last.len().max(place + 1), || (String::new(), None));
            self.last[place] = (name.to_owned(), slot);
        }
        slot
    }

    /// The row of a record: every value in its column and in the column's type, `TimeGenerated` and `Type` set.
    ///
    /// # Errors
    /// When a member's name is longer than [`MAX_NAME`].
    pub fn fit<'a>(&mut self, members: Row<'a>, table: &str, received: Timestamp) -> Result<Row<'a>, Fault> {
        let mut row = Row::with_capacity(members.len() + 2);
        let mut filled = [0_u64; 16];
        let (mut bag, mut has_time) = (Row::default(), false);
        let mut happened: Option<(usize, Timestamp)> = None;
        for (place, (name, value)) in members.into_iter().enumerate() {
            if value.is_empty() {
                continue;
            }
            let Some(slot) = self.slot(place, &name) else {
                if name.len() > MAX_NAME {
                    return Err(Fault::new(
                        format!("a name of {} bytes; {MAX_NAME} are read", name.len()),
                        0,
                    ));
                }
                happened = earliest(happened, &name, &value);
                if row.len() < MAX_COLUMNS {
                    let name = match name {
                        Cow::Borrowed(name) => fit::column_name(name),
                        Cow::Owned(name) => Cow::Owned(fit::column_name(&name).into_owned()),
                    };
                    row.set(name, value);
                } else {
                    bag.push(name, value);
                }
                continue;
            };
            match fit::cell(value, slot.ty) {
                Ok(value) if value.is_empty() => {}
                Ok(value) => {
                    has_time |= slot.name == "TimeGenerated";
                    happened = earliest(happened, slot.name, &value);
                    let bit = 1 << (slot.place % 64);
                    match filled.get_mut(slot.place / 64) {
                        Some(word) if *word & bit == 0 => {
                            *word |= bit;
                            row.push(slot.name.into(), value);
                        }
                        _ => row.set(slot.name, value),
                    }
                }
                Err(value) => {
                    let suffix = fit::cell_suffix(&value);
                    let value = match value {
                        Cell::Json(text) => Cell::Text(text),
                        value => value,
                    };
                    row.set(format!("{}{suffix}", slot.name), value);
                }
            }
        }
        if !has_time {
            let time = moment(row.get("TimeGenerated"));
            let time = time.or(happened.map(|(_, moment)| moment)).unwrap_or(received);
            row.take("TimeGenerated");
            row.set("TimeGenerated", time);
        }
        for (old, new) in &self.older {
            if row.get(new).is_empty() {
                row.set(*new, row.get(old).clone());
            }
        }
        // Tables of Microsoft Defender have the same time under two names.
        if self.columns.contains_key("Timestamp") && row.get("Timestamp").is_empty() {
            row.set("Timestamp", row.get("TimeGenerated").clone());
        }
        if !bag.is_empty() {
            let mut text = Vec::new();
            bag.write(&mut text);
            row.set(BAG, Cell::Json(String::from_utf8_lossy(&text).into_owned().into()));
        }
        if row.get("Type").is_empty() {
            row.set("Type", table.to_owned());
        }
        Ok(row)
    }
}

/// The better of what is known of the time and what a member tells.
fn earliest(known: Option<(usize, Timestamp)>, name: &str, value: &Cell<'_>) -> Option<(usize, Timestamp)> {
    let first = name.as_bytes().first().map_or(0, |byte| byte | 0x20);
    if !matches!(first, b'@' | b't' | b'e' | b'c' | b'a' | b'd' | b'p' | b's' | 0x60) {
        return known;
    }
    let Some(rank) = TIMES.iter().position(|time| *time == name) else { return known };
    match known {
        Some((best, _)) if best <= rank => known,
        _ => moment(value).map(|moment| (rank, moment)).or(known),
    }
}

/// A time in ISO 8601, or in seconds or milliseconds since 1970.
pub(crate) fn moment(value: &Cell<'_>) -> Option<Timestamp> {
    let text = value.text()?.trim();
    match text.parse::<f64>() {
        Ok(seconds) if (1e8..1e11).contains(&seconds) =>
        {
            #[allow(clippy::cast_possible_truncation)]
            Timestamp::from_microsecond((seconds * 1e6) as i64).ok()
        }
        Ok(millis) if (1e11..1e14).contains(&millis) =>
        {
            #[allow(clippy::cast_possible_truncation)]
            Timestamp::from_microsecond((millis * 1e3) as i64).ok()
        }
        Ok(_) => None,
        Err(_) => fit::moment(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::object;

    fn fitted(table: &str, text: &str) -> Value {
        let received = "2024-05-01T00:00:00Z".parse().unwrap();
        let row = Layout::of(table).fit(object(text).unwrap(), table, received).unwrap();
        row.to_map().into()
    }

    #[test]
    fn members_find_their_columns() {
        let text = r#"{"TimeGenerated":"2024-01-01T00:00:00Z","userPrincipalName":"a@b","DurationMs":"x","DurationMs":5,
            "Status":"{\"errorCode\":0}","new one":[1],"Identity":null,"Level":4}"#;
        let wanted = json!({
            "TimeGenerated": "2024-01-01T00:00:00.0000000Z", "UserPrincipalName": "a@b", "DurationMs_s": "x",
            "DurationMs": 5, "Status": {"errorCode": 0}, "new_one": [1], "Level": "4", "Type": "SigninLogs"
        });
        assert_eq!(fitted("SigninLogs", text), wanted);
    }

    #[test]
    fn older_names_are_understood() {
        let row = fitted("AzureActivity", r#"{"eventTimestamp":1700000000,"ActivityStatus":"Start"}"#);
        assert_eq!(row["TimeGenerated"], "2023-11-14T22:13:20.0000000Z");
        assert_eq!((&row["ActivityStatus"], &row["ActivityStatusValue"]), (&"Start".into(), &"Start".into()));
        let old = fitted("AzureActivity", r#"{"CategoryValue":"Policy","CategoryValue":"Administrative"}"#);
        assert_eq!(old["CategoryValue"], "Administrative", "the last one counts");
        assert_eq!(old["TimeGenerated"], "2024-05-01T00:00:00.0000000Z");
    }

    #[test]
    fn unknown_tables_take_what_comes() {
        let row = fitted("Own_CL", r#"{"a":{"b":1},"time":"2024-02-02T00:00:00Z","":"x","é%":true}"#);
        let wanted = json!({
            "a": {"b": 1}, "time": "2024-02-02T00:00:00Z", "_": "x", "é_": true, "Type": "Own_CL",
            "TimeGenerated": "2024-02-02T00:00:00.0000000Z"
        });
        assert_eq!(row, wanted);
    }

    #[test]
    fn columns_are_limited_and_nothing_is_lost() {
        let members: Vec<_> = (0..1_500).map(|n| format!("\"m{n}\":{n}")).collect();
        let row = fitted("Own_CL", &format!("{{{}}}", members.join(",")));
        assert_eq!(row["m499"], 499);
        assert_eq!(row[BAG]["m1499"], 1_499);
        assert_eq!(row.as_object().unwrap().len(), MAX_COLUMNS + 3);
        let name = "n".repeat(MAX_NAME + 1);
        let text = format!("{{\"{name}\":1}}");
        assert!(Layout::of("Own_CL").fit(object(&text).unwrap(), "Own_CL", Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn other_names_lead_to_columns_that_exist() {
        for other in &*OTHER_NAMES {
            let exists = |table: tables::Known| table.columns().any(|(name, ..)| name == other.column);
            let found = tables::all().filter(|table| other.is_of(table.name())).any(exists);
            assert!(found, "{}.{}", other.table, other.column);
        }
    }
}
