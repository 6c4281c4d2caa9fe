//! `ingestion_time()`: a column that tables have and queries do not see.
//!
//! A table that tells when its rows were ingested ([`Catalog::has_ingestion_time`](super::Catalog::has_ingestion_time)) is read
//! with one more column, [`INGESTION_TIME`], which goes along to the operator that asks, and ends there. All other rows have
//! no such time: the call stays, and is null.

use std::sync::Arc;

use super::Binder;
use crate::ast::{Call, Operator};
use crate::bound::{Expr, Rel, RelKind, UnionInput};
use crate::types::{Column, ScalarType as T, Schema};
use crate::values::Literal;
use crate::walk::{self, Visit};

/// The hidden column, a `datetime`, as the schema of a [`RelKind::Table`] names it; no query can write that.
pub const INGESTION_TIME: &str = "\0ingestion time";

/// Whether an operator asks for the time.
fn asks(operator: &Operator) -> bool {
    #[derive(Default)]
    struct Asks(bool);
    impl Visit for Asks {
        fn call(&mut self, call: &Call) {
            self.0 |= call.name.text == "ingestion_time";
        }
    }
    let mut found = Asks::default();
    walk::operator(&mut found, operator);
    found.0
}

impl Binder<'_> {
    /// The input of an operator with the hidden column, if the operator asks for it and the tables below have it.
    pub(super) fn with_ingestion_time(&mut self, operator: &Operator, input: &Arc<Rel>) -> Option<Arc<Rel>> {
        if !asks(operator) || !self.tells_time(input) {
            return None;
        }
        let extended = self.extended(input);
        if extended.is_none() {
            let message =
                "`ingestion_time` is not known after these operators; ask for it right after the table";
            self.error("kql-ingestion-time", operator.keyword, message);
        }
        extended
    }

    /// An operator's result without the hidden column.
    pub(super) fn without_ingestion_time(&self, rel: Arc<Rel>) -> Arc<Rel> {
        let Some(hidden) = rel.schema.index_of(INGESTION_TIME) else { return rel };
        let kept = rel.schema.columns.iter().enumerate().filter(|(place, _)| *place != hidden);
        let columns = kept.clone().map(|(place, column)| Expr::column(place, column.ty, rel.span)).collect();
        let schema = Schema { columns: kept.map(|(_, column)| column.clone()).collect(), ..rel.schema };
        Arc::new(Rel { span: rel.span, kind: RelKind::Project { input: rel, columns }, schema })
    }

    /// Whether a table below has the column. Rows that are made anew (aggregated, read from outside) have no time.
    fn tells_time(&self, rel: &Rel) -> bool {
        match &rel.kind {
            RelKind::Table(name) => self.catalog.has_ingestion_time(name),
            RelKind::Filter { input, .. }
            | RelKind::Project { input, .. }
            | RelKind::Sort { input, .. }
            | RelKind::Top { input, .. }
            | RelKind::Take { input, .. }
            | RelKind::Sample { input, .. }
            | RelKind::Serialize { input }
            | RelKind::As { input, .. }
            | RelKind::ParseKv { input, .. } => self.tells_time(input),
            RelKind::Parse(parse) => self.tells_time(&parse.input),
            RelKind::MvExpand(expand) => self.tells_time(&expand.input),
            RelKind::Join(join) => self.tells_time(&join.left),
            RelKind::Union { inputs, .. } => inputs.iter().any(|input| self.tells_time(&input.rel)),
            _ => false,
        }
    }

    /// The rows with the hidden column as their last; `None` where it cannot go along.
    fn extended(&self, rel: &Arc<Rel>) -> Option<Arc<Rel>> {
        let again = |kind: RelKind| {
            let mut schema = rel.schema.clone();
            schema.columns.push(Column::new(INGESTION_TIME, T::Datetime));
            Some(Arc::new(Rel { kind, schema, span: rel.span }))
        };
        let last = |input: &Rel| Expr::column(input.schema.columns.len() - 1, T::Datetime, rel.span);
        match &rel.kind {
            RelKind::Table(name) if self.catalog.has_ingestion_time(name) => {
                again(RelKind::Table(name.clone()))
            }
            RelKind::Filter { input, predicate } => {
                again(RelKind::Filter { input: self.extended(input)?, predicate: predicate.clone() })
            }
            RelKind::Project { input, columns } => {
                let input = self.extended(input)?;
                let columns = columns.iter().cloned().chain([last(&input)]).collect();
                again(RelKind::Project { input, columns })
            }
            RelKind::Sort { input, keys } => {
                again(RelKind::Sort { input: self.extended(input)?, keys: keys.clone() })
            }
            RelKind::Top { input, count, keys } => {
                let input = self.extended(input)?;
                again(RelKind::Top { input, count: count.clone(), keys: keys.clone() })
            }
            RelKind::Take { input, count } => {
                again(RelKind::Take { input: self.extended(input)?, count: count.clone() })
            }
            RelKind::Sample { input, count } => {
                again(RelKind::Sample { input: self.extended(input)?, count: count.clone() })
            }
            RelKind::Serialize { input } => again(RelKind::Serialize { input: self.extended(input)? }),
            RelKind::As { input, name } => {
                again(RelKind::As { input: self.extended(input)?, name: name.clone() })
            }
            RelKind::Union { inputs, has_source, is_fuzzy } => {
                let place = rel.schema.columns.len() - usize::from(*has_source);
                let inputs = inputs.iter().map(|input| {
                    let outputs = input.outputs.iter().copied().chain([Some(place)]).collect();
                    Some(UnionInput { rel: self.extended(&input.rel)?, outputs, ..input.clone() })
                });
                let inputs = inputs.collect::<Option<Vec<_>>>()?;
                again(RelKind::Union { inputs, has_source: *has_source, is_fuzzy: *is_fuzzy })
            }
            // Other rows have no time, where one stands beside rows that have.
            _ if !self.tells_time(rel) => {
                let columns = rel.schema.columns.iter().enumerate();
                let columns = columns.map(|(place, column)| Expr::column(place, column.ty, rel.span));
                let null = Expr::literal(Literal::Datetime(None), rel.span);
                again(RelKind::Project { input: rel.clone(), columns: columns.chain([null]).collect() })
            }
            _ => None,
        }
    }
}
