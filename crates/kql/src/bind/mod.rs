//! From the syntax tree to the bound tree.
//!
//! - [`catalog`](Catalog): what is asked of the surroundings;
//! - `scope`: names of `let`, parameters and rows;
//! - `value`: scalar expressions and names; `operand`: which types go with which operator;
//! - `call`: built-in functions against their signatures; `expand`: functions of the query and stored ones;
//! - `shape`: what is known of dynamic values;
//! - `naming`: what columns are called that nobody named; `columns`: building output columns;
//! - `restrict`: other places than this database, and what of it may be reached;
//! - `time_scope`: times that a request limits its tables to;
//! - `tabular` and its neighbours: the operators.

mod call;
mod catalog;
mod columns;
mod evaluate;
mod expand;
mod graph;
mod ingestion;
mod join;
mod naming;
mod operand;
mod project;
mod restrict;
mod scope;
mod search;
mod series;
mod shape;
mod statement;
mod summarize;
mod tabular;
mod time_scope;
mod unfold;
mod union;
mod value;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use azimuth_diag::{Diagnostic, Severity};

pub use catalog::{Catalog, MemoryCatalog, StoredFunction};
pub use ingestion::INGESTION_TIME;
pub use time_scope::TimeScope;

use crate::bound::{BoundQuery, NamedValue, Rel, RelKind, Shared, SharedId};
use crate::parse::{place, sort_and_locate};
use crate::syntax::Span;
use crate::types::{ScalarType, Schema, Shape};
use crate::values::Literal;
use scope::Env;

/// How many expressions and operators a query may come to once its functions are expanded.
const MAX_WORK: usize = 2_000_000;
/// How deep the binder may recurse.
const MAX_DEPTH: usize = 220;
/// After so many diagnostics nothing more is reported.
const MAX_DIAGNOSTICS: usize = 200;

/// What is known beside the query and the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Schemas of operators whose columns depend on the data, by the span of the operator.
    pub known: HashMap<Span, Schema>,
    /// Values of declared query parameters.
    pub parameters: HashMap<String, Literal>,
    /// Times that rows of tables have to lie in.
    pub time_scope: Option<TimeScope>,
    /// Whose word counts where Kusto's engine and Kusto's own binder differ.
    pub rules: Rules,
}

/// Kusto's engine and Kusto's own binder (`Kusto.Language`, which editors use) do not agree everywhere.
///
/// | | engine | reference binder |
/// |---|---|---|
/// | `hourofday`, `getyear`, `getmonth`, `monthofyear`, `datetime_part` | long | int |
/// | `datetime_diff("week", …)` | real | long |
/// | `ceiling` of whole numbers | real | their type |
/// | `jaccard_index` | real | dynamic |
/// | `count(x)` | counts where `x` is there | asks for a bool |
/// | `getschema`: `ColumnOrdinal` | int | long |
/// | `parse` into a column that is there | replaces it | adds another, with a number |
/// | `bin` of an `int` by an `int`, `row_cumsum` of an `int` | int, long | long, int |
/// | `where a = b` | `a` equals `b` | `b` has to be a bool |
/// | a second `let` of a name | counts | refused |
/// | `parse` with neighbours that may take the same characters | as they come | refused |
/// | `make-series … default` of a wider type | taken | refused |
/// | `top-hitters` by an `int` | long | int |
/// | a table for a scalar parameter of a stored function | refused | accepted |
/// | `scan` without `with_match_id` | no such column | `match_id` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// The answers that queries get.
    #[default]
    Engine,
    /// What editors for Kusto say of a query; for comparing with recorded schemas.
    ReferenceBinder,
}

/// Parses and binds a query. What is wrong is in the diagnostics of the result.
pub fn bind(text: &str, catalog: &dyn Catalog, options: &Options) -> BoundQuery {
    let parsed = crate::parse(text);
    let mut binder = Binder::new(catalog, options);
    binder.diagnostics = parsed.diagnostics;
    binder.has_syntax_errors = binder.diagnostics.iter().any(|found| found.severity == Severity::Error);
    binder.query(&parsed.query);
    let mut query = binder.bound;
    query.diagnostics = binder.diagnostics;
    sort_and_locate(text, &mut query.diagnostics);
    query
}

/// The state of one binding.
pub(crate) struct Binder<'c> {
    catalog: &'c dyn Catalog,
    options: &'c Options,
    bound: BoundQuery,
    diagnostics: Vec<Diagnostic>,
    has_syntax_errors: bool,
    /// Where a stored function is called whose body is bound now: all spans are this one then.
    call_site: Option<Span>,
    /// Names of stored functions whose bodies are being bound.
    expanding: Vec<String>,
    /// The rows that the body of `fork`, `partition` and `mv-apply` starts with.
    given: Vec<Schema>,
    /// How many calls of functions are being expanded.
    expansions: usize,
    work: usize,
    depth: usize,
    next_row: u32,
    /// The names of tables and functions that `restrict access` leaves; all without it.
    allowed: Option<Rc<[String]>>,
    /// What is known of values under names, by their addresses.
    named_shapes: HashMap<usize, (Arc<NamedValue>, Shape)>,
}

impl<'c> Binder<'c> {
    fn new(catalog: &'c dyn Catalog, options: &'c Options) -> Self {
        Self {
            catalog,
            options,
            bound: BoundQuery::default(),
            diagnostics: Vec::new(),
            has_syntax_errors: false,
            call_site: None,
            expanding: Vec::new(),
            given: Vec::new(),
            expansions: 0,
            work: 0,
            depth: 0,
            next_row: 1,
            allowed: None,
            named_shapes: HashMap::new(),
        }
    }

    /// The span as the user sees it.
    fn at(&self, span: Span) -> Span {
        self.call_site.unwrap_or(span)
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, message), span, None);
    }

    fn error_with_hint(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.report(Diagnostic::error(code, message), span, hint);
    }

    fn report(&mut self, mut diagnostic: Diagnostic, span: Span, hint: Option<String>) {
        diagnostic.place = place(self.at(span));
        diagnostic.hint = hint;
        let is_known = self
            .diagnostics
            .iter()
            .any(|known| known.place.span == diagnostic.place.span && known.message == diagnostic.message);
        if !is_known && self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// One level deeper, within the limits of depth and work; `None` and an error beyond them.
    fn nested<T>(&mut self, span: Span, bind: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.work += 1;
        if self.work > MAX_WORK {
            self.error(
                "kql-limit",
                span,
                "the query comes to too many expressions once its functions are expanded",
            );
            return None;
        }
        if self.depth >= MAX_DEPTH {
            self.error("kql-limit", span, "the query is nested too deeply");
            return None;
        }
        self.depth += 1;
        let result = bind(self);
        self.depth -= 1;
        Some(result)
    }

    /// Whether the reference binder's word counts.
    fn is_reference(&self) -> bool {
        self.options.rules == Rules::ReferenceBinder
    }

    fn rel(&self, kind: RelKind, schema: Schema, span: Span) -> Arc<Rel> {
        let schema = self.with_shapes(&kind, schema);
        Arc::new(Rel { kind, schema, span: self.at(span) })
    }

    /// A table after an error: everything may be in it, so nothing else is reported.
    fn error_rel(&self, span: Span) -> Arc<Rel> {
        self.rel(RelKind::Error, Schema { columns: Vec::new(), is_open: true }, span)
    }

    fn share(&mut self, rel: Arc<Rel>, scalar: Option<ScalarType>) -> SharedId {
        self.bound.shared.push(Shared { rel, scalar });
        SharedId(self.bound.shared.len() - 1)
    }

    /// The schema that the caller knows of an operator, if there is one.
    fn known_schema(&self, span: Span) -> Option<Schema> {
        self.options.known.get(&self.at(span)).cloned()
    }

    /// The type that a declaration names.
    fn declared_type(&mut self, name: &crate::ast::Name) -> ScalarType {
        if name.text.is_empty() {
            return ScalarType::String;
        }
        ScalarType::from_name(&name.text).unwrap_or_else(|| {
            self.error("kql-type-name", name.span, format!("there is no type `{}`", name.text));
            ScalarType::Unknown
        })
    }
}

/// The environment of a query or function body.
type Scope = Env;
