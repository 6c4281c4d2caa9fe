//! JUnit XML: one suite per assignment, one case per policy.

use std::io::{self, Write};

use azimuth_policy::PolicyId;

use super::bad;
use super::summary::Summary;
use crate::report::count;
use crate::report::junit::escape;

/// Resources named for each policy.
const NAMED: usize = 20;

pub(super) fn write(out: &mut dyn Write, summary: &Summary<'_>) -> io::Result<()> {
    let tested = |id: &PolicyId| {
        let counts = &summary.tally.policies[id.0 as usize].counts;
        counts.total() + counts.undecided > 0
    };
    let of = |assignment: usize| -> Vec<PolicyId> {
        let policies = summary.job.names.policies.iter().enumerate();
        let own = policies.filter(|(_, policy)| policy.assignment == assignment);
        own.map(|(index, _)| PolicyId(index as u32)).filter(tested).collect()
    };
    let counts = |id: &PolicyId| &summary.tally.policies[id.0 as usize].counts;
    let all: usize = summary.assignments.iter().map(|index| of(*index).len()).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="azimuth policy" tests="{all}" failures="{}">"#,
        summary.failing.len()
    )?;
    for index in &summary.assignments {
        let policies = of(*index);
        let assignment = &summary.job.names.assignments[*index];
        let failures = policies.iter().filter(|id| bad(counts(id)) > 0).count();
        let skipped = policies.iter().filter(|id| counts(id).total() == 0).count();
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{failures}" skipped="{skipped}" timestamp="{}">"#,
            escape(&assignment.title),
            policies.len(),
            summary.job.surroundings.now()
        )?;
        for id in policies {
            let (policy, _) = summary.policy(id);
            let name =
                if policy.reference_id.is_empty() { &policy.definition_name } else { &policy.reference_id };
            write!(
                out,
                r#"    <testcase classname="{}" name="{} ({})""#,
                escape(&assignment.name),
                escape(&policy.title),
                escape(name)
            )?;
            let failing = bad(counts(&id));
            if failing > 0 {
                let text = format!("{} do not comply", count(failing as usize, "resource"));
                writeln!(out, ">\n      <failure type=\"noncompliant\" message=\"{text}\">")?;
                for (entry, why) in summary.examples(id, NAMED) {
                    writeln!(out, "{}", escape(&format!("{}: {}", entry.id(), why.lines().join("; "))))?;
                }
                writeln!(out, "      </failure>\n    </testcase>")?;
            } else if counts(&id).total() == 0 {
                let text = format!("{} undecided", count(counts(&id).undecided as usize, "resource"));
                writeln!(out, ">\n      <skipped message=\"{text}\"/>\n    </testcase>")?;
            } else {
                writeln!(out, "/>")?;
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}
