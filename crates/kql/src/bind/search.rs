//! `search` and `find`: a condition over the tables of a list, texts looked for in every column.

use std::collections::HashMap;
use std::sync::Arc;

use super::scope::Row;
use super::union::Types;
use super::{Binder, Scope};
use crate::ast::{BinaryOp, Expr as Ast, ExprKind as A, Find, FindColumn, Operator};
use crate::bound::{Call, Expr, ExprKind as B, Input, Rel, RelKind};
use crate::functions::{Use, lookup};
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};
use crate::values::Literal;

impl Binder<'_> {
    pub(super) fn search(
        &mut self,
        operator: &Operator,
        input: Option<&Input>,
        tables: &[Ast],
        predicate: &Ast,
        env: &Scope,
    ) -> Arc<Rel> {
        let sources = self.searched(input, tables, operator.span, env);
        let filtered = self.filtered(sources, predicate, operator.span, env);
        self.united(&filtered, Some("$table".into()), false, true, Types::Split, operator.span)
    }

    /// The tables that are searched: those of the list, the input, or all.
    fn searched(
        &mut self,
        input: Option<&Input>,
        tables: &[Ast],
        span: Span,
        env: &Scope,
    ) -> Vec<(String, Arc<Rel>)> {
        let mut sources = Vec::new();
        for ast in tables {
            self.union_input(ast, false, env, &mut sources);
        }
        if let Some(input) = input {
            sources.push(("search_arg0".into(), input.clone()));
        }
        if tables.is_empty() && input.is_none() {
            for name in self.catalog.table_names() {
                if let Some(rel) = self.catalog_table(&name, span) {
                    sources.push((name, rel));
                }
            }
        }
        sources
    }

    /// Each table with the condition. A column that only some tables have is null in the others.
    fn filtered(
        &mut self,
        sources: Vec<(String, Arc<Rel>)>,
        predicate: &Ast,
        span: Span,
        env: &Scope,
    ) -> Vec<(String, Arc<Rel>)> {
        let mut names = Vec::new();
        named_columns(predicate, &mut names);
        let of_name = |name: &String| sources.iter().find_map(|(_, rel)| rel.schema.column(name).cloned());
        let all = Schema::new(names.iter().filter_map(of_name).collect());
        let mut filtered = Vec::new();
        for (name, rel) in sources {
            let mut extended = rel.schema.clone();
            let mut columns: Vec<Expr> = (0..extended.columns.len())
                .map(|index| Expr::column(index, extended.columns[index].ty, self.at(span)))
                .collect();
            for wanted in &names {
                if extended.column(wanted).is_none()
                    && let Some(column) = all.column(wanted)
                {
                    extended.columns.push(column.clone());
                    columns.push(Expr::literal(Literal::null(column.ty), self.at(span)));
                }
            }
            let is_extended = extended.columns.len() > rel.schema.columns.len();
            let own = rel.schema.columns.len();
            let schema = rel.schema.clone();
            let input = if is_extended {
                self.rel(RelKind::Project { input: rel, columns }, extended.clone(), span)
            } else {
                rel
            };
            let row = self.new_row();
            let row = Row { is_search: true, ..Row::of(&extended, row) };
            let predicate = self.predicate(predicate, row, env);
            let mut filter = self.rel(RelKind::Filter { input, predicate }, extended.clone(), span);
            if is_extended {
                let columns =
                    (0..own).map(|index| Expr::column(index, extended.columns[index].ty, self.at(span)));
                let columns = columns.collect();
                filter = self.rel(RelKind::Project { input: filter, columns }, schema, span);
            }
            filtered.push((name, filter));
        }
        filtered
    }

    /// A text that stands alone: it is looked for in every column. Stars at its ends ask for parts of words.
    pub(super) fn search_term(&mut self, ast: &Ast, row: Row<'_>) -> Expr {
        let A::Literal(Literal::String(text)) = &ast.kind else { return Expr::error(self.at(ast.span)) };
        let (op, term) = match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(_), Some(_)) => (BinaryOp::Contains, text.trim_matches('*')),
            (Some(rest), None) => (BinaryOp::HasSuffix, rest),
            (None, Some(rest)) => (BinaryOp::HasPrefix, rest),
            (None, None) => (BinaryOp::Has, text.as_str()),
        };
        let term = Expr::literal(Literal::String(term.to_owned()), self.at(ast.span));
        self.any_column(op, term, row, ast.span)
    }

    pub(super) fn any_column(&mut self, op: BinaryOp, term: Expr, row: Row<'_>, span: Span) -> Expr {
        let span = self.at(span);
        let columns = self.search_columns(row, span);
        let op = if op == BinaryOp::SearchTerm { BinaryOp::Has } else { op };
        Expr { kind: B::AnyColumn { op, columns, term: Box::new(term) }, ty: T::Bool, span }
    }

    pub(super) fn search_columns(&self, row: Row<'_>, span: Span) -> Vec<Expr> {
        let columns = row.schema.map(|schema| schema.columns.as_slice()).unwrap_or_default();
        columns.iter().enumerate().map(|(index, column)| Expr::column(index, column.ty, span)).collect()
    }

    pub(super) fn find(
        &mut self,
        operator: &Operator,
        input: Option<&Input>,
        find: &Find,
        env: &Scope,
    ) -> Arc<Rel> {
        let span = operator.span;
        let sources = self.searched(input, &find.tables, span, env);
        let mut names = Vec::new();
        named_columns(&find.predicate, &mut names);
        // Tables without any column of the condition are passed over.
        let has_name =
            |rel: &Arc<Rel>, name: &String| rel.schema.is_open || rel.schema.column(name).is_some();
        let known: Vec<String> =
            names.into_iter().filter(|name| sources.iter().any(|(_, rel)| has_name(rel, name))).collect();
        let sources: Vec<_> = sources
            .into_iter()
            .filter(|(_, rel)| known.is_empty() || known.iter().any(|name| has_name(rel, name)))
            .collect();
        let common = common_columns(&sources, &known);
        let filtered = self.filtered(sources, &find.predicate, span, env);
        let source =
            operator.parameter("withsource").and_then(|parameter| parameter.word()).unwrap_or("source_");
        let source = source.to_owned();
        let rels = match &find.project {
            Some(columns) => {
                let mut rels = Vec::new();
                for (name, rel) in filtered {
                    rels.push((name, self.found(columns, rel, span)));
                }
                rels
            }
            None => {
                let mut rels = Vec::new();
                for (name, rel) in filtered {
                    rels.push((name, self.found_smart(&common, rel, span)));
                }
                rels
            }
        };
        let united = self.united(&rels, Some(source), false, true, Types::Dynamic, span);
        if find.project_away.is_empty() {
            return united;
        }
        let away: Vec<usize> =
            find.project_away.iter().flat_map(|ast| self.matching(ast, &united.schema)).collect();
        let places: Vec<usize> =
            (0..united.schema.columns.len()).filter(|index| !away.contains(index)).collect();
        let schema = Schema::new(places.iter().map(|index| united.schema.columns[*index].clone()).collect());
        let shown = self.at(span);
        let columns = places
            .iter()
            .map(|index| Expr::column(*index, united.schema.columns[*index].ty, shown))
            .collect();
        self.rel(RelKind::Project { input: united, columns }, schema, span)
    }

    /// The common columns of one table, and a bag of all others if there are any.
    fn found_smart(&mut self, common: &(Vec<String>, bool), rel: Arc<Rel>, span: Span) -> Arc<Rel> {
        let shown = self.at(span);
        let mut schema = Schema::default();
        let mut exprs = Vec::new();
        let mut packed = vec![Expr::literal(Literal::Bool(Some(false)), shown)];
        for name in &common.0 {
            if let Some(index) = rel.schema.index_of(name) {
                schema.columns.push(rel.schema.columns[index].clone());
                exprs.push(Expr::column(index, rel.schema.columns[index].ty, shown));
            }
        }
        for (index, column) in rel.schema.columns.iter().enumerate() {
            if !common.0.contains(&column.name) {
                packed.push(Expr::literal(Literal::String(column.name.clone()), shown));
                packed.push(Expr::column(index, column.ty, shown));
            }
        }
        if common.1 {
            let kind = match lookup(Use::Scalar, "pack_all") {
                Some(function) => B::Call(Call { function, arguments: packed }),
                None => B::Error,
            };
            schema.columns.push(Column::new("pack_", T::Dynamic));
            exprs.push(Expr { kind, ty: T::Dynamic, span: shown });
        }
        self.rel(RelKind::Project { input: rel, columns: exprs }, schema, span)
    }

    /// `project a, b:string, pack(*)` of one table; columns it does not have are null.
    fn found(&mut self, columns: &[FindColumn], rel: Arc<Rel>, span: Span) -> Arc<Rel> {
        let shown = self.at(span);
        let mut schema = Schema::default();
        let mut exprs = Vec::new();
        for column in columns {
            match column {
                FindColumn::Column(name, ty) => {
                    let wanted = ty.as_ref().map(|ty| self.declared_type(ty));
                    let expr = match rel.schema.index_of(&name.text) {
                        Some(index) => Expr::column(index, rel.schema.columns[index].ty, shown),
                        None => match wanted {
                            Some(ty) => Expr::literal(Literal::null(ty), shown),
                            // Other tables say what type it has.
                            None => continue,
                        },
                    };
                    let expr = wanted.map_or(expr.clone(), |ty| self.converted(expr, ty));
                    schema.columns.push(Column::new(name.text.clone(), expr.ty));
                    exprs.push(expr);
                }
                FindColumn::Pack(name, _) => {
                    let name = name.as_ref().map_or("pack_", |name| name.text.as_str());
                    let mut arguments = vec![Expr::literal(Literal::Bool(Some(false)), shown)];
                    for (index, column) in rel.schema.columns.iter().enumerate() {
                        arguments.push(Expr::literal(Literal::String(column.name.clone()), shown));
                        arguments.push(Expr::column(index, column.ty, shown));
                    }
                    let kind = match lookup(Use::Scalar, "pack_all") {
                        Some(function) => B::Call(Call { function, arguments }),
                        None => B::Error,
                    };
                    schema.columns.push(Column::new(name, T::Dynamic));
                    exprs.push(Expr { kind, ty: T::Dynamic, span: shown });
                }
            }
        }
        self.rel(RelKind::Project { input: rel, columns: exprs }, schema, span)
    }
}

/// The columns that all tables have, and those of the condition; and whether any table has others.
fn common_columns(sources: &[(String, Arc<Rel>)], known: &[String]) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    let all = sources.iter().flat_map(|(_, rel)| &rel.schema.columns);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for column in all.clone() {
        *counts.entry(&column.name).or_default() += 1;
    }
    let is_common = |name: &str| counts.get(name) == Some(&sources.len());
    for column in all.clone().filter(|column| is_common(&column.name)) {
        if !names.contains(&column.name) {
            names.push(column.name.clone());
        }
    }
    for name in known {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let has_others = all.into_iter().any(|column| !names.contains(&column.name));
    (names, has_others)
}

/// The names that a condition may mean as columns.
fn named_columns(ast: &Ast, names: &mut Vec<String>) {
    match &ast.kind {
        A::Name(name) => names.push(name.clone()),
        A::Path { base, .. } => named_columns(base, names),
        A::Index { base, index } => {
            named_columns(base, names);
            named_columns(index, names);
        }
        A::And(operands) | A::Or(operands) => {
            operands.iter().for_each(|operand| named_columns(operand, names));
        }
        A::Unary { operand, .. } => named_columns(operand, names),
        A::Binary { left, right, .. } => {
            named_columns(left, names);
            named_columns(right, names);
        }
        A::In { left, list, .. } => {
            named_columns(left, names);
            list.iter().for_each(|item| named_columns(item, names));
        }
        A::Between { value, low, high, .. } => {
            for part in [value, low, high] {
                named_columns(part, names);
            }
        }
        A::Call(call) => call.arguments.iter().for_each(|argument| named_columns(&argument.value, names)),
        _ => {}
    }
}
