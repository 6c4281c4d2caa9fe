//! MG-1: new subscriptions get policies and permissions as they are added.

use azimuth_estate::hierarchy::ManagementGroup;
use azimuth_ids::{IdRef, eq_fold, fold};
use hashbrown::HashSet;
use serde::Deserialize;
use serde_json::Value;

use super::{Coverage, GUIDANCE, coverage, mg_2, unresolved};
use crate::body::{self, Text};
use crate::command;
use crate::context::{Context, POLICY_ASSIGNMENTS, Place};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const GROUPS: &str = "Microsoft.Management/managementGroups";
pub(super) const ROLE_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
const SETTINGS: &str = "Microsoft.Management/managementGroups/settings";

pub(super) const CONTROL: Control = Control {
    id: "MG-1",
    title: "A new subscription inherits policies and permissions wherever it is added",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "Subscriptions are created faster than they are reviewed. What they inherit on their first day is the \
        only protection that nobody can forget.",
    evidence: &[
        EvidenceNeed {
            what: "The management group hierarchy",
            command: "az account management-group show --name {root} --expand --recurse",
        },
        EvidenceNeed {
            what: "Hierarchy settings",
            command: "az account management-group hierarchy-settings list --name {root}",
        },
        EvidenceNeed {
            what: "Policy assignments of the management groups",
            command: "az policy assignment list --scope {group}",
        },
        EvidenceNeed { what: "The assigned definitions and sets, built-in ones too", command: "az policy definition list" },
        EvidenceNeed {
            what: "Policy exemptions of the management groups",
            command: "az policy exemption list --scope {group}",
        },
        EvidenceNeed {
            what: "Role assignments of the management groups",
            command: "az role assignment list --scope {group}",
        },
    ],
    decided: "A default management group must be set and must not be the root. For each group that is a leaf or \
        holds subscriptions, a hypothetical new subscription is put into it: it must be governed by at least one \
        policy assignment (enforcement mode `Default`, not excluded by `notScopes`, not exempt, with an effect that \
        is not `disabled` through initiative, parameters and overrides) and inherit at least one role assignment. If \
        every policy assignment in force is narrowed by resource selectors, or a definition is not in the estate, \
        it is unknown.",
    fix: "Set the default management group to one that carries the baseline, and assign the baseline \
        initiative and the roles of the platform team at the intermediate group below the root.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Protect your resource hierarchy",
            url: "https://learn.microsoft.com/azure/governance/management-groups/how-to/protect-resource-hierarchy",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsShape<'a> {
    #[serde(borrow, default)]
    default_management_group: Text<'a>,
}

/// The id of a management group.
pub(super) fn group_id(name: &str) -> String {
    format!("/providers/{GROUPS}/{name}")
}

/// Notes it when the hierarchy is not known to be complete; the root, if there is one.
pub(super) fn hierarchy<'a>(context: &Context<'a>, findings: &mut Findings) -> Option<&'a ManagementGroup> {
    let hierarchy = context.snapshot().hierarchy();
    let root = hierarchy.root();
    let id = root.map_or_else(|| "/".to_owned(), ManagementGroup::id);
    if !context.lists(GROUPS, &id) {
        let name = root.map_or("{tenant id}", ManagementGroup::name);
        let az = format!("az account management-group show --name {name} --expand --recurse");
        findings.miss_once("the complete management group hierarchy", Some(&id), command::list(&az, GROUPS));
    }
    root
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    if let Some(root) = hierarchy(context, &mut findings) {
        default_group(context, &mut findings, root);
        inheritance(context, &mut findings);
    }
    findings.verdict("the tenant has no management groups")
}

fn default_group(context: &Context<'_>, findings: &mut Findings, root: &ManagementGroup) {
    let object = format!("{}/settings/default", root.id());
    let setting = IdRef::parse(&object).ok().and_then(|id| context.snapshot().resource(id));
    let read = match setting.map(body::read::<SettingsShape<'_>>) {
        Some(Ok(read)) => Some(read),
        Some(Err(_)) => return context.unreadable(findings, &object),
        None if context.lists(SETTINGS, &root.id()) => None,
        None => {
            let az = format!("az account management-group hierarchy-settings list --name {}", root.name());
            findings.miss_once("the hierarchy settings", Some(&root.id()), command::list(&az, SETTINGS));
            return;
        }
    };
    let default = read.map(|read| read.properties.default_management_group.to_string()).unwrap_or_default();
    let name = default.rsplit('/').next().unwrap_or_default();
    findings.check("default management groups", 1);
    if name.is_empty() || eq_fold(name, root.name()) {
        findings.violate(Counterexample {
            object,
            path: "$.properties.defaultManagementGroup".to_owned(),
            seen: if name.is_empty() { Value::Null } else { Value::from(default) },
            wanted: "a group below the root".to_owned(),
            note: Some("new subscriptions land directly under the root".to_owned()),
            fix: Some(format!(
                "az account management-group hierarchy-settings create --name {} --default-management-group \
                 '<group>'",
                root.name()
            )),
        });
    }
}

/// A subscription that is not there.
const NEW: &str = "/subscriptions/00000000-0000-0000-0000-000000000000";

fn inheritance(context: &Context<'_>, findings: &mut Findings) {
    let hierarchy = context.snapshot().hierarchy();
    let policies = context.policies();
    for id in policies.unreadable.iter().chain(&policies.unreadable_exemptions) {
        context.unreadable(findings, id);
    }
    let role_scopes: HashSet<String> = context
        .snapshot()
        .of_type(ROLE_ASSIGNMENTS)
        .filter_map(|entry| Some(fold(entry.resource_id()?.parent()?.as_str()).into_owned()))
        .collect();
    for group in hierarchy.groups() {
        let receives = hierarchy.children(group.name()).is_empty()
            || !hierarchy.subscriptions_in(group.name()).is_empty();
        if !receives {
            continue;
        }
        findings.check("groups that may receive a subscription", 1);
        let mut ancestors = vec![group.id()];
        ancestors.extend(hierarchy.above(group.name()).map(ManagementGroup::id));
        let place = Place { id: NEW.to_owned(), ancestors };
        policy(context, findings, group, &place);
        let has_role =
            role_scopes.contains("/") || place.ancestors.iter().any(|at| role_scopes.contains(&*fold(at)));
        if !has_role && is_listed(context, findings, group, &place, ROLE_ASSIGNMENTS, "role") {
            violate(findings, group, "roleAssignments", "role", None);
        }
    }
}

fn policy(context: &Context<'_>, findings: &mut Findings, group: &ManagementGroup, place: &Place) {
    let policies = context.policies();
    let coverage = coverage(context, place);
    // What is above is what is asked about: nothing stands at a subscription that is not there.
    let above = Place { id: place.ancestors[0].clone(), ancestors: place.ancestors[1..].to_vec() };
    if matches!(coverage, Coverage::Governed) {
        context.needs_exemptions(findings, &above);
        return;
    }
    if !is_listed(context, findings, group, place, POLICY_ASSIGNMENTS, "policy") || policies.is_unread_at(&above) {
        return;
    }
    match coverage {
        Coverage::Governed => {}
        Coverage::Unresolved(assignments) => {
            for assignment in assignments {
                unresolved(findings, assignment);
            }
        }
        Coverage::Narrowed(_) => findings.miss(
            "a policy assignment in force that no resource selector narrows",
            Some(&group.id()),
            format!("az policy assignment list --scope {}", group.id()),
            1,
        ),
        Coverage::Nothing => {
            let why = policies.why_not(place, context.options().as_of);
            violate(findings, group, "policyAssignments", "policy", why);
        }
    }
}

/// Whether a list is known to hold everything that stands above; notes what is missing.
fn is_listed(
    context: &Context<'_>,
    findings: &mut Findings,
    group: &ManagementGroup,
    place: &Place,
    kind: &str,
    word: &str,
) -> bool {
    if context.snapshot().hierarchy().certain_ancestors(group.name()).is_none() {
        mg_2::unplaced(findings, context);
        return false;
    }
    let Some(at) = place.ancestors.iter().find(|at| !context.lists(kind, at)) else { return true };
    let command = command::list(&format!("az {word} assignment list --scope {at}"), kind);
    findings.miss(format!("the complete list of {word} assignments"), Some(at), command, 1);
    false
}

fn violate(
    findings: &mut Findings,
    group: &ManagementGroup,
    path: &str,
    word: &str,
    why: Option<String>,
) {
    let none = "a new subscription in this group would inherit none";
    findings.violate(Counterexample {
        object: group.id(),
        path: path.to_owned(),
        seen: Value::Null,
        wanted: match word {
            "policy" => "a policy assignment in force at the group or above it".to_owned(),
            _ => "a role assignment at the group or above it".to_owned(),
        },
        note: Some(why.map_or_else(|| none.to_owned(), |why| format!("{none}: {why}"))),
        fix: Some(format!("az {word} assignment create --scope {} …", group.id())),
    });
}
