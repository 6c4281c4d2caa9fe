//! The second way out of an IfNotExists policy: the related resource that it asks for.

use azimuth_arm::{Context as ArmContext, NoEstate, NoLoader, Parameters, Source, Target, expand};
use serde_json::{Value as Json, json};

use super::candidates::{Domains, witness};
use super::edit::{Change, Edit, Segment};
use super::json_of;
use crate::compile::PolicyId;
use crate::definition::Effect;
use crate::document::Slots;
use crate::evaluate::{Context, NoRelated, Outcome, Related, RelatedQuery, Resource};
use crate::field;
use crate::fold::{eq, fold};
use crate::governance::{Governance, Selected};
use crate::path::Step;

/// A related resource that an IfNotExists policy would take.
#[derive(Clone, Debug)]
pub struct RelatedFix {
    /// The policy.
    pub policy: PolicyId,
    /// What the policy asks for.
    pub query: RelatedQuery,
    /// What to deploy: the policy's own template for deployIfNotExists, else one with the resource alone.
    pub template: Json,
    /// Values of the template's parameters.
    pub parameters: Json,
    /// Whether the engine is content when the resources of the template are there. It may not be able to tell, where values
    /// are known to a deployment only.
    pub is_verified: bool,
    /// Whether the template is the policy's own.
    pub is_own: bool,
}

/// Related resources that are there, and more.
struct With<'a> {
    base: &'a dyn Related,
    more: &'a [Json],
}

impl Related for With<'_> {
    fn related(&self, resource: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let mut found = self.base.related(resource, query).unwrap_or_default();
        let fits = self.more.iter().filter(|json| {
            json.get("type").and_then(Json::as_str).is_some_and(|name| eq(name, &query.resource_type))
        });
        found.extend(fits.map(Json::to_string));
        Some(found)
    }
}

/// What to deploy so that an IfNotExists policy is content; `None` for other effects and if nothing can be derived.
///
/// # Errors
/// If the resource cannot be read.
pub fn related_fix(
    governance: &Governance,
    policy: PolicyId,
    selected: &Selected<'_>,
    context: &Context,
    related: &dyn Related,
) -> Result<Option<RelatedFix>, String> {
    let program = governance.program();
    let bound = program.policy(policy);
    let effect = bound.effect();
    if !effect.is_some_and(Effect::is_if_not_exists) {
        return Ok(None);
    }
    let mut slots = Slots::default();
    let read = |error: crate::document::ReadError| error.to_string();
    let asked = program.verdict(policy, &mut slots, &selected.resource, context, &NoRelated).map_err(read)?;
    let Outcome::NeedsRelated(query) = asked.outcome else { return Ok(None) };
    let verdict = program.verdict(policy, &mut slots, &selected.resource, context, related).map_err(read)?;
    let deployment = verdict.deployment.as_ref().map(json_of);
    let own = deployment.as_ref().and_then(|deployment| {
        let properties = deployment.get("properties")?;
        let template = properties.get("template")?.clone();
        let parameters = properties.get("parameters").cloned().unwrap_or_else(|| json!({}));
        Some((template, parameters))
    });
    let (template, parameters, is_own) = match own {
        Some((template, parameters)) => (template, parameters, true),
        None => {
            let Some(resource) = made_up(governance, policy, &query) else { return Ok(None) };
            let template = json!({
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "resources": [resource],
            });
            (template, json!({}), false)
        }
    };
    let resources = expanded(&template, &parameters, selected.id, context);
    let with = With { base: related, more: &resources };
    let after = program.verdict(policy, &mut slots, &selected.resource, context, &with).map_err(read)?;
    let is_verified = after.outcome == Outcome::Exists;
    Ok(Some(RelatedFix { policy, query, template, parameters, is_verified, is_own }))
}

/// The resources that a template makes.
fn expanded(template: &Json, parameters: &Json, id: &str, context: &Context) -> Vec<Json> {
    let Ok(source) = Source::parse("deployment", &template.to_string()) else { return Vec::new() };
    let values = json!({"parameters": parameters}).to_string();
    let values = Parameters::parse("parameters", &values).unwrap_or_default();
    let target = Target::of_id(id).unwrap_or(Target::Tenant);
    let around = ArmContext { now: Some(context.now), ..ArmContext::new(target) };
    let expansion = expand(&source, &values, &around, &NoLoader, &NoEstate);
    expansion.deployed().map(|resource| resource.body.to_json()).collect()
}

/// A resource of the wanted type with what the existence condition asks for.
fn made_up(governance: &Governance, policy: PolicyId, query: &RelatedQuery) -> Option<Json> {
    let program = governance.program();
    let bound = program.policy(policy);
    let name = query.name.clone().unwrap_or_else(|| {
        let levels = query.resource_type.matches('/').count().max(1);
        vec!["NAME"; levels].join("/")
    });
    let mut resource = json!({
        "type": query.resource_type, "apiVersion": "API_VERSION", "name": name, "properties": {},
    });
    let folded = fold(&query.resource_type);
    let mut wanted = Vec::new();
    if let Some(existence) = &bound.definition().rule.details.existence {
        witness(existence, true, bound, &Domains::default(), &mut wanted);
    }
    for (name, value) in wanted {
        let place = field::resolve(&name, program.catalogue(), Some(&folded), None)?;
        let segments: Option<Vec<Segment>> = place
            .path
            .steps()
            .iter()
            .map_while(|step| match step {
                Step::Key(key) => Some(Some(Segment::Key(key.to_string()))),
                Step::Each => None,
                Step::Index(_) | Step::Nowhere => Some(None),
            })
            .collect();
        let each = place.path.steps().iter().position(|step| *step == Step::Each);
        let change = match each {
            None => Change::Set(value),
            Some(at) => {
                let mut inner = value;
                for step in place.path.steps()[at + 1..].iter().rev() {
                    inner = match step {
                        Step::Key(key) => json!({&**key: inner}),
                        Step::Each => json!([inner]),
                        Step::Index(_) | Step::Nowhere => return None,
                    };
                }
                Change::Append(inner)
            }
        };
        let edit = Edit { place: segments?, change, field: name };
        resource = edit.apply(&resource).unwrap_or(resource);
    }
    Some(resource)
}
