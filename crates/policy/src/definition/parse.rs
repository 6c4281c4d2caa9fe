//! Reading definitions: everything wrong is reported, with its JSON path and what to do.

use azimuth_arm::{Node, NodeKind, Source, Value};
use azimuth_diag::Diagnostic;

use super::read_condition::condition;
use super::{Condition, Definition, Details, Effect, Mode, PolicyType, Report, Rule, read_parameters};
use crate::suggest::did_you_mean;
use crate::template::Template;

/// Members of a definition's `properties`.
const MEMBERS: &[&str] = &[
    "displayName",
    "description",
    "policyType",
    "mode",
    "metadata",
    "version",
    "versions",
    "parameters",
    "policyRule",
];

/// What was read, and what was found wrong on the way.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The object, if nothing stands against using it.
    pub value: Option<T>,
    /// Findings in the order of the document.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Parsed<T> {
    /// The object, or the errors.
    ///
    /// # Errors
    /// The diagnostics of severity error.
    pub fn into_result(self) -> Result<T, Vec<Diagnostic>> {
        self.value.ok_or(self.diagnostics)
    }
}

/// Reads a definition as Azure exports it: the resource with `properties`, or the properties alone.
pub fn parse_definition(source: &Source, node: &Node, path: &str) -> Parsed<Definition> {
    let mut report = Report::new(source);
    let definition = definition(&mut report, node, path);
    report.finish(definition)
}

/// Reads a rule: `{if, then}`.
pub fn parse_rule(source: &Source, node: &Node, path: &str) -> Parsed<Rule> {
    let mut report = Report::new(source);
    let rule = rule(&mut report, node, path);
    report.finish(rule)
}

/// Reads a condition on its own.
pub fn parse_condition(source: &Source, node: &Node, path: &str) -> Parsed<Condition> {
    let mut report = Report::new(source);
    let condition = condition(&mut report, node, path, 0);
    report.finish(condition)
}

fn definition(report: &mut Report<'_>, node: &Node, path: &str) -> Option<Definition> {
    if !node.is_object() {
        let found = node.type_name();
        report.error("policy-definition", node.span, path, format!("expected a definition, found {found}"));
        return None;
    }
    check_duplicates(report, node, path);
    let (properties, base) = match node.member("properties") {
        Some(member) => {
            for outer in node.members() {
                let is_twice = member.value.member(&outer.key).is_some();
                if is_twice && MEMBERS.iter().any(|name| name.eq_ignore_ascii_case(&outer.key)) {
                    let message = format!("`{}` stands in `properties` and beside it", outer.key);
                    let hint = Some("drop the one beside `properties`".to_owned());
                    report.hinted("policy-definition", outer.key_span, path, message, hint);
                }
            }
            let base = format!("{path}.properties");
            check_duplicates(report, &member.value, &base);
            (&member.value, base)
        }
        None => (node, path.to_owned()),
    };
    if !properties.is_object() {
        let found = properties.type_name();
        report.error(
            "policy-definition",
            properties.span,
            &base,
            format!("expected an object, found {found}"),
        );
        return None;
    }
    let id = text_member(node, "id");
    let name = text_member(node, "name").or_else(|| text_member(properties, "name"));
    let parameters = read_parameters(report, properties.get("parameters"), &format!("{base}.parameters"));
    let mode = mode(report, properties, &base);
    let Some(rule_node) = properties.get("policyRule") else {
        let hint = Some("add `policyRule` with `if` and `then`".to_owned());
        report.hinted("policy-definition", properties.span, &base, "the definition has no rule", hint);
        return None;
    };
    let rule = rule(report, rule_node, &format!("{base}.policyRule"))?;
    Some(Definition {
        id,
        name,
        display_name: text_member(properties, "displayName"),
        description: text_member(properties, "description"),
        policy_type: match properties.get("policyType").and_then(Node::as_str) {
            Some(word) if word.eq_ignore_ascii_case("builtin") => PolicyType::BuiltIn,
            Some(word) if word.eq_ignore_ascii_case("static") => PolicyType::Static,
            _ => PolicyType::Custom,
        },
        mode,
        metadata: properties.get("metadata").map_or(Value::NULL, Value::from_node),
        version: text_member(properties, "version"),
        versions: properties
            .get("versions")
            .map(|list| list.items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        parameters,
        rule,
    })
}

/// Members that are written twice, in whatever letter case: the service refuses such a definition.
pub(crate) fn check_duplicates(report: &mut Report<'_>, node: &Node, path: &str) {
    let members = node.members();
    for (index, member) in members.iter().enumerate().take(512) {
        if members[..index].iter().any(|other| other.key.eq_ignore_ascii_case(&member.key)) {
            let message = format!("`{}` is written twice", member.key);
            report.error("policy-duplicate", member.key_span, path, message);
        }
    }
    // The reader keeps only the last of two members of the very same name, so their number tells.
    let text = report.text().get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
    if let Some(name) = repeated_member(text) {
        report.error("policy-duplicate", node.span, path, format!("`{name}` is written twice"));
    }
}

/// The first name that the object at the start of `text` has twice on its own level, spelt the same.
fn repeated_member(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut names: Vec<&str> = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    let mut expects_name = false;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => {
                depth += 1;
                expects_name = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => expects_name = true,
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 1 && expects_name {
                    expects_name = false;
                    let name = text.get(start..at.min(text.len()))?;
                    if names.contains(&name) {
                        return Some(name);
                    }
                    if names.len() < 512 {
                        names.push(name);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn mode(report: &mut Report<'_>, properties: &Node, base: &str) -> Mode {
    let Some(node) = properties.get("mode") else { return Mode::Indexed };
    let path = format!("{base}.mode");
    match node.as_str() {
        Some(name) => Mode::from_name(name).unwrap_or_else(|| {
            let hint = did_you_mean(name, ["All", "Indexed"].into_iter()).map_or(
                "write `All`, `Indexed`, or a mode like `Microsoft.KeyVault.Data`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            report.hinted("policy-mode", node.span, &path, format!("`{name}` is no mode"), Some(hint));
            Mode::All
        }),
        None if node.is_null() => Mode::Indexed,
        None => {
            let found = node.type_name();
            report.error(
                "policy-mode",
                node.span,
                &path,
                format!("expected the name of a mode, found {found}"),
            );
            Mode::All
        }
    }
}

fn text_member(node: &Node, name: &str) -> Option<String> {
    node.get(name).and_then(Node::as_str).map(str::to_owned)
}

fn rule(report: &mut Report<'_>, node: &Node, path: &str) -> Option<Rule> {
    if !node.is_object() {
        let found = node.type_name();
        report.error(
            "policy-rule",
            node.span,
            path,
            format!("expected a rule with `if` and `then`, found {found}"),
        );
        return None;
    }
    check_duplicates(report, node, path);
    for member in node.members() {
        if !["if", "then"].iter().any(|name| name.eq_ignore_ascii_case(&member.key)) {
            let message = format!("a rule has no `{}`", member.key);
            let hint = Some("it has `if` and `then`".to_owned());
            report.hinted("policy-rule", member.key_span, path, message, hint);
        }
    }
    let condition = match node.get("if") {
        Some(inner) => condition(report, inner, &format!("{path}.if"), 0),
        None => {
            report.error("policy-rule", node.span, path, "the rule has no `if`");
            None
        }
    };
    let Some(then) = node.get("then") else {
        report.error("policy-rule", node.span, path, "the rule has no `then`");
        return None;
    };
    let then_path = format!("{path}.then");
    let Some(effect_node) = then.get("effect") else {
        let hint = Some("add `effect`, such as `audit`".to_owned());
        report.hinted("policy-rule", then.span, &then_path, "`then` names no effect", hint);
        return None;
    };
    let effect_path = format!("{then_path}.effect");
    let effect = report.template(effect_node, &effect_path);
    match &effect {
        Template::Known(value) => match value.as_str() {
            Some(name) if Effect::from_name(name).is_none() => {
                let hint = did_you_mean(name, Effect::names()).map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no effect `{name}`");
                report.hinted("policy-effect", effect_node.span, &effect_path, message, hint);
            }
            Some(_) => {}
            None => {
                let message = format!("expected the name of an effect, found {}", effect_node.type_name());
                report.error("policy-effect", effect_node.span, &effect_path, message);
            }
        },
        Template::Expression(_) | Template::Array(_) | Template::Object(_) => {}
    }
    let details = details(report, then.get("details"), &format!("{then_path}.details"));
    Some(Rule { condition: condition?, effect, details })
}

fn details(report: &mut Report<'_>, node: Option<&Node>, path: &str) -> Details {
    let Some(node) = node else { return Details::default() };
    let written = Some(Value::from_node(node));
    let existence = node
        .member("existenceCondition")
        .and_then(|member| condition(report, &member.value, &format!("{path}.existenceCondition"), 0));
    let template = match &node.kind {
        NodeKind::Object(members) => {
            let mut parts = Vec::with_capacity(members.len());
            for member in members {
                if member.key.eq_ignore_ascii_case("existenceCondition") {
                    continue;
                }
                let at = format!("{path}.{}", member.key);
                let part = if member.key.eq_ignore_ascii_case("deployment") {
                    deployment(report, &member.value, &at)
                } else {
                    report.template(&member.value, &at)
                };
                parts.push((member.key.clone(), part));
            }
            Template::Object(parts)
        }
        NodeKind::Array(items) => {
            let items = items.iter().enumerate();
            Template::Array(
                items.map(|(index, item)| object_of(report, item, &format!("{path}[{index}]"))).collect(),
            )
        }
        _ => report.template(node, path),
    };
    Details { written, template: Some(template), existence }
}

/// An object kept as a list of members even if all are known, so that its members can be found.
fn object_of(report: &mut Report<'_>, node: &Node, path: &str) -> Template {
    match &node.kind {
        NodeKind::Object(members) => Template::Object(
            members
                .iter()
                .map(|member| {
                    (member.key.clone(), report.template(&member.value, &format!("{path}.{}", member.key)))
                })
                .collect(),
        ),
        _ => report.template(node, path),
    }
}

/// A deployment: its parameters are policy expressions, its template belongs to Resource Manager and stays as it is.
fn deployment(report: &mut Report<'_>, node: &Node, path: &str) -> Template {
    let NodeKind::Object(members) = &node.kind else { return report.template(node, path) };
    Template::Object(
        members
            .iter()
            .map(|member| {
                let at = format!("{path}.{}", member.key);
                let part = if member.key.eq_ignore_ascii_case("properties") {
                    deployment(report, &member.value, &at)
                } else if member.key.eq_ignore_ascii_case("template") {
                    Template::Known(Value::from_node(&member.value))
                } else {
                    report.template(&member.value, &at)
                };
                (member.key.clone(), part)
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let source = Source::parse("test.json", text).unwrap();
        let parsed = parse_rule(&source, source.root(), "$");
        let shown: Vec<String> = parsed
            .diagnostics
            .iter()
            .map(|found| format!("{} {}", found.place.path.as_deref().unwrap_or(""), found.message))
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn reports_everything_with_its_path() {
        check(r#"{"IF":{"FIELD":"type","EQUALS":"x"},"then":{"effect":"Deny"}}"#, &[]);
        check(
            r#"{"if":{"allOf":[{"field":"type"},{"value":"[oops(","equals":1}]},"then":{"effect":"dney"}}"#,
            &["$.if.allOf[0] the condition has no operator", "$.then.effect there is no effect `dney`"],
        );
        check(
            r#"{"if":{"count":{},"equals":0},"then":{}}"#,
            &["$.if.count the count has neither `field` nor `value`", "$.then `then` names no effect"],
        );
        check(
            r#"{"if":{"field":"tags[ ]","exists":true},"then":{"effect":"audit"}}"#,
            &["$.if.field empty tag name in `tags[ ]`"],
        );
    }

    #[test]
    fn repeated_names_are_seen() {
        assert_eq!(repeated_member(r#"{"a":{"b":1,"b":2},"a":1}"#), Some("a"));
        assert_eq!(repeated_member(r#"{"a":"a","b":["a","a"]}"#), None);
        assert_eq!(repeated_member(r#"{"a\"":1,"a"#), None);
    }
}
