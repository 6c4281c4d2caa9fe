//! The deployment that a deployIfNotExists policy makes for one resource.
//!
//! Documented in "Azure Policy definitions deployIfNotExists effect": it goes to the resource group of the resource, or to the
//! one that `resourceGroupName` gives, or to the subscription under `deploymentScope`, which then needs a `location`.

use std::sync::Arc;

use azimuth_arm::{
    EstateView, ExpandedResource, Mode, NoLoader, Object, Parameters, Source, Target, Value, expand,
};
use azimuth_diag::{Diagnostic, Severity};

use super::{RemediationWorld, StepAction};
use crate::compile::PolicyId;
use crate::document::Slots;
use crate::evaluate::{Context, Outcome};
use crate::governance::{Governance, Selected};

/// A deployment, ready to be sent, and what comes of it.
#[derive(Debug)]
pub struct Deployment {
    /// The name, unique within the run.
    pub name: String,
    /// The id of the resource group or subscription.
    pub scope: String,
    /// The location of a deployment to a subscription.
    pub location: Option<String>,
    /// `Incremental` or `Complete`.
    pub mode: Mode,
    /// The template.
    pub template: Arc<Source>,
    /// The parameters as a parameter file has them, their expressions evaluated for the resource.
    pub parameters: Value,
    /// The resources that the template deploys, nested deployments included.
    pub resources: Vec<ExpandedResource>,
    /// What is wrong or doubtful about the template.
    pub diagnostics: Vec<Diagnostic>,
}

impl Deployment {
    /// Whether the service would refuse the deployment.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// Makes deployments; the template is parsed once.
#[derive(Default)]
pub(super) struct Maker {
    slots: Slots,
    template: Option<(String, Arc<Source>)>,
}

impl Maker {
    /// The deployment for a resource, or why it would fail.
    pub(super) fn make(
        &mut self,
        governance: &Governance,
        policy: PolicyId,
        selected: &Selected<'_>,
        context: &Context,
        world: &RemediationWorld<'_>,
        number: usize,
    ) -> StepAction {
        match self.deployment(governance, policy, selected, context, world, number) {
            Ok(deployment) => StepAction::Deploy(Box::new(deployment)),
            Err(reason) => StepAction::Fail(reason),
        }
    }

    fn deployment(
        &mut self,
        governance: &Governance,
        policy: PolicyId,
        selected: &Selected<'_>,
        context: &Context,
        world: &RemediationWorld<'_>,
        number: usize,
    ) -> Result<Deployment, String> {
        let program = governance.program();
        let verdict = program
            .verdict(policy, &mut self.slots, &selected.resource, context, world.related)
            .map_err(|error| error.to_string())?;
        if let Outcome::Failed(fault) = verdict.outcome {
            return Err(fault.message.into());
        }
        let details = verdict.details.unwrap_or(Value::NULL);
        let written = verdict.deployment.ok_or("the policy has no `deployment`")?;
        let properties = written.get("properties").ok_or("the deployment has no `properties`")?;
        let text =
            |value: &Value, name: &str| value.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let location = text(&written, "location");
        let (scope, target) = scope(selected.id, &details, location.as_deref())?;
        let template = properties.get("template").ok_or("the deployment has no `template`")?;
        let template = self.template(&template)?;
        let parameters = properties.get("parameters").unwrap_or_else(|| Value::object(Object::new()));
        let file = Value::object([("parameters".into(), parameters.clone())].into_iter().collect());
        let values = Parameters::parse("deployment.parameters", &file.to_string())
            .map_err(|found| found.message.clone())?;
        let name = format!("PolicyDeployment_{number}");
        let mode = match text(&properties, "mode") {
            Some(word) if word.eq_ignore_ascii_case("complete") => Mode::Complete,
            _ => Mode::Incremental,
        };
        let mut surroundings = azimuth_arm::Context::new(target);
        surroundings.deployment_name.clone_from(&name);
        surroundings.deployment_location.clone_from(&location);
        surroundings.subscription = known(&context.subscription);
        surroundings.resource_group = group_of(selected.id, &scope, context, world.estate);
        surroundings.now = Some(context.now);
        surroundings.mode = mode;
        surroundings.is_strict = true;
        let expansion = expand(&template, &values, &surroundings, &NoLoader, world.estate);
        let resources = expansion.resources.into_iter().filter(|resource| !resource.existing).collect();
        let diagnostics = expansion.diagnostics;
        Ok(Deployment { name, scope, location, mode, template, parameters, resources, diagnostics })
    }

    fn template(&mut self, template: &Value) -> Result<Arc<Source>, String> {
        let text = template.to_string();
        if let Some((known, source)) = &self.template
            && *known == text
        {
            return Ok(source.clone());
        }
        let source = Source::parse("deployment.template", &text).map_err(|found| found.message.clone())?;
        self.template = Some((text, source.clone()));
        Ok(source)
    }
}

/// What `resourceGroup()` yields in the template: what is known of the resource's own group, or of another one.
fn group_of(id: &str, scope: &str, context: &Context, estate: &dyn EstateView) -> Option<Value> {
    if crate::governance::is_within(id, scope, &[]) {
        return known(&context.resource_group);
    }
    estate.resource(scope).map(|document| Value::from_json(&document))
}

fn known(value: &Value) -> Option<Value> {
    value.as_object().is_some_and(|members| !members.is_empty()).then(|| value.clone())
}

/// The scope that the deployment goes to.
fn scope(id: &str, details: &Value, location: Option<&str>) -> Result<(String, Target), String> {
    let text = |name: &str| details.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let mut parts = id.split('/').skip(1);
    let mut after = |wanted: &str| {
        let key = parts.next()?;
        let value = parts.next()?;
        key.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
    };
    let subscription =
        after("subscriptions").ok_or_else(|| format!("`{id}` lies in no subscription to deploy to"))?;
    let own_group = after("resourceGroups");
    if text("deploymentScope").is_some_and(|word| word.eq_ignore_ascii_case("subscription")) {
        if location.is_none() {
            return Err("a deployment to the subscription needs `deployment.location`".to_owned());
        }
        return Ok((format!("/subscriptions/{subscription}"), Target::subscription(&subscription)));
    }
    let group = text("resourceGroupName").filter(|name| !name.is_empty()).or(own_group).ok_or_else(|| {
        format!("`{id}` lies in no resource group; set `deploymentScope` to `subscription` or give `resourceGroupName`")
    })?;
    let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
    Ok((scope, Target::resource_group(&subscription, &group)))
}
