//! Microsoft Graph entities: which collection they belong to, and memberships.
//!
//! The collection is told by the address asked, else by `@odata.context`, else by the members. Members of
//! groups and directory roles become documents of their own, `graph:/groups/{id}/members/{memberId}`.

use std::borrow::Cow;

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, eq_fold};

use crate::document::Completeness;
use crate::json::tree::{Node, Object, get, take};
use crate::report::{Outcome, shorten};

/// Names that contexts use for collections that live elsewhere.
const ALIASES: [(&str, &str); 9] = [
    ("conditionalAccess/policies", "identity/conditionalAccess/policies"),
    ("conditionalAccess/namedLocations", "identity/conditionalAccess/namedLocations"),
    ("namedLocations", "identity/conditionalAccess/namedLocations"),
    ("conditionalAccessPolicies", "identity/conditionalAccess/policies"),
    ("userRegistrationDetails", "reports/authenticationMethods/userRegistrationDetails"),
    ("identitySecurityDefaultsEnforcementPolicy", "policies/identitySecurityDefaultsEnforcementPolicy"),
    ("authenticationMethodsPolicy", "policies/authenticationMethodsPolicy"),
    ("authorizationPolicy", "policies/authorizationPolicy"),
    ("policies/conditionalAccessPolicies", "identity/conditionalAccess/policies"),
];

/// Objects of which there is one; the path is the key.
const SINGLETONS: [&str; 8] = [
    "policies/identitySecurityDefaultsEnforcementPolicy",
    "policies/authenticationMethodsPolicy",
    "policies/authorizationPolicy",
    "policies/authenticationFlowsPolicy",
    "policies/adminConsentRequestPolicy",
    "policies/deviceRegistrationPolicy",
    "policies/crossTenantAccessPolicy",
    "policies/crossTenantAccessPolicy/default",
];

/// Collections of directory objects that belong to another object.
const RELATIONS: [&str; 5] = ["members", "owners", "transitiveMembers", "memberOf", "transitiveMemberOf"];

/// The collection of an `@odata.type`.
const TYPES: [(&str, &str); 9] = [
    ("user", "users"),
    ("group", "groups"),
    ("servicePrincipal", "servicePrincipals"),
    ("application", "applications"),
    ("device", "devices"),
    ("directoryRole", "directoryRoles"),
    ("administrativeUnit", "administrativeUnits"),
    ("orgContact", "contacts"),
    ("userRegistrationDetails", "reports/authenticationMethods/userRegistrationDetails"),
];

/// `$expand=members` on groups returns no more than this many (Graph, "Group: list", known limitation).
const EXPAND_LIMIT: usize = 20;

/// The collection of objects of any type, which is also what members of a group appear as.
const DIRECTORY_OBJECTS: &str = "directoryObjects";

/// Where entities belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collection {
    /// The path below the version, without the entity's id: `users`, `groups/{id}/members`.
    path: String,
    /// The path names the entity itself.
    is_entity: bool,
    is_recorded: bool,
}

impl Collection {
    /// A collection known by its path.
    pub(crate) fn named(path: &str) -> Self {
        Self { path: path.to_owned(), is_entity: false, is_recorded: false }
    }

    /// From the path of a request, such as `groups/{id}/members`; `is_page` if the answer was a list.
    pub(crate) fn from_request(path: &str, is_page: bool) -> Self {
        let path = path.trim_matches('/');
        let is_counted_or_cast =
            |segment: &str| segment.starts_with("microsoft.graph.") || segment.starts_with('$');
        let kept: Vec<&str> = path.split('/').filter(|segment| !is_counted_or_cast(segment)).collect();
        Self { path: kept.join("/"), is_entity: !is_page, is_recorded: true }
    }

    /// From `@odata.context`: `…/$metadata#groups('{id}')/members(id,displayName)`.
    pub(crate) fn from_context(context: &str) -> Self {
        let fragment = context.rsplit_once('#').map_or(context, |(_, fragment)| fragment);
        // `…#microsoft.graph.user` and `#Collection(microsoft.graph.user)` name a type instead of a path.
        let named_type = fragment
            .trim_start_matches("Collection(")
            .trim_end_matches(')')
            .strip_prefix("microsoft.graph.")
            .and_then(collection_of_type);
        if let Some(path) = named_type {
            return Self::named(path);
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in split_segments(fragment) {
            let (name, argument) = match segment.split_once('(') {
                Some((name, rest)) => (name, Some(rest.trim_end_matches(')'))),
                None => (segment, None),
            };
            if name.starts_with('$') || name.starts_with("microsoft.graph.") || name.is_empty() {
                continue;
            }
            segments.push(name.to_owned());
            let id =
                argument.and_then(|text| text.strip_prefix('\'')).map(|text| text.trim_end_matches('\''));
            segments.extend(id.filter(|id| !id.is_empty() && !id.contains('/')).map(str::to_owned));
        }
        let is_ownerless =
            matches!(segments.as_slice(), [_, last] if RELATIONS.iter().any(|name| eq_fold(name, last)));
        if is_ownerless {
            return Self::named(DIRECTORY_OBJECTS);
        }
        let path = segments.join("/");
        let path = ALIASES
            .iter()
            .find(|(alias, _)| eq_fold(alias, &path))
            .map_or(path, |(_, real)| (*real).to_owned());
        Self { path, is_entity: false, is_recorded: false }
    }

    pub(crate) fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Objects of any type, without a word on whose members they are.
    fn is_mixed(&self) -> bool {
        eq_fold(&self.path, DIRECTORY_OBJECTS)
    }

    /// What a page of this collection cannot tell.
    pub(crate) fn page_finding(&self) -> Option<Diagnostic> {
        (self.is_mixed() && !self.is_recorded).then(|| {
            let message =
                "the page does not say whose members these objects are, so memberships stay unknown";
            Diagnostic::note("import-unknown-owner", message)
                .with_hint("use `azimuth collect`, which records the address with the answer")
        })
    }

    /// Whether these are the members, owners and so on of an object named in the path.
    fn is_relation(&self) -> bool {
        let mut segments = self.path.rsplit('/');
        let last = segments.next().unwrap_or_default();
        RELATIONS.iter().any(|relation| eq_fold(relation, last)) && segments.count() >= 2
    }

    fn is_singleton(&self) -> bool {
        SINGLETONS.iter().any(|path| eq_fold(path, &self.path))
            || self.path.ends_with("/authentication/requirements")
    }
}

/// The segments of a context's path; slashes within parentheses do not divide.
fn split_segments(fragment: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, byte) in fragment.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'/' if depth == 0 => {
                out.push(&fragment[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&fragment[from..]);
    out
}

fn collection_of_type(name: &str) -> Option<&'static str> {
    let name = name.trim_start_matches('#').trim_start_matches("microsoft.graph.");
    TYPES.iter().find(|(kind, _)| eq_fold(kind, name)).map(|(_, path)| *path)
}

/// The collection that an object without context shows by its members (`az ad user list` and the like).
pub(crate) fn collection_by_members(node: &Node<'_>) -> Option<&'static str> {
    if let Some(path) = node.text_at("@odata.type").and_then(|kind| collection_of_type(&kind)) {
        return Some(path);
    }
    let has = |key: &str| node.get(key).is_some();
    let rules: [(bool, &str); 14] = [
        (
            has("isMfaRegistered") || has("methodsRegistered"),
            "reports/authenticationMethods/userRegistrationDetails",
        ),
        (has("grantControls") && has("conditions"), "identity/conditionalAccess/policies"),
        (has("ipRanges") || has("countriesAndRegions"), "identity/conditionalAccess/namedLocations"),
        (has("servicePrincipalType") || has("servicePrincipalNames"), "servicePrincipals"),
        (
            has("appId") && (has("signInAudience") || has("identifierUris") || has("publisherDomain")),
            "applications",
        ),
        (has("roleTemplateId"), "directoryRoles"),
        (has("rolePermissions") && has("isBuiltIn"), "roleManagement/directory/roleDefinitions"),
        (
            has("roleDefinitionId") && has("directoryScopeId") && has("assignmentType"),
            "roleManagement/directory/roleAssignmentScheduleInstances",
        ),
        (
            has("roleDefinitionId") && has("directoryScopeId") && has("memberType"),
            "roleManagement/directory/roleEligibilityScheduleInstances",
        ),
        (
            has("roleDefinitionId") && has("directoryScopeId") && has("principalId"),
            "roleManagement/directory/roleAssignments",
        ),
        (has("userPrincipalName"), "users"),
        (has("securityEnabled") && has("mailEnabled"), "groups"),
        (has("verifiedDomains"), "organization"),
        (has("deviceId") && has("operatingSystem"), "devices"),
    ];
    rules.iter().find(|(matches, _)| *matches).map(|(_, path)| *path)
}

/// The documents of one entity of a collection.
pub(crate) fn entity(node: &Node<'_>, collection: &Collection) -> Outcome {
    let id = node.text_at("id").filter(|id| !id.is_empty());
    if collection.is_singleton() {
        return keyed(&collection.path, without_context(node).to_json(), Completeness::Full);
    }
    if collection.is_entity {
        return with_expanded(node, &collection.path);
    }
    let Some(id) = id else {
        return Outcome::rejected(
            Diagnostic::error("import-no-id", "the Graph object has no `id`")
                .with_hint("keep `id` in `$select`"),
        );
    };
    if collection.is_relation() {
        return relation(node, collection, &id);
    }
    let path = if collection.is_mixed() || collection.path.is_empty() {
        let Some(path) = collection_by_members(node) else {
            let message = format!("the directory object `{}` does not say what it is", shorten(&id, 60));
            return Outcome::rejected(
                Diagnostic::error("import-unknown-record", message)
                    .with_hint("keep `@odata.type`, which Graph sends by default"),
            );
        };
        path
    } else {
        &collection.path
    };
    with_expanded(node, &format!("{path}/{id}"))
}

/// One member of a group or role: the membership, and the member as far as it is shown.
fn relation(node: &Node<'_>, collection: &Collection, id: &str) -> Outcome {
    let mut outcome = membership(node, &collection.path, id);
    if let Some(path) = collection_by_members(node) {
        let rank = if is_bare(node) { Completeness::Stub } else { Completeness::Listed };
        outcome.absorb(keyed(&format!("{path}/{id}"), node.to_json(), rank));
    }
    outcome
}

/// Whether an object shows its id alone.
fn is_bare(node: &Node<'_>) -> bool {
    node.object()
        .is_some_and(|members| members.iter().all(|(key, _)| key == "id" || key.starts_with("@odata.")))
}

fn membership(node: &Node<'_>, path: &str, id: &str) -> Outcome {
    let mut body: Object<'_> = Vec::new();
    if let Some(kind) = node.get("@odata.type") {
        body.push((Cow::Borrowed("@odata.type"), kind.clone()));
    }
    body.push((Cow::Borrowed("id"), Node::text(id)));
    keyed(&format!("{path}/{id}"), Node::Object(body).to_json(), Completeness::Full)
}

/// An entity under its own path; expanded members leave it and become memberships.
fn with_expanded(node: &Node<'_>, path: &str) -> Outcome {
    let members = match node.get("members") {
        Some(Node::Array(members)) if members.iter().all(|member| member.get("id").is_some()) => members,
        _ => {
            let rank = if is_bare(node) { Completeness::Stub } else { Completeness::Full };
            return keyed(path, without_context(node).to_json(), rank);
        }
    };
    let Node::Object(mut body) = without_context(node) else { return Outcome::default() };
    take(&mut body, "members");
    take(&mut body, "members@odata.context");
    let more = take(&mut body, "members@odata.nextLink").is_some();
    let mut outcome = keyed(path, Node::Object(body).to_json(), Completeness::Full);
    if outcome.drafts.is_empty() {
        return outcome;
    }
    let collection = Collection::named(&format!("{path}/members"));
    for member in members {
        let id = member.text_at("id").unwrap_or_default();
        outcome.absorb(relation(member, &collection, &id));
    }
    if more || members.len() == EXPAND_LIMIT {
        let message =
            format!("`{}` may have more members than the {} expanded here", shorten(path, 80), members.len());
        outcome.findings.push(
            Diagnostic::warning("import-partial-members", message)
                .with_hint("`$expand=members` stops at 20; read `/groups/{id}/members` instead"),
        );
    }
    outcome
}

/// Annotations of the page do not belong to the entity.
fn without_context<'a>(node: &Node<'a>) -> Node<'a> {
    match node {
        Node::Object(members) if get(members, "@odata.context").is_some() => {
            let mut members = members.clone();
            take(&mut members, "@odata.context");
            Node::Object(members)
        }
        _ => node.clone(),
    }
}

fn keyed(path: &str, body: String, rank: Completeness) -> Outcome {
    match DocumentKey::graph(path) {
        Ok(key) => Outcome::one(key, body, rank),
        Err(error) => Outcome::rejected(Diagnostic::error("import-key", error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts() {
        let base = "https://graph.microsoft.com/v1.0/$metadata#";
        let cases = [
            ("users", "users"),
            ("users(id,displayName,manager(id))/$entity", "users"),
            (
                "groups('02bd9fd6-8f93-4758-87c3-1fb73740a315')/members",
                "groups/02bd9fd6-8f93-4758-87c3-1fb73740a315/members",
            ),
            ("groups(displayName,members(id))", "groups"),
            ("directoryRoles('a')/members/microsoft.graph.user", "directoryRoles/a/members"),
            ("directoryRoles(roleTemplateId='a')/members", "directoryObjects"),
            ("Collection(microsoft.graph.servicePrincipal)", "servicePrincipals"),
            ("conditionalAccess/namedLocations", "identity/conditionalAccess/namedLocations"),
            (
                "policies/identitySecurityDefaultsEnforcementPolicy/$entity",
                "policies/identitySecurityDefaultsEnforcementPolicy",
            ),
            ("users('a')/authentication/requirements/$entity", "users/a/authentication/requirements"),
        ];
        for (fragment, path) in cases {
            assert_eq!(Collection::from_context(&format!("{base}{fragment}")).path, path);
        }
    }
}
