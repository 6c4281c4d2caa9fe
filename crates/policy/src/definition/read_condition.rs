//! Reading conditions.

use azimuth_arm::{Member, Node, NodeKind, is_expression};

use super::{Condition, Count, Leaf, Left, Operator, Over, Report, check_duplicates};
use crate::path::quoted;
use crate::suggest::did_you_mean;
use crate::template::Template;

/// Deepest nesting of conditions read ("nested conditionals" of the service is 512; the parser itself nests no deeper
/// than the JSON reader allows).
const MAX_DEPTH: usize = 160;

pub(super) fn condition(report: &mut Report<'_>, node: &Node, path: &str, depth: usize) -> Option<Condition> {
    if depth > MAX_DEPTH {
        let message = format!("conditions are nested deeper than {MAX_DEPTH} levels");
        report.error("policy-limit", node.span, path, message);
        return None;
    }
    if !node.is_object() {
        let found = node.type_name();
        report.error("policy-condition", node.span, path, format!("expected a condition, found {found}"));
        return None;
    }
    check_duplicates(report, node, path);
    for (name, is_list) in [("allOf", true), ("anyOf", true), ("not", false)] {
        let Some(member) = node.member(name) else { continue };
        for other in node.members().iter().filter(|other| other.key != member.key) {
            let message = format!("`{}` stands beside `{name}`", other.key);
            let hint = Some(format!("put it into a condition of its own inside `{name}`"));
            report.hinted("policy-condition", other.key_span, path, message, hint);
        }
        let at = format!("{path}.{}", member.key);
        if !is_list {
            return condition(report, &member.value, &at, depth + 1)
                .map(|inner| Condition::Not(Box::new(inner)));
        }
        let NodeKind::Array(items) = &member.value.kind else {
            let message = format!("`{name}` takes an array of conditions, not {}", member.value.type_name());
            report.error("policy-condition", member.value.span, &at, message);
            return None;
        };
        let parts: Vec<Option<Condition>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| condition(report, item, &format!("{at}[{index}]"), depth + 1))
            .collect();
        let parts: Vec<Condition> = parts.into_iter().collect::<Option<_>>()?;
        return Some(if name == "allOf" { Condition::AllOf(parts) } else { Condition::AnyOf(parts) });
    }
    leaf(report, node, path, depth)
}

fn leaf(report: &mut Report<'_>, node: &Node, path: &str, depth: usize) -> Option<Condition> {
    let mut left = None;
    let mut right = None;
    let mut is_sound = true;
    for member in node.members() {
        let at = format!("{path}.{}", member.key);
        let key = member.key.to_ascii_lowercase();
        let found = match key.as_str() {
            "field" => field(report, &member.value, &at).map(Left::Field),
            "value" => Some(Left::Value(report.template(&member.value, &at))),
            "source" => source(report, member, &at),
            "count" => count(report, &member.value, &at, depth).map(Left::Count),
            _ => {
                let Some(operator) = Operator::from_name(&key) else {
                    let known = Operator::names().chain(["field", "value", "count", "allOf", "anyOf", "not"]);
                    let hint = did_you_mean(&member.key, known).map(|near| format!("did you mean `{near}`?"));
                    let message = format!("a condition has no `{}`", member.key);
                    report.hinted("policy-condition", member.key_span, path, message, hint);
                    is_sound = false;
                    continue;
                };
                if right.is_some() {
                    let message = format!("`{}` is a second operator of one condition", member.key);
                    let hint = Some("put each into a condition of its own inside `allOf`".to_owned());
                    report.hinted("policy-condition", member.key_span, path, message, hint);
                    is_sound = false;
                }
                right = Some((operator, report.template(&member.value, &at)));
                check_operand(report, operator, &member.value, &at);
                continue;
            }
        };
        if left.is_some() {
            let message = format!("`{}` is a second left side of one condition", member.key);
            report.error("policy-condition", member.key_span, path, message);
            is_sound = false;
        }
        is_sound &= found.is_some();
        left = Some(found);
    }
    if left.is_none() {
        let hint = Some("add `field`, `value` or `count`, or one of `allOf`, `anyOf`, `not`".to_owned());
        report.hinted("policy-condition", node.span, path, "the condition compares nothing", hint);
    }
    if right.is_none() {
        let hint = Some("add an operator such as `equals` or `exists`".to_owned());
        report.hinted("policy-condition", node.span, path, "the condition has no operator", hint);
    }
    let (left, (operator, right)) = (left??, right?);
    is_sound.then(|| Condition::Leaf(Box::new(Leaf { left, operator, right, path: path.to_owned() })))
}

/// Operands that can be seen to be of the wrong shape.
fn check_operand(report: &mut Report<'_>, operator: Operator, node: &Node, path: &str) {
    if node.as_str().is_some_and(is_expression) {
        return;
    }
    match operator.positive().0 {
        Operator::In if !matches!(node.kind, NodeKind::Array(_)) => {
            let message = format!("`{operator}` takes an array, not {}", node.type_name());
            report.hinted(
                "policy-operand",
                node.span,
                path,
                message,
                Some("put the values into `[…]`".to_owned()),
            );
        }
        Operator::Like | Operator::Contains
            if node.as_str().is_some_and(|text| {
                let most = usize::from(operator.positive().0 == Operator::Like);
                text.matches('*').count() > most
            }) =>
        {
            report.warning(
                "policy-operand",
                node.span,
                path,
                format!("`{operator}` allows fewer `*` than this"),
            );
        }
        _ => {}
    }
}

fn field(report: &mut Report<'_>, node: &Node, path: &str) -> Option<Template> {
    let Some(text) = node.as_str() else {
        let message = format!("`field` takes the name of a field, not {}", node.type_name());
        report.error("policy-field", node.span, path, message);
        return None;
    };
    if !is_expression(text) && is_empty_tag(text) {
        let hint = Some("write the tag's name between the brackets, as in `tags['env']`".to_owned());
        report.hinted("policy-field", node.span, path, format!("empty tag name in `{text}`"), hint);
        return None;
    }
    Some(report.template(node, path))
}

/// Whether `text` speaks of a tag and leaves out its name.
fn is_empty_tag(text: &str) -> bool {
    let text = text.trim();
    let Some(inside) = text.get(..5).filter(|start| start.eq_ignore_ascii_case("tags[")).and(text.get(5..))
    else {
        return text.eq_ignore_ascii_case("tags.");
    };
    match quoted(inside) {
        Some((name, after)) => name.is_empty() && after.is_empty(),
        None => inside.strip_suffix(']').is_some_and(|name| name.trim().is_empty()),
    }
}

/// `"source": "action"`, the left side of the first years: the action of the request. What is evaluated is a write.
fn source(report: &mut Report<'_>, member: &Member, path: &str) -> Option<Left> {
    if !member.value.as_str().is_some_and(|word| word.eq_ignore_ascii_case("action")) {
        report.error("policy-condition", member.value.span, path, "`source` knows one word, `action`");
        return None;
    }
    report.warning(
        "policy-condition",
        member.key_span,
        path,
        "`source` is out of use; ask for the field `type` instead",
    );
    let expression = azimuth_arm::parse_expression("[concat(field('type'), '/write')]").ok()?;
    Some(Left::Value(Template::Expression(std::sync::Arc::new(expression))))
}

fn count(report: &mut Report<'_>, node: &Node, path: &str, depth: usize) -> Option<Count> {
    if !node.is_object() {
        let message = format!("`count` takes an object, not {}", node.type_name());
        report.error("policy-count", node.span, path, message);
        return None;
    }
    check_duplicates(report, node, path);
    let mut over = None;
    let mut name = None;
    let mut condition_part = None;
    let mut is_sound = true;
    for member in node.members() {
        let at = format!("{path}.{}", member.key);
        match member.key.to_ascii_lowercase().as_str() {
            "field" | "value" if over.is_some() => {
                report.error("policy-count", member.key_span, path, "a count has either `field` or `value`");
                is_sound = false;
            }
            "field" => {
                let field = field(report, &member.value, &at);
                is_sound &= field.is_some();
                over = field.map(Over::Field);
            }
            "value" => {
                if !matches!(member.value.kind, NodeKind::Array(_) | NodeKind::String(_)) {
                    let message = format!("a count goes over an array, not {}", member.value.type_name());
                    report.error("policy-count", member.value.span, &at, message);
                    is_sound = false;
                }
                over = Some(Over::Value { value: report.template(&member.value, &at), name: None });
            }
            "name" => match member.value.as_str() {
                Some(text) => name = Some((text.to_owned(), member.key_span)),
                None => {
                    report.error("policy-count", member.value.span, &at, "the name of a count is a string");
                    is_sound = false;
                }
            },
            "where" => {
                condition_part = condition(report, &member.value, &at, depth + 1);
                is_sound &= condition_part.is_some();
            }
            _ => {
                let known = ["field", "value", "name", "where"];
                let hint = did_you_mean(&member.key, known.into_iter())
                    .map(|near| format!("did you mean `{near}`?"));
                let message = format!("a count has no `{}`", member.key);
                report.hinted("policy-count", member.key_span, path, message, hint);
                is_sound = false;
            }
        }
    }
    match (&mut over, name) {
        (Some(Over::Value { name, .. }), given) => *name = given.map(|(name, _)| name),
        (Some(Over::Field(_)), Some((_, span))) => {
            let hint = Some("use `current('the[*].alias')` for the member of a field count".to_owned());
            report.hinted("policy-count", span, path, "`name` belongs to counts over a `value`", hint);
            is_sound = false;
        }
        (Some(Over::Field(_)), None) => {}
        (None, _) => {
            if is_sound {
                report.error("policy-count", node.span, path, "the count has neither `field` nor `value`");
            }
            return None;
        }
    }
    is_sound.then_some(Count { over: over?, condition: condition_part })
}
