//! Reading definitions: everything wrong is reported, with its JSON path and what to do.

use azimuth_arm::{Node, NodeKind, Source, Span, Value, is_expression};
use azimuth_diag::{Diagnostic, Severity};

use super::{
    Condition, Count, Definition, Details, Effect, Leaf, Left, Mode, Operator, Over, PolicyType, Rule,
    read_parameters,
};
use crate::path::quoted;
use crate::suggest::did_you_mean;
use crate::template::{BadExpression, Template};

/// Deepest nesting of conditions read ("nested conditionals" of the service is 512; the parser itself nests no deeper
/// than the JSON reader allows).
const MAX_DEPTH: usize = 160;

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

/// Collects findings about one document.
pub(crate) struct Report<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, diagnostics: Vec::new() }
    }

    fn add(&mut self, diagnostic: Diagnostic, span: Span, path: &str) -> &mut Diagnostic {
        let mut place = self.source.place(span);
        place.path = Some(path.to_owned());
        self.diagnostics.push(diagnostic.at(place));
        self.diagnostics.last_mut().expect("one was pushed")
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, path: &str, message: impl Into<String>) {
        self.add(Diagnostic::error(code, message), span, path);
    }

    pub(crate) fn hinted(
        &mut self,
        code: &'static str,
        span: Span,
        path: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.add(Diagnostic::error(code, message), span, path).hint = hint;
    }

    pub(crate) fn warning(&mut self, code: &'static str, span: Span, path: &str, message: impl Into<String>) {
        self.add(Diagnostic::warning(code, message), span, path);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> Parsed<T> {
        let value = if self.has_errors() { None } else { value };
        Parsed { value, diagnostics: self.diagnostics }
    }

    fn expressions(&mut self, span: Span, faults: Vec<BadExpression>) {
        for fault in faults {
            let hint = fault.error.hint.clone();
            self.hinted("policy-expression", span, &fault.path, fault.error.message, hint);
        }
    }

    pub(crate) fn template(&mut self, node: &Node, path: &str) -> Template {
        let mut faults = Vec::new();
        let template = Template::parse(node, path, &mut faults);
        self.expressions(node.span, faults);
        template
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
    let text = report.source.text().get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
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

fn condition(report: &mut Report<'_>, node: &Node, path: &str, depth: usize) -> Option<Condition> {
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
fn source(report: &mut Report<'_>, member: &azimuth_arm::Member, path: &str) -> Option<Left> {
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
