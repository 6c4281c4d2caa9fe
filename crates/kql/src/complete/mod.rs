//! Completion: what may be written at the cursor.
//!
//! `place` says where the cursor is (brackets, statement, operator), this module which kinds of things go there, and
//! `items` lists them. The query may be broken in any way; what is before the cursor is bound to learn the columns.

mod items;
pub(crate) mod place;
mod values;

use crate::bind::Catalog;
use crate::syntax::{Span, TokenKind as T};
use items::Items;
use place::Place;

/// Something that may be written at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What is inserted in the place of [`Completion::replace`].
    pub insert: String,
    /// On the same line: a type, a signature, a syntax.
    pub detail: Option<String>,
    /// A sentence.
    pub documentation: Option<String>,
    /// What is replaced: the word or string at the cursor, as a whole.
    pub replace: Span,
    /// Lower ones first; equal ones by label.
    pub rank: u32,
}

/// Kinds of completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A column of the rows at the cursor.
    Column,
    /// A `let`, or a parameter of a function or query.
    Variable,
    /// A table of the catalogue.
    Table,
    /// A tabular operator.
    Operator,
    /// An operator between values: `has`, `==`, `and`.
    ScalarOperator,
    /// A built-in scalar function.
    Function,
    /// A function of the catalogue.
    StoredFunction,
    /// An aggregate.
    Aggregate,
    /// A plugin of `evaluate`.
    Plugin,
    /// A word of a clause or statement.
    Keyword,
    /// A parameter of an operator: `kind=`.
    Parameter,
    /// A value that an operator parameter takes.
    ParameterValue,
    /// A kind of join.
    JoinKind,
    /// A text that a function takes, quotes included.
    Text,
    /// A type.
    Type,
    /// A chart of `render`.
    Chart,
}

/// What may be written at a byte offset of a query, in the order in which it is to be shown.
///
/// If a word has been begun, only what contains it (letter case ignored) is returned, what begins with it first.
pub fn complete(text: &str, offset: usize, catalog: &dyn Catalog) -> Vec<Completion> {
    let place = place::place(text, offset);
    let mut items = Items::new(&place, catalog);
    if place.in_string {
        texts_of_argument(&place, &mut items);
    } else if !place.is_mute {
        choose(&place, &mut items);
    }
    items.finish()
}

/// Which kinds of things go at the cursor, by the token before it.
fn choose(place: &Place<'_>, items: &mut Items<'_, '_>) {
    let frame = place.innermost();
    let operator = place.operator(frame);
    let is_body = place.is_body(frame);
    let Some(last) = place.last() else { return items.statement() };
    let length = place.before.len();
    match last.kind {
        T::Semicolon | T::LBrace => items.statement(),
        T::Pipe => items.operators(),
        T::LParen if is_body => items.operators(),
        T::LParen if place.called(frame) == Some("typeof") => {
            items.words(values::TYPES, CompletionKind::Type);
        }
        T::LParen if place.takes_table(frame) => items.statement(),
        T::LParen if place.text_of(length.wrapping_sub(2)).trim_end_matches('~') == "in" => {
            expression(place, items);
            items.tables();
        }
        // `find in (A, …`
        T::Comma if place.takes_table(frame) && place.frames[frame].pipes.is_empty() => items.tables(),
        T::Dot => member(place, items),
        T::Colon => items.words(values::TYPES, CompletionKind::Type),
        T::Assign => after_assign(place, items),
        T::Ident => {
            let word = last.span.text(place.text);
            match &operator {
                Some((name, after)) if *after == length => after_name(place, items, name),
                _ if word == "kind" => {}
                _ if values::is_connector(word) => expression(place, items),
                Some((name, _)) => items.after_operand(name),
                None => items.after_operand(""),
            }
        }
        T::RParen | T::RBracket | T::String | T::TypedLiteral | T::Timespan | T::Long | T::Real => {
            // `join kind=inner (T) …`, `where a == 1 …`
            items.after_operand(operator.as_ref().map_or("", |(name, _)| name));
        }
        _ => expression(place, items),
    }
}

/// Right after the name of an operator.
fn after_name(place: &Place<'_>, items: &mut Items<'_, '_>, name: &str) {
    items.words(values::parameters(name), CompletionKind::Parameter);
    match name {
        "join" | "lookup" | "union" => items.tables(),
        "evaluate" => items.plugins(),
        "invoke" => items.stored_functions(),
        "render" => items.words(values::CHARTS, CompletionKind::Chart),
        "sort" | "order" | "partition" | "facet" | "reduce" => items.words(&["by"], CompletionKind::Keyword),
        "search" => {}
        _ if values::takes_no_columns(name) => items.variables(),
        _ => expression(place, items),
    }
}

/// A scalar expression begins here.
fn expression(place: &Place<'_>, items: &mut Items<'_, '_>) {
    texts_of_argument(place, items);
    let frame = place.innermost();
    // The operator around brackets of calls.
    let operator = (0..=frame).rev().find_map(|at| place.operator(at));
    let name = operator.as_ref().map_or("", |(name, _)| name.as_str());
    if matches!(name, "join" | "lookup") && place.operator(frame).is_some() {
        let (_, after) = operator.as_ref().map_or((String::new(), 0), Clone::clone);
        let has_on = (after..place.before.len()).any(|at| place.text_of(at) == "on");
        return if has_on { items.join_keys() } else { items.tables() };
    }
    if name == "union" && place.operator(frame).is_some() {
        return items.tables();
    }
    items.columns();
    items.variables();
    let has_by = operator
        .as_ref()
        .is_some_and(|(_, after)| (*after..place.before.len()).any(|at| place.text_of(at) == "by"));
    let aggregates = match name {
        "summarize" | "make-series" => !has_by,
        "top-nested" => has_by,
        _ => false,
    };
    if aggregates && place.called(frame).is_none() {
        items.aggregates();
    }
    if name == "summarize" && place.operator(frame).is_some_and(|(_, after)| after == place.before.len()) {
        items.words(&["by"], CompletionKind::Keyword);
    }
    items.functions();
}

fn member(place: &Place<'_>, items: &mut Items<'_, '_>) {
    let base = place.before.len().checked_sub(2).map_or("", |at| place.text_of(at));
    match base {
        "$left" => items.columns(),
        "$right" => items.right_columns(),
        "hint" => items.words(
            &["strategy=", "remote=", "shufflekey=", "num_partitions=", "materialized=", "concurrency="],
            CompletionKind::Parameter,
        ),
        ")" => items.tables(),
        _ => {}
    }
}

fn after_assign(place: &Place<'_>, items: &mut Items<'_, '_>) {
    let frame = place.innermost();
    let length = place.before.len();
    let name = length.checked_sub(2).map_or("", |at| place.text_of(at));
    let starts_let = place.statement_start(frame) == length && place.frames[frame].start < length;
    if starts_let {
        items.statement();
        items.functions();
        return;
    }
    // Inside of the parentheses of `render … with (kind=`.
    let operator = (0..=frame).rev().find_map(|at| place.operator(at)).map(|(name, _)| name);
    let values = values::parameter_values(operator.as_deref().unwrap_or_default(), name);
    if values.is_empty() {
        return expression(place, items);
    }
    let is_join = matches!(operator.as_deref(), Some("join" | "lookup")) && name == "kind";
    items.words(values, if is_join { CompletionKind::JoinKind } else { CompletionKind::ParameterValue });
}

/// The texts that the parameter of a function takes, at its place in the call.
fn texts_of_argument(place: &Place<'_>, items: &mut Items<'_, '_>) {
    let frame = place.innermost();
    if let Some(name) = place.called(frame) {
        items.texts(name, place.frames[frame].commas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::MemoryCatalog;
    use crate::types::{Column, ScalarType, Schema};

    fn catalog() -> MemoryCatalog {
        let mut catalog = MemoryCatalog::new();
        let columns = |names: &[(&str, ScalarType)]| {
            Schema::new(names.iter().map(|(name, ty)| Column::new(*name, *ty)).collect())
        };
        let events = [
            ("TimeGenerated", ScalarType::Datetime),
            ("Account", ScalarType::String),
            ("odd name", ScalarType::Long),
        ];
        catalog.add_table("Events", columns(&events));
        catalog.add_table("Other", columns(&[("Account", ScalarType::String), ("Score", ScalarType::Real)]));
        catalog.add_function("Recent", "(span:timespan=1d)", "{ Events | where true }").unwrap();
        catalog
    }

    /// What is offered at `^`.
    fn at(text: &str) -> Vec<Completion> {
        let offset = text.find('^').unwrap();
        complete(&text.replacen('^', "", 1), offset, &catalog())
    }

    #[track_caller]
    fn check(text: &str, there: &[&str], not_there: &[&str]) {
        let labels: Vec<String> = at(text).into_iter().map(|item| item.label).collect();
        for wanted in there {
            assert!(labels.iter().any(|label| label == wanted), "no `{wanted}` in {labels:?}");
        }
        for unwanted in not_there {
            assert!(!labels.iter().any(|label| label == unwanted), "`{unwanted}` is there");
        }
    }

    #[track_caller]
    fn first(text: &str, expected: &str) {
        assert_eq!(at(text).first().map(|item| item.label.clone()).as_deref(), Some(expected));
    }

    #[test]
    fn statements_begin_with_tables_functions_and_sources() {
        check("^", &["Events", "Recent", "union", "let"], &["where", "Account"]);
        check("let x = 1; ^", &["Events", "x"], &[]);
        check("let x = ^", &["Events", "ago", "datatable"], &[]);
        check("let f = (p:long) { ^", &["Events", "p"], &[]);
        first("Ev^", "Events");
    }

    #[test]
    fn operators_follow_a_pipe() {
        check("Events | ^", &["where", "mv-expand", "summarize"], &["Events", "ago", "filter"]);
        first("Events | summ^", "summarize");
        first("Events | project-aw^", "project-away");
        assert_eq!(at("Events | project-aw^")[0].replace, Span::new(9, 19));
        check("Events | mv-apply x = d on (^", &["where", "summarize"], &["Account"]);
    }

    #[test]
    fn expressions_have_columns_variables_and_functions() {
        check(
            "Events | where ^",
            &["Account", "TimeGenerated", "ago", "odd name"],
            &["Score", "count", "dcount"],
        );
        check("let limit_ = 3; Events | where ^", &["limit_"], &[]);
        check("Events | extend x = 1 | project Account, ^", &["x", "Account"], &[]);
        check("Events | project Account | where ^ | take 1", &["Account"], &["TimeGenerated"]);
        check("Events | where (Account == tolower(^", &["Account", "trim"], &[]);
        check("Events | where Account in (^", &["Account", "Other"], &[]);
        let item = at("Events | where odd^").remove(0);
        assert_eq!((item.insert.as_str(), item.detail.as_deref()), ("['odd name']", Some("long")));
        first("Events | where acc^", "Account");
    }

    #[test]
    fn broken_queries_still_have_columns() {
        check("Events | where Account == | extend y = ^ | nonsense (", &["Account"], &[]);
        check("Events | where ( | extend y = 1 | where ^", &["y"], &[]);
        check("Events | join kind=inner (Other | where Sc^", &["Score"], &["TimeGenerated"]);
        check("let a = Events | where ; Events | where ^", &["Account"], &[]);
    }

    #[test]
    fn aggregates_stand_in_summarize_only() {
        check("Events | summarize ^", &["count", "dcount", "by", "Account"], &[]);
        check("Events | summarize x = dcount(Account) by ^", &["Account", "bin"], &["dcount"]);
    }

    #[test]
    fn joins_offer_kinds_tables_and_keys() {
        check("Events | join ^", &["kind=", "Other"], &["Account"]);
        check("Events | join kind=^", &["inner", "leftanti"], &["Account"]);
        check("Events | join kind=inner ^", &["on"], &[]);
        check("Events | join kind=inner (^", &["Other"], &["Account"]);
        check("Events | join kind=inner (Other) ^", &["on"], &[]);
        check("find in (Other, ^", &["Events"], &["Account"]);
        check(
            "Events | join kind=inner (Other) on ^",
            &["Account", "$left", "$right"],
            &["TimeGenerated", "Score"],
        );
        check("Events | join kind=inner (Other) on $left.^", &["TimeGenerated"], &["Score"]);
        check(
            "Events | join kind=inner (Other) on $left.Account == $right.^",
            &["Score"],
            &["TimeGenerated"],
        );
    }

    #[test]
    fn texts_of_functions_are_offered_in_quotes() {
        check("print datetime_diff('^", &["day", "hour"], &["ago"]);
        let item = at("print datetime_diff('da^', now(), now())").remove(0);
        assert_eq!((item.insert.as_str(), item.replace), ("'day'", Span::new(20, 24)));
        check("print datetime_diff(^", &["day", "ago"], &[]);
        check("print datetime_diff('day', ^", &["ago"], &["day"]);
    }

    #[test]
    fn other_places_have_their_words() {
        check("Events | where Account ^", &["has", "=="], &["Account"]);
        check("Events | evaluate ^", &["bag_unpack"], &["ago"]);
        check("Events | render ^", &["timechart"], &[]);
        check("datatable(a:^", &["long"], &[]);
        check("Events | mv-expand x = pack_array(1) to typeof(^", &["long"], &["Account"]);
        check("Events | parse kind=^", &["regex"], &[]);
        check("Events | sort ^", &["by"], &[]);
    }

    #[test]
    fn comments_texts_and_numbers_are_left_alone() {
        for text in ["Events // ^", "Events | where Account == 'x^'", "Events | take 1^"] {
            assert!(at(text).is_empty(), "{text}");
        }
    }
}
