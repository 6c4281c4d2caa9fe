//! Expected against got.

use azimuth_arm::Value;
use serde_json::Value as Json;

use super::observe::json_of;
use super::show::{show_evaluated, show_value};
use super::{Expected, ExpectedOperation, ExpectedReason, Observed, PolicyObserved};
use crate::definition::{Effect, Operator};
use crate::effect::{Operation, OperationKind};
use crate::fold::{eq, fold};
use crate::operator::{Seen, test_once};
use crate::reason::Evaluated;

/// One expectation that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was looked at: `effect`, `reason`, `after.tags.env` …; of a reference of an initiative `id: effect`.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

/// Every expectation that is not met.
pub(super) fn compare(expected: &Expected, observed: &Observed, is_initiative: bool) -> Vec<Mismatch> {
    let mut out = Vec::new();
    if is_initiative {
        compare_initiative(expected, observed, &mut out);
    } else if let Some(policy) = observed.policies.first() {
        compare_policy(expected, policy, "", &mut out);
    }
    if let Some(wanted) = expected.denied
        && wanted != observed.is_denied
    {
        let word = |denied: bool| if denied { "denied" } else { "allowed" }.to_owned();
        push(&mut out, "request", word(wanted), word(observed.is_denied));
    }
    if let Some(wanted) = &expected.message {
        match &observed.message {
            Some(message) if message.contains(wanted.as_str()) => {}
            Some(message) => push(&mut out, "message", format!("… {wanted} …"), message.clone()),
            None => {
                push(&mut out, "message", format!("… {wanted} …"), "the request is not denied".to_owned());
            }
        }
    }
    if let Some(wanted) = &expected.after {
        compare_json(&json_of(wanted), Some(&observed.after), "after", &mut out);
    }
    out
}

fn push(out: &mut Vec<Mismatch>, what: impl Into<String>, expected: String, got: String) {
    out.push(Mismatch { what: what.into(), expected, got });
}

fn compare_initiative(expected: &Expected, observed: &Observed, out: &mut Vec<Mismatch>) {
    for (reference, inner) in &expected.references {
        match observed.policies.iter().find(|policy| eq(&policy.reference_id, reference)) {
            Some(policy) => compare_policy(inner, policy, &format!("{reference}: "), out),
            None => {
                let known: Vec<&str> =
                    observed.policies.iter().map(|policy| &*policy.reference_id).take(20).collect();
                push(
                    out,
                    "references",
                    reference.clone(),
                    format!("the initiative has {}", known.join(", ")),
                );
            }
        }
    }
    // Of the whole an effect is expected of at least one policy, none of all.
    if let Some(wanted) = &expected.effect {
        let found: Vec<&PolicyObserved> =
            observed.policies.iter().filter(|policy| policy.effect.is_some()).collect();
        let is_met = match wanted {
            None => found.is_empty(),
            Some(effect) => found.iter().any(|policy| policy.effect == Some(*effect)),
        };
        if !is_met {
            let got: Vec<String> = found
                .iter()
                .map(|policy| format!("{} of {}", policy.effect_name(), policy.reference_id))
                .collect();
            let got = if got.is_empty() { "none".to_owned() } else { got.join(", ") };
            push(out, "effect", wanted.map_or("none", Effect::name).to_owned(), got);
        }
    }
    if let Some(wanted) = &expected.compliance {
        let got = crate::governance::roll_up(observed.policies.iter().filter_map(|policy| policy.compliance));
        if got != *wanted {
            let word = |state: Option<crate::governance::ComplianceState>| {
                state.map_or("notApplicable", crate::governance::ComplianceState::name).to_owned()
            };
            push(out, "compliance", word(*wanted), word(got));
        }
    }
    let all: Vec<&Evaluated> = observed.policies.iter().flat_map(|policy| &policy.evaluated).collect();
    compare_reasons(&expected.reasons, &all, "", out);
    if let Some(wanted) = &expected.error {
        let faults: Vec<String> = observed.policies.iter().filter_map(PolicyObserved::fault).collect();
        if !faults.iter().any(|fault| fault.contains(wanted.as_str())) {
            let got = if faults.is_empty() { "no failure".to_owned() } else { faults.join("; ") };
            push(out, "error", wanted.clone(), got);
        }
    }
}

fn compare_policy(expected: &Expected, policy: &PolicyObserved, prefix: &str, out: &mut Vec<Mismatch>) {
    let start = out.len();
    let fault = policy.fault();
    if let Some(wanted) = &expected.effect {
        let is_met = match wanted {
            Some(Effect::Disabled) => policy.is_disabled,
            None => policy.effect.is_none() && fault.is_none() && policy.missing_related().is_none(),
            Some(effect) => policy.effect == Some(*effect),
        };
        if !is_met {
            let got = got_effect(policy, fault.as_deref());
            push(out, format!("{prefix}effect"), wanted.map_or("none", Effect::name).to_owned(), got);
        }
    }
    if let Some(wanted) = &expected.compliance
        && *wanted != policy.compliance
    {
        let wanted = wanted.map_or("notApplicable", crate::governance::ComplianceState::name);
        let mut got = policy.compliance_name().to_owned();
        if let Some(fault) = &fault {
            got = format!("{got} ({fault})");
        }
        push(out, format!("{prefix}compliance"), wanted.to_owned(), got);
    }
    if let Some(wanted) = &expected.error {
        match &fault {
            Some(fault) if fault.contains(wanted.as_str()) => {}
            _ => push(
                out,
                format!("{prefix}error"),
                wanted.clone(),
                fault.clone().unwrap_or_else(|| "no failure".to_owned()),
            ),
        }
    }
    let all: Vec<&Evaluated> = policy.evaluated.iter().collect();
    compare_reasons(&expected.reasons, &all, prefix, out);
    if let Some(wanted) = &expected.operations {
        compare_operations(wanted, &policy.operations, prefix, out);
    }
    if out.len() > start
        && let Some(query) = policy.missing_related()
    {
        let got = format!("unknown: the policy asks for resources of type {}", query.resource_type);
        push(
            out,
            format!("{prefix}related"),
            "a list under `related` (`[]` if there are none)".to_owned(),
            got,
        );
    }
}

fn got_effect(policy: &PolicyObserved, fault: Option<&str>) -> String {
    match (fault, policy.missing_related()) {
        (Some(fault), _) => format!("the evaluation fails: {fault}"),
        (None, Some(_)) => "undecided, for the related resources are not known".to_owned(),
        (None, None) => policy.effect_name().to_owned(),
    }
}

fn compare_reasons(wanted: &[ExpectedReason], found: &[&Evaluated], prefix: &str, out: &mut Vec<Mismatch>) {
    for reason in wanted {
        if found.iter().any(|evaluated| is_reason(reason, evaluated)) {
            continue;
        }
        let got: Vec<String> = found.iter().map(|evaluated| show_evaluated(evaluated)).collect();
        let got = if got.is_empty() { "no comparison".to_owned() } else { got.join("\n") };
        push(out, format!("{prefix}reason"), reason.to_string(), got);
    }
}

fn is_reason(wanted: &ExpectedReason, found: &Evaluated) -> bool {
    let is_value = |wanted: &Value, found: &Value| {
        test_once(Operator::Equals, wanted, Seen::of(found), false) == Ok(true)
    };
    wanted.path.as_ref().is_none_or(|path| {
        eq(path, &found.expression)
            || eq(path, &found.path)
            || found.resource_path.as_ref().is_some_and(|known| eq(path, known))
    }) && wanted.seen.as_ref().is_none_or(|value| is_value(value, &found.seen))
        && wanted.wanted.as_ref().is_none_or(|value| is_value(value, &found.wanted))
        && wanted.operator.as_ref().is_none_or(|name| Operator::from_name(name) == Some(found.operator))
        && wanted.result.is_none_or(|result| result == found.result)
        && wanted.text.as_ref().is_none_or(|text| fold(&show_evaluated(found)).contains(&fold(text)))
}

impl std::fmt::Display for ExpectedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.path.as_ref().map(|path| format!("path {path}")));
        parts.extend(self.seen.as_ref().map(|value| format!("seen {}", show_value(value))));
        parts.extend(self.operator.clone());
        parts.extend(self.wanted.as_ref().map(|value| format!("wanted {}", show_value(value))));
        parts.extend(self.result.map(|result| format!("result {result}")));
        parts.extend(self.text.as_ref().map(|text| format!("… {text} …")));
        f.write_str(&parts.join(", "))
    }
}

fn operation_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Append => "append",
        OperationKind::Add => "add",
        OperationKind::AddOrReplace => "addOrReplace",
        OperationKind::Remove => "remove",
    }
}

fn compare_operations(
    wanted: &[ExpectedOperation],
    found: &[Operation],
    prefix: &str,
    out: &mut Vec<Mismatch>,
) {
    let fits = |wanted: &ExpectedOperation, found: &Operation| {
        wanted.operation.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(operation_name(found.kind)))
            && eq(wanted.field.trim(), found.field.trim())
            && wanted.value.as_ref().is_none_or(|value| *value == found.value)
    };
    let is_met = wanted.len() == found.len() && wanted.iter().zip(found).all(|(a, b)| fits(a, b));
    if is_met {
        return;
    }
    let shown_wanted: Vec<String> = wanted
        .iter()
        .map(|operation| {
            let value = operation.value.as_ref().map(show_value).unwrap_or_default();
            let name = operation.operation.as_deref().unwrap_or_default();
            format!("{name} {} {value}", operation.field).trim().to_owned()
        })
        .collect();
    let shown: Vec<String> = found
        .iter()
        .map(|operation| {
            format!("{} {} {}", operation_name(operation.kind), operation.field, show_value(&operation.value))
        })
        .collect();
    let listed = |lines: Vec<String>| if lines.is_empty() { "none".to_owned() } else { lines.join("\n") };
    push(out, format!("{prefix}operations"), listed(shown_wanted), listed(shown));
}

/// Members that are named have to be equal; `null` means that nothing is there; arrays are compared as a whole.
fn compare_json(wanted: &Json, found: Option<&Json>, path: &str, out: &mut Vec<Mismatch>) {
    match (wanted, found) {
        (Json::Null, None | Some(Json::Null)) => {}
        (Json::Object(members), Some(Json::Object(known))) => {
            for (name, inner) in members {
                let value = known
                    .get(name)
                    .or_else(|| known.iter().find(|(other, _)| eq(other, name)).map(|(_, value)| value));
                compare_json(inner, value, &format!("{path}.{name}"), out);
            }
        }
        (wanted, Some(found)) if wanted == found => {}
        (wanted, found) => {
            let word = |value: &Json| match value {
                Json::Null => "nothing".to_owned(),
                value => show_value(&Value::from_json(value)),
            };
            push(out, path, word(wanted), found.map_or_else(|| "nothing".to_owned(), word));
        }
    }
}
