//! Where the services of each Azure cloud are.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

/// The Azure clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide cloud.
    #[default]
    Public,
    /// Azure US Government (Graph for L4 tenants).
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

/// The base addresses of one cloud, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Microsoft Entra ID, which hands out tokens.
    pub authority: String,
    /// Azure Resource Manager.
    pub arm: String,
    /// Microsoft Graph.
    pub graph: String,
}

/// Why an address is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not an absolute URL.
    #[error("`{0}` is not an address; give one such as `https://management.azure.com`")]
    NotAUrl(String),
    /// Tokens would travel in the clear.
    #[error("`{0}` is not https; plain http is allowed for loopback addresses only, and only when asked for")]
    Insecure(String),
}

/// One of the services that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Azure Resource Manager.
    Arm,
    /// Microsoft Graph.
    Graph,
}

impl Cloud {
    /// The addresses of the cloud's services, as Microsoft publishes them for each national cloud.
    pub fn endpoints(self) -> Endpoints {
        let (authority, arm, graph) = match self {
            Self::Public => ("login.microsoftonline.com", "management.azure.com", "graph.microsoft.com"),
            Self::UsGovernment => {
                ("login.microsoftonline.us", "management.usgovcloudapi.net", "graph.microsoft.us")
            }
            Self::China => {
                ("login.chinacloudapi.cn", "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn")
            }
        };
        let https = |host: &str| format!("https://{host}");
        Endpoints { authority: https(authority), arm: https(arm), graph: https(graph) }
    }

    /// The cloud by the name that `az cloud list` gives it (`AzureCloud`, `AzureUSGovernment`,
    /// `AzureChinaCloud`) or a short one (`public`, `usgov`, `china`), ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "azurecloud" | "public" => Some(Self::Public),
            "azureusgovernment" | "usgov" => Some(Self::UsGovernment),
            "azurechinacloud" | "china" => Some(Self::China),
            _ => None,
        }
    }
}

impl Endpoints {
    /// Checks the addresses and cuts slashes at their ends. `allow_loopback_http` admits `http://127.0.0.1` and
    /// the like, for tests.
    ///
    /// # Errors
    /// [`EndpointError`] for the first address that cannot be used.
    pub fn checked(&self, allow_loopback_http: bool) -> Result<Self, EndpointError> {
        let check = |text: &str| {
            let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl(text.to_owned()))?;
            let secure =
                url.scheme() == "https" || url.scheme() == "http" && allow_loopback_http && is_loopback(&url);
            if !url.has_host() {
                return Err(EndpointError::NotAUrl(text.to_owned()));
            }
            if !secure {
                return Err(EndpointError::Insecure(text.to_owned()));
            }
            Ok(text.trim_end_matches('/').to_owned())
        };
        Ok(Self { authority: check(&self.authority)?, arm: check(&self.arm)?, graph: check(&self.graph)? })
    }

    /// The base address of a service.
    pub fn base(&self, service: Service) -> &str {
        match service {
            Service::Arm => &self.arm,
            Service::Graph => &self.graph,
        }
    }

    /// The scope of the tokens that a service accepts.
    pub fn token_scope(&self, service: Service) -> String {
        format!("{}/.default", self.base(service))
    }

    /// Whether `link` leads to the same scheme, host and port as the service's base address; a token is sent
    /// nowhere else.
    pub fn same_origin(&self, service: Service, link: &str) -> bool {
        match (Url::parse(self.base(service)), Url::parse(link)) {
            (Ok(base), Ok(link)) => {
                base.origin() == link.origin() && link.username().is_empty() && link.password().is_none()
            }
            _ => false,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_arm(arm: &str) -> Endpoints {
        Endpoints { arm: arm.to_owned(), ..Cloud::Public.endpoints() }
    }

    #[test]
    fn tokens_travel_encrypted_or_not_at_all() {
        assert!(Cloud::China.endpoints().checked(false).is_ok());
        assert_eq!(with_arm("https://x.test/").checked(false).unwrap().arm, "https://x.test");
        for refused in ["http://127.0.0.1:1", "ftp://x.test", "nonsense", "file:///etc"] {
            assert!(with_arm(refused).checked(false).is_err(), "{refused}");
        }
        assert!(with_arm("http://127.0.0.1:1").checked(true).is_ok());
        assert!(with_arm("http://[::1]:1").checked(true).is_ok());
        assert!(with_arm("http://10.0.0.1").checked(true).is_err());
    }

    #[test]
    fn links_stay_with_their_service() {
        let endpoints = Cloud::Public.endpoints();
        assert!(endpoints.same_origin(Service::Arm, "https://MANAGEMENT.azure.com:443/subscriptions?x=1"));
        for other in [
            "https://management.azure.com.evil.test/",
            "http://management.azure.com/",
            "https://management.azure.com:444/",
            "https://user@management.azure.com/",
            "/subscriptions",
            "",
        ] {
            assert!(!endpoints.same_origin(Service::Arm, other), "{other}");
        }
    }
}
