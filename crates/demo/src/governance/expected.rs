//! What a check of the governance controls must find in a plan: the rules of decision record 0002 on the plan
//! itself, so that flaws which bring others with them are listed completely.

use super::assignments::{Owner, PolicyAssignment, Scope};
use super::plant::{Governance, scopes_above};
use super::register::{ORPHAN_PATH, RULES, rules_of};
use crate::flaws::Flaw;
use crate::plan::Plan;

/// The flaws of MG-1 to MG-5 and PO-1 to PO-4.
pub(crate) fn expected_flaws(plan: &Plan, governance: &Governance) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut add = |control, object, path| flaws.push(Flaw { control, object, path });
    if governance.default_group.is_none_or(|group| group == 0) {
        add("MG-1", format!("{}/settings/default", plan.root_id()), "$.properties.defaultManagementGroup");
    }
    for group in 0..plan.groups.len() {
        let id = plan.group_id(group);
        if takes_subscriptions(plan, group) {
            let inherits = |(index, assignment): (usize, &PolicyAssignment)| {
                covers_group(plan, assignment, group) && !governance.lifts(plan, index, Scope::Group(group))
            };
            if !governance.assignments.iter().enumerate().any(inherits) {
                add("MG-1", id.clone(), "policyAssignments");
            }
            let above: Vec<usize> = plan.group_chain(group).collect();
            let holds = |at: Option<usize>| at.is_none_or(|at| above.contains(&at));
            if !governance.roles.iter().any(|role| holds(role.group)) {
                add("MG-1", id.clone(), "roleAssignments");
            }
        }
        let top_level = plan.groups[group].parent == Some(0);
        if top_level && !governance.declared.contains(&plan.groups[group].name) {
            add("MG-2", id.clone(), "$.properties.details.parent.id");
        }
        if plan.group_chain(group).count() > 3 {
            add("MG-3", id, "$.properties.details.parent.id");
        }
    }
    for subscription in plan.subscriptions.iter().filter(|subscription| subscription.group == 0) {
        add("MG-2", subscription.scope(), "$.properties.parent.id");
    }
    let present =
        |name: &String| plan.groups.iter().any(|group| group.parent == Some(0) && group.name == *name);
    if !governance.declared.iter().all(present) {
        add("MG-2", plan.root_id(), "segments");
    }
    for role in &governance.roles {
        let at_root = role.group.is_none_or(|group| group == 0);
        if at_root && role.principal_type != "Group" && role.role.writes_everything() && !role.condition {
            add("MG-4", role.id(plan), "$.properties.principalId");
        }
    }
    for assignment in governance.assignments.iter().filter(|assignment| assignment.enforces()) {
        if assignment.scope == Scope::Group(0) {
            add("MG-4", assignment.id(plan), "$.properties.policyDefinitionId");
        }
        if !assignment.updated {
            add("PO-2", assignment.id(plan), "$.properties.enforcementMode");
        }
    }
    for assignment in governance.assignments.iter().filter(|assignment| assignment.is_on()) {
        let id = assignment.id(plan);
        if assignment.owner != Owner::Team {
            add("PO-3", id.clone(), "$.properties.metadata.owner");
        }
        if assignment.overdue {
            add("PO-3", id.clone(), "$.properties.metadata.reviewDate");
        }
        if assignment.scope == Scope::Group(0) && assignment.enforced && !assignment.tried {
            let path = match assignment.updated {
                true => "$.properties.metadata.updatedOn",
                false => "$.properties.metadata.createdOn",
            };
            add("MG-5", id, path);
        }
        let in_force = assignment.enforced && assignment.definition.members().is_empty();
        if in_force && rules_of(assignment.definition).next().is_none() {
            add("PO-4", assignment.definition.id(&plan.root_id()), "$.properties.metadata.rules");
        }
    }
    for (index, subscription) in plan.subscriptions.iter().enumerate() {
        if subscription.state() != "Enabled" {
            continue;
        }
        let governing: Vec<&PolicyAssignment> = governance.governing(plan, index);
        if governing.is_empty() {
            add("PO-1", subscription.scope(), "policyAssignments");
        }
        for rule in &RULES {
            if !governing.iter().any(|assignment| assignment.definition.holds(rule.upheld_by)) {
                add("PO-4", subscription.scope(), rule.path);
            }
        }
        let orphan = |group: usize| plan.group_chain(subscription.group).any(|at| at == group);
        if governance.orphan_rule.is_some_and(orphan) {
            add("PO-4", subscription.scope(), ORPHAN_PATH);
        }
    }
    flaws
}

impl Governance {
    /// The assignments that govern a subscription.
    fn governing(&self, plan: &Plan, index: usize) -> Vec<&PolicyAssignment> {
        let at = Scope::Subscription(index);
        let group = plan.subscriptions[index].group;
        let governs = |(place, assignment): &(usize, &PolicyAssignment)| {
            let own = assignment.scope == at && assignment.enforced && assignment.is_on();
            (own || covers_group(plan, assignment, group) && !assignment.excluded.contains(&index))
                && !self.lifts(plan, *place, at)
        };
        self.assignments.iter().enumerate().filter(governs).map(|(_, assignment)| assignment).collect()
    }

    /// Whether an exemption takes a scope out of an assignment.
    fn lifts(&self, plan: &Plan, assignment: usize, at: Scope) -> bool {
        let above = scopes_above(plan, at);
        self.exemptions.iter().any(|exemption| {
            exemption.assignment == assignment
                && !exemption.expired
                && exemption.whole.is_some_and(|scope| scope == at || above.contains(&scope))
        })
    }
}

/// Whether an assignment is in force for all that comes under a group.
fn covers_group(plan: &Plan, assignment: &PolicyAssignment, group: usize) -> bool {
    assignment.enforced
        && assignment.is_on()
        && plan.group_chain(group).any(|at| assignment.scope == Scope::Group(at))
}

/// Whether new subscriptions come to the group: it is a leaf, or holds some already.
fn takes_subscriptions(plan: &Plan, group: usize) -> bool {
    let is_parent = plan.groups.iter().any(|other| other.parent == Some(group));
    !is_parent || plan.subscriptions.iter().any(|subscription| subscription.group == group)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::plan_governance;
    use super::*;

    #[test]
    fn a_clean_plan_has_no_flaw() {
        for seed in 0..200 {
            let mut plan = Plan::new(seed, 600);
            let governance = plan_governance(&mut plan, false);
            assert_eq!(expected_flaws(&plan, &governance), []);
        }
    }

    #[test]
    fn every_governance_control_is_broken() {
        for seed in 0..200 {
            let mut plan = Plan::new(seed, 600);
            let governance = plan_governance(&mut plan, true);
            let controls: BTreeSet<_> =
                expected_flaws(&plan, &governance).iter().map(|flaw| flaw.control).collect();
            let wanted: BTreeSet<_> =
                ["MG-1", "MG-2", "MG-3", "MG-4", "MG-5", "PO-1", "PO-2", "PO-3", "PO-4"].into();
            assert_eq!(controls, wanted, "seed {seed}");
        }
    }
}
