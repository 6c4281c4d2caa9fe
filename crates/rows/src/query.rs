//! From the text of a query to its results: bound again and again while the rows tell new columns.

use azimuth_diag::{Diagnostic, Severity};
use azimuth_kql::bind::{Catalog, Options};
use azimuth_kql::bound::{BoundQuery, Rel, RelKind, ResultValue};
use azimuth_kql::syntax::Span;
use azimuth_kql::types::Schema;
use azimuth_values::Context;

use crate::operators::plugin;
use crate::run::{Failure, Limits, Run, Source, run};
use crate::table::Table;
use crate::tree;

/// How often a query is bound again: once for every operator whose columns its rows tell.
const MAX_BINDINGS: usize = 50;

/// Why a query has no results.
#[derive(Clone, Debug)]
pub enum QueryError {
    /// What is wrong with its text
    Invalid(Vec<Diagnostic>),
    /// What went wrong as it ran
    Failed(Failure),
}

/// Binds and executes a query.
///
/// # Errors
/// The diagnostics of a query that does not bind, or the [`Failure`] that ended it.
pub fn query(
    text: &str,
    catalog: &dyn Catalog,
    source: &dyn Source,
    context: &Context,
    limits: Limits,
) -> Result<(BoundQuery, Vec<Table>), QueryError> {
    let mut options = Options::default();
    for _ in 0..MAX_BINDINGS {
        let bound = azimuth_kql::bind(text, catalog, &options);
        let Some((span, schema)) = open(&bound, source, context, limits).map_err(QueryError::Failed)? else {
            if bound.has_errors() {
                let errors = bound.diagnostics.into_iter().filter(|found| found.severity == Severity::Error);
                return Err(QueryError::Invalid(errors.collect()));
            }
            let tables = run(&bound, source, context, limits).map_err(QueryError::Failed)?;
            return Ok((bound, tables));
        };
        options.known.insert(span, schema);
    }
    Err(QueryError::Failed(Failure::Unsupported(
        "a query with so many operators whose columns the rows tell".to_owned(),
    )))
}

/// The columns of the first operator that only its rows can tell.
fn open(
    bound: &BoundQuery,
    source: &dyn Source,
    context: &Context,
    limits: Limits,
) -> Result<Option<(Span, Schema)>, Failure> {
    let mut roots: Vec<&Rel> = bound.shared.iter().map(|shared| &*shared.rel).collect();
    roots.extend(bound.results.iter().filter_map(|result| match &result.value {
        ResultValue::Table(rel) => Some(&**rel),
        ResultValue::Scalar(_) => None,
    }));
    for root in roots {
        let mut found = None;
        tree::walk(root, &mut |rel| {
            // The innermost first: what lies above it is open because of it.
            if rel.schema.is_open && matches!(rel.kind, RelKind::Evaluate(_)) {
                found = Some(rel);
            }
        });
        if let Some(rel) = found
            && let RelKind::Evaluate(evaluate) = &rel.kind
            && evaluate.input.as_ref().is_none_or(|input| !input.schema.is_open)
        {
            let table =
                plugin::table(&Run::new(bound, source, context, limits), evaluate, &rel.schema, None)?;
            return Ok(Some((rel.span, table.schema)));
        }
    }
    Ok(None)
}
