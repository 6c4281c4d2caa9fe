//! The public tables: names and types of their columns.
//!
//! Source: the table references of Azure Monitor and Microsoft Defender and the table definitions of the public Sentinel
//! content, collected in `data/tables.txt`; `data/README.md` says what its marks mean.

use std::collections::HashMap;
use std::sync::LazyLock;

use azimuth_kql::types::{Column, ScalarType, Schema};

static TEXT: &str = include_str!("../data/tables.txt");

/// Where the lines of each table lie in [`TEXT`].
static PLACES: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let mut places = HashMap::new();
    for section in TEXT.split("\n[").skip(1) {
        let (head, columns) = section.split_once('\n').unwrap_or((section, ""));
        let (name, sources) = head.split_once(']').unwrap_or((head, ""));
        places.insert(name, Known { name, sources: sources.trim(), columns });
    }
    places
});

/// A public table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    name: &'static str,
    sources: &'static str,
    columns: &'static str,
}

/// Where a name or a column comes from: `azure-monitor`, `defender-xdr` …
pub type Source = &'static str;

impl Known {
    /// The name, in its own letter case.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The sources that know the table, the leading one first.
    pub fn sources(self) -> impl Iterator<Item = Source> {
        self.sources.split(' ')
    }

    /// Names, types and sources of the columns, in the order of the references. A column without a source of its own is
    /// known to the table's leading source.
    pub fn columns(self) -> impl Iterator<Item = (&'static str, ScalarType, Option<Source>)> {
        self.columns.lines().filter(|line| !line.is_empty()).map(|line| {
            let (column, source) = match line.split_once(" @") {
                Some((column, source)) => (column, Some(source)),
                None => (line, None),
            };
            let (name, ty) = column.split_once(' ').unwrap_or((column, "string"));
            (name, ScalarType::from_name(ty).unwrap_or(ScalarType::String), source)
        })
    }

    /// The columns as a schema.
    pub fn schema(self) -> Schema {
        Schema::new(self.columns().map(|(name, ty, _)| Column::new(name, ty)).collect())
    }
}

/// The public table of a name; letter case counts, as it does in KQL.
pub fn known(name: &str) -> Option<Known> {
    PLACES.get(name).copied()
}

/// All public tables, in no order.
pub fn all() -> impl Iterator<Item = Known> {
    PLACES.values().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_understood() {
        assert!(PLACES.len() > 1_000, "{}", PLACES.len());
        for table in all() {
            assert!(!table.sources.is_empty(), "{} has no source", table.name);
            for line in table.columns.lines().filter(|line| !line.is_empty()) {
                let rest: Vec<&str> = line.split(' ').skip(1).collect();
                let typed = rest.first().is_some_and(|word| ScalarType::from_name(word).is_some());
                let sourced = rest.last().is_some_and(|word| word.starts_with('@'));
                assert_eq!(rest.len(), usize::from(typed) + usize::from(sourced), "{}: {line}", table.name);
            }
            let schema = table.schema();
            assert!(!schema.columns.is_empty(), "{} has no columns", table.name);
            for (place, column) in schema.columns.iter().enumerate() {
                assert_eq!(
                    schema.index_of(&column.name),
                    Some(place),
                    "{}: {} twice",
                    table.name,
                    column.name
                );
            }
        }
    }

    #[test]
    fn types_and_sources_are_those_of_the_references() {
        let signins = known("SigninLogs").unwrap();
        assert_eq!(signins.sources().next(), Some("azure-monitor"));
        let schema = signins.schema();
        let ty = |name: &str| schema.column(name).map(|column| column.ty);
        assert_eq!(ty("TimeGenerated"), Some(ScalarType::Datetime));
        assert_eq!(ty("LocationDetails"), Some(ScalarType::Dynamic));
        assert_eq!(ty("UserPrincipalName"), Some(ScalarType::String));
        assert!(known("signinlogs").is_none());
        let device = known("DeviceInfo").unwrap();
        assert!(device.columns().any(|(_, _, source)| source == Some("defender-xdr")));
    }
}
