//! The plan of governance: a clean one, and the ways in which seeds break it.

use super::assignments::{Exemption, Owner, PolicyAssignment, Scope};
use super::catalogue::Definition;
use super::roles::{Role, RoleAssignment};
use crate::plan::{Plan, Purpose};
use crate::rng::{Rng, guid};

/// A user whose account is disabled, in every estate: see how the directory disables accounts.
const FORMER_USER: usize = 23 * 5 + 7;

/// What is set at management groups and subscriptions.
#[derive(Clone, Debug)]
pub(crate) struct Governance {
    /// Index of the group that new subscriptions come to; none if the setting was never made.
    pub(crate) default_group: Option<usize>,
    pub(crate) assignments: Vec<PolicyAssignment>,
    /// Role assignments at the root, at `/` and at groups.
    pub(crate) roles: Vec<RoleAssignment>,
    /// Segments that the company declares; a plan may lack one.
    pub(crate) declared: Vec<String>,
    pub(crate) exemptions: Vec<Exemption>,
    /// The group where a rule holds that no policy stands for.
    pub(crate) orphan_rule: Option<usize>,
}

/// Plans governance; with `planting`, breaks each governance control at least once and changes `plan` where the
/// flaw is one of the hierarchy.
pub(crate) fn plan_governance(plan: &mut Plan, planting: bool) -> Governance {
    let mut rng = Rng::new(plan.seed, "governance", 0);
    let root_baseline = rng.chance(2, 5);
    let sandbox = index_of(plan, "contoso-sandbox");
    let mut governance = Governance {
        default_group: Some(sandbox),
        assignments: Vec::new(),
        roles: Vec::new(),
        declared: plan.segments.clone(),
        exemptions: Vec::new(),
        orphan_rule: None,
    };
    clean(plan, &mut governance, &mut rng, root_baseline);
    if planting {
        let alone = break_access(plan, &mut governance, &mut rng, root_baseline);
        break_hierarchy(plan, &mut governance, &mut rng);
        break_register(plan, &mut governance, &mut rng);
        break_policy(plan, &mut governance, &mut rng);
        break_ownership(&mut governance, &mut rng);
        let exempt = break_coverage(plan, &mut governance, &mut rng);
        // What stands at the root now is lifted where nothing is to be inherited.
        for at in alone.into_iter().chain(exempt) {
            lift(plan, &mut governance, at);
        }
    }
    waivers(plan, &mut governance, &mut rng);
    grant(plan, &mut governance);
    governance
}

/// Audit everywhere, groups as holders of access, and innocent look-alikes of every governance flaw.
fn clean(plan: &Plan, governance: &mut Governance, rng: &mut Rng, root_baseline: bool) {
    let root = Scope::Group(0);
    if root_baseline {
        governance.assignments.push(PolicyAssignment::new(root, "baseline", Definition::Baseline));
        governance.roles.push(group_role(plan, 0, Role::Reader, 0));
    }
    // A denying policy that is only tried out, and one whose effect the assignment turns into audit.
    governance.assignments.push(
        PolicyAssignment::new(root, "allowed-regions-trial", Definition::AllowedLocations).not_enforced(),
    );
    if root_baseline {
        governance.assignments.push(
            PolicyAssignment::new(root, "no-public-address", Definition::NoPublicAddressOnInterfaces)
                .with_effect("Audit"),
        );
        // Strong roles in the hands of groups, and a person who only reads.
        governance.roles.push(group_role(plan, 0, Role::AccessAdministrator, 2));
        let mut narrowed = group_role(plan, 0, Role::Owner, 3);
        narrowed.condition = true;
        governance.roles.push(narrowed);
        governance.roles.push(user_role(plan, Some(0), Role::SecurityReader, 3));
        governance.roles.push(group_role(plan, 0, Role::Owner, 1));
    }
    for group in 1..plan.groups.len() {
        let scope = Scope::Group(group);
        if plan.groups[group].parent == Some(0) {
            let baseline = PolicyAssignment::new(scope, "baseline", Definition::Baseline);
            governance.assignments.push(if rng.chance(1, 2) { baseline.changed() } else { baseline });
            governance.assignments.push(PolicyAssignment::new(scope, "guardrails", Definition::Guardrails));
            governance.roles.push(group_role(plan, group, Role::Reader, 2 + group));
            governance.roles.push(group_role(plan, group, Role::Contributor, 3 + group));
        } else {
            governance.assignments.push(
                PolicyAssignment::new(scope, "inherit-cost-centre", Definition::InheritTag).not_enforced(),
            );
            governance.roles.push(group_role(plan, group, Role::SecurityReader, 4 + group));
        }
    }
    for index in 0..plan.subscriptions.len() {
        if rng.chance(1, 3) {
            let definition =
                *rng.pick(&[Definition::SecureTransfer, Definition::OwnerTag, Definition::ManagedDisks]);
            governance.assignments.push(PolicyAssignment::new(
                Scope::Subscription(index),
                "audit-own",
                definition,
            ));
        }
    }
}

/// MG-1 and MG-4, which must not undo each other: what stands at the root is inherited by all. Returns the group that
/// must inherit no policy.
fn break_access(
    plan: &mut Plan,
    governance: &mut Governance,
    rng: &mut Rng,
    root_baseline: bool,
) -> Option<Scope> {
    let kind = rng.below(if root_baseline { 2 } else { 4 });
    let mut alone = None;
    match kind {
        0 => governance.default_group = Some(0),
        1 => governance.default_group = None,
        2 | 3 => {
            let leaf = plan.add_group("contoso-ventures".to_owned(), "Ventures", Some(0));
            governance.declared.push("contoso-ventures".to_owned());
            if kind == 2 {
                alone = Some(Scope::Group(leaf));
                governance.roles.push(group_role(plan, leaf, Role::Reader, 5));
            } else {
                governance.assignments.push(PolicyAssignment::new(
                    Scope::Group(leaf),
                    "baseline",
                    Definition::Baseline,
                ));
            }
        }
        _ => unreachable!("four kinds"),
    }
    let by_role = kind == 2 || kind != 3 && rng.chance(1, 2);
    if by_role {
        let scope = rng.chance(1, 2).then_some(0);
        let role = *rng.pick(&[Role::Owner, Role::Owner, Role::Contributor, Role::AccessAdministrator]);
        governance.roles.push(if rng.chance(1, 2) {
            user_role(plan, scope, role, 4)
        } else {
            RoleAssignment::new(scope, role, guid(plan.seed, "automation", 0), "ServicePrincipal")
        });
    } else {
        // An identity at the root would hold a role in the group that must have none.
        let denying = match rng.below(if kind == 3 { 3 } else { 4 }) {
            0 => PolicyAssignment::new(Scope::Group(0), "require-cost-centre", Definition::RequireTag),
            1 => PolicyAssignment::new(Scope::Group(0), "guardrails", Definition::Guardrails)
                .with_effect("Deny"),
            2 => PolicyAssignment::new(
                Scope::Group(0),
                "public-address",
                Definition::NoPublicAddressOnInterfaces,
            ),
            _ => PolicyAssignment::new(Scope::Group(0), "inherit-cost-centre", Definition::InheritTag),
        };
        governance.assignments.push(if rng.chance(1, 2) { denying.changed() } else { denying });
    }
    alone
}

/// PO-4 and MG-5: an assignment at the root that nobody tried, a rule without a policy, a policy without a rule.
fn break_register(plan: &Plan, governance: &mut Governance, rng: &mut Rng) {
    let root = Scope::Group(0);
    let owners = PolicyAssignment::new(root, "owner-tags", Definition::OwnerTag).untried();
    governance.assignments.push(if rng.chance(1, 2) { owners.changed() } else { owners });
    if rng.chance(1, 2) {
        governance.orphan_rule = Some(index_of(plan, "contoso-sandbox"));
    } else {
        let group = Scope::Group(plan.subscriptions[workload(plan, rng)].group);
        let names = PolicyAssignment::new(group, "legacy-names", Definition::LegacyNames);
        governance.assignments.push(names);
    }
}

/// PO-3: assignments of nobody, of somebody who has left, and with a review that is overdue.
fn break_ownership(governance: &mut Governance, rng: &mut Rng) {
    let first = rng.below(governance.assignments.len());
    for (index, assignment) in governance.assignments.iter_mut().enumerate() {
        if index != first && !rng.chance(1, 40) {
            continue;
        }
        match rng.below(3) {
            0 => assignment.owner = Owner::Nobody,
            1 => assignment.owner = Owner::User(FORMER_USER),
            _ => assignment.overdue = true,
        }
    }
}

/// PO-1 by exemption: a subscription that every assignment above it lets off, and that has none of its own but one
/// that is switched off.
fn break_coverage(plan: &Plan, governance: &mut Governance, rng: &mut Rng) -> Option<Scope> {
    let free = (0..plan.subscriptions.len()).find(|&index| {
        plan.subscriptions[index].purpose == Purpose::Workload
            && !governance.assignments.iter().any(|one| one.scope == Scope::Subscription(index))
    })?;
    if !rng.chance(1, 2) {
        return None;
    }
    let scope = Scope::Subscription(free);
    let off = PolicyAssignment::new(scope, "security-baseline", Definition::SecureTransfer);
    governance.assignments.push(off.with_effect("Disabled"));
    Some(scope)
}

/// Exempts a scope from every assignment in force above it.
fn lift(plan: &Plan, governance: &mut Governance, at: Scope) {
    let above = scopes_above(plan, at);
    for (index, assignment) in governance.assignments.iter().enumerate() {
        if assignment.enforced && above.contains(&assignment.scope) {
            let exemption = Exemption { at: at.id(plan), whole: Some(at), assignment: index, expired: false };
            governance.exemptions.push(exemption);
        }
    }
}

/// The scopes from which a scope inherits, not itself.
pub(crate) fn scopes_above(plan: &Plan, at: Scope) -> Vec<Scope> {
    let (group, skip) = match at {
        Scope::Group(group) => (group, 1),
        Scope::Subscription(index) => (plan.subscriptions[index].group, 0),
    };
    plan.group_chain(group).skip(skip).map(Scope::Group).collect()
}

/// Exemptions that take no subscription out: of one resource group, from a trial, or run out long ago.
fn waivers(plan: &Plan, governance: &mut Governance, rng: &mut Rng) {
    for (index, assignment) in governance.assignments.iter().enumerate() {
        let Scope::Group(group) = assignment.scope else { continue };
        let below = (0..plan.subscriptions.len()).find(|&index| {
            let subscription = &plan.subscriptions[index];
            subscription.purpose == Purpose::Workload
                && plan.group_chain(subscription.group).any(|at| at == group)
        });
        let (Some(subscription), true) = (below, rng.chance(1, 3)) else { continue };
        let scope = plan.subscriptions[subscription].scope();
        let expired = assignment.enforced && rng.chance(1, 2);
        let at = match assignment.enforced && !expired {
            true => format!("{scope}/resourceGroups/rg-network"),
            false => scope,
        };
        let whole = (!assignment.enforced).then_some(Scope::Subscription(subscription));
        governance.exemptions.push(Exemption { at, whole, assignment: index, expired });
    }
}

/// MG-2 and MG-3.
fn break_hierarchy(plan: &mut Plan, governance: &mut Governance, rng: &mut Rng) {
    match rng.below(3) {
        0 => {
            let workload = workload(plan, rng);
            plan.subscriptions[workload].group = 0;
        }
        1 => {
            let group = plan.add_group("contoso-legacy".to_owned(), "Legacy", Some(0));
            let scope = Scope::Group(group);
            governance.assignments.push(PolicyAssignment::new(scope, "baseline", Definition::Baseline));
            governance.roles.push(group_role(plan, group, Role::Reader, 6));
        }
        _ => governance.declared.push("contoso-aftersales".to_owned()),
    }
    let third_level: Vec<usize> =
        (0..plan.groups.len()).filter(|&group| plan.group_chain(group).count() == 3).collect();
    let parent = *rng.pick(&third_level);
    let name = format!("{}-team-a", plan.groups[parent].name);
    let fourth = plan.add_group(name.clone(), "Team A", Some(parent));
    if rng.chance(1, 3) {
        plan.add_group(format!("{name}-lab"), "Team A lab", Some(fourth));
    }
}

/// PO-1 by exclusion, and PO-2.
fn break_policy(plan: &Plan, governance: &mut Governance, rng: &mut Rng) {
    let count = 1 + plan.subscriptions.len() / 200;
    for number in 0..count {
        let scope = Scope::Subscription(workload(plan, rng));
        let name = format!("enforce-{number:02}");
        governance.assignments.push(match rng.below(4) {
            0 => PolicyAssignment::new(scope, name, Definition::RequireTag),
            1 => PolicyAssignment::new(scope, name, Definition::SecureTransfer).with_effect("Deny"),
            2 => PolicyAssignment::new(scope, name, Definition::InheritTag),
            _ => PolicyAssignment::new(scope, name, Definition::Guardrails).with_effect("Deny"),
        });
        if rng.chance(1, 2) {
            let scope = Scope::Subscription(workload(plan, rng));
            let name = format!("promoted-{number:02}");
            governance.assignments.push(PolicyAssignment::new(scope, name, Definition::RequireTag).changed());
        }
    }
    for _ in 0..count {
        let free: Vec<usize> = (0..plan.subscriptions.len())
            .filter(|&index| plan.subscriptions[index].purpose == Purpose::Workload)
            .filter(|&index| {
                !governance
                    .assignments
                    .iter()
                    .any(|assignment| assignment.scope == Scope::Subscription(index))
            })
            .collect();
        let index = match free.is_empty() {
            true => {
                // Every workload has assignments of its own: withdraw those of the first that only audits.
                let index = audited_only(plan, governance);
                governance.assignments.retain(|assignment| assignment.scope != Scope::Subscription(index));
                index
            }
            false => *rng.pick(&free),
        };
        let above: Vec<usize> = plan.group_chain(plan.subscriptions[index].group).collect();
        for assignment in &mut governance.assignments {
            if assignment.enforced && above.iter().any(|&group| assignment.scope == Scope::Group(group)) {
                assignment.excluded.push(index);
                assignment.excluded.sort_unstable();
                assignment.excluded.dedup();
            }
        }
    }
}

fn audited_only(plan: &Plan, governance: &Governance) -> usize {
    let enforcing = |index: usize| {
        governance
            .assignments
            .iter()
            .any(|assignment| assignment.scope == Scope::Subscription(index) && assignment.enforces())
    };
    (0..plan.subscriptions.len())
        .rev()
        .filter(|&index| plan.subscriptions[index].purpose == Purpose::Workload)
        .find(|&index| !enforcing(index))
        .unwrap_or(0)
}

fn workload(plan: &Plan, rng: &mut Rng) -> usize {
    loop {
        let index = rng.below(plan.subscriptions.len());
        if plan.subscriptions[index].purpose == Purpose::Workload {
            return index;
        }
    }
}

fn index_of(plan: &Plan, name: &str) -> usize {
    plan.groups.iter().position(|group| group.name == name).expect("the plan made this group")
}

/// Gives the identities of assignments at groups the role that their definitions name; the roles of those at
/// subscriptions are only written, for no control looks at them.
fn grant(plan: &Plan, governance: &mut Governance) {
    let acting = governance.assignments.iter().filter_map(|assignment| match assignment.scope {
        Scope::Group(group) => Some((group, assignment.principal(plan)?)),
        Scope::Subscription(_) => None,
    });
    governance.roles.extend(acting.map(|(group, principal)| {
        RoleAssignment::new(Some(group), Role::Contributor, principal, "ServicePrincipal")
    }));
}

fn group_role(plan: &Plan, group: usize, role: Role, holder: usize) -> RoleAssignment {
    RoleAssignment::new(Some(group), role, plan.user_group_id(holder % 30), "Group")
}

fn user_role(plan: &Plan, group: Option<usize>, role: Role, user: usize) -> RoleAssignment {
    RoleAssignment::new(group, role, plan.user_id(user), "User")
}
