//! From a verdict and its reasons to what people read.

use azimuth_arm::{ExpandedResource, Expansion};
use hashbrown::HashMap;

use crate::conclude::Conclusion;
use crate::judge::Reason;
use crate::place::{Place, place_of, place_of_resource};
use crate::report::{Evidence, Finding, ResourceName, VerdictKind};
use crate::rule::RuleInfo;
use crate::wording;

/// Fields that say what a rule is about rather than what is wrong.
const ABOUT: &[&str] = &["type", "kind", "name", "fullName", "location", "id", "apiVersion"];
/// Most comparisons shown of one finding.
const MAX_EVIDENCE: usize = 24;

/// Numbers findings that would otherwise look the same.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    seen: HashMap<u64, u32>,
}

impl Fingerprints {
    /// The same from run to run for the same rule, resource and property, wherever they stand in the file.
    fn next(&mut self, parts: &[&str]) -> String {
        let mut hash = fnv(0xcbf2_9ce4_8422_2325, &[]);
        for part in parts {
            hash = fnv(hash, azimuth_ids::fold(part).as_bytes());
            hash = fnv(hash, &[0]);
        }
        let count = self.seen.entry(hash).or_insert(0);
        *count += 1;
        match *count {
            1 => format!("{hash:016x}"),
            more => format!("{hash:016x}-{more}"),
        }
    }
}

/// Fowler-Noll-Vo, 64 bits, variant 1a.
fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// What to write about a verdict that is not compliance.
pub(crate) fn finding(
    expansion: &Expansion,
    resource: &ExpandedResource,
    rule: &RuleInfo,
    conclusion: Conclusion<'_>,
    fingerprints: &mut Fingerprints,
) -> Finding {
    let Conclusion { kind, mut reasons, elsewhere, note } = conclusion;
    order(&mut reasons, rule.field.as_deref());
    let own = reasons.iter().map(|reason| (resource, reason));
    let others = elsewhere.iter().map(|(resource, reason)| (*resource, reason));
    // What is wrong with a related resource says more than why one was looked for.
    let all: Vec<(&ExpandedResource, &Reason)> = others.chain(own).take(MAX_EVIDENCE).collect();
    let evidence: Vec<Evidence> =
        all.iter().map(|(resource, reason)| evidence(expansion, resource, reason)).collect();
    let is_about_absence = note.is_some() && elsewhere.is_empty();
    let first = evidence.first().filter(|_| !is_about_absence);
    let place = first.and_then(|evidence| evidence.place.clone());
    let place = place.unwrap_or_else(|| place_of_resource(expansion, resource));
    let sentence = all.first().filter(|_| !is_about_absence).map(|(_, reason)| wording::sentence(reason));
    let message = match (note, sentence) {
        (Some(note), Some(sentence)) => format!("{note}: {sentence}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => rule.title.clone(),
    };
    let name = name_of(resource);
    let pointer = first.and_then(|evidence| evidence.pointer.as_deref()).unwrap_or_default();
    let file = place.spot.file.replace('\\', "/");
    let file = file.trim_start_matches("./");
    let fingerprint = fingerprints.next(&[&rule.id, file, &name.resource_type, &name.name, pointer]);
    Finding {
        rule: rule.id.clone(),
        assignment: None,
        verdict: kind,
        severity: rule.severity,
        effect: rule.effect.clone(),
        message,
        resource: name,
        deployed_if: resource.condition.as_ref().map(|condition| wording::json(&condition.to_json())),
        place,
        evidence,
        fingerprint,
        suppressed: None,
    }
}

/// The name of a resource.
pub(crate) fn name_of(resource: &ExpandedResource) -> ResourceName {
    ResourceName {
        id: resource.id.clone(),
        resource_type: resource.resource_type.clone(),
        name: resource.name.clone(),
        symbolic_name: resource.symbolic_name.clone(),
    }
}

/// What decides first: the field that the rule names, then other fields, then what the rule is about. Of two comparisons
/// of one value the one that says more than whether it is there.
fn order(reasons: &mut Vec<Reason>, field: Option<&str>) {
    let is_named = |reason: &Reason| {
        field.is_some_and(|wanted| {
            reason.field.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })
    };
    let is_about = |reason: &Reason| {
        let name = reason.field.as_deref().unwrap_or_default();
        ABOUT.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    reasons.sort_by_key(|reason| (reason.fault.is_none(), !is_named(reason), is_about(reason)));
    let exists = azimuth_policy::Operator::Exists;
    let spoken_of: Vec<String> = reasons
        .iter()
        .filter(|reason| reason.operator != exists)
        .filter_map(|reason| reason.path.as_ref().map(ToString::to_string))
        .collect();
    reasons.retain(|reason| {
        let path = reason.path.as_ref().map(ToString::to_string);
        reason.operator != exists || path.is_none_or(|path| !spoken_of.contains(&path))
    });
}

fn evidence(expansion: &Expansion, resource: &ExpandedResource, reason: &Reason) -> Evidence {
    let place = reason.pointer.as_deref().and_then(|pointer| place_of(expansion, resource, pointer));
    Evidence {
        condition: reason.condition.to_string(),
        expression: reason.expression.clone(),
        pointer: reason.pointer.clone().filter(|_| reason.is_exact),
        seen: reason.seen.clone(),
        wanted: wording::wanted(reason.operator, &reason.target, reason.is_positive),
        operator: reason.operator.name(),
        target: reason.target.clone(),
        unknown: reason.unknown.clone(),
        place: place.map(without_detours),
    }
}

/// Loops and deployments once are enough.
fn without_detours(mut place: Place) -> Place {
    place.via.dedup();
    place
}

/// Whether a verdict is shown among the violations.
pub(crate) fn is_violation(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::Violated | VerdictKind::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_ignore_letter_case_and_number_repetitions() {
        let mut fingerprints = Fingerprints::default();
        let first = fingerprints.next(&["R", "a.json"]);
        let second = fingerprints.next(&["r", "A.json"]);
        assert_eq!(second, format!("{first}-2"));
        assert_ne!(Fingerprints::default().next(&["Ra", ".json"]), first);
    }
}
