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
            why.failure = explanation.result.as_ref().err().map(|fault| fault.message.to_string());
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
    /// The lines that tell most first: what is missing, what failed, the fields seen, then everything else. Comparisons of
    /// the type and of parameters alone are left out if there are others.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.related.iter().map(related_line).collect();
        lines.extend(self.failure.iter().map(|failure| format!("the evaluation fails: {failure}")));
        let mut ranked: Vec<(u8, &Evaluated)> =
            self.comparisons.iter().map(|found| (rank(found), found)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let tells = |rank: u8| rank < IDLE;
        let has_other = !lines.is_empty() || ranked.iter().any(|(rank, _)| tells(*rank));
        lines.extend(
            ranked.iter().filter(|(rank, _)| tells(*rank) || !has_other).map(|(_, found)| line(found)),
        );
        lines
    }
}

/// The rank of comparisons that say nothing about the resource.
const IDLE: u8 = 4;

fn rank(found: &Evaluated) -> u8 {
    let expression = found.expression.to_ascii_lowercase();
    match found.kind {
        "Field" if expression == "type" => IDLE,
        "Field" | "Count" if expression.contains('/') => 0,
        "Field" => 1,
        _ if expression.contains("parameters(") && !expression.contains("field(") => IDLE,
        _ if expression.contains("requestcontext(") => IDLE,
        _ => 2,
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
