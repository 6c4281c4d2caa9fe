//! Names of policies and assignments as people know them.

use azimuth_policy::{Inventory, PolicyId, Scan};

/// What a policy of an assignment is called.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyName {
    /// The display name, or the name.
    pub(super) title: String,
    pub(super) definition_id: String,
    pub(super) definition_name: String,
    pub(super) version: Option<String>,
    pub(super) category: Option<String>,
    pub(super) reference_id: String,
    pub(super) groups: Vec<String>,
    /// The effect, if it does not depend on the resource.
    pub(super) effect: String,
    pub(super) set_id: String,
    /// The number of its assignment.
    pub(super) assignment: usize,
    /// What the assignment says to people whose resource does not comply.
    pub(super) message: Option<String>,
    pub(super) description: Option<String>,
}

/// What an assignment is called.
#[derive(Clone, Debug, Default)]
pub(super) struct AssignmentName {
    pub(super) id: String,
    pub(super) name: String,
    /// The display name, or the name.
    pub(super) title: String,
    pub(super) scope: String,
    pub(super) is_enforced: bool,
    pub(super) set_name: Option<String>,
    pub(super) set_category: Option<String>,
    pub(super) policies: usize,
}

/// Names by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) policies: Vec<PolicyName>,
    pub(super) assignments: Vec<AssignmentName>,
}

impl Names {
    pub(super) fn new(scan: &Scan<'_>, inventory: &Inventory) -> Self {
        let governance = scan.governance();
        let mut assignments: Vec<AssignmentName> = governance
            .assignments()
            .iter()
            .map(|assignment| {
                let set = inventory.initiative(&assignment.definition_id);
                AssignmentName {
                    id: assignment.id.clone(),
                    name: assignment.name.clone(),
                    title: assignment
                        .display_name
                        .clone()
                        .filter(|name| !name.is_empty())
                        .unwrap_or_else(|| assignment.name.clone()),
                    scope: assignment.scope.clone(),
                    is_enforced: assignment.is_enforced(),
                    set_name: set.and_then(|set| set.display_name.clone().or_else(|| set.name.clone())),
                    set_category: set.and_then(|set| category(&set.metadata)),
                    policies: 0,
                }
            })
            .collect();
        let policies = governance.program().policies().iter().enumerate().map(|(index, policy)| {
            let id = PolicyId(index as u32);
            let assignment = scan.assignment_of(id);
            let violation = governance.violation(id, &[]);
            assignments[assignment].policies += 1;
            let definition = policy.definition();
            let set = inventory.initiative(&violation.set_definition_id);
            let reference = set.and_then(|set| {
                set.references.iter().find(|known| known.reference_id == violation.reference_id)
            });
            PolicyName {
                title: definition
                    .display_name
                    .clone()
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| violation.definition_name.clone()),
                definition_id: violation.definition_id,
                definition_name: violation.definition_name,
                version: definition.version.clone(),
                category: category(&definition.metadata),
                groups: reference.map(|known| known.group_names.clone()).unwrap_or_default(),
                reference_id: violation.reference_id,
                effect: effect_shown(policy),
                set_id: violation.set_definition_id,
                assignment,
                message: violation.message,
                description: definition.description.clone(),
            }
        });
        let policies = policies.collect();
        Self { policies, assignments }
    }

    pub(super) fn policy(&self, id: PolicyId) -> &PolicyName {
        &self.policies[id.0 as usize]
    }
}

/// The effect as documented, or as the parameter spells it; `varies` if it depends on the resource.
fn effect_shown(policy: &azimuth_policy::Policy) -> String {
    let known = policy.effect().map(|effect| effect.name().to_owned());
    known.or_else(|| policy.effect_name()).unwrap_or_else(|| "varies".to_owned())
}

fn category(metadata: &azimuth_arm::Value) -> Option<String> {
    metadata.get("category").and_then(|value| value.as_str().map(str::to_owned))
}
