//! What the policies say about a resource.

use std::ops::ControlFlow;

use azimuth_arm::Value;

use super::{Context, Env, Fault, NotEvaluable, Related, RelatedQuery, Resource, evaluate_template, holds};
use crate::compile::{Item, Plan, PolicyId, Program, may_be_about};
use crate::definition::Effect;
use crate::document::{Document, ReadError, Slots, top_level_text};
use crate::template::Template;

/// What one policy says about a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The policy is not about such resources.
    NotApplicable,
    /// The condition does not hold.
    NoMatch,
    /// The condition holds; for the IfNotExists effects also: no related resource fits.
    Match,
    /// The condition of an IfNotExists effect holds, and a related resource fits.
    Exists,
    /// Related resources have to be known to decide.
    NeedsRelated(RelatedQuery),
    /// The evaluation failed, which denies the request.
    Failed(Fault),
    /// The policy is about such resources and cannot be decided here.
    NotEvaluable(NotEvaluable),
}

/// The outcome of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The policy.
    pub policy: PolicyId,
    /// Its effect; `None` if its name is none.
    pub effect: Option<Effect>,
    /// What it says.
    pub outcome: Outcome,
}

/// What a single policy makes of a resource, its details evaluated.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The effect as the definition or parameter spells it, if the outcome is a match.
    pub effect: Option<String>,
    /// `details` with the expressions of its values evaluated, if the outcome is a match.
    pub details: Option<Value>,
    /// `details.deployment` with the values of its parameters evaluated; its template stays as written.
    pub deployment: Option<Value>,
}

impl Program {
    /// Decides every policy about a resource and passes each decision on. Policies of other types and disabled ones are
    /// not mentioned.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn decide(
        &self,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
        related: &dyn Related,
        visit: &mut dyn FnMut(Decision),
    ) -> Result<(), ReadError> {
        let plan = self.plan_of(resource);
        let document = slots.read(resource.json, &plan.layout)?;
        let resource_type = type_of(resource);
        let compiled_for_type = if plan.resource_type.is_some() { plan.items.len() } else { 0 };
        for (index, item) in plan.items.iter().chain(plan.generic.iter()).enumerate() {
            let env = self.env(plan, item, &document, resource, context);
            let is_about = index < compiled_for_type || may_be_about(item, self.catalogue(), resource_type);
            let outcome =
                if is_about { self.outcome(item, &env, resource, related) } else { Outcome::NotApplicable };
            let effect = self.effect_of(item.policy, &env);
            visit(Decision { policy: item.policy, effect, outcome });
        }
        for item in &plan.providers {
            let env = self.env(plan, item, &document, resource, context);
            // What cannot be decided is reported rather than left out.
            if holds(&item.applicability, &env, None) != Ok(false) {
                visit(self.provider_decision(item.policy, &env));
            }
        }
        for policy in self.providers_of_namespace(resource_type) {
            let env = self.env_of(*policy, plan, &document, resource, context);
            visit(self.provider_decision(*policy, &env));
        }
        Ok(())
    }

    /// Decides only whether the condition of each policy holds: the innermost loop of a scan.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn matches(
        &self,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
        visit: &mut dyn FnMut(PolicyId, Result<bool, Fault>),
    ) -> Result<(), ReadError> {
        let plan = self.plan_of(resource);
        let document = slots.read(resource.json, &plan.layout)?;
        for item in plan.items.iter().chain(plan.generic.iter()) {
            visit(item.policy, self.item_holds(plan, item, &document, resource, context));
        }
        Ok(())
    }

    /// As [`Program::matches`], over and over for the same resource: measures deciding without reading.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn matches_repeatedly(
        &self,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
        times: usize,
    ) -> Result<u64, ReadError> {
        let plan = self.plan_of(resource);
        let document = slots.read(resource.json, &plan.layout)?;
        let mut matched = 0;
        for _ in 0..times {
            for item in plan.items.iter().chain(plan.generic.iter()) {
                let holds = self.item_holds(plan, item, &document, resource, context);
                matched += u64::from(holds == Ok(true));
            }
        }
        Ok(matched)
    }

    /// What one policy makes of a resource, with its details.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn verdict(
        &self,
        policy: PolicyId,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
        related: &dyn Related,
    ) -> Result<Verdict, ReadError> {
        let plan = self.plan_of(resource);
        let document = slots.read(resource.json, &plan.layout)?;
        let mut items = plan.items.iter().chain(plan.generic.iter());
        let Some(item) = items.find(|item| item.policy == policy) else {
            return Ok(Verdict { outcome: Outcome::NoMatch, effect: None, details: None, deployment: None });
        };
        let env = self.env(plan, item, &document, resource, context);
        let mut outcome = match holds(&item.condition, &env, None) {
            Ok(true) => self.related_outcome(item, &env, resource, related),
            Ok(false) => Outcome::NoMatch,
            Err(fault) => Outcome::Failed(fault),
        };
        if outcome != Outcome::Match {
            return Ok(Verdict { outcome, effect: None, details: None, deployment: None });
        }
        let effect = self.effect_name(item.policy, &env);
        let mut details = None;
        let mut deployment = None;
        match &effect {
            Ok(_) => {
                match self.details(item.policy, &env) {
                    Ok(value) => details = value,
                    Err(fault) => outcome = Outcome::Failed(fault),
                }
                let template = self.policy(item.policy).definition().rule.details.get("deployment");
                match template.map(|template| evaluate_template(template, &env, None)).transpose() {
                    Ok(value) => deployment = value,
                    Err(fault) => outcome = Outcome::Failed(fault),
                }
            }
            Err(fault) => outcome = Outcome::Failed(fault.clone()),
        }
        Ok(Verdict { outcome, effect: effect.ok(), details, deployment })
    }

    /// Whether the condition of a policy holds.
    #[inline]
    fn item_holds<'a>(
        &'a self,
        plan: &'a Plan,
        item: &Item,
        document: &'a Document<'a>,
        resource: &Resource<'a>,
        context: &'a Context,
    ) -> Result<bool, Fault> {
        if item.guards.rule_out(document) {
            return Ok(false);
        }
        holds(&item.condition, &self.env(plan, item, document, resource, context), None)
    }

    pub(crate) fn plan_of(&self, resource: &Resource<'_>) -> &Plan {
        self.plan(type_of(resource), resource.api_version)
    }

    fn env<'a>(
        &'a self,
        plan: &'a Plan,
        item: &Item,
        document: &'a Document<'a>,
        resource: &Resource<'a>,
        context: &'a Context,
    ) -> Env<'a> {
        self.env_of(item.policy, plan, document, resource, context)
    }

    pub(crate) fn env_of<'a>(
        &'a self,
        policy: PolicyId,
        plan: &'a Plan,
        document: &'a Document<'a>,
        resource: &Resource<'a>,
        context: &'a Context,
    ) -> Env<'a> {
        document.refill();
        Env {
            catalogue: self.catalogue(),
            policy: self.policy(policy),
            context,
            subject: document,
            subject_type: plan.resource_type.as_deref(),
            api_version: plan.api_version.as_deref(),
            payload_version: resource.api_version,
            fields: &plan.fields,
            primary: None,
        }
    }

    fn outcome(&self, item: &Item, env: &Env<'_>, resource: &Resource<'_>, related: &dyn Related) -> Outcome {
        let is_met =
            if item.guards.rule_out(env.subject) { Ok(false) } else { holds(&item.condition, env, None) };
        match is_met {
            Ok(true) => match holds(&item.applicability, env, None) {
                Ok(false) => Outcome::NotApplicable,
                _ => self.related_outcome(item, env, resource, related),
            },
            Ok(false) => match holds(&item.applicability, env, None) {
                Ok(true) => Outcome::NoMatch,
                _ => Outcome::NotApplicable,
            },
            Err(fault) => match holds(&item.applicability, env, None) {
                Ok(false) => Outcome::NotApplicable,
                _ => Outcome::Failed(fault),
            },
        }
    }

    /// What a policy of a provider mode amounts to here.
    fn provider_decision(&self, policy: PolicyId, env: &Env<'_>) -> Decision {
        let mode = self.policy(policy).definition().mode.name().into();
        let outcome = Outcome::NotEvaluable(NotEvaluable::ProviderMode { mode });
        Decision { policy, effect: self.effect_of(policy, env), outcome }
    }

    fn effect_of(&self, policy: PolicyId, env: &Env<'_>) -> Option<Effect> {
        self.policy(policy).effect().or_else(|| Effect::from_name(&self.effect_name(policy, env).ok()?))
    }

    fn effect_name(&self, policy: PolicyId, env: &Env<'_>) -> Result<String, Fault> {
        let policy = self.policy(policy);
        if let Some(effect) = policy.override_effect() {
            return Ok(effect.name().to_owned());
        }
        let value = evaluate_template(&policy.definition().rule.effect, env, None)?;
        match value.as_str() {
            Some(name) if Effect::from_name(name).is_some() => Ok(name.to_owned()),
            Some(name) => Err(Fault::new(format!("there is no effect `{name}`"))),
            None => Err(Fault::new(format!("an effect is named by a string, not {}", value.type_name()))),
        }
    }

    /// Why the deployment of a deployIfNotExists policy cannot be made for a resource, if an expression of it fails.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub(crate) fn deployment_fault(
        &self,
        policy: PolicyId,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
    ) -> Result<Option<Fault>, ReadError> {
        let plan = self.plan_of(resource);
        let document = slots.read(resource.json, &plan.layout)?;
        let env = self.env_of(policy, plan, &document, resource, context);
        let template = self.policy(policy).definition().rule.details.get("deployment");
        Ok(template.and_then(|template| evaluate_template(template, &env, None).err()))
    }

    /// Looks at related resources if the effect asks for them.
    fn related_outcome(
        &self,
        item: &Item,
        env: &Env<'_>,
        resource: &Resource<'_>,
        related: &dyn Related,
    ) -> Outcome {
        if !self.effect_of(item.policy, env).is_some_and(Effect::is_if_not_exists) {
            return Outcome::Match;
        }
        let computed;
        let query = match self.existence(item.policy).and_then(|existence| existence.query.as_ref()) {
            Some(query) => query,
            None => match self.related_query(item.policy, env) {
                Ok(query) => {
                    computed = query;
                    &computed
                }
                Err(fault) => return Outcome::Failed(fault),
            },
        };
        let mut slots = Slots::default();
        let mut outcome = Outcome::Match;
        let is_known = related.each_related(resource, query, &mut |json| {
            outcome = match self.fits(item.policy, env, json, &mut slots) {
                Ok(true) => Outcome::Exists,
                Ok(false) => return ControlFlow::Continue(()),
                Err(fault) => Outcome::Failed(fault),
            };
            ControlFlow::Break(())
        });
        if is_known { outcome } else { Outcome::NeedsRelated(query.clone()) }
    }

    fn related_query(&self, policy: PolicyId, env: &Env<'_>) -> Result<RelatedQuery, Fault> {
        let details = &self.policy(policy).definition().rule.details;
        let text = |name: &str| -> Result<Option<String>, Fault> {
            let Some(template) = details.get(name) else { return Ok(None) };
            Ok(evaluate_template(template, env, None)?.as_str().map(str::to_owned))
        };
        Ok(RelatedQuery {
            resource_type: text("type")?.unwrap_or_default(),
            name: text("name")?,
            resource_group: text("resourceGroupName")?,
            in_subscription: text("existenceScope")?
                .is_some_and(|scope| scope.eq_ignore_ascii_case("subscription")),
        })
    }

    /// Whether a related resource meets the existence condition; without one, existence is enough.
    fn fits(&self, policy: PolicyId, env: &Env<'_>, json: &str, slots: &mut Slots) -> Result<bool, Fault> {
        let Some(existence) = self.existence(policy) else { return Ok(true) };
        let Some(condition) = &existence.condition else { return Ok(true) };
        let document = slots
            .read(json, &existence.layout)
            .map_err(|error| Fault::new(format!("a related resource cannot be read: {error}")))?;
        let inner = Env {
            catalogue: env.catalogue,
            policy: env.policy,
            context: env.context,
            subject: &document,
            subject_type: existence.resource_type.as_deref(),
            api_version: None,
            payload_version: None,
            fields: &existence.fields,
            primary: Some(env),
        };
        holds(condition, &inner, None)
    }

    /// `details` with its values evaluated. Field names and conditions of operations stay as written, and so does what
    /// belongs to a deployment's template.
    fn details(&self, policy: PolicyId, env: &Env<'_>) -> Result<Option<Value>, Fault> {
        let details = &self.policy(policy).definition().rule.details;
        let (Some(template), Some(written)) = (&details.template, &details.written) else { return Ok(None) };
        evaluate_details(template, written, env).map(Some)
    }
}

/// The type of a resource; empty if it has none.
fn type_of<'a>(resource: &Resource<'a>) -> &'a str {
    resource.resource_type.or_else(|| top_level_text(resource.json, "type")).unwrap_or_default()
}

fn evaluate_details(template: &Template, written: &Value, env: &Env<'_>) -> Result<Value, Fault> {
    match (template, written.as_object(), written.as_array()) {
        (Template::Object(members), Some(object), _) => {
            let mut out = azimuth_arm::Object::new();
            for (name, member) in members {
                let as_written = object.get(name).cloned().unwrap_or(Value::NULL);
                let stays =
                    ["field", "condition", "deployment"].iter().any(|known| known.eq_ignore_ascii_case(name));
                let value = if stays { as_written } else { evaluate_details(member, &as_written, env)? };
                out.set(name.clone(), value);
            }
            Ok(Value::object(out))
        }
        (Template::Array(items), _, Some(array)) => {
            let items: Result<Vec<Value>, Fault> =
                items.iter().zip(array).map(|(item, written)| evaluate_details(item, written, env)).collect();
            Ok(Value::array(items?))
        }
        _ => evaluate_template(template, env, None),
    }
}
