//! Why a chart cannot be drawn.

use thiserror::Error;

/// Why a result cannot be drawn as asked. Every message says what is needed and what there is.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChartError {
    /// The name after `render` is none of the published ones.
    #[error("unknown visualisation `{name}`{}", did_you_mean(suggestion.as_deref()))]
    UnknownVisualisation {
        /// As written.
        name: String,
        /// The nearest known name.
        suggestion: Option<&'static str>,
    },
    /// The visualisation exists, but what it draws with is not here.
    #[error("`{chart}` is not drawn here: {reason}")]
    NotDrawn {
        /// The visualisation.
        chart: &'static str,
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// The result lacks a column that the visualisation cannot do without.
    #[error("`{chart}` needs {needs}; the result has {has}")]
    Needs {
        /// The visualisation.
        chart: &'static str,
        /// What is needed.
        needs: String,
        /// The columns there are, with their types.
        has: String,
    },
    /// A property names a column that the result does not have.
    #[error("`{property}` names the column `{name}`; the result has {has}")]
    NoColumn {
        /// `xcolumn`, `ycolumns`, `series` or `anomalycolumns`.
        property: &'static str,
        /// The column named.
        name: String,
        /// The columns there are, with their types.
        has: String,
    },
    /// A property has a value that is none of those published.
    #[error("`{property}` is `{value}`; expected {expected}")]
    Property {
        /// The property.
        property: &'static str,
        /// As written.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(
        || "; `table` shows any result".to_owned(),
        |suggestion| format!("; did you mean `{suggestion}`?"),
    )
}
