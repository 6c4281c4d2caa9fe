//! Batches as rows, and back.

use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_rows::{Row, Table, eval, type_of};
use azimuth_values::Value;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::error::Result;

use crate::cells;

/// The Arrow type of a column of the binder's type.
pub(crate) fn arrow_type(ty: ScalarType) -> DataType {
    cells::arrow_type(type_of(ty))
}

/// The name of a column of a plan: by its place, as names are for people.
pub(crate) fn column_name(place: usize) -> String {
    format!("c{place}")
}

/// The Arrow schema of rows: `c0`, `c1`, …
pub(crate) fn arrow_schema(types: impl IntoIterator<Item = ScalarType>) -> SchemaRef {
    let field = |(place, ty)| Field::new(column_name(place), arrow_type(ty), true);
    Arc::new(ArrowSchema::new(types.into_iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// The types of the columns of a schema.
pub(crate) fn types(schema: &Schema) -> Vec<ScalarType> {
    schema.columns.iter().map(|column| column.ty).collect()
}

/// The array of a column; values of another type are brought to it as the binder's conversions are.
pub(crate) fn array<'v>(values: impl IntoIterator<Item = &'v Value>, ty: ScalarType) -> ArrayRef {
    let typed: Vec<Value> = values.into_iter().map(|value| eval::typed(value.clone(), ty)).collect();
    cells::array(&typed, type_of(ty))
}

/// A batch of rows.
pub(crate) fn batch(rows: &[Row], types: &[ScalarType]) -> Result<RecordBatch> {
    let column = |(place, ty): (usize, &ScalarType)| {
        array(rows.iter().map(|row| row.get(place).unwrap_or(&Value::Null)), *ty)
    };
    let columns = types.iter().enumerate().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(arrow_schema(types.iter().copied()), columns, &options)?)
}

/// The rows of a batch, at the end of others.
pub(crate) fn push(rows: &mut Vec<Row>, batch: &RecordBatch, types: &[ScalarType]) {
    let types: Vec<_> = types.iter().map(|ty| type_of(*ty)).collect();
    rows.extend((0..batch.num_rows()).map(|row| {
        let cell = |(array, ty): (&ArrayRef, &azimuth_values::Type)| cells::value(array, row, *ty);
        batch.columns().iter().zip(&types).map(cell).collect::<Row>()
    }));
}

/// The rows of batches as a table.
pub fn table(batches: &[RecordBatch], schema: &Schema) -> Table {
    let types = types(schema);
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        push(&mut rows, batch, &types);
    }
    Table::new(schema.clone(), rows)
}
