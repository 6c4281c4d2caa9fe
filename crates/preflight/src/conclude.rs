//! From what the policy engine says about a resource to a verdict that admits what is not known.

use azimuth_arm::ExpandedResource;
use azimuth_policy::{Effect, Outcome, Policy, PolicyId, Slots};

use crate::judge::{Reason, Subjected, Truth, judge};
use crate::related::{Asked, Sibling};
use crate::report::VerdictKind;
use crate::ruleset::{Part, Ruleset};

/// A verdict with its reasons.
pub(crate) struct Conclusion<'e> {
    pub(crate) kind: VerdictKind,
    pub(crate) reasons: Vec<Reason>,
    /// Reasons in related resources.
    pub(crate) elsewhere: Vec<(&'e ExpandedResource, Reason)>,
    /// What is to be said beside the reasons.
    pub(crate) note: Option<String>,
}

impl Conclusion<'_> {
    fn of(kind: VerdictKind, reasons: Vec<Reason>) -> Self {
        Self { kind, reasons, elsewhere: Vec::new(), note: None }
    }
}

/// Everything about one policy and one resource.
pub(crate) struct Case<'a, 'e> {
    pub(crate) set: &'a Ruleset,
    pub(crate) policies: &'a [Policy],
    pub(crate) policy: PolicyId,
    pub(crate) effect: Option<Effect>,
    pub(crate) subject: &'a Subjected<'a>,
    pub(crate) siblings: &'e [Sibling<'e>],
    pub(crate) asked: Option<Asked>,
}

/// The verdict; `None` if the policy has nothing to say about the deployment of such a resource.
pub(crate) fn conclude<'e>(
    case: &Case<'_, 'e>,
    outcome: &Outcome,
    slots: &mut Slots,
) -> Option<Conclusion<'e>> {
    let says_nothing = matches!(case.effect, Some(Effect::Disabled | Effect::Manual | Effect::DenyAction));
    if says_nothing || *outcome == Outcome::NotApplicable {
        return None;
    }
    let reads = case.set.reads(case.policy);
    let is_open = reads.surroundings || case.subject.touches_unknown(reads);
    if *outcome == Outcome::NoMatch && !is_open {
        return Some(Conclusion::of(VerdictKind::Compliant, Vec::new()));
    }
    let resource_type = case.subject.resource_type;
    let probes = case.set.probes(case.policies, case.policy, Part::Rule, resource_type);
    let (truth, reasons) = match &probes {
        Some(probes) => judge(probes, case.subject, slots),
        None => (Truth::Unknown, Vec::new()),
    };
    Some(match outcome {
        Outcome::Failed(fault) => match truth {
            Truth::Unknown => Conclusion::of(VerdictKind::Unknown, reasons),
            Truth::False if is_open => Conclusion::of(VerdictKind::Compliant, Vec::new()),
            _ => {
                let note = Some(format!("the rule cannot be evaluated, which refuses the request: {fault}"));
                Conclusion { note, ..Conclusion::of(VerdictKind::Failed, reasons) }
            }
        },
        Outcome::NoMatch | Outcome::Match | Outcome::Exists if is_open && truth == Truth::False => {
            Conclusion::of(VerdictKind::Compliant, Vec::new())
        }
        Outcome::NoMatch | Outcome::Match | Outcome::Exists if truth == Truth::Unknown => {
            Conclusion::of(VerdictKind::Unknown, reasons)
        }
        Outcome::NoMatch => Conclusion::of(VerdictKind::Violated, reasons),
        Outcome::Match | Outcome::Exists => match &case.asked {
            Some(asked) => existence(case, asked, *outcome == Outcome::Exists, reasons, slots),
            None => Conclusion::of(VerdictKind::Violated, reasons),
        },
        Outcome::NeedsRelated(query) => {
            let note = Some(format!("it depends on resources of the type `{}`", query.resource_type));
            Conclusion { note, ..Conclusion::of(VerdictKind::Unknown, Vec::new()) }
        }
        _ => {
            let note = Some("such a policy is evaluated by the resource provider alone".to_owned());
            Conclusion { note, ..Conclusion::of(VerdictKind::Unknown, Vec::new()) }
        }
    })
}

/// What the related resources say.
fn existence<'e>(
    case: &Case<'_, 'e>,
    asked: &Asked,
    fits: bool,
    reasons: Vec<Reason>,
    slots: &mut Slots,
) -> Conclusion<'e> {
    let mut is_open = false;
    let mut is_met = false;
    let mut elsewhere = Vec::new();
    for at in &asked.found {
        let sibling = &case.siblings[*at];
        let resource = sibling.resource;
        let Some(probes) =
            case.set.probes(case.policies, case.policy, Part::Existence, &resource.resource_type)
        else {
            // Being there is enough.
            is_met = true;
            continue;
        };
        let subject = Subjected {
            body: &resource.body,
            json: &sibling.json,
            resource_type: &resource.resource_type,
            api_version: &resource.api_version,
            ..*case.subject
        };
        let (truth, why) = judge(&probes, &subject, slots);
        match truth {
            Truth::True => is_met = true,
            Truth::Unknown => is_open = true,
            Truth::False => {}
        }
        // The condition says what is wanted; what fails is what is wrong.
        let why = why.into_iter().filter(|_| truth != Truth::True);
        elsewhere.extend(why.map(|reason| (resource, reason)));
    }
    let has_expressions = asked.found.iter().any(|at| case.siblings[*at].resource.body.has_symbolic());
    let wanted = &asked.query.resource_type;
    if (fits && !has_expressions) || is_met {
        return Conclusion::of(VerdictKind::Compliant, Vec::new());
    }
    if is_open {
        elsewhere.retain(|(_, reason)| reason.unknown.is_some());
        return Conclusion { elsewhere, ..Conclusion::of(VerdictKind::Unknown, Vec::new()) };
    }
    let name = asked.query.name.as_deref().map(|name| format!(" named `{name}`")).unwrap_or_default();
    if asked.has_nameless {
        let note =
            format!("which `{wanted}` of the template belongs here is not known before the deployment");
        return Conclusion { note: Some(note), elsewhere, ..Conclusion::of(VerdictKind::Unknown, reasons) };
    }
    if !asked.is_complete && !case.set.rule(case.policy).template_is_all {
        let note = format!(
            "the template deploys no `{wanted}`{name} that fits; whether one exists already is not known"
        );
        return Conclusion { note: Some(note), elsewhere, ..Conclusion::of(VerdictKind::Unknown, reasons) };
    }
    let note = match asked.found.len() {
        0 => format!("there is no `{wanted}`{name}"),
        1 => format!("the `{wanted}`{name} does not do what is asked for"),
        _ => format!("none of the `{wanted}`{name} does what is asked for"),
    };
    Conclusion { note: Some(note), elsewhere, ..Conclusion::of(VerdictKind::Violated, reasons) }
}
