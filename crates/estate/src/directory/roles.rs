//! Directory roles: active and eligible assignments, from the unified role API and from `directoryRoles`.

use std::borrow::Cow;

use azimuth_ids::fold;
use hashbrown::HashMap;
use serde::Deserialize;

use crate::snapshot::Snapshot;

/// Whether a role is held now or can be activated (Privileged Identity Management).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleState {
    /// In force.
    Active,
    /// Can be activated by its holder.
    Eligible,
}

/// One principal's hold on one directory role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleHolder {
    /// Object id of the user, group or service principal, lower case.
    pub principal_id: Box<str>,
    /// Role template id, lower case.
    pub role_id: Box<str>,
    /// Role name, or the id if the definition was not exported.
    pub role_name: Box<str>,
    /// `directoryScopeId`; `/` is the whole tenant.
    pub scope: Box<str>,
    /// Active or eligible.
    pub state: RoleState,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment<'a> {
    #[serde(borrow)]
    principal_id: Cow<'a, str>,
    #[serde(borrow)]
    role_definition_id: Cow<'a, str>,
    #[serde(borrow, default)]
    directory_scope_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    #[serde(borrow, default)]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    template_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    role_template_id: Option<Cow<'a, str>>,
}

/// Every hold on a role that the documents show, each once, in order.
pub(super) fn from_snapshot(snapshot: &Snapshot) -> Vec<RoleHolder> {
    // Definition id → (template id, name). Built-in definitions use the template id as their id.
    let mut definitions: HashMap<Box<str>, (Box<str>, Box<str>)> = HashMap::new();
    for kind in ["graph:/rolemanagement/directory/roledefinitions", "graph:/directoryroles"] {
        for entry in snapshot.of_type(kind) {
            let Ok(definition) = entry.read::<Definition<'_>>() else { continue };
            let template = definition.role_template_id.or(definition.template_id);
            let template: Box<str> = fold(template.as_deref().unwrap_or(entry.name())).into();
            let name: Box<str> = definition.display_name.as_deref().unwrap_or(entry.name()).into();
            definitions.insert(entry.name().into(), (template, name));
        }
    }
    let mut holders = Vec::new();
    let mut add = |principal: &str, role: &str, scope: &str, state| {
        let role = fold(role);
        let (role_id, role_name) =
            definitions.get(&*role).cloned().unwrap_or_else(|| ((*role).into(), (*role).into()));
        let principal_id = fold(principal).into();
        holders.push(RoleHolder { principal_id, role_id, role_name, scope: scope.into(), state });
    };
    for (kind, state) in [
        ("graph:/rolemanagement/directory/roleassignments", RoleState::Active),
        ("graph:/rolemanagement/directory/roleassignmentscheduleinstances", RoleState::Active),
        ("graph:/rolemanagement/directory/roleeligibilityscheduleinstances", RoleState::Eligible),
    ] {
        for entry in snapshot.of_type(kind) {
            let Ok(assignment) = entry.read::<Assignment<'_>>() else { continue };
            let scope = assignment.directory_scope_id.as_deref().unwrap_or("/");
            add(&assignment.principal_id, &assignment.role_definition_id, scope, state);
        }
    }
    for entry in snapshot.of_type("graph:/directoryroles/members") {
        // graph:/directoryroles/{role}/members/{principal}
        let mut segments = entry.key().split('/').skip(2);
        if let (Some(role), Some(_), Some(principal)) = (segments.next(), segments.next(), segments.next()) {
            add(principal, role, "/", RoleState::Active);
        }
    }
    holders.sort();
    holders.dedup();
    holders
}
