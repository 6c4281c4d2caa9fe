//! The lists that completions come from.

use super::place::Place;
use super::{Completion, CompletionKind as K, values};
use crate::bind::Catalog;
use crate::functions::{FunctionKind, Use, all, lookup};
use crate::hover::texts;
use crate::syntax::{TokenKind, lex};
use crate::types::Schema;

/// Completions being gathered.
pub(super) struct Items<'p, 'a> {
    place: &'p Place<'a>,
    catalog: &'p dyn Catalog,
    /// What is typed of the word, in lower case.
    typed: String,
    found: Vec<Completion>,
}

impl<'p, 'a> Items<'p, 'a> {
    pub(super) fn new(place: &'p Place<'a>, catalog: &'p dyn Catalog) -> Self {
        let typed = place.typed.text(place.text).trim_start_matches(['"', '\'', '@']).to_lowercase();
        Self { place, catalog, typed, found: Vec::new() }
    }

    pub(super) fn finish(mut self) -> Vec<Completion> {
        self.found.sort_by(|left, right| (left.rank, &left.label).cmp(&(right.rank, &right.label)));
        self.found.dedup_by(|left, right| left.label == right.label && left.kind == right.kind);
        self.found
    }

    fn add(
        &mut self,
        group: u32,
        kind: K,
        label: &str,
        insert: String,
        detail: Option<String>,
        documentation: Option<&str>,
    ) {
        let lower = label.to_lowercase();
        let Some(at) = lower.find(&self.typed) else { return };
        self.found.push(Completion {
            label: label.to_owned(),
            kind,
            insert,
            detail,
            documentation: documentation.filter(|text| !text.is_empty()).map(str::to_owned),
            replace: self.place.word,
            rank: group + if at == 0 { 0 } else { 1_000 },
        });
    }

    pub(super) fn words(&mut self, words: &[&str], kind: K) {
        for (at, word) in words.iter().enumerate() {
            let documentation = match kind {
                K::JoinKind => Some(values::join_kind(word)),
                K::ScalarOperator => texts::scalar_operator(word),
                _ => None,
            };
            self.add(
                10 + u32::try_from(at).unwrap_or(0),
                kind,
                word,
                (*word).to_owned(),
                None,
                documentation,
            );
        }
    }

    /// What a statement may begin with.
    pub(super) fn statement(&mut self) {
        self.tables();
        self.words(values::STATEMENTS, K::Keyword);
        for name in values::SOURCES {
            self.operator(name, 300);
        }
    }

    pub(super) fn operators(&mut self) {
        for (name, _) in texts::operators() {
            // Other names of the same operators, and sources.
            let is_left_out = matches!(
                name,
                "filter" | "order" | "limit" | "datatable" | "externaldata" | "print" | "range" | "find"
            );
            if !is_left_out {
                let is_usual = matches!(
                    name,
                    "where"
                        | "extend"
                        | "summarize"
                        | "project"
                        | "join"
                        | "sort"
                        | "distinct"
                        | "mv-expand"
                        | "union"
                        | "project-away"
                        | "parse"
                        | "top"
                        | "take"
                        | "count"
                        | "render"
                );
                self.operator(name, if is_usual { 10 } else { 20 });
            }
        }
    }

    fn operator(&mut self, name: &str, group: u32) {
        if let Some(text) = texts::operator(name) {
            self.add(
                group,
                K::Operator,
                name,
                name.to_owned(),
                Some(text.syntax.to_owned()),
                Some(text.sentence),
            );
        }
    }

    /// Tables, stored functions and variables.
    pub(super) fn tables(&mut self) {
        for name in self.catalog.table_names() {
            self.add(100, K::Table, &name, written(&name), None, None);
        }
        self.stored_functions();
        self.variables();
    }

    pub(super) fn stored_functions(&mut self) {
        for name in self.catalog.function_names() {
            let detail = self.catalog.function(&name).map(|function| {
                let names: Vec<&str> = function
                    .declaration
                    .parameters
                    .iter()
                    .map(|parameter| parameter.name.text.as_str())
                    .collect();
                format!("{name}({})", names.join(", "))
            });
            self.add(200, K::StoredFunction, &name, format!("{}(", written(&name)), detail, None);
        }
    }

    pub(super) fn variables(&mut self) {
        for name in self.place.variables() {
            self.add(50, K::Variable, &name, written(&name), None, None);
        }
    }

    /// The columns of the rows at the cursor.
    pub(super) fn columns(&mut self) {
        if let Some(schema) = self.place.rows(self.catalog) {
            self.columns_of(&schema);
        }
    }

    pub(super) fn right_columns(&mut self) {
        if let Some(schema) = self.place.right_rows(self.catalog) {
            self.columns_of(&schema);
        }
    }

    fn columns_of(&mut self, schema: &Schema) {
        for column in &schema.columns {
            let detail = Some(column.ty.name().to_owned());
            self.add(0, K::Column, &column.name, written(&column.name), detail, None);
        }
    }

    /// Columns that both sides of a join have, and the sides.
    pub(super) fn join_keys(&mut self) {
        let left = self.place.rows(self.catalog).unwrap_or_default();
        let right = self.place.right_rows(self.catalog).unwrap_or_default();
        let shared = left.columns.into_iter().filter(|column| right.column(&column.name).is_some()).collect();
        self.columns_of(&Schema::new(shared));
        for side in ["$left", "$right"] {
            self.add(10, K::Keyword, side, format!("{side}."), None, None);
        }
    }

    pub(super) fn functions(&mut self) {
        for function in all(Use::Scalar).filter(|function| function.kind != FunctionKind::Graph) {
            self.function(function, K::Function, 400);
        }
        for name in ["toscalar", "materialize", "column_ifexists"] {
            self.add(400, K::Function, name, format!("{name}("), None, texts::function(name));
        }
        self.stored_functions();
    }

    pub(super) fn aggregates(&mut self) {
        for function in all(Use::Aggregate) {
            self.function(function, K::Aggregate, 20);
        }
    }

    pub(super) fn plugins(&mut self) {
        for function in all(Use::Plugin) {
            self.function(function, K::Plugin, 10);
        }
    }

    fn function(&mut self, function: &'static crate::functions::Function, kind: K, group: u32) {
        // Older spellings come last.
        let group = group + if function.alias_of.is_some() { 50 } else { 0 };
        let detail = texts::signatures(function).into_iter().next();
        let documentation = texts::function(function.name);
        self.add(group, kind, function.name, format!("{}(", function.name), detail, documentation);
    }

    /// What may follow an operand: operators between values and words of the clause.
    pub(super) fn after_operand(&mut self, operator: &str) {
        self.words(values::clause_words(operator), K::Keyword);
        if !matches!(operator, "join" | "lookup" | "union" | "render" | "evaluate" | "") {
            self.words(values::SCALAR_OPERATORS, K::ScalarOperator);
        }
    }

    /// The texts that a function takes at an argument, in the quotes of the string at the cursor.
    pub(super) fn texts(&mut self, function: &str, argument: usize) {
        let found =
            [Use::Scalar, Use::Aggregate, Use::Plugin].into_iter().find_map(|usage| lookup(usage, function));
        let Some(function) = found else { return };
        let quote = match self.place.text.get(self.place.word.range()).and_then(|word| word.chars().next()) {
            Some('\'') => '\'',
            _ => '"',
        };
        for signature in function.signatures {
            for value in
                signature.parameters.get(argument).map(|parameter| parameter.values).unwrap_or_default()
            {
                self.add(5, K::Text, value, format!("{quote}{value}{quote}"), None, None);
            }
        }
    }
}

/// A name as it is written in a query: in brackets if it is no plain word.
fn written(name: &str) -> String {
    let tokens = lex(name);
    let is_plain = tokens
        .first()
        .is_some_and(|token| token.kind == TokenKind::Ident && token.span.range() == (0..name.len()));
    if is_plain {
        name.to_owned()
    } else {
        format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn names_that_are_no_words_are_bracketed() {
        assert_eq!(written("a_b"), "a_b");
        assert_eq!(written("a b"), "['a b']");
        assert_eq!(written("it's"), "['it\\'s']");
    }
}
