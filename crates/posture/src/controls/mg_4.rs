//! MG-4: what is assigned at the root is needed everywhere and low in impact.

use azimuth_access::{ActionPattern, RoleDefinition, built_in_role};
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold};
use serde::Deserialize;
use serde_json::Value;

use super::{GUIDANCE, mg_1};
use crate::body::{self, Text};
use crate::context::{Context, POLICY_ASSIGNMENTS};
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "MG-4",
    title: "What is assigned at the root is needed everywhere and low in impact",
    area: Area::Governance,
    severity: Severity::High,
    why: "An assignment at the root reaches every resource of the organisation. One person who can write there \
        can take everything, and one wrong deny stops everyone.",
    evidence: &[
        EvidenceNeed {
            what: "Role assignments at the root group and above it",
            command: "az role assignment list --scope /providers/Microsoft.Management/managementGroups/{root} --include-inherited",
        },
        EvidenceNeed {
            what: "Policy assignments at the root group",
            command: "az policy assignment list --scope /providers/Microsoft.Management/managementGroups/{root}",
        },
        EvidenceNeed { what: "Role definitions", command: "az role definition list" },
        EvidenceNeed { what: "The assigned policy definitions and sets", command: "az policy definition list" },
    ],
    decided: "At the root group and at `/`: no user and no service principal may hold, by an assignment without \
        condition, a role whose actions include `*` or `*/write`; groups are counted as checked, because \
        their members are reviewed elsewhere. No policy assignment in force at the root may have an enforcing \
        effect (deny, denyAction, modify, append, deployIfNotExists), worked out through initiatives, \
        parameters and overrides; an effect that cannot be worked out is missing evidence.",
    fix: "Give roles at the root to role-assignable groups with just-in-time membership, move enforcing \
        policies to the intermediate group that carries the workloads, and leave audit policies at the root.",
    references: &[GUIDANCE],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentShape<'a> {
    #[serde(borrow, default)]
    principal_id: Text<'a>,
    #[serde(borrow, default)]
    principal_type: Text<'a>,
    #[serde(borrow, default)]
    role_definition_id: Text<'a>,
    #[serde(borrow, default)]
    condition: Text<'a>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(root) = mg_1::hierarchy(context, &mut findings) else {
        return findings.verdict("the tenant has no management groups");
    };
    let root_id = root.id();
    // Role assignments may also stand at the tenant; policy assignments end at the root group.
    for scope in [root_id.as_str(), "/"] {
        if !context.lists(mg_1::ROLE_ASSIGNMENTS, scope) {
            findings.miss(
                "the complete list of role assignments",
                Some(scope),
                format!("az role assignment list --scope {scope}"),
                1,
            );
        }
    }
    if !context.lists(POLICY_ASSIGNMENTS, &root_id) {
        let command = format!("az policy assignment list --scope {root_id}");
        findings.miss("the complete list of policy assignments", Some(&root_id), command, 1);
    }
    let at_root = |scope: &str| scope == "/" || eq_fold(scope, &root_id);
    for entry in context.snapshot().of_type(mg_1::ROLE_ASSIGNMENTS) {
        if entry.resource_id().and_then(IdRef::parent).is_some_and(|parent| at_root(parent.as_str())) {
            role(context, &mut findings, entry);
        }
    }
    policies(context, &mut findings, &at_root);
    findings.check("root management groups", 1);
    findings.verdict("")
}

fn role(context: &Context<'_>, findings: &mut Findings, entry: Entry<'_>) {
    findings.check("role assignments at the root", 1);
    let Ok(read) = body::read::<AssignmentShape<'_>>(entry) else {
        context.unreadable(findings, &entry.id());
        return;
    };
    let assignment = read.properties;
    let kind = principal_kind(context.snapshot(), &assignment);
    if kind == Some("group") || !assignment.condition.is_empty() {
        findings.check("of them to groups or with a condition", 1);
        return;
    }
    let definition = &*assignment.role_definition_id;
    let Some((name, writes)) = writes_everything(context.snapshot(), definition) else {
        findings.miss(
            "the definition of a role",
            Some(definition),
            format!("az role definition list --name {}", definition.rsplit('/').next().unwrap_or_default()),
            1,
        );
        return;
    };
    if !writes {
        return;
    }
    let Some(kind) = kind else {
        let principal = &*assignment.principal_id;
        let command = format!("az rest --method get --url 'https://graph.microsoft.com/v1.0/directoryObjects/{principal}'");
        findings.miss("what kind of principal holds a role at the root", Some(&entry.id()), command, 1);
        return;
    };
    let id = entry.id();
    findings.violate(Counterexample {
        object: id.to_string(),
        path: "$.properties.principalId".to_owned(),
        seen: Value::from(&*assignment.principal_id),
        wanted: "a group with reviewed, just-in-time membership".to_owned(),
        note: Some(format!("{kind} {} holds {name}", principal_name(context.snapshot(), &assignment))),
        fix: Some(format!("az role assignment delete --ids {id}")),
    });
}

/// The kind of principal: `user`, `service principal` or `group`; `None` if nothing says.
fn principal_kind(snapshot: &Snapshot, assignment: &AssignmentShape<'_>) -> Option<&'static str> {
    let written = &assignment.principal_type;
    if written.is("Group") || written.is("ForeignGroup") {
        return Some("group");
    }
    if written.is("User") {
        return Some("user");
    }
    if written.is("ServicePrincipal") || written.is("MSI") {
        return Some("service principal");
    }
    let directory = snapshot.directory();
    let id = &*assignment.principal_id;
    if directory.user(id).is_some() {
        Some("user")
    } else if directory.group(id).is_some() {
        Some("group")
    } else {
        directory.service_principal(id).map(|_| "service principal")
    }
}

fn principal_name(snapshot: &Snapshot, assignment: &AssignmentShape<'_>) -> String {
    let directory = snapshot.directory();
    let id = &*assignment.principal_id;
    let user = directory.user(id).map(|user| &*user.user_principal_name);
    let name = user.or_else(|| directory.service_principal(id).map(|principal| &*principal.display_name));
    name.filter(|name| !name.is_empty()).unwrap_or(id).to_owned()
}

/// Name of a role and whether it can write everything; `None` if the definition is not known.
fn writes_everything(snapshot: &Snapshot, definition: &str) -> Option<(String, bool)> {
    let guid = definition.rsplit('/').next().unwrap_or_default();
    // A definition is stored once and shown at every scope: its GUID is what counts.
    let documents = snapshot.of_type("Microsoft.Authorization/roleDefinitions");
    let own = documents
        .filter(|entry| eq_fold(entry.name(), guid))
        .find_map(|entry| RoleDefinition::from_json(&entry.value()).ok());
    let role = own.as_ref().or_else(|| built_in_role(guid))?;
    let everything = |list: &[ActionPattern]| {
        list.iter().any(|pattern| pattern.as_str() == "*" || eq_fold(pattern.as_str(), "*/write"))
    };
    let writes = role.permissions.iter().any(|permission| {
        permission.condition.is_none()
            && everything(&permission.actions)
            && !everything(&permission.not_actions)
    });
    Some((role.name.clone(), writes))
}

fn policies(context: &Context<'_>, findings: &mut Findings, at_root: &dyn Fn(&str) -> bool) {
    for id in &context.policies().unreadable {
        context.unreadable(findings, id);
    }
    for assignment in context.policies().assignments.iter().filter(|assignment| at_root(&assignment.scope)) {
        findings.check("policy assignments at the root", 1);
        if !assignment.in_force {
            findings.check("of them not enforced", 1);
        } else if assignment.effects.enforce() {
            let effects: Vec<&str> = assignment.effects.enforcing().collect();
            findings.violate(Counterexample {
                object: assignment.id.clone(),
                path: "$.properties.policyDefinitionId".to_owned(),
                seen: Value::from(assignment.definition.as_str()),
                wanted: "a definition or set that only audits at the root".to_owned(),
                note: Some(format!("effects in force: {}", effects.join(", "))),
                fix: Some(format!(
                    "az policy assignment update --name {} --scope {} --enforcement-mode DoNotEnforce",
                    assignment.id.rsplit('/').next().unwrap_or_default(),
                    assignment.scope
                )),
            });
        } else {
            unresolved(findings, &assignment.effects.unresolved);
        }
    }
}

/// Notes definitions whose effects could not be worked out.
pub(super) fn unresolved(findings: &mut Findings, definitions: &[String]) {
    for id in definitions {
        let name = id.rsplit('/').next().unwrap_or_default();
        let command = if id.to_ascii_lowercase().contains("/policysetdefinitions/") {
            format!("az policy set-definition show --name {name}")
        } else {
            format!("az policy definition show --name {name}")
        };
        findings.miss("a policy definition whose effect can be worked out", Some(id), command, 1);
    }
}
