//! Policy assignments and what they put in force where, as the policy engine reads them.
//!
//! Facts: the vendor's documentation of assignment structure (enforcement mode, excluded scopes, parameters,
//! overrides, resource selectors), of exemption structure and of effects.

mod library;
mod reach;

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold, fold};
use azimuth_policy::{
    Catalogue, CompileOptions, Effect, Exemption, Governance, parse_assignment, parse_exemption,
};
use hashbrown::HashMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::body::{self, Text, lenient};

pub(crate) use library::{Gap, Library, Part, document, plain_id};
pub(crate) use reach::{Place, Reach};

/// The type of policy assignments.
pub(crate) const KIND: &str = "Microsoft.Authorization/policyAssignments";

/// The type of policy exemptions.
pub(crate) const EXEMPTIONS: &str = "Microsoft.Authorization/policyExemptions";

/// A policy assignment.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// Its id as people write it.
    pub(crate) id: String,
    /// Its key.
    pub(crate) key: String,
    /// The scope it stands at.
    pub(crate) scope: String,
    /// `enforcementMode` as written; empty means `Default`.
    pub(crate) enforcement_mode: String,
    /// `metadata`, if there is any at all.
    pub(crate) metadata: Option<Map<String, Value>>,
    /// The policies it puts in place.
    pub(crate) parts: Arc<Vec<Part>>,
    /// The assignment as the engine knows it.
    pub(crate) inner: azimuth_policy::Assignment,
}

/// Effects that change or stop requests, or deploy.
pub(crate) const ENFORCING: [Effect; 7] = [
    Effect::Deny,
    Effect::DenyAction,
    Effect::Modify,
    Effect::Mutate,
    Effect::Append,
    Effect::AddToNetworkGroup,
    Effect::DeployIfNotExists,
];

impl Assignment {
    /// Whether its effects act: the enforcement mode is `Default`.
    pub(crate) fn in_force(&self) -> bool {
        self.inner.is_enforced()
    }

    /// Whether resource selectors leave anything out: they are alternatives, and one without conditions selects all.
    pub(crate) fn is_narrowed(&self) -> bool {
        let selectors = &self.inner.resource_selectors;
        !selectors.is_empty() && selectors.iter().all(|one| !one.selectors.is_empty())
    }

    /// The enforcing effects that are known, each once, by name.
    pub(crate) fn enforcing(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for effect in self.parts.iter().filter_map(|part| part.effects.as_ref().ok()).flatten() {
            if ENFORCING.contains(effect) && !names.contains(&effect.name()) {
                names.push(effect.name());
            }
        }
        names
    }

    /// Whether it is known to do something, enforced or not.
    pub(crate) fn is_active(&self) -> bool {
        self.parts.iter().any(Part::is_active)
    }

    /// The policies whose effect is not known, with the reason.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (&str, &Gap)> {
        self.parts.iter().filter_map(|part| Some((part.definition_id.as_str(), part.effects.as_ref().err()?)))
    }

    /// When it was last written: `metadata.updatedOn`, else `metadata.createdOn`.
    pub(crate) fn changed_on(&self) -> Option<(&'static str, Timestamp)> {
        self.metadata.as_ref().and_then(changed_on)
    }

    /// Whether its metadata says that it was never updated.
    pub(crate) fn was_never_updated(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| text(metadata, "updatedOn").is_empty())
    }
}

/// The member of `metadata` that says when an object was last written, and what it says.
pub(crate) fn changed_on(metadata: &Map<String, Value>) -> Option<(&'static str, Timestamp)> {
    ["updatedOn", "createdOn"].into_iter().find_map(|name| Some((name, text(metadata, name).parse().ok()?)))
}

fn text<'a>(metadata: &'a Map<String, Value>, name: &str) -> &'a str {
    metadata.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// All policy assignments and exemptions of an estate.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// In the order of their keys.
    pub(crate) assignments: Vec<Assignment>,
    /// Assignments that could not be read.
    pub(crate) unreadable: Vec<String>,
    /// Exemptions by the folded id of the assignment that they lift.
    exemptions: HashMap<String, Vec<Exemption>>,
    /// Exemptions that could not be read.
    pub(crate) unreadable_exemptions: Vec<String>,
    /// What the assignments assign.
    pub(crate) library: Library,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    enforcement_mode: Text<'a>,
    #[serde(default, deserialize_with = "lenient")]
    metadata: Option<Map<String, Value>>,
}

impl Policies {
    /// Every exemption, in no particular order.
    pub(crate) fn exemptions(&self) -> impl Iterator<Item = &Exemption> {
        self.exemptions.values().flatten()
    }

    /// The exemptions from an assignment.
    fn exemptions_from(&self, assignment: &Assignment) -> &[Exemption] {
        self.exemptions.get(&*fold(&assignment.id)).map_or(&[], Vec::as_slice)
    }

    /// Assignments compiled with what they assign and every exemption, for some resource types or, if none is named,
    /// for all.
    pub(crate) fn governance(
        &self,
        assignments: Vec<azimuth_policy::Assignment>,
        resource_types: Vec<String>,
    ) -> Governance {
        let (definitions, sets) = self.library.contents();
        let exemptions = self.exemptions().cloned().collect();
        let catalogue = Arc::new(Catalogue::bundled());
        let options = CompileOptions { resource_types };
        // What cannot be bound is known by the gaps of the assignments' parts.
        let (governance, _) =
            Governance::new(catalogue, &definitions, sets, assignments, exemptions, &options);
        governance
    }

    /// Whether an assignment at one of the scopes could not be read, so that what it does is not known.
    pub(crate) fn is_unread_at(&self, place: &Place) -> bool {
        self.unreadable.iter().any(|id| {
            let parent = IdRef::parse(id).ok().and_then(IdRef::parent);
            parent.is_some_and(|parent| place.chain().any(|scope| eq_fold(scope, parent.as_str())))
        })
    }

    /// Reads the assignments and exemptions of a snapshot and works out their effects.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut policies = Self::default();
        for entry in snapshot.of_type(KIND) {
            match read(snapshot, &mut policies.library, entry.key(), &entry.id(), entry.body()) {
                Some(assignment) => policies.assignments.push(assignment),
                None => policies.unreadable.push(entry.id().into_owned()),
            }
        }
        for entry in snapshot.of_type(EXEMPTIONS) {
            match exemption(entry) {
                Some(exemption) => {
                    let assignment = fold(&exemption.assignment_id).into_owned();
                    policies.exemptions.entry(assignment).or_default().push(exemption);
                }
                None => policies.unreadable_exemptions.push(entry.id().into_owned()),
            }
        }
        policies
    }
}

fn read(snapshot: &Snapshot, library: &mut Library, key: &str, id: &str, body: &str) -> Option<Assignment> {
    let shape = body::read_text::<Shape<'_>>(body).ok()?.properties;
    let source = Source::parse("assignment", body).ok()?;
    let mut inner = parse_assignment(&source, source.root(), "$").value?;
    // The place of a document is in its key: copies carry the id and scope of where they came from.
    inner.id = id.to_owned();
    inner.scope = IdRef::parse(id).ok()?.parent()?.as_str().to_owned();
    Some(Assignment {
        id: inner.id.clone(),
        key: key.to_owned(),
        scope: inner.scope.clone(),
        enforcement_mode: shape.enforcement_mode.to_string(),
        metadata: shape.metadata,
        parts: library.parts(snapshot, &inner),
        inner,
    })
}

fn exemption(entry: Entry<'_>) -> Option<Exemption> {
    if body::lacks_members(entry.body()) {
        return None;
    }
    let source = Source::parse("exemption", entry.body()).ok()?;
    let exemption = parse_exemption(&source, source.root(), "$").value?;
    Some(Exemption { id: entry.id().into_owned(), ..exemption })
}

/// An earlier body of an assignment.
pub(crate) struct Earlier {
    /// Whether it was in its audit stage: not enforced, or without an enforcing effect; `None` if that cannot be told.
    pub(crate) was_audit: Option<bool>,
    /// Whether its metadata says that it was never updated.
    pub(crate) is_first: bool,
    /// Whether it assigned this definition.
    pub(crate) definition: String,
    /// Whether it was enforced.
    pub(crate) in_force: bool,
}

impl Earlier {
    /// Reads a recorded body of an assignment, with the definitions as they are now.
    pub(crate) fn read(snapshot: &Snapshot, assignment: &Assignment, body: &str) -> Option<Self> {
        let mut library = Library::default();
        let earlier = read(snapshot, &mut library, &assignment.key, &assignment.id, body)?;
        let was_audit = if !earlier.in_force() {
            Some(true)
        } else if !earlier.enforcing().is_empty() {
            Some(false)
        } else {
            earlier.gaps().next().is_none().then_some(true)
        };
        Some(Self {
            was_audit,
            is_first: earlier.was_never_updated(),
            in_force: earlier.in_force(),
            definition: plain_id(&earlier.inner.definition_id),
        })
    }
}
