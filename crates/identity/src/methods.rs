//! Authentication methods, their combinations and authentication strengths.
//!
//! The combinations of the built-in strengths are those of "Conditional Access authentication strength", table
//! *Authentication methods*.

use serde_json::Value;

use crate::json::{items, strings, text};

/// The id of the built-in strength *Multifactor authentication*.
pub const MULTIFACTOR: &str = "00000000-0000-0000-0000-000000000002";
/// The id of the built-in strength *Passwordless MFA*.
pub const PASSWORDLESS: &str = "00000000-0000-0000-0000-000000000003";
/// The id of the built-in strength *Phishing-resistant MFA*.
pub const PHISHING_RESISTANT: &str = "00000000-0000-0000-0000-000000000004";

const PHISHING_RESISTANT_METHODS: [&str; 3] =
    ["fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"];
const MULTIFACTOR_METHODS: [&str; 4] =
    ["deviceBasedPush", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "federatedMultiFactor"];
const FIRST_FACTORS: [&str; 2] = ["password", "federatedSingleFactor"];
const SECOND_FACTORS: [&str; 5] =
    ["microsoftAuthenticatorPush", "softwareOath", "hardwareOath", "sms", "voice"];

/// Methods that a person can set up inside an interrupted sign-in. Phone sign-in, certificates and Windows Hello cannot
/// ("authentication strength", *Registering passwordless authentication methods*); passes and hardware tokens are
/// handed out by an administrator.
const REGISTRABLE: [&str; 5] = ["fido2", "microsoftAuthenticatorPush", "softwareOath", "sms", "voice"];

/// A list of combinations of methods, one of which has to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength {
    /// Its id in policies.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// The combinations; every method of one is needed.
    pub combinations: Vec<Vec<String>>,
    /// Restrictions of single combinations.
    pub restrictions: Vec<Restriction>,
}

/// A restriction of combinations (`combinationConfigurations`).
#[derive(Clone, Debug, PartialEq)]
pub struct Restriction {
    combinations: Vec<Vec<String>>,
    aaguids: Vec<String>,
    issuers: Vec<String>,
    policy_oids: Vec<String>,
}

/// What is known of the authenticators that were used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Authenticators {
    /// The methods used so far, in the names of Microsoft Graph.
    pub methods: Vec<String>,
    /// The model of the passkey (AAGUID), if it attested to one.
    pub fido2_aaguid: Option<String>,
    /// The subject key identifier of the certificate's issuer.
    pub certificate_issuer: Option<String>,
    /// The policy OIDs of the certificate.
    pub certificate_policies: Vec<String>,
}

/// What a person can use, beyond what was used already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capabilities {
    /// The methods that the tenant allows; `None` allows all.
    pub enabled: Option<Vec<String>>,
    /// The methods that the person has registered; `None` says that any may be.
    pub registered: Option<Vec<String>>,
}

impl Strength {
    /// Reads an authentication strength policy of Microsoft Graph.
    pub fn from_json(document: &Value) -> Strength {
        let restrictions = items(document, "combinationConfigurations");
        Strength {
            id: text(document, "id").unwrap_or_default().to_lowercase(),
            display_name: text(document, "displayName").unwrap_or_default().to_owned(),
            combinations: strings(document, "allowedCombinations")
                .iter()
                .map(|text| combination(text))
                .collect(),
            restrictions: restrictions.iter().map(Restriction::from_json).collect(),
        }
    }

    /// The built-in strength of this id.
    pub fn built_in(id: &str) -> Option<Strength> {
        let single = |methods: &[&str]| -> Vec<Vec<String>> {
            methods.iter().map(|method| vec![(*method).to_owned()]).collect()
        };
        let mut combinations = single(&PHISHING_RESISTANT_METHODS);
        let display_name = match id {
            PHISHING_RESISTANT => "Phishing-resistant MFA",
            PASSWORDLESS => {
                combinations.extend(single(&["deviceBasedPush"]));
                "Passwordless MFA"
            }
            MULTIFACTOR => {
                combinations.extend(single(&MULTIFACTOR_METHODS));
                for first in FIRST_FACTORS {
                    combinations
                        .extend(SECOND_FACTORS.map(|second| vec![first.to_owned(), second.to_owned()]));
                }
                "Multifactor authentication"
            }
            _ => return None,
        };
        let display_name = display_name.to_owned();
        Some(Strength { id: id.to_owned(), display_name, combinations, restrictions: Vec::new() })
    }

    /// True if the methods used make up one of the combinations.
    pub fn is_met(&self, used: &Authenticators) -> bool {
        self.combinations.iter().any(|combination| {
            combination.iter().all(|method| has(&used.methods, method))
                && self.restrictions.iter().all(|restriction| restriction.allows(combination, used))
        })
    }

    /// True if the person can meet the strength now: every method of a combination is allowed in the tenant, and used,
    /// registered or possible to register in the interrupted sign-in.
    pub fn can_be_met(&self, used: &Authenticators, person: &Capabilities) -> bool {
        self.combinations
            .iter()
            .any(|combination| combination.iter().all(|method| usable(method, used, person)))
    }
}

fn usable(method: &str, used: &Authenticators, person: &Capabilities) -> bool {
    let is_enabled = person.enabled.as_ref().is_none_or(|enabled| has(enabled, method));
    let is_registered = person.registered.as_ref().is_none_or(|registered| has(registered, method));
    has(&used.methods, method)
        || FIRST_FACTORS.contains(&method)
        || is_enabled && (is_registered || REGISTRABLE.contains(&method))
}

fn has(methods: &[String], wanted: &str) -> bool {
    methods.iter().any(|method| method.eq_ignore_ascii_case(wanted))
}

/// True if one of the registered methods can make up multifactor authentication.
pub(crate) fn can_do_multifactor(registered: &[String]) -> bool {
    let strong = PHISHING_RESISTANT_METHODS.iter().chain(&MULTIFACTOR_METHODS).chain(&SECOND_FACTORS);
    strong.into_iter().any(|method| has(registered, method))
}

fn combination(text: &str) -> Vec<String> {
    text.split(',').map(|method| method.trim().to_owned()).filter(|method| !method.is_empty()).collect()
}

impl Restriction {
    fn from_json(document: &Value) -> Restriction {
        let lower =
            |member| strings(document, member).iter().map(|text: &String| text.to_lowercase()).collect();
        Restriction {
            combinations: strings(document, "appliesToCombinations")
                .iter()
                .map(|text| combination(text))
                .collect(),
            aaguids: lower("allowedAAGUIDs"),
            issuers: lower("allowedIssuerSkis"),
            policy_oids: lower("allowedPolicyOIDs"),
        }
    }

    fn allows(&self, combination: &[String], used: &Authenticators) -> bool {
        let is_meant = self.combinations.iter().any(|listed| {
            listed.len() == combination.len() && listed.iter().all(|method| has(combination, method))
        });
        let listed = |allowed: &[String], value: Option<&str>| {
            allowed.is_empty() || value.is_some_and(|value| has(allowed, value))
        };
        !is_meant
            || listed(&self.aaguids, used.fido2_aaguid.as_deref())
                && listed(&self.issuers, used.certificate_issuer.as_deref())
                && (self.policy_oids.is_empty()
                    || used.certificate_policies.iter().any(|oid| has(&self.policy_oids, oid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(methods: &[&str]) -> Authenticators {
        Authenticators {
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn built_in_strengths() {
        let of = |id| Strength::built_in(id).expect("built in");
        for (methods, expected) in [
            (&["fido2"][..], [true, true, true]),
            (&["deviceBasedPush"], [true, true, false]),
            (&["password", "sms"], [true, false, false]),
            (&["federatedSingleFactor", "voice"], [true, false, false]),
            (&["temporaryAccessPassOneTime"], [true, false, false]),
            (&["password"], [false, false, false]),
            (&["sms"], [false, false, false]),
            (&["x509CertificateSingleFactor", "qrCodePin"], [false, false, false]),
        ] {
            let met = [MULTIFACTOR, PASSWORDLESS, PHISHING_RESISTANT].map(|id| of(id).is_met(&used(methods)));
            assert_eq!(met, expected, "{methods:?}");
        }
    }

    #[test]
    fn a_strength_nobody_can_register_for_cannot_be_met() {
        let hello =
            Strength::from_json(&serde_json::json!({"allowedCombinations": ["windowsHelloForBusiness"]}));
        let mut person = Capabilities { enabled: None, registered: Some(vec!["sms".to_owned()]) };
        assert!(!hello.can_be_met(&used(&["password"]), &person));
        let key = Strength::from_json(&serde_json::json!({"allowedCombinations": ["fido2"]}));
        assert!(key.can_be_met(&used(&["password"]), &person));
        person.enabled = Some(vec!["sms".to_owned()]);
        assert!(!key.can_be_met(&used(&["password"]), &person));
    }
}
