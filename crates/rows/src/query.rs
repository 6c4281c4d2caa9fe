//! From the text of a query to its results: bound again and again while the rows tell new columns.

use std::collections::HashSet;

use azimuth_diag::{Diagnostic, Severity};
use azimuth_kql::bind::{Catalog, Options};
use azimuth_kql::bound::{BoundQuery, Rel, RelKind, ResultValue};
use azimuth_kql::syntax::Span;
use azimuth_kql::types::Schema;
use azimuth_values::Context;

use crate::eval;
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
        let opened = match open(&bound, source, context, limits) {
            // What fails where the text is wrong fails because of that.
            Err(_) if bound.has_errors() => None,
            opened => opened.map_err(QueryError::Failed)?,
        };
        let Some((span, schema)) = opened else {
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
    let Some(rel) = open_operator(bound) else { return Ok(None) };
    Ok(Some((rel.span, opened(&Run::new(bound, source, context, limits), rel)?)))
}

/// The innermost operator whose columns only its rows can tell, if its inputs are known: its columns ([`opened`]) go into
/// [`Options::known`], and the query is bound again.
pub fn open_operator(bound: &BoundQuery) -> Option<&Rel> {
    let mut roots: Vec<&Rel> = bound.shared.iter().map(|shared| &*shared.rel).collect();
    roots.extend(bound.results.iter().filter_map(|result| match &result.value {
        ResultValue::Table(rel) => Some(&**rel),
        ResultValue::Scalar(_) => None,
    }));
    roots.into_iter().find_map(|root| {
        let mut found = None;
        tree::walk_deep(root, &mut HashSet::new(), &mut |rel| {
            // The innermost first: what lies above it is open because of it.
            if rel.schema.is_open && matches!(rel.kind, RelKind::Evaluate(_) | RelKind::HostFunction { .. }) {
                found = Some(rel);
            }
        });
        found.filter(|rel| match &rel.kind {
            RelKind::Evaluate(evaluate) => evaluate.input.as_ref().is_none_or(|input| !input.schema.is_open),
            RelKind::HostFunction { .. } => true,
            _ => false,
        })
    })
}

/// The columns of an [`open_operator`].
///
/// # Errors
/// See [`Failure`].
pub fn opened(run: &Run<'_>, rel: &Rel) -> Result<Schema, Failure> {
    match &rel.kind {
        RelKind::Evaluate(evaluate) => Ok(plugin::table(run, evaluate, &rel.schema, None)?.schema),
        RelKind::HostFunction { name, arguments } => {
            let arguments = arguments
                .iter()
                .map(|argument| eval::constant(run, argument))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(run.source.function(name, &arguments, &rel.schema)?.schema)
        }
        _ => Ok(rel.schema.clone()),
    }
}
