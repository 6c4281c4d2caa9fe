//! Older names.

use super::{Fix, Lint};
use crate::ast::{Call, Operator};

/// Functions: the older name and the name of today. `replace` is none of them: `replace_regex` takes the text first.
const FUNCTIONS: &[(&str, &str)] = &[
    ("any", "take_any"),
    ("anyif", "take_anyif"),
    ("argmax", "arg_max"),
    ("argmin", "arg_min"),
    ("arraylength", "array_length"),
    ("base64_decodestring", "base64_decode_tostring"),
    ("base64_encodestring", "base64_encode_tostring"),
    ("columnifexists", "column_ifexists"),
    ("extractall", "extract_all"),
    ("extractjson", "extract_json"),
    ("make_dictionary", "make_bag"),
    ("makelist", "make_list"),
    ("makeset", "make_set"),
    ("notempty", "isnotempty"),
    ("notnull", "isnotnull"),
    ("pack", "bag_pack"),
    ("pack_dictionary", "bag_pack"),
    ("parsejson", "parse_json"),
];

/// Names under which unnamed results are called otherwise (`max_x_y`, `any_x`, `dictionary_x`).
const RENAMING: &[&str] = &["any", "anyif", "argmax", "argmin", "make_dictionary"];

const OPERATORS: &[(&str, &str)] = &[("mvapply", "mv-apply"), ("mvexpand", "mv-expand"), ("filter", "where")];

/// One call.
pub(super) fn check(lint: &mut Lint<'_>, call: &Call) {
    let name = call.name.text.as_str();
    let Some((_, better)) = FUNCTIONS.iter().find(|(old, _)| *old == name) else { return };
    // A function of the query or of the workspace may have the older name.
    let is_own = lint.catalog.function(name).is_some()
        || lint.query.statements.iter().any(|statement| {
            matches!(&statement.kind, crate::ast::StatementKind::Let { name: own, .. } if own.text == name)
        });
    let is_word = lint.text_of(call.name.span) == name;
    if is_own || !is_word {
        return;
    }
    let fix = if RENAMING.contains(&name) {
        Fix::other(call.name.span, *better)
    } else {
        Fix::same(call.name.span, *better)
    };
    let message = format!("`{name}` is an older name of `{better}`");
    lint.report("kql-lint-deprecated", call.name.span, message, &format!("write `{better}`"), fix);
}

/// The name of one operator.
pub(super) fn check_operator(lint: &mut Lint<'_>, operator: &Operator) {
    let name = lint.text_of(operator.keyword);
    let Some((_, better)) = OPERATORS.iter().find(|(old, _)| *old == name) else { return };
    let message = format!("`{name}` is an older name of `{better}`");
    let fix = Fix::same(operator.keyword, *better);
    lint.report("kql-lint-deprecated", operator.keyword, message, &format!("write `{better}`"), fix);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, fixed};
    use super::{FUNCTIONS, OPERATORS};
    use crate::functions::Use;
    use crate::hover::texts;

    #[test]
    fn names_of_today_are_known() {
        for (_, better) in FUNCTIONS {
            let is_there =
                texts::find_function(better, Use::Scalar).is_some() || *better == "column_ifexists";
            assert!(is_there, "`{better}`");
        }
        assert!(OPERATORS.iter().all(|(_, better)| texts::operator(better).is_some()));
    }

    #[test]
    fn older_names_are_replaced() {
        assert_eq!(fixed("Hosts | mvexpand Details"), "Hosts | mv-expand Details");
        assert_eq!(fixed("print x = pack('a', 1)"), "print x = bag_pack('a', 1)");
        assert!(codes("print x = replace('a', 'b', 'text')").is_empty());
        assert!(codes("let notempty = (x:string) { isnotempty(x) }; print notempty('a')").is_empty());
    }
}
