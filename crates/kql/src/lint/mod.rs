//! The lint: what a query costs or hides without being wrong.
//!
//! Rules are data ([`RULES`]) and functions over the syntax tree, grouped by subject. A rule is added in three steps:
//! its entry in [`RULES`], with an example that it finds and one that it does not; its check in the module of its
//! subject; `BLESS=1` for the page that lists them.
//!
//! What a rule finds is a [`Finding`]: a diagnostic and, where the rewritten text is known, a [`Fix`].

mod columns;
mod functions;
mod joins;
mod order;
mod predicates;
mod rules;
mod scans;
mod strings;

use std::fmt::Write as _;

use azimuth_diag::{Diagnostic, Severity};

pub use rules::{RULES, Rule};

use crate::ast::{Expr, ExprKind, Operator, Pipeline, Query};
use crate::bind::Catalog;
use crate::parse::{place, sort_and_locate};
use crate::syntax::{Span, Token, TokenKind, unquote};
use crate::walk::{self, Visit};

/// So many types are looked up for one query: each look-up binds what stands before it.
const MAX_TYPES: usize = 40;
/// After so many findings nothing more is reported.
const MAX_FINDINGS: usize = 200;

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Code, severity, place and what to do.
    pub diagnostic: Diagnostic,
    /// The text that would be better.
    pub fix: Option<Fix>,
}

/// A replacement of a part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
    /// The answer of the query stays the same on all data. Other fixes are for the author to decide.
    pub is_equivalent: bool,
}

/// What the rules find in a query, in the order of the text; nothing in one with syntax errors, which
/// [`bind()`](crate::bind()) reports.
pub fn lint(text: &str, catalog: &dyn Catalog) -> Vec<Finding> {
    let parsed = crate::parse(text);
    if parsed.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Vec::new();
    }
    let mut lint =
        Lint { text, query: &parsed.query, tokens: &parsed.tokens, catalog, findings: Vec::new(), types: 0 };
    scans::check(&mut lint);
    columns::check(&mut lint);
    let mut nodes = Nodes { lint: &mut lint };
    walk::query(&mut nodes, &parsed.query);
    strings::check_mixed(&mut lint);
    let mut findings = lint.findings;
    findings.sort_by_key(|finding| finding.diagnostic.place.span);
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
    for finding in &mut findings {
        sort_and_locate(text, std::slice::from_mut(&mut finding.diagnostic));
    }
    findings
}

/// The text with the fixes that change no answer, as many of them as do not overlap. What a fix leaves behind may have
/// findings of its own.
pub fn apply_equivalent_fixes(text: &str, findings: &[Finding]) -> String {
    let mut fixes: Vec<&Fix> =
        findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.is_equivalent).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for fix in fixes {
        let range = fix.span.range();
        if range.start >= at
            && let Some(kept) = text.get(at..range.start)
        {
            out.push_str(kept);
            out.push_str(&fix.replacement);
            at = range.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The page that lists the rules, in Markdown.
pub fn reference_page() -> String {
    let mut page = "# KQL lint\n\n\
         <!-- Made from `crates/kql/src/lint/rules.rs`; renew with `BLESS=1 cargo test -p azimuth-kql`. -->\n\n\
         What the lint finds in queries that bind. A *warning* is probably not as meant, a *note* is worth knowing.\n\
         A fix marked *same answer* leaves the result unchanged on all data; others are for the author to decide.\n\n\
         | Code | Severity | What it finds | Found | Better |\n|---|---|---|---|---|\n"
        .to_owned();
    for rule in RULES {
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let cell = |text: &str| text.replace('|', "\\|");
        let same = if rule.is_equivalent { " (same answer)" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {severity} | {} | `{}` | `{}`{same} |",
            rule.code,
            rule.summary,
            cell(rule.found),
            cell(rule.better)
        );
    }
    page
}

/// A query being checked.
struct Lint<'a> {
    text: &'a str,
    query: &'a Query,
    tokens: &'a [Token],
    catalog: &'a dyn Catalog,
    findings: Vec<Finding>,
    /// How many types were looked up.
    types: usize,
}

impl<'a> Lint<'a> {
    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// An expression's tokens with single blanks: equal for equal expressions.
    fn key(&self, span: Span) -> String {
        let words: Vec<&str> = self.grammar(span).map(|token| token.span.text(self.text)).collect();
        words.join(" ")
    }

    /// The tokens of the grammar in a span.
    fn grammar(&self, span: Span) -> impl Iterator<Item = &'a Token> + use<'a> {
        let first = self.tokens.partition_point(|token| token.span.start < span.start);
        self.tokens[first..]
            .iter()
            .take_while(move |token| token.span.end <= span.end && token.kind != TokenKind::Eof)
            .filter(|token| !token.kind.is_trivia())
    }

    /// Whether an expression is known to be a string, and no `dynamic`, which compares otherwise.
    fn is_text(&mut self, expr: &Expr) -> bool {
        self.types += 1;
        if self.types > MAX_TYPES {
            return false;
        }
        let place = crate::complete::place::place(self.text, expr.span.start as usize);
        place.type_of(self.text_of(expr.span), self.catalog) == Some(crate::types::ScalarType::String)
    }

    /// The columns that an operator gets, as far as look-ups are left.
    fn rows_before(&mut self, operator: &Operator) -> Option<crate::types::Schema> {
        self.types += 1;
        if self.types > MAX_TYPES {
            return None;
        }
        crate::complete::place::place(self.text, operator.keyword.start as usize).rows(self.catalog)
    }

    /// Whether a name occurs in a span, as a word or in quotes.
    fn mentions(&self, span: Span, name: &str) -> bool {
        self.grammar(span).any(|token| match token.kind {
            TokenKind::Ident => token.span.text(self.text) == name,
            TokenKind::String => unquote(token.span.text(self.text)).contains(name),
            _ => false,
        })
    }

    /// Reports a finding of a rule of [`RULES`].
    fn report(&mut self, code: &'static str, span: Span, message: String, hint: &str, fix: Option<Fix>) {
        let Some(rule) = RULES.iter().find(|rule| rule.code == code) else {
            debug_assert!(false, "no rule `{code}`");
            return;
        };
        let diagnostic = match rule.severity {
            Severity::Error => Diagnostic::error(code, message),
            Severity::Warning => Diagnostic::warning(code, message),
            Severity::Note => Diagnostic::note(code, message),
        };
        let diagnostic = diagnostic.at(place(span)).with_hint(hint);
        if self.findings.len() < MAX_FINDINGS * 4 {
            self.findings.push(Finding { diagnostic, fix });
        }
    }
}

impl Fix {
    /// A fix that changes no answer.
    fn same(span: Span, replacement: impl Into<String>) -> Option<Self> {
        Some(Self { span, replacement: replacement.into(), is_equivalent: true })
    }

    /// A fix that changes no answer if `is_equivalent`.
    fn new(span: Span, replacement: impl Into<String>, is_equivalent: bool) -> Option<Self> {
        Some(Self { span, replacement: replacement.into(), is_equivalent })
    }

    /// A fix that may change the answer.
    fn other(span: Span, replacement: impl Into<String>) -> Option<Self> {
        Some(Self { span, replacement: replacement.into(), is_equivalent: false })
    }
}

/// Hands the nodes to the rules of each subject.
struct Nodes<'l, 'a> {
    lint: &'l mut Lint<'a>,
}

impl Visit for Nodes<'_, '_> {
    fn expr(&mut self, expr: &Expr) {
        strings::check(self.lint, expr);
        predicates::check(self.lint, expr);
    }

    fn call(&mut self, call: &crate::ast::Call) {
        functions::check(self.lint, call);
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        order::check(self.lint, pipeline);
        columns::check_pipeline(self.lint, pipeline);
        predicates::check_pipeline(self.lint, pipeline);
        joins::check(self.lint, pipeline);
    }

    fn operator(&mut self, operator: &Operator) {
        functions::check_operator(self.lint, operator);
    }
}

/// The text, if the expression is one.
fn text_literal(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(literal) => literal.as_str(),
        _ => None,
    }
}

/// The names in an expression that may be columns or variables: not members, not functions.
fn names(expr: &Expr) -> Vec<String> {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl Visit for Names {
        fn expr(&mut self, expr: &Expr) {
            if let ExprKind::Name(name) = &expr.kind {
                self.0.push(name.clone());
            }
        }
    }
    let mut names = Names::default();
    walk::expr(&mut names, expr);
    names.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::MemoryCatalog;
    use crate::types::{Column, ScalarType, Schema};

    pub(super) fn catalog() -> MemoryCatalog {
        let mut catalog = MemoryCatalog::new();
        let columns = [
            ("TimeGenerated", ScalarType::Datetime),
            ("Account", ScalarType::String),
            ("Status", ScalarType::String),
            ("Count", ScalarType::Long),
            ("Details", ScalarType::Dynamic),
        ];
        let schema = Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec());
        catalog.add_table("Events", schema.clone());
        catalog.add_table("Hosts", Schema::new(schema.columns[1..].to_vec()));
        catalog
    }

    /// The codes found in a query, without the prefix they share.
    pub(super) fn codes(text: &str) -> Vec<&'static str> {
        let findings = lint(text, &catalog());
        findings.iter().map(|found| found.diagnostic.code.trim_start_matches("kql-lint-")).collect()
    }

    /// The query after all fixes, equivalent or not.
    pub(super) fn fixed(text: &str) -> String {
        let mut findings = lint(text, &catalog());
        for fix in findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
            fix.is_equivalent = true;
        }
        apply_equivalent_fixes(text, &findings)
    }

    #[test]
    fn every_rule_finds_its_example_and_accepts_the_better_one() {
        for rule in RULES {
            let code = rule.code.trim_start_matches("kql-lint-");
            assert!(rule.code.starts_with("kql-lint-"));
            assert!(codes(rule.found).contains(&code), "`{}` is not found by {code}", rule.found);
            assert!(!codes(rule.better).contains(&code), "`{}` is found by {code}", rule.better);
        }
        let mut codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
        codes.dedup();
        assert!(codes.is_sorted() && codes.len() == RULES.len());
    }

    #[test]
    fn fixes_that_keep_the_answer_are_marked_so() {
        for rule in RULES {
            let findings = lint(rule.found, &catalog());
            let mut own = findings.iter().filter(|found| found.diagnostic.code == rule.code);
            let fix = own.next().and_then(|found| found.fix.as_ref());
            assert_eq!(fix.is_some_and(|fix| fix.is_equivalent), rule.is_equivalent, "{}", rule.code);
        }
    }

    #[test]
    fn queries_with_syntax_errors_have_no_findings() {
        assert!(codes("Events | where (Account contains 'abcd'").is_empty());
        assert!(codes("").is_empty());
    }
}
