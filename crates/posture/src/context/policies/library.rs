//! Definitions and initiatives of the estate, read by the policy engine once and bound to assignments.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, fold};
use azimuth_policy::{
    Assignment, Definition, Effect, Initiative, Override, OverrideKind, Policy, PolicyContext, SelectorKind,
    effect_after_overrides, parse_definition, parse_initiative,
};
use hashbrown::HashMap;

use crate::body;

/// What an assignment assigns.
#[derive(Clone, Debug)]
enum Assigned {
    Single(Arc<Definition>),
    Set(Arc<Initiative>),
}

/// Why the effect of a policy is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// The definition or initiative is not in the estate.
    Absent,
    /// It is there and the engine cannot read it; what is wrong first.
    Faulty(String),
    /// Its effect hangs on a value that the assignment does not give.
    Effect,
}

/// One policy that an assignment puts in place.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The reference within the initiative, or empty.
    pub(crate) reference_id: String,
    /// The id of the definition as written; of the initiative, if it is the initiative that is not known.
    pub(crate) definition_id: String,
    /// Groups of the initiative that the reference belongs to.
    pub(crate) groups: Vec<String>,
    /// The effects after parameters and overrides: one, or several where overrides depend on the location.
    pub(crate) effects: Result<Vec<Effect>, Gap>,
}

impl Part {
    /// Whether it is known to do anything anywhere.
    pub(crate) fn is_active(&self) -> bool {
        self.effects.as_ref().is_ok_and(|effects| effects.iter().any(|effect| *effect != Effect::Disabled))
    }
}

/// Definitions and initiatives read so far, by folded id.
#[derive(Debug, Default)]
pub(crate) struct Library {
    read: HashMap<String, Result<Assigned, Gap>>,
    /// Parts of assignments that are alike in definition, values and overrides.
    parts: HashMap<String, Arc<Vec<Part>>>,
}

/// The id without `/versions/…`, folded: what a reference to a definition is looked up by.
pub(crate) fn plain_id(id: &str) -> String {
    let folded = fold(id);
    folded.split("/versions/").next().unwrap_or(&folded).to_owned()
}

/// The document of a definition or initiative.
pub(crate) fn document<'a>(snapshot: &'a Snapshot, id: &str) -> Option<Entry<'a>> {
    IdRef::parse(&plain_id(id)).ok().and_then(|id| snapshot.resource(id))
}

impl Library {
    /// The definitions and initiatives that were read, for the engine.
    pub(crate) fn contents(&self) -> (Vec<Arc<Definition>>, Vec<Initiative>) {
        let mut singles = Vec::new();
        let mut sets = Vec::new();
        for assigned in self.read.values().filter_map(|read| read.as_ref().ok()) {
            match assigned {
                Assigned::Single(definition) => singles.push(definition.clone()),
                Assigned::Set(set) => sets.push(Initiative::clone(set)),
            }
        }
        (singles, sets)
    }

    fn read(&mut self, snapshot: &Snapshot, id: &str) -> Result<Assigned, Gap> {
        let key = plain_id(id);
        if let Some(read) = self.read.get(&key) {
            return read.clone();
        }
        let read = read(snapshot, &key);
        self.read.insert(key, read.clone());
        read
    }

    /// The policies that an assignment puts in place.
    pub(crate) fn parts(&mut self, snapshot: &Snapshot, assignment: &Assignment) -> Arc<Vec<Part>> {
        let key = format!(
            "{}\n{:?}\n{:?}",
            plain_id(&assignment.definition_id),
            assignment.parameters,
            assignment.overrides
        );
        if let Some(parts) = self.parts.get(&key) {
            return parts.clone();
        }
        let parts = Arc::new(self.bind(snapshot, assignment));
        self.parts.insert(key, parts.clone());
        parts
    }

    fn bind(&mut self, snapshot: &Snapshot, assignment: &Assignment) -> Vec<Part> {
        let id = &assignment.definition_id;
        let set = match self.read(snapshot, id) {
            Ok(Assigned::Single(definition)) => {
                let policy =
                    Policy::bind_unchecked(definition, &assignment.parameters, PolicyContext::default());
                return vec![part(assignment, "", id, &[], Ok(policy))];
            }
            Ok(Assigned::Set(set)) => set,
            Err(gap) => return vec![part(assignment, "", id, &[], Err(gap))],
        };
        let values = set.parameters.bind_unchecked(&assignment.parameters);
        let references = set.references.iter().map(|reference| {
            let policy = match self.read(snapshot, &reference.definition_id) {
                Ok(Assigned::Single(definition)) => {
                    reference.policy(definition, &values, PolicyContext::default()).map_err(|_| Gap::Effect)
                }
                Ok(Assigned::Set(_)) => Err(Gap::Faulty("an initiative cannot hold another".to_owned())),
                Err(gap) => Err(gap),
            };
            part(
                assignment,
                &reference.reference_id,
                &reference.definition_id,
                &reference.group_names,
                policy,
            )
        });
        references.collect()
    }
}

fn read(snapshot: &Snapshot, key: &str) -> Result<Assigned, Gap> {
    let entry = document(snapshot, key).ok_or(Gap::Absent)?;
    if body::lacks_members(entry.body()) {
        return Err(Gap::Absent);
    }
    let source =
        Source::parse("document", entry.body()).map_err(|fault| Gap::Faulty(fault.message.clone()))?;
    let is_set =
        entry.resource_id().is_some_and(|id| id.is_type("Microsoft.Authorization/policySetDefinitions"));
    let id = Some(entry.id().into_owned());
    if is_set {
        let parsed = parse_initiative(&source, source.root(), "$").into_result();
        let set = parsed.map_err(|faults| {
            Gap::Faulty(faults.first().map(|fault| fault.message.clone()).unwrap_or_default())
        })?;
        Ok(Assigned::Set(Arc::new(Initiative { id, ..set })))
    } else {
        let parsed = parse_definition(&source, source.root(), "$").into_result();
        let definition = parsed.map_err(|faults| {
            Gap::Faulty(faults.first().map(|fault| fault.message.clone()).unwrap_or_default())
        })?;
        Ok(Assigned::Single(Arc::new(Definition { id, ..definition })))
    }
}

fn part(
    assignment: &Assignment,
    reference: &str,
    definition: &str,
    groups: &[String],
    policy: Result<Policy, Gap>,
) -> Part {
    Part {
        reference_id: reference.to_owned(),
        definition_id: definition.to_owned(),
        groups: groups.to_vec(),
        effects: effects(&assignment.overrides, reference, policy),
    }
}

/// The effects that a policy has after overrides. One that holds everywhere says the effect without the definition;
/// one for some locations acts beside what holds elsewhere.
fn effects(overrides: &[Override], reference: &str, policy: Result<Policy, Gap>) -> Result<Vec<Effect>, Gap> {
    // No policy has this effect by name, so it stands for "no override".
    const NONE: Effect = Effect::Provider;
    let mut found = Vec::new();
    for rule in overrides.iter().filter(|rule| rule.kind == OverrideKind::PolicyEffect) {
        let everywhere = Override {
            selectors: rule
                .selectors
                .iter()
                .filter(|selector| selector.kind != SelectorKind::ResourceLocation)
                .cloned()
                .collect(),
            ..rule.clone()
        };
        let is_partial = everywhere.selectors.len() < rule.selectors.len();
        let effect = effect_after_overrides(&[everywhere], reference, None, NONE);
        if effect == NONE {
            continue;
        }
        found.push(effect);
        if !is_partial {
            return Ok(found);
        }
    }
    let policy = policy?;
    match (policy.effect(), policy.effect_name()) {
        (Some(effect), _) => found.push(effect),
        // A provider may declare effects of its own; what they do is for it to say.
        (None, Some(name)) if !name.is_empty() => found.push(Effect::Provider),
        (None, _) => return Err(Gap::Effect),
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(text: &str) -> Vec<Override> {
        let text = format!(r#"{{"id":"/a","properties":{{"policyDefinitionId":"/d","overrides":{text}}}}}"#);
        let source = Source::parse("a", &text).unwrap();
        azimuth_policy::parse_assignment(&source, source.root(), "$").into_result().unwrap().overrides
    }

    #[test]
    fn an_override_that_holds_everywhere_needs_no_definition() {
        let all = overrides(r#"[{"kind":"policyEffect","value":"Disabled"}]"#);
        assert_eq!(effects(&all, "", Err(Gap::Absent)), Ok(vec![Effect::Disabled]));
        let one = overrides(
            r#"[{"kind":"policyEffect","value":"audit","selectors":[{"kind":"policyDefinitionReferenceId","in":["A"]}]}]"#,
        );
        assert_eq!(effects(&one, "a", Err(Gap::Absent)), Ok(vec![Effect::Audit]));
        assert_eq!(effects(&one, "b", Err(Gap::Absent)), Err(Gap::Absent));
    }

    #[test]
    fn an_override_for_some_locations_acts_beside_the_rest() {
        let partial = overrides(
            r#"[{"kind":"policyEffect","value":"deny","selectors":[{"kind":"resourceLocation","in":["westeurope"]}]},
                {"kind":"policyEffect","value":"audit"}]"#,
        );
        assert_eq!(effects(&partial, "", Err(Gap::Absent)), Ok(vec![Effect::Deny, Effect::Audit]));
    }
}
