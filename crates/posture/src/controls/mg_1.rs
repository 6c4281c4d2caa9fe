//! MG-1: new subscriptions get policies and permissions as they are added.


use azimuth_estate::hierarchy::{ManagementGroup, inherited};
use azimuth_ids::{IdRef, eq_fold, fold};
use hashbrown::HashSet;
use serde::Deserialize;
use serde_json::Value;

use super::{GUIDANCE, mg_2};
use crate::body::{self, Text};
use crate::command;
use crate::context::{Assignment, Context, POLICY_ASSIGNMENTS};
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
        EvidenceNeed {
            what: "Role assignments of the management groups",
            command: "az role assignment list --scope {group}",
        },
    ],
    decided: "A default management group must be set and must not be the root. For each group that is a leaf or \
        holds subscriptions, a hypothetical new subscription in it must inherit at least one policy assignment \
        in force (not `DoNotEnforce`, not excluded by `notScopes`) and at least one role assignment. If every \
        policy assignment in force is narrowed by resource selectors, it is unknown.",
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

fn inheritance(context: &Context<'_>, findings: &mut Findings) {
    let hierarchy = context.snapshot().hierarchy();
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(findings, id);
    }
    let (narrowed, in_force): (Vec<&Assignment>, Vec<&Assignment>) = policies
        .assignments
        .iter()
        .filter(|assignment| assignment.in_force)
        .partition(|assignment| assignment.narrowed);
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
        let mut chain = vec![group.id()];
        chain.extend(hierarchy.above(group.name()).map(ManagementGroup::id));
        let no_policy = inherited(&chain, in_force.iter().copied()).is_empty();
        let no_role = !role_scopes.contains("/") && !chain.iter().any(|at| role_scopes.contains(&*fold(at)));
        let checks = [
            (no_policy, "policyAssignments", POLICY_ASSIGNMENTS, "policy", "a policy assignment in force"),
            (no_role, "roleAssignments", ROLE_ASSIGNMENTS, "role", "a role assignment"),
        ];
        for (lacking, path, kind, word, wanted) in checks {
            if !lacking {
                continue;
            }
            if hierarchy.certain_ancestors(group.name()).is_none() {
                mg_2::unplaced(findings, context);
                continue;
            }
            match chain.iter().find(|at| !context.lists(kind, at)) {
                Some(at) => {
                    let command = command::list(&format!("az {word} assignment list --scope {at}"), kind);
                    findings.miss(format!("the complete list of {word} assignments"), Some(at), command, 1);
                }
                // Noted above: the assignment may be the one that is in force.
                None if kind == POLICY_ASSIGNMENTS && policies.is_unread_at(&chain) => {}
                None if kind == POLICY_ASSIGNMENTS && !inherited(&chain, narrowed.iter().copied()).is_empty() => {
                    findings.miss(
                        "a policy assignment in force that no resource selector narrows",
                        Some(&group.id()),
                        format!("az policy assignment list --scope {}", group.id()),
                        1,
                    );
                }
                None => findings.violate(Counterexample {
                    object: group.id(),
                    path: path.to_owned(),
                    seen: Value::Null,
                    wanted: format!("{wanted} at the group or above it"),
                    note: Some("a new subscription in this group would inherit none".to_owned()),
                    fix: Some(format!("az {word} assignment create --scope {} …", group.id())),
                }),
            }
        }
    }
}
