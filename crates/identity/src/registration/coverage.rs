//! How far multifactor authentication reaches: who could be asked, who was, and with what.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::Strength;
use super::method::{is_phishing_resistant, strength};

/// Bytes of JSON text in a column that are read.
const LONGEST_TEXT: usize = 256 * 1_024;

/// A user of the registration report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisteredUser {
    /// Object id, in lower case.
    pub id: String,
    /// User principal name.
    pub name: String,
    /// Holds a role of an administrator.
    pub is_admin: bool,
    /// Is a guest.
    pub is_guest: bool,
    /// Has registered a strong method.
    pub is_mfa_registered: bool,
    /// Has a registered strong method that is enabled.
    pub is_mfa_capable: bool,
    /// Can sign in without password.
    pub is_passwordless_capable: bool,
    /// Registered methods, as Graph names them.
    pub methods: Vec<String>,
}

impl RegisteredUser {
    /// Reads a `userRegistrationDetails` object; `None` if it has no id.
    pub fn from_json(details: &Value) -> Option<Self> {
        let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default();
        let flag = |name: &str| details.get(name).and_then(Value::as_bool).unwrap_or_default();
        let methods = details.get("methodsRegistered").and_then(Value::as_array);
        Some(Self {
            id: details.get("id")?.as_str()?.to_ascii_lowercase(),
            name: text("userPrincipalName").to_owned(),
            is_admin: flag("isAdmin"),
            is_guest: text("userType").eq_ignore_ascii_case("guest"),
            is_mfa_registered: flag("isMfaRegistered"),
            is_mfa_capable: flag("isMfaCapable"),
            is_passwordless_capable: flag("isPasswordlessCapable"),
            methods: methods.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// The strongest registered method.
    pub fn strength(&self) -> Strength {
        self.methods.iter().map(|method| strength(method)).max().unwrap_or(Strength::NotMfa)
    }
}

/// What the sign-ins of one user show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenges {
    /// Successful sign-ins.
    pub sign_ins: u64,
    /// Of these, with a second factor.
    pub with_mfa: u64,
    /// Of these, where a second factor was shown and not only taken from an earlier claim.
    pub prompted: u64,
    /// Of these, with a method that cannot be phished.
    pub phishing_resistant: u64,
    /// Second factors that were shown, with how often.
    pub methods: BTreeMap<String, u64>,
}

/// The figures of the report, for one group of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageCounts {
    /// Users in the registration report.
    pub users: u64,
    /// With a strong method.
    pub registered: u64,
    /// With a strong method that is enabled.
    pub capable: u64,
    /// Able to sign in without password.
    pub passwordless: u64,
    /// With a registered method that cannot be phished.
    pub phishing_resistant: u64,
    /// Seen in the sign-ins.
    pub signed_in: u64,
    /// With a second factor in at least one sign-in.
    pub challenged: u64,
    /// Signed in, but by the password alone every time.
    pub password_only: u64,
}

/// The coverage of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All users.
    pub all: CoverageCounts,
    /// Administrators.
    pub admins: CoverageCounts,
    /// Guests.
    pub guests: CoverageCounts,
    /// Users by registered method.
    pub registered_methods: BTreeMap<String, u64>,
    /// Users by the strength of their strongest method, in the order of [`Strength`].
    pub strengths: BTreeMap<&'static str, u64>,
    /// Prompts by the method that answered them.
    pub used_methods: BTreeMap<String, u64>,
    /// Successful sign-ins of all users.
    pub sign_ins: u64,
    /// Of these, with a second factor.
    pub sign_ins_with_mfa: u64,
    /// Of these, with a method that cannot be phished.
    pub sign_ins_phishing_resistant: u64,
    /// Names of administrators who are not capable, in order.
    pub admins_without_mfa: Vec<String>,
    /// Names of users who are capable and yet always signed in by the password alone.
    pub capable_but_never_challenged: Vec<String>,
    /// Users of sign-ins whom the registration report does not list: deleted ones, and guests of other directories.
    pub unlisted: u64,
}

/// Works out the coverage from the registration report and rows of the sign-in tables.
///
/// Multifactor authentication by a federated identity provider is no registered method; it shows in the sign-ins only.
pub fn coverage<'a>(users: &[RegisteredUser], rows: impl IntoIterator<Item = &'a Value>) -> Coverage {
    let mut report = CoverageReport::default();
    rows.into_iter().for_each(|row| report.observe(row));
    report.finish(users)
}

/// The coverage of a stream of sign-ins too long to hold: rows one by one, then the users.
#[derive(Clone, Debug, Default)]
pub struct CoverageReport {
    seen: HashMap<String, Challenges>,
}

impl CoverageReport {
    /// Takes a row of the sign-in tables into account.
    pub fn observe(&mut self, row: &Value) {
        observe(row, &mut self.seen);
    }

    /// The coverage of these users.
    pub fn finish(self, users: &[RegisteredUser]) -> Coverage {
        finish(users, self.seen)
    }
}

fn finish(users: &[RegisteredUser], mut seen: HashMap<String, Challenges>) -> Coverage {
    let mut report = Coverage::default();
    for user in users {
        let challenges = seen.remove(&user.id).unwrap_or_default();
        count(&mut report.all, user, &challenges);
        if user.is_admin {
            count(&mut report.admins, user, &challenges);
        }
        if user.is_guest {
            count(&mut report.guests, user, &challenges);
        }
        for method in &user.methods {
            *report.registered_methods.entry(method.clone()).or_default() += 1;
        }
        *report.strengths.entry(strength_name(user.strength())).or_default() += 1;
        if user.is_admin && !user.is_mfa_capable {
            report.admins_without_mfa.push(user.name.clone());
        }
        if user.is_mfa_capable && challenges.sign_ins > 0 && challenges.with_mfa == 0 {
            report.capable_but_never_challenged.push(user.name.clone());
        }
        add(&mut report, challenges);
    }
    report.unlisted = seen.len() as u64;
    seen.into_values().for_each(|challenges| add(&mut report, challenges));
    report.admins_without_mfa.sort();
    report.capable_but_never_challenged.sort();
    report
}

fn count(counts: &mut CoverageCounts, user: &RegisteredUser, challenges: &Challenges) {
    let one = u64::from;
    counts.users += 1;
    counts.registered += one(user.is_mfa_registered);
    counts.capable += one(user.is_mfa_capable);
    counts.passwordless += one(user.is_passwordless_capable);
    counts.phishing_resistant += one(user.strength() == Strength::PhishingResistant);
    counts.signed_in += one(challenges.sign_ins > 0);
    counts.challenged += one(challenges.with_mfa > 0);
    counts.password_only += one(challenges.sign_ins > 0 && challenges.with_mfa == 0);
}

fn add(report: &mut Coverage, challenges: Challenges) {
    report.sign_ins += challenges.sign_ins;
    report.sign_ins_with_mfa += challenges.with_mfa;
    report.sign_ins_phishing_resistant += challenges.phishing_resistant;
    for (method, times) in challenges.methods {
        *report.used_methods.entry(method).or_default() += times;
    }
}

/// Takes one successful sign-in of a user into account.
///
/// A second factor counts if the sign-in required one, or if a step of it is one. A passkey is both factors in one step.
fn observe(row: &Value, seen: &mut HashMap<String, Challenges>) {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_success = matches!(row.get("ResultType"), Some(Value::String(code)) if code == "0");
    if !is_success || text("UserId").is_empty() {
        return;
    }
    let challenges = seen.entry(text("UserId").to_ascii_lowercase()).or_default();
    challenges.sign_ins += 1;
    let steps = steps(row.get("AuthenticationDetails"));
    let done = steps.iter().filter(|step| step.succeeded).filter_map(|step| used_method(&step.method));
    let second: Vec<&str> = done.filter(|method| strength(method) > Strength::NotMfa).collect();
    let was_required = text("AuthenticationRequirement") == "multiFactorAuthentication";
    challenges.with_mfa += u64::from(was_required || !second.is_empty());
    challenges.prompted += u64::from(!second.is_empty());
    challenges.phishing_resistant += u64::from(second.iter().any(|method| is_phishing_resistant(method)));
    for method in second {
        *challenges.methods.entry(method.to_owned()).or_default() += 1;
    }
}

struct Step {
    method: String,
    succeeded: bool,
}

/// The steps of `AuthenticationDetails`, which the tables hold as text.
fn steps(details: Option<&Value>) -> Vec<Step> {
    let parsed = match details {
        Some(Value::String(text)) if text.len() <= LONGEST_TEXT => {
            serde_json::from_str(text).unwrap_or_default()
        }
        Some(value) => value.clone(),
        None => Value::Null,
    };
    let steps = parsed.as_array().cloned().unwrap_or_default();
    let step = |step: &Value| Step {
        method: step.get("authenticationMethod").and_then(Value::as_str).unwrap_or_default().to_owned(),
        succeeded: step.get("succeeded").and_then(Value::as_bool).unwrap_or_default(),
    };
    steps.iter().map(step).collect()
}

/// The Graph name of a method as the sign-in log words it; `None` for the password and for what is no method.
fn used_method(worded: &str) -> Option<&'static str> {
    /// Beginnings of the log's words, the longer first.
    const WORDS: &[(&str, &str)] = &[
        ("passkey", "fido2"),
        ("fido2", "fido2"),
        ("windows hello", "windowsHelloForBusiness"),
        ("platform credential", "platformCredential"),
        ("x.509", "x509Certificate"),
        ("passwordless phone sign-in", "deviceBasedPush"),
        ("mobile app notification", "microsoftAuthenticatorPush"),
        ("microsoft authenticator", "microsoftAuthenticatorPush"),
        ("oath verification code", "softwareOath"),
        ("mobile app verification code", "softwareOath"),
        ("oath hardware", "hardwareOath"),
        ("text message", "sms"),
        ("sms", "sms"),
        ("phone call", "voice"),
        ("mobile phone call", "voice"),
        ("temporary access pass", "temporaryAccessPass"),
    ];
    let worded = worded.to_lowercase();
    WORDS.iter().find(|(word, _)| worded.starts_with(word)).map(|(_, method)| *method)
}

fn strength_name(strength: Strength) -> &'static str {
    match strength {
        Strength::NotMfa => "none",
        Strength::Telephone => "telephone",
        Strength::Code => "code",
        Strength::Approval => "approval",
        Strength::PhishingResistant => "phishingResistant",
    }
}

impl CoverageCounts {
    fn to_json(&self) -> Value {
        json!({
            "users": self.users,
            "mfaRegistered": self.registered,
            "mfaCapable": self.capable,
            "passwordlessCapable": self.passwordless,
            "phishingResistantRegistered": self.phishing_resistant,
            "signedIn": self.signed_in,
            "challenged": self.challenged,
            "passwordOnly": self.password_only,
        })
    }
}

impl Coverage {
    /// The report as JSON; shares are left to the reader, who knows what to divide by.
    pub fn to_json(&self) -> Value {
        let map = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(name, count)| (name.clone(), Value::from(*count))).collect::<Map<_, _>>()
        };
        let strengths: Map<String, Value> =
            self.strengths.iter().map(|(name, count)| ((*name).to_owned(), Value::from(*count))).collect();
        json!({
            "all": self.all.to_json(),
            "admins": self.admins.to_json(),
            "guests": self.guests.to_json(),
            "registeredMethods": map(&self.registered_methods),
            "strengths": strengths,
            "usedMethods": map(&self.used_methods),
            "signIns": self.sign_ins,
            "signInsWithMfa": self.sign_ins_with_mfa,
            "signInsPhishingResistant": self.sign_ins_phishing_resistant,
            "adminsWithoutMfa": self.admins_without_mfa,
            "capableButNeverChallenged": self.capable_but_never_challenged,
            "usersNotInReport": self.unlisted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, is_admin: bool, methods: &[&str]) -> RegisteredUser {
        let is_strong = methods.iter().any(|method| super::super::is_strong(method));
        RegisteredUser::from_json(&json!({
            "id": id, "userPrincipalName": format!("{id}@contoso.com"), "userType": "member", "isAdmin": is_admin,
            "isMfaRegistered": is_strong, "isMfaCapable": is_strong, "methodsRegistered": methods,
        }))
        .unwrap()
    }

    fn sign_in(user: &str, requirement: &str, methods: &[&str]) -> Value {
        let steps: Vec<Value> =
            methods.iter().map(|method| json!({"authenticationMethod": method, "succeeded": true})).collect();
        json!({
            "UserId": user, "ResultType": "0", "AuthenticationRequirement": requirement,
            "AuthenticationDetails": Value::from(steps).to_string(),
        })
    }

    #[test]
    fn the_report_tells_registered_from_challenged() {
        let users = [
            user("anna", true, &["fido2"]),
            user("ben", true, &["email"]),
            user("carl", false, &["softwareOneTimePasscode", "mobilePhone"]),
        ];
        let (single, multi) = ("singleFactorAuthentication", "multiFactorAuthentication");
        let rows = [
            sign_in("ANNA", multi, &["Passkey (device-bound)"]),
            sign_in("carl", single, &["Password"]),
            sign_in("ben", multi, &["Previously satisfied"]),
            sign_in("stranger", multi, &["Password", "Text message"]),
            json!({"UserId": "carl", "ResultType": "50126", "AuthenticationRequirement": multi}),
            json!({"UserId": "", "ResultType": "0"}),
            json!("no row"),
        ];
        let report = coverage(&users, &rows);
        let expected = CoverageCounts {
            users: 3,
            registered: 2,
            capable: 2,
            passwordless: 0,
            phishing_resistant: 1,
            signed_in: 3,
            challenged: 2,
            password_only: 1,
        };
        assert_eq!(report.all, expected);
        assert_eq!(
            (report.sign_ins, report.sign_ins_with_mfa, report.sign_ins_phishing_resistant),
            (4, 3, 1)
        );
        assert_eq!(report.admins_without_mfa, ["ben@contoso.com"]);
        assert_eq!(report.capable_but_never_challenged, ["carl@contoso.com"]);
        assert_eq!(report.unlisted, 1);
        assert_eq!(report.used_methods, [("fido2".to_owned(), 1), ("sms".to_owned(), 1)].into());
        assert_eq!(report.strengths, [("code", 1), ("none", 1), ("phishingResistant", 1)].into());
    }
}
