//! What a set of compiled policies needs beside the program: what is known of each rule, and its parts on demand.

use std::sync::{Arc, Mutex, PoisonError};

use azimuth_policy::{Catalogue, Policy, PolicyId};
use hashbrown::HashMap;

use crate::probe::Probes;
use crate::reads::Reads;
use crate::rule::RuleInfo;

/// Most rules that are kept taken apart, each for one type.
const MAX_KEPT: usize = 20_000;

/// Rules by policy number.
#[derive(Debug)]
pub(crate) struct Ruleset {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) rules: Vec<RuleInfo>,
    reads: Vec<Reads>,
    probes: Mutex<HashMap<Key, Arc<Probes>>>,
}

type Key = (PolicyId, Part, Box<str>);

/// A condition of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// `policyRule.if`
    Rule,
    /// `details.existenceCondition`
    Existence,
}

impl Ruleset {
    pub(crate) fn new(catalogue: Arc<Catalogue>, rules: Vec<RuleInfo>, policies: &[Policy]) -> Self {
        let reads = policies.iter().map(|policy| {
            let rule = &policy.definition().rule;
            let mut reads = Reads::of_condition(&rule.condition);
            reads.add_calls(&rule.effect);
            reads
        });
        Self { catalogue, rules, reads: reads.collect(), probes: Mutex::default() }
    }

    pub(crate) fn rule(&self, policy: PolicyId) -> &RuleInfo {
        &self.rules[policy.0 as usize]
    }

    /// What the condition of a policy looks at.
    pub(crate) fn reads(&self, policy: PolicyId) -> &Reads {
        &self.reads[policy.0 as usize]
    }

    /// A condition of a policy taken apart for resources of a type; `None` if the definition has none.
    pub(crate) fn probes(
        &self,
        policies: &[Policy],
        policy: PolicyId,
        part: Part,
        resource_type: &str,
    ) -> Option<Arc<Probes>> {
        let key = (policy, part, resource_type.to_lowercase().into_boxed_str());
        if let Some(known) = self.probes.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known.clone());
        }
        let bound = policies.get(policy.0 as usize)?;
        let rule = &bound.definition().rule;
        let condition = match part {
            Part::Rule => &rule.condition,
            Part::Existence => rule.details.existence.as_ref()?,
        };
        let probes = Arc::new(Probes::new(self.catalogue.clone(), bound, condition, resource_type));
        let mut kept = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_KEPT {
            kept.insert(key, probes.clone());
        }
        Some(probes)
    }
}
