//! Comparisons of texts.

use std::collections::HashMap;

use super::{Fix, Lint, text_literal};
use crate::ast::{BinaryOp as B, Expr, ExprKind, InOp};
use crate::syntax::Span;
use crate::walk::{self, Visit};

/// Shorter needles are rarely whole terms.
const TERM_LENGTH: usize = 4;

/// One expression.
pub(super) fn check(lint: &mut Lint<'_>, expr: &Expr) {
    match &expr.kind {
        ExprKind::Binary { op, op_span, left, right } => {
            let whole = left.span.to(right.span);
            contains_term(lint, *op, *op_span, right);
            caseless(lint, *op, *op_span, left, right);
            empty_text(lint, *op, whole, left, right);
            folded_case(lint, *op, *op_span, whole, left, right);
            if *op == B::MatchesRegex {
                plain_regex(lint, *op_span, left, right);
            }
        }
        ExprKind::In { op, op_span, left, list } => folded_list(lint, *op, *op_span, left, list),
        ExprKind::Or(operands) => or_chain(lint, operands),
        _ => {}
    }
}

fn contains_term(lint: &mut Lint<'_>, op: B, op_span: Span, right: &Expr) {
    let better = match op {
        B::Contains => "has",
        B::NotContains => "!has",
        B::ContainsCs => "has_cs",
        B::NotContainsCs => "!has_cs",
        _ => return,
    };
    let Some(needle) = text_literal(right) else { return };
    if needle.len() >= TERM_LENGTH && needle.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("`{}` reads every text in full to find `{needle}`", op.text());
        let hint = format!("`{better}` finds it by the index, where it stands as a whole term");
        lint.report("kql-lint-contains-term", op_span, message, &hint, Fix::other(op_span, better));
    }
}

fn caseless(lint: &mut Lint<'_>, op: B, op_span: Span, left: &Expr, right: &Expr) {
    let better = match op {
        B::EqualTilde => "==",
        B::NotEqualTilde => "!=",
        _ => return,
    };
    let Some(text) = text_literal(right) else { return };
    if !text.is_empty() && !text.chars().any(char::is_alphabetic) {
        let message = format!("`{text}` has no letters whose case could be ignored");
        let fix = Fix::new(op_span, better, lint.is_text(left));
        lint.report("kql-lint-caseless-text", op_span, message, &format!("write `{better}`"), fix);
    }
}

fn empty_text(lint: &mut Lint<'_>, op: B, whole: Span, left: &Expr, right: &Expr) {
    let function = match op {
        B::Equal | B::EqualTilde => "isempty",
        B::NotEqual | B::NotEqualTilde => "isnotempty",
        _ => return,
    };
    if text_literal(right) == Some("") && text_literal(left).is_none() {
        let better = format!("{function}({})", lint.text_of(left.span));
        let message = "a comparison with the empty text".to_owned();
        let hint = format!("write `{better}`");
        let fix = Fix::new(whole, better, lint.is_text(left));
        lint.report("kql-lint-empty-text", whole, message, &hint, fix);
    }
}

/// What `tolower` or `toupper` is called with, and whether it is `tolower`.
fn folded(expr: &Expr) -> Option<(&Expr, bool)> {
    let ExprKind::Call(call) = &expr.kind else { return None };
    match (call.name.text.as_str(), call.arguments.as_slice()) {
        ("tolower", [argument]) => Some((&argument.value, true)),
        ("toupper", [argument]) => Some((&argument.value, false)),
        _ => None,
    }
}

/// Whether a text is in the letter case that the function gives; ASCII only, where ignoring case means the same.
fn is_in_case(text: &str, is_lower: bool) -> bool {
    text.is_ascii()
        && if is_lower { text == text.to_ascii_lowercase() } else { text == text.to_ascii_uppercase() }
}

fn folded_case(lint: &mut Lint<'_>, op: B, op_span: Span, whole: Span, left: &Expr, right: &Expr) {
    let ignoring = match op {
        B::Equal => "=~",
        B::NotEqual => "!~",
        B::EqualTilde
        | B::NotEqualTilde
        | B::Has
        | B::NotHas
        | B::Contains
        | B::NotContains
        | B::StartsWith
        | B::NotStartsWith
        | B::EndsWith
        | B::NotEndsWith => lint.text_of(op_span),
        _ => return,
    };
    let Some((inner, is_lower)) = folded(left) else { return };
    let other = if let Some(text) = text_literal(right) {
        if text.is_empty() || !text.is_ascii() {
            return;
        }
        if !is_in_case(text, is_lower) && matches!(op, B::Equal | B::NotEqual) {
            let case = if is_lower { "capital" } else { "small" };
            let outcome = if op == B::Equal { "never true" } else { "always true" };
            let message = format!("`{text}` has {case} letters, so this is {outcome}");
            lint.report("kql-lint-constant-condition", whole, message, "ignore letter case with `=~`", None);
            return;
        }
        lint.text_of(right.span)
    } else {
        match folded(right) {
            Some((other, is_other_lower)) if is_lower == is_other_lower => lint.text_of(other.span),
            _ => return,
        }
    };
    let better = format!("{} {ignoring} {other}", lint.text_of(inner.span));
    let message = "the letter case is changed for a comparison that can ignore it".to_owned();
    // Beyond ASCII, two texts may be equal in small letters and not when case is ignored.
    let is_same = text_literal(right).is_some();
    let fix = Fix::new(whole, &*better, is_same);
    lint.report("kql-lint-folded-case", whole, message, &format!("write `{better}`"), fix);
}

fn folded_list(lint: &mut Lint<'_>, op: InOp, op_span: Span, left: &Expr, list: &[Expr]) {
    let ignoring = match op {
        InOp::In => "in~",
        InOp::NotIn => "!in~",
        _ => return,
    };
    let Some((inner, is_lower)) = folded(left) else { return };
    let is_text = |item: &Expr| text_literal(item).is_some_and(|text| is_in_case(text, is_lower));
    if list.is_empty() || !list.iter().all(is_text) {
        return;
    }
    let span = left.span.to(op_span);
    let better = format!("{} {ignoring}", lint.text_of(inner.span));
    let message = "the letter case is changed for a comparison that can ignore it".to_owned();
    let hint = format!("write `{better} (…)`");
    lint.report("kql-lint-folded-case", span, message, &hint, Fix::same(span, better));
}

/// What a regular expression asks for, if it is a plain text: the operator, and the text.
fn plain(pattern: &str) -> Option<(&'static str, String)> {
    let (ignores_case, rest) = match pattern.strip_prefix("(?i)") {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (at_start, rest) = match rest.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let mut text = String::new();
    let mut at_end = false;
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '$' if characters.peek().is_none() => at_end = true,
            '\\' => match characters.next()? {
                escaped if escaped.is_ascii_punctuation() => text.push(escaped),
                _ => return None,
            },
            '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            other => text.push(other),
        }
    }
    if text.is_empty() {
        return None;
    }
    let op = match (at_start, at_end, ignores_case) {
        (false, false, false) => "contains_cs",
        (false, false, true) => "contains",
        (true, false, false) => "startswith_cs",
        (true, false, true) => "startswith",
        (false, true, false) => "endswith_cs",
        (false, true, true) => "endswith",
        (true, true, false) => "==",
        (true, true, true) => "=~",
    };
    Some((op, text))
}

fn plain_regex(lint: &mut Lint<'_>, op_span: Span, left: &Expr, right: &Expr) {
    let Some((op, text)) = text_literal(right).and_then(plain) else { return };
    let span = op_span.to(right.span);
    let quoted = format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let better = format!("{op} {quoted}");
    let message = "the regular expression is a plain text".to_owned();
    let fix = Fix::new(span, &*better, lint.is_text(left));
    let hint = format!("write `{better}`, which needs no regular expression");
    lint.report("kql-lint-plain-regex", span, message, &hint, fix);
}

/// `a == 1 or a == 2 or a == 3`
fn or_chain(lint: &mut Lint<'_>, operands: &[Expr]) {
    let [first, .., last] = operands else { return };
    if operands.len() < 3 {
        return;
    }
    let mut shared: Option<(B, String)> = None;
    let mut values = Vec::new();
    let mut subject = first.span;
    for operand in operands {
        let ExprKind::Binary { op: op @ (B::Equal | B::EqualTilde), left, right, .. } = &operand.kind else {
            return;
        };
        if !matches!(right.kind, ExprKind::Literal(_))
            || (*op == B::EqualTilde && text_literal(right).is_none())
        {
            return;
        }
        // Nulls are equal to nothing, but may be in a list.
        if lint.mentions(right.span, "null") || lint.text_of(right.span).contains("null)") {
            return;
        }
        let own = (*op, lint.key(left.span));
        if shared.get_or_insert_with(|| own.clone()) != &own {
            return;
        }
        subject = left.span;
        values.push(lint.text_of(right.span));
    }
    let word = if shared.is_some_and(|(op, _)| op == B::EqualTilde) { "in~" } else { "in" };
    let better = format!("{} {word} ({})", lint.text_of(subject), values.join(", "));
    let span = first.span.to(last.span);
    let message = "one value is compared with one constant after the other".to_owned();
    lint.report(
        "kql-lint-or-chain",
        span,
        message,
        &format!("write it as a list with `{word}`"),
        Fix::same(span, better),
    );
}

/// The same value compared with and without letter case, anywhere in the query.
pub(super) fn check_mixed(lint: &mut Lint<'_>) {
    struct Comparisons<'l, 'a> {
        lint: &'l Lint<'a>,
        /// With and without letter case, by what is compared.
        found: HashMap<String, [Option<Span>; 2]>,
    }
    impl Visit for Comparisons<'_, '_> {
        fn expr(&mut self, expr: &Expr) {
            let ExprKind::Binary { op, left, right, .. } = &expr.kind else { return };
            let has_letters = text_literal(right).is_some_and(|text| text.chars().any(char::is_alphabetic));
            let side = match op {
                B::Equal | B::NotEqual => 0,
                B::EqualTilde | B::NotEqualTilde => 1,
                _ => return,
            };
            if has_letters && matches!(left.kind, ExprKind::Name(_) | ExprKind::Path { .. }) {
                let key = self.lint.key(left.span);
                self.found.entry(key).or_default()[side].get_or_insert(left.span.to(right.span));
            }
        }
    }
    let mut comparisons = Comparisons { lint, found: HashMap::new() };
    walk::query(&mut comparisons, lint.query);
    let mut found: Vec<_> = comparisons
        .found
        .into_iter()
        .filter_map(|(key, [with, without])| without.and(with).map(|span| (key, span)))
        .collect();
    found.sort();
    for (key, span) in found {
        let message = format!("`{key}` is compared with letter case here, and without it elsewhere");
        lint.report("kql-lint-mixed-case", span, message, "use `=~` or `==` in both places", None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::super::tests::{catalog, codes, fixed};

    #[test]
    fn needles_that_are_no_terms_stay() {
        for text in ["'.exe'", "'a b c d'", "'abc'", "Status"] {
            assert!(codes(&format!("Hosts | where Account contains {text}")).is_empty(), "{text}");
        }
        assert_eq!(fixed("Hosts | where Account !contains 'admin'"), "Hosts | where Account !has 'admin'");
    }

    #[test]
    fn letter_case_that_can_be_ignored_is_ignored() {
        assert_eq!(fixed("Hosts | where toupper(Account) != 'ADMIN'"), "Hosts | where Account !~ 'ADMIN'");
        assert_eq!(
            fixed("Hosts | where tolower(Account) in ('a', 'b')"),
            "Hosts | where Account in~ ('a', 'b')"
        );
        assert_eq!(fixed("Hosts | where tolower(Account) has 'x'"), "Hosts | where Account has 'x'");
        assert_eq!(
            fixed("Hosts | where tolower(Account) == tolower(Status)"),
            "Hosts | where Account =~ Status"
        );
        assert_eq!(codes("Hosts | where tolower(Account) == 'Admin'"), ["constant-condition"]);
        assert!(codes("Hosts | where tolower(Account) has_cs 'x' or tolower(Account) in ('A')").is_empty());
        assert!(codes("Hosts | where Account =~ 'é' or Account !~ '4a'").is_empty());
    }

    #[test]
    fn empty_texts_are_asked_for_by_name() {
        assert_eq!(fixed("Hosts | where (Account) == \"\""), "Hosts | where isempty((Account))");
        assert!(codes("Hosts | where Account == ' '").is_empty());
        // A dynamic null is neither equal to the empty text nor different from it.
        let found = lint("Hosts | where Details.x == ''", &catalog());
        assert!(!found[0].fix.as_ref().unwrap().is_equivalent);
    }

    #[test]
    fn plain_regular_expressions_are_texts() {
        let check = |pattern: &str, expected: &str| {
            assert_eq!(
                fixed(&format!("Hosts | where Account matches regex {pattern}")),
                format!("Hosts | where Account {expected}")
            );
        };
        check(r"@'a\.exe$'", "endswith_cs 'a.exe'");
        check("'(?i)abc'", "contains 'abc'");
        check("'^abc$'", "== 'abc'");
        for pattern in ["'a.c'", "'a|b'", r"@'\d'", "'^$'", "'[a]'"] {
            assert!(codes(&format!("Hosts | where Account matches regex {pattern}")).is_empty(), "{pattern}");
        }
    }

    #[test]
    fn chains_become_lists() {
        assert_eq!(
            fixed("Hosts | where (Account =~ 'a' or Account =~ 'b' or Account =~ 'c') and Count > 1"),
            "Hosts | where (Account in~ ('a', 'b', 'c')) and Count > 1"
        );
        assert!(codes("Hosts | where Account == 'a' or Status == 'a' or Account == 'c'").is_empty());
    }
}
