//! What the directory knows: people, groups, applications, locations, strengths and the tenant's settings.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::filter::Attribute;
use crate::json::{flag, items, lower_strings, present, strings, text};
use crate::methods::{Capabilities, Strength, can_do_multifactor};
use crate::network::{NamedLocation, Range, Ranges};

/// A tenant.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The settings of the tenant.
    pub tenant: Tenant,
    /// Its users, guests among them.
    pub users: Vec<User>,
    /// The groups by id in lower case: the ids of the groups they are members of.
    pub groups: HashMap<String, Vec<String>>,
    /// Names of groups, by id in lower case.
    pub group_names: HashMap<String, String>,
    /// Its applications.
    pub applications: Vec<Application>,
    /// Its named locations.
    pub locations: Vec<NamedLocation>,
    /// Its authentication strengths, apart from the built-in ones.
    pub strengths: Vec<Strength>,
    /// Its service principals that sign in themselves.
    pub service_principals: Vec<ServicePrincipal>,
}

/// Settings of the tenant that decide sign-ins.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Which claims are trusted of which home tenant; `default` stands for the others.
    pub inbound_trust: HashMap<String, Trust>,
    /// The trusted addresses of the MFA service settings.
    pub mfa_trusted_ips: Ranges,
    /// True if a federated request from inside counts as trusted.
    pub skip_mfa_for_federated_intranet: bool,
    /// False if passwords of synchronised users cannot be changed in the cloud; unknown counts as possible.
    pub password_writeback: Option<bool>,
    /// The methods that the tenant allows; `None` allows all.
    pub enabled_methods: Option<Vec<String>>,
    /// True if requests for baseline scopes are decided as before March 2026.
    pub legacy_baseline_scopes: bool,
    /// The application that stands for baseline scopes, if it is not Windows Azure Active Directory.
    pub baseline_scope_target: Option<String>,
}

/// Which claims of a home tenant are accepted (cross-tenant access settings, inbound trust).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trust {
    /// Multifactor authentication at home counts.
    pub mfa: bool,
    /// A compliant device at home counts.
    pub compliant_device: bool,
    /// A hybrid joined device at home counts.
    pub hybrid_device: bool,
}

/// A user.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The object id.
    pub id: String,
    /// The name at sign-in.
    pub user_principal_name: String,
    /// How the user belongs to the tenant.
    pub kind: UserKind,
    /// The home tenant of an external user.
    pub home_tenant: Option<String>,
    /// The identity provider of a guest who has no Entra account, such as `google.com`.
    pub external_identity_provider: Option<String>,
    /// The groups the user is a direct member of, in lower case.
    pub groups: Vec<String>,
    /// Template ids of the roles that count: built in, active, for the whole tenant.
    pub roles: Vec<String>,
    /// Template ids of the roles that do not count for Conditional Access: eligible, custom, or for a part of the tenant.
    pub other_roles: Vec<String>,
    /// True if the user can do multifactor authentication.
    pub is_mfa_registered: bool,
    /// The registered methods, where they are known.
    pub registered_methods: Option<Vec<String>>,
    /// True if the user comes from an on-premises directory.
    pub is_synchronised: bool,
    /// `disabled`, `enabled` or `enforced`.
    pub per_user_mfa: Option<String>,
}

/// How a user belongs to the tenant (`conditionalAccessGuestOrExternalUserTypes`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserKind {
    /// A member with an account here.
    #[default]
    Member,
    /// A guest with an account here.
    InternalGuest,
    /// A guest with an account elsewhere.
    B2bGuest,
    /// A member with an account elsewhere.
    B2bMember,
    /// Somebody of another tenant without an object in this one.
    DirectConnect,
    /// Somebody of a partner who serves this tenant.
    ServiceProvider,
    /// Any other external user.
    OtherExternal,
}

/// An application that can be a target.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// The application id.
    pub app_id: String,
    /// Its name for people.
    pub display_name: String,
    /// The groups of applications it belongs to, such as `Office365`.
    pub groups: Vec<String>,
    /// Custom security attributes by `set_name` in lower case.
    pub attributes: BTreeMap<String, Attribute>,
}

/// An application's identity that signs in itself.
#[derive(Clone, Debug, Default)]
pub struct ServicePrincipal {
    /// The object id.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// True if policies can reach it: a single-tenant application of this tenant, no managed identity.
    pub is_covered: bool,
    /// Custom security attributes by `set_name` in lower case.
    pub attributes: BTreeMap<String, Attribute>,
}

/// Applications that belong to a group of applications, for directories that do not tell.
///
/// Source: "Apps included in Conditional Access Office 365 app suite" and "Conditional Access: target resources".
const WELL_KNOWN_GROUPS: [(&str, &[&str]); 5] = [
    ("00000002-0000-0ff1-ce00-000000000000", &["Office365"]),
    ("00000003-0000-0ff1-ce00-000000000000", &["Office365"]),
    ("cc15fd57-2c6c-4117-a88c-83b1d56b4bbc", &["Office365"]),
    (
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        &["MicrosoftAdminPortals", "797f4846-ba00-4fd7-ba43-dac1f8f63013"],
    ),
    ("00000006-0000-0ff1-ce00-000000000000", &["MicrosoftAdminPortals", "Office365"]),
];

impl Directory {
    /// Reads a directory: `tenant`, `users`, `groups`, `applications`, `namedLocations`, `authenticationStrengths`,
    /// `servicePrincipals`, each in the shape of Microsoft Graph as far as Graph has it.
    pub fn from_json(document: &Value) -> Directory {
        let tenant = Tenant::from_json(document.get("tenant").unwrap_or(&Value::Null));
        let groups = items(document, "groups");
        let id = |group: &Value| text(group, "id").unwrap_or_default().to_lowercase();
        let name = |group: &Value| text(group, "displayName").unwrap_or_default().to_owned();
        Directory {
            users: items(document, "users").iter().map(|user| User::from_json(user, &tenant.id)).collect(),
            groups: groups.iter().map(|group| (id(group), lower_strings(group, "memberOf"))).collect(),
            group_names: groups.iter().map(|group| (id(group), name(group))).collect(),
            applications: items(document, "applications").iter().map(Application::from_json).collect(),
            locations: items(document, "namedLocations").iter().map(NamedLocation::from_json).collect(),
            strengths: items(document, "authenticationStrengths").iter().map(Strength::from_json).collect(),
            service_principals: items(document, "servicePrincipals")
                .iter()
                .map(|principal| ServicePrincipal::from_json(principal, &tenant.id))
                .collect(),
            tenant,
        }
    }

    /// The group and every group that it is a member of, however deep.
    pub(crate) fn group_closure<'a>(&'a self, group: &'a str) -> Vec<&'a str> {
        let mut seen = HashSet::from([group]);
        let mut found = vec![group];
        let mut next = 0;
        while let Some(current) = found.get(next) {
            for parent in self.groups.get(*current).into_iter().flatten() {
                if seen.insert(parent) {
                    found.push(parent);
                }
            }
            next += 1;
        }
        found
    }
}

impl Tenant {
    fn from_json(document: &Value) -> Tenant {
        let trust = document.get("inboundTrust").and_then(Value::as_object);
        let ranges = strings(document, "mfaTrustedIps");
        Tenant {
            id: text(document, "id").unwrap_or_default().to_owned(),
            inbound_trust: trust
                .into_iter()
                .flatten()
                .map(|(tenant, trust)| (tenant.to_lowercase(), Trust::from_json(trust)))
                .collect(),
            mfa_trusted_ips: Ranges::new(
                ranges.iter().filter_map(|range| Range::parse(range).ok()).collect(),
            ),
            skip_mfa_for_federated_intranet: flag(document, "skipMfaForFederatedIntranet"),
            password_writeback: document.get("passwordWriteback").and_then(Value::as_bool),
            enabled_methods: present(document, "enabledMethods").map(|_| strings(document, "enabledMethods")),
            legacy_baseline_scopes: text(document, "baselineScopeEnforcement") == Some("legacy"),
            baseline_scope_target: text(document, "baselineScopeTarget").map(str::to_owned),
        }
    }

    /// Which claims of this home tenant count.
    pub fn trust(&self, home_tenant: Option<&str>) -> Trust {
        let specific = home_tenant.and_then(|tenant| self.inbound_trust.get(&tenant.to_lowercase()));
        specific.or_else(|| self.inbound_trust.get("default")).copied().unwrap_or_default()
    }
}

impl Trust {
    fn from_json(document: &Value) -> Trust {
        Trust {
            mfa: flag(document, "isMfaAccepted"),
            compliant_device: flag(document, "isCompliantDeviceAccepted"),
            hybrid_device: flag(document, "isHybridAzureADJoinedDeviceAccepted"),
        }
    }
}

impl User {
    fn from_json(document: &Value, tenant: &str) -> User {
        let home = text(document, "homeTenantId").filter(|home| !home.eq_ignore_ascii_case(tenant));
        let provider =
            text(document, "externalIdentityProvider").or_else(|| text(document, "identityProvider"));
        let name = text(document, "userPrincipalName").unwrap_or_default();
        let is_external = home.is_some() || provider.is_some() || name.contains("#EXT#");
        let is_guest = text(document, "userType").is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
        let kind = text(document, "externalUserType").and_then(UserKind::from_wire).unwrap_or(
            match (is_external, is_guest) {
                (true, true) => UserKind::B2bGuest,
                (true, false) => UserKind::B2bMember,
                (false, true) => UserKind::InternalGuest,
                (false, false) => UserKind::Member,
            },
        );
        let (roles, other_roles) = roles(document);
        let registered =
            present(document, "registeredMethods").map(|_| strings(document, "registeredMethods"));
        let by_methods = registered.as_deref().is_none_or(can_do_multifactor);
        User {
            id: text(document, "id").unwrap_or_default().to_owned(),
            user_principal_name: name.to_owned(),
            kind,
            home_tenant: home.map(str::to_owned),
            external_identity_provider: provider.map(str::to_owned),
            groups: lower_strings(document, "memberOf"),
            roles,
            other_roles,
            is_mfa_registered: document.get("mfaRegistered").and_then(Value::as_bool).unwrap_or(by_methods),
            registered_methods: registered,
            is_synchronised: flag(document, "onPremisesSyncEnabled"),
            per_user_mfa: text(document, "perUserMfaState").map(str::to_owned),
        }
    }

    /// The methods the user can use in a tenant.
    pub(crate) fn capabilities(&self, tenant: &Tenant) -> Capabilities {
        Capabilities { enabled: tenant.enabled_methods.clone(), registered: self.registered_methods.clone() }
    }
}

/// The roles that Conditional Access counts, and the others. Entries are template ids, which are active and for the
/// whole tenant, or assignments. "Conditional Access: users and groups": administrative-unit scope, object scope and
/// custom roles are not enforced; an eligible role counts once it is active.
fn roles(document: &Value) -> (Vec<String>, Vec<String>) {
    let (mut counted, mut others) = (Vec::new(), Vec::new());
    for entry in items(document, "roles") {
        let id = entry
            .as_str()
            .or_else(|| text(entry, "roleTemplateId"))
            .or_else(|| text(entry, "roleDefinitionId"));
        let Some(id) = id else { continue };
        let scope = text(entry, "directoryScopeId").unwrap_or("/");
        let is_eligible = ["assignmentType", "assignmentState", "status", "state", "memberType"]
            .iter()
            .any(|member| text(entry, member).is_some_and(|value| value.eq_ignore_ascii_case("eligible")))
            || flag(entry, "isEligible")
            || flag(entry, "eligible");
        let is_inactive =
            ["isActive", "active"].iter().any(|member| entry.get(member) == Some(&Value::Bool(false)));
        let is_custom = flag(entry, "isCustom") || entry.get("isBuiltIn") == Some(&Value::Bool(false));
        let counts = scope == "/" && !is_eligible && !is_inactive && !is_custom;
        if counts { &mut counted } else { &mut others }.push(id.to_lowercase());
    }
    (counted, others)
}

impl UserKind {
    /// The kind of this name in Microsoft Graph.
    pub fn from_wire(name: &str) -> Option<UserKind> {
        Some(match name {
            "internalGuest" => UserKind::InternalGuest,
            "b2bCollaborationGuest" => UserKind::B2bGuest,
            "b2bCollaborationMember" => UserKind::B2bMember,
            "b2bDirectConnectUser" => UserKind::DirectConnect,
            "serviceProvider" => UserKind::ServiceProvider,
            "otherExternalUser" => UserKind::OtherExternal,
            _ => return None,
        })
    }

    /// The name of the kind in Microsoft Graph; a member has none.
    pub fn wire(self) -> Option<&'static str> {
        Some(match self {
            UserKind::Member => return None,
            UserKind::InternalGuest => "internalGuest",
            UserKind::B2bGuest => "b2bCollaborationGuest",
            UserKind::B2bMember => "b2bCollaborationMember",
            UserKind::DirectConnect => "b2bDirectConnectUser",
            UserKind::ServiceProvider => "serviceProvider",
            UserKind::OtherExternal => "otherExternalUser",
        })
    }

    /// True if the account is managed elsewhere.
    pub fn is_external(self) -> bool {
        !matches!(self, UserKind::Member | UserKind::InternalGuest)
    }
}

impl Application {
    pub(crate) fn from_json(document: &Value) -> Application {
        let app_id = text(document, "appId").unwrap_or_default().to_owned();
        let known = WELL_KNOWN_GROUPS.iter().find(|(id, _)| id.eq_ignore_ascii_case(&app_id));
        let groups = match present(document, "memberOf") {
            Some(_) => strings(document, "memberOf"),
            None => {
                known.map_or(&[][..], |(_, groups)| groups).iter().map(|group| (*group).to_owned()).collect()
            }
        };
        Application {
            display_name: text(document, "displayName").unwrap_or_default().to_owned(),
            attributes: attributes(document),
            groups,
            app_id,
        }
    }
}

impl ServicePrincipal {
    fn from_json(document: &Value, tenant: &str) -> ServicePrincipal {
        let kind = text(document, "servicePrincipalType").unwrap_or("Application");
        let owner = text(document, "appOwnerOrganizationId")
            .or_else(|| text(document, "ownerTenantId"))
            .or_else(|| text(document, "appOwnerTenantId"));
        let audience = text(document, "signInAudience").unwrap_or("AzureADMyOrg");
        ServicePrincipal {
            id: text(document, "id").unwrap_or_default().to_owned(),
            display_name: text(document, "displayName").unwrap_or_default().to_owned(),
            is_covered: kind.eq_ignore_ascii_case("Application")
                && owner.is_none_or(|owner| owner.eq_ignore_ascii_case(tenant))
                && audience.eq_ignore_ascii_case("AzureADMyOrg")
                && !flag(document, "isMultiTenant")
                && !flag(document, "multiTenant"),
            attributes: attributes(document),
        }
    }
}

fn attributes(document: &Value) -> BTreeMap<String, Attribute> {
    let object = document.get("customSecurityAttributes").and_then(Value::as_object);
    let lower = |text: &str| text.to_lowercase();
    let mut found = BTreeMap::new();
    for (name, value) in object.into_iter().flatten() {
        match value {
            Value::String(text) => {
                found.insert(lower(name), Attribute::Text(lower(text)));
            }
            Value::Array(values) => {
                let values = values.iter().filter_map(Value::as_str).map(lower).collect();
                found.insert(lower(name), Attribute::List(values));
            }
            // Graph nests: the set holds its attributes.
            Value::Object(set) => {
                for (inner, value) in set {
                    let key = lower(&format!("{name}_{inner}"));
                    match value {
                        Value::String(text) => found.insert(key, Attribute::Text(lower(text))),
                        Value::Array(values) => {
                            let values = values.iter().filter_map(Value::as_str).map(lower).collect();
                            found.insert(key, Attribute::List(values))
                        }
                        _ => None,
                    };
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_that_count_are_active_built_in_and_for_the_tenant() {
        let user = User::from_json(
            &json!({"id": "u", "roles": [
                "A",
                {"roleTemplateId": "b", "directoryScopeId": "/"},
                {"roleTemplateId": "c", "directoryScopeId": "/administrativeUnits/x"},
                {"roleTemplateId": "d", "isCustom": true},
                {"roleTemplateId": "e", "assignmentType": "Eligible"},
            ]}),
            "t",
        );
        assert_eq!(user.roles, ["a", "b"]);
        assert_eq!(user.other_roles, ["c", "d", "e"]);
    }

    #[test]
    fn groups_nest_and_may_be_circular() {
        let directory = Directory::from_json(&json!({"groups": [
            {"id": "a", "memberOf": ["b"]}, {"id": "b", "memberOf": ["c"]}, {"id": "c", "memberOf": ["a"]},
        ]}));
        assert_eq!(directory.group_closure("b"), ["b", "c", "a"]);
    }
}
