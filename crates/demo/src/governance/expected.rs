//! What a check of the governance controls must find in a plan: the rules of decision record 0002 on the plan
//! itself, so that flaws which bring others with them are listed completely.

use super::assignments::{PolicyAssignment, Scope};
use super::plant::Governance;
use crate::flaws::Flaw;
use crate::plan::Plan;

/// The flaws of MG-1 to MG-4, PO-1 and PO-2.
pub(crate) fn expected_flaws(plan: &Plan, governance: &Governance) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut add = |control, object, path| flaws.push(Flaw { control, object, path });
    if governance.default_group.is_none_or(|group| group == 0) {
        add("MG-1", format!("{}/settings/default", plan.root_id()), "$.properties.defaultManagementGroup");
    }
    for group in 0..plan.groups.len() {
        let id = plan.group_id(group);
        if takes_subscriptions(plan, group) {
            if !governance.assignments.iter().any(|assignment| covers_group(plan, assignment, group)) {
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
    let mut assigned = vec![false; plan.subscriptions.len()];
    for assignment in governance.assignments.iter().filter(|assignment| assignment.enforced) {
        if let Scope::Subscription(index) = assignment.scope {
            assigned[index] = true;
        }
    }
    for (index, subscription) in plan.subscriptions.iter().enumerate() {
        let inherited = |assignment: &PolicyAssignment| {
            covers_group(plan, assignment, subscription.group) && !assignment.excluded.contains(&index)
        };
        if subscription.state() == "Enabled"
            && !assigned[index]
            && !governance.group_assignments().any(inherited)
        {
            add("PO-1", subscription.scope(), "policyAssignments");
        }
    }
    flaws
}

impl Governance {
    fn group_assignments(&self) -> impl Iterator<Item = &PolicyAssignment> {
        self.assignments.iter().filter(|assignment| matches!(assignment.scope, Scope::Group(_)))
    }
}

/// Whether an assignment is in force for all that comes under a group.
fn covers_group(plan: &Plan, assignment: &PolicyAssignment, group: usize) -> bool {
    assignment.enforced && plan.group_chain(group).any(|at| assignment.scope == Scope::Group(at))
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
            let wanted: BTreeSet<_> = ["MG-1", "MG-2", "MG-3", "MG-4", "PO-1", "PO-2"].into();
            assert_eq!(controls, wanted, "seed {seed}");
        }
    }
}
