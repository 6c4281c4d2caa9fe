//! Whether an assignment governs a place: a subscription, also one that is only imagined.

use azimuth_policy::{ExemptionQuestion, is_within};
use jiff::Timestamp;

use super::{Assignment, Part, Policies};

/// A subscription or group with what is above it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The id.
    pub(crate) id: String,
    /// Ids of the management groups above it, the nearest first.
    pub(crate) ancestors: Vec<String>,
}

impl Place {
    /// The place and what is above it.
    pub(crate) fn chain(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.ancestors.iter().map(String::as_str))
    }
}

/// What an assignment does at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It puts a policy in force there.
    Governs,
    /// It does for the resources that its selectors take.
    Narrowed,
    /// It would if one of its policies, whose effect is not known, does anything.
    Unresolved,
    /// It stands above the place and has no effect there; why.
    Blunted(String),
    /// It is not about the place.
    Elsewhere,
}

impl Policies {
    /// What an assignment does at a place at a moment.
    pub(crate) fn reach(&self, assignment: &Assignment, place: &Place, now: Timestamp) -> Reach {
        self.reach_of(assignment, place, now, &|_| true)
    }

    /// The same for some of its policies, by their place among its parts.
    pub(crate) fn reach_of(
        &self,
        assignment: &Assignment,
        place: &Place,
        now: Timestamp,
        counts: &dyn Fn(usize) -> bool,
    ) -> Reach {
        let within = |scope: &str| is_within(&place.id, scope, &place.ancestors);
        if !within(&assignment.scope) {
            return Reach::Elsewhere;
        }
        if let Some(scope) = assignment.inner.not_scopes.iter().find(|scope| within(scope)) {
            return Reach::Blunted(format!("excludes {scope}"));
        }
        if !assignment.in_force() {
            return Reach::Blunted(format!("has the enforcement mode `{}`", assignment.enforcement_mode));
        }
        let mut exempt = None;
        let mut is_unresolved = false;
        for (_, part) in assignment.parts.iter().enumerate().filter(|(index, _)| counts(*index)) {
            if let Some(name) = self.exemption_of(assignment, part, place, now) {
                exempt = Some(name);
                continue;
            }
            match &part.effects {
                Ok(_) if part.is_active() => {
                    return if assignment.is_narrowed() { Reach::Narrowed } else { Reach::Governs };
                }
                Ok(_) => {}
                Err(_) => is_unresolved = true,
            }
        }
        match (is_unresolved, exempt) {
            (true, _) => Reach::Unresolved,
            (false, Some(name)) => Reach::Blunted(format!("is lifted there by the exemption {name}")),
            (false, None) => Reach::Blunted("has no policy with an effect other than disabled".to_owned()),
        }
    }

    /// The exemption that takes a place out of a policy of an assignment, whatever stands in it.
    fn exemption_of(
        &self,
        assignment: &Assignment,
        part: &Part,
        place: &Place,
        now: Timestamp,
    ) -> Option<&str> {
        let question = ExemptionQuestion {
            assignment_id: &assignment.id,
            reference_id: &part.reference_id,
            resource_id: &place.id,
            resource_type: "",
            location: None,
            ancestors: &place.ancestors,
            now,
        };
        // One with selectors exempts some resources, not the place.
        let whole = self.exemptions_from(assignment).iter().filter(|exemption| {
            exemption.resource_selectors.iter().all(|selector| selector.selectors.is_empty())
        });
        whole.filter(|exemption| exemption.covers(&question)).map(|exemption| exemption.id.as_str()).next()
    }

    /// What keeps the assignments at or above a place from governing it, up to three, as a sentence; none if there
    /// are no such assignments.
    pub(crate) fn why_not(&self, place: &Place, now: Timestamp) -> Option<String> {
        let mut reasons =
            self.assignments.iter().filter_map(|assignment| match self.reach(assignment, place, now) {
                Reach::Blunted(why) => Some(format!("{} {why}", assignment.id)),
                _ => None,
            });
        let shown: Vec<String> = reasons.by_ref().take(3).collect();
        let more = reasons.count();
        let tail = if more > 0 { format!("; {more} more") } else { String::new() };
        (!shown.is_empty()).then(|| format!("{}{tail}", shown.join("; ")))
    }
}
