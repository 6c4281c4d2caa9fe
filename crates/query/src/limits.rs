//! What a query may use, and how it is told that it used too much.
//!
//! The defaults are the service's ("Query limits" in the documentation of Kusto); `Terms` reads the request
//! options that change them for one query, by `set` or beside its text.

use std::time::Duration;

use azimuth_kql::bind::TimeScope;
use azimuth_values::{Value, text};

use crate::error::QueryError;

/// The longest a query may ask for: one hour, as the service caps `servertimeout`.
const MAX_TIME: Duration = Duration::from_secs(3600);

/// The limits of a query. The defaults of rows, bytes and time are the service's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of all results together
    pub rows: u64,
    /// Bytes of all results together, as arrays
    pub bytes: u64,
    /// Bytes that operators may hold at a time
    pub memory: usize,
    /// Time from the start of the query to the last row
    pub time: Duration,
    /// Rows that one operator of the row engine may be given or make; of cells it may make eight times as many
    pub row_engine: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 500_000,
            bytes: 64 << 20,
            memory: 4 << 30,
            time: Duration::from_secs(240),
            row_engine: 10_000_000,
        }
    }
}

/// What the request options of one query come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    /// Rows of each result beyond which the rest is left out in silence (`query_take_max_records`)
    pub(crate) take: Option<u64>,
    /// The moment of the query (`query_now`)
    pub(crate) now: i64,
    /// Times of rows (`query_datetimescope_from`, `…_to`), and the column that tells them (`…_column`)
    pub(crate) time_scope: Option<TimeScope>,
}

/// The column of a time scope that names none: what every table of Log Analytics has.
const TIME_COLUMN: &str = "TimeGenerated";

/// Options that change nothing here: what they tune is the service's own, and the answer is the same without.
const IDLE: &[&str] = &[
    "best_effort",
    "client_max_redirect_count",
    "deferpartialqueryfailures",
    "materialized_view_shuffle",
    "optimize_fs_operators_slots",
    "query_cursor_disabled",
    "query_distribution_nodes_span",
    "query_fanout_nodes_percent",
    "query_fanout_threads_percent",
    "query_force_row_level_security",
    "query_language",
    "query_log_query_parameters",
    "query_optimize_fs_operators_slots",
    "query_results_cache_force_refresh",
    "query_results_cache_max_age",
    "query_results_cache_per_shard",
    "query_shuffle_broadcast_join",
    "query_weakconsistency_session_id",
    "queryconsistency",
    "request_app_name",
    "request_block_row_level_security",
    "request_callout_disabled",
    "request_description",
    "request_external_data_disabled",
    "request_external_table_disabled",
    "request_impersonation_disabled",
    "request_readonly",
    "request_readonly_hardline",
    "request_remote_entities_disabled",
    "request_sandboxed_execution_disabled",
    "request_user",
    "validate_permissions",
    "validatepermissions",
];

/// Options that change the answer in a way that is not done here.
const UNSUPPORTED: &[&str] = &[
    "query_bin_auto_at",
    "query_bin_auto_size",
    "query_cursor_after_default",
    "query_cursor_before_or_at_default",
    "query_cursor_current",
    "query_cursor_scoped_tables",
    "query_python_debug",
    "query_results_apply_getschema",
    "query_results_progressive_enabled",
    "query_results_progressive_row_count",
    "query_results_progressive_update_period",
];

impl Terms {
    /// The terms of a query: the engine's own limits, changed by options in their order. Memory can only be asked for up
    /// to the engine's own limit, time up to an hour.
    ///
    /// # Errors
    /// [`QueryError::Option`] for a value of the wrong kind, and for options that would change the answer and are not
    /// supported.
    pub(crate) fn new<'o>(
        limits: Limits,
        now: i64,
        options: impl IntoIterator<Item = (&'o str, &'o Value)>,
    ) -> Result<Self, QueryError> {
        let mut terms = Self { limits, take: None, now, time_scope: None };
        for (name, value) in options {
            let refused = |why: &str| QueryError::Option { name: name.to_owned(), why: why.to_owned() };
            let number = || {
                let number = value.as_long().or_else(|| text::to_string(value).trim().parse().ok());
                number
                    .and_then(|number| u64::try_from(number).ok())
                    .ok_or_else(|| refused("it takes a whole number that is not negative"))
            };
            let truth = || match text::to_string(value).trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(refused("it takes `true` or `false`")),
            };
            let moment = || {
                let moment = match value {
                    Value::DateTime(ticks) => Some(*ticks),
                    other => azimuth_kql::values::parse_datetime(text::to_string(other).trim()),
                };
                moment.ok_or_else(|| refused("it takes a datetime"))
            };
            match name.to_ascii_lowercase().as_str() {
                "notruncation" if truth()? => (terms.limits.rows, terms.limits.bytes) = (u64::MAX, u64::MAX),
                "notruncation" => {}
                "truncationmaxrecords" => terms.limits.rows = number()?,
                "truncationmaxsize" => terms.limits.bytes = number()?,
                "query_take_max_records" => terms.take = Some(number()?),
                "servertimeout" => {
                    let ticks = match value {
                        Value::TimeSpan(ticks) => Some(*ticks),
                        other => azimuth_kql::values::parse_timespan(text::to_string(other).trim()),
                    };
                    let ticks = ticks.and_then(|ticks| u64::try_from(ticks).ok());
                    let ticks = ticks.ok_or_else(|| refused("it takes a timespan such as `10m`"))?;
                    let asked = Duration::from_micros(ticks / 10);
                    terms.limits.time = asked.min(MAX_TIME.max(limits.time));
                }
                "norequesttimeout" if truth()? => terms.limits.time = MAX_TIME.max(limits.time),
                "norequesttimeout" => {}
                "maxmemoryconsumptionperiterator" | "max_memory_consumption_per_query_per_node" => {
                    let asked = usize::try_from(number()?).unwrap_or(usize::MAX);
                    terms.limits.memory = asked.min(limits.memory).min(terms.limits.memory);
                }
                "query_now" => terms.now = moment()?,
                "query_datetimescope_column" => terms.scope().column = text::to_string(value),
                "query_datetimescope_from" => terms.scope().from = Some(moment()?),
                "query_datetimescope_to" => terms.scope().to = Some(moment()?),
                known if IDLE.contains(&known) => {}
                known if UNSUPPORTED.contains(&known) => {
                    return Err(refused("it would change the answer and is not supported; leave it out"));
                }
                _ => return Err(refused("there is no request option of that name")),
            }
        }
        Ok(terms)
    }

    fn scope(&mut self) -> &mut TimeScope {
        self.time_scope.get_or_insert_with(|| TimeScope {
            column: TIME_COLUMN.to_owned(),
            from: None,
            to: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(options: &[(&str, Value)]) -> Result<Terms, QueryError> {
        Terms::new(Limits::default(), 7, options.iter().map(|(name, value)| (*name, value)))
    }

    #[test]
    fn options_change_limits() {
        let found = terms(&[
            ("truncationmaxrecords", Value::Long(10)),
            ("TruncationMaxSize", Value::string("1048576")),
            ("servertimeout", Value::string("00:10:00")),
            ("query_take_max_records", Value::Int(3)),
            ("query_now", Value::DateTime(9)),
            ("queryconsistency", Value::string("weakconsistency")),
        ])
        .unwrap();
        assert_eq!((found.limits.rows, found.limits.bytes), (10, 1 << 20));
        assert_eq!(found.limits.time, Duration::from_secs(600));
        assert_eq!((found.take, found.now), (Some(3), 9));
        assert_eq!(terms(&[("notruncation", Value::Bool(true))]).unwrap().limits.bytes, u64::MAX);
        assert_eq!(terms(&[("notruncation", Value::Bool(false))]).unwrap().limits, Limits::default());
    }

    #[test]
    fn nothing_raises_memory_or_more_than_an_hour() {
        let found = terms(&[
            ("maxmemoryconsumptionperiterator", Value::Long(i64::MAX)),
            ("servertimeout", Value::TimeSpan(i64::MAX)),
        ]);
        let limits = found.unwrap().limits;
        assert_eq!((limits.memory, limits.time), (4 << 30, MAX_TIME));
    }

    #[test]
    fn what_is_not_done_is_named() {
        for (name, value) in [
            ("query_cursor_current", Value::string("")),
            ("query_datetimescope_from", Value::string("soon")),
            ("truncationmaxrecord", Value::Long(1)),
            ("truncationmaxrecords", Value::Long(-1)),
            ("servertimeout", Value::string("soon")),
        ] {
            let error = terms(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
