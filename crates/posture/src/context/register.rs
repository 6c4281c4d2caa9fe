//! What the owner of the estate declares: the written rules, and the impact runs on record.
//!
//! Declarations are documents below `azimuth:/declaration/`. A declaration with the member `rules` names all written
//! rules, one with `impactRuns` all runs; several of them are taken together. Their form is the project's own.

use azimuth_estate::Snapshot;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What is declared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Register {
    /// The written rules of the organisation; `None` if nothing declares them.
    pub(crate) rules: Option<Vec<Rule>>,
    /// The impact runs on record; `None` if nothing declares them.
    pub(crate) impact_runs: Option<Vec<ImpactRun>>,
    /// The key of the declaration that holds the rules.
    pub(crate) rules_key: String,
    /// Keys of declarations whose rules or runs cannot be read, with the reason.
    pub(crate) faults: Vec<(String, String)>,
}

/// A written rule of the organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    /// The identifier that policies name, such as `CH-03`.
    pub(crate) id: String,
    /// What it says.
    #[serde(default)]
    pub(crate) title: String,
    /// Where it holds; everywhere if absent.
    #[serde(default)]
    pub(crate) scope: Option<String>,
    /// What policy must do about what breaks it.
    #[serde(default)]
    pub(crate) wanted: Wanted,
    /// A resource that breaks it, without id.
    #[serde(default)]
    pub(crate) example: Option<Value>,
    /// The same resource in line with the rule: a policy that objects to it too is about something else.
    #[serde(default)]
    pub(crate) allowed: Option<Value>,
    /// What a policy that mends the example must make of it: members that the result must have.
    #[serde(default)]
    pub(crate) becomes: Option<Value>,
    /// Ids or names of definitions and initiatives that stand for it, beside those that name it themselves.
    #[serde(default)]
    pub(crate) definitions: Vec<String>,
}

/// What policy must do about a resource that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Wanted {
    /// Mark it.
    #[default]
    Audit,
    /// Refuse it.
    Deny,
    /// Mend it on its way in.
    Modify,
}

/// An impact run on record.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImpactRun {
    /// The assignment that was tried.
    pub(crate) assignment: String,
    /// What it assigned; any if absent.
    #[serde(default)]
    pub(crate) definition: Option<String>,
    /// When it was tried.
    pub(crate) time: Timestamp,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default, deserialize_with = "list")]
    rules: Option<Result<Vec<Rule>, String>>,
    #[serde(default, deserialize_with = "list")]
    impact_runs: Option<Result<Vec<ImpactRun>, String>>,
}

/// A list, or why it is none, without making the rest of the declaration unreadable.
fn list<'de, D: Deserializer<'de>, T: for<'a> Deserialize<'a>>(
    deserializer: D,
) -> Result<Option<Result<Vec<T>, String>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Some(serde_json::from_value(value).map_err(|error| error.to_string())))
}

impl Register {
    /// Reads the declarations of a snapshot.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut register = Self::default();
        for entry in snapshot.of_type("azimuth:/declaration") {
            let shape = entry.read::<Shape>().unwrap_or_default();
            if let Some(rules) = shape.rules {
                entry.key().clone_into(&mut register.rules_key);
                register.take(entry.key(), rules, |register| &mut register.rules);
            }
            if let Some(runs) = shape.impact_runs {
                register.take(entry.key(), runs, |register| &mut register.impact_runs);
            }
        }
        register
    }

    fn take<T>(
        &mut self,
        key: &str,
        read: Result<Vec<T>, String>,
        place: impl Fn(&mut Self) -> &mut Option<Vec<T>>,
    ) {
        match read {
            Ok(list) => place(self).get_or_insert_default().extend(list),
            Err(why) => self.faults.push((key.to_owned(), why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use azimuth_ids::DocumentKey;

    use super::*;

    fn register(bodies: &[&str]) -> Register {
        let mut builder = Snapshot::builder();
        for (index, body) in bodies.iter().enumerate() {
            builder.push(&DocumentKey::azimuth(&format!("declaration/d{index}")).unwrap(), *body);
        }
        Register::from_snapshot(&builder.finish())
    }

    #[test]
    fn what_is_not_declared_is_not_known_and_an_empty_list_is() {
        let none = register(&[r#"{"segments":["a"]}"#]);
        assert!(none.rules.is_none() && none.impact_runs.is_none());
        let empty = register(&[r#"{"rules":[],"impactRuns":[]}"#]);
        assert!(empty.rules.is_some_and(|rules| rules.is_empty()));
        assert!(empty.impact_runs.is_some_and(|runs| runs.is_empty()));
    }

    #[test]
    fn declarations_add_up_and_a_damaged_one_costs_itself() {
        let both = register(&[
            r#"{"rules":[{"id":"A"}]}"#,
            r#"{"rules":[{"id":"B","wanted":"deny","example":{"type":"T/t"}}]}"#,
            r#"{"rules":[{"wanted":"deny"}],"impactRuns":[{"assignment":"/a","time":"2026-01-01T00:00:00Z"}]}"#,
        ]);
        let ids: Vec<String> = both.rules.unwrap().into_iter().map(|rule| rule.id).collect();
        assert_eq!(ids, ["A", "B"]);
        assert_eq!(both.impact_runs.unwrap().len(), 1);
        assert!(both.faults[0].1.contains("missing field `id`"), "{:?}", both.faults);
    }
}
