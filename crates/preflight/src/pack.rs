//! Rules made ready: definitions read, bound to parameter values, compiled together.

use std::sync::Arc;

use azimuth_arm::{Node, Object, Source, Value};
use azimuth_diag::{Diagnostic, Severity as Level};
use azimuth_ids::eq_fold;
use azimuth_policy::{
    Assignment, Catalogue, CompileOptions, Definition, Initiative, Parsed, Policy, PolicyContext, Program,
    check_compiles, effect_after_overrides, parse_assignment, parse_definition, parse_initiative,
};

use crate::rule::{RuleInfo, id_of};
use crate::rules::FILES;
use crate::ruleset::Ruleset;
use crate::settings::Settings;

/// Most documents nested in lists that are looked into.
const MAX_DEPTH: usize = 8;

/// Rules compiled together.
#[derive(Debug)]
pub struct Pack {
    pub(crate) program: Program,
    pub(crate) set: Ruleset,
}

impl Pack {
    /// The rules that ship with the program.
    pub fn built_in() -> Self {
        let mut builder = PackBuilder::new();
        builder.add_built_in();
        builder.finish().0
    }

    /// The rules in order of their ids.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.set.rules
    }

    /// The rule `id`, in any letter case.
    pub fn rule(&self, id: &str) -> Option<&RuleInfo> {
        self.set.rules.iter().find(|rule| eq_fold(&rule.id, id))
    }
}

/// Collects rules for a [`Pack`].
#[derive(Debug, Default)]
pub struct PackBuilder {
    catalogue: Option<Arc<Catalogue>>,
    definitions: Vec<Known>,
    initiatives: Vec<Initiative>,
    assignments: Vec<Assignment>,
    diagnostics: Vec<Diagnostic>,
    only: Vec<String>,
    skip: Vec<String>,
    settings: Settings,
}

#[derive(Debug)]
struct Known {
    definition: Arc<Definition>,
    file: String,
    is_built_in: bool,
}

impl PackBuilder {
    /// No rules yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses other aliases than the bundled ones.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: Arc<Catalogue>) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Adds the rules that ship with the program.
    pub fn add_built_in(&mut self) {
        for (file, text) in FILES {
            self.read(file, text, true);
        }
    }

    /// Adds the definitions, initiatives and assignments of a JSON text: one, an array, or `{value: […]}`; of a file that
    /// ends in `.jsonl` or `.ndjson`, each line is such a text. What is wrong is reported by [`PackBuilder::finish`].
    /// Returns how many were read.
    pub fn add(&mut self, file: &str, text: &str) -> usize {
        let ending = file.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !matches!(ending.as_str(), "jsonl" | "ndjson") {
            return self.read(file, text, false);
        }
        let mut count = 0;
        for (above, line) in (0_u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let known = self.diagnostics.len();
            count += self.read(file, line, false);
            for diagnostic in &mut self.diagnostics[known..] {
                diagnostic.place.line = diagnostic.place.line.map(|line| line + above);
                diagnostic.place.span = None;
            }
        }
        count
    }

    /// Keeps only these rules, if any are named, and none of `skip`. Ids are compared without letter case; a `*` at
    /// the end stands for any ending.
    pub fn select(&mut self, only: &[String], skip: &[String]) {
        self.only.extend_from_slice(only);
        self.skip.extend_from_slice(skip);
    }

    /// Gives a parameter of definitions, initiatives and assignments a value, over defaults and over what assignments
    /// say. Without a rule it is for all that have the parameter, else for the definition, initiative or assignment of
    /// this name (see [`PackBuilder::select`]). A value that nothing takes is reported by [`PackBuilder::finish`].
    pub fn set_parameter(&mut self, rule: Option<&str>, name: &str, value: Value) {
        self.settings.add(rule, name, value);
    }

    fn read(&mut self, file: &str, text: &str, is_built_in: bool) -> usize {
        match Source::parse(file, text) {
            Ok(source) => self.node(&source, source.root(), 0, is_built_in),
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                0
            }
        }
    }

    fn node(&mut self, source: &Source, node: &Node, depth: usize, is_built_in: bool) -> usize {
        if depth > MAX_DEPTH {
            return 0;
        }
        let items = match node.get("value").or_else(|| node.get("data")) {
            Some(list) if !list.items().is_empty() => list.items(),
            _ => node.items(),
        };
        if !items.is_empty() {
            return items.iter().map(|item| self.node(source, item, depth + 1, is_built_in)).sum();
        }
        let properties = node.get("properties").unwrap_or(node);
        if properties.get("policyRule").is_some() {
            let parsed = parse_definition(source, node, "$");
            if let Some(definition) = self.take(parsed) {
                let file = source.file().to_owned();
                self.definitions.push(Known { definition: Arc::new(definition), file, is_built_in });
            }
        } else if properties.get("policyDefinitions").is_some() {
            let parsed = parse_initiative(source, node, "$");
            let initiative = self.take(parsed);
            self.initiatives.extend(initiative);
        } else if properties.get("policyDefinitionId").is_some() {
            let parsed = parse_assignment(source, node, "$");
            let assignment = self.take(parsed);
            self.assignments.extend(assignment);
        } else {
            if depth == 0 {
                let message = "the file holds no policy definition, initiative or assignment";
                let finding = Diagnostic::error("check-policy", message).at(source.place(node.span));
                self.diagnostics
                    .push(finding.with_hint("write them as `az policy definition show` prints them"));
            }
            return 0;
        }
        1
    }

    fn take<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        self.diagnostics
            .extend(parsed.diagnostics.into_iter().filter(|finding| finding.severity == Level::Error));
        parsed.value
    }

    /// Compiles the rules and returns everything that stands against some of them; those are left out.
    pub fn finish(mut self) -> (Pack, Vec<Diagnostic>) {
        let catalogue = self.catalogue.take().unwrap_or_else(|| Arc::new(Catalogue::bundled()));
        let mut rules = Vec::new();
        self.bind_alone(&mut rules);
        self.bind_assigned(&mut rules);
        self.diagnostics.extend(self.settings.unused());
        rules.sort_by_key(|(info, _)| info.id.to_ascii_lowercase());
        rules.retain(|(info, policy): &(RuleInfo, Policy)| {
            let findings = check_compiles(policy.definition(), &catalogue);
            let is_whole = findings.is_empty();
            self.diagnostics.extend(findings.into_iter().map(|mut finding| {
                finding.place.file = Some(info.id.clone());
                finding
            }));
            is_whole
        });
        let (rules, policies): (Vec<RuleInfo>, Vec<Policy>) = rules.into_iter().unzip();
        let program = Program::compile(catalogue.clone(), policies, &CompileOptions::default());
        let set = Ruleset::new(catalogue, rules, program.policies());
        (Pack { program, set }, self.diagnostics)
    }

    fn is_wanted(&self, id: &str) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, id));
        (self.only.is_empty() || fits(&self.only)) && !fits(&self.skip)
    }

    /// Definitions that no initiative or assignment of the user speaks of, with their defaults.
    fn bind_alone(&mut self, rules: &mut Vec<(RuleInfo, Policy)>) {
        let referred: Vec<String> = self
            .initiatives
            .iter()
            .flat_map(|set| set.references.iter().map(|reference| reference.definition_id.clone()))
            .chain(self.assignments.iter().map(|assignment| assignment.definition_id.clone()))
            .collect();
        for at in 0..self.definitions.len() {
            let known = &self.definitions[at];
            let Some(id) = id_of(&known.definition) else {
                let message = format!("a definition in `{}` has no name", known.file);
                self.diagnostics.push(
                    Diagnostic::error("check-policy", message).with_hint("add `name` beside `properties`"),
                );
                continue;
            };
            let is_bound = referred.iter().any(|reference| names(&known.definition, reference));
            if is_bound {
                continue;
            }
            let definition = known.definition.clone();
            let is_built_in = known.is_built_in;
            // Asked before the selection: a parameter of a rule that is left out is no mistake.
            let values = self.settings.over(&id, &definition.parameters, &Object::new());
            if !self.is_wanted(&id) {
                continue;
            }
            self.bind(id, definition, &values, is_built_in, rules);
        }
    }

    /// Definitions by way of initiatives and assignments, with the values that these give.
    fn bind_assigned(&mut self, rules: &mut Vec<(RuleInfo, Policy)>) {
        let assignments = std::mem::take(&mut self.assignments);
        let initiatives = std::mem::take(&mut self.initiatives);
        for assignment in &assignments {
            let set = initiatives.iter().find(|set| {
                let ids = [set.id.as_deref(), set.name.as_deref()];
                ids.into_iter().flatten().any(|id| is_id(id, &assignment.definition_id))
            });
            match set {
                Some(set) => self.bind_set(set, Some(assignment), rules),
                None => {
                    let Some(definition) = self.definition(&assignment.definition_id) else {
                        self.missing(&assignment.name, &assignment.definition_id);
                        continue;
                    };
                    let id = assignment.name.clone();
                    let values = self.settings.over(&id, &definition.parameters, &assignment.parameters);
                    if self.is_wanted(&id) {
                        self.bind(id, definition, &values, false, rules);
                    }
                }
            }
        }
        for set in &initiatives {
            let is_assigned = assignments.iter().any(|assignment| {
                let ids = [set.id.as_deref(), set.name.as_deref()];
                ids.into_iter().flatten().any(|id| is_id(id, &assignment.definition_id))
            });
            if !is_assigned {
                self.bind_set(set, None, rules);
            }
        }
    }

    fn bind_set(
        &mut self,
        set: &Initiative,
        assignment: Option<&Assignment>,
        rules: &mut Vec<(RuleInfo, Policy)>,
    ) {
        let none = Object::new();
        let given = assignment.map_or(&none, |assignment| &assignment.parameters);
        let name = assignment.map(|assignment| assignment.name.clone()).or_else(|| set.name.clone());
        let name = name.unwrap_or_else(|| set.display_name.clone().unwrap_or_default());
        let given = self.settings.over(&name, &set.parameters, given);
        let values = match set.reference_parameters(&given) {
            Ok(values) => values,
            Err(errors) => {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                let message = format!("the parameters of the initiative `{name}` do not fit: {first}");
                self.diagnostics.push(Diagnostic::error("check-policy-parameters", message));
                return;
            }
        };
        for (reference, values) in set.references.iter().zip(values) {
            let Some(definition) = self.definition(&reference.definition_id) else {
                self.missing(&name, &reference.definition_id);
                continue;
            };
            let id = format!("{name}/{}", reference.reference_id);
            let own = id_of(&definition).unwrap_or_default();
            if !self.is_wanted(&id) && (self.only.is_empty() || !self.is_wanted(&own)) {
                continue;
            }
            match values {
                Ok(values) => {
                    let before = rules.len();
                    self.bind(id, definition, &values, false, rules);
                    if let (Some(assignment), [(_, policy)]) = (assignment, &mut rules[before..])
                        && let Some(effect) = policy.effect()
                    {
                        let overrides = &assignment.overrides;
                        let wanted = effect_after_overrides(overrides, &reference.reference_id, None, effect);
                        if wanted != effect {
                            *policy = policy.clone().with_effect(wanted);
                        }
                    }
                }
                Err(fault) => {
                    let message = format!("`{id}` gets no parameter values: {fault}");
                    self.diagnostics.push(Diagnostic::error("check-policy-parameters", message));
                }
            }
        }
    }

    fn bind(
        &mut self,
        id: String,
        definition: Arc<Definition>,
        values: &Object,
        is_built_in: bool,
        rules: &mut Vec<(RuleInfo, Policy)>,
    ) {
        if rules.iter().any(|(info, _)| eq_fold(&info.id, &id)) {
            let message = format!("there are two rules `{id}`; the second is left out");
            self.diagnostics.push(Diagnostic::warning("check-policy-duplicate", message));
            return;
        }
        let context = PolicyContext {
            definition_id: definition.id.clone().unwrap_or_else(|| id.clone()),
            ..PolicyContext::default()
        };
        match Policy::bind(definition, values, context) {
            Ok(policy) => rules.push((RuleInfo::of(&policy, id, is_built_in), policy)),
            Err(error) => {
                let first = error.parameters.first().map(ToString::to_string).unwrap_or_default();
                let message = format!("`{id}` cannot be used: {first}");
                let finding = Diagnostic::error("check-policy-parameters", message);
                self.diagnostics.push(finding.with_hint(
                    "give the values in an assignment beside the definition, or as parameters of the rule",
                ));
            }
        }
    }

    fn definition(&self, reference: &str) -> Option<Arc<Definition>> {
        let known = self.definitions.iter().find(|known| names(&known.definition, reference))?;
        Some(known.definition.clone())
    }

    fn missing(&mut self, name: &str, definition: &str) {
        let message = format!("`{name}` refers to `{definition}`, which is not there");
        let finding = Diagnostic::error("check-policy-missing", message);
        self.diagnostics.push(finding.with_hint("pass the definition with `--policy` too"));
    }
}

/// Whether `reference`, an id or a name, means the definition.
fn names(definition: &Definition, reference: &str) -> bool {
    [definition.id.as_deref(), definition.name.as_deref()]
        .into_iter()
        .flatten()
        .any(|id| is_id(id, reference))
}

/// Whether two ids, or an id and a name, mean the same.
fn is_id(id: &str, reference: &str) -> bool {
    let last = |text: &str| text.rsplit('/').next().map(str::to_owned).unwrap_or_default();
    let both_are_ids = id.contains('/') && reference.contains('/');
    if both_are_ids { eq_fold(id, reference) } else { eq_fold(&last(id), &last(reference)) }
}

/// Whether a rule that ships with the program fits what the user named, be it in use or not.
pub(crate) fn is_built_in(pattern: &str) -> bool {
    FILES.iter().any(|(file, _)| matches(pattern, file.trim_end_matches(".json")))
}

/// Whether a rule id fits what the user named.
pub(crate) fn matches(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => id.get(..start.len()).is_some_and(|head| eq_fold(head, start)),
        None => eq_fold(pattern, id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"{
        "name": "allowed-locations",
        "properties": {
            "mode": "Indexed",
            "parameters": {"list": {"type": "Array"}},
            "policyRule": {"if": {"field": "location", "notIn": "[parameters('list')]"}, "then": {"effect": "deny"}}
        }
    }"#;

    #[test]
    fn the_built_in_pack_is_whole() {
        let mut builder = PackBuilder::new();
        builder.add_built_in();
        let (pack, diagnostics) = builder.finish();
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(pack.rules().len(), FILES.len());
    }

    #[test]
    fn parameters_come_from_assignments() {
        let mut builder = PackBuilder::new();
        builder.add("d.json", DEFINITION);
        let (pack, diagnostics) = builder.finish();
        assert!(pack.rules().is_empty());
        assert_eq!(diagnostics[0].code, "check-policy-parameters");

        let mut builder = PackBuilder::new();
        builder.add("d.json", DEFINITION);
        builder.add(
            "a.json",
            r#"[{"name": "eu", "id": "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/eu",
                "properties": {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/allowed-locations",
                               "parameters": {"list": {"value": ["westeurope"]}}}}]"#,
        );
        let (pack, diagnostics) = builder.finish();
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(pack.rules()[0].id, "eu");
        assert_eq!(pack.rules()[0].severity, crate::Severity::High);
    }

    #[test]
    fn parameters_come_from_the_user_over_assignments() {
        let with = |rule: Option<&str>, name: &str| {
            let mut builder = PackBuilder::new();
            builder.add("d.json", DEFINITION);
            let value = serde_json::json!(["northeurope"]);
            builder.set_parameter(rule, name, Value::from_json(&value));
            let (pack, diagnostics) = builder.finish();
            (pack.rules().len(), diagnostics.iter().map(|one| one.code.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(with(None, "LIST"), (1, vec![]));
        assert_eq!(with(Some("allowed-*"), "list"), (1, vec![]));
        let parameters = "check-policy-parameters".to_owned();
        assert_eq!(with(Some("tags"), "list"), (0, vec![parameters.clone(), parameters.clone()]));
        assert_eq!(with(None, "lists"), (0, vec![parameters.clone(), parameters]));
    }

    #[test]
    fn rules_are_selected_by_id_and_by_beginning() {
        assert!(matches("az-storage-*", "AZ-STORAGE-001") && matches("AZ-storage-001", "AZ-STORAGE-001"));
        assert!(!matches("AZ-STORAGE", "AZ-STORAGE-001") && !matches("AZ-STORAGE-001é*", "AZ-STORAGE-001"));
    }
}
