//! The assignments in force at a scope, ready to judge templates.

use std::sync::Arc;

use azimuth_ids::fold;
use azimuth_policy::{
    Assignment, Catalogue, CompileOptions, Definition, Exemption, Governance, GovernanceError, Initiative,
};

use crate::rule::{RuleInfo, id_of};
use crate::ruleset::Ruleset;

/// Assignments with everything they need, compiled.
#[derive(Debug)]
pub struct Assigned {
    pub(crate) governance: Governance,
    pub(crate) set: Ruleset,
}

impl Assigned {
    /// Binds and compiles assignments. What cannot be used is left out and listed.
    pub fn new(
        catalogue: Arc<Catalogue>,
        definitions: &[Arc<Definition>],
        initiatives: Vec<Initiative>,
        assignments: Vec<Assignment>,
        exemptions: Vec<Exemption>,
    ) -> (Self, Vec<GovernanceError>) {
        let names: Vec<(String, String)> = assignments
            .iter()
            .map(|assignment| (fold(&assignment.id).into_owned(), assignment.name.clone()))
            .collect();
        let (governance, errors) = Governance::new(
            catalogue.clone(),
            definitions,
            initiatives,
            assignments,
            exemptions,
            &CompileOptions::default(),
        );
        let policies = governance.program().policies();
        let rules = policies.iter().map(|policy| {
            let context = policy.context();
            let folded = fold(&context.assignment_id);
            let assignment = names.iter().find(|(id, _)| *id == *folded).map(|(_, name)| name.clone());
            let assignment = assignment.unwrap_or_else(|| context.assignment_id.clone());
            let id = match context.definition_reference_id.as_str() {
                "" => assignment,
                reference => format!("{assignment}/{reference}"),
            };
            let own = id_of(policy.definition());
            RuleInfo::of(policy, if id.is_empty() { own.unwrap_or_default() } else { id }, false)
        });
        let set = Ruleset::new(catalogue, rules.collect(), policies);
        (Self { governance, set }, errors)
    }

    /// The policies of all assignments, as rules.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.set.rules
    }
}
