//! The smallest change that makes a resource comply.
//!
//! ```text
//!   resource ──► engine: violated, with evidence ──► changes that touch the evidence ──► engine again …
//! ```
//!
//! Nothing is answered that the engine did not confirm: every set of changes was judged as a whole, against every policy that
//! covers the resource, and left none violated that could be helped. For the IfNotExists effects there is a second way, a
//! related resource; see `related`.

pub(crate) mod candidates;
mod edit;
mod related;
pub(crate) mod search;
mod values;

use azimuth_arm::Value;
use serde_json::Value as Json;

use self::candidates::{Subject, field_calls, leaf_at};
use self::search::{Bounds, Violated, evidence, search};
use crate::compile::PolicyId;
use crate::definition::{Effect, Left};
use crate::document::Slots;
use crate::evaluate::{Context, Outcome, Related, Resource};
use crate::fold::fold;
use crate::governance::{ComplianceState, Governance, Selected};
use crate::reason::Evaluated;

pub use edit::{Change, Edit, Segment};
pub use related::{RelatedFix, related_fix};

/// Members of a resource that a change would make another resource of.
const FROZEN: &[&str] = &["id", "name", "type", "location", "kind", "apiversion"];

/// How to search.
#[derive(Clone, Copy, Debug)]
pub struct FixOptions<'a> {
    /// Only these policies have to be met (others must not become worse); empty: all.
    pub policies: &'a [PolicyId],
    /// Most changes taken together.
    pub max_edits: usize,
    /// Most resources judged in the search.
    pub max_judged: usize,
    /// Most answers.
    pub max_answers: usize,
}

impl Default for FixOptions<'_> {
    fn default() -> Self {
        Self { policies: &[], max_edits: 6, max_judged: 20_000, max_answers: 3 }
    }
}

/// A policy that a resource violates.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The policy.
    pub policy: PolicyId,
    /// Its effect.
    pub effect: Option<Effect>,
    /// What it says.
    pub outcome: Outcome,
    /// The comparisons that decided.
    pub evaluated: Vec<Evaluated>,
}

/// A set of changes after which the engine has no objection.
#[derive(Clone, Debug)]
pub struct Fix {
    /// The changes in the order in which they are made.
    pub edits: Vec<Edit>,
    /// The resource afterwards.
    pub after: Json,
    /// The changes as a JSON patch (RFC 6902).
    pub patch: Json,
    /// The changes as a command of the Azure CLI, if it can express them.
    pub az: Option<String>,
    /// A template resource with nothing but what the changes set.
    pub fragment: Json,
}

/// What is violated and what would help.
#[derive(Clone, Debug)]
pub struct FixReport {
    /// What is violated now.
    pub violations: Vec<Violation>,
    /// The smallest sets of changes, the least far-fetched first. All have the same number of changes.
    pub fixes: Vec<Fix>,
    /// Related resources that IfNotExists policies would take.
    pub related: Vec<RelatedFix>,
    /// Why there is none, one sentence a reason.
    pub obstacles: Vec<String>,
    /// Whether changes to the location or kind, which mean to deploy anew, would help.
    pub needs_new_resource: bool,
    /// Whether the search looked at everything within its bounds.
    pub is_exhausted: bool,
}

/// Finds the smallest changes after which no policy (or none of those asked for) is violated.
///
/// # Errors
/// If the resource cannot be read.
pub fn fix(
    governance: &Governance,
    selected: &Selected<'_>,
    context: &Context,
    related: &dyn Related,
    options: &FixOptions<'_>,
) -> Result<FixReport, String> {
    let before: Json = serde_json::from_str(selected.resource.json)
        .map_err(|error| format!("the resource is no JSON: {error}"))?;
    let all = violations(governance, selected, context, related)?;
    let is_asked = |policy: PolicyId| options.policies.is_empty() || options.policies.contains(&policy);
    let wanted: Vec<Violation> = all.iter().filter(|found| is_asked(found.policy)).cloned().collect();
    // What is violated now and not asked for may stay violated.
    let mut tolerated: Vec<PolicyId> =
        all.iter().map(|found| found.policy).filter(|policy| !is_asked(*policy)).collect();
    let is_missing = |found: &Violation| {
        found.outcome == Outcome::Match && found.effect.is_some_and(Effect::is_if_not_exists)
    };
    let mut helped = Vec::new();
    for found in wanted.iter().filter(|found| is_missing(found)) {
        helped.extend(related_fix(governance, found.policy, selected, context, related)?);
    }
    // Where a related resource is the answer, the resource itself stays.
    tolerated.extend(helped.iter().map(|found| found.policy));
    let rest: Vec<Violation> =
        wanted.iter().filter(|found| !tolerated.contains(&found.policy)).cloned().collect();
    let mut report = FixReport {
        violations: wanted,
        fixes: Vec::new(),
        related: helped,
        obstacles: Vec::new(),
        needs_new_resource: false,
        is_exhausted: true,
    };
    if rest.is_empty() {
        return Ok(report);
    }
    let found = run(governance, selected, context, related, options, &before, &tolerated, FROZEN)?;
    report.is_exhausted = found.is_exhausted;
    for solution in found.solutions {
        let mut state = before.clone();
        let mut patch = Vec::new();
        let mut arguments = Some(Vec::new());
        for edit in &solution.edits {
            patch.push(edit.json_patch(&state));
            arguments = arguments.zip(edit.az_argument(&state)).map(|(mut all, next)| {
                all.push(next);
                all
            });
            state = edit.apply(&state).unwrap_or(state);
        }
        let id = before.get("id").and_then(Json::as_str);
        report.fixes.push(Fix {
            az: edit::az_command(arguments, id),
            fragment: edit::fragment(
                &solution.edits,
                &before,
                &solution.after,
                selected.resource.api_version,
            ),
            edits: solution.edits,
            after: solution.after,
            patch: Json::Array(patch),
        });
    }
    if report.fixes.is_empty() {
        report.obstacles = obstacles(governance, &rest, selected);
        let loose = ["id", "name", "type", "apiversion"];
        let again = run(governance, selected, context, related, options, &before, &tolerated, &loose)?;
        report.needs_new_resource = !again.solutions.is_empty();
    }
    Ok(report)
}

#[expect(clippy::too_many_arguments, reason = "one private step of `fix`, whose arguments it takes")]
fn run(
    governance: &Governance,
    selected: &Selected<'_>,
    context: &Context,
    related: &dyn Related,
    options: &FixOptions<'_>,
    before: &Json,
    tolerated: &[PolicyId],
    frozen: &[&str],
) -> Result<search::Found, String> {
    let folded = fold(selected.resource_type);
    let program = governance.program();
    let subject = Subject {
        catalogue: program.catalogue(),
        resource_type: &folded,
        api_version: selected.resource.api_version,
        frozen,
    };
    let mut judge = |json: &Json| -> Result<Vec<Violated>, String> {
        let text = json.to_string();
        let location = json.get("location").and_then(Json::as_str);
        let resource = Resource { json: &text, ..selected.resource };
        let changed = Selected { resource, location, ..*selected };
        let found = violations(governance, &changed, context, related)?;
        let found = found.into_iter().filter(|found| !tolerated.contains(&found.policy));
        let violated = found.map(|found| {
            let condition = &program.policy(found.policy).definition().rule.condition;
            let is_failed = matches!(found.outcome, Outcome::Failed(_));
            Violated { policy: found.policy, evidence: evidence(condition, is_failed, &found.evaluated) }
        });
        Ok(violated.collect())
    };
    let bounds =
        Bounds { edits: options.max_edits, judged: options.max_judged, solutions: options.max_answers };
    search(program, &subject, before, bounds, &mut judge)
}

/// Every policy that the resource violates, exemptions and disabled policies aside.
///
/// # Errors
/// If the resource cannot be read.
pub fn violations(
    governance: &Governance,
    selected: &Selected<'_>,
    context: &Context,
    related: &dyn Related,
) -> Result<Vec<Violation>, String> {
    let mut slots = Slots::default();
    let mut found = Vec::new();
    governance
        .states(&mut slots, selected, context, related, &mut |state| {
            if matches!(
                state.state,
                Some(ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict)
            ) {
                found.push(Violation {
                    policy: state.policy,
                    effect: state.effect,
                    outcome: state.outcome,
                    evaluated: Vec::new(),
                });
            }
        })
        .map_err(|error| error.to_string())?;
    for violation in &mut found {
        let explained =
            governance.program().explain(violation.policy, &mut slots, &selected.resource, context);
        violation.evaluated = explained.map_err(|error| error.to_string())?.evaluated;
    }
    Ok(found)
}

/// Why nothing was found: what the deciding comparisons look at that cannot be changed or turned around.
fn obstacles(governance: &Governance, violations: &[Violation], selected: &Selected<'_>) -> Vec<String> {
    let program = governance.program();
    let folded = fold(selected.resource_type);
    let mut out = Vec::new();
    for violation in violations {
        let policy = program.policy(violation.policy);
        for evaluated in &violation.evaluated {
            let Some(leaf) = leaf_at(&policy.definition().rule.condition, &evaluated.path) else { continue };
            let name = &evaluated.expression;
            let sentence = match &leaf.left {
                Left::Field(_) => {
                    let field = crate::field::resolve(name, program.catalogue(), Some(&folded), None);
                    let first = field.as_ref().and_then(|field| match field.path.steps().first() {
                        Some(crate::path::Step::Key(key)) => Some(key.to_ascii_lowercase()),
                        _ => None,
                    });
                    match first {
                        Some(first) if FROZEN.contains(&&*first) => {
                            format!("`{name}` decides, which only a new resource has otherwise")
                        }
                        None => format!("`{name}` decides, which no value of this type can change"),
                        Some(_) => format!("no value was found for `{name}` that the policies accept"),
                    }
                }
                Left::Value(value) if field_calls(value).is_empty() => {
                    format!("`{name}` decides, which does not depend on the resource")
                }
                Left::Value(_) => {
                    format!("`{name}` decides, a function that cannot be turned around")
                }
                Left::Count(_) => format!("no change was found to the members that `{name}` counts"),
            };
            if !out.contains(&sentence) {
                out.push(sentence);
            }
        }
    }
    out
}

/// A value of the template language as JSON.
pub(crate) fn json_of(value: &Value) -> Json {
    serde_json::from_str(&value.to_string()).unwrap_or(Json::Null)
}
