//! The members of Graph objects that decisions read (Microsoft Graph v1.0 `user`, `group`,
//! `servicePrincipal`, `userRegistrationDetails`; beta `strongAuthenticationRequirements`).

use std::borrow::Cow;

use serde::Deserialize;

/// A user's relation to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserType {
    /// A member (also when the property is absent, as Graph does for old objects).
    Member,
    /// A guest.
    Guest,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Object id, lower case.
    pub id: Box<str>,
    /// `userPrincipalName`, or empty if it was not exported.
    pub user_principal_name: Box<str>,
    /// `displayName`, or empty.
    pub display_name: Box<str>,
    /// `accountEnabled`; `None` if it was not exported.
    pub enabled: Option<bool>,
    /// `userType`.
    pub user_type: UserType,
    /// `onPremisesSyncEnabled`.
    pub synced: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Object id, lower case.
    pub id: Box<str>,
    /// `displayName`, or empty.
    pub display_name: Box<str>,
    /// `isAssignableToRole`.
    pub assignable_to_role: bool,
}

/// What stands behind a service principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServicePrincipalKind {
    /// An application.
    Application,
    /// A managed identity.
    ManagedIdentity,
    /// Anything else (legacy, social identity provider).
    Other,
}

/// A service principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// Object id, lower case.
    pub id: Box<str>,
    /// `appId`, or empty.
    pub app_id: Box<str>,
    /// `displayName`, or empty.
    pub display_name: Box<str>,
    /// `servicePrincipalType`.
    pub kind: ServicePrincipalKind,
    /// `accountEnabled`, true if absent.
    pub enabled: bool,
}

/// What the authentication-methods report says of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Whether the user holds an administrator role.
    pub is_admin: bool,
    /// Whether a strong method is registered; `None` if the member is missing.
    pub is_mfa_registered: Option<bool>,
    /// Whether a registered strong method is also allowed by the methods policy.
    pub is_mfa_capable: Option<bool>,
    /// Whether the user can sign in without a password.
    pub is_passwordless_capable: Option<bool>,
    /// The methods registered, in Graph names.
    pub methods: Vec<Box<str>>,
}

/// The legacy per-user MFA state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PerUserMfaState {
    /// No per-user requirement.
    Disabled,
    /// Must register, then becomes enforced.
    Enabled,
    /// MFA at every sign-in.
    Enforced,
}

impl PerUserMfaState {
    /// The wire value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Enforced => "enforced",
        }
    }
}

fn boxed(text: Option<Cow<'_, str>>) -> Box<str> {
    text.unwrap_or_default().into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserShape<'a> {
    #[serde(borrow, default)]
    user_principal_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    display_name: Option<Cow<'a, str>>,
    #[serde(default)]
    account_enabled: Option<bool>,
    #[serde(borrow, default)]
    user_type: Option<Cow<'a, str>>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
}

impl UserShape<'_> {
    pub(super) fn user(self, id: &str) -> User {
        let guest = self.user_type.is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
        User {
            id: id.into(),
            user_principal_name: boxed(self.user_principal_name),
            display_name: boxed(self.display_name),
            enabled: self.account_enabled,
            user_type: if guest { UserType::Guest } else { UserType::Member },
            synced: self.on_premises_sync_enabled.unwrap_or(false),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupShape<'a> {
    #[serde(borrow, default)]
    display_name: Option<Cow<'a, str>>,
    #[serde(default)]
    is_assignable_to_role: Option<bool>,
}

impl GroupShape<'_> {
    pub(super) fn group(self, id: &str) -> Group {
        Group {
            id: id.into(),
            display_name: boxed(self.display_name),
            assignable_to_role: self.is_assignable_to_role.unwrap_or(false),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServicePrincipalShape<'a> {
    #[serde(borrow, default)]
    app_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    service_principal_type: Option<Cow<'a, str>>,
    #[serde(default)]
    account_enabled: Option<bool>,
}

impl ServicePrincipalShape<'_> {
    pub(super) fn service_principal(self, id: &str) -> ServicePrincipal {
        let kind = match self.service_principal_type.as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("managedIdentity") => {
                ServicePrincipalKind::ManagedIdentity
            }
            Some(kind) if kind.eq_ignore_ascii_case("application") => ServicePrincipalKind::Application,
            None => ServicePrincipalKind::Application,
            Some(_) => ServicePrincipalKind::Other,
        };
        ServicePrincipal {
            id: id.into(),
            app_id: boxed(self.app_id),
            display_name: boxed(self.display_name),
            kind,
            enabled: self.account_enabled.unwrap_or(true),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RegistrationShape<'a> {
    #[serde(default)]
    is_admin: Option<bool>,
    #[serde(default)]
    is_mfa_registered: Option<bool>,
    #[serde(default)]
    is_mfa_capable: Option<bool>,
    #[serde(default)]
    is_passwordless_capable: Option<bool>,
    #[serde(borrow, default)]
    methods_registered: Vec<Cow<'a, str>>,
}

impl RegistrationShape<'_> {
    pub(super) fn registration(self) -> Registration {
        Registration {
            is_admin: self.is_admin.unwrap_or(false),
            is_mfa_registered: self.is_mfa_registered,
            is_mfa_capable: self.is_mfa_capable,
            is_passwordless_capable: self.is_passwordless_capable,
            methods: self.methods_registered.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RequirementsShape {
    #[serde(rename = "perUserMfaState", default)]
    pub(super) state: Option<PerUserMfaState>,
}
