//! Small estates for tests: definitions, initiatives and assignments from JSON.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::{
    Catalogue, CompileOptions, Context, Governance, GovernanceError, NoRelated, Outcome, Related, Resource,
    Selected, Slots, parse_assignment, parse_definition, parse_exemption, parse_initiative,
};
use serde_json::{Value, json};

/// The subscription that everything lies in.
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-0000000000a1";

/// What is assigned.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) definitions: Vec<Value>,
    pub(crate) initiatives: Vec<Value>,
    pub(crate) assignments: Vec<Value>,
    pub(crate) exemptions: Vec<Value>,
}

/// The id of a built-in definition.
pub(crate) fn definition_id(name: &str) -> String {
    format!("/providers/Microsoft.Authorization/policyDefinitions/{name}")
}

/// A definition of mode `All`.
#[expect(clippy::needless_pass_by_value, reason = "a test hands over what it has just written")]
pub(crate) fn definition(name: &str, condition: Value, then: Value) -> Value {
    json!({
        "id": definition_id(name), "name": name,
        "properties": {"mode": "All", "policyType": "BuiltIn", "policyRule": {"if": condition, "then": then}},
    })
}

/// An assignment to the subscription with further properties.
#[expect(clippy::needless_pass_by_value, reason = "a test hands over what it has just written")]
pub(crate) fn assignment(name: &str, definition_id: &str, more: Value) -> Value {
    let mut properties = json!({"policyDefinitionId": definition_id});
    for (key, value) in more.as_object().expect("an object") {
        properties[key] = value.clone();
    }
    json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/{name}"),
        "name": name, "properties": properties,
    })
}

fn read<T>(
    documents: &[Value],
    parse: impl Fn(&Source, &azimuth_arm::Node, &str) -> azimuth_policy::Parsed<T>,
) -> Vec<T> {
    documents
        .iter()
        .map(|document| {
            let source = Source::parse("test", &document.to_string()).expect("JSON");
            parse(&source, source.root(), "$").into_result().expect("sound")
        })
        .collect()
}

impl Given {
    pub(crate) fn governance(&self) -> (Governance, Vec<GovernanceError>) {
        let definitions: Vec<_> =
            read(&self.definitions, parse_definition).into_iter().map(Arc::new).collect();
        Governance::new(
            Arc::new(Catalogue::bundled()),
            &definitions,
            read(&self.initiatives, parse_initiative),
            read(&self.assignments, parse_assignment),
            read(&self.exemptions, parse_exemption),
            &CompileOptions::default(),
        )
    }

    /// As [`Given::governance`], with nothing wrong about it.
    #[track_caller]
    pub(crate) fn sound(&self) -> Governance {
        let (governance, errors) = self.governance();
        assert!(errors.is_empty(), "{errors:?}");
        governance
    }
}

/// A resource with its id, type and location beside its text.
pub(crate) struct Thing {
    pub(crate) text: String,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) location: Option<String>,
}

impl Thing {
    pub(crate) fn selected(&self) -> Selected<'_> {
        Selected {
            resource: Resource::new(&self.text),
            id: &self.id,
            resource_type: &self.kind,
            location: self.location.as_deref(),
            ancestors: &[],
        }
    }
}

/// A resource in the group `web`.
pub(crate) fn thing(kind: &str, name: &str, location: &str, properties: &Value) -> Thing {
    let id = format!("{SUBSCRIPTION}/resourceGroups/web/providers/{kind}/{name}");
    let document =
        json!({"id": id, "name": name, "type": kind, "location": location, "properties": properties});
    Thing { text: document.to_string(), id, kind: kind.to_owned(), location: Some(location.to_owned()) }
}

pub(crate) fn moment() -> Context {
    Context::at(jiff::Timestamp::UNIX_EPOCH)
}

/// The states of a thing: assignment, reference and state, with the reason if it is not evaluable.
pub(crate) fn states(
    governance: &Governance,
    thing: &Thing,
    context: &Context,
    related: &dyn Related,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut slots = Slots::default();
    let visit = &mut |state: azimuth_policy::PolicyState<'_>| {
        let Some(name) = state.state else { return };
        let reason = match &state.outcome {
            Outcome::NotEvaluable(reason) => format!(": {reason}"),
            _ => String::new(),
        };
        let reference = if state.reference_id.is_empty() { "" } else { "/" };
        found.push(format!("{}{reference}{} {name}{reason}", state.assignment.name, state.reference_id));
    };
    governance.states(&mut slots, &thing.selected(), context, related, visit).expect("an object");
    found.sort();
    found
}

/// As [`states`] without related resources.
pub(crate) fn plain_states(governance: &Governance, thing: &Thing) -> Vec<String> {
    states(governance, thing, &moment(), &NoRelated)
}
