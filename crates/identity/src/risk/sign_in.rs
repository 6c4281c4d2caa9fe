//! A sign-in of a user or a workload as detections see it, read from a row of the sign-in tables.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

use super::catalogue::RiskEventType;
use super::level::RiskLevel;

/// Bytes of JSON text in a column that are read.
const LONGEST_TEXT: usize = 64 * 1_024;
/// Recorded detections of one sign-in that are read.
const MOST_RECORDED: usize = 16;

/// One sign-in of a user, or of a service principal. Empty texts mean that the row does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignIn {
    /// Request id, by which actions name the sign-in.
    pub id: String,
    /// Correlation id.
    pub correlation_id: String,
    /// When it took place.
    pub at: Timestamp,
    /// Object id of the user or service principal, in lower case.
    pub user_id: String,
    /// User principal name, or name of the service principal.
    pub user_name: String,
    /// Display name.
    pub user_display_name: String,
    /// Tenant of the user.
    pub home_tenant: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// Autonomous system number of the network.
    pub network: Option<u32>,
    /// Country code.
    pub country: String,
    /// State and city.
    pub place: String,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
    /// Device id.
    pub device: String,
    /// Operating system and browser without versions, so that updates are no news.
    pub client: String,
    /// User agent as sent.
    pub user_agent: String,
    /// The sign-in is that of a service principal.
    pub is_workload: bool,
    /// The key with which a service principal signed in.
    pub credential: String,
    /// The resource that was asked for.
    pub resource: String,
    /// Display name of the application.
    pub application_name: String,
    /// A user was there.
    pub is_interactive: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// A second factor was shown or required and met.
    pub has_mfa: bool,
    /// The first factor was no password.
    pub is_passwordless: bool,
    /// The user has reported the prompt as not theirs.
    pub is_reported: bool,
    /// Session or token by which uses of one token belong together.
    pub session: String,
    /// Who issued the token of a federated user.
    pub issuer: String,
    /// What ID Protection has recorded with the row.
    pub recorded: Vec<(RiskEventType, RiskLevel)>,
}

/// What became of a sign-in, as far as detections need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// The first factor was right, what came after it was not, or is pending.
    PasswordRight,
    /// The credentials were wrong, or the account is locked after wrong ones.
    BadCredentials,
    /// Something else.
    #[default]
    Other,
}

impl Outcome {
    /// The outcome of an error code of Entra.
    ///
    /// Codes of Conditional Access, multifactor authentication, expired passwords and consent come after the first factor
    /// (error code reference of the identity platform).
    pub fn of_code(code: u32) -> Self {
        match code {
            0 => Self::Success,
            50_055
            | 50_072
            | 50_074
            | 50_076
            | 50_079
            | 50_097
            | 50_105
            | 50_125
            | 50_127
            | 50_129
            | 50_131
            | 50_140
            | 50_144
            | 50_158
            | 50_203
            | 53_000..=53_004
            | 53_011
            | 65_001
            | 65_004
            | 500_121
            | 530_002
            | 530_003
            | 530_032 => Self::PasswordRight,
            50_034 | 50_053 | 50_056 | 50_064 | 50_126 => Self::BadCredentials,
            _ => Self::Other,
        }
    }

    /// True if the password, or another first factor, was right.
    pub fn is_password_right(self) -> bool {
        matches!(self, Self::Success | Self::PasswordRight)
    }
}

impl SignIn {
    /// Reads a row of `SigninLogs`, `AADNonInteractiveUserSignInLogs` or `AADServicePrincipalSignInLogs`; `None` without
    /// a time or somebody who signs in. Managed identities carry no risk, so their rows are `None` too.
    pub fn from_row(row: &Value) -> Option<Self> {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let owned = |name: &str| text(name).to_owned();
        let at = ["CreatedDateTime", "TimeGenerated"].iter().find_map(|name| text(name).parse().ok())?;
        let is_workload = text("UserId").is_empty();
        let (id, name) = if is_workload {
            ("ServicePrincipalId", "ServicePrincipalName")
        } else {
            ("UserId", "UserPrincipalName")
        };
        if text(id).is_empty() || text("Category") == "ManagedIdentitySignInLogs" {
            return None;
        }
        let (device, location) = (json_column(row, "DeviceDetail"), json_column(row, "LocationDetails"));
        let part = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64);
        let position = location.get("geoCoordinates").and_then(|geo| {
            let (latitude, longitude) = (number(geo, "latitude")?, number(geo, "longitude")?);
            sane_position(latitude, longitude)
        });
        let steps = Steps::of(&json_column(row, "AuthenticationDetails"));
        let status = json_column(row, "Status");
        let said =
            [text("ResultDescription"), &part(&status, "additionalDetails"), &part(&status, "failureReason")]
                .concat()
                .to_lowercase();
        let code = text("ResultType").parse().unwrap_or(u32::MAX);
        let country = match text("Location") {
            "" => part(&location, "countryOrRegion"),
            country => country.to_owned(),
        };
        let session = match text("SessionId") {
            "" => owned("UniqueTokenIdentifier"),
            session => session.to_owned(),
        };
        Some(Self {
            id: owned("Id"),
            correlation_id: owned("CorrelationId"),
            at,
            user_id: text(id).to_ascii_lowercase(),
            user_name: owned(name),
            user_display_name: owned("UserDisplayName"),
            home_tenant: owned("HomeTenantId"),
            address: text("IPAddress").parse().ok(),
            network: row.get("AutonomousSystemNumber").and_then(whole),
            country,
            place: [part(&location, "state"), part(&location, "city")].join("/"),
            position,
            device: part(&device, "deviceId"),
            client: client(&part(&device, "operatingSystem"), &part(&device, "browser")),
            user_agent: owned("UserAgent"),
            is_workload,
            credential: owned("ServicePrincipalCredentialKeyId"),
            resource: owned("ResourceIdentity"),
            application_name: owned("AppDisplayName"),
            is_interactive: row.get("IsInteractive").and_then(Value::as_bool).unwrap_or(true),
            outcome: Outcome::of_code(code),
            has_mfa: code == 0 && text("AuthenticationRequirement") == "multiFactorAuthentication",
            is_passwordless: steps.is_passwordless,
            is_reported: is_report(&said) || steps.is_reported,
            session,
            issuer: if text("TokenIssuerType").eq_ignore_ascii_case("AzureAD") {
                String::new()
            } else {
                owned("TokenIssuerName")
            },
            recorded: recorded(row),
        })
    }
}

/// What the steps of a sign-in tell.
#[derive(Default)]
struct Steps {
    is_passwordless: bool,
    is_reported: bool,
}

impl Steps {
    fn of(details: &Value) -> Self {
        let mut steps = Self::default();
        for (number, step) in details.as_array().into_iter().flatten().enumerate() {
            let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
            let method = text("authenticationMethod");
            steps.is_reported |= is_report(&text("authenticationStepResultDetail").to_lowercase());
            let unknown = ["", "Password", "Previously satisfied"].contains(&method);
            steps.is_passwordless |= number == 0 && !unknown;
        }
        steps
    }
}

/// The log's words for a prompt that the user reported.
fn is_report(text: &str) -> bool {
    text.contains("fraud")
        || text.contains("reported suspicious")
        || text.contains("suspicious activity reported")
}

/// The operating system and browser by their names alone: `Windows 10`, `Edge 90.0.818` become `windows edge`.
fn client(system: &str, browser: &str) -> String {
    let name = |text: &str| {
        text.split_whitespace()
            .take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let trimmed =
        |text: &str| name(text).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_lowercase();
    [trimmed(system), trimmed(browser)].join(" ").trim().to_owned()
}

fn sane_position(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    // Some exporters write the two the wrong way round; only a latitude beyond the pole gives it away.
    if latitude.abs() > 90.0 && longitude.abs() <= 90.0 {
        return sane_position(longitude, latitude);
    }
    let is_sane = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
    is_sane.then_some((latitude, longitude))
}

fn whole(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok().filter(|number| *number != 0)
}

/// A column that holds JSON, as `dynamic` or as text.
fn json_column(row: &Value, name: &str) -> Value {
    match row.get(name) {
        Some(Value::String(text)) if text.len() <= LONGEST_TEXT => {
            serde_json::from_str(text).unwrap_or_default()
        }
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

fn recorded(row: &Value) -> Vec<(RiskEventType, RiskLevel)> {
    let level = |name: &str| row.get(name).and_then(Value::as_str).and_then(RiskLevel::from_name);
    let level = level("RiskLevelDuringSignIn").max(level("RiskLevelAggregated")).unwrap_or_default();
    if level == RiskLevel::None {
        return Vec::new();
    }
    let kinds = json_column(row, "RiskEventTypes_V2");
    let kinds = kinds.as_array().into_iter().flatten().filter_map(Value::as_str).take(MOST_RECORDED);
    kinds
        .filter_map(RiskEventType::from_name)
        .map(|kind| (kind, kind.fixed_level().unwrap_or(level)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_both_tables_are_read() {
        let mut row = json!({
            "Id": "r1", "CreatedDateTime": "2026-01-15T09:12:13Z", "UserId": "ABC", "IPAddress": "2001:db8::1",
            "AutonomousSystemNumber": "64500", "Location": "NO", "ResultType": "50074", "ClientAppUsed": "IMAP4",
            "DeviceDetail": {"operatingSystem": "Windows10", "browser": "Edge 130.0.0", "deviceId": "d"},
            "LocationDetails": {"city": "Oslo", "state": "Oslo", "geoCoordinates": {"latitude": 59.9, "longitude": 10.7}},
            "RiskLevelDuringSignIn": "medium", "RiskEventTypes_V2": "[\"unfamiliarFeatures\",\"new\"]",
            "AuthenticationDetails": "[{\"authenticationMethod\":\"Passkey (synced)\",\"authenticationStepResultDetail\":\"MFA denied; fraud code entered\"}]",
        });
        let sign_in = SignIn::from_row(&row).unwrap();
        assert_eq!((sign_in.user_id.as_str(), sign_in.network), ("abc", Some(64_500)));
        assert_eq!((sign_in.client.as_str(), sign_in.position), ("windows edge", Some((59.9, 10.7))));
        assert!(sign_in.is_passwordless && sign_in.is_reported);
        assert_eq!(sign_in.outcome, Outcome::PasswordRight);
        assert_eq!(sign_in.recorded, [(RiskEventType::UnfamiliarFeatures, RiskLevel::Medium)]);
        for name in ["DeviceDetail", "LocationDetails"] {
            row[name] = row[name].to_string().into();
        }
        assert_eq!(SignIn::from_row(&row), Some(sign_in));
    }

    #[test]
    fn positions_the_wrong_way_round_are_turned() {
        assert_eq!(sane_position(125.16, 38.84), Some((38.84, 125.16)));
        assert_eq!(sane_position(0.0, 0.0), None);
        assert_eq!(sane_position(500.0, 500.0), None);
    }

    #[test]
    fn rows_without_user_or_time_are_none() {
        assert_eq!(SignIn::from_row(&json!({"UserId": "a"})), None);
        assert_eq!(SignIn::from_row(&json!({"TimeGenerated": "2026-01-15T09:12:13Z", "UserId": ""})), None);
        assert_eq!(SignIn::from_row(&json!(3)), None);
    }
}
