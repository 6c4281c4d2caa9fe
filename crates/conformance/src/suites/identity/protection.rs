//! Passwords, smart lockout, registration, risk and log rows.

use azimuth_identity::lockout::{
    Attempt, Cloud, Location, Lockout, PasswordTag, Setting, pass_through_problems,
};
use azimuth_identity::logs::{self, Table};
use azimuth_identity::passwords::{BannedPasswords, Names, Place, custom_list, policy};
use azimuth_identity::registration::{Registration, ResetPolicy, registration_details};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::expect;

/// `passwords.jsonl`.
pub(super) fn passwords(case: &Value) -> Result<(), String> {
    match expect::text(case, "/kind")? {
        "banned" => banned(case),
        "policy" => password_policy(case),
        "customList" => {
            let problems = custom_list::problems(texts(case, "/terms"));
            members(case, &json!({"valid": problems.is_empty()}))
        }
        kind => Err(format!("a password case of the unknown kind `{kind}`")),
    }
}

fn banned(case: &Value) -> Result<(), String> {
    let custom = if flag(case, "/enforceCustom") { texts(case, "/customBanned") } else { Vec::new() };
    let lists = BannedPasswords::new(texts(case, "/globalBanned"), custom);
    let names = Names {
        given_name: optional(case, "/user/givenName"),
        surname: optional(case, "/user/surname"),
        tenant: optional(case, "/tenantName"),
    };
    let place = match optional(case, "/mode") {
        None | Some("cloud") => Place::Cloud,
        Some(_) => Place::DomainController,
    };
    let verdict = lists.check(expect::text(case, "/password")?, &names, place);
    let result = if verdict.is_accepted() { "accepted" } else { "rejected" };
    members(case, &json!({"result": result, "score": verdict.score.points}))
}

fn password_policy(case: &Value) -> Result<(), String> {
    let rules = policy::EntraRules {
        is_education: flag(case, "/isEducation") || flag(case, "/education"),
        allows_weak: optional(case, "/passwordPolicies")
            .is_some_and(|set| set.contains("DisableStrongPassword")),
    };
    let operation = match expect::text(case, "/operation")? {
        "change" => policy::Operation::Change { current: optional(case, "/currentPassword") },
        reset if reset.to_lowercase().contains("reset") => policy::Operation::Reset,
        other => return Err(format!("the unknown operation `{other}`")),
    };
    let violations =
        policy::violations(expect::text(case, "/password")?, policy::Profile::Entra(rules), operation);
    let names: Vec<&str> = violations.into_iter().map(policy::Violation::name).collect();
    let expected = expect::value(case, "/expect/violations")?;
    if expect::same_set(expected, &json!(names)) {
        return Ok(());
    }
    expect::equal("violations", expected, &json!(names))
}

/// `smart-lockout.jsonl`: events against one account, each with what it comes to.
pub(super) fn smart_lockout(case: &Value) -> Result<(), String> {
    let setting = Setting {
        threshold: number(case, "/config/threshold").and_then(|threshold| u32::try_from(threshold).ok()),
        duration: number(case, "/config/durationSeconds").map(SignedDuration::from_secs),
        cloud: match optional(case, "/config/cloud").unwrap_or("public") {
            "21Vianet" | "China" | "china" => Cloud::China,
            "public" => Cloud::Public,
            _ => Cloud::UsGovernment,
        },
        has_p1: optional(case, "/config/license")
            .is_some_and(|plan| plan.ends_with("P1") || plan.ends_with("P2")),
        is_pass_through: !flag(case, "/config/hashTracking"),
    };
    let rules = setting.effective();
    if let Some(threshold) = case.pointer("/config/effectiveThreshold") {
        expect::equal("effectiveThreshold", threshold, &json!(rules.threshold))?;
    }
    let mut account = Account {
        rules,
        lockout: Lockout::default(),
        password: expect::text(case, "/correctPassword")?.to_owned(),
        is_malicious: flag(case, "/config/maliciousSource"),
    };
    let events = case.pointer("/events").and_then(Value::as_array).into_iter().flatten();
    for (number, event) in events.enumerate() {
        let answer = account.event(event)?;
        members(event, &answer).map_err(|text| format!("event {number}: {text}"))?;
    }
    Ok(())
}

struct Account {
    rules: azimuth_identity::lockout::Rules,
    lockout: Lockout,
    password: String,
    is_malicious: bool,
}

impl Account {
    fn event(&mut self, event: &Value) -> Result<Value, String> {
        let now =
            Timestamp::from_second(number(event, "/t").unwrap_or_default()).map_err(|e| e.to_string())?;
        match expect::text(event, "/op")? {
            "signIn" => self.sign_in(event, now),
            "validatePassThrough" => {
                let threshold =
                    number(event, "/adThreshold").and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
                let duration =
                    SignedDuration::from_secs(number(event, "/adDurationSeconds").unwrap_or_default());
                Ok(json!({"ok": pass_through_problems(&self.rules, threshold, duration).is_empty()}))
            }
            reset => {
                match reset {
                    "ssprForgotPassword" => self.lockout.forgotten_password_reset(),
                    "adminResetPassword" => self.lockout.administrator_reset(),
                    // A change of the known password, by whatever name.
                    change if change.contains("Know") || change.contains("hange") => {}
                    other => return Err(format!("the unknown operation `{other}`")),
                }
                if let Some(password) = optional(event, "/newPassword") {
                    password.clone_into(&mut self.password);
                }
                Ok(json!({}))
            }
        }
    }

    fn sign_in(&mut self, event: &Value, now: Timestamp) -> Result<Value, String> {
        let location = match expect::text(event, "/location")? {
            "familiar" => Location::Familiar,
            _ => Location::Unfamiliar,
        };
        let password = expect::text(event, "/password")?;
        let is_malicious = self.is_malicious || flag(event, "/maliciousSource");
        let attempt = match (is_malicious, password == self.password) {
            (true, _) => Attempt::Malicious,
            (false, true) => Attempt::Right,
            (false, false) => Attempt::Wrong(PasswordTag::new(b"case", password)),
        };
        let outcome = self.lockout.attempt(&self.rules, now, location, attempt);
        let remaining = self.lockout.remaining(now, location);
        Ok(json!({
            "outcome": outcome.name(),
            "errorCode": outcome.error_code(),
            "lockedAfter": remaining.is_some(),
            "lockSeconds": remaining.map(|lock| lock.as_secs()),
        }))
    }
}

/// `registration.jsonl`.
pub(super) fn registration(case: &Value) -> Result<(), String> {
    let (registered, enabled) = (texts(case, "/registered"), texts(case, "/enabledMethods"));
    let (roles, allowed) = (texts(case, "/user/roles"), texts(case, "/sspr/allowed"));
    let required = number(case, "/sspr/requiredMethods").and_then(|it| usize::try_from(it).ok());
    let details = registration_details(&Registration {
        registered: &registered,
        enabled: &enabled,
        roles: &roles,
        reset: ResetPolicy {
            is_enabled: flag(case, "/sspr/enabled"),
            required_methods: required.unwrap_or(1),
            allowed: &allowed,
        },
    });
    members(case, &details.to_json())
}

/// `log-rows.jsonl`: the listed columns of the row that an object becomes.
pub(super) fn log_rows(case: &Value) -> Result<(), String> {
    let name = expect::text(case, "/table")?;
    let table = Table::from_name(name).ok_or_else(|| format!("the unknown table `{name}`"))?;
    let row = logs::row(table, expect::value(case, "/source")?).ok_or("the source is no object")?;
    let columns = case.pointer("/row").and_then(Value::as_object).ok_or("the case has no row")?;
    for (column, expected) in columns {
        match column.strip_suffix("IsString") {
            Some(of) if !row.contains_key(column) => {
                let is_text = row.get(of).is_some_and(Value::is_string);
                expect::equal(column, expected, &json!(is_text))?;
            }
            _ => expect::equal(column, expected, row.get(column).unwrap_or(&Value::Null))?,
        }
    }
    Ok(())
}

/// Compares the members of `expect` with those of the answer; a bound compares with the member it bounds.
pub(super) fn members(case: &Value, answer: &Value) -> Result<(), String> {
    let nothing = Map::new();
    let expected = case.get("expect").and_then(Value::as_object).unwrap_or(&nothing);
    for (name, expected) in expected {
        if let Some(of) = name.strip_suffix("GreaterThan") {
            let (bound, got) = (expected.as_f64(), answer.get(of).and_then(Value::as_f64));
            if bound.is_none() || got.is_none_or(|got| bound.is_some_and(|bound| got <= bound)) {
                return Err(format!("{name}: expected more than {expected}, got {got:?}"));
            }
            continue;
        }
        let got = answer.get(name).ok_or_else(|| format!("nothing answers the expected `{name}`"))?;
        expect::equal(name, expected, got)?;
    }
    Ok(())
}

pub(super) fn optional<'a>(case: &'a Value, pointer: &str) -> Option<&'a str> {
    case.pointer(pointer).and_then(Value::as_str)
}

pub(super) fn flag(case: &Value, pointer: &str) -> bool {
    case.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn number(case: &Value, pointer: &str) -> Option<i64> {
    case.pointer(pointer).and_then(Value::as_i64)
}

fn texts<'a>(case: &'a Value, pointer: &str) -> Vec<&'a str> {
    case.pointer(pointer).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
