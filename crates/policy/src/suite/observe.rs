//! What the engine says about the resource of one case.

use azimuth_arm::Value;
use serde_json::Value as Json;

use super::coverage::{Coverage, cover_case};
use crate::compile::PolicyId;
use crate::definition::Effect;
use crate::document::Slots;
use crate::effect::{Operation, request_disallowed};
use crate::evaluate::{Context, Outcome, Related, RelatedQuery, Resource};
use crate::fold::eq;
use crate::governance::{ComplianceState, Governance, Selected};
use crate::reason::Evaluated;

/// What the engine says about a case.
#[derive(Clone, Debug)]
pub struct Observed {
    /// One entry for every policy: one for a definition, one a reference for an initiative.
    pub policies: Vec<PolicyObserved>,
    /// Whether a request for the resource is denied.
    pub is_denied: bool,
    /// The message of the error that such a request gets.
    pub message: Option<String>,
    /// The resource after append and modify.
    pub after: Json,
}

/// What one policy says.
#[derive(Clone, Debug)]
pub struct PolicyObserved {
    /// The reference within the initiative, or empty.
    pub reference_id: String,
    /// The effect that takes place; `None`: none does.
    pub effect: Option<Effect>,
    /// Whether the policy is switched off.
    pub is_disabled: bool,
    /// The compliance state; `None`: the policy does not apply.
    pub compliance: Option<ComplianceState>,
    /// What the condition says.
    pub outcome: Outcome,
    /// The comparisons that decided.
    pub evaluated: Vec<Evaluated>,
    /// What append and modify would do.
    pub operations: Vec<Operation>,
}

/// Related resources out of a list; `None`: they are not known.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a>(pub Option<&'a [Json]>);

impl Related for Listed<'_> {
    fn related(&self, _: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let text = |json: &'_ Json, name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let found = self.0?.iter().filter(|json| {
            let is_type = text(json, "type").is_some_and(|name| eq(&name, &query.resource_type));
            let is_name = query.name.as_deref().is_none_or(|wanted| {
                let own = text(json, "name").unwrap_or_default();
                let full = full_name(text(json, "id").as_deref()).unwrap_or_else(|| own.clone());
                fits_name(wanted, &own) || fits_name(wanted, &full)
            });
            let group = text(json, "id").and_then(|id| group_of(&id));
            let is_group = query
                .resource_group
                .as_deref()
                .is_none_or(|wanted| group.is_none_or(|group| eq(&group, wanted)));
            is_type && is_name && is_group
        });
        Some(found.map(Json::to_string).collect())
    }
}

/// `server/database` of an id.
fn full_name(id: Option<&str>) -> Option<String> {
    let id = id?;
    let at = id.to_ascii_lowercase().rfind("/providers/")?;
    let names: Vec<&str> = id[at..].split('/').skip(4).step_by(2).collect();
    (!names.is_empty()).then(|| names.join("/"))
}

fn group_of(id: &str) -> Option<String> {
    let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case("resourceGroups"));
    parts.nth(1).map(str::to_owned)
}

/// Whether a name is the wanted one, whose last segment may be `?` for any.
fn fits_name(wanted: &str, name: &str) -> bool {
    match wanted.strip_suffix('?') {
        Some(start) if start.is_empty() || start.ends_with('/') => {
            name.len() >= start.len() && name.get(..start.len()).is_some_and(|found| eq(found, start))
        }
        _ => eq(wanted, name),
    }
}

/// Asks the engine. `coverage` takes in what was seen of the conditions of the policy it belongs to.
pub(super) fn observe(
    governance: &Governance,
    json: &Json,
    api_version: Option<&str>,
    context: &Context,
    related: &Listed<'_>,
    coverage: Option<&mut Coverage>,
) -> Result<Observed, String> {
    let text = json.to_string();
    let member = |name: &str| json.get(name).and_then(Json::as_str);
    let id = member("id").map_or_else(placeholder_id, str::to_owned);
    let resource_type = member("type").unwrap_or_default();
    let resource = Resource { json: &text, resource_type: member("type"), api_version };
    let selected =
        Selected { resource, id: &id, resource_type, location: member("location"), ancestors: &[] };
    let program = governance.program();
    let mut slots = Slots::default();
    let mut policies: Vec<PolicyObserved> = program
        .policies()
        .iter()
        .map(|policy| PolicyObserved {
            reference_id: policy.context().definition_reference_id.clone(),
            effect: None,
            is_disabled: policy.effect() == Some(Effect::Disabled),
            compliance: None,
            outcome: Outcome::NotApplicable,
            evaluated: Vec::new(),
            operations: Vec::new(),
        })
        .collect();
    let failed = |error: &dyn std::fmt::Display| format!("the resource cannot be read: {error}");
    governance
        .states(&mut slots, &selected, context, related, &mut |state| {
            let observed = &mut policies[state.policy.0 as usize];
            observed.effect = state.effect.filter(|_| matches!(state.outcome, Outcome::Match));
            observed.compliance = state.state;
            observed.outcome = state.outcome;
        })
        .map_err(|error| failed(&error))?;
    for (index, observed) in policies.iter_mut().enumerate() {
        let id = PolicyId(index as u32);
        if let Ok(explanation) = program.explain(id, &mut slots, &resource, context) {
            observed.evaluated = explanation.evaluated;
        }
        if matches!(observed.effect, Some(Effect::Append | Effect::Modify)) {
            match program.mutation(id, &mut slots, &resource, context) {
                Ok(mutation) => observed.operations = mutation.map(|all| all.operations).unwrap_or_default(),
                Err(fault) => observed.outcome = Outcome::Failed(fault),
            }
        }
    }
    if let Some(coverage) = coverage {
        cover_case(program, PolicyId(0), &resource, context, related, coverage)
            .map_err(|error| failed(&error))?;
    }
    let request =
        governance.request(&mut slots, &selected, context, related).map_err(|error| failed(&error))?;
    let violations: Vec<_> = request
        .denied_by
        .iter()
        .map(|policy| governance.violation(*policy, &policies[policy.0 as usize].evaluated))
        .collect();
    let message = (!violations.is_empty()).then(|| {
        let target = member("name").unwrap_or_default();
        let body = request_disallowed(target, &violations);
        body["error"]["message"].as_str().unwrap_or_default().to_owned()
    });
    Ok(Observed {
        policies,
        is_denied: !violations.is_empty(),
        message,
        after: serde_json::from_str(&request.json).unwrap_or(Json::Null),
    })
}

/// The id of a resource that has none: somewhere below a resource group.
fn placeholder_id() -> String {
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example".to_owned()
}

impl PolicyObserved {
    /// The effect in a word: its name, or `none`.
    pub fn effect_name(&self) -> &'static str {
        match self.effect {
            Some(effect) => effect.name(),
            None if self.is_disabled => Effect::Disabled.name(),
            None => "none",
        }
    }

    /// The compliance state in a word, `notApplicable` if there is none.
    pub fn compliance_name(&self) -> &'static str {
        self.compliance.map_or("notApplicable", ComplianceState::name)
    }

    /// Why the evaluation failed, if it did.
    pub fn fault(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Failed(fault) => Some(fault.message.to_string()),
            _ => None,
        }
    }

    /// Which related resources would have to be known, if they are not.
    pub fn missing_related(&self) -> Option<&RelatedQuery> {
        match &self.outcome {
            Outcome::NeedsRelated(query) => Some(query),
            _ => None,
        }
    }
}

/// A value of the template language as JSON.
pub(super) fn json_of(value: &Value) -> Json {
    serde_json::from_str(&value.to_string()).unwrap_or(Json::Null)
}
