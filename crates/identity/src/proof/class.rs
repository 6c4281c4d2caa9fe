//! A class of sign-ins.

use serde_json::Value;

use crate::filter::Device;
use crate::json::{lower_strings, strings, text};
use crate::sign_in::{ClientApp, Flow, InsiderRisk, Platform, Risk};

/// A class of sign-ins; what is not set means every value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// Ids of users in lower case.
    pub include_users: Option<Vec<String>>,
    /// Ids of users in lower case.
    pub exclude_users: Vec<String>,
    /// Ids of groups in lower case; members of nested groups count.
    pub include_groups: Option<Vec<String>>,
    /// Ids of groups in lower case.
    pub exclude_groups: Vec<String>,
    /// Template ids of roles in lower case.
    pub include_roles: Option<Vec<String>>,
    /// Kinds of targets; unset means applications.
    pub target_types: Option<Vec<TargetType>>,
    /// User actions in lower case, as policies name them; unset means those that a policy names.
    pub user_actions: Option<Vec<String>>,
    /// Application ids.
    pub app_ids: Option<Vec<String>>,
    /// Kinds of clients.
    pub clients: Option<Vec<ClientApp>>,
    /// Platforms; unset means those of [`Platform::RECOGNISED`].
    pub platforms: Option<Vec<Platform>>,
    /// Devices.
    pub device: Option<DeviceClass>,
    /// Authentication flows.
    pub flows: Option<Vec<Flow>>,
    /// Levels of sign-in risk.
    pub sign_in_risks: Option<Vec<Risk>>,
    /// Levels of user risk.
    pub user_risks: Option<Vec<Risk>>,
    /// Levels of insider risk.
    pub insider_risks: Option<Vec<InsiderRisk>>,
}

/// A kind of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetType {
    /// Applications.
    Application,
    /// User actions.
    UserAction,
    /// Authentication contexts.
    Context,
}

/// A class of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// Neither compliant nor hybrid joined, or unknown.
    Unmanaged,
    /// Unknown to the directory.
    Unregistered,
    /// Compliant or hybrid joined.
    Managed,
    /// Compliant.
    Compliant,
    /// Hybrid joined.
    HybridJoined,
}

impl DeviceClass {
    fn from_wire(name: &str) -> Option<DeviceClass> {
        Some(match name {
            "unmanaged" => DeviceClass::Unmanaged,
            "unregistered" | "none" => DeviceClass::Unregistered,
            "managed" => DeviceClass::Managed,
            "compliant" => DeviceClass::Compliant,
            "hybridJoined" => DeviceClass::HybridJoined,
            _ => return None,
        })
    }

    pub(crate) fn contains(self, device: Option<&Device>) -> bool {
        let is_compliant = device.is_some_and(Device::is_compliant);
        let is_hybrid = device.is_some_and(Device::is_hybrid_joined);
        match self {
            DeviceClass::Unmanaged => !is_compliant && !is_hybrid,
            DeviceClass::Unregistered => device.is_none(),
            DeviceClass::Managed => is_compliant || is_hybrid,
            DeviceClass::Compliant => is_compliant,
            DeviceClass::HybridJoined => is_hybrid,
        }
    }
}

impl Class {
    /// Reads a class.
    ///
    /// # Errors
    /// A text that names the member with an unknown value.
    pub fn from_json(document: &Value) -> Result<Class, String> {
        let ids = |member: &str| document.get(member).map(|_| lower_strings(document, member));
        let target_type = |name: &str| match name {
            "application" => Some(TargetType::Application),
            "userAction" => Some(TargetType::UserAction),
            "authenticationContext" => Some(TargetType::Context),
            _ => None,
        };
        let device = text(document, "device").map(|name| {
            DeviceClass::from_wire(name).ok_or_else(|| format!("`device` has the unknown value `{name}`"))
        });
        Ok(Class {
            include_users: ids("includeUsers"),
            exclude_users: lower_strings(document, "excludeUsers"),
            include_groups: ids("includeGroups"),
            exclude_groups: lower_strings(document, "excludeGroups"),
            include_roles: ids("includeRoles"),
            target_types: values(document, "targetTypes", target_type)?,
            user_actions: ids("userActions"),
            app_ids: document.get("appIds").map(|_| strings(document, "appIds")),
            clients: values(document, "clientAppTypes", ClientApp::from_wire)?,
            platforms: values(document, "devicePlatforms", Platform::from_wire)?,
            device: device.transpose()?,
            flows: values(document, "authenticationFlows", Flow::from_wire)?,
            sign_in_risks: values(document, "signInRiskLevels", Risk::from_wire)?,
            user_risks: values(document, "userRiskLevels", Risk::from_wire)?,
            insider_risks: values(document, "insiderRiskLevels", InsiderRisk::from_wire)?,
        })
    }
}

fn values<T>(
    document: &Value,
    member: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, String> {
    if document.get(member).is_none_or(Value::is_null) {
        return Ok(None);
    }
    let unknown = |name: &str| format!("`{member}` has the unknown value `{name}`");
    let found = strings(document, member);
    found.iter().map(|name| read(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>().map(Some)
}
