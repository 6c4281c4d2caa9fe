//! `evaluate`: what columns the plugins have.

use std::sync::Arc;

use super::columns::free_name;
use super::scope::{Row, Value};
use super::{Binder, Scope};
use crate::ast::{Argument, Call as AstCall, EvaluateSchema, ExprKind as A, Operator, StarPlace};
use crate::bound::{Evaluate, Expr, ExprKind as B, Input, PluginArgument, Rel, RelKind};
use crate::functions::{Accepts, Form, Returns, Signature, Use, lookup};
use crate::types::{Column, ScalarType as T, Schema};
use crate::values::Literal;

impl Binder<'_> {
    pub(super) fn evaluate(
        &mut self,
        operator: &Operator,
        input: Option<&Input>,
        call: &AstCall,
        schema: Option<&EvaluateSchema>,
        env: &Scope,
    ) -> Arc<Rel> {
        let span = operator.span;
        let Some(plugin) = lookup(Use::Plugin, &call.name.text) else {
            self.unknown_function(&call.name.text, call.name.span, env, Use::Plugin);
            return self.error_rel(span);
        };
        let empty = Schema::default();
        let columns = input.map_or(&empty, |input| &input.schema);
        let row = self.new_row();
        let (mut arguments, mut names) = (Vec::new(), Vec::new());
        let parameters = plugin.signatures.first().map(|signature| signature.parameters).unwrap_or_default();
        for (index, argument) in call.arguments.iter().enumerate() {
            // What is no value has no place among the arguments, and loses its name here.
            names.truncate(arguments.len());
            names.push(argument.name.as_ref().map(|name| name.text.clone()));
            let parameter = parameters.get(index).or_else(|| parameters.last().filter(|last| last.most > 1));
            let wants_table = parameter.is_some_and(|parameter| parameter.accepts == Accepts::Table);
            if matches!(argument.value.kind, A::Star) {
                arguments.push(PluginArgument::Star);
                continue;
            }
            if wants_table {
                let table = self.table(&argument.value, env);
                arguments.push(PluginArgument::Table(table));
                continue;
            }
            // The key of a look-up table is one of its own columns.
            let of_table = arguments.iter().find_map(|argument| match argument {
                PluginArgument::Table(table) => Some(table.clone()),
                _ => None,
            });
            if let (Some(table), A::Name(name)) = (&of_table, &argument.value.kind)
                && (columns.column(name).is_none() || is_key_of_table(plugin.name, index))
                && table.schema.column(name).is_some()
            {
                let expr = self.side_column(&table.schema, name, argument.value.span, true);
                arguments.push(PluginArgument::Scalar(expr));
                continue;
            }
            let is_aggregate = parameter.is_some_and(|parameter| parameter.form == Form::Aggregate);
            let context = Row { in_aggregate: is_aggregate, ..Row::of(columns, row) };
            match self.value(&argument.value, context, env) {
                Value::Table(table) => arguments.push(PluginArgument::Table(table)),
                Value::Scalar(expr) => match expr.kind {
                    B::Aggregate(call) => arguments.push(PluginArgument::Aggregate(call)),
                    _ => arguments.push(PluginArgument::Scalar(expr)),
                },
                Value::Place { .. } => {}
            }
        }
        names.truncate(arguments.len());
        if let ("bag_unpack", Some(PluginArgument::Scalar(bag)), Some(written)) =
            (plugin.name, arguments.first(), call.arguments.first())
            && !matches!(bag.ty, T::Dynamic | T::Unknown)
        {
            let message = format!("`bag_unpack` asks for a dynamic column, this is a {}", bag.ty);
            let hint = (bag.ty == T::String).then(|| "`parse_json()` reads a text as JSON".to_owned());
            self.error_with_hint("kql-argument-type", written.value.span, message, hint);
        }
        let declared = schema.map(|schema| (schema.star, self.declared_schema(&schema.columns)));
        let result = match &declared {
            Some((star, declared)) => {
                // The star are the columns that the plugin leaves as they are.
                let passed = match plugin.name {
                    "bag_unpack" | "pivot" => plugin_schema(plugin.name, columns, &arguments, call),
                    _ => columns.clone(),
                };
                with_star(*star, declared, &passed)
            }
            None => match self.known_schema(span) {
                Some(known) => known,
                None => plugin_schema(plugin.name, columns, &arguments, call),
            },
        };
        let evaluate = Evaluate { input: input.cloned(), plugin, arguments, names, declared };
        self.rel(RelKind::Evaluate(Box::new(evaluate)), result, span)
    }
}

/// The third argument of `ipv4_lookup(T, column, key)` names a column of `T`, and so do those after it.
fn is_key_of_table(plugin: &str, index: usize) -> bool {
    match plugin {
        "ipv4_lookup" | "ipv6_lookup" => index >= 2,
        "geo_polygon_lookup" | "geo_line_lookup" => index == 1,
        _ => false,
    }
}

/// Whether an argument, by its name or its place, is the word `true`.
fn is_true(call: &AstCall, name: &str, index: usize) -> bool {
    let is_meant = |(place, argument): &(usize, &Argument)| match &argument.name {
        Some(given) => given.text == name,
        None => *place == index,
    };
    let found = call.arguments.iter().enumerate().find(is_meant);
    found.is_some_and(|(_, argument)| matches!(argument.value.kind, A::Literal(Literal::Bool(Some(true)))))
}

fn with_star(star: Option<StarPlace>, declared: &Schema, input: &Schema) -> Schema {
    let mut schema = Schema { columns: Vec::new(), is_open: false };
    let taken = |schema: &Schema, name: &str| schema.column(name).is_some();
    if star == Some(StarPlace::First) {
        schema.columns.extend(input.columns.iter().filter(|column| !taken(declared, &column.name)).cloned());
    }
    schema.columns.extend(declared.columns.iter().cloned());
    if star == Some(StarPlace::Last) {
        schema.columns.extend(input.columns.iter().filter(|column| !taken(declared, &column.name)).cloned());
    }
    schema
}

/// The columns of a plugin's result, by the rules of its page in the reference.
fn plugin_schema(plugin: &str, input: &Schema, arguments: &[PluginArgument], call: &AstCall) -> Schema {
    let column_of = |index: usize| match arguments.get(index) {
        Some(PluginArgument::Scalar(expr)) => match expr.kind {
            B::Column(column) => input.columns.get(column),
            _ => None,
        },
        _ => None,
    };
    let fixed = |columns: &[(&str, T)]| {
        Schema::new(columns.iter().map(|(name, ty)| Column::new(*name, *ty)).collect())
    };
    let name_of = |index: usize| column_of(index).map_or_else(String::new, |column| column.name.clone());
    let named = |index: usize| column_of(index).cloned().into_iter();
    // Dimensions: every column argument from a place on.
    let dimensions = |from: usize| {
        (from..arguments.len()).filter_map(|index| column_of(index).cloned()).collect::<Vec<_>>()
    };
    let with = |mut columns: Vec<Column>, more: &[(&str, T)]| {
        columns.extend(more.iter().map(|(name, ty)| Column::new(*name, *ty)));
        Schema::new(columns)
    };
    let open = |columns: Vec<Column>| Schema { columns, is_open: true };
    let without = |names: &[String]| {
        input.columns.iter().filter(|column| !names.contains(&column.name)).cloned().collect::<Vec<_>>()
    };
    match plugin {
        "bag_unpack" => open(without(&[name_of(0)])),
        "pivot" => {
            let mut gone = vec![name_of(0)];
            if let Some(PluginArgument::Aggregate(call)) = arguments.get(1) {
                for argument in &call.arguments {
                    if let B::Column(index) = argument.kind
                        && let Some(column) = input.columns.get(index)
                    {
                        gone.push(column.name.clone());
                    }
                }
            }
            let kept = dimensions(2);
            open(if kept.is_empty() { without(&gone) } else { kept })
        }
        "narrow" => fixed(&[("Row", T::Long), ("Column", T::String), ("Value", T::String)]),
        "autocluster" | "basket" => {
            let mut schema = fixed(&[("SegmentId", T::Long), ("Count", T::Long), ("Percent", T::Real)]);
            schema.columns.extend(input.columns.iter().cloned());
            schema
        }
        "diffpatterns" => {
            let mut schema = fixed(&[
                ("SegmentId", T::Long),
                ("CountA", T::Long),
                ("CountB", T::Long),
                ("PercentA", T::Real),
                ("PercentB", T::Real),
                ("PercentDiffAB", T::Real),
            ]);
            schema.columns.extend(input.columns.iter().cloned());
            schema
        }
        "ipv4_lookup" | "ipv6_lookup" | "geo_polygon_lookup" | "geo_line_lookup" => {
            let mut schema = input.clone();
            if let Some(PluginArgument::Table(table)) = arguments.first() {
                let mut other = table.schema.clone();
                if plugin.starts_with("geo_") && !is_true(call, "return_lookup_key", 7) {
                    // The shapes themselves are large, and given only if asked for.
                    if let Some(PluginArgument::Scalar(Expr { kind: B::RightColumn(key), .. })) =
                        arguments.get(1)
                    {
                        other.columns.remove(*key);
                    }
                }
                if plugin == "ipv6_lookup" {
                    // This one puts the columns of the look-up table first.
                    std::mem::swap(&mut schema, &mut other);
                }
                schema.is_open |= other.is_open;
                for column in &other.columns {
                    let name = free_name(&column.name, |name| schema.column(name).is_some());
                    schema.columns.push(Column { name, ..column.clone() });
                }
            }
            schema
        }
        "active_users_count" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(columns, &[("dcount", T::Long)])
        }
        "activity_counts_metrics" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(
                columns,
                &[
                    ("count", T::Long),
                    ("dcount", T::Long),
                    ("new_dcount", T::Long),
                    ("aggregated_dcount", T::Long),
                ],
            )
        }
        "activity_engagement" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(
                columns,
                &[
                    ("dcount_activities_inner", T::Long),
                    ("dcount_activities_outer", T::Long),
                    ("activity_ratio", T::Real),
                ],
            )
        }
        "activity_metrics" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(
                columns,
                &[
                    ("dcount_values", T::Long),
                    ("dcount_newvalues", T::Long),
                    ("retention_rate", T::Real),
                    ("churn_rate", T::Real),
                ],
            )
        }
        "new_activity_metrics" => {
            let axis = column_of(1).map_or(T::Datetime, |column| column.ty);
            let mut columns = vec![
                Column::new(format!("from_{}", name_of(1)), axis),
                Column::new(format!("to_{}", name_of(1)), axis),
            ];
            columns.extend(dimensions(2));
            with(
                columns,
                &[
                    ("dcount_new_values", T::Long),
                    ("dcount_retained_values", T::Long),
                    ("dcount_churn_values", T::Long),
                    ("retention_rate", T::Real),
                    ("churn_rate", T::Real),
                ],
            )
        }
        "dcount_intersect" => {
            let mut columns = input.columns.clone();
            columns.extend((0..arguments.len()).map(|index| Column::new(format!("s{index}"), T::Long)));
            Schema::new(columns)
        }
        "funnel_sequence" => with(
            named(1).collect(),
            &[("prev", T::String), ("next", T::String), ("dcount", T::Long), ("samples", T::Dynamic)],
        ),
        "funnel_sequence_completion" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(columns, &[("Period", T::Timespan), ("dcount", T::Long)])
        }
        "session_count" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(columns, &[("count_sessions", T::Long)])
        }
        "sliding_window_counts" => {
            let mut columns: Vec<Column> = named(1).collect();
            columns.extend(dimensions(2));
            with(columns, &[("Count", T::Long), ("Dcount", T::Long)])
        }
        "sequence_detect" => {
            let mut columns = dimensions(3);
            for argument in &call.arguments {
                if let Some(name) = &argument.name {
                    columns.push(Column::new(format!("{}_{}", name.text, name_of(0)), T::Datetime));
                }
            }
            with(columns, &[("Duration", T::Timespan)])
        }
        "rows_near" | "preview" | "identity" => input.clone(),
        "estimate_rows_count" => fixed(&[("EstimatedRowsCount", T::Long)]),
        "python" | "r" => match call.arguments.first().map(|argument| &argument.value.kind) {
            Some(A::TypeOf(columns)) => {
                let mut schema = Schema::default();
                for column in columns {
                    if column.name.text == "*" {
                        schema.columns.extend(input.columns.iter().cloned());
                    } else if let Some(ty) = T::from_name(&column.ty.text) {
                        schema.columns.push(Column::new(column.name.text.clone(), ty));
                    }
                }
                schema
            }
            _ => open(Vec::new()),
        },
        _ => match lookup(Use::Plugin, plugin).and_then(|plugin| plugin.signatures.first()) {
            Some(Signature { returns: Returns::Columns(columns), .. }) => fixed(columns),
            _ => open(Vec::new()),
        },
    }
}
