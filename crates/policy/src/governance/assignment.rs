//! Assignments.

use azimuth_arm::{Node, Object, Source, Value};

use super::scope::may_assign;
use super::selector::{
    Coverage, ResourceSelector, SelectionFacts, Selector, part_problems, read_resource_selectors,
    read_selectors, select_all, selector_problems,
};
use crate::definition::{Effect, Parsed, Report};
use crate::evaluate::NotEvaluable;
use crate::fold::eq;

/// An assignment.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The resource id.
    pub id: String,
    /// The name: the last segment of the id.
    pub name: String,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// Where it applies; taken from the id if not written.
    pub scope: String,
    /// Scopes below that are left out.
    pub not_scopes: Vec<String>,
    /// The definition or initiative.
    pub definition_id: String,
    /// The wanted version, such as `1.*.*`.
    pub definition_version: Option<String>,
    /// The version that was in force when the assignment was exported.
    pub effective_definition_version: Option<String>,
    /// The newest version there was when the assignment was exported.
    pub latest_definition_version: Option<String>,
    /// Parameter values.
    pub parameters: Object,
    /// Whether requests are affected.
    pub enforcement: EnforcementMode,
    /// Texts for people whose resource does not comply.
    pub messages: Vec<Message>,
    /// Which resources are looked at.
    pub resource_selectors: Vec<ResourceSelector>,
    /// Other effects or versions for parts of an initiative.
    pub overrides: Vec<Override>,
    /// Where the identity lives.
    pub location: Option<String>,
    /// The kind of identity: `SystemAssigned`, `UserAssigned`, `None`.
    pub identity_type: Option<String>,
    /// The object ids of the identities' principals, as far as the document says.
    pub principal_ids: Vec<String>,
    /// Free data.
    pub metadata: Value,
}

/// Whether an assignment affects requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnforcementMode {
    /// It does.
    #[default]
    Default,
    /// It is evaluated and reported, and affects nothing.
    DoNotEnforce,
    /// Only enrolled resources are affected.
    Enroll,
}

/// A text for people whose resource does not comply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text.
    pub text: String,
    /// The reference within the initiative it belongs to; none: all.
    pub reference_id: Option<String>,
}

/// Another effect or version for parts of an initiative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What is replaced.
    pub kind: OverrideKind,
    /// The new effect or version.
    pub value: String,
    /// Which parts; none: all.
    pub selectors: Vec<Selector>,
}

/// What an override replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideKind {
    /// The effect.
    PolicyEffect,
    /// The version.
    DefinitionVersion,
    /// Something else, which is ignored.
    Other,
}

/// Reads an assignment as Azure exports it.
pub fn parse_assignment(source: &Source, node: &Node, path: &str) -> Parsed<Assignment> {
    let mut report = Report::new(source);
    if !node.is_object() {
        report.error(
            "policy-assignment",
            node.span,
            path,
            format!("expected an assignment, found {}", node.type_name()),
        );
        return report.finish(None);
    }
    let properties = node.get("properties").unwrap_or(node);
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let id = text(node, "id").unwrap_or_default();
    let definition_id = text(properties, "policyDefinitionId").unwrap_or_default();
    if definition_id.is_empty() {
        report.error(
            "policy-assignment",
            properties.span,
            path,
            "the assignment names no `policyDefinitionId`",
        );
    }
    let scope = text(properties, "scope").unwrap_or_else(|| {
        let at = id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/policyassignments/");
        at.map_or_else(String::new, |at| id[..at].to_owned())
    });
    let texts = |name: &str| {
        let items = properties.get(name).map(Node::items).unwrap_or_default().iter();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let enforcement = match text(properties, "enforcementMode") {
        Some(mode) if mode.eq_ignore_ascii_case("DoNotEnforce") => EnforcementMode::DoNotEnforce,
        Some(mode) if mode.eq_ignore_ascii_case("Enroll") => EnforcementMode::Enroll,
        _ => EnforcementMode::Default,
    };
    let assignment = Assignment {
        name: text(node, "name").unwrap_or_else(|| id.rsplit('/').next().unwrap_or_default().to_owned()),
        id,
        display_name: text(properties, "displayName"),
        scope,
        not_scopes: texts("notScopes"),
        definition_id,
        definition_version: text(properties, "definitionVersion"),
        effective_definition_version: text(properties, "effectiveDefinitionVersion"),
        latest_definition_version: text(properties, "latestDefinitionVersion"),
        parameters: read_values(properties.get("parameters")),
        enforcement,
        messages: read_messages(properties.get("nonComplianceMessages")),
        resource_selectors: read_resource_selectors(properties.get("resourceSelectors")),
        overrides: read_overrides(properties.get("overrides")),
        location: text(node, "location"),
        identity_type: node.get("identity").and_then(|identity| text(identity, "type")),
        principal_ids: principals(node.get("identity")),
        metadata: properties.get("metadata").map_or(Value::NULL, Value::from_node),
    };
    report.finish(Some(assignment))
}

/// The principals of an identity: its own, then those of the user-assigned ones.
fn principals(identity: Option<&Node>) -> Vec<String> {
    let Some(identity) = identity else { return Vec::new() };
    let users = identity.get("userAssignedIdentities").map(Node::members).unwrap_or_default().iter();
    let all = std::iter::once(identity).chain(users.map(|member| &member.value));
    all.filter_map(|part| Some(part.get("principalId")?.as_str()?.to_owned())).collect()
}

/// `{name: {value}}`
pub(crate) fn read_values(node: Option<&Node>) -> Object {
    let members = node.map(Node::members).unwrap_or_default().iter();
    members
        .filter_map(|member| Some((member.key.clone(), Value::from_node(member.value.get("value")?))))
        .collect()
}

fn read_messages(node: Option<&Node>) -> Vec<Message> {
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .filter_map(|item| {
            let text = item.get("message")?.as_str()?.to_owned();
            let reference_id =
                item.get("policyDefinitionReferenceId").and_then(Node::as_str).map(str::to_owned);
            Some(Message { text, reference_id })
        })
        .collect()
}

fn read_overrides(node: Option<&Node>) -> Vec<Override> {
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .map(|item| Override {
            kind: match item.get("kind").and_then(Node::as_str) {
                Some(kind) if kind.eq_ignore_ascii_case("policyEffect") => OverrideKind::PolicyEffect,
                Some(kind)
                    if kind.eq_ignore_ascii_case("definitionVersion")
                        || kind.eq_ignore_ascii_case("policyVersion") =>
                {
                    OverrideKind::DefinitionVersion
                }
                _ => OverrideKind::Other,
            },
            value: item.get("value").and_then(Node::as_str).unwrap_or_default().to_owned(),
            selectors: read_selectors(item.get("selectors")),
        })
        .collect()
}

impl Assignment {
    /// The text for people whose resource does not comply with a reference: its own, else the general one.
    pub fn message(&self, reference_id: &str) -> Option<&str> {
        let own = self
            .messages
            .iter()
            .find(|message| message.reference_id.as_deref().is_some_and(|id| eq(id, reference_id)));
        let general = || self.messages.iter().find(|message| message.reference_id.is_none());
        own.or_else(general).map(|message| message.text.as_str())
    }

    /// Whether requests are affected.
    pub fn is_enforced(&self) -> bool {
        self.enforcement == EnforcementMode::Default
    }
}

/// The effect that is left after the overrides: the first that fits replaces it. `location` is that of the resource.
pub fn effect_after_overrides(
    overrides: &[Override],
    reference_id: &str,
    location: Option<&str>,
    effect: Effect,
) -> Effect {
    let facts = SelectionFacts { reference_id, location, ..SelectionFacts::default() };
    overridden(overrides, OverrideKind::PolicyEffect, &facts)
        .ok()
        .flatten()
        .and_then(Effect::from_name)
        .unwrap_or(effect)
}

/// The value of the first override of a kind that fits, if one does.
///
/// # Errors
/// Why that cannot be said: an override before it asks for what is unknown.
pub(crate) fn overridden<'a>(
    overrides: &'a [Override],
    kind: OverrideKind,
    facts: &SelectionFacts<'_>,
) -> Result<Option<&'a str>, NotEvaluable> {
    let known =
        |part: &&Override| kind != OverrideKind::PolicyEffect || Effect::from_name(&part.value).is_some();
    for part in overrides.iter().filter(|part| part.kind == kind).filter(known) {
        match select_all(&part.selectors, facts) {
            Coverage::Covered => return Ok(Some(&part.value)),
            Coverage::NotCovered => {}
            Coverage::Undecided(reason) => return Err(reason),
        }
    }
    Ok(None)
}

/// Everything the service would refuse about an assignment; `ancestors` are the management groups above its scope.
pub fn check_assignment(assignment: &Assignment, ancestors: &[String]) -> Vec<String> {
    let mut problems = selector_problems(&assignment.resource_selectors);
    if assignment.overrides.len() > 10 {
        problems.push(format!("{} overrides; at most 10 are allowed", assignment.overrides.len()));
    }
    for part in &assignment.overrides {
        problems.extend(part_problems(&part.selectors));
        if part.kind == OverrideKind::PolicyEffect && Effect::from_name(&part.value).is_none() {
            problems.push(format!("there is no effect `{}`", part.value));
        }
        if part.kind == OverrideKind::Other {
            problems.push("an override is of kind `policyEffect` or `definitionVersion`".to_owned());
        }
    }
    if assignment.not_scopes.len() > 400 {
        problems.push(format!("{} notScopes; at most 400 are allowed", assignment.not_scopes.len()));
    }
    let has_identity =
        assignment.identity_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("None"));
    let location = assignment.location.as_deref().filter(|location| !location.is_empty());
    if has_identity && location.is_none_or(|location| eq(location, "global")) {
        problems.push("an assignment with an identity needs a `location`, which is not `global`".to_owned());
    }
    if !may_assign(&assignment.definition_id, &assignment.scope, ancestors) {
        problems
            .push("a definition can be assigned only at or below the place where it is stored".to_owned());
    }
    if assignment.display_name.as_ref().is_some_and(|name| name.chars().count() > 128) {
        problems.push("`displayName` has more than 128 characters".to_owned());
    }
    for scope in &assignment.not_scopes {
        if !super::is_within(scope, &assignment.scope, ancestors)
            && !scope.starts_with("/providers/Microsoft.Management")
        {
            let is_below_group = assignment.scope.to_ascii_lowercase().contains("/managementgroups/");
            if !is_below_group {
                problems.push(format!("`{scope}` is not below the scope of the assignment"));
            }
        }
    }
    problems
}
