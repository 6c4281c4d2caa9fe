//! Where the streams of data collection rules lead.
//!
//! Source: "Structure of a data collection rule" of Azure Monitor: streams called `Custom-…` are declared by the rule, those
//! called `Microsoft-…` are of a public table, and a data flow may transform what it carries with KQL over `source`.

use azimuth_host::Scope;

/// Where records of a stream go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The workspace
    pub scope: Scope,
    /// Its table
    pub table: String,
    /// KQL over `source`; `None` where the rule leaves records as they are
    pub transform: Option<String>,
}

/// Why a stream leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStream {
    /// There is no such data collection rule
    Rule,
    /// The rule has no such stream
    Stream,
}

/// Data collection rules, as far as they say where records go.
pub trait Streams: Send + Sync {
    /// The destinations of a stream of a rule, by the rule's immutable id.
    ///
    /// # Errors
    /// [`NoStream`].
    fn destinations(&self, rule: &str, stream: &str) -> Result<Vec<Destination>, NoStream>;
}

/// Without data collection rules: any rule's stream leads to the table that it is named after, in one workspace.
#[derive(Clone, Debug)]
pub struct StreamsByName {
    /// The workspace
    pub scope: Scope,
}

impl Streams for StreamsByName {
    fn destinations(&self, _rule: &str, stream: &str) -> Result<Vec<Destination>, NoStream> {
        let table = table_of(stream).ok_or(NoStream::Stream)?;
        Ok(vec![Destination { scope: self.scope.clone(), table: table.to_owned(), transform: None }])
    }
}

/// The table that a stream is named after: `Custom-Logs_CL` and `Microsoft-Syslog`. `None` for other names.
pub fn table_of(stream: &str) -> Option<&str> {
    let table = stream.strip_prefix("Custom-").or_else(|| stream.strip_prefix("Microsoft-"))?;
    is_table_name(table).then_some(table)
}

/// Whether a name may be that of a table: a letter or `_`, then letters, digits and `_`, at most 100 of them.
pub fn is_table_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_after_tables() {
        assert_eq!(table_of("Custom-Kit_CL"), Some("Kit_CL"));
        assert_eq!(table_of("Microsoft-Syslog"), Some("Syslog"));
        for wrong in ["Kit_CL", "Custom-", "Custom-a/b", "Custom-1", "custom-A"] {
            assert_eq!(table_of(wrong), None, "{wrong}");
        }
    }
}
