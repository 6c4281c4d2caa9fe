//! Everything about a deployment that the template itself does not say.

use jiff::Timestamp;

use super::Target;
use crate::expression::Limits;
use crate::value::Value;

/// What surrounds a deployment. Whatever is left out stays symbolic in the result; nothing is made up.
#[derive(Clone, Debug)]
pub struct Context {
    /// The scope deployed to.
    pub target: Target,
    /// The deployment's name.
    pub deployment_name: String,
    /// The deployment's location, needed above resource groups.
    pub deployment_location: Option<String>,
    /// What `subscription()` adds to `id` and `subscriptionId`: an object, for example with `displayName`, `tenantId`.
    pub subscription: Option<Value>,
    /// What `resourceGroup()` adds to `id`, `name` and `type`: an object, for example with `location`, `tags`.
    pub resource_group: Option<Value>,
    /// What `managementGroup()` adds to `id`, `name` and `type`.
    pub management_group: Option<Value>,
    /// What `tenant()` returns, for example `tenantId`, `displayName`.
    pub tenant: Option<Value>,
    /// What `deployer()` returns.
    pub deployer: Option<Value>,
    /// The cloud, for `environment()`.
    pub cloud: Cloud,
    /// The moment of the deployment, for `utcNow()`.
    pub now: Option<Timestamp>,
    /// Where `newGuid()` draws from.
    pub seed: Option<u128>,
    /// Deploying in complete or incremental mode, as `deployment()` tells it.
    pub mode: Mode,
    /// Whether the values given are those of the deployment, so that what the service would refuse because of them
    /// is an error. Otherwise it is a warning, and the part in question stays symbolic.
    pub is_strict: bool,
    /// Limits.
    pub limits: Limits,
}

impl Context {
    /// A context with only a target; everything else is unknown.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            deployment_name: "main".to_owned(),
            deployment_location: None,
            subscription: None,
            resource_group: None,
            management_group: None,
            tenant: None,
            deployer: None,
            cloud: Cloud::Public,
            now: None,
            seed: None,
            mode: Mode::Incremental,
            is_strict: false,
            limits: Limits::default(),
        }
    }
}

/// How a deployment treats what the template does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It stays.
    #[default]
    Incremental,
    /// It is deleted from the resource group.
    Complete,
}

impl Mode {
    /// The word of the REST API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "Incremental",
            Self::Complete => "Complete",
        }
    }
}

/// A national or public cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// `AzureCloud`
    #[default]
    Public,
    /// `AzureUSGovernment`
    UsGovernment,
    /// `AzureChinaCloud`
    China,
}

impl Cloud {
    /// What `environment()` returns there (public documentation of the deployment functions and of `az cloud show`).
    pub(crate) fn environment(self) -> Value {
        let text = match self {
            Self::Public => include_str!("../../data/environment-public.json"),
            Self::UsGovernment => include_str!("../../data/environment-us-government.json"),
            Self::China => include_str!("../../data/environment-china.json"),
        };
        serde_json::from_str(text).map_or(Value::NULL, |json| Value::from_json(&json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_its_suffixes() {
        for cloud in [Cloud::Public, Cloud::UsGovernment, Cloud::China] {
            assert!(cloud.environment().pointer("/suffixes/storage").is_some(), "{cloud:?}");
        }
    }
}
