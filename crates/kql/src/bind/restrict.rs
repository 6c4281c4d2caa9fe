//! What a query may reach: other places than this database (`macro-expand`), `restrict access`, and the properties
//! that `set` gives a request.

use std::sync::Arc;

use super::project::matches_pattern;
use super::scope::{Entry, Row, Value};
use super::union::Types;
use super::{Binder, Scope};
use crate::ast::{Expr as Ast, ExprKind as A, FunctionBody, Name, Operator};
use crate::bound::Rel;
use crate::syntax::Span;

/// The request properties of the Kusto reference, as `set` names them.
pub(super) const REQUEST_PROPERTIES: &[&str] = &[
    "best_effort",
    "client_max_redirect_count",
    "client_results_reader_allow_varying_row_widths",
    "deferpartialqueryfailures",
    "materialized_view_shuffle",
    "max_memory_consumption_per_query_per_node",
    "maxmemoryconsumptionperiterator",
    "maxoutputcolumns",
    "norequesttimeout",
    "notruncation",
    "push_selection_through_aggregation",
    "query_bin_auto_at",
    "query_bin_auto_size",
    "query_cursor_after_default",
    "query_cursor_before_or_at_default",
    "query_cursor_current",
    "query_cursor_disabled",
    "query_cursor_scoped_tables",
    "query_datascope",
    "query_datetimescope_column",
    "query_datetimescope_from",
    "query_datetimescope_to",
    "query_distribution_nodes_span",
    "query_fanout_nodes_percent",
    "query_fanout_threads_percent",
    "query_force_row_level_security",
    "query_language",
    "query_log_query_parameters",
    "query_max_entities_in_union",
    "query_now",
    "query_optimize_fts_at_relop",
    "query_python_debug",
    "query_results_apply_getschema",
    "query_results_cache_force_refresh",
    "query_results_cache_max_age",
    "query_results_cache_per_shard",
    "query_results_progressive_row_count",
    "query_results_progressive_update_period",
    "query_take_max_records",
    "query_weakconsistency_session_id",
    "queryconsistency",
    "querytrace",
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
    "results_error_reporting_placement",
    "results_v2_fragment_primary_tables",
    "results_v2_newlines_between_frames",
    "servertimeout",
    "truncation_max_records",
    "truncationmaxrecords",
    "truncationmaxsize",
    "validatepermissions",
];

/// Whether `set` knows the name; case does not count, and names in development begin with `__` or `debug_`.
pub(super) fn is_request_property(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    REQUEST_PROPERTIES.binary_search(&name.as_str()).is_ok()
        || name.starts_with("__")
        || name.starts_with("debug_")
}

impl Binder<'_> {
    /// `macro-expand group as X (…)`: the body once for each place of the group, and the union of all.
    pub(super) fn macro_expand(
        &mut self,
        operator: &Operator,
        group: &Ast,
        name: Option<&Name>,
        body: &FunctionBody,
        env: &Scope,
    ) -> Arc<Rel> {
        let span = operator.span;
        let (items, scope) = match &group.kind {
            A::EntityGroup(items) => (items.clone(), env.clone()),
            A::Name(written) => match env.get(written) {
                Some(Entry::Group(group)) => (group.0.clone(), group.1.clone()),
                _ => {
                    let message = format!("there is no entity group `{written}`");
                    let hint =
                        format!("`let {written} = entity_group [cluster(…).database(…), …];` declares one");
                    self.error_with_hint("kql-entity-group", group.span, message, Some(hint));
                    return self.error_rel(span);
                }
            },
            _ => {
                let message = "an entity group is expected here: `entity_group [cluster(…).database(…), …]`";
                self.error("kql-entity-group", group.span, message);
                return self.error_rel(span);
            }
        };
        let Some(name) = name else {
            self.error("kql-entity-group", operator.keyword, "`as` and a name for the place are missing");
            return self.error_rel(span);
        };
        let mut inputs = Vec::new();
        for item in &items {
            let entry = match self.value(item, Row::none(), &scope) {
                Value::Place { cluster, database } => Entry::Place { cluster, database },
                Value::Table(rel) => Entry::Table(rel),
                Value::Scalar(_) => {
                    self.error(
                        "kql-entity-group",
                        item.span,
                        "a cluster, database or table is expected here",
                    );
                    continue;
                }
            };
            let inner = self.statements(&body.statements, env.with(name.text.clone(), entry), Row::none());
            let rel = match &body.result {
                Some(result) => self.table(result, &inner),
                None => {
                    self.error("kql-empty-function", body.span, "the body has no result");
                    return self.error_rel(span);
                }
            };
            inputs.push((format!("union_arg{}", inputs.len()), rel));
        }
        let is_fuzzy =
            operator.parameter("isfuzzy").is_some_and(|parameter| parameter.word() == Some("true"));
        self.united(&inputs, None, false, is_fuzzy, Types::Split, span)
    }

    /// `restrict access to (…)`: tables, functions and names declared before are out of reach unless they are listed.
    pub(super) fn restrict(&mut self, allowed: &[Ast], env: &Scope) -> Scope {
        let names: Vec<String> = allowed
            .iter()
            .filter_map(|item| match &item.kind {
                A::Name(name) | A::Wildcard(name) => Some(name.clone()),
                A::Star => Some("*".to_owned()),
                A::Call(call) => Some(call.name.text.clone()),
                // Other places are not at hand anyway.
                A::Path { .. } | A::Method { .. } => None,
                _ => {
                    self.error("kql-restrict", item.span, "the name of a table or function is expected here");
                    None
                }
            })
            .collect();
        let is_listed = |name: &str| names.iter().any(|pattern| matches_pattern(pattern, name));
        let hidden: Vec<String> = env
            .entries()
            .filter(|(name, entry)| matches!(entry, Entry::Table(_) | Entry::Function(_)) && !is_listed(name))
            .map(|(name, _)| name.to_owned())
            .collect();
        let env = hidden.into_iter().fold(env.clone(), |env, name| env.with(name, Entry::Restricted));
        // A second statement restricts further.
        self.allowed = Some(match self.allowed.take() {
            Some(before) => names
                .into_iter()
                .filter(|name| before.iter().any(|pattern| matches_pattern(pattern, name)))
                .collect(),
            None => names.into(),
        });
        env
    }

    /// Whether `restrict access` leaves a table or function of the catalogue. The bodies of stored functions reach all.
    pub(super) fn is_allowed(&self, name: &str) -> bool {
        !self.expanding.is_empty()
            || self
                .allowed
                .as_ref()
                .is_none_or(|allowed| allowed.iter().any(|pattern| matches_pattern(pattern, name)))
    }

    /// Reports something that `restrict access` leaves out.
    pub(super) fn restricted(&mut self, name: &str, span: Span) {
        let message = format!("`restrict access` leaves `{name}` out");
        self.error("kql-restrict", span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_properties_are_found_by_search() {
        assert!(REQUEST_PROPERTIES.is_sorted());
        assert!(is_request_property("notruncation") && is_request_property("QueryTrace"));
        assert!(!is_request_property("notruncate"));
    }
}
