//! An assessment in every format that people and programs want.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod sarif;
pub(crate) mod terminal;

use azimuth_posture::{Area, Assessment, ControlResult, Counterexample, MissingEvidence, Severity, Verdict};

/// The kinds of verdict, in the order in which people want to see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Violated,
    Unknown,
    Proven,
    NotApplicable,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Violated, Self::Unknown, Self::Proven, Self::NotApplicable];

    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Proven { .. } => Self::Proven,
            Verdict::Violated { .. } => Self::Violated,
            Verdict::Unknown { .. } => Self::Unknown,
            Verdict::NotApplicable { .. } => Self::NotApplicable,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Unknown => "unknown",
            Self::Proven => "proven",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// The results of each area, in the order of the first appearance.
pub(crate) fn by_area(assessment: &Assessment) -> Vec<(Area, Vec<&ControlResult>)> {
    let mut areas: Vec<(Area, Vec<&ControlResult>)> = Vec::new();
    for result in &assessment.results {
        match areas.iter_mut().find(|(area, _)| *area == result.control.area) {
            Some((_, results)) => results.push(result),
            None => areas.push((result.control.area, vec![result])),
        }
    }
    areas
}

/// How many controls have each kind of verdict.
pub(crate) fn counts<'a>(results: impl IntoIterator<Item = &'a ControlResult>) -> [usize; 4] {
    let mut counts = [0; 4];
    for result in results {
        counts[Kind::of(&result.verdict) as usize] += 1;
    }
    counts
}

pub(crate) fn counterexamples(verdict: &Verdict) -> &[Counterexample] {
    match verdict {
        Verdict::Violated { counterexamples, .. } => counterexamples,
        _ => &[],
    }
}

pub(crate) fn missing(verdict: &Verdict) -> &[MissingEvidence] {
    match verdict {
        Verdict::Violated { missing, .. } | Verdict::Unknown { missing, .. } => missing,
        Verdict::Proven { .. } | Verdict::NotApplicable { .. } => &[],
    }
}

pub(crate) fn checked(verdict: &Verdict) -> &[azimuth_posture::Checked] {
    match verdict {
        Verdict::Proven { checked }
        | Verdict::Violated { checked, .. }
        | Verdict::Unknown { checked, .. } => checked,
        Verdict::NotApplicable { .. } => &[],
    }
}

/// The word for a severity.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// A value as people read it: text without quotes, everything else as JSON.
pub(crate) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `1 object`, `2 objects`, `1,234 objects`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// `1,234,567`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// One line that says what the verdict rests on.
pub(crate) fn summary_line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Proven { checked } => join_checked(checked),
        Verdict::Violated { counterexamples, .. } if counterexamples.is_empty() => {
            "nothing new since the baseline".to_owned()
        }
        Verdict::Violated { counterexamples, .. } => count(counterexamples.len(), "counterexample"),
        Verdict::Unknown { missing, .. } => match missing.as_slice() {
            [] => "evidence is missing".to_owned(),
            [one] => format!("needs {}", one.what),
            [first, rest @ ..] => format!("needs {} and {} more", first.what, rest.len()),
        },
        Verdict::NotApplicable { why } => why.clone(),
    }
}

fn join_checked(checked: &[azimuth_posture::Checked]) -> String {
    let parts: Vec<String> =
        checked.iter().map(|check| format!("{} {}", thousands(check.objects), check.what)).collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(count(1, "user"), "1 user");
        assert_eq!(count(2_000, "user"), "2,000 users");
    }
}
