//! Why a policy says what it says, as lines for people.

use azimuth_estate::Entry;
use azimuth_policy::{
    Evaluated, NoRelated, Operator, Outcome, PolicyId, RelatedQuery, Resource, Scan, Slots, Surroundings,
    reason,
};
use serde_json::Value;

/// Characters of a value that are shown.
const VALUE: usize = 120;

/// Why a policy decided as it did about a resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Why {
    /// The comparisons that decided.
    pub(super) comparisons: Vec<Evaluated>,
    /// What an IfNotExists effect looks for.
    pub(super) related: Option<RelatedQuery>,
    /// Why the evaluation failed.
    pub(super) failure: Option<String>,
}

/// The resource of an entry as the engine takes it.
pub(super) fn resource(entry: Entry<'_>) -> Resource<'_> {
    Resource { json: entry.body(), resource_type: Some(entry.kind()), api_version: None }
}

/// Evaluates one policy once more, keeping notes.
pub(super) fn why(
    scan: &Scan<'_>,
    surroundings: &Surroundings<'_>,
    entry: Entry<'_>,
    policy: PolicyId,
    slots: &mut Slots,
) -> Why {
    let program = scan.governance().program();
    let (resource, context) = (resource(entry), surroundings.context(entry.key()));
    let mut why = Why::default();
    match program.explain(policy, slots, &resource, context) {
        Ok(explanation) => {
            why.failure = explanation.result.as_ref().err().map(|fault| fault.message.clone());
            if explanation.result == Ok(true)
                && let Ok(verdict) = program.verdict(policy, slots, &resource, context, &NoRelated)
                && let Outcome::NeedsRelated(query) = verdict.outcome
            {
                why.related = Some(query);
            }
            why.comparisons = explanation.evaluated;
        }
        Err(error) => why.failure = Some(error.to_string()),
    }
    why
}

impl Why {
    /// One line for each comparison that says something: those of the type are left out if there are others.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let is_type =
            |found: &&Evaluated| found.kind == "Field" && found.expression.eq_ignore_ascii_case("type");
        let others = self.comparisons.iter().filter(|found| !is_type(found)).count();
        for found in &self.comparisons {
            if others == 0 && self.related.is_some() || others > 0 && is_type(&found) {
                continue;
            }
            lines.push(line(found));
        }
        if let Some(query) = &self.related {
            lines.push(related_line(query));
        }
        lines.extend(self.failure.iter().map(|failure| format!("the evaluation fails: {failure}")));
        lines
    }
}

fn line(found: &Evaluated) -> String {
    let seen = match shown(&found.seen.to_json()) {
        text if text == "null" => "absent".to_owned(),
        text => text,
    };
    let wanted = match found.operator {
        Operator::Exists => format!("exists {}", shown(&found.wanted.to_json())),
        operator => format!("{} {}", operator.name(), shown(&found.wanted.to_json())),
    };
    let stance = if found.result { "the policy is against" } else { "the policy wants" };
    let fault = found.fault.as_ref().map(|fault| format!(" ({})", fault.message)).unwrap_or_default();
    format!("{} is {seen}; {stance} {wanted}{fault}", found.expression)
}

/// The sentence of the portal for a comparison: what would have to be true.
pub(super) fn sentence(found: &Evaluated) -> &'static str {
    reason(found.operator, found.result)
}

fn related_line(query: &RelatedQuery) -> String {
    let name = query.name.as_deref().map(|name| format!(" named {name}")).unwrap_or_default();
    let place = match (&query.resource_group, query.in_subscription) {
        (Some(group), _) => format!(" in the resource group {group}"),
        (None, true) => " in the subscription".to_owned(),
        (None, false) => String::new(),
    };
    format!("no {}{name}{place} meets the existence condition", query.resource_type)
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE {
        return text;
    }
    text.chars().take(VALUE - 1).chain(['…']).collect()
}
