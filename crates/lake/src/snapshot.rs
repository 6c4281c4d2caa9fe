//! All tables at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_kql::types::Schema;
use azimuth_query::Engine;
use datafusion::execution::object_store::ObjectStoreUrl;

use crate::error::LakeError;
use crate::lake::Lake;
use crate::scan::LakeTable;
use crate::state::TableState;
use crate::terms::Terms;
use crate::usage::{self, Volume};

/// All tables at one moment: every row that was acknowledged before it is in it once, and nothing that came later.
#[derive(Clone, Debug)]
pub struct Snapshot {
    tables: BTreeMap<String, (Schema, Arc<LakeTable>)>,
    volumes: Arc<Vec<Volume>>,
    store: Arc<dyn object_store::ObjectStore>,
    url: ObjectStoreUrl,
    terms: Arc<Terms>,
}

/// What there is to know of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableFacts {
    /// Its name
    pub name: String,
    /// Its columns
    pub schema: Schema,
    /// The version of its Delta log; −1 if it has none yet
    pub version: i64,
    /// Rows in files
    pub file_rows: u64,
    /// Files
    pub files: usize,
    /// Their bytes
    pub file_bytes: u64,
    /// Rows in memory
    pub memory_rows: u64,
    /// Bytes that they take
    pub memory_bytes: usize,
}

impl Lake {
    /// All tables as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let url = ObjectStoreUrl::parse("azimuth-lake://tables").expect("it is a URL without a path");
        let state = self.inner.state();
        let of = |table: &TableState| LakeTable {
            schema: table.schema.arrow.clone(),
            fresh: table.fresh.clone(),
            files: table.files.clone(),
            store: url.clone(),
        };
        let tables = state.tables.iter();
        let tables =
            tables.map(|(name, table)| (name.clone(), (table.schema.kusto(), Arc::new(of(table))))).collect();
        Snapshot {
            tables,
            volumes: Arc::new(usage::volumes(&state)),
            store: self.inner.files.store.clone(),
            url,
            terms: self.inner.terms.clone(),
        }
    }

    /// The tables, by name.
    pub fn tables(&self) -> Vec<TableFacts> {
        let facts = |(name, table): (&String, &TableState)| TableFacts {
            name: name.clone(),
            schema: table.schema.kusto(),
            version: table.delta.version,
            file_rows: table.files.iter().map(|file| file.known.rows).sum(),
            files: table.files.len(),
            file_bytes: table.files.iter().map(|file| file.bytes).sum(),
            memory_rows: table.fresh.iter().map(|fresh| fresh.rows.num_rows() as u64).sum(),
            memory_bytes: table.bytes,
        };
        self.inner.state().tables.iter().map(facts).collect()
    }
}

impl Snapshot {
    /// The columns of a table; `None` if there is no such table.
    pub fn schema(&self, table: &str) -> Option<&Schema> {
        self.tables.get(table).map(|(schema, _)| schema)
    }

    /// The tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.tables.iter().map(|(name, (schema, _))| (name.as_str(), schema))
    }

    /// What was received, by table and day.
    pub fn volumes(&self) -> &[Volume] {
        &self.volumes
    }

    /// Makes the tables tables of queries, with the indexes of their terms, and `Usage` if no such table is kept.
    ///
    /// # Errors
    /// When the query engine cannot take a table.
    pub fn register(&self, engine: &mut Engine) -> Result<(), LakeError> {
        engine.register_store(&self.url, self.store.clone());
        for (name, (schema, table)) in &self.tables {
            let failed = |error| LakeError::columns(name, error);
            engine.register_table(name, table.clone(), schema.clone()).map_err(failed)?;
            engine.register_index(name, self.terms.clone()).map_err(failed)?;
        }
        if !self.tables.contains_key(usage::TABLE) {
            let table = usage::table(&self.volumes);
            engine
                .register_rows(usage::TABLE, &table)
                .map_err(|error| LakeError::columns(usage::TABLE, error))?;
        }
        Ok(())
    }
}
