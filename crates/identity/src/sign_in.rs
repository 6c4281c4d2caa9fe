//! One sign-in: the facts that the identity provider sees.

use serde_json::{Map, Value, json};

use crate::directory::UserKind;
use crate::filter::Device;
use crate::json::{flag, present, strings, text};
use crate::methods::Authenticators;
use crate::network::Network;

/// A sign-in to be decided.
#[derive(Clone, Debug, PartialEq)]
pub struct SignIn {
    /// Who signs in.
    pub identity: Identity,
    /// To what.
    pub target: Target,
    /// With which kind of client.
    pub client: ClientApp,
    /// On which platform, as the user agent says.
    pub platform: Platform,
    /// With which device, if the directory knows it.
    pub device: Option<Device>,
    /// True if the browser hides the device.
    pub private_browsing: bool,
    /// From where.
    pub network: Network,
    /// Risk of the sign-in, at the time.
    pub sign_in_risk: Risk,
    /// Risk of the user.
    pub user_risk: Risk,
    /// Risk of the service principal.
    pub service_principal_risk: Risk,
    /// Insider risk of the user.
    pub insider_risk: InsiderRisk,
    /// The flow of this request.
    pub flow: Flow,
    /// The flow with which the session began.
    pub original_flow: Flow,
    /// What the session has shown so far.
    pub session: Session,
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A user of the directory, by object id.
    User(String),
    /// Somebody without an object in the directory.
    External {
        /// How they belong to the tenant.
        kind: UserKind,
        /// Their home tenant.
        home_tenant: Option<String>,
    },
    /// A service principal, by object id.
    ServicePrincipal(String),
}

/// What the sign-in is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Applications as resources, by application id.
    Applications(Vec<String>),
    /// A user action, as policies name it.
    UserAction(String),
    /// An authentication context, `c1` to `c99`.
    Context(String),
    /// A token request, of which the audiences follow from client and scopes.
    Token(TokenRequest),
}

/// A token request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenRequest {
    /// The client's application id.
    pub client: String,
    /// True if the client can keep a secret, and so is a resource itself when it asks for an ID token.
    pub is_confidential: bool,
    /// True if an ID token is asked for.
    pub id_token: bool,
    /// The scopes asked for, by resource.
    pub scopes: Vec<(String, Vec<String>)>,
}

/// The kind of a client (`conditionalAccessClientApp`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientApp {
    /// A browser.
    #[default]
    Browser,
    /// An application with modern authentication.
    MobileAndDesktop,
    /// Exchange ActiveSync.
    ExchangeActiveSync,
    /// Exchange ActiveSync on a supported platform.
    EasSupported,
    /// Any other client, which is legacy authentication.
    Other,
}

/// The platform of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// Windows.
    Windows,
    /// macOS.
    MacOs,
    /// iOS.
    Ios,
    /// Android.
    Android,
    /// Linux.
    Linux,
    /// Any other, or none told.
    #[default]
    Unknown,
    /// Windows Phone, which nobody makes any more.
    WindowsPhone,
}

/// A level of risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Risk {
    /// No risk.
    #[default]
    None,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// A level of insider risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InsiderRisk {
    /// No risk.
    #[default]
    None,
    /// Minor.
    Minor,
    /// Moderate.
    Moderate,
    /// Elevated.
    Elevated,
}

/// A flow in which the sign-in takes place on another device than the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// None of the two.
    #[default]
    None,
    /// The device code flow.
    DeviceCode,
    /// Authentication transfer.
    AuthenticationTransfer,
}

/// What a session has shown so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// The methods and authenticators used.
    pub authenticators: Authenticators,
    /// The home tenant says that multifactor authentication was done there.
    pub home_tenant_mfa: bool,
    /// The terms of use that were accepted.
    pub accepted_terms: Vec<String>,
    /// The custom controls that were passed.
    pub custom_controls: Vec<String>,
    /// The client is an approved one.
    pub approved_client_app: bool,
    /// An app protection policy is applied.
    pub app_protection: bool,
    /// The password was changed after multifactor authentication.
    pub secure_password_changed: bool,
    /// The risk was remediated.
    pub risk_remediated: bool,
}

macro_rules! wire_names {
    ($kind:ident { $($variant:ident = $name:literal),+ }) => {
        impl $kind {
            /// Every value in the order of the variants, the plainest first.
            pub const ALL: &[$kind] = &[$($kind::$variant),+];

            /// The name in Microsoft Graph.
            pub fn wire(self) -> &'static str {
                match self {
                    $($kind::$variant => $name),+
                }
            }

            /// The value of this name, in any case.
            pub fn from_wire(name: &str) -> Option<$kind> {
                $kind::ALL.iter().copied().find(|value| value.wire().eq_ignore_ascii_case(name))
            }
        }
    };
}

wire_names!(ClientApp {
    Browser = "browser",
    MobileAndDesktop = "mobileAppsAndDesktopClients",
    ExchangeActiveSync = "exchangeActiveSync",
    EasSupported = "easSupported",
    Other = "other"
});
wire_names!(Platform {
    Windows = "windows",
    MacOs = "macOS",
    Ios = "iOS",
    Android = "android",
    Linux = "linux",
    Unknown = "unknown",
    WindowsPhone = "windowsPhone"
});
wire_names!(Risk { None = "none", Low = "low", Medium = "medium", High = "high" });
wire_names!(InsiderRisk { None = "none", Minor = "minor", Moderate = "moderate", Elevated = "elevated" });
wire_names!(Flow {
    None = "none",
    DeviceCode = "deviceCodeFlow",
    AuthenticationTransfer = "authenticationTransfer"
});

impl Platform {
    /// The platforms that the service tells apart today, and the unknown one. Windows Phone still has a value in policies
    /// but is not among the platforms of "Conditional Access: conditions" any more; its browsers count as unknown.
    pub const RECOGNISED: &[Platform] = &[
        Platform::Windows,
        Platform::MacOs,
        Platform::Ios,
        Platform::Android,
        Platform::Linux,
        Platform::Unknown,
    ];
}

impl ClientApp {
    /// True if the client knows no modern authentication: it can show no prompt and carries no device state.
    pub fn is_legacy(self) -> bool {
        !matches!(self, ClientApp::Browser | ClientApp::MobileAndDesktop)
    }
}

impl SignIn {
    /// Reads a sign-in.
    ///
    /// # Errors
    /// A text that names the member that is missing or has an unknown value.
    pub fn from_json(document: &Value) -> Result<SignIn, String> {
        let nothing = Value::Null;
        let session = document.get("session").unwrap_or(&nothing);
        let target = document.get("target").ok_or("the sign-in has no `target`")?;
        Ok(SignIn {
            identity: Identity::from_json(document.get("identity").ok_or("the sign-in has no `identity`")?)?,
            target: Target::from_json(target)?,
            client: one_of(document, "clientAppType", ClientApp::from_wire)?.unwrap_or_default(),
            platform: text(document, "devicePlatform").and_then(Platform::from_wire).unwrap_or_default(),
            device: present(document, "device").map(Device::from_json),
            private_browsing: flag(document, "privateBrowsing"),
            network: Network {
                address: text(document, "ipAddress")
                    .map(|address| address.parse().map_err(|_| format!("`{address}` is no address")))
                    .transpose()?,
                country: text(document, "country").map(str::to_owned),
                gps_country: text(document, "gpsCountry").map(str::to_owned),
                is_compliant: flag(document, "compliantNetwork"),
                is_inside_corporate: flag(document, "insideCorporateNetwork"),
            },
            sign_in_risk: one_of(document, "signInRiskLevel", Risk::from_wire)?.unwrap_or_default(),
            user_risk: one_of(document, "userRiskLevel", Risk::from_wire)?.unwrap_or_default(),
            service_principal_risk: one_of(document, "servicePrincipalRiskLevel", Risk::from_wire)?
                .unwrap_or_default(),
            insider_risk: one_of(document, "insiderRiskLevel", InsiderRisk::from_wire)?.unwrap_or_default(),
            flow: one_of(document, "authenticationFlow", Flow::from_wire)?.unwrap_or_default(),
            original_flow: one_of(document, "originalTransferMethod", Flow::from_wire)?.unwrap_or_default(),
            session: Session::from_json(session),
        })
    }

    /// The sign-in in the shape that [`SignIn::from_json`] reads.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("identity", self.identity.to_json());
        put("target", self.target.to_json());
        put("clientAppType", json!(self.client.wire()));
        put("devicePlatform", json!(self.platform.wire()));
        put("device", self.device.as_ref().map_or(Value::Null, |device| device.document().clone()));
        if self.private_browsing {
            put("privateBrowsing", json!(true));
        }
        put("ipAddress", json!(self.network.address.map(|address| address.to_string())));
        put("country", json!(self.network.country));
        put("gpsCountry", json!(self.network.gps_country));
        put("compliantNetwork", json!(self.network.is_compliant));
        if self.network.is_inside_corporate {
            put("insideCorporateNetwork", json!(true));
        }
        put("signInRiskLevel", json!(self.sign_in_risk.wire()));
        put("userRiskLevel", json!(self.user_risk.wire()));
        put("insiderRiskLevel", json!(self.insider_risk.wire()));
        if self.service_principal_risk != Risk::None {
            put("servicePrincipalRiskLevel", json!(self.service_principal_risk.wire()));
        }
        put("authenticationFlow", json!(self.flow.wire()));
        if self.original_flow != Flow::None {
            put("originalTransferMethod", json!(self.original_flow.wire()));
        }
        put("session", self.session.to_json());
        Value::Object(object)
    }

    /// The device that counts. "Filter for devices" and "Conditional Access: grant": neither a legacy client nor
    /// private browsing nor the device code flow carries a device identity.
    pub(crate) fn effective_device(&self) -> Option<&Device> {
        let hides = self.private_browsing || self.client.is_legacy() || self.flow == Flow::DeviceCode;
        self.device.as_ref().filter(|_| !hides)
    }
}

fn one_of<T>(document: &Value, member: &str, read: fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    match text(document, member) {
        None | Some("unknownFutureValue") => Ok(None),
        Some(name) => {
            read(name).map(Some).ok_or_else(|| format!("`{member}` has the unknown value `{name}`"))
        }
    }
}

impl Identity {
    fn from_json(document: &Value) -> Result<Identity, String> {
        let external = || -> Result<Identity, String> {
            let kind = text(document, "externalUserType").unwrap_or("otherExternalUser");
            Ok(Identity::External {
                kind: UserKind::from_wire(kind).ok_or_else(|| format!("`externalUserType` is `{kind}`"))?,
                home_tenant: text(document, "tenantId")
                    .or_else(|| text(document, "externalTenantId"))
                    .map(str::to_owned),
            })
        };
        match text(document, "type") {
            Some("externalUser") => external(),
            Some("servicePrincipal") => text(document, "servicePrincipalId")
                .map(|id| Identity::ServicePrincipal(id.to_owned()))
                .ok_or_else(|| "the identity has no `servicePrincipalId`".to_owned()),
            None | Some("user") => text(document, "userId")
                .map(|id| Identity::User(id.to_owned()))
                .ok_or_else(|| "the identity has no `userId`".to_owned()),
            Some(other) => Err(format!(
                "an identity is of type `user`, `externalUser` or `servicePrincipal`, not `{other}`"
            )),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Identity::User(id) => json!({"type": "user", "userId": id}),
            Identity::External { kind, home_tenant } => {
                json!({"type": "externalUser", "externalUserType": kind.wire(), "tenantId": home_tenant})
            }
            Identity::ServicePrincipal(id) => json!({"type": "servicePrincipal", "servicePrincipalId": id}),
        }
    }
}

impl Target {
    fn from_json(document: &Value) -> Result<Target, String> {
        let missing = |member: &str| format!("the target has no `{member}`");
        match text(document, "type") {
            None | Some("application") => {
                let mut ids = strings(document, "appIds");
                ids.extend(strings(document, "appId"));
                if ids.is_empty() { Err(missing("appId")) } else { Ok(Target::Applications(ids)) }
            }
            Some("userAction") => {
                let action = text(document, "userAction").ok_or_else(|| missing("userAction"))?;
                Ok(Target::UserAction(user_action(action)))
            }
            Some("authenticationContext") => {
                let value = text(document, "value").or_else(|| text(document, "authenticationContextValue"));
                Ok(Target::Context(value.ok_or_else(|| missing("value"))?.to_lowercase()))
            }
            Some("token") => {
                let client = document.get("client").ok_or_else(|| missing("client"))?;
                let scopes = document.get("scopes").and_then(Value::as_object);
                let scopes = scopes.into_iter().flatten();
                Ok(Target::Token(TokenRequest {
                    client: text(client, "appId").unwrap_or_default().to_owned(),
                    is_confidential: text(client, "kind") == Some("confidential"),
                    id_token: flag(document, "idToken"),
                    scopes: scopes
                        .map(|(resource, _)| (resource.clone(), strings(&document["scopes"], resource)))
                        .collect(),
                }))
            }
            Some(other) => Err(format!(
                "a target is of type `application`, `userAction`, `authenticationContext` or `token`, not `{other}`"
            )),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Target::Applications(ids) if ids.len() == 1 => json!({"type": "application", "appId": ids[0]}),
            Target::Applications(ids) => json!({"type": "application", "appIds": ids}),
            Target::UserAction(action) => json!({"type": "userAction", "userAction": action}),
            Target::Context(value) => json!({"type": "authenticationContext", "value": value}),
            Target::Token(request) => {
                let kind = if request.is_confidential { "confidential" } else { "public" };
                let scopes: Map<String, Value> = request
                    .scopes
                    .iter()
                    .map(|(resource, scopes)| (resource.clone(), json!(scopes)))
                    .collect();
                json!({
                    "type": "token", "client": {"kind": kind, "appId": request.client},
                    "scopes": scopes, "idToken": request.id_token,
                })
            }
        }
    }
}

/// A user action as policies name it; the What If API has names of its own.
fn user_action(name: &str) -> String {
    match name.to_lowercase().as_str() {
        "registersecurityinformation" | "registersecurityinfo" => "urn:user:registersecurityinfo".to_owned(),
        "registerorjoindevices" | "registerdevice" => "urn:user:registerdevice".to_owned(),
        other => other.to_owned(),
    }
}

impl Session {
    /// Reads what a session has shown.
    pub fn from_json(document: &Value) -> Session {
        Session {
            authenticators: Authenticators {
                methods: strings(document, "methods"),
                fido2_aaguid: text(document, "fido2Aaguid").map(str::to_owned),
                certificate_issuer: text(document, "x509IssuerSki")
                    .or_else(|| text(document, "certificateIssuerSki"))
                    .map(str::to_owned),
                certificate_policies: [
                    strings(document, "x509PolicyOids"),
                    strings(document, "certificatePolicyOids"),
                ]
                .concat(),
            },
            home_tenant_mfa: flag(document, "homeTenantMfa"),
            accepted_terms: strings(document, "termsOfUseAccepted"),
            custom_controls: strings(document, "customControlsSatisfied"),
            approved_client_app: flag(document, "approvedClientApp"),
            app_protection: ["appProtectionPolicy", "appProtection", "compliantApplication"]
                .iter()
                .any(|member| flag(document, member)),
            secure_password_changed: flag(document, "securePasswordChanged"),
            risk_remediated: flag(document, "riskRemediated"),
        }
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("methods", json!(self.authenticators.methods));
        let texts = [
            ("fido2Aaguid", &self.authenticators.fido2_aaguid),
            ("certificateIssuerSki", &self.authenticators.certificate_issuer),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                put(name, json!(value));
            }
        }
        let lists = [
            ("certificatePolicyOids", &self.authenticators.certificate_policies),
            ("termsOfUseAccepted", &self.accepted_terms),
            ("customControlsSatisfied", &self.custom_controls),
        ];
        for (name, values) in lists {
            if !values.is_empty() {
                put(name, json!(values));
            }
        }
        let flags = [
            ("homeTenantMfa", self.home_tenant_mfa),
            ("approvedClientApp", self.approved_client_app),
            ("appProtection", self.app_protection),
            ("securePasswordChanged", self.secure_password_changed),
            ("riskRemediated", self.risk_remediated),
        ];
        for (name, value) in flags {
            if value {
                put(name, json!(true));
            }
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_survives_a_round_trip() {
        let sign_in = SignIn::from_json(&json!({
            "identity": {"type": "user", "userId": "u"},
            "target": {"type": "userAction", "userAction": "registerSecurityInformation"},
            "clientAppType": "other", "devicePlatform": null, "ipAddress": "2001:db8::1", "country": "NO",
            "signInRiskLevel": "high", "insiderRiskLevel": "minor", "authenticationFlow": "deviceCodeFlow",
            "session": {"methods": ["password"], "termsOfUseAccepted": ["t"], "securePasswordChanged": true},
        }))
        .expect("a sign-in");
        assert_eq!(sign_in.target, Target::UserAction("urn:user:registersecurityinfo".to_owned()));
        assert_eq!(SignIn::from_json(&sign_in.to_json()), Ok(sign_in));
    }

    #[test]
    fn what_is_unknown_is_named() {
        let error = SignIn::from_json(&json!({
            "identity": {"userId": "u"}, "target": {"appId": "a"}, "clientAppType": "fax",
        }));
        assert_eq!(error, Err("`clientAppType` has the unknown value `fax`".to_owned()));
    }
}
