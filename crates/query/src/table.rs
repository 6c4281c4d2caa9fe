//! Tables: a provider of DataFusion under a schema of Kusto.

use std::sync::Arc;

use azimuth_kql::ast::BinaryOp;
use azimuth_kql::bind::INGESTION_TIME;
use azimuth_kql::bound::Rel;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::{Value, calendar};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column as PlanColumn, ScalarValue, Statistics};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Operator, Volatility, binary_expr, lit,
};

use crate::functions;
use crate::index::{Condition, FileIndex};
use crate::lower::{Places, named};
use crate::probe::Probed;
use crate::pruned::{First, Newest};
use crate::{native, rows};

/// A table that queries may name.
#[derive(Clone, Debug)]
pub(crate) struct QueryTable {
    pub(crate) schema: Arc<Schema>,
    provider: Arc<dyn TableProvider>,
    /// For each column of `schema`, the provider's
    fields: Vec<Field>,
    /// The provider's columns are cells already
    is_cells: bool,
    /// What knows the provider's files before they are read
    index: Option<Arc<dyn FileIndex>>,
    /// Columns of moments whose values, when the table was made, were all within Kusto's years: they sort as their cells do
    sortable: Places,
}

/// Added to the place of a column: the column as the provider has it, which its statistics are of.
pub(crate) const NATIVE: usize = 1 << 32;

/// The schema that columns of Arrow come to; nested columns are `dynamic`.
///
/// # Errors
/// When a column has a type that Kusto has nothing for (binary).
pub fn schema_of(native: &ArrowSchema) -> Result<Schema> {
    let columns = native.fields().iter().map(|field| {
        let ty = native::kusto_type(field.data_type()).ok_or_else(|| {
            DataFusionError::Plan(format!(
                "the column `{}` is {}, which no type of Kusto holds; leave it out of the schema",
                field.name(),
                field.data_type()
            ))
        })?;
        Ok(Column::new(field.name(), ty))
    });
    Ok(Schema::new(columns.collect::<Result<_>>()?))
}

/// The column of a provider that tells when its rows were ingested: queries do not see it, and `ingestion_time()` reads it.
pub const INGESTION_COLUMN: &str = "$IngestionTime";

/// The provider's name of a column.
fn native_name(column: &Column) -> &str {
    if column.name == INGESTION_TIME { INGESTION_COLUMN } else { &column.name }
}

/// The schema with the hidden column, if the provider has one and the schema does not name it.
fn with_ingestion_time(provider: &dyn TableProvider, mut schema: Schema) -> Schema {
    if provider.schema().field_with_name(INGESTION_COLUMN).is_ok()
        && schema.column(INGESTION_COLUMN).is_none()
    {
        schema.columns.push(Column::new(INGESTION_TIME, ScalarType::Datetime));
    }
    schema
}

impl QueryTable {
    /// The columns that queries see.
    pub(crate) fn visible(&self) -> Schema {
        let mut schema = Schema::clone(&self.schema);
        schema.columns.retain(|column| column.name != INGESTION_TIME);
        schema
    }

    /// Whether the rows tell when they were ingested.
    pub(crate) fn has_ingestion_time(&self) -> bool {
        self.schema.column(INGESTION_TIME).is_some()
    }

    /// A table of a provider's columns, found by name. A column of the schema that the provider does not have is an error.
    pub(crate) fn new(provider: Arc<dyn TableProvider>, schema: Schema) -> Result<Self> {
        let native = provider.schema();
        let schema = with_ingestion_time(&*provider, schema);
        let fields = schema.columns.iter().map(|column| {
            let field = native.field_with_name(native_name(column))?;
            native::check(field, column.ty)?;
            Ok(field.clone())
        });
        let fields = fields.collect::<Result<Vec<_>>>()?;
        Ok(Self {
            schema: Arc::new(schema),
            provider,
            fields,
            is_cells: false,
            index: None,
            sortable: Places::new(),
        })
    }

    /// A table whose columns are cells.
    pub(crate) fn of_cells(provider: Arc<dyn TableProvider>, schema: Schema) -> Result<Self> {
        let native = provider.schema();
        let schema = with_ingestion_time(&*provider, schema);
        let fields = schema.columns.iter().map(|column| {
            let field = native.field_with_name(native_name(column))?;
            if *field.data_type() == rows::arrow_type(column.ty) {
                return Ok(field.clone());
            }
            Err(DataFusionError::Plan(format!(
                "the column `{}` does not hold cells of {}",
                column.name, column.ty
            )))
        });
        let fields = fields.collect::<Result<Vec<_>>>()?;
        Ok(Self {
            schema: Arc::new(schema),
            provider,
            fields,
            is_cells: true,
            index: None,
            sortable: Places::new(),
        })
    }

    /// Asks an index before files are read.
    pub(crate) fn set_index(&mut self, index: Arc<dyn FileIndex>) {
        self.index = Some(index);
    }

    /// The column as the provider's files name it; `None` without an index, which would be asked about it.
    pub(crate) fn indexed_column(&self, place: usize) -> Option<String> {
        self.index.as_ref()?;
        let field = self.fields.get(place)?;
        // What is converted has other terms than the file.
        let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        (is_text && self.schema.columns[place].ty == ScalarType::String).then(|| field.name().clone())
    }

    /// Learns what the provider's values are between.
    pub(crate) fn learn(&mut self, statistics: &Statistics) {
        let native = self.provider.schema();
        let places = self.fields.iter().enumerate().filter(|(place, field)| {
            let known = native.index_of(field.name()).ok();
            let known = known.and_then(|index| statistics.column_statistics.get(index));
            let ends = known.map(|known| [known.min_value.get_value(), known.max_value.get_value()]);
            self.schema.columns[*place].ty == ScalarType::Datetime
                && ends.is_some_and(|ends| ends.into_iter().all(|end| end.is_some_and(is_moment)))
        });
        self.sortable = places.map(|(place, _)| place).collect();
    }

    /// The name of the provider's own column, if it sorts as the cells do and is no name of a column of plans.
    pub(crate) fn sortable(&self, place: usize) -> Option<String> {
        let name = self.fields.get(place)?.name();
        let is_known = self.sortable.contains(&place);
        let is_free =
            name.strip_prefix('c').is_none_or(|rest| !rest.bytes().all(|byte| byte.is_ascii_digit()));
        (is_known && is_free).then(|| name.clone())
    }

    /// The rows of the table, in the cells of Kusto; columns from [`NATIVE`] on as they are; where an index says that a condition cannot hold, none.
    pub(crate) fn scan(
        &self,
        hints: Vec<Expr>,
        condition: Option<Condition>,
        first: Option<First>,
        rel: &Rel,
        needed: &Places,
    ) -> Result<LogicalPlan> {
        let inner = self.provider.clone();
        let provider: Arc<dyn TableProvider> = match (condition, &self.index) {
            (Some(condition), Some(index)) => Arc::new(Probed { inner, index: index.clone(), condition }),
            _ => inner,
        };
        let provider: Arc<dyn TableProvider> = match first {
            Some(first) => Arc::new(Newest { inner: provider, first }),
            None => provider,
        };
        let mut plan = LogicalPlanBuilder::scan("t", provider_as_source(provider), None)?;
        for hint in hints {
            plan = plan.filter(hint)?;
        }
        let columns = needed.iter().map(|needed| {
            let column = &rel.schema.columns[*needed % NATIVE];
            let place = self.schema.index_of(&column.name).ok_or_else(|| {
                DataFusionError::Internal(format!("the table has no column `{}`", column.name))
            })?;
            let field = &self.fields[place];
            let native = native_column(field);
            let cell = if self.is_cells || *needed >= NATIVE {
                native
            } else {
                native::cell(native, field.data_type(), column.ty)
            };
            Ok((*needed, cell))
        });
        named(plan.build()?, columns.collect::<Result<Vec<_>>>()?)
    }

    /// A condition on the provider's own column that holds wherever `column op value` does: files and row groups are left
    /// out by it. The full condition is tested in any case.
    pub(crate) fn hint(&self, place: usize, op: BinaryOp, value: &Value) -> Option<Expr> {
        use BinaryOp as B;
        let field = self.fields.get(place)?;
        let column = native_column(field);
        match (field.data_type(), value) {
            (DataType::Timestamp(unit, zone), Value::DateTime(ticks)) => {
                let scale: i128 = match unit {
                    TimeUnit::Second => 10_000_000,
                    TimeUnit::Millisecond => 10_000,
                    TimeUnit::Microsecond => 10,
                    // Of nanoseconds a tick is a hundred.
                    TimeUnit::Nanosecond => 0,
                };
                let since = i128::from(*ticks) - i128::from(calendar::UNIX_EPOCH);
                let (low, high) = match scale {
                    0 => (since * 100, since * 100 + 99),
                    scale => (since.div_euclid(scale), (since + scale - 1).div_euclid(scale)),
                };
                let moment = |number: i128| {
                    let number = Some(i64::try_from(number).ok()?);
                    let zone = zone.clone();
                    Some(lit(match unit {
                        TimeUnit::Second => ScalarValue::TimestampSecond(number, zone),
                        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(number, zone),
                        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(number, zone),
                        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(number, zone),
                    }))
                };
                let at_least = |number| Some(binary_expr(column.clone(), Operator::GtEq, moment(number)?));
                let at_most = |number| Some(binary_expr(column.clone(), Operator::LtEq, moment(number)?));
                match op {
                    B::Greater | B::GreaterOrEqual => at_least(low),
                    B::Less | B::LessOrEqual => at_most(high),
                    B::Equal => Some(at_least(low)?.and(at_most(high)?)),
                    _ => None,
                }
            }
            // Partitions are often by day.
            (DataType::Date32, Value::DateTime(ticks)) => {
                let day = (ticks - calendar::UNIX_EPOCH).div_euclid(calendar::DAY);
                let day = lit(ScalarValue::Date32(Some(i32::try_from(day).ok()?)));
                let compared = |op| binary_expr(column.clone(), op, day.clone());
                match op {
                    B::Greater | B::GreaterOrEqual => Some(compared(Operator::GtEq)),
                    B::Less | B::LessOrEqual => Some(compared(Operator::LtEq)),
                    B::Equal => Some(compared(Operator::Eq)),
                    _ => None,
                }
            }
            (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Value::String(text))
                if op == B::Equal
                    && !text.is_empty()
                    && self.schema.columns[place].ty == ScalarType::String =>
            {
                Some(binary_expr(column, Operator::Eq, lit(ScalarValue::new_utf8view(text.to_string()))))
            }
            _ => None,
        }
    }
}

/// Whether a value of a file is a moment of Kusto.
fn is_moment(value: &ScalarValue) -> bool {
    let (number, scale) = match value {
        ScalarValue::TimestampSecond(Some(number), _) => (*number, 10_000_000),
        ScalarValue::TimestampMillisecond(Some(number), _) => (*number, 10_000),
        ScalarValue::TimestampMicrosecond(Some(number), _) => (*number, 10),
        // All of them are.
        ScalarValue::TimestampNanosecond(Some(_), _) => (0, 1),
        _ => return false,
    };
    let ticks = i128::from(number) * scale + i128::from(calendar::UNIX_EPOCH);
    i64::try_from(ticks).is_ok_and(|ticks| calendar::checked(ticks).is_some())
}

fn native_column(field: &Field) -> Expr {
    Expr::Column(PlanColumn::new_unqualified(field.name().clone()))
}

/// Texts with the empty one in the place of null.
pub(crate) fn text_or_empty(value: Expr) -> Expr {
    functions::call("text", "", Volatility::Immutable, DataType::Utf8View, vec![value], |arrays, _| {
        Ok(without_nulls(&arrays[0]))
    })
}

/// The array itself where it has no nulls.
pub(crate) fn without_nulls(array: &ArrayRef) -> ArrayRef {
    if array.null_count() == 0 {
        return array.clone();
    }
    let texts = array.as_string_view();
    // The views of nulls are empty ones, but the format does not promise it.
    Arc::new(texts.iter().map(|text| Some(text.unwrap_or_default())).collect::<StringViewArray>())
}
