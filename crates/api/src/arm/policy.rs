//! Policies in the request path: what is in force, what it makes of a write, and what is written down about it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use axum::http::StatusCode;
use azimuth_estate::Snapshot;
use azimuth_host::{Sequence, Write};
use azimuth_ids::{DocumentKey, IdRef, fold};
use azimuth_policy::{
    Action, CompileOptions, ComplianceState, Context, Effect, Governance, Inventory, ObjectKind, Outcome,
    PolicyId, Principal, RelatedResources, Resource, Selected, Shelf, Slots, Violation, blocks, context_of,
    request_disallowed,
};
use serde_json::{Value, json};

use super::activity::{Event, event};
use super::call::Call;
use super::index::Held;
use super::plane::ControlPlane;
use crate::error::ApiError;

/// The built-in definitions and initiatives, by folded id.
static BUILT_INS: LazyLock<BTreeMap<String, Arc<str>>> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../../data/policy-built-ins.jsonl.zst");
    let mut text = String::new();
    zstd::stream::read::Decoder::new(packed)
        .and_then(|mut unpacked| unpacked.read_to_string(&mut text))
        .expect("a test unpacks the data file");
    text.lines().filter_map(|line| Some((fold(id_of(line)?).into_owned(), line.into()))).collect()
});

/// The id of a line of the data file, where it comes last but for the name.
fn id_of(line: &str) -> Option<&str> {
    let start = line.rfind("\"id\":\"")? + "\"id\":\"".len();
    line[start..].split('"').next()
}

/// The built-in definition or initiative of an id, in any letter case.
pub(crate) fn built_in(id: &str) -> Option<Arc<str>> {
    BUILT_INS.get(&*fold(id)).cloned()
}

/// The built-in objects whose folded ids begin with `prefix`, in the order of their ids.
pub(crate) fn built_ins(prefix: &str) -> impl Iterator<Item = (&'static str, &'static Arc<str>)> {
    BUILT_INS
        .range(prefix.to_owned()..)
        .take_while(move |(id, _)| id.starts_with(prefix))
        .map(|(id, body)| (id.as_str(), body))
}

/// The policies in force as of one change.
pub(crate) struct Rules {
    pub(super) at: Sequence,
    /// The assignments, compiled.
    pub(crate) governance: Governance,
    /// The objects behind them.
    pub(crate) inventory: Inventory,
}

impl Rules {
    /// Reads and compiles what is assigned.
    pub(crate) fn build(plane: &ControlPlane, at: Sequence) -> Self {
        let mut builder = Snapshot::builder();
        plane.with_index(|index| {
            for (_, kind) in ObjectKind::ALL {
                for (key, held) in index.of_kind(&fold(kind), "") {
                    builder.push_folded(key, Box::from(&*held.body));
                }
            }
        });
        let mut inventory = Inventory::of_snapshot(&builder.finish(), 1);
        // What is referred to and not there may be built in; initiatives refer to definitions in their turn.
        for _ in 0..2 {
            for (id, _) in inventory.missing() {
                if let Some(text) = built_in(&id) {
                    let is_set = fold(&id).contains("/policysetdefinitions/");
                    let kind = if is_set { ObjectKind::Initiative } else { ObjectKind::Definition };
                    inventory.put(kind, &id, &text);
                }
            }
        }
        let (governance, _) = inventory.govern(plane.catalogue.clone(), &CompileOptions::default());
        Self { at, governance, inventory }
    }
}

/// A resource about to be written.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Its id.
    pub(crate) id: &'a str,
    /// Its type.
    pub(crate) kind: &'a str,
    /// The version of the payload.
    pub(crate) api_version: &'a str,
}

/// What policies make of a write that they let pass.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// The document after append and modify, if that changed it.
    pub(crate) changed: Option<Value>,
    /// What is written down together with the change: events, and remediations to run.
    pub(crate) writes: Vec<Write>,
}

/// Types that Azure Policy does not look at when they are written: its own objects, and what access control is made of.
fn is_exempt(kind: &str) -> bool {
    let folded = fold(kind);
    [
        "microsoft.authorization/policy",
        "microsoft.policyinsights/",
        "microsoft.management/",
        "microsoft.subscription/",
    ]
    .iter()
    .any(|prefix| folded.starts_with(prefix))
        || folded == "microsoft.resources/deployments"
        || folded == "microsoft.resources/tags"
}

/// Holds a document against the policies in force.
///
/// # Errors
/// 403 `RequestDisallowedByPolicy` with the reasons, if a policy denies it.
pub(crate) fn evaluate(call: &Call<'_>, subject: Subject<'_>, document: &Value) -> Result<Passed, ApiError> {
    let rules = call.plane.rules();
    if rules.governance.assignments().is_empty() || is_exempt(subject.kind) {
        return Ok(Passed::default());
    }
    let key = fold(subject.id);
    let kind = fold(subject.kind);
    let around = Around::of(call, &key, subject.api_version);
    let shelf = Documents(call.plane);
    let related = RelatedResources::new(&shelf, &key, &kind);
    let mut slots = Slots::default();
    let text = document.to_string();
    let selected = around.selected(&key, subject, &text, document);
    let governance = &rules.governance;
    let outcome = governance
        .request(&mut slots, &selected, &around.context, &related)
        .map_err(|error| super::call::bad_request("InvalidRequestContent", error.to_string()))?;
    if !outcome.denied_by.is_empty() {
        let resource = Resource { json: &outcome.json, ..selected.resource };
        let violations: Vec<Violation> = outcome
            .denied_by
            .iter()
            .map(|policy| violation(governance, *policy, &mut slots, &resource, &around.context))
            .collect();
        return Err(disallowed(subject.id, &violations));
    }
    let changed: Option<Value> =
        if outcome.changed_by.is_empty() { None } else { serde_json::from_str(&outcome.json).ok() };
    let writes = findings(call, &rules, &mut slots, subject, &outcome.json, &around, &related);
    Ok(Passed { changed, writes })
}

/// Refuses a deletion that a denyAction policy forbids.
///
/// # Errors
/// 403 `RequestDisallowedByPolicy`.
pub(crate) fn check_deletion(
    call: &Call<'_>,
    subject: Subject<'_>,
    held: &Held,
    action: Action,
) -> Result<(), ApiError> {
    let rules = call.plane.rules();
    if rules.governance.assignments().is_empty() || is_exempt(subject.kind) {
        return Ok(());
    }
    let key = fold(subject.id);
    let kind = fold(subject.kind);
    let around = Around::of(call, &key, subject.api_version);
    let shelf = Documents(call.plane);
    let related = RelatedResources::new(&shelf, &key, &kind);
    let document = held.value();
    let selected = around.selected(&key, subject, &held.body, &document);
    let mut slots = Slots::default();
    let mut refusing: Vec<PolicyId> = Vec::new();
    let governance = &rules.governance;
    let states = governance.states(&mut slots, &selected, &around.context, &related, &mut |state| {
        let definition = governance.program().policy(state.policy).definition();
        if state.effect == Some(Effect::DenyAction)
            && state.outcome == Outcome::Match
            && state.assignment.is_enforced()
            && state.state != Some(ComplianceState::Exempt)
            && blocks(definition, subject.kind, action)
        {
            refusing.push(state.policy);
        }
    });
    if states.is_err() || refusing.is_empty() {
        return Ok(());
    }
    let violations: Vec<Violation> = refusing
        .iter()
        .map(|policy| violation(governance, *policy, &mut slots, &selected.resource, &around.context))
        .collect();
    Err(disallowed(subject.id, &violations))
}

/// What surrounds a resource.
pub(crate) struct Around {
    pub(crate) context: Context,
    pub(crate) ancestors: Vec<String>,
}

impl Around {
    /// Of a folded key, for the caller of a request.
    pub(crate) fn of(call: &Call<'_>, key: &str, api_version: &str) -> Self {
        let authority = call.authority();
        let groups = authority.snapshot.directory().groups_of(&fold(&call.caller.object));
        let principal = Principal {
            user_id: call.caller.object.clone(),
            group_ids: Some(groups.into_iter().map(str::to_owned).collect()),
        };
        let mut around = Self::unasked(call.plane, key, call.now);
        around.context = around.context.with_api_version(api_version).with_principal(principal);
        around
    }

    /// Of a folded key, when nobody asks.
    pub(crate) fn unasked(plane: &ControlPlane, key: &str, now: jiff::Timestamp) -> Self {
        let id = IdRef::parse(key).ok();
        let subscription = id.and_then(IdRef::subscription_id).unwrap_or_default();
        let group = id.and_then(IdRef::resource_group);
        let read = |key: &str| plane.read(key).map(|held| held.body);
        let subscription_document = read(&format!("/subscriptions/{subscription}"));
        let group_document =
            group.and_then(|group| read(&format!("/subscriptions/{subscription}/resourceGroups/{group}")));
        let context = context_of(key, subscription_document.as_deref(), group_document.as_deref(), now);
        Self { context, ancestors: plane.authority().groups_above(subscription) }
    }

    /// A resource in these surroundings.
    pub(crate) fn selected<'a>(
        &'a self,
        key: &'a str,
        subject: Subject<'a>,
        json: &'a str,
        document: &'a Value,
    ) -> Selected<'a> {
        let api_version = Some(subject.api_version).filter(|version| !version.is_empty());
        Selected {
            resource: Resource { json, resource_type: Some(subject.kind), api_version },
            id: key,
            resource_type: subject.kind,
            location: document["location"].as_str(),
            ancestors: &self.ancestors,
        }
    }
}

/// Related resources, looked for in what the control plane holds: it holds everything there is.
pub(crate) struct Documents<'p>(pub(crate) &'p ControlPlane);

impl Shelf for Documents<'_> {
    fn below(&self, kind: &str, prefix: &str, visit: &mut dyn FnMut(&str, &str)) {
        for (key, held) in self.0.of_kind(kind, prefix) {
            visit(&key, &held.body);
        }
    }

    fn is_listed(&self, _: &str, _: &str) -> bool {
        true
    }
}

fn violation(
    governance: &Governance,
    policy: PolicyId,
    slots: &mut Slots,
    resource: &Resource<'_>,
    context: &Context,
) -> Violation {
    let explained = governance.program().explain(policy, slots, resource, context);
    governance.violation(policy, &explained.map(|explained| explained.evaluated).unwrap_or_default())
}

fn disallowed(id: &str, violations: &[Violation]) -> ApiError {
    let name = IdRef::parse(id).map(|id| id.name().to_owned()).unwrap_or_default();
    let body = request_disallowed(&name, violations);
    let error = &body["error"];
    let mut refusal = ApiError::new(
        StatusCode::FORBIDDEN,
        "RequestDisallowedByPolicy",
        error["message"].as_str().unwrap_or_default(),
    );
    refusal.target = Some(name.into());
    refusal.additional = error["additionalInfo"].as_array().cloned().unwrap_or_default();
    refusal
}

/// What is written down of a write that passed: an event for each policy that found it wanting, and a remediation for each that
/// deploys what is missing.
fn findings(
    call: &Call<'_>,
    rules: &Rules,
    slots: &mut Slots,
    subject: Subject<'_>,
    json: &str,
    around: &Around,
    related: &RelatedResources<'_>,
) -> Vec<Write> {
    let key = fold(subject.id);
    let document: Value = serde_json::from_str(json).unwrap_or_default();
    let selected = around.selected(&key, subject, json, &document);
    let mut writes = Vec::new();
    let governance = &rules.governance;
    // A document that is no object was refused before.
    let done = governance.states(slots, &selected, &around.context, related, &mut |state| {
        if state.state != Some(ComplianceState::NonCompliant) {
            return;
        }
        let Some(effect) = state.effect else { return };
        let policy = governance.program().policy(state.policy).context();
        match effect {
            Effect::Audit | Effect::AuditIfNotExists => {
                let details = json!([{
                    "policyDefinitionId": policy.definition_id,
                    "policyDefinitionEffect": effect.name(),
                    "policyAssignmentId": state.assignment.id,
                    "policyAssignmentScope": state.assignment.scope,
                    "policyDefinitionReferenceId": state.reference_id,
                    "policySetDefinitionId": policy.set_definition_id,
                }]);
                writes.push(event(
                    call,
                    &Event {
                        action: if effect == Effect::Audit {
                            "Microsoft.Authorization/policies/audit/action"
                        } else {
                            "Microsoft.Authorization/policies/auditIfNotExists/action"
                        },
                        resource: subject.id,
                        status: "Succeeded",
                        sub_status: "",
                        category: "Policy",
                        level: "Warning",
                        properties: json!({"policies": details.to_string(), "isComplianceCheck": "False", "resourceLocation": document["location"]}),
                    },
                ));
                writes.extend(policy_event(call, subject, &document, &state, &policy.definition_id, &policy.set_definition_id));
            }
            Effect::DeployIfNotExists if state.assignment.is_enforced() => {
                writes.extend(super::remediation::queue(call, subject.id, state.assignment, state.reference_id));
            }
            _ => {}
        }
    });
    drop(done);
    writes
}

/// The policy event, as `policyEvents/default/queryResults` shows it.
fn policy_event(
    call: &Call<'_>,
    subject: Subject<'_>,
    document: &Value,
    state: &azimuth_policy::PolicyState<'_>,
    definition_id: &str,
    set_id: &str,
) -> Option<Write> {
    let id = uuid::Uuid::new_v4();
    let parsed = IdRef::parse(subject.id).ok()?;
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let shown = json!({
        "@odata.id": null,
        "timestamp": format!("{:.7}", call.now),
        "resourceId": fold(subject.id),
        "policyAssignmentId": fold(&state.assignment.id),
        "policyAssignmentName": state.assignment.name,
        "policyAssignmentScope": state.assignment.scope,
        "policyDefinitionId": fold(definition_id),
        "policyDefinitionName": last(definition_id),
        "policyDefinitionAction": state.effect.map(Effect::name),
        "policyDefinitionReferenceId": state.reference_id,
        "policySetDefinitionId": fold(set_id),
        "policySetDefinitionName": last(set_id),
        "isCompliant": false,
        "complianceState": "NonCompliant",
        "subscriptionId": parsed.subscription_id(),
        "resourceType": subject.kind,
        "resourceLocation": document["location"],
        "resourceGroup": parsed.resource_group().map(|group| fold(group).into_owned()),
        "tenantId": call.plane.settings.tenant,
        "principalOid": call.caller.object,
    });
    let path = format!("policyevents/{:020}-{}", call.now.as_microsecond(), &id.to_string()[..8]);
    Some(Write::put(DocumentKey::azimuth(&path).ok()?, shown.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_ins_unpack() {
        let id = "/providers/microsoft.authorization/POLICYDEFINITIONS/e56962a6-4747-49cd-b67b-bf8b01975c4c";
        let text = built_in(id).unwrap();
        let definition: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(definition["properties"]["displayName"], "Allowed locations");
        let definitions = built_ins("/providers/microsoft.authorization/policydefinitions/").count();
        let initiatives = built_ins("/providers/microsoft.authorization/policysetdefinitions/").count();
        assert!(definitions > 3_000 && initiatives > 100, "{definitions} {initiatives}");
    }
}
