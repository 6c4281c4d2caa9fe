//! From YAML to a [`Suite`], with everything that is wrong about it.

use azimuth_arm::{Member, Node, NodeKind, Object, Value};
use azimuth_diag::{Diagnostic, Severity};

use super::model::Subject;
use super::yaml::Document;
use super::{
    Case, Expected, ExpectedOperation, ExpectedReason, ResourceInput, Suite, Surroundings, TemplateInput,
};
use crate::definition::{Effect, Operator, Parsed};
use crate::governance::ComplianceState;
use crate::suggest::did_you_mean;

const SUITE: &[&str] = &["name", "definition", "initiative", "parameters", "message", "context", "cases"];
const CASE: &[&str] = &["name", "resource", "template", "related", "parameters", "context", "expect"];
const CONTEXT: &[&str] = &["now", "apiVersion", "request", "resourceGroup", "subscription"];
const TEMPLATE: &[&str] = &["file", "parameters", "parameterFile", "scope", "type", "name"];
const EXPECT: &[&str] =
    &["effect", "compliance", "denied", "message", "reason", "operations", "after", "error", "references"];
const REASON: &[&str] = &["path", "seen", "wanted", "operator", "result", "text"];
const OPERATION: &[&str] = &["operation", "field", "value"];

/// Reads a suite. `file` is its name for the user.
pub fn parse_suite(file: &str, text: &str) -> Parsed<Suite> {
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(diagnostic) => return Parsed { value: None, diagnostics: vec![*diagnostic] },
    };
    let mut reader = Reader { document: &document, diagnostics: Vec::new() };
    let suite = reader.suite(file);
    let diagnostics = reader.diagnostics;
    let is_sound = !diagnostics.iter().any(|found| found.severity == Severity::Error);
    Parsed { value: suite.filter(|_| is_sound), diagnostics }
}

struct Reader<'a> {
    document: &'a Document,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn error(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        self.error_at(node.span, message)
    }

    fn error_at(&mut self, span: azimuth_arm::Span, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error("suite-format", message).at(self.document.place(span));
        self.diagnostics.push(diagnostic);
        self.diagnostics.last_mut().expect("one was pushed")
    }

    /// The members of a mapping, unknown ones reported.
    fn members(&mut self, node: &'a Node, what: &str, known: &[&str]) -> &'a [Member] {
        if !node.is_object() {
            self.error(node, format!("{what} is a mapping, not {}", kind_name(node)));
            return &[];
        }
        for member in node.members() {
            if !known.contains(&&*member.key) {
                let hint = match did_you_mean(&member.key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", known.join(", ")),
                };
                let message = format!("{what} has no `{}`", member.key);
                self.error_at(member.key_span, message).hint = Some(hint);
            }
        }
        node.members()
    }

    fn text(&mut self, node: Option<&'a Node>, what: &str) -> Option<String> {
        let node = node?;
        match &node.kind {
            NodeKind::String(text) => Some(text.to_string()),
            // `name: 443` is meant as text.
            NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) => {
                Some(Value::from_node(node).to_string())
            }
            _ => {
                self.error(node, format!("`{what}` is a text, not {}", kind_name(node)));
                None
            }
        }
    }

    fn object(&mut self, node: Option<&'a Node>, what: &str) -> Object {
        let Some(node) = node.filter(|node| !node.is_null()) else { return Object::new() };
        match Value::from_node(node).as_object() {
            Some(object) => object.clone(),
            None => {
                self.error(
                    node,
                    format!("`{what}` is a mapping of names to values, not {}", kind_name(node)),
                );
                Object::new()
            }
        }
    }

    fn suite(&mut self, file: &str) -> Option<Suite> {
        let root = self.document.root();
        if root.is_null() {
            self.error(root, "the file is empty").hint = Some(
                "write `definition` and `cases`, or start with `azimuth policy test --init DEFINITION`"
                    .to_owned(),
            );
            return None;
        }
        self.members(root, "a suite", SUITE);
        let (definition, initiative) = (root.member("definition"), root.member("initiative"));
        let subject = match (definition, initiative) {
            (Some(member), None) | (None, Some(member)) => {
                let name = self.text(Some(&member.value), &member.key)?;
                Some(Subject {
                    name,
                    is_initiative: definition.is_none(),
                    place: self.document.place(member.value.span),
                })
            }
            (Some(_), Some(second)) => {
                self.error_at(second.key_span, "a suite has either `definition` or `initiative`");
                None
            }
            (None, None) => {
                self.error(root, "the suite names nothing to test").hint =
                    Some("add `definition:` with a file, or the id of a definition".to_owned());
                None
            }
        };
        let cases = match root.get("cases") {
            Some(Node { kind: NodeKind::Array(items), .. }) if !items.is_empty() => {
                let mut cases: Vec<Case> = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    if let Some(case) = self.case(item, index) {
                        if cases.iter().any(|known| known.name == case.name) {
                            self.error(item, format!("two cases are called `{}`", case.name));
                        }
                        cases.push(case);
                    }
                }
                cases
            }
            Some(node) => {
                self.error(node, "`cases` is a list with at least one case");
                Vec::new()
            }
            None => {
                self.error(root, "the suite has no `cases`");
                Vec::new()
            }
        };
        Some(Suite {
            file: file.to_owned(),
            name: self.text(root.get("name"), "name"),
            subject: subject?,
            parameters: self.object(root.get("parameters"), "parameters"),
            message: self.text(root.get("message"), "message"),
            surroundings: self.surroundings(root.get("context")),
            cases,
        })
    }

    fn surroundings(&mut self, node: Option<&'a Node>) -> Surroundings {
        let Some(node) = node else { return Surroundings::default() };
        self.members(node, "`context`", CONTEXT);
        let now = node.get("now").and_then(|node| {
            let text = self.text(Some(node), "now")?;
            let day = format!("{text}T00:00:00Z");
            let moment = text.parse().or_else(|_| day.parse()).ok();
            if moment.is_none() {
                self.error(node, format!("`{text}` is no moment")).hint =
                    Some("write it as `2026-01-31` or `2026-01-31T12:00:00Z`".to_owned());
            }
            moment
        });
        let mut object = |name: &str| {
            let node = node.get(name)?;
            if !node.is_object() {
                self.error(node, format!("`{name}` is a mapping, not {}", kind_name(node)));
                return None;
            }
            Some(Value::from_node(node))
        };
        let (request, resource_group, subscription) =
            (object("request"), object("resourceGroup"), object("subscription"));
        let api_version = self.text(node.get("apiVersion"), "apiVersion");
        Surroundings { now, api_version, request, resource_group, subscription }
    }

    fn case(&mut self, node: &'a Node, index: usize) -> Option<Case> {
        self.members(node, "a case", CASE);
        if !node.is_object() {
            return None;
        }
        let name = self.text(node.get("name"), "name").unwrap_or_else(|| format!("case {}", index + 1));
        let resource = match (node.get("resource"), node.member("template")) {
            (Some(resource), None) => self.resource(resource),
            (None, Some(template)) => self.template(&template.value),
            (Some(_), Some(second)) => {
                self.error_at(second.key_span, "a case has either `resource` or `template`");
                None
            }
            (None, None) => {
                self.error(node, format!("the case `{name}` has no `resource`")).hint =
                    Some("write the resource, name its file, or give a `template`".to_owned());
                None
            }
        };
        let related = match node.get("related") {
            Some(Node { kind: NodeKind::Array(items), .. }) => {
                Some(items.iter().filter_map(|item| self.resource(item)).collect())
            }
            Some(node) => {
                self.error(node, "`related` is a list of resources; `[]` if there are none");
                None
            }
            None => None,
        };
        let expected = match node.get("expect") {
            Some(node) => self.expected(node, true),
            None => {
                self.error(node, format!("the case `{name}` expects nothing")).hint =
                    Some("add `expect: deny`, `expect: none`, `expect: notApplicable` …".to_owned());
                Expected::default()
            }
        };
        Some(Case {
            name,
            place: self.document.place(node.span),
            parameters: self.object(node.get("parameters"), "parameters"),
            surroundings: self.surroundings(node.get("context")),
            resource: resource?,
            related,
            expected,
        })
    }

    fn resource(&mut self, node: &'a Node) -> Option<ResourceInput> {
        match &node.kind {
            NodeKind::String(file) => {
                Some(ResourceInput::File(file.to_string(), self.document.place(node.span)))
            }
            NodeKind::Object(_) => Some(ResourceInput::Inline(Value::from_node(node))),
            _ => {
                self.error(node, format!("a resource is a mapping or a file, not {}", kind_name(node)));
                None
            }
        }
    }

    fn template(&mut self, node: &'a Node) -> Option<ResourceInput> {
        let place = self.document.place(node.span);
        if let Some(file) = node.as_str() {
            return Some(ResourceInput::Template(TemplateInput {
                file: file.to_owned(),
                parameters: Object::new(),
                parameter_file: None,
                scope: None,
                resource_type: None,
                name: None,
                place,
            }));
        }
        self.members(node, "`template`", TEMPLATE);
        let Some(file) = self.text(node.get("file"), "file") else {
            self.error(node, "the template names no `file`");
            return None;
        };
        Some(ResourceInput::Template(TemplateInput {
            file,
            parameters: self.object(node.get("parameters"), "parameters"),
            parameter_file: self.text(node.get("parameterFile"), "parameterFile"),
            scope: self.text(node.get("scope"), "scope"),
            resource_type: self.text(node.get("type"), "type"),
            name: self.text(node.get("name"), "name"),
            place,
        }))
    }

    fn expected(&mut self, node: &'a Node, may_nest: bool) -> Expected {
        let mut expected = Expected { span: node.span, ..Expected::default() };
        match &node.kind {
            NodeKind::String(word) => self.word(node, word, &mut expected),
            NodeKind::Null => expected.effect = Some(None),
            _ => {
                self.members(node, "`expect`", EXPECT);
            }
        }
        if let Some(node) = node.get("effect") {
            match node.as_str() {
                Some(word) if word.eq_ignore_ascii_case("none") => expected.effect = Some(None),
                Some(word) => match Effect::from_name(word) {
                    Some(effect) => expected.effect = Some(Some(effect)),
                    None => self.no_such(node, "effect", word, &mut Effect::names().chain(["none"])),
                },
                None if node.is_null() => expected.effect = Some(None),
                None => {
                    self.error(node, "`effect` is the name of an effect, or `none`");
                }
            }
        }
        if let Some(node) = node.get("compliance") {
            match node.as_str() {
                Some(word) => match compliance(word) {
                    Some(state) => expected.compliance = Some(state),
                    None => self.no_such(node, "compliance state", word, &mut STATES.iter().copied()),
                },
                None => {
                    self.error(node, "`compliance` is the name of a state");
                }
            }
        }
        if let Some(node) = node.get("denied") {
            match node.kind {
                NodeKind::Bool(truth) => expected.denied = Some(truth),
                _ => {
                    self.error(node, "`denied` is true or false");
                }
            }
        }
        expected.message = self.text(node.get("message"), "message");
        expected.error = self.text(node.get("error"), "error");
        expected.after = node.get("after").map(Value::from_node);
        if let Some(node) = node.get("reason") {
            match &node.kind {
                NodeKind::Array(items) => {
                    expected.reasons = items.iter().map(|item| self.reason(item)).collect();
                }
                _ => expected.reasons = vec![self.reason(node)],
            }
        }
        if let Some(node) = node.get("operations") {
            match &node.kind {
                NodeKind::Array(items) => {
                    expected.operations =
                        Some(items.iter().filter_map(|item| self.operation(item)).collect());
                }
                _ => {
                    self.error(node, "`operations` is a list");
                }
            }
        }
        if let Some(node) = node.get("references") {
            if !may_nest || !node.is_object() {
                self.error(
                    node,
                    "`references` maps references of the initiative to what is expected of them",
                );
            } else {
                for member in node.members() {
                    let inner = self.expected(&member.value, false);
                    expected.references.push((member.key.to_string(), inner));
                }
            }
        }
        expected
    }

    /// `expect: deny`, `expect: compliant` and so on.
    fn word(&mut self, node: &Node, word: &str, expected: &mut Expected) {
        if word.eq_ignore_ascii_case("none") {
            expected.effect = Some(None);
        } else if let Some(effect) = Effect::from_name(word) {
            expected.effect = Some(Some(effect));
        } else if let Some(state) = compliance(word) {
            expected.compliance = Some(state);
        } else if word.eq_ignore_ascii_case("denied") || word.eq_ignore_ascii_case("allowed") {
            expected.denied = Some(word.eq_ignore_ascii_case("denied"));
        } else {
            let known = Effect::names().chain(STATES.iter().copied()).chain(["none", "denied", "allowed"]);
            self.no_such(node, "effect or compliance state", word, &mut known.into_iter());
        }
    }

    fn no_such(
        &mut self,
        node: &Node,
        what: &str,
        word: &str,
        known: &mut dyn Iterator<Item = &'static str>,
    ) {
        let known: Vec<&str> = known.collect();
        let hint = match did_you_mean(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.error(node, format!("there is no {what} `{word}`")).hint = Some(hint);
    }

    fn reason(&mut self, node: &'a Node) -> ExpectedReason {
        if let Some(text) = node.as_str() {
            return ExpectedReason { text: Some(text.to_owned()), ..ExpectedReason::default() };
        }
        let members = self.members(node, "`reason`", REASON);
        if members.is_empty() && node.is_object() {
            self.error(node, "the reason says nothing");
        }
        let operator = self.text(node.get("operator"), "operator");
        if let (Some(word), Some(node)) = (&operator, node.get("operator"))
            && Operator::from_name(word).is_none()
        {
            self.no_such(node, "operator", word, &mut Operator::names());
        }
        ExpectedReason {
            path: self.text(node.get("path"), "path"),
            seen: node.get("seen").map(Value::from_node),
            wanted: node.get("wanted").map(Value::from_node),
            operator,
            result: node.get("result").and_then(|node| match node.kind {
                NodeKind::Bool(truth) => Some(truth),
                _ => {
                    self.error(node, "`result` is true or false");
                    None
                }
            }),
            text: self.text(node.get("text"), "text"),
        }
    }

    fn operation(&mut self, node: &'a Node) -> Option<ExpectedOperation> {
        self.members(node, "an operation", OPERATION);
        let Some(field) = self.text(node.get("field"), "field") else {
            self.error(node, "the operation names no `field`");
            return None;
        };
        Some(ExpectedOperation {
            operation: self.text(node.get("operation"), "operation"),
            field,
            value: node.get("value").map(Value::from_node),
        })
    }
}

/// Names of states that a case may expect.
const STATES: &[&str] = &["compliant", "nonCompliant", "notApplicable", "unknown", "error", "conflict"];

fn compliance(word: &str) -> Option<Option<ComplianceState>> {
    let plain = word.replace(['-', ' '], "");
    if plain.eq_ignore_ascii_case("notApplicable") {
        return Some(None);
    }
    ComplianceState::from_name(word).map(Some)
}

fn kind_name(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Null => "nothing",
        NodeKind::Array(_) => "a list",
        NodeKind::Object(_) => "a mapping",
        _ => node.type_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, line: u64, message: &str, hint: &str) {
        let parsed = parse_suite("t.yaml", text);
        assert!(parsed.value.is_none());
        let found = parsed.diagnostics.iter().find(|found| found.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics));
        assert_eq!(found.place.line, Some(line), "{found}");
        assert!(found.hint.as_deref().unwrap_or_default().contains(hint), "{:?}", found.hint);
    }

    #[test]
    fn the_short_and_the_long_form() {
        let text = "definition: d.json\ncases:\n- {name: a, resource: {type: x}, expect: Deny}\n\
                    - resource: r.json\n  related: []\n  expect:\n    compliance: Non-compliant\n    reason: [TLS]\n";
        let suite = parse_suite("t.yaml", text).into_result().unwrap();
        assert_eq!(suite.cases[0].expected.effect, Some(Some(Effect::Deny)));
        assert_eq!(suite.cases[1].name, "case 2");
        assert_eq!(suite.cases[1].expected.compliance, Some(Some(ComplianceState::NonCompliant)));
        assert_eq!(suite.cases[1].expected.reasons[0].text.as_deref(), Some("TLS"));
        assert!(suite.cases[1].related.as_ref().is_some_and(Vec::is_empty));
    }

    #[test]
    fn faults_say_where_and_what_next() {
        refused("", 1, "empty", "--init");
        refused("definition: d\ncases: []", 2, "at least one", "");
        refused("definition: d\ncases:\n- resorce: {}\n  expect: deny", 3, "no `resorce`", "`resource`");
        refused("definition: d\ncases:\n- resource: {}\n  expect: denny", 4, "`denny`", "`deny`");
        refused("definition: d\ncases:\n- resource: {}", 3, "expects nothing", "expect");
        refused("cases:\n- {resource: {}, expect: deny}", 1, "nothing to test", "definition");
        refused(
            "definition: d\ncases:\n- {name: a, resource: {}, expect: deny}\n- {name: a, resource: {}, expect: deny}",
            4,
            "two cases",
            "",
        );
        refused(
            "definition: d\ncontext: {now: soon}\ncases:\n- {resource: {}, expect: deny}",
            2,
            "no moment",
            "2026",
        );
    }
}
