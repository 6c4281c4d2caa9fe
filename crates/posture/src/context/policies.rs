//! Policy assignments and the effects that they put in force.
//!
//! Facts: the vendor's documentation of assignment structure (enforcement mode, excluded scopes, parameters,
//! overrides) and of effects.

use std::sync::Arc;

use azimuth_estate::hierarchy::Inheritable;
use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold, fold};
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::body::{self, Text, lenient, or_default};

/// The type of policy assignments.
pub(crate) const KIND: &str = "Microsoft.Authorization/policyAssignments";

/// A policy assignment.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// Its id as people write it.
    pub(crate) id: String,
    /// Its key.
    pub(crate) key: String,
    /// The scope it stands at.
    pub(crate) scope: String,
    /// Whether its effects act: `enforcementMode` is not `DoNotEnforce`.
    pub(crate) in_force: bool,
    /// `enforcementMode` as written; empty means `Default`.
    pub(crate) enforcement_mode: String,
    /// The definition or set that is assigned.
    pub(crate) definition: String,
    /// `metadata.updatedOn`: `None` if there is no metadata at all, an empty text if it was never updated.
    pub(crate) updated_on: Option<String>,
    /// What it does.
    pub(crate) effects: Effects,
    /// Whether resource selectors narrow it to some locations, types or callers.
    pub(crate) narrowed: bool,
    not_scopes: Vec<String>,
}

/// The effects of an assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Effects that could be worked out, lower case, each once.
    pub(crate) known: Vec<String>,
    /// Definitions whose effect could not be, as written.
    pub(crate) unresolved: Vec<String>,
}

/// Effects that change or stop requests, or deploy.
const ENFORCING: [&str; 7] =
    ["deny", "denyaction", "modify", "mutate", "append", "addtonetworkgroup", "deployifnotexists"];

impl Effects {
    /// The enforcing effects among the known ones.
    pub(crate) fn enforcing(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(String::as_str).filter(|effect| ENFORCING.contains(effect))
    }

    /// Whether an effect is known to enforce.
    pub(crate) fn enforce(&self) -> bool {
        self.enforcing().next().is_some()
    }
}

impl Inheritable for Assignment {
    fn scope(&self) -> &str {
        &self.scope
    }

    fn not_scopes(&self) -> impl Iterator<Item = &str> {
        self.not_scopes.iter().map(String::as_str)
    }
}

/// All policy assignments of an estate.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// In the order of their keys.
    pub(crate) assignments: Vec<Assignment>,
    /// Assignments that could not be read.
    pub(crate) unreadable: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentShape<'a> {
    #[serde(borrow, default)]
    policy_definition_id: Text<'a>,
    #[serde(borrow, default)]
    enforcement_mode: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    not_scopes: Vec<Text<'a>>,
    #[serde(default, deserialize_with = "lenient")]
    parameters: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    overrides: Vec<Override>,
    #[serde(default, deserialize_with = "lenient")]
    resource_selectors: Vec<ResourceSelector>,
    #[serde(default, deserialize_with = "lenient")]
    metadata: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ResourceSelector {
    #[serde(default)]
    selectors: Option<Vec<Selector>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Override {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    selectors: Option<Vec<Selector>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Selector {
    #[serde(default)]
    kind: String,
    #[serde(default, rename = "in")]
    within: Option<Vec<String>>,
    #[serde(default, rename = "notIn")]
    without: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionShape {
    #[serde(default, deserialize_with = "lenient")]
    policy_rule: Option<RuleShape>,
    #[serde(default, deserialize_with = "lenient")]
    policy_definitions: Option<Vec<MemberShape>>,
    #[serde(default, deserialize_with = "lenient")]
    parameters: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct RuleShape {
    #[serde(default)]
    then: ThenShape,
}

#[derive(Default, Deserialize)]
struct ThenShape {
    #[serde(default)]
    effect: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemberShape {
    #[serde(default)]
    policy_definition_id: String,
    #[serde(default)]
    policy_definition_reference_id: Option<String>,
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
}

/// Definitions read so far, by folded id; `None` for one that is not in the estate.
type Definitions = HashMap<String, Option<Arc<DefinitionShape>>>;

impl Policies {
    /// Whether an assignment at one of the scopes could not be read, so that what it does is not known.
    pub(crate) fn is_unread_at(&self, scopes: &[String]) -> bool {
        self.unreadable.iter().any(|id| {
            let parent = IdRef::parse(id).ok().and_then(IdRef::parent);
            parent.is_some_and(|parent| scopes.iter().any(|scope| eq_fold(scope, parent.as_str())))
        })
    }

    /// Reads the assignments of a snapshot and works out their effects.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut policies = Self::default();
        let mut definitions = Definitions::new();
        for entry in snapshot.of_type(KIND) {
            match read(snapshot, entry, &mut definitions) {
                Some(assignment) => policies.assignments.push(assignment),
                None => policies.unreadable.push(entry.id().into_owned()),
            }
        }
        policies
    }
}

fn read(snapshot: &Snapshot, entry: Entry<'_>, definitions: &mut Definitions) -> Option<Assignment> {
    let shape = body::read::<AssignmentShape<'_>>(entry).ok()?.properties;
    let id = entry.id().into_owned();
    let scope = IdRef::parse(&id).ok()?.parent()?.as_str().to_owned();
    let updated_on = shape
        .metadata
        .as_ref()
        .map(|metadata| metadata.get("updatedOn").and_then(Value::as_str).unwrap_or_default().to_owned());
    let effects = effects(snapshot, &shape, definitions);
    Some(Assignment {
        id,
        key: entry.key().to_owned(),
        scope,
        in_force: !shape.enforcement_mode.is("DoNotEnforce"),
        enforcement_mode: shape.enforcement_mode.to_string(),
        definition: shape.policy_definition_id.to_string(),
        updated_on,
        effects,
        narrowed: is_narrowed(&shape.resource_selectors),
        not_scopes: shape.not_scopes.iter().map(|scope| scope.to_string()).collect(),
    })
}

/// Whether resource selectors leave anything out: they are alternatives, and one without conditions selects all.
fn is_narrowed(selectors: &[ResourceSelector]) -> bool {
    !selectors.is_empty()
        && selectors.iter().all(|one| one.selectors.as_ref().is_some_and(|conditions| !conditions.is_empty()))
}

/// Whether an earlier body of an assignment was in its audit stage: not enforced, or without an enforcing
/// effect; `None` if that cannot be told.
pub(crate) fn was_audit(snapshot: &Snapshot, body: &str) -> Option<bool> {
    let read = body::read_text::<AssignmentShape<'_>>(body).ok()?;
    if read.properties.enforcement_mode.is("DoNotEnforce") {
        return Some(true);
    }
    let effects = effects(snapshot, &read.properties, &mut Definitions::new());
    if effects.enforce() { Some(false) } else { effects.unresolved.is_empty().then_some(true) }
}

/// Whether a body's metadata says that it was never updated.
pub(crate) fn is_first_version(body: &str) -> bool {
    body::read_text::<AssignmentShape<'_>>(body).is_ok_and(|read| {
        read.properties.metadata.is_some_and(|metadata| {
            metadata.get("updatedOn").is_none_or(|updated| updated.as_str().is_none())
        })
    })
}

fn definition(snapshot: &Snapshot, id: &str, definitions: &mut Definitions) -> Option<Arc<DefinitionShape>> {
    let key = fold(id).into_owned();
    if let Some(found) = definitions.get(&key) {
        return found.clone();
    }
    // An id may end in `/versions/1.0.0`.
    let plain = key.split_once("/versions/").map_or(&*key, |(plain, _)| plain);
    let found = IdRef::parse(plain)
        .ok()
        .and_then(|id| snapshot.resource(id))
        .and_then(|entry| body::read::<DefinitionShape>(entry).ok())
        .map(|read| Arc::new(read.properties));
    definitions.insert(key, found.clone());
    found
}

fn effects(snapshot: &Snapshot, shape: &AssignmentShape<'_>, definitions: &mut Definitions) -> Effects {
    let id = &*shape.policy_definition_id;
    let mut effects = Effects::default();
    let Some(assigned) = definition(snapshot, id, definitions) else {
        match overridden(&shape.overrides, None) {
            Some(Ok(effect)) => effects.add(effect),
            _ => effects.unresolved.push(id.to_owned()),
        }
        return effects;
    };
    let given = |name: &str| {
        parameter(&shape.parameters, name, "value")
            .or_else(|| parameter(&assigned.parameters, name, "defaultValue"))
    };
    let Some(members) = &assigned.policy_definitions else {
        let effect = assigned.policy_rule.as_ref().map(|rule| &rule.then.effect);
        effects.take(id, &shape.overrides, None, effect.and_then(|effect| resolve(effect, &given)));
        return effects;
    };
    for member in members {
        let member_id = &member.policy_definition_id;
        let effect = definition(snapshot, member_id, definitions).and_then(|definition| {
            let passed = |name: &str| {
                let value = member.parameters.as_ref().and_then(|map| parameter(map, name, "value"));
                match value {
                    Some(Value::String(text)) if text.starts_with('[') => expression(&text, &given),
                    Some(value) => Some(value),
                    None => parameter(&definition.parameters, name, "defaultValue"),
                }
            };
            let rule = definition.policy_rule.as_ref()?;
            resolve(&rule.then.effect, &passed)
        });
        effects.take(member_id, &shape.overrides, member.policy_definition_reference_id.as_deref(), effect);
    }
    effects
}

impl Effects {
    fn add(&mut self, effect: String) {
        if !self.known.contains(&effect) {
            self.known.push(effect);
        }
    }

    fn take(&mut self, id: &str, overrides: &[Override], reference: Option<&str>, effect: Option<String>) {
        match (overridden(overrides, reference), effect) {
            (Some(Ok(effect)), _) | (None, Some(effect)) => self.add(effect),
            // An override for some locations: both effects act.
            (Some(Err(effect)), Some(own)) => {
                self.add(effect);
                self.add(own);
            }
            (Some(Err(_)), None) | (None, None) => self.unresolved.push(id.to_owned()),
        }
    }
}

/// The effect that the overrides put in place: `Ok` everywhere, `Err` in part.
fn overridden(overrides: &[Override], reference: Option<&str>) -> Option<Result<String, String>> {
    for rule in overrides.iter().filter(|rule| eq_fold(&rule.kind, "policyEffect")) {
        let effect = rule.value.to_ascii_lowercase();
        let selectors = rule.selectors.as_deref().unwrap_or_default();
        let mut partial = false;
        let applies = selectors.iter().all(|selector| {
            if !eq_fold(&selector.kind, "policyDefinitionReferenceId") {
                partial = true;
                return true;
            }
            let named = |list: &[String]| {
                reference.is_some_and(|reference| list.iter().any(|name| eq_fold(name, reference)))
            };
            selector.within.as_deref().is_none_or(named)
                && selector.without.as_deref().is_none_or(|list| !named(list))
        });
        if applies {
            return Some(if partial { Err(effect) } else { Ok(effect) });
        }
    }
    None
}

fn parameter(map: &Map<String, Value>, name: &str, member: &str) -> Option<Value> {
    let (_, value) = map.iter().find(|(key, _)| eq_fold(key, name))?;
    value.get(member).cloned()
}

/// An effect: text as it stands, or a parameter's value.
fn resolve(effect: &Value, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<String> {
    let text = effect.as_str()?;
    let value = if text.starts_with('[') { expression(text, lookup)? } else { effect.clone() };
    let text = value.as_str()?;
    (!text.starts_with('[') && !text.is_empty()).then(|| text.to_ascii_lowercase())
}

/// The value of `[parameters('name')]`; any other expression is left undecided.
fn expression(text: &str, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<Value> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?.trim();
    let call = inner.get(..11).filter(|head| head.eq_ignore_ascii_case("parameters("))?;
    let name = inner[call.len()..].strip_suffix(')')?.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    if name.contains('\'') {
        return None;
    }
    lookup(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_followed_and_other_expressions_are_not() {
        let lookup = |name: &str| (name == "effect").then(|| Value::from("Deny"));
        let resolved = |text: &str| resolve(&Value::from(text), &lookup);
        assert_eq!(resolved("Audit").as_deref(), Some("audit"));
        assert_eq!(resolved("[parameters('effect')]").as_deref(), Some("deny"));
        assert_eq!(resolved("[Parameters( 'effect' )]").as_deref(), Some("deny"));
        assert_eq!(resolved("[parameters('other')]"), None);
        assert_eq!(resolved("[if(true(), 'deny', 'audit')]"), None);
    }

    #[test]
    fn selectors_narrow_unless_one_of_them_selects_all() {
        let narrowed =
            |text: &str| is_narrowed(&serde_json::from_str::<Vec<ResourceSelector>>(text).unwrap());
        assert!(narrowed(r#"[{"name":"a","selectors":[{"kind":"resourceLocation","in":["nowhere"]}]}]"#));
        assert!(!narrowed(
            r#"[{"selectors":[{"kind":"resourceType","in":[]}]},{"name":"all","selectors":[]}]"#
        ));
        assert!(!narrowed("[]"));
    }

    #[test]
    fn overrides_replace_the_effect_of_the_members_they_select() {
        let all: Vec<Override> =
            serde_json::from_str(r#"[{"kind":"policyEffect","value":"Disabled"}]"#).unwrap();
        assert_eq!(overridden(&all, None), Some(Ok("disabled".to_owned())));
        let one: Vec<Override> = serde_json::from_str(
            r#"[{"kind":"policyEffect","value":"audit","selectors":[{"kind":"policyDefinitionReferenceId","in":["A"]}]}]"#,
        )
        .unwrap();
        assert_eq!(overridden(&one, Some("a")), Some(Ok("audit".to_owned())));
        assert_eq!(overridden(&one, Some("b")), None);
    }
}
