//! The policy objects of an estate: definitions, initiatives, assignments, exemptions and attestations, read from its
//! documents.

use std::sync::Arc;

use azimuth_arm::{Node, Source};
use azimuth_diag::Diagnostic;
use azimuth_estate::{Entry, Snapshot};
use hashbrown::HashMap;
use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::compile::CompileOptions;
use crate::definition::{Definition, Parsed, parse_definition};
use crate::fold::{eq, fold};
use crate::governance::{
    Assignment, Attestation, ComplianceState, Exemption, Governance, GovernanceError, Initiative,
    parse_assignment, parse_exemption, parse_initiative,
};

/// Kinds of policy objects, by their resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// `Microsoft.Authorization/policyDefinitions`
    Definition,
    /// `Microsoft.Authorization/policySetDefinitions`
    Initiative,
    /// `Microsoft.Authorization/policyAssignments`
    Assignment,
    /// `Microsoft.Authorization/policyExemptions`
    Exemption,
    /// `Microsoft.PolicyInsights/attestations`
    Attestation,
}

impl ObjectKind {
    /// All kinds with their resource types.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Definition, "Microsoft.Authorization/policyDefinitions"),
        (Self::Initiative, "Microsoft.Authorization/policySetDefinitions"),
        (Self::Assignment, "Microsoft.Authorization/policyAssignments"),
        (Self::Exemption, "Microsoft.Authorization/policyExemptions"),
        (Self::Attestation, "Microsoft.PolicyInsights/attestations"),
    ];

    /// The kind of a resource type in any letter case; `None` if it is no policy object.
    pub fn of_type(resource_type: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(resource_type)).map(|(kind, _)| *kind)
    }
}

/// What somebody attested, and about what.
#[derive(Clone, Debug)]
pub struct RecordedAttestation {
    /// The resource, folded.
    pub resource: String,
    /// The assignment of the manual policy.
    pub assignment_id: String,
    /// The reference within the initiative, or empty.
    pub reference_id: String,
    /// The attested state.
    pub attestation: Attestation,
}

/// The policy objects of an estate.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Definitions, each with an id.
    pub definitions: Vec<Arc<Definition>>,
    /// Initiatives, each with an id.
    pub initiatives: Vec<Initiative>,
    /// Assignments.
    pub assignments: Vec<Assignment>,
    /// Exemptions.
    pub exemptions: Vec<Exemption>,
    /// Attestations.
    pub attestations: Vec<RecordedAttestation>,
    /// What could not be read; such objects are left out.
    pub problems: Vec<Diagnostic>,
}

/// One object read.
enum Object {
    Definition(Box<Definition>),
    Initiative(Box<Initiative>),
    Assignment(Box<Assignment>),
    Exemption(Box<Exemption>),
    Attestation(RecordedAttestation),
}

/// An object, if it could be read, and what was found wrong.
type ReadObject = (Option<Object>, Vec<Diagnostic>);

impl Inventory {
    /// The assignments in force: [`Governance::new`] over everything here.
    pub fn govern(
        &self,
        catalogue: Arc<Catalogue>,
        options: &CompileOptions,
    ) -> (Governance, Vec<GovernanceError>) {
        let (initiatives, assignments) = (self.initiatives.clone(), self.assignments.clone());
        let exemptions = self.exemptions.clone();
        Governance::new(catalogue, &self.definitions, initiatives, assignments, exemptions, options)
    }

    /// The policy objects of a snapshot, read on `threads` threads.
    pub fn of_snapshot(snapshot: &Snapshot, threads: usize) -> Self {
        let mut inventory = Self::default();
        for (kind, name) in ObjectKind::ALL {
            let entries: Vec<Entry<'_>> = snapshot.of_type(name).collect();
            let share = entries.len().div_ceil(threads.max(1)).max(1);
            let read: Vec<ReadObject> = std::thread::scope(|scope| {
                let workers: Vec<_> = entries
                    .chunks(share)
                    .map(|part| {
                        scope.spawn(move || part.iter().map(|entry| read_entry(kind, *entry)).collect())
                    })
                    .collect();
                let parts = workers.into_iter().map(|worker| -> Vec<ReadObject> {
                    worker.join().expect("reading a policy object does not panic")
                });
                parts.flatten().collect()
            });
            read.into_iter().for_each(|object| inventory.take(object));
        }
        inventory
    }

    /// Adds the policy object of a document; `name` is what problems are told about. An object of the same id is
    /// replaced, later lookups see the new one. Returns the id that the object has in the inventory.
    pub fn put(&mut self, kind: ObjectKind, name: &str, text: &str) -> Option<String> {
        let (object, problems) = read_object(kind, name, text);
        self.problems.extend(problems);
        let object = object?;
        let id = match &object {
            Object::Definition(new) => {
                let id = new.id.clone()?;
                self.definitions.retain(|known| !known.id.as_deref().is_some_and(|known| eq(known, &id)));
                id
            }
            Object::Initiative(new) => {
                let id = new.id.clone()?;
                self.initiatives.retain(|known| !known.id.as_deref().is_some_and(|known| eq(known, &id)));
                id
            }
            Object::Assignment(new) => {
                self.assignments.retain(|known| !eq(&known.id, &new.id));
                new.id.clone()
            }
            Object::Exemption(new) => {
                self.exemptions.retain(|known| !eq(&known.id, &new.id));
                new.id.clone()
            }
            Object::Attestation(new) => new.resource.clone(),
        };
        self.take((Some(object), Vec::new()));
        Some(id)
    }

    /// Adds what `other` has and `self` lacks, by id; of definitions and initiatives also other versions.
    pub fn fill_from(&mut self, other: Self) {
        let versioned = |id: Option<&str>, version: Option<&str>| {
            Some(format!("{}@{}", fold(id?), version.unwrap_or_default()))
        };
        let definition_key = |known: &Definition| versioned(known.id.as_deref(), known.version.as_deref());
        let initiative_key = |known: &Initiative| versioned(known.id.as_deref(), known.version.as_deref());
        let known: hashbrown::HashSet<String> = self
            .definitions
            .iter()
            .filter_map(|definition| definition_key(definition))
            .chain(self.initiatives.iter().filter_map(initiative_key))
            .chain(self.assignments.iter().map(|assignment| fold(&assignment.id)))
            .chain(self.exemptions.iter().map(|exemption| fold(&exemption.id)))
            .collect();
        let is_new = |key: Option<String>| key.is_some_and(|key| !known.contains(&key));
        self.definitions
            .extend(other.definitions.into_iter().filter(|object| is_new(definition_key(object))));
        self.initiatives
            .extend(other.initiatives.into_iter().filter(|object| is_new(initiative_key(object))));
        self.assignments
            .extend(other.assignments.into_iter().filter(|object| is_new(Some(fold(&object.id)))));
        self.exemptions.extend(other.exemptions.into_iter().filter(|object| is_new(Some(fold(&object.id)))));
        self.attestations.extend(other.attestations);
        self.problems.extend(other.problems);
    }

    /// The definition of an id, in any letter case, `/versions/…` ignored.
    pub fn definition(&self, id: &str) -> Option<&Arc<Definition>> {
        let wanted = without_version(id);
        self.definitions.iter().find(|known| known.id.as_deref().is_some_and(|known| eq(known, wanted)))
    }

    /// The initiative of an id, in any letter case, `/versions/…` ignored.
    pub fn initiative(&self, id: &str) -> Option<&Initiative> {
        let wanted = without_version(id);
        self.initiatives.iter().find(|known| known.id.as_deref().is_some_and(|known| eq(known, wanted)))
    }

    /// What assignments and initiatives refer to and is not there: the id as first written, and how many refer to it.
    pub fn missing(&self) -> Vec<(String, usize)> {
        let definitions: hashbrown::HashSet<String> =
            self.definitions.iter().filter_map(|known| known.id.as_deref().map(fold)).collect();
        let initiatives: HashMap<String, &Initiative> =
            self.initiatives.iter().filter_map(|known| Some((fold(known.id.as_deref()?), known))).collect();
        let mut missing: Vec<(String, usize)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut miss = |id: &str| {
            let place = *places.entry(fold(id)).or_insert_with(|| {
                missing.push((id.to_owned(), 0));
                missing.len() - 1
            });
            missing[place].1 += 1;
        };
        for assignment in &self.assignments {
            let id = without_version(&assignment.definition_id);
            let key = fold(id);
            match initiatives.get(&key) {
                Some(initiative) => {
                    for reference in &initiative.references {
                        let id = without_version(&reference.definition_id);
                        if !definitions.contains(&fold(id)) {
                            miss(id);
                        }
                    }
                }
                None if !definitions.contains(&key) => miss(id),
                None => {}
            }
        }
        missing
    }

    fn take(&mut self, (object, problems): ReadObject) {
        self.problems.extend(problems);
        match object {
            Some(Object::Definition(object)) => self.definitions.push(Arc::new(*object)),
            Some(Object::Initiative(object)) => self.initiatives.push(*object),
            Some(Object::Assignment(object)) => self.assignments.push(*object),
            Some(Object::Exemption(object)) => self.exemptions.push(*object),
            Some(Object::Attestation(object)) => self.attestations.push(object),
            None => {}
        }
    }
}

fn read_entry(kind: ObjectKind, entry: Entry<'_>) -> ReadObject {
    read_object(kind, &entry.id(), entry.body())
}

fn read_object(kind: ObjectKind, name: &str, text: &str) -> ReadObject {
    let source = match Source::parse(name, text) {
        Ok(source) => source,
        Err(problem) => return (None, vec![*problem]),
    };
    let root = source.root();
    let own_id = || Some(name.to_owned()).filter(|name| name.starts_with('/'));
    match kind {
        ObjectKind::Definition => {
            let (object, problems) = split(parse_definition(&source, root, "$"));
            let with_id = object.map(|mut object| {
                object.id = object.id.or_else(own_id);
                Object::Definition(Box::new(object))
            });
            (with_id, problems)
        }
        ObjectKind::Initiative => {
            let (object, problems) = split(parse_initiative(&source, root, "$"));
            let with_id = object.map(|mut object| {
                object.id = object.id.or_else(own_id);
                Object::Initiative(Box::new(object))
            });
            (with_id, problems)
        }
        ObjectKind::Assignment => {
            let (object, problems) = split(parse_assignment(&source, root, "$"));
            (object.map(|object| Object::Assignment(Box::new(object))), problems)
        }
        ObjectKind::Exemption => {
            let (object, problems) = split(parse_exemption(&source, root, "$"));
            (object.map(|object| Object::Exemption(Box::new(object))), problems)
        }
        ObjectKind::Attestation => (read_attestation(name, root).map(Object::Attestation), Vec::new()),
    }
}

/// What was read, with the problems of an object that could not be.
fn split<T>(parsed: Parsed<T>) -> (Option<T>, Vec<Diagnostic>) {
    if parsed.value.is_some() { (parsed.value, Vec::new()) } else { (None, parsed.diagnostics) }
}

fn read_attestation(name: &str, node: &Node) -> Option<RecordedAttestation> {
    let properties = node.get("properties").unwrap_or(node);
    let text = |member: &str| properties.get(member).and_then(Node::as_str);
    let id = node.get("id").and_then(Node::as_str).unwrap_or(name);
    let at = fold(id).rfind("/providers/microsoft.policyinsights/attestations/")?;
    let moment = |written: &str| written.parse::<Timestamp>().ok();
    Some(RecordedAttestation {
        resource: fold(id).get(..at)?.to_owned(),
        assignment_id: text("policyAssignmentId")?.to_owned(),
        reference_id: text("policyDefinitionReferenceId").unwrap_or_default().to_owned(),
        attestation: Attestation {
            state: ComplianceState::from_name(text("complianceState")?)?,
            expires_on: text("expiresOn").and_then(moment),
        },
    })
}

/// A definition's id without `/versions/…`.
fn without_version(id: &str) -> &str {
    let at = id.to_ascii_lowercase().find("/versions/");
    at.map_or(id, |at| &id[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"{"id":"/providers/Microsoft.Authorization/policyDefinitions/a","properties":
        {"mode":"All","policyRule":{"if":{"field":"location","equals":"x"},"then":{"effect":"audit"}}}}"#;
    const ASSIGNMENT: &str = r#"{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/providers/Microsoft.Authorization/policyAssignments/one",
        "properties":{"policyDefinitionId":"/providers/microsoft.authorization/policyDefinitions/B/versions/1.0.0"}}"#;

    #[test]
    fn what_is_referred_to_and_absent_is_named() {
        let mut inventory = Inventory::default();
        let id = inventory.put(ObjectKind::Definition, "a.json", DEFINITION);
        assert_eq!(id.as_deref(), Some("/providers/Microsoft.Authorization/policyDefinitions/a"));
        inventory.put(ObjectKind::Assignment, "one.json", ASSIGNMENT);
        assert_eq!(
            inventory.missing(),
            [("/providers/microsoft.authorization/policyDefinitions/B".to_owned(), 1)]
        );
        // The same id again replaces.
        inventory.put(ObjectKind::Assignment, "one.json", &ASSIGNMENT.replace("/B/versions/1.0.0", "/A"));
        assert_eq!((inventory.assignments.len(), inventory.missing().len()), (1, 0));
    }

    #[test]
    fn broken_objects_are_problems() {
        let mut inventory = Inventory::default();
        assert_eq!(inventory.put(ObjectKind::Definition, "x.json", "{"), None);
        assert_eq!(inventory.put(ObjectKind::Definition, "x.json", r#"{"properties":{"mode":1}}"#), None);
        assert!(inventory.problems.len() >= 2 && inventory.definitions.is_empty());
    }

    #[test]
    fn attestations_know_their_resource() {
        let mut inventory = Inventory::default();
        let text = r#"{"id":"/subscriptions/S/providers/Microsoft.PolicyInsights/attestations/x","properties":
            {"policyAssignmentId":"/a","complianceState":"Compliant","expiresOn":"2026-01-01T00:00:00Z"}}"#;
        inventory.put(ObjectKind::Attestation, "x.json", text);
        let found = &inventory.attestations[0];
        assert_eq!(
            (found.resource.as_str(), found.attestation.state),
            ("/subscriptions/s", ComplianceState::Compliant)
        );
        assert!(found.attestation.expires_on.is_some());
    }
}
