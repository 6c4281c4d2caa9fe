//! What assignments mean for the resources that are there: what they would stop or change, what they select.

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::IdRef;
use azimuth_policy::{ComplianceState, Finding, Scan, SelectorKind, Slots, Surroundings, selects};
use jiff::Timestamp;

use super::policies::{Assignment, ENFORCING, Policies};
use crate::body;

/// What an assignment would do to the resources that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Impact {
    /// Resources that one of its enforcing policies is about and decides.
    pub(crate) judged: usize,
    /// Of them, those that it would stop or change.
    pub(crate) hit: usize,
    /// The first of those by id.
    pub(crate) first: Option<String>,
}

/// What the enforcing policies of some assignments would do to every resource of the estate, with up to `threads`
/// threads; one answer for each assignment. What is not known is not counted.
pub(crate) fn impact(
    snapshot: &Snapshot,
    policies: &Policies,
    assignments: &[&Assignment],
    now: Timestamp,
    threads: usize,
) -> Vec<Impact> {
    let inner = assignments.iter().map(|assignment| assignment.inner.clone()).collect();
    let governance = policies.governance(inner, Vec::new());
    let has_selectors = policies.exemptions().any(|exemption| !exemption.resource_selectors.is_empty());
    let scan = Scan::new(&governance, &[], has_selectors);
    let surroundings = Surroundings::new(snapshot, now);
    let mut subjects = surroundings.subjects();
    subjects.retain(|entry| {
        is_governed_type(entry.kind()) && governance.program().policies_of_type(entry.kind()) > 0
    });
    // Where overrides change the effect by location, the effect is that of the finding.
    let judge = |part: &[Entry<'_>]| {
        let mut found = vec![Impact::default(); assignments.len()];
        let (mut slots, mut findings) = (Slots::default(), Vec::new());
        for entry in part {
            findings.clear();
            // What is no JSON object says nothing.
            if scan.findings(&mut slots, *entry, &surroundings, &mut findings).is_ok() {
                count(&scan, *entry, &findings, &mut found);
            }
        }
        found
    };
    let share = subjects.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = subjects.chunks(share).map(|part| scope.spawn(move || judge(part))).collect();
        let mut total = vec![Impact::default(); assignments.len()];
        for worker in workers {
            let found = worker.join().expect("judging a resource does not panic");
            total.iter_mut().zip(found).for_each(|(sum, part)| sum.merge(part));
        }
        total
    })
}

impl Impact {
    /// Adds what was found about later resources.
    fn merge(&mut self, later: Self) {
        self.judged += later.judged;
        self.hit += later.hit;
        self.first = self.first.take().or(later.first);
    }
}

/// Counts what the enforcing policies of each assignment find about one resource.
fn count(scan: &Scan<'_>, entry: Entry<'_>, findings: &[Finding], found: &mut [Impact]) {
    for (index, impact) in found.iter_mut().enumerate() {
        let own = findings.iter().filter(|finding| {
            scan.assignment_of(finding.policy) == index
                && finding.effect.is_some_and(|effect| ENFORCING.contains(&effect))
        });
        let states = own.filter_map(|finding| finding.standing.state());
        let states: Vec<ComplianceState> = states.filter(|state| *state != ComplianceState::Exempt).collect();
        if states.is_empty() {
            continue;
        }
        impact.judged += 1;
        if states.contains(&ComplianceState::NonCompliant) {
            impact.hit += 1;
            impact.first.get_or_insert_with(|| entry.id().into_owned());
        }
    }
}

/// The first resource of a subscription that none of some narrowed assignments selects; `Ok(None)` if each is selected.
///
/// # Errors
/// If a selector asks for what the estate does not say: who calls, or which share of the resources.
pub(crate) fn unselected<'a>(
    snapshot: &'a Snapshot,
    subscription: &str,
    assignments: &[&Assignment],
) -> Result<Option<Entry<'a>>, ()> {
    let decidable = |kind: &SelectorKind| {
        matches!(
            kind,
            SelectorKind::ResourceLocation
                | SelectorKind::ResourceType
                | SelectorKind::ResourceWithoutLocation
        )
    };
    let selectors = || assignments.iter().flat_map(|assignment| &assignment.inner.resource_selectors);
    if !selectors().flat_map(|one| &one.selectors).all(|part| decidable(&part.kind)) {
        return Err(());
    }
    let Ok(scope) = IdRef::parse(subscription) else { return Err(()) };
    let is_resource = |entry: &Entry<'_>| {
        is_governed_type(entry.kind()) && !entry.kind().starts_with("microsoft.resources/")
    };
    let resources = snapshot.within(scope).into_iter().filter(is_resource);
    let mut count = 0;
    for entry in resources {
        count += 1;
        let location = body::location(entry.body());
        let is_selected = assignments.iter().any(|assignment| {
            selects(&assignment.inner.resource_selectors, entry.kind(), location.as_deref())
        });
        if !is_selected {
            return Ok(Some(entry));
        }
    }
    // Without a resource nothing tells whether the selectors take what comes.
    if count == 0 { Err(()) } else { Ok(None) }
}

/// Whether policy looks at resources of a type: not at what governs or watches others.
fn is_governed_type(kind: &str) -> bool {
    const OTHERS: [&str; 3] =
        ["microsoft.authorization/", "microsoft.security/", "microsoft.insights/diagnosticsettings"];
    let is_scope = kind == "microsoft.resources/subscriptions"
        || kind == "microsoft.resources/subscriptions/resourcegroups";
    is_scope
        || kind.starts_with("microsoft.")
            && !kind.starts_with("microsoft.resources/")
            && !OTHERS.iter().any(|prefix| kind.starts_with(prefix))
}
