//! The questions that everybody asks of a policy set.

use serde_json::{Value, json};

use crate::controls::Control;
use crate::methods::Authenticators;
use crate::policy_set::PolicySet;
use crate::proof::{Claim, Class, DeviceClass, Verdict, prove};
use crate::roles::PRIVILEGED_ROLES;
use crate::sign_in::{ClientApp, Flow, Risk, Session};

/// Everything but what resists phishing.
const PHISHABLE: [&str; 9] = [
    "password",
    "microsoftAuthenticatorPush",
    "deviceBasedPush",
    "softwareOath",
    "hardwareOath",
    "sms",
    "voice",
    "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse",
];

/// Azure Resource Manager.
const MANAGEMENT: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

/// How many pairs of client and application are listed.
const MOST_PAIRS: usize = 200;

/// A session that has shown these methods and everything that an attacker can do alone, such as accepting terms of use.
pub(crate) fn session(set: &PolicySet, methods: &[&str]) -> Session {
    let terms =
        set.policies.iter().flat_map(|policy| &policy.grant.controls).filter_map(|control| match control {
            Control::TermsOfUse(id) => Some(id.clone()),
            _ => None,
        });
    let mut accepted_terms: Vec<String> = terms.collect();
    accepted_terms.sort_unstable();
    accepted_terms.dedup();
    let methods = methods.iter().map(|method| (*method).to_owned()).collect();
    let authenticators = Authenticators { methods, ..Default::default() };
    Session { authenticators, accepted_terms, ..Default::default() }
}

/// The named questions, as claims about this set.
pub fn named_questions(set: &PolicySet) -> Vec<Claim> {
    let modern = || Some(vec![ClientApp::Browser, ClientApp::MobileAndDesktop]);
    let legacy = Some(vec![ClientApp::ExchangeActiveSync, ClientApp::EasSupported, ClientApp::Other]);
    let roles = || Some(PRIVILEGED_ROLES.iter().map(|(id, _)| (*id).to_owned()).collect());
    let strong = ["password", "microsoftAuthenticatorPush", "fido2"];
    let second_factor = ["password", "microsoftAuthenticatorPush"];
    let claim = |id: &str, text: &str, methods: &[&str], class: Class| Claim {
        id: id.to_owned(),
        text: text.to_owned(),
        class,
        session: session(set, methods),
    };
    vec![
        claim(
            "privileged-phishing-resistant",
            "every interactive sign-in of a privileged role needs phishing-resistant authentication",
            &PHISHABLE,
            Class { include_roles: roles(), clients: modern(), ..Class::default() },
        ),
        claim(
            "privileged-multifactor",
            "no privileged role gets in with a password alone",
            &["password"],
            Class { include_roles: roles(), ..Class::default() },
        ),
        claim(
            "legacy-authentication",
            "nobody can use legacy authentication",
            &strong,
            Class { clients: legacy, ..Class::default() },
        ),
        claim("password-alone", "nobody gets in with a password alone", &["password"], Class::default()),
        claim(
            "password-alone-unmanaged",
            "nobody gets in with a password alone from an unmanaged device",
            &["password"],
            Class { device: Some(DeviceClass::Unmanaged), ..Class::default() },
        ),
        claim(
            "device-code-flow",
            "nobody can use the device code flow",
            &strong,
            Class { flows: Some(vec![Flow::DeviceCode]), ..Class::default() },
        ),
        claim(
            "azure-management",
            "nobody manages Azure with a password alone",
            &["password"],
            Class { app_ids: Some(vec![MANAGEMENT.to_owned()]), ..Class::default() },
        ),
        claim(
            "high-sign-in-risk",
            "no sign-in of high risk gets in with a password alone",
            &["password"],
            Class { sign_in_risks: Some(vec![Risk::High]), ..Class::default() },
        ),
        claim(
            "high-user-risk",
            "no user of high risk gets in without changing the password",
            &second_factor,
            Class { user_risks: Some(vec![Risk::High]), ..Class::default() },
        ),
    ]
}

/// A kind of client with which an application is reached by a password alone.
#[derive(Clone, Debug, PartialEq)]
pub struct PasswordAlone {
    /// The kind of client.
    pub client: ClientApp,
    /// The application.
    pub app_id: String,
    /// How many people it concerns.
    pub people_count: usize,
    /// The plainest such sign-in.
    pub sign_in: Value,
}

impl PasswordAlone {
    /// The combination as a document.
    pub fn to_json(&self) -> Value {
        json!({
            "clientAppType": self.client.wire(), "appId": self.app_id, "peopleCount": self.people_count,
            "signIn": self.sign_in,
        })
    }
}

/// The pairs of client and application that a password alone reaches, at most two hundred, in the order of the directory.
pub fn password_alone(set: &PolicySet) -> Vec<PasswordAlone> {
    let mut found = Vec::new();
    let apps: Vec<String> = set.directory.applications.iter().map(|app| app.app_id.clone()).collect();
    for app_id in apps.into_iter().chain(set.targets.unlisted()) {
        for client in ClientApp::ALL.iter().filter(|client| **client != ClientApp::EasSupported) {
            if found.len() == MOST_PAIRS {
                return found;
            }
            let class = Class {
                clients: Some(vec![*client]),
                app_ids: Some(vec![app_id.clone()]),
                ..Class::default()
            };
            let claim = Claim { class, session: session(set, &["password"]), ..Claim::default() };
            if let Verdict::Refuted(counterexample) = prove(set, &claim) {
                found.push(PasswordAlone {
                    client: *client,
                    app_id: app_id.clone(),
                    people_count: counterexample.people_count,
                    sign_in: counterexample.sign_in.to_json(),
                });
            }
        }
    }
    found
}
