//! What is asked of tables: how long rows are kept, under which plan, and what must not be deleted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::moment;

/// The settings of a lake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Days for which rows of tables without a setting of their own are kept; for ever if not given
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Settings of single tables
    pub tables: BTreeMap<String, TableSettings>,
    /// Legal holds
    pub holds: Vec<Hold>,
}

/// The settings of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TableSettings {
    /// Days for which rows are kept
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// The plan
    pub plan: Plan,
}

/// The plan of a table, by Azure Monitor's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    /// Asked often: with an index of terms, packed quickly
    #[default]
    Analytics,
    /// Asked now and then: without an index
    Basic,
    /// Kept because it has to be: without an index, packed hard
    Auxiliary,
}

/// What must not be deleted, whatever the retention says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Its name
    pub name: String,
    /// The table; all of them if not given
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The first day (`2024-01-02`, UTC); from the beginning if not given
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day; without end if not given
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Hold {
    fn covers(&self, table: &str, day: i32) -> bool {
        let is_table = self.table.as_deref().is_none_or(|name| name == table);
        let day_of = |text: &Option<String>| text.as_deref().and_then(moment::read_day);
        is_table
            && day_of(&self.from).is_none_or(|from| from <= day)
            && day_of(&self.to).is_none_or(|to| day <= to)
    }
}

impl Settings {
    /// Reads settings.
    ///
    /// # Errors
    /// When they are not JSON of settings, or a day is none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LakeError> {
        let settings: Self = serde_json::from_slice(bytes)
            .map_err(|error| LakeError::Refused(format!("`settings.json` cannot be read ({error})")))?;
        settings.validated()
    }

    /// The settings, if the days of their holds are days.
    pub(crate) fn validated(self) -> Result<Self, LakeError> {
        for day in self.holds.iter().flat_map(|hold| [&hold.from, &hold.to]).flatten() {
            if moment::read_day(day).is_none() {
                return Err(LakeError::Refused(format!("`{day}` is no day; write it as `2024-01-02`")));
            }
        }
        Ok(self)
    }

    /// The plan of a table.
    pub fn plan(&self, table: &str) -> Plan {
        self.tables.get(table).map_or(Plan::Analytics, |settings| settings.plan)
    }

    /// For how many days rows of a table are kept.
    pub fn retention(&self, table: &str) -> Option<u32> {
        self.tables.get(table).and_then(|settings| settings.retention_days).or(self.retention_days)
    }

    /// Whether a day of a table (counted from 1970) may be deleted on another.
    pub(crate) fn has_ended(&self, table: &str, day: i32, today: i32) -> bool {
        let is_old =
            self.retention(table).is_some_and(|days| i64::from(day) < i64::from(today) - i64::from(days));
        is_old && !self.holds.iter().any(|hold| hold.covers(table, day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_ends_unless_held() {
        let text = r#"{"retentionDays": 30, "tables": {"Short": {"retentionDays": 1, "plan": "Basic"}},
            "holds": [{"name": "case 7", "table": "Short", "from": "2024-01-02", "to": "2024-01-03"}]}"#;
        let settings = Settings::read(text.as_bytes()).unwrap();
        let day = |text| moment::read_day(text).unwrap();
        let today = day("2024-01-10");
        assert!(settings.has_ended("Short", day("2024-01-01"), today));
        assert!(!settings.has_ended("Short", day("2024-01-02"), today));
        assert!(!settings.has_ended("Short", day("2024-01-03"), today));
        assert!(settings.has_ended("Short", day("2024-01-04"), today));
        assert!(!settings.has_ended("Short", day("2024-01-09"), today));
        assert!(!settings.has_ended("Other", day("2024-01-01"), today));
        assert!(settings.has_ended("Other", day("2023-12-01"), today));
        assert_eq!((settings.plan("Short"), settings.plan("Other")), (Plan::Basic, Plan::Analytics));
        assert!(!Settings::default().has_ended("Other", 0, today));
        assert!(Settings::read(br#"{"holds":[{"name":"x","from":"soon"}]}"#).is_err());
    }
}
