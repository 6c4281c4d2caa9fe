//! From the syntax tree to the bound tree.

mod catalog;

use std::collections::HashMap;

pub use catalog::{Catalog, MemoryCatalog, StoredFunction};

use crate::bound::BoundQuery;
use crate::syntax::Span;
use crate::types::Schema;
use crate::values::Literal;

/// What is known beside the query and the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Schemas of operators whose columns depend on the data, by the span of the operator.
    pub known: HashMap<Span, Schema>,
    /// Values of declared query parameters.
    pub parameters: HashMap<String, Literal>,
}

/// Parses and binds a query.
pub fn bind(text: &str, catalog: &dyn Catalog, options: &Options) -> BoundQuery {
    let parsed = crate::parse(text);
    let _ = (catalog, options);
    BoundQuery { diagnostics: parsed.diagnostics, ..BoundQuery::default() }
}
