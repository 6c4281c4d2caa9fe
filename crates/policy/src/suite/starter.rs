//! A suite to start with: for a definition, one resource that it matches, and for every comparison one for which it does not.
//!
//! The resources are found by the search that `fix` uses, turned around; the engine says what to expect of them. So the suite
//! passes as it is, and shows to its author what the definition does, which may not be what was meant.

use std::sync::Arc;

use azimuth_arm::{Object, Value};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::observe::{Listed, Observed, observe};
use super::run::assignment;
use super::show::show_leaf;
use crate::catalogue::Catalogue;
use crate::compile::{CompileOptions, Policy, PolicyContext, PolicyId, Types, types_of};
use crate::definition::{Definition, Leaf, Left, Parameter, ParameterType};
use crate::document::Slots;
use crate::evaluate::{Context, Resource, constant_template};
use crate::fix::candidates::{Domains, Subject, proposals};
use crate::fix::search::{Bounds, Violated, evidence, search};
use crate::fold::{eq, fold};
use crate::governance::{Assignment, Governance};

/// A type that no definition speaks of.
const OTHER_TYPE: &str = "Microsoft.Example/others";
/// Most changes to an empty resource until it matches.
const MAX_EDITS: usize = 8;
/// Most resources judged for one case.
const MAX_JUDGED: usize = 4_000;

/// One case of a starter suite.
#[derive(Clone, Debug)]
pub struct StarterCase {
    /// Its name.
    pub name: String,
    /// The resource.
    pub resource: Json,
    /// The related resources handed over, for the IfNotExists effects.
    pub related: Option<Vec<Json>>,
    /// What the engine says about it.
    pub observed: Observed,
}

/// Cases for a definition, and the values of parameters that they need.
pub fn starter_cases(
    definition: &Arc<Definition>,
    catalogue: &Arc<Catalogue>,
    now: Timestamp,
) -> (Vec<StarterCase>, Object) {
    let parameters: Object = definition
        .parameters
        .iter()
        .filter(|parameter| parameter.default.is_none())
        .map(|parameter| (parameter.name.as_str().into(), made_up(parameter)))
        .collect();
    let mut starter = Starter::new(definition, catalogue, &parameters, now);
    let mut cases = Vec::new();
    let resource_type = starter.resource_type.clone();
    let base = json!({
        "type": resource_type, "name": "example", "location": "westeurope", "properties": {},
    });
    let matching = starter.turned(&base, true);
    let needs_related = starter.is_if_not_exists();
    let related = needs_related.then(Vec::new);
    if let Some(resource) = &matching {
        starter.push("it matches", resource, related.clone(), &mut cases);
    }
    let other = json!({"type": OTHER_TYPE, "name": "example", "location": "westeurope", "properties": {}});
    starter.push("another type", &other, related.clone(), &mut cases);
    let start = matching.unwrap_or(base);
    let mut leaves: Vec<Leaf> = Vec::new();
    definition.rule.condition.for_each_leaf(&mut |leaf| leaves.push(leaf.clone()));
    for leaf in &leaves {
        if let Some(resource) = starter.without(&start, leaf) {
            let name = format!("not: {}", show_leaf(leaf));
            starter.push(&name, &resource, related.clone(), &mut cases);
        }
    }
    (cases, parameters)
}

/// The text of a starter suite. `file` is how the suite names the definition.
pub fn starter(
    definition: &Arc<Definition>,
    catalogue: &Arc<Catalogue>,
    file: &str,
    now: Timestamp,
) -> String {
    let (cases, parameters) = starter_cases(definition, catalogue, now);
    let mut out = String::from(
        "# Tests of a policy definition; run them with `azimuth policy test`.\n\
         # Resources and expectations were worked out from the definition as it is: check that they say what you mean.\n",
    );
    out.push_str(&format!("definition: {}\n", scalar(&json!(file))));
    if !parameters.is_empty() {
        out.push_str("parameters:\n");
        write(&Value::object(parameters).to_json(), 1, &mut out);
    }
    out.push_str("cases:\n");
    for case in &cases {
        out.push_str(&format!("  - name: {}\n    resource:\n", scalar(&json!(case.name))));
        write(&case.resource, 3, &mut out);
        if case.related.is_some() {
            out.push_str("    related: []\n");
        }
        let Some(policy) = case.observed.policies.first() else { continue };
        out.push_str("    expect:\n");
        if policy.fault().is_none() {
            out.push_str(&format!("      effect: {}\n", policy.effect_name()));
        }
        out.push_str(&format!("      compliance: {}\n", policy.compliance_name()));
        if policy.effect.is_some()
            && let Some(reason) = policy.evaluated.last()
        {
            out.push_str(&format!("      reason:\n        path: {}\n", scalar(&json!(reason.expression))));
            out.push_str(&format!("        operator: {}\n", reason.operator));
        }
    }
    if cases.is_empty() {
        out.truncate(out.len() - "cases:\n".len());
        out.push_str("cases: []\n");
    }
    out
}

/// A value for a parameter that has no default.
fn made_up(parameter: &Parameter) -> Value {
    if let Some(first) = parameter.allowed.iter().flatten().next() {
        return if parameter.kind == ParameterType::Array && first.as_array().is_none() {
            Value::array(vec![first.clone()])
        } else {
            first.clone()
        };
    }
    match parameter.kind {
        ParameterType::String => Value::string("value"),
        ParameterType::Array => Value::array(vec![Value::string("value")]),
        ParameterType::Object => Value::object(Object::new()),
        ParameterType::Boolean => Value::bool(true),
        ParameterType::Integer | ParameterType::Float => Value::int(1),
        ParameterType::DateTime => Value::string("2026-01-01T00:00:00Z"),
    }
}

struct Starter {
    governance: Governance,
    context: Context,
    resource_type: String,
}

impl Starter {
    fn new(
        definition: &Arc<Definition>,
        catalogue: &Arc<Catalogue>,
        parameters: &Object,
        now: Timestamp,
    ) -> Self {
        let id = definition
            .id
            .clone()
            .unwrap_or_else(|| "/providers/Microsoft.Authorization/policyDefinitions/tested".to_owned());
        let named = Arc::new(Definition { id: Some(id.clone()), ..(**definition).clone() });
        let bound = Policy::bind_unchecked(named.clone(), parameters, PolicyContext::default());
        let known = |template: &crate::template::Template| constant_template(template, &bound);
        let resource_type = match types_of(&definition.rule.condition, &known) {
            Types::Only(list) => list.first().map(|name| written_type(definition, catalogue, name)),
            Types::Any => None,
        };
        let assignment = Assignment { parameters: parameters.clone(), ..assignment(&id, None) };
        let (governance, _) = Governance::new(
            catalogue.clone(),
            &[named],
            Vec::new(),
            vec![assignment],
            Vec::new(),
            &CompileOptions::default(),
        );
        let resource_type = resource_type.unwrap_or_else(|| "Microsoft.Storage/storageAccounts".to_owned());
        Self { governance, context: Context::at(now), resource_type }
    }

    fn is_if_not_exists(&self) -> bool {
        self.governance
            .program()
            .policies()
            .first()
            .and_then(Policy::effect)
            .is_some_and(crate::definition::Effect::is_if_not_exists)
    }

    /// Whether the rule's condition holds, and on which comparisons that rests.
    fn explain(&self, json: &Json) -> Option<(bool, Vec<String>)> {
        let program = self.governance.program();
        let policy = program.policies().first()?;
        let text = json.to_string();
        let explained =
            program.explain(PolicyId(0), &mut Slots::default(), &Resource::new(&text), &self.context).ok()?;
        let condition = &policy.definition().rule.condition;
        let evidence = evidence(condition, explained.result.is_err(), &explained.evaluated);
        Some((explained.result == Ok(true), evidence))
    }

    /// The nearest resource for which the condition holds (or not).
    fn turned(&self, base: &Json, wanted: bool) -> Option<Json> {
        let (truth, _) = self.explain(base)?;
        if truth == wanted {
            return Some(base.clone());
        }
        let folded = fold(&self.resource_type);
        let program = self.governance.program();
        let subject = Subject {
            catalogue: program.catalogue(),
            resource_type: &folded,
            api_version: None,
            frozen: &["id", "type", "apiversion"],
        };
        let mut judge = |json: &Json| -> Result<Vec<Violated>, String> {
            let Some((truth, evidence)) = self.explain(json) else { return Ok(Vec::new()) };
            if truth == wanted {
                return Ok(Vec::new());
            }
            Ok(vec![Violated { policy: PolicyId(0), evidence }])
        };
        let bounds = Bounds { edits: MAX_EDITS, judged: MAX_JUDGED, solutions: 1 };
        let found = search(program, &subject, base, bounds, &mut judge).ok()?;
        found.solutions.into_iter().next().map(|solution| solution.after)
    }

    /// A resource that differs from one that matches in what a comparison looks at, so that it no longer matches.
    fn without(&self, start: &Json, leaf: &Leaf) -> Option<Json> {
        if let Left::Field(name) = &leaf.left
            && name.known().and_then(Value::as_str).is_some_and(|name| eq(name.trim(), "type"))
        {
            return None;
        }
        let program = self.governance.program();
        let folded = fold(&self.resource_type);
        let subject = Subject {
            catalogue: program.catalogue(),
            resource_type: &folded,
            api_version: None,
            frozen: &["id", "type", "apiversion"],
        };
        let policy = program.policies().first()?;
        let mut domains = Domains::default();
        domains.add(policy);
        let mut found = proposals(leaf, policy, &domains, start, &subject);
        found.sort_by_key(|proposal| proposal.cost);
        found.into_iter().find_map(|proposal| {
            let changed = proposal.edit.apply(start)?;
            let (truth, _) = self.explain(&changed)?;
            (!truth).then_some(changed)
        })
    }

    fn push(
        &mut self,
        name: &str,
        resource: &Json,
        related: Option<Vec<Json>>,
        cases: &mut Vec<StarterCase>,
    ) {
        if cases.iter().any(|case| case.resource == *resource) {
            return;
        }
        let listed = Listed(related.as_deref());
        if let Ok(observed) = observe(&self.governance, resource, None, &self.context, &listed, None) {
            let count = cases
                .iter()
                .filter(|case| case.name == name || case.name.starts_with(&format!("{name} (")))
                .count();
            let name = if count == 0 { name.to_owned() } else { format!("{name} ({})", count + 1) };
            cases.push(StarterCase { name, resource: resource.clone(), related, observed });
        }
    }
}

/// A folded type in the spelling of the definition, else of the catalogue.
fn written_type(definition: &Definition, catalogue: &Catalogue, folded: &str) -> String {
    let mut written = None;
    definition.rule.condition.for_each_leaf(&mut |leaf| {
        let values = leaf.right.known().map(|value| match value.as_array() {
            Some(items) => items.to_vec(),
            None => vec![value.clone()],
        });
        for value in values.into_iter().flatten() {
            if let Some(text) = value.as_str().filter(|text| fold(text) == folded) {
                written.get_or_insert_with(|| text.to_owned());
            }
        }
    });
    written
        .or_else(|| catalogue.resource_type(folded).map(|facts| facts.name.clone()))
        .unwrap_or_else(|| folded.to_owned())
}

/// Members of an object as YAML, each on a line.
fn write(value: &Json, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    match value {
        Json::Object(members) => {
            for (name, inner) in members {
                out.push_str(&format!("{indent}{}:", scalar(&json!(name))));
                write_inner(inner, level, out);
            }
        }
        Json::Array(items) => {
            for item in items {
                out.push_str(&format!("{indent}-"));
                write_inner(item, level, out);
            }
        }
        _ => {}
    }
}

fn write_inner(value: &Json, level: usize, out: &mut String) {
    let is_nested = match value {
        Json::Object(members) => !members.is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_nested {
        out.push('\n');
        write(value, level + 1, out);
    } else {
        out.push_str(&format!(" {}\n", scalar(value)));
    }
}

/// A scalar as YAML: plain if that is safe, else as JSON, which YAML understands.
fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => {
            let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
                && !text.ends_with([' ', ':'])
                && !text.contains(": ")
                && !text.contains(" #")
                && text.chars().all(|c| c.is_ascii_alphanumeric() || " -_./:()".contains(c))
                && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
                    .contains(&&*text.to_ascii_lowercase());
            if is_plain { text.clone() } else { value.to_string() }
        }
        other => other.to_string(),
    }
}
