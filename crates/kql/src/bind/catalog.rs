//! What the binder asks its surroundings for: tables and stored functions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use azimuth_diag::Diagnostic;

use crate::ast::FunctionDeclaration;
use crate::bound::TableName;
use crate::parse_function;
use crate::types::Schema;

/// Tables and stored functions of the databases that a query may name.
pub trait Catalog {
    /// The columns of a table; `None` if there is no such table.
    fn table(&self, name: &TableName) -> Option<Arc<Schema>>;

    /// The names of all tables of the default database, for wildcards, `search` and hints. The columns of `search *` and
    /// of unions with wildcards come in this order.
    fn table_names(&self) -> Vec<String>;

    /// Whether a place is the default database under another name: `workspace("its id")`.
    fn is_default(&self, cluster: Option<&str>, database: Option<&str>) -> bool {
        cluster.is_none() && database.is_none()
    }

    /// Whether a table tells when its rows were ingested: then its [`RelKind::Table`](crate::bound::RelKind::Table) may have
    /// the column [`INGESTION_TIME`](super::INGESTION_TIME) at its end. By default none does, and `ingestion_time()` is null.
    fn has_ingestion_time(&self, name: &TableName) -> bool {
        let _ = name;
        false
    }

    /// A stored function of the default database.
    fn function(&self, name: &str) -> Option<Arc<StoredFunction>>;

    /// The names of all stored functions, for hints.
    fn function_names(&self) -> Vec<String>;
}

/// A function that is not part of the query.
#[derive(Clone, Debug)]
pub struct StoredFunction {
    /// Its name.
    pub name: String,
    /// Parameters and body. The body of a host function is not looked at.
    pub declaration: FunctionDeclaration,
    /// For a function that the host computes: the columns of its result (often an open schema).
    pub host: Option<Schema>,
    /// Text arguments name columns of the table argument (`invoke FileProfile(SHA1)` may give the column itself).
    pub takes_columns: bool,
}

/// A catalogue of one database, in memory; tables are in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct MemoryCatalog {
    tables: HashMap<String, Arc<Schema>>,
    table_names: Vec<String>,
    own_names: Vec<String>,
    timed: BTreeSet<String>,
    functions: BTreeMap<String, Arc<StoredFunction>>,
}

impl MemoryCatalog {
    /// An empty catalogue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a table.
    pub fn add_table(&mut self, name: impl Into<String>, schema: Schema) {
        let name = name.into();
        self.timed.remove(&name);
        if self.tables.insert(name.clone(), Arc::new(schema)).is_none() {
            self.table_names.push(name);
        }
    }

    /// A name under which this database may be asked for: `database("name")`, `workspace("name")`.
    pub fn add_own_name(&mut self, name: impl Into<String>) {
        self.own_names.push(name.into());
    }

    /// Says that a table tells when its rows were ingested.
    pub fn add_ingestion_time(&mut self, table: impl Into<String>) {
        self.timed.insert(table.into());
    }

    /// Adds or replaces a stored function: parameters as `(a:string, …)`, the body as `{ … }`.
    ///
    /// # Errors
    /// The diagnostics, if parameters or body do not parse.
    pub fn add_function(&mut self, name: &str, parameters: &str, body: &str) -> Result<(), Vec<Diagnostic>> {
        let declaration = parse_function(parameters, body)?;
        self.add(StoredFunction { name: name.to_owned(), declaration, host: None, takes_columns: false });
        Ok(())
    }

    /// Adds or replaces a function that the host computes.
    ///
    /// # Errors
    /// The diagnostics, if the parameters do not parse.
    pub fn add_host_function(
        &mut self,
        name: &str,
        parameters: &str,
        schema: Schema,
    ) -> Result<(), Vec<Diagnostic>> {
        let declaration = parse_function(parameters, "{}")?;
        self.add(StoredFunction {
            name: name.to_owned(),
            declaration,
            host: Some(schema),
            takes_columns: false,
        });
        Ok(())
    }

    /// Adds or replaces a stored function.
    pub fn add(&mut self, function: StoredFunction) {
        self.functions.insert(function.name.clone(), Arc::new(function));
    }
}

impl Catalog for MemoryCatalog {
    fn table(&self, name: &TableName) -> Option<Arc<Schema>> {
        let is_own = self.is_default(name.cluster.as_deref(), name.database.as_deref());
        self.tables.get(&name.table).filter(|_| is_own).cloned()
    }

    fn is_default(&self, cluster: Option<&str>, database: Option<&str>) -> bool {
        let is_own = |database: &str| self.own_names.iter().any(|own| own.eq_ignore_ascii_case(database));
        cluster.is_none() && database.is_none_or(is_own)
    }

    fn has_ingestion_time(&self, name: &TableName) -> bool {
        self.timed.contains(&name.table)
    }

    fn table_names(&self) -> Vec<String> {
        self.table_names.clone()
    }

    fn function(&self, name: &str) -> Option<Arc<StoredFunction>> {
        self.functions.get(name).cloned()
    }

    fn function_names(&self) -> Vec<String> {
        self.functions.keys().cloned().collect()
    }
}
