//! What is known of a rule beside its condition.

use azimuth_arm::Value;
use azimuth_policy::{Definition, Effect, Policy};
use serde::Serialize;

/// How much a violation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth improving.
    Low,
    /// A weakness.
    Medium,
    /// An open door.
    High,
}

impl Severity {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The severity of this name, in any letter case; `critical` is high, `informational` low.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "high" | "critical" | "error" => Some(Self::High),
            "medium" | "warning" => Some(Self::Medium),
            "low" | "informational" | "info" | "note" => Some(Self::Low),
            _ => None,
        }
    }
}

/// A rule as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleInfo {
    /// The id by which it is selected and suppressed.
    pub id: String,
    /// One line: what is asked for.
    pub title: String,
    /// Why, in a sentence or two.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How much a violation matters.
    pub severity: Severity,
    /// The heading it stands under, such as `Storage`.
    pub category: String,
    /// The effect, if it does not depend on the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// What to do about a violation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Where more stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_url: Option<String>,
    /// Ids of the same check in other tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equivalents: Vec<String>,
    /// Whether it ships with the program.
    pub is_built_in: bool,
    /// The alias whose place is shown first.
    #[serde(skip)]
    pub(crate) field: Option<String>,
    /// Whether what an IfNotExists effect does not find in the template counts as missing.
    #[serde(skip)]
    pub(crate) template_is_all: bool,
}

impl RuleInfo {
    /// Reads what the definition says of itself; what it leaves out follows from its effect.
    pub(crate) fn of(policy: &Policy, id: String, is_built_in: bool) -> Self {
        let definition = policy.definition();
        let metadata = &definition.metadata;
        let effect = policy.effect();
        let severity = text(metadata, "severity").and_then(|name| Severity::from_name(&name));
        Self {
            title: definition.display_name.clone().unwrap_or_else(|| id.clone()),
            id,
            description: definition.description.clone().unwrap_or_default(),
            severity: severity.unwrap_or(match effect {
                Some(Effect::Deny) => Severity::High,
                _ => Severity::Medium,
            }),
            category: text(metadata, "category").unwrap_or_else(|| "Other".to_owned()),
            effect: policy.effect_name(),
            fix: text(metadata, "fix"),
            help_url: text(metadata, "helpUrl").or_else(|| text(metadata, "helpUri")),
            equivalents: texts(metadata, "equivalents"),
            is_built_in,
            field: text(metadata, "field"),
            template_is_all: text(metadata, "related").is_some_and(|word| word == "template"),
        }
    }
}

/// The id of a rule: the definition's name, else the last segment of its id, else its display name.
pub(crate) fn id_of(definition: &Definition) -> Option<String> {
    let last = definition.id.as_deref().and_then(|id| id.rsplit('/').next());
    let name = definition.name.as_deref().or(last).or(definition.display_name.as_deref())?;
    Some(name.to_owned())
}

fn text(metadata: &Value, name: &str) -> Option<String> {
    Some(metadata.get(name)?.as_str()?.to_owned()).filter(|text| !text.is_empty())
}

fn texts(metadata: &Value, name: &str) -> Vec<String> {
    let list = metadata.get(name);
    let items = list.as_ref().and_then(Value::as_array).unwrap_or_default().iter();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_go_both_ways() {
        for severity in [Severity::Low, Severity::Medium, Severity::High] {
            assert_eq!(Severity::from_name(&severity.name().to_uppercase()), Some(severity));
        }
        assert_eq!(Severity::from_name("severe"), None);
    }
}
