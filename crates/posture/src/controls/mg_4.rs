//! MG-4: what is assigned at the root is needed everywhere and low in impact.

use azimuth_access::condition::{AttributeValue, Attributes, Condition, Facts, Source, Truth};
use azimuth_access::{Plane, RoleDefinition, built_in_role};
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold};
use serde::Deserialize;
use serde_json::Value;

use super::{GUIDANCE, mg_1, unresolved};
use crate::body::{self, Text};
use crate::command;
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
    decided: "At the root group and at `/`: no user and no service principal may hold a role that writes or \
        deletes resources of every kind (six kinds of five providers are tried) or that gives roles to others; \
        a condition excuses what it certainly refuses, and what it may allow is unknown. Groups are counted as \
        checked, because their members are reviewed elsewhere. No policy assignment in force at the root may have an enforcing \
        effect (deny, denyAction, modify, mutate, append, addToNetworkGroup, deployIfNotExists), worked out through initiatives, \
        parameters and overrides; an effect that cannot be worked out is missing evidence. The note says how many \
        resources of the estate such an assignment would stop or change as they stand, exclusions and exemptions \
        counted.",
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
            let az = format!("az role assignment list --scope {scope}");
            let command = command::list(&az, mg_1::ROLE_ASSIGNMENTS);
            findings.miss_once("the complete list of role assignments", Some(scope), command);
        }
    }
    if !context.lists(POLICY_ASSIGNMENTS, &root_id) {
        let az = format!("az policy assignment list --scope {root_id}");
        let command = command::list(&az, POLICY_ASSIGNMENTS);
        findings.miss_once("the complete list of policy assignments", Some(&root_id), command);
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
    if kind == Some("group") {
        findings.check("of them to groups", 1);
        return;
    }
    let definition = &*assignment.role_definition_id;
    let Some((name, writes)) = with_role(context.snapshot(), definition, |role| {
        let condition = Some(&*assignment.condition).filter(|text| !text.is_empty()).map(Condition::new);
        (role.name.clone(), writes_everything(role, condition.as_ref()))
    }) else {
        findings.miss(
            "the definition of a role",
            Some(definition),
            format!("az role definition list --name {}", definition.rsplit('/').next().unwrap_or_default()),
            1,
        );
        return;
    };
    match writes {
        Truth::False => return,
        Truth::True => {}
        Truth::Unknown => {
            let id = entry.id();
            let command = format!("az role assignment list --all --query \"[?id=='{id}'].condition\"");
            findings.miss("what a condition leaves of a role at the root", Some(&id), command, 1);
            return;
        }
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

/// Something made of the role with an id; `None` if the definition is not known.
fn with_role<T>(snapshot: &Snapshot, definition: &str, make: impl Fn(&RoleDefinition) -> T) -> Option<T> {
    let guid = definition.rsplit('/').next().unwrap_or_default();
    // A definition is stored once and shown at every scope: its GUID is what counts.
    let documents = snapshot.of_type("Microsoft.Authorization/roleDefinitions");
    let own = documents
        .filter(|entry| eq_fold(entry.name(), guid))
        .find_map(|entry| RoleDefinition::from_json(&entry.value()).ok());
    own.as_ref().or_else(|| built_in_role(guid)).map(make)
}

/// Resources of many kinds: a role that writes or deletes all of them does so with everything.
const KINDS: [&str; 6] = [
    "Microsoft.Resources/subscriptions/resourceGroups",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Web/sites",
];

/// The action by which any role can be given to anyone, the caller among them.
const GIVE_ROLES: &str = "Microsoft.Authorization/roleAssignments/write";

/// Roles whose gift is the gift of everything: Owner, Contributor, User Access Administrator and Role Based Access
/// Control Administrator.
const POWERFUL: [&str; 4] = [
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
];

/// Whether a role, as far as the condition of its assignment lets it, writes everything, deletes everything, or can
/// give itself the right to.
fn writes_everything(role: &RoleDefinition, condition: Option<&Condition>) -> Truth {
    let nothing = Attributes::unknown();
    let each = |verb: &str| {
        all(KINDS.iter().map(|kind| grants(role, condition, &format!("{kind}/{verb}"), &nothing)))
    };
    any([each("write"), each("delete"), gives_roles(role, condition)].into_iter())
}

/// Whether the role lets its holder give a powerful role to some kind of principal.
fn gives_roles(role: &RoleDefinition, condition: Option<&Condition>) -> Truth {
    const ROLE: &str = "Microsoft.Authorization/roleAssignments:RoleDefinitionId";
    const PRINCIPAL: &str = "Microsoft.Authorization/roleAssignments:PrincipalType";
    let expression = condition.and_then(|condition| condition.expression().ok());
    let asks_for_others = expression.is_some_and(|expression| {
        let mut asked = expression.attributes().into_iter().filter(|one| one.source == Source::Request);
        asked.any(|one| !eq_fold(&one.name, ROLE) && !eq_fold(&one.name, PRINCIPAL))
    });
    if asks_for_others {
        // Which principals or descriptions would do is not known here.
        return grants(role, condition, GIVE_ROLES, &Attributes::unknown());
    }
    any(POWERFUL.iter().flat_map(|given| ["User", "ServicePrincipal", "Group"].map(|kind| (given, kind))).map(
        |(given, kind)| {
            let mut request = Attributes::unknown();
            request.set(Source::Request, ROLE, AttributeValue::Text((*given).to_owned()));
            request.set(Source::Request, PRINCIPAL, AttributeValue::Text(kind.to_owned()));
            grants(role, condition, GIVE_ROLES, &request)
        },
    ))
}

/// Whether a role under a condition grants an action.
fn grants(role: &RoleDefinition, condition: Option<&Condition>, action: &str, attributes: &Attributes) -> Truth {
    let holds = |condition: Option<&Condition>| {
        condition.map_or(Truth::True, |condition| condition.evaluate(&Facts { action, attributes }))
    };
    let covering = role.permissions.iter().filter(|entry| entry.covers(Plane::Control, action));
    any(covering.map(|entry| all([holds(entry.condition.as_ref()), holds(condition)].into_iter())))
}

/// False if one is, else unknown if one is.
fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    truths.fold(Truth::True, |so_far, truth| match (so_far, truth) {
        (Truth::False, _) | (_, Truth::False) => Truth::False,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        (Truth::True, Truth::True) => Truth::True,
    })
}

/// True if one is, else unknown if one is.
fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    truths.fold(Truth::False, |so_far, truth| match (so_far, truth) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        (Truth::False, Truth::False) => Truth::False,
    })
}

fn policies(context: &Context<'_>, findings: &mut Findings, at_root: &dyn Fn(&str) -> bool) {
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(findings, id);
    }
    let mut enforcing = Vec::new();
    for assignment in policies.assignments.iter().filter(|assignment| at_root(&assignment.scope)) {
        findings.check("policy assignments at the root", 1);
        if !assignment.in_force() {
            findings.check("of them not enforced", 1);
        } else if !assignment.enforcing().is_empty() {
            enforcing.push(assignment);
        } else {
            unresolved(findings, assignment);
        }
    }
    if enforcing.is_empty() {
        return;
    }
    for (assignment, impact) in enforcing.iter().zip(context.impact(&enforcing)) {
        let first = impact.first.map(|first| format!(", {first} first")).unwrap_or_default();
        findings.violate(Counterexample {
            object: assignment.id.clone(),
            path: "$.properties.policyDefinitionId".to_owned(),
            seen: Value::from(assignment.inner.definition_id.as_str()),
            wanted: "a definition or set that only audits at the root".to_owned(),
            note: Some(format!(
                "effects in force: {}; would stop or change {} of the {} resources that it is about, as they \
                 stand{first}",
                assignment.enforcing().join(", "),
                impact.hit,
                impact.judged
            )),
            fix: Some(format!(
                "az policy assignment update --name {} --scope {} --enforcement-mode DoNotEnforce",
                assignment.id.rsplit('/').next().unwrap_or_default(),
                assignment.scope
            )),
        });
    }
}
