//! Remediation runs: what a task of a deployIfNotExists or modify policy would deploy and change, before anyone starts it.
//!
//! [`remediate`] goes through the resources, takes those that do not comply, and makes a [`RemediationStep`] of each: a deployment,
//! expanded so that its resources are known, or the changed document. [`remediation_needs`] says which identity and roles the steps ask
//! for, and what of that is missing.

mod deployment;
mod rights;

use azimuth_arm::EstateView;
use serde_json::Value;

use crate::compile::PolicyId;
use crate::definition::Effect;
use crate::document::Slots;
use crate::effect::{Applied, apply};
use crate::evaluate::{Context, Related};
use crate::fold::eq;
use crate::governance::{ComplianceState, Governance, Remediation, Selected, check_remediation, is_within};

pub use deployment::Deployment;
pub use rights::{Lack, Needs, remediation_needs};

/// Where a remediation runs.
#[derive(Clone, Copy)]
pub struct RemediationWorld<'a> {
    /// What surrounds each resource; see [`Context::of_resource`].
    pub context: &'a dyn Fn(&Selected<'_>) -> Context,
    /// Finds related resources.
    pub related: &'a dyn Related,
    /// Stored state, for `reference()` in the templates.
    pub estate: &'a dyn EstateView,
    /// Whether the last scan of the service found that a resource does not comply, by id; `None`: what is evaluated here
    /// counts. Tasks that evaluate anew do not ask.
    pub recorded: Option<&'a dyn Fn(&str) -> bool>,
    /// The number of the first deployment; names of several runs differ if each begins where the last one ended.
    pub first_number: usize,
}

/// What a remediation task would do.
#[derive(Debug)]
pub struct RemediationRun {
    /// The policy.
    pub policy: PolicyId,
    /// Its effect: deployIfNotExists or modify.
    pub effect: Effect,
    /// The number of its assignment in [`Governance::assignments`].
    pub assignment: usize,
    /// What happens, in the order of the resources.
    pub steps: Vec<RemediationStep>,
    /// How many steps run at once.
    pub parallel: usize,
    /// How many steps may fail before the task fails.
    pub tolerated_failures: usize,
    /// Resources that do not comply and are left out, with the reason.
    pub left_out: Vec<(String, LeftOut)>,
}

/// What happens to one resource.
#[derive(Debug)]
pub struct RemediationStep {
    /// The resource that does not comply.
    pub resource_id: String,
    /// The management groups above it.
    pub ancestors: Vec<String>,
    /// What is done.
    pub action: StepAction,
}

/// What a step does.
#[derive(Debug)]
pub enum StepAction {
    /// A template is deployed.
    Deploy(Box<Deployment>),
    /// The resource is changed.
    Change {
        /// The document afterwards.
        after: Value,
        /// Whether nothing but tags differs.
        is_tags_only: bool,
    },
    /// The step would fail, for this reason.
    Fail(String),
}

/// Why a resource that does not comply is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The filters of the task do not name it.
    Filter,
    /// The last scan of the service did not find it.
    NotRecorded,
    /// The task takes no more resources.
    Count,
    /// Modify has nothing to change.
    NothingToDo,
    /// Whether it complies cannot be decided here.
    Undecided,
}

impl RemediationRun {
    /// The steps in the batches in which they run.
    pub fn batches(&self) -> impl Iterator<Item = &[RemediationStep]> {
        self.steps.chunks(self.parallel.max(1))
    }

    /// How many steps would fail by what is known here.
    pub fn failures(&self) -> usize {
        let is_failing = |step: &&RemediationStep| match &step.action {
            StepAction::Fail(_) => true,
            StepAction::Deploy(deployment) => deployment.has_errors(),
            StepAction::Change { .. } => false,
        };
        self.steps.iter().filter(is_failing).count()
    }
}

/// What a task would do over resources.
///
/// # Errors
/// Everything the service would refuse about the task, or that keeps it from being run here.
pub fn remediate(
    governance: &Governance,
    task: &Remediation,
    resources: &[Selected<'_>],
    world: &RemediationWorld<'_>,
) -> Result<RemediationRun, Vec<String>> {
    let (assignment, policy) = find(governance, task)?;
    let program = governance.program();
    let effect = program.policy(policy).effect();
    let is_set = !program.policy(policy).context().set_definition_id.is_empty();
    let problems = check_remediation(task, effect, is_set);
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(effect) = effect else { return Err(vec!["the effect depends on the resource".to_owned()]) };
    let limit = usize::try_from(task.resource_count).unwrap_or(usize::MAX);
    let mut run = RemediationRun {
        policy,
        effect,
        assignment,
        steps: Vec::new(),
        parallel: usize::try_from(task.parallel_deployments).unwrap_or(1),
        tolerated_failures: 0,
        left_out: Vec::new(),
    };
    let mut slots = Slots::default();
    let mut maker = deployment::Maker::default();
    for selected in resources {
        let context = (world.context)(selected);
        let mut found = None;
        let visit = &mut |state: crate::governance::PolicyState<'_>| {
            if state.policy == policy {
                found = state.state;
            }
        };
        // What is no JSON object is no resource.
        if governance.states(&mut slots, selected, &context, world.related, visit).is_err() {
            continue;
        }
        let reason = match found {
            Some(ComplianceState::NonCompliant) if !passes(task, selected) => Some(LeftOut::Filter),
            Some(ComplianceState::NonCompliant)
                if !task.evaluates_anew() && world.recorded.is_some_and(|known| !known(selected.id)) =>
            {
                Some(LeftOut::NotRecorded)
            }
            Some(ComplianceState::NonCompliant) if run.steps.len() >= limit => Some(LeftOut::Count),
            Some(ComplianceState::NonCompliant) => None,
            Some(ComplianceState::NotEvaluable) => Some(LeftOut::Undecided),
            _ => continue,
        };
        let action = match reason {
            Some(reason) => Err(reason),
            None if effect == Effect::Modify => change(governance, policy, selected, &context, &mut slots),
            None => Ok(maker.make(
                governance,
                policy,
                selected,
                &context,
                world,
                world.first_number + run.steps.len(),
            )),
        };
        match action {
            Ok(action) => run.steps.push(RemediationStep {
                resource_id: selected.id.to_owned(),
                ancestors: selected.ancestors.to_vec(),
                action,
            }),
            Err(reason) => run.left_out.push((selected.id.to_owned(), reason)),
        }
    }
    run.tolerated_failures = (run.steps.len() as f64 * task.failure_threshold) as usize;
    Ok(run)
}

/// The assignment and policy that a task is about.
fn find(governance: &Governance, task: &Remediation) -> Result<(usize, PolicyId), Vec<String>> {
    let assignment = governance
        .assignments()
        .iter()
        .position(|assignment| eq(&assignment.id, &task.assignment_id))
        .ok_or_else(|| vec![format!("there is no assignment `{}`", task.assignment_id)])?;
    let wanted = task.reference_id.as_deref().unwrap_or_default();
    let policies = governance.program().policies().iter().enumerate();
    let mut of_assignment = policies
        .filter(|(_, policy)| eq(&policy.context().assignment_id, &task.assignment_id))
        .map(|(index, policy)| (PolicyId(index as u32), policy));
    let found = of_assignment.find(|(_, policy)| {
        let reference = &policy.context().definition_reference_id;
        // An initiative without a reference named is refused by the check that follows.
        eq(reference, wanted) || task.reference_id.is_none()
    });
    match found {
        Some((policy, _)) => Ok((assignment, policy)),
        None => Err(vec![format!("the assignment has no reference `{wanted}`")]),
    }
}

/// Whether scope and filters of a task let a resource through.
fn passes(task: &Remediation, selected: &Selected<'_>) -> bool {
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let location = plain(selected.location.unwrap_or_default());
    is_within(selected.id, task.scope(), selected.ancestors)
        && (task.locations.is_empty() || task.locations.iter().any(|known| eq(&plain(known), &location)))
        && (task.resource_ids.is_empty() || task.resource_ids.iter().any(|id| eq(id, selected.id)))
}

/// The change that a modify policy makes.
fn change(
    governance: &Governance,
    policy: PolicyId,
    selected: &Selected<'_>,
    context: &Context,
    slots: &mut Slots,
) -> Result<StepAction, LeftOut> {
    let program = governance.program();
    let mutation = match program.mutation(policy, slots, &selected.resource, context) {
        Ok(Some(mutation)) => mutation,
        Ok(None) => return Err(LeftOut::NothingToDo),
        Err(fault) => return Ok(StepAction::Fail(fault.message.into())),
    };
    let before: Value = serde_json::from_str(selected.resource.json).unwrap_or(Value::Null);
    let version = selected.resource.api_version;
    match apply(&mutation, &before, program.catalogue(), selected.resource_type, version) {
        Applied::Changed(after) => {
            let is_tags_only = without_tags(&before) == without_tags(&after);
            Ok(StepAction::Change { after, is_tags_only })
        }
        Applied::Unchanged | Applied::NotApplicable => Err(LeftOut::NothingToDo),
        Applied::Denied(reason) => Ok(StepAction::Fail(reason)),
    }
}

fn without_tags(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !name.eq_ignore_ascii_case("tags"));
    }
    value
}
