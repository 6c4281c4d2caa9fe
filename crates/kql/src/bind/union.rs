//! `union`: which columns several tables have together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::columns::free_name;
use super::project::matches_pattern;
use super::scope::{Entry, Value};
use super::{Binder, Scope};
use crate::ast::{Expr as Ast, ExprKind as A, Operator};
use crate::bound::{Input, Rel, RelKind, UnionInput};
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};

/// What becomes of a name that has several types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// A column for each type. But where the first two tables with the name agree on its type, Kusto's binder keeps
    /// one column of that type, whatever comes after; the others are converted.
    Split,
    /// One dynamic column.
    Dynamic,
}

impl Binder<'_> {
    pub(super) fn union(
        &mut self,
        operator: &Operator,
        input: Option<&Input>,
        tables: &[Ast],
        env: &Scope,
    ) -> Arc<Rel> {
        let is_fuzzy = operator.parameter("isfuzzy").is_some_and(|value| value.word() != Some("false"));
        let is_inner = operator.parameter("kind").is_some_and(|value| value.word() == Some("inner"));
        let source = operator.parameter("withsource").or_else(|| operator.parameter("with_source"));
        let source = source.map(|parameter| parameter.word().unwrap_or("source_").to_owned());
        let mut inputs: Vec<(String, Arc<Rel>)> = Vec::new();
        if let Some(input) = input {
            let name = named_rows(input).unwrap_or_else(|| "union_arg0".into());
            inputs.push((name, input.clone()));
        }
        for ast in tables {
            self.union_input(ast, is_fuzzy, env, &mut inputs);
        }
        self.united(&inputs, source, is_inner, is_fuzzy, Types::Split, operator.span)
    }

    /// A table of a `union`, or all that its pattern means.
    pub(super) fn union_input(
        &mut self,
        ast: &Ast,
        is_fuzzy: bool,
        env: &Scope,
        inputs: &mut Vec<(String, Arc<Rel>)>,
    ) {
        let pattern = match &ast.kind {
            A::Star => Some("*"),
            A::Wildcard(pattern) => Some(pattern.as_str()),
            A::Path { member, .. } if member.text.contains('*') => Some(member.text.as_str()),
            _ => None,
        };
        if let Some(pattern) = pattern {
            let before = inputs.len();
            for name in self.catalog.table_names() {
                if matches_pattern(pattern, &name)
                    && self.is_allowed(&name)
                    && let Some(rel) = self.catalog_table(&name, ast.span)
                {
                    inputs.push((name, rel));
                }
            }
            let views: Vec<String> = env
                .entries()
                .filter(|(name, entry)| {
                    matches!(entry, Entry::Function(function) if function.declaration.is_view)
                        && matches_pattern(pattern, name)
                })
                .map(|(name, _)| name.to_owned())
                .collect();
            for name in views {
                if let Some(Value::Table(rel)) =
                    self.declared(&name, ast.span, super::scope::Row::none(), env)
                {
                    inputs.push((name, rel));
                }
            }
            if inputs.len() == before && !is_fuzzy {
                self.error("kql-unknown-table", ast.span, format!("no table is called `{pattern}`"));
            }
            return;
        }
        if is_fuzzy && self.is_absent(ast, env) {
            return;
        }
        let before = self.diagnostics.len();
        let rel = self.table(ast, env);
        if is_fuzzy && self.diagnostics.get(before).is_some_and(|found| found.code == "kql-unreachable") {
            for found in &mut self.diagnostics[before..] {
                found.severity = azimuth_diag::Severity::Warning;
                found.hint = Some("the union is fuzzy and goes without it".into());
            }
            return;
        }
        let name = match &ast.kind {
            A::Name(name) => name.clone(),
            A::Path { member, .. } => member.text.clone(),
            _ => named_rows(&rel).unwrap_or_else(|| format!("union_arg{}", inputs.len())),
        };
        inputs.push((name, rel));
    }

    /// Whether a name means no table at all: a fuzzy union leaves it out.
    fn is_absent(&self, ast: &Ast, env: &Scope) -> bool {
        let name = match &ast.kind {
            A::Name(name) => name,
            A::Call(call) => {
                let name = &call.name.text;
                let is_builtin = matches!(name.as_str(), "table" | "materialize" | "view" | "external_table")
                    || crate::functions::lookup(crate::functions::Use::Scalar, name).is_some();
                return !is_builtin && env.get(name).is_none() && self.catalog.function(name).is_none();
            }
            _ => return false,
        };
        let table = crate::bound::TableName { table: name.clone(), ..Default::default() };
        env.get(name).is_none()
            && self.catalog.table(&table).is_none()
            && self.catalog.function(name).is_none()
    }

    /// The union of several tables. A name with several types becomes a column for each type.
    pub(super) fn united(
        &mut self,
        inputs: &[(String, Arc<Rel>)],
        source: Option<String>,
        is_inner: bool,
        is_fuzzy: bool,
        types_rule: Types,
        span: Span,
    ) -> Arc<Rel> {
        // Names in order of appearance, each with its types in order of appearance.
        let mut names: Vec<(&str, Vec<T>)> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (_, rel) in inputs {
            for column in &rel.schema.columns {
                let place = *places.entry(&column.name).or_insert_with(|| {
                    names.push((&column.name, Vec::new()));
                    counts.push(0);
                    names.len() - 1
                });
                let types = &mut names[place].1;
                counts[place] += 1;
                match types_rule {
                    Types::Split if counts[place] > 2 && types.len() == 1 => {}
                    Types::Dynamic if types.first().is_some_and(|ty| *ty != column.ty) => {
                        types[0] = T::Dynamic;
                    }
                    _ if types.contains(&column.ty) => {}
                    _ => types.push(column.ty),
                }
            }
        }
        if is_inner {
            names.retain(|(name, types)| {
                types.len() == 1 && inputs.iter().all(|(_, rel)| rel.schema.column(name).is_some())
            });
        }
        let mut schema =
            Schema { columns: Vec::new(), is_open: inputs.iter().any(|(_, rel)| rel.schema.is_open) };
        let mut taken: HashSet<String> = names.iter().map(|(name, _)| (*name).to_owned()).collect();
        // Where a column of a name and type goes; without a type, where any column of the name goes.
        let mut outputs: HashMap<(&str, Option<T>), usize> = HashMap::new();
        for (name, types) in &names {
            let is_split = types.len() > 1;
            for ty in types {
                outputs.insert((name, is_split.then_some(*ty)), schema.columns.len());
                let shown = if is_split {
                    free_name(&format!("{name}_{}", ty.name()), |candidate| taken.contains(candidate))
                } else {
                    (*name).to_owned()
                };
                taken.insert(shown.clone());
                schema.columns.push(Column::new(shown, *ty));
            }
        }
        let bound = inputs
            .iter()
            .map(|(source, rel)| {
                let output = |column: &Column| {
                    let name = column.name.as_str();
                    outputs.get(&(name, None)).or_else(|| outputs.get(&(name, Some(column.ty)))).copied()
                };
                UnionInput {
                    rel: rel.clone(),
                    source: source.clone(),
                    outputs: rel.schema.columns.iter().map(output).collect(),
                }
            })
            .collect();
        let has_source = source.is_some();
        if let Some(source) = source {
            let name = free_name(&source, |candidate| taken.contains(candidate));
            schema.columns.insert(0, Column::new(name, T::String));
        }
        self.rel(RelKind::Union { inputs: bound, has_source, is_fuzzy }, schema, span)
    }
}

/// The name that `as` gave to rows.
fn named_rows(rel: &Rel) -> Option<String> {
    match &rel.kind {
        RelKind::As { name, .. } => Some(name.clone()),
        _ => None,
    }
}
