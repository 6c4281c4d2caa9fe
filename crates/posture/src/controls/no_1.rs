//! NO-1: security operations receives incident notifications.


use azimuth_estate::Entry;
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;
use serde_json::Value;

use super::GUIDANCE;
use crate::body::{self, Text, lenient, or_default};
use crate::command;
use crate::context::{Context, Subscription};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const KIND: &str = "Microsoft.Security/securityContacts";

pub(super) const CONTROL: Control = Control {
    id: "NO-1",
    title: "Security operations receives incident notifications by e-mail and telephone",
    area: Area::Notifications,
    severity: Severity::High,
    why: "When the vendor finds that a resource was compromised it writes to the security contact of the \
        subscription. Without one the notice goes to whoever once paid for the account.",
    evidence: &[EvidenceNeed {
        what: "Security contacts of each subscription",
        command: "az security contact list --subscription {s}",
    }],
    decided: "Each enabled subscription must have one contact with an e-mail address, a telephone number and \
        alert notifications on (any severity). All three published shapes are read: 2017-08-01-preview, \
        2020-01-01-preview and 2023-12-01-preview. If the contacts are known to be all and none has all three, \
        the best one is named with what it lacks.",
    fix: "Set the contact of each subscription to a monitored mailbox and a telephone that is answered around \
        the clock, and turn notifications on for high severity at least.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Configure email notifications for alerts and attack paths",
            url: "https://learn.microsoft.com/azure/defender-for-cloud/configure-email-notifications",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    email: Text<'a>,
    #[serde(borrow, default)]
    emails: Text<'a>,
    #[serde(borrow, default)]
    phone: Text<'a>,
    /// `On` in 2017, `{state, minimalSeverity}` in 2020.
    #[serde(default, deserialize_with = "lenient")]
    alert_notifications: Value,
    /// 2023.
    #[serde(default)]
    is_enabled: Option<bool>,
    /// 2023.
    #[serde(default, deserialize_with = "or_default")]
    notifications_sources: Vec<Value>,
}

struct Contact {
    id: String,
    emails: String,
    phone: String,
    alerts: Value,
    alerts_on: bool,
    /// The member that decided on alerts, where it is not `alertNotifications`.
    member: Option<&'static str>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_subscriptions(&mut findings);
    let mut contacts: HashMap<&str, Vec<Contact>> = HashMap::new();
    let mut unread: HashSet<&str> = HashSet::new();
    for entry in context.snapshot().of_type(KIND) {
        let Some(guid) = entry.subscription_id() else { continue };
        match read(entry) {
            Some(contact) => contacts.entry(guid).or_default().push(contact),
            None => {
                unread.insert(guid);
                context.unreadable(&mut findings, &entry.id());
            }
        }
    }
    for subscription in context.enabled_subscriptions() {
        findings.check("enabled subscriptions", 1);
        let contacts = contacts.remove(&*subscription.guid).unwrap_or_default();
        findings.check("security contacts", contacts.len());
        let is_complete = contacts.iter().any(|contact| contact.lacks().is_empty());
        // A contact that could not be read may be the one that has everything.
        if !is_complete && !unread.contains(&*subscription.guid) {
            judge(context, &mut findings, subscription, &contacts);
        }
    }
    findings.verdict("the estate holds no enabled subscription")
}

fn judge(context: &Context<'_>, findings: &mut Findings, subscription: &Subscription, contacts: &[Contact]) {
    if !context.lists(KIND, &subscription.id) {
        let az = format!("az security contact list --subscription {}", subscription.guid);
        let command = command::list_of(&subscription.guid, &az, KIND);
        findings.miss("the security contacts", Some(&subscription.id), command, 1);
        return;
    }
    let fix = format!(
        "az security contact create --name default --subscription {} --emails '<mailbox>' --phone '<number>' \
         --alert-notifications '{{\"state\":\"On\",\"minimalSeverity\":\"High\"}}'",
        subscription.guid
    );
    let Some(best) = contacts.iter().min_by_key(|contact| contact.lacks().len()) else {
        findings.violate(Counterexample {
            object: format!("{}/providers/{KIND}/default", subscription.id),
            path: "$".to_owned(),
            seen: Value::Null,
            wanted: "a contact with e-mail, telephone and alert notifications".to_owned(),
            note: None,
            fix: Some(fix),
        });
        return;
    };
    for (path, seen, wanted, note) in best.lacks() {
        findings.violate(Counterexample {
            object: best.id.clone(),
            path: path.to_owned(),
            seen,
            wanted: wanted.to_owned(),
            note,
            fix: Some(fix.clone()),
        });
    }
}

fn read(entry: Entry<'_>) -> Option<Contact> {
    let shape = body::read::<Shape<'_>>(entry).ok()?.properties;
    let state = match &shape.alert_notifications {
        Value::Object(members) => members.get("state").cloned().unwrap_or_default(),
        other => other.clone(),
    };
    let on = state.as_str().is_some_and(|state| state.eq_ignore_ascii_case("On"));
    let source = |kind: &str| {
        shape.notifications_sources.iter().any(|source| {
            source.get("sourceType").and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(kind))
        })
    };
    let (alerts, alerts_on, member) = match shape.is_enabled {
        _ if !shape.alert_notifications.is_null() => (shape.alert_notifications.clone(), on, None),
        Some(true) => {
            (Value::Array(shape.notifications_sources.clone()), source("Alert"), Some("notificationsSources"))
        }
        Some(false) => (Value::Bool(false), false, Some("isEnabled")),
        None => (Value::Null, false, None),
    };
    let emails = if shape.emails.is_empty() { &shape.email } else { &shape.emails };
    Some(Contact {
        id: entry.id().into_owned(),
        emails: emails.to_string(),
        phone: shape.phone.to_string(),
        alerts,
        alerts_on,
        member,
    })
}

type Lack = (&'static str, Value, &'static str, Option<String>);

impl Contact {
    fn lacks(&self) -> Vec<Lack> {
        let mut lacks: Vec<Lack> = Vec::new();
        let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
        if !self.emails.split([';', ',']).any(|address| address.trim().contains('@')) {
            lacks.push(("$.properties.emails", text(&self.emails), "a monitored e-mail address", None));
        }
        if !self.phone.chars().any(|letter| letter.is_ascii_digit()) {
            lacks.push(("$.properties.phone", text(&self.phone), "a telephone number", None));
        }
        if !self.alerts_on {
            let note = self.member.map(|member| format!("in this shape the member is `{member}`"));
            lacks.push((
                "$.properties.alertNotifications",
                self.alerts.clone(),
                "alert notifications on",
                note,
            ));
        }
        lacks
    }
}
