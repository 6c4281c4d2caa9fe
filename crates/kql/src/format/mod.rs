//! The formatter: one operator a line, brackets broken where they are too long, comments where they were.
//!
//! ```text
//! text ─▶ tree (tokens with their comments, brackets nested) ─▶ layout, which asks spacing ─▶ text
//! ```
//!
//! Invariant: the tokens of the result, white space and comments aside, are those of the text, in their order. What
//! the grammar tells apart by white space (`project-away`, `!has`, `T*`, patterns of graphs) is kept together or
//! apart as it was. Formatting what is formatted changes nothing.

mod layout;
mod spacing;
mod tree;

use azimuth_diag::{Diagnostic, Severity};

use crate::ast::StatementKind;
use crate::syntax::lex;

/// How a text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatOptions {
    /// Lines longer than this, in characters, are broken where they can be.
    pub width: usize,
    /// Blanks for each level.
    pub indent: usize,
}

impl Default for FormatOptions {
    /// 100 characters, 4 blanks.
    fn default() -> Self {
        Self { width: 100, indent: 4 }
    }
}

/// The text laid out anew, without a line end at its end. Management commands stay as they are.
///
/// # Errors
/// The diagnostics of a text with syntax errors, which should be left as it is.
pub fn format(text: &str, options: &FormatOptions) -> Result<String, Vec<Diagnostic>> {
    let parsed = crate::parse(text);
    if parsed.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Err(parsed.diagnostics);
    }
    let is_command = |kind: &StatementKind| matches!(kind, StatementKind::Command(_));
    if parsed.query.statements.iter().any(|statement| is_command(&statement.kind)) {
        return Ok(text.to_owned());
    }
    let tree = tree::build(text, &parsed.tokens);
    let facts = spacing::facts(&parsed.query, &tree.pieces);
    let out = layout::print(&tree, &facts, options);
    let is_same = has_same_tokens(text, &out);
    debug_assert!(is_same, "formatting changed the tokens of\n{text}\nto\n{out}");
    Ok(if is_same { out } else { text.to_owned() })
}

fn has_same_tokens(left: &str, right: &str) -> bool {
    let (first, second) = (lex(left), lex(right));
    let texts = |text, tokens: &[crate::syntax::Token]| -> Vec<(crate::syntax::TokenKind, String)> {
        let grammar = tokens.iter().filter(|token| !token.kind.is_trivia());
        grammar.map(|token| (token.kind, token.span.text(text).to_owned())).collect()
    };
    texts(left, &first) == texts(right, &second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let options = FormatOptions { width: 60, ..FormatOptions::default() };
        let once = format(text, &options).unwrap();
        assert_eq!(once, expected);
        assert_eq!(format(&once, &options).unwrap(), once);
    }

    #[test]
    fn every_operator_has_its_line() {
        check(
            "T|where a==1 and  b !has'x'|summarize count( ) by bin( t,1h )|take 5",
            "T\n| where a == 1 and b !has 'x'\n| summarize count() by bin(t, 1h)\n| take 5",
        );
    }

    #[test]
    fn subqueries_and_bodies_are_indented() {
        check(
            "let f=(a:long,b:string=\"x\"){T|where c==a};T|join kind = inner (U|where x>-1) on $left.a==$right.b",
            "let f = (a:long, b:string = \"x\") {\n    T\n    | where c == a\n};\nT\n| join kind=inner (\n    U\n    | \
             where x > -1\n) on $left.a == $right.b",
        );
        check("let x = T | take 1;\n\n\nx", "let x = T\n    | take 1;\n\nx");
    }

    #[test]
    fn long_lists_are_broken() {
        check(
            "T | project aaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccc",
            "T\n| project\n    aaaaaaaaaaaaaaaaaaaaaaa,\n    bbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n    cccccccccccc",
        );
        check(
            "T | summarize aaaaaaaaaaaaaaa = count(), bbbbbbbbbbbbbbbbbbb = dcount(x) by c, d",
            "T\n| summarize\n    aaaaaaaaaaaaaaa = count(),\n    bbbbbbbbbbbbbbbbbbb = dcount(x)\n    by c, d",
        );
        check(
            "T | where aaaaaaaaaaaaaaaaaaaa == 1 and (bbbbbbbbbbbbbbbbb == 2 or ccccccccccccccc == 3)",
            "T\n| where aaaaaaaaaaaaaaaaaaaa == 1\n    and (bbbbbbbbbbbbbbbbb == 2 or ccccccccccccccc == 3)",
        );
        check(
            "T | where a in (1111111111, 2222222222, 3333333333, 4444444444, 5555555555)",
            "T\n| where a in (\n    1111111111, 2222222222, 3333333333, 4444444444,\n    5555555555\n)",
        );
        check(
            "datatable(a:long,b:string)[1,'aaaaaaaaaaaaaaaaaaaaaaa',2,'bbbbbbbbbbbbbbbbbbbbbbbbbbb']",
            "datatable(a:long, b:string) [\n    1, 'aaaaaaaaaaaaaaaaaaaaaaa',\n    2, \
             'bbbbbbbbbbbbbbbbbbbbbbbbbbb'\n]",
        );
    }

    #[test]
    fn comments_stay_where_they_are() {
        check(
            "// first\nT // source\n// about the filter\n| where a == 1 // why\n  and b == 2\n// last",
            "// first\nT // source\n// about the filter\n| where a == 1 // why\n    and b == 2\n// last",
        );
        check("T | where a in (1, // one\n2)", "T\n| where a in (\n    1, // one\n    2\n)");
        check("  #connect x\nT", "#connect x\nT");
    }

    #[test]
    fn what_white_space_tells_apart_is_kept() {
        check("T | project-away a*, *_id", "T\n| project-away a*, *_id");
        check(
            "T | extend a=b-c, d=a - -1, e=x.y[0].z['k']",
            "T\n| extend a = b - c, d = a - -1, e = x.y[0].z['k']",
        );
        check("T | project-reorder a granny-asc, * desc", "T\n| project-reorder a granny-asc, * desc");
        check(
            "T | where a !in~ ('x') and t between(1d..2d)",
            "T\n| where a !in~ ('x') and t between (1d .. 2d)",
        );
        check("print datetime (1), dynamic({\"a\":[1,-2]})", "print datetime (1), dynamic({\"a\": [1, -2]})");
        check(
            "E | graph-match (a)-[e*1..3]->(b) project a.x",
            "E\n| graph-match (a)-[e*1..3]->(b) project a.x",
        );
        check("E | make-graph s-->t with N on id", "E\n| make-graph s-->t with N on id");
    }

    #[test]
    fn texts_with_errors_are_left() {
        assert!(format("T | where (", &FormatOptions::default()).is_err());
        assert_eq!(format(".show  tables", &FormatOptions::default()).unwrap(), ".show  tables");
        assert_eq!(format("", &FormatOptions::default()).unwrap(), "");
    }
}
