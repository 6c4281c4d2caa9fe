//! `evaluate`: the plugins.
//!
//! The columns of some depend on the rows (`bag_unpack`, `pivot`): they give a whole [`Table`], whose schema the driver
//! hands back to the binder.
//!
//! # Adding a plugin
//!
//! A function from a [`Call`] to a [`Table`] in the module of its subject, and a line in [`TABLE`]. A plugin that is in the
//! language and not here has its reason in [`REFUSED`].

mod activity;
mod funnel;
mod geo;
mod ip;
mod metrics;
mod patterns;
mod periods;
mod pivot;
mod rolling;
mod shape;
mod storage;

use azimuth_kql::bound::{Evaluate, Expr, ExprKind, Input, PluginArgument};
use azimuth_kql::types::Schema;
use azimuth_values::{Refusal, Value};

use crate::eval::{self, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, null_of};

/// What a plugin does.
type Plugin = fn(&Call<'_>) -> Result<Table, Failure>;

/// The plugins by name.
const TABLE: &[(&str, Plugin)] = &[
    ("active_users_count", activity::active_users_count),
    ("activity_counts_metrics", metrics::activity_counts_metrics),
    ("activity_engagement", metrics::activity_engagement),
    ("activity_metrics", metrics::activity_metrics),
    ("autocluster", patterns::autocluster),
    ("bag_unpack", shape::bag_unpack),
    ("basket", patterns::basket),
    ("dcount_intersect", shape::dcount_intersect),
    ("diffpatterns", patterns::diffpatterns),
    ("diffpatterns_text", patterns::diffpatterns_text),
    ("estimate_rows_count", shape::estimate_rows_count),
    ("funnel_sequence", funnel::funnel_sequence),
    ("funnel_sequence_completion", funnel::funnel_sequence_completion),
    ("geo_line_lookup", geo::lookup),
    ("geo_polygon_lookup", geo::lookup),
    ("identity", shape::identity),
    ("infer_storage_schema", storage::infer_storage_schema),
    ("infer_storage_schema_with_suggestions", storage::infer_storage_schema_with_suggestions),
    ("ipv4_lookup", ip::lookup),
    ("ipv6_lookup", ip::lookup),
    ("narrow", shape::narrow),
    ("new_activity_metrics", metrics::new_activity_metrics),
    ("pivot", pivot::pivot),
    ("preview", shape::preview),
    ("rolling_percentile", rolling::rolling_percentile),
    ("rows_near", shape::rows_near),
    ("schema_merge", shape::schema_merge),
    ("sequence_detect", funnel::sequence_detect),
    ("session_count", activity::session_count),
    ("sliding_window_counts", metrics::sliding_window_counts),
];

const SERVICE: &str = "asks another service; load its rows as a table";
const MODEL: &str = "asks a language model; a query sends nothing";
const SCRIPT: &str = "runs foreign code; write the step in the query language";

/// Plugins of the language that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("ai_chat_completion", MODEL),
    ("ai_chat_completion_prompt", MODEL),
    ("ai_embed_text", MODEL),
    ("ai_embeddings", MODEL),
    ("azure_digital_twins_query_request", SERVICE),
    ("cosmosdb_sql_request", SERVICE),
    ("csharp", SCRIPT),
    ("execute_query", SERVICE),
    ("execute_show_command", SERVICE),
    ("http_request", SERVICE),
    ("http_request_post", SERVICE),
    ("mysql_request", SERVICE),
    ("postgresql_request", SERVICE),
    ("python", SCRIPT),
    ("r", SCRIPT),
    ("sql_request", SERVICE),
];

/// Whether a plugin runs, and if not why: `None` of a plugin that nothing is known of.
pub(crate) fn support(name: &str) -> Option<Result<(), &'static str>> {
    if TABLE.iter().any(|(known, _)| *known == name) {
        return Some(Ok(()));
    }
    REFUSED.iter().find(|(known, _)| *known == name).map(|(_, why)| Err(*why))
}

/// A plugin called: the query, the arguments, the rows.
pub(crate) struct Call<'c> {
    run: &'c Run<'c>,
    evaluate: &'c Evaluate,
    input: Table,
    /// The columns that the binder knows
    schema: &'c Schema,
    given: Option<&'c Table>,
}

/// The rows of a plugin under the columns that the binder knows.
pub(super) fn rows(
    run: &Run<'_>,
    evaluate: &Evaluate,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Vec<Row>, Failure> {
    let made = table(run, evaluate, schema, given)?;
    let places: Vec<Option<usize>> =
        schema.columns.iter().map(|column| made.schema.index_of(&column.name)).collect();
    let cast = |row: &Row| -> Row {
        places
            .iter()
            .zip(&schema.columns)
            .map(|(place, column)| match place {
                Some(place) => {
                    let from = made.schema.columns[*place].ty;
                    let value = eval::converted(&row[*place], from, column.ty);
                    if value.is_null() { null_of(column.ty) } else { typed(value, column.ty) }
                }
                None => null_of(column.ty),
            })
            .collect()
    };
    Ok(made.rows.iter().map(cast).collect())
}

/// What a plugin gives, with the columns that its rows tell.
pub(crate) fn table(
    run: &Run<'_>,
    evaluate: &Evaluate,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Table, Failure> {
    let name = evaluate.plugin.name;
    let Some((_, plugin)) = TABLE.iter().find(|(known, _)| *known == name) else {
        return Err(match support(name) {
            Some(Err(why)) => Failure::Refused(Refusal::new(format!("the plugin `{name}` {why}"))),
            _ => Failure::Unsupported(format!("the plugin `{name}`")),
        });
    };
    let input = evaluate.input.as_ref().map(|input| run.table(input, given)).transpose()?.unwrap_or_default();
    plugin(&Call { run, evaluate, input, schema, given })
}

impl Call<'_> {
    /// A refusal that names the plugin: `autocluster` needs …
    fn refused(&self, what: &str) -> Failure {
        Failure::Refused(Refusal::new(format!("`{}` {what}", self.evaluate.plugin.name)))
    }

    /// How many arguments were given.
    fn count(&self) -> usize {
        self.evaluate.arguments.len()
    }

    fn name(&self, index: usize) -> Option<&str> {
        self.evaluate.names.get(index)?.as_deref()
    }

    /// The argument of a name, or without one that stands at its place.
    fn argument(&self, name: &str, index: usize) -> Option<&PluginArgument> {
        let named = (0..self.count()).find(|place| self.name(*place) == Some(name));
        let place = named.or_else(|| (self.name(index).is_none()).then_some(index))?;
        self.evaluate.arguments.get(place)
    }

    fn scalar(&self, index: usize) -> Option<&Expr> {
        match self.evaluate.arguments.get(index) {
            Some(PluginArgument::Scalar(expr)) => Some(expr),
            _ => None,
        }
    }

    fn table(&self, index: usize) -> Option<&Input> {
        match self.evaluate.arguments.get(index) {
            Some(PluginArgument::Table(rel)) => Some(rel),
            _ => None,
        }
    }

    /// The value of a constant argument; null without one.
    fn constant(&self, index: usize) -> Result<Value, Failure> {
        self.scalar(index).map_or(Ok(Value::Null), |expr| eval::constant(self.run, expr))
    }

    /// The value of an argument by name or place; null without one.
    fn named(&self, name: &str, index: usize) -> Result<Value, Failure> {
        match self.argument(name, index) {
            Some(PluginArgument::Scalar(expr)) => eval::constant(self.run, expr),
            _ => Ok(Value::Null),
        }
    }

    fn whole(&self, index: usize) -> Result<Option<i64>, Failure> {
        Ok(self.constant(index)?.as_long())
    }

    /// The column of the input that an argument names, if it names one.
    fn input_column(&self, index: usize) -> Option<usize> {
        match self.scalar(index)?.kind {
            ExprKind::Column(column) => Some(column),
            _ => None,
        }
    }

    /// The column that an argument has to name.
    fn column(&self, index: usize) -> Result<usize, Failure> {
        match self.scalar(index).map(|expr| &expr.kind) {
            Some(ExprKind::Column(column) | ExprKind::RightColumn(column)) => Ok(*column),
            _ => Err(Failure::Refused(Refusal::new(format!(
                "argument {} of `{}` has to be a column",
                index + 1,
                self.evaluate.plugin.name
            )))),
        }
    }

    /// The columns that the arguments from a place on name.
    fn columns(&self, from: usize) -> Result<Vec<usize>, Failure> {
        (from..self.count()).map(|index| self.column(index)).collect()
    }
}
