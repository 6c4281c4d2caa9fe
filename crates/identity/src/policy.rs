//! A Conditional Access policy, read from the JSON of Microsoft Graph without losing anything of it.
//!
//! What the engine understands is typed; the document itself stays with the policy, so that members that are newer than
//! this crate survive a round trip.

use serde_json::Value;

use crate::controls::{Control, Grant};
use crate::filter::{Filter, FilterError, parse_custom_attribute_filter, parse_device_filter};
use crate::json::{flags, lower_strings, present, strings, text};
use crate::session_controls::SessionControls;

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its id; the display name where a published policy has no id.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// Whether it is enforced.
    pub state: State,
    /// When it applies.
    pub conditions: Conditions,
    /// What it asks for.
    pub grant: Grant,
    /// What it asks of the session.
    pub session: SessionControls,
    document: Value,
}

/// Whether a policy is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Enforced.
    Enabled,
    /// Evaluated but not enforced (`enabledForReportingButNotEnforced`).
    ReportOnly,
    /// Not evaluated.
    Disabled,
}

/// When a policy applies. A condition that is not configured is always met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// The people it is about, unless it is about workload identities.
    pub users: Option<Users>,
    /// The workload identities it is about.
    pub workloads: Option<Workloads>,
    /// The targets it is about.
    pub applications: Applications,
    /// Client applications in lower case; empty or `all` is every one.
    pub client_app_types: Vec<String>,
    /// Platforms in lower case.
    pub platforms: Option<Selection>,
    /// Ids of named locations in lower case, `all`, `alltrusted`.
    pub locations: Option<Selection>,
    /// The filter for devices.
    pub device_filter: Option<FilterCondition>,
    /// Levels of sign-in risk in lower case.
    pub sign_in_risk_levels: Vec<String>,
    /// Levels of user risk in lower case.
    pub user_risk_levels: Vec<String>,
    /// Levels of service principal risk in lower case.
    pub service_principal_risk_levels: Vec<String>,
    /// Levels of insider risk in lower case.
    pub insider_risk_levels: Vec<String>,
    /// Authentication flows in lower case.
    pub transfer_methods: Vec<String>,
    /// True if it is about agents, and so never about people.
    pub is_about_agents: bool,
}

/// Something is included, something is excluded, and what is excluded wins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// What is in, in lower case.
    pub include: Vec<String>,
    /// What is out all the same, in lower case.
    pub exclude: Vec<String>,
}

/// The people a policy is about; ids in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Users {
    /// Ids of users, `all`, `none`, `guestsorexternalusers`.
    pub users: Selection,
    /// Ids of groups.
    pub groups: Selection,
    /// Template ids of roles.
    pub roles: Selection,
    /// External users that are in.
    pub include_external: Option<ExternalUsers>,
    /// External users that are out.
    pub exclude_external: Option<ExternalUsers>,
}

/// A choice of external users.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalUsers {
    /// Their kinds, in the names of Microsoft Graph.
    pub kinds: Vec<String>,
    /// Their home tenants in lower case; `None` is every tenant.
    pub tenants: Option<Vec<String>>,
}

/// The workload identities a policy is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workloads {
    /// Object ids in lower case, `serviceprincipalsinmytenant`.
    pub principals: Selection,
    /// The filter by custom security attributes.
    pub filter: Option<FilterCondition>,
}

/// The targets a policy is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applications {
    /// Application ids in lower case, `all`, `none`, groups of applications.
    pub applications: Selection,
    /// User actions in lower case.
    pub user_actions: Vec<String>,
    /// Authentication contexts in lower case.
    pub contexts: Vec<String>,
    /// The filter by custom security attributes.
    pub filter: Option<FilterCondition>,
}

/// A filter rule and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterCondition {
    /// True if what the rule matches is out, false if it is in.
    pub excludes: bool,
    /// The rule as written.
    pub rule: String,
    /// The rule as read.
    pub filter: Result<Filter, FilterError>,
}

impl Policy {
    /// Reads a policy. What is missing or of another type counts as not configured; [`crate::validate_policy`] says
    /// what the service would reject.
    pub fn from_json(document: &Value) -> Policy {
        let name = text(document, "displayName").unwrap_or_default();
        let state = match text(document, "state") {
            Some("disabled") => State::Disabled,
            Some("enabledForReportingButNotEnforced") => State::ReportOnly,
            _ => State::Enabled,
        };
        Policy {
            id: text(document, "id").unwrap_or(name).to_owned(),
            display_name: name.to_owned(),
            state,
            conditions: Conditions::from_json(document.get("conditions").unwrap_or(&Value::Null)),
            grant: Grant::from_json(document.get("grantControls").unwrap_or(&Value::Null)),
            session: SessionControls::from_json(document.get("sessionControls").unwrap_or(&Value::Null)),
            document: document.clone(),
        }
    }

    /// The policy as it was read.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// True if the policy blocks whomever it applies to.
    pub fn blocks(&self) -> bool {
        self.grant.controls.contains(&Control::Block)
    }
}

impl Conditions {
    fn from_json(document: &Value) -> Conditions {
        let member = |name| document.get(name).unwrap_or(&Value::Null);
        let lower_flags = |object: &Value, name| -> Vec<String> {
            flags(object, name)
                .iter()
                .map(|value| value.to_lowercase())
                .filter(|value| value != "none")
                .collect()
        };
        let is_set = |name| {
            present(document, name).is_some_and(|value| match value {
                Value::Array(items) => !items.is_empty(),
                Value::String(text) => !text.is_empty() && text != "none",
                _ => true,
            })
        };
        let filter = member("devices").get("deviceFilter").unwrap_or(&Value::Null);
        Conditions {
            users: present(document, "users").map(Users::from_json),
            workloads: present(document, "clientApplications").map(Workloads::from_json),
            applications: Applications::from_json(member("applications")),
            client_app_types: lower_strings(document, "clientAppTypes"),
            platforms: present(document, "platforms")
                .map(|platforms| Selection::of(platforms, "includePlatforms", "excludePlatforms"))
                .filter(Selection::is_configured),
            locations: present(document, "locations")
                .map(|locations| Selection::of(locations, "includeLocations", "excludeLocations"))
                .filter(Selection::is_configured),
            device_filter: FilterCondition::from_json(filter, parse_device_filter),
            sign_in_risk_levels: lower_strings(document, "signInRiskLevels"),
            user_risk_levels: lower_strings(document, "userRiskLevels"),
            service_principal_risk_levels: lower_strings(document, "servicePrincipalRiskLevels"),
            insider_risk_levels: lower_flags(document, "insiderRiskLevels"),
            transfer_methods: lower_flags(member("authenticationFlows"), "transferMethods"),
            is_about_agents: ["agents", "agentIdRiskLevels", "agentContext"].into_iter().any(is_set),
        }
    }

    /// True if the policy is about risk, of the sign-in or of the user.
    pub fn is_about_risk(&self) -> bool {
        !self.sign_in_risk_levels.is_empty() || !self.user_risk_levels.is_empty()
    }
}

impl Selection {
    fn of(document: &Value, include: &str, exclude: &str) -> Selection {
        Selection { include: lower_strings(document, include), exclude: lower_strings(document, exclude) }
    }
}

impl Selection {
    /// False for an empty object, which published policies have in place of null.
    fn is_configured(&self) -> bool {
        !self.include.is_empty() || !self.exclude.is_empty()
    }
}

impl Users {
    fn from_json(document: &Value) -> Users {
        Users {
            users: Selection::of(document, "includeUsers", "excludeUsers"),
            groups: Selection::of(document, "includeGroups", "excludeGroups"),
            roles: Selection::of(document, "includeRoles", "excludeRoles"),
            include_external: present(document, "includeGuestsOrExternalUsers").map(ExternalUsers::from_json),
            exclude_external: present(document, "excludeGuestsOrExternalUsers").map(ExternalUsers::from_json),
        }
    }
}

impl ExternalUsers {
    fn from_json(document: &Value) -> ExternalUsers {
        let tenants = document.get("externalTenants").unwrap_or(&Value::Null);
        let is_enumerated = text(tenants, "membershipKind") == Some("enumerated")
            || text(tenants, "@odata.type").is_some_and(|kind| kind.ends_with("EnumeratedExternalTenants"));
        ExternalUsers {
            kinds: flags(document, "guestOrExternalUserTypes"),
            tenants: is_enumerated.then(|| lower_strings(tenants, "members")),
        }
    }
}

impl Workloads {
    fn from_json(document: &Value) -> Workloads {
        let filter = document.get("servicePrincipalFilter").unwrap_or(&Value::Null);
        Workloads {
            principals: Selection::of(document, "includeServicePrincipals", "excludeServicePrincipals"),
            filter: FilterCondition::from_json(filter, parse_custom_attribute_filter),
        }
    }
}

impl Applications {
    fn from_json(document: &Value) -> Applications {
        let filter = document.get("applicationFilter").unwrap_or(&Value::Null);
        Applications {
            applications: Selection::of(document, "includeApplications", "excludeApplications"),
            user_actions: lower_strings(document, "includeUserActions"),
            contexts: lower_strings(document, "includeAuthenticationContextClassReferences"),
            filter: FilterCondition::from_json(filter, parse_custom_attribute_filter),
        }
    }

    /// True if every resource is in, whatever is excluded.
    pub fn includes_all(&self) -> bool {
        self.applications.include.iter().any(|entry| entry == "all")
    }

    /// True if something is excluded.
    pub(crate) fn excludes_something(&self) -> bool {
        !self.applications.exclude.is_empty() || self.filter.as_ref().is_some_and(|filter| filter.excludes)
    }
}

impl FilterCondition {
    fn from_json(
        document: &Value,
        parse: fn(&str) -> Result<Filter, FilterError>,
    ) -> Option<FilterCondition> {
        let rule = strings(document, "rule").into_iter().next()?;
        let excludes = text(document, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("exclude"));
        Some(FilterCondition { excludes, filter: parse(&rule), rule })
    }
}
