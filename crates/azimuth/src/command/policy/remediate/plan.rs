//! Which policies remediate which resources: one run for each policy of an assignment that something does not comply with.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::fold;
use azimuth_policy::{
    ComplianceState, Effect, Needs, PolicyId, Related, RelatedQuery, RelatedResources, Remediation,
    RemediationRun, RemediationWorld, Resource, Scan, Selected, Standing, Surroundings, SurveyOptions,
    Undecided, remediate, remediation_needs, survey,
};
use serde::Deserialize;

use crate::command::arm::estate::SnapshotView;
use crate::command::policy::why;
use crate::exit::Failure;
use crate::input;
use crate::ui::Ui;

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) snapshot: &'a Snapshot,
    /// The resources that count.
    pub(super) subjects: &'a [Entry<'a>],
    /// By policy number; `None`: all policies count.
    pub(super) wanted: Option<&'a [bool]>,
    pub(super) resource_count: i64,
    pub(super) parallel: i64,
}

/// What would be remediated.
pub(super) struct Plan {
    /// Runs in the order of the policies.
    pub(super) runs: Vec<Planned>,
    /// Policies whose task would be refused, with the reason.
    pub(super) refused: Vec<(PolicyId, String)>,
}

/// A run of one policy, and what it needs.
pub(super) struct Planned {
    pub(super) run: RemediationRun,
    pub(super) needs: Needs,
    /// Names of the roles that it needs, in their order.
    pub(super) role_names: Vec<String>,
    /// Why resources are undecided, and how many.
    pub(super) undecided: BTreeMap<Undecided, u64>,
}

/// What the scan says of one policy.
#[derive(Default)]
struct Found {
    /// Numbers of subjects that do not comply, in order.
    failing: Vec<usize>,
    undecided: BTreeMap<Undecided, u64>,
}

impl Plan {
    /// Goes through the subjects once to see what does not comply, then makes the steps of every policy that can remediate.
    pub(super) fn new(question: &Question<'_>, ui: Ui) -> Result<Self, Failure> {
        let program = question.scan.governance().program();
        let is_wanted = |policy: PolicyId| question.wanted.is_none_or(|wanted| wanted[policy.0 as usize]);
        let is_remediable =
            |policy: PolicyId| program.policy(policy).effect().is_some_and(Effect::is_remediable);
        let policies = || (0..program.policies().len() as u32).map(PolicyId).filter(|id| is_wanted(*id));
        if !policies().any(is_remediable) {
            let mut effects: Vec<String> =
                policies().filter_map(|id| program.policy(id).effect_name()).collect();
            effects.sort_unstable();
            effects.dedup();
            return Err(Failure::input("no policy asked for has the effect deployIfNotExists or modify")
                .hint(format!("only these two can be remediated; there is: {}", effects.join(", "))));
        }
        let found = failing(question, &|policy| is_wanted(policy) && is_remediable(policy), ui);
        let (access, problems) = question.snapshot.access();
        for problem in problems.iter().take(5) {
            ui.note(format_args!("warning: {} is left out: {}", problem.id, problem.error));
        }
        let knows_access =
            question.snapshot.of_type("Microsoft.Authorization/roleAssignments").next().is_some();
        let mut plan = Self { runs: Vec::new(), refused: Vec::new() };
        let bar = ui.bar("planning", found.len() as u64, false);
        let mut number = 0;
        for (policy, found) in found {
            bar.inc(1);
            match run(question, policy, &found.failing, number) {
                Ok(run) => {
                    number += run.steps.len();
                    let governance = question.scan.governance();
                    let needs = remediation_needs(governance, &run, knows_access.then_some(&access));
                    let last = |role: &str| role.rsplit('/').next().unwrap_or_default().to_owned();
                    let role_names = needs
                        .roles
                        .iter()
                        .map(|role| access.role(role).map_or_else(|| last(role), |role| role.name.clone()))
                        .collect();
                    plan.runs.push(Planned { run, needs, role_names, undecided: found.undecided });
                }
                Err(problems) => plan.refused.push((policy, problems.join("; "))),
            }
        }
        bar.finish_and_clear();
        Ok(plan)
    }

    /// Steps of all runs.
    pub(super) fn steps(&self) -> usize {
        self.runs.iter().map(|planned| planned.run.steps.len()).sum()
    }

    /// Steps that would fail, tasks that would be refused, and rights that runs with steps lack.
    pub(super) fn lacks(&self) -> usize {
        let of_run = |planned: &Planned| {
            let lacks = if planned.run.steps.is_empty() { 0 } else { planned.needs.lacks.len() };
            planned.run.failures() + lacks
        };
        self.refused.len() + self.runs.iter().map(of_run).sum::<usize>()
    }
}

/// By policy: what does not comply with it and what is undecided. Effects are those after overrides.
fn failing(
    question: &Question<'_>,
    wanted: &(dyn Fn(PolicyId) -> bool + Sync),
    ui: Ui,
) -> BTreeMap<PolicyId, Found> {
    let numbers: BTreeMap<&str, usize> =
        question.subjects.iter().enumerate().map(|(number, entry)| (entry.key(), number)).collect();
    let found: Mutex<BTreeMap<PolicyId, Found>> = Mutex::default();
    let bar = ui.bar("deciding", question.subjects.len() as u64, false);
    let options = SurveyOptions { threads: input::threads(), examples: 0, wanted };
    let outcome = survey(
        question.scan,
        question.surroundings,
        question.subjects,
        &options,
        &|entry, findings, _, _| {
            let telling = findings.iter().filter(|finding| finding.effect.is_some_and(Effect::is_remediable));
            for finding in telling {
                let mut found = found.lock().expect("no thread panics while it holds the lock");
                match &finding.standing {
                    Standing::State(ComplianceState::NonCompliant) => {
                        found.entry(finding.policy).or_default().failing.push(numbers[entry.key()]);
                    }
                    Standing::Undecided(why) => {
                        let undecided = &mut found.entry(finding.policy).or_default().undecided;
                        *undecided.entry(why.clone()).or_default() += 1;
                    }
                    Standing::State(_) | Standing::Failed(_) => {}
                }
            }
        },
        &mut |_, done| {
            bar.set_position(done as u64);
            Ok::<(), Infallible>(())
        },
    );
    let Ok(_) = outcome;
    bar.finish_and_clear();
    let mut found = found.into_inner().expect("no thread panicked while it held the lock");
    found.values_mut().for_each(|found| found.failing.sort_unstable());
    found
}

/// The run of a policy over resources that do not comply with it.
fn run(
    question: &Question<'_>,
    policy: PolicyId,
    failing: &[usize],
    first_number: usize,
) -> Result<RemediationRun, Vec<String>> {
    let governance = question.scan.governance();
    let context = governance.program().policy(policy).context();
    let reference = &context.definition_reference_id;
    let task = Remediation {
        id: String::new(),
        assignment_id: context.assignment_id.clone(),
        reference_id: Some(reference.clone()).filter(|reference| !reference.is_empty()),
        discovery_mode: "ReEvaluateCompliance".to_owned(),
        locations: Vec::new(),
        resource_ids: Vec::new(),
        resource_count: question.resource_count,
        parallel_deployments: question.parallel,
        failure_threshold: 1.0,
    };
    let told: Vec<(Entry<'_>, String, Told)> = failing
        .iter()
        .map(|number| {
            let entry = question.subjects[*number];
            (entry, entry.id().into_owned(), entry.read().unwrap_or_default())
        })
        .collect();
    let selected: Vec<Selected<'_>> = told
        .iter()
        .map(|(entry, id, told)| Selected {
            resource: why::resource(*entry),
            id,
            resource_type: entry.kind(),
            location: told.location.as_deref(),
            ancestors: question.surroundings.ancestors(entry.key()),
        })
        .collect();
    let surrounding = |selected: &Selected<'_>| question.surroundings.context(&fold(selected.id)).clone();
    let world = RemediationWorld {
        context: &surrounding,
        related: &EstateRelated(question.surroundings),
        estate: &SnapshotView(question.snapshot),
        recorded: None,
        first_number,
    };
    remediate(governance, &task, &selected, &world)
}

/// What a document tells of itself.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    location: Option<String>,
}

/// Related resources of whatever resource of the estate asks.
struct EstateRelated<'a>(&'a Surroundings<'a>);

impl Related for EstateRelated<'_> {
    fn related(&self, resource: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let told: Told = serde_json::from_str(resource.json).ok()?;
        let id = told.id?;
        RelatedResources::new(self.0, &fold(&id), resource.resource_type?).related(resource, query)
    }
}
