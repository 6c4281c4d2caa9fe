//! Detections in the activity of mailboxes, from rows of `OfficeActivity`.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::addresses::Lists;
use super::catalogue::RiskEventType;
use super::detection::{Detection, Finding};
use super::level::RiskLevel;
use super::sign_in::SignIn;

/// Bytes of the parameters that are read.
const LONGEST_TEXT: usize = 64 * 1_024;
/// Parameters that send mail elsewhere.
const FORWARDING: [&str; 5] =
    ["ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "ForwardingSmtpAddress", "ForwardingAddress"];
/// Folders that nobody reads, as they are called in English.
const HIDDEN_FOLDERS: [&str; 7] = [
    "archive",
    "conversation history",
    "deleted items",
    "junk email",
    "rss feeds",
    "rss subscriptions",
    "sync issues",
];

/// What one activity shows: forwarding to another domain, rules that hide mail, an anonymous address.
///
/// `suspiciousInboxForwarding` and `mcasSuspiciousInboxManipulationRules` come of inbox rules and mailbox settings;
/// `riskyIPAddress` of any activity from the list of anonymisers. Users are named by the principal name, as the table
/// has no object ids.
pub fn observe_activity(row: &Value, lists: &Lists) -> Vec<Detection> {
    let Some(activity) = activity(row) else { return Vec::new() };
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut findings = Vec::new();
    if ["New-InboxRule", "Set-InboxRule", "UpdateInboxRules", "Set-Mailbox"].contains(&text("Operation")) {
        let parameters = parameters(row);
        findings.extend(forwarding(&parameters, &activity.user_name));
        findings.extend(hiding(&parameters));
    }
    if let Some(address) = activity.address.filter(|address| lists.anonymous.contains(*address)) {
        let reason =
            format!("{} from {address}, which is on the list of anonymous addresses", text("Operation"));
        findings.push(Finding::new(RiskEventType::RiskyIpAddress, RiskLevel::Medium, reason));
    }
    findings.into_iter().map(|finding| Detection::new(&activity, finding, activity.at)).collect()
}

/// The activity in the shape of a sign-in: who, when, from where.
fn activity(row: &Value) -> Option<SignIn> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let user = text("UserId");
    let id = ["OfficeId", "Id"].iter().map(|name| text(name)).find(|id| !id.is_empty()).unwrap_or_default();
    (!user.is_empty()).then_some(())?;
    Some(SignIn {
        id: id.to_owned(),
        at: text("TimeGenerated").parse().ok()?,
        user_id: user.to_ascii_lowercase(),
        user_name: user.to_owned(),
        address: client_address(text("ClientIP")),
        ..SignIn::default()
    })
}

/// The address in a column that may have a port: `192.0.2.1`, `192.0.2.1:1234`, `[2001:db8::1]:1234`.
fn client_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches(['[', ']']);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Names and values of the parameters, which the table holds as text.
fn parameters(row: &Value) -> Vec<(String, String)> {
    let parsed = match row.get("Parameters") {
        Some(Value::String(text)) if text.len() <= LONGEST_TEXT => {
            serde_json::from_str(text).unwrap_or_default()
        }
        Some(value) => value.clone(),
        None => Value::Null,
    };
    let pair = |parameter: &Value| {
        let text = |name: &str| Some(parameter.get(name)?.as_str()?.to_owned());
        Some((text("Name")?, text("Value")?))
    };
    parsed.as_array().into_iter().flatten().filter_map(pair).collect()
}

fn forwarding(parameters: &[(String, String)], user: &str) -> Option<Finding> {
    let own = user.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default();
    let is_forwarding = |name: &str| FORWARDING.iter().any(|known| known.eq_ignore_ascii_case(name));
    let targets =
        parameters.iter().filter(|(name, _)| is_forwarding(name)).flat_map(|(_, value)| domains(value));
    let mut foreign: Vec<String> = targets.filter(|domain| *domain != own).collect();
    foreign.dedup();
    (!foreign.is_empty()).then(|| {
        let reason = format!("mail is forwarded to {}", foreign.join(", "));
        Finding::new(RiskEventType::SuspiciousInboxForwarding, RiskLevel::Medium, reason)
    })
}

/// The domains of the addresses in a value such as `smtp:a@example.com;b@example.org`.
fn domains(value: &str) -> Vec<String> {
    let addresses = value.split(|c: char| c.is_whitespace() || ";,<>[]\"'".contains(c));
    addresses
        .filter_map(|address| address.rsplit_once('@'))
        .map(|(_, domain)| domain.to_lowercase())
        .collect()
}

fn hiding(parameters: &[(String, String)]) -> Option<Finding> {
    let value = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_lowercase()).unwrap_or_default()
    };
    let folder = value("MoveToFolder");
    let is_hidden = HIDDEN_FOLDERS.iter().any(|hidden| folder.trim_start_matches([':', '\\']) == *hidden);
    let reason = if value("DeleteMessage") == "true" {
        "an inbox rule deletes mail".to_owned()
    } else if is_hidden {
        format!("an inbox rule moves mail to `{folder}`")
    } else {
        return None;
    };
    Some(Finding::new(RiskEventType::McasSuspiciousInboxManipulationRules, RiskLevel::Medium, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(operation: &str, parameters: &[(&str, &str)], expected: &[RiskEventType]) {
        let parameters: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        let row = json!({
            "Operation": operation, "UserId": "anna@contoso.com", "TimeGenerated": "2026-01-15T09:12:13Z",
            "ClientIP": "[2001:db8::1]:36185", "Parameters": Value::from(parameters).to_string(),
        });
        let lists =
            Lists { anonymous: super::super::AddressList::parse("192.0.2.1").unwrap(), ..Lists::default() };
        let kinds: Vec<_> = observe_activity(&row, &lists).into_iter().map(|found| found.kind).collect();
        assert_eq!(kinds, expected);
    }

    #[test]
    fn forwarding_to_other_domains_is_found() {
        let forwarding = [RiskEventType::SuspiciousInboxForwarding];
        check("New-InboxRule", &[("ForwardTo", "\"x\" [SMTP:eve@example.org]")], &forwarding);
        check("Set-Mailbox", &[("ForwardingSmtpAddress", "smtp:eve@example.org")], &forwarding);
        check("New-InboxRule", &[("ForwardTo", "ben@CONTOSO.com")], &[]);
        check("Get-Mailbox", &[("ForwardTo", "eve@example.org")], &[]);
    }

    #[test]
    fn rules_that_hide_mail_are_found() {
        let hiding = [RiskEventType::McasSuspiciousInboxManipulationRules];
        check("New-InboxRule", &[("DeleteMessage", "True"), ("BodyContainsWords", "invoice")], &hiding);
        check("Set-InboxRule", &[("MoveToFolder", "RSS Feeds")], &hiding);
        check("New-InboxRule", &[("MoveToFolder", "Projects")], &[]);
    }

    #[test]
    fn addresses_with_ports_are_read() {
        assert_eq!(client_address("175.45.176.99:17362"), "175.45.176.99".parse().ok());
        assert_eq!(client_address("2001:db8::1"), "2001:db8::1".parse().ok());
        assert_eq!(client_address("unknown"), None);
    }
}
