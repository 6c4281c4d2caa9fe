//! One line for each listed consequence.

use std::io::{self, Write};

use super::outcome::{History, Impact, Listed};
use super::terminal::delta_text;
use crate::report::csv::row;

pub(super) fn write(out: &mut dyn Write, impact: &Impact<'_>) -> io::Result<()> {
    row(
        out,
        &[
            "part",
            "consequence",
            "time",
            "actor",
            "sequence",
            "resourceId",
            "policies",
            "policyAssignmentIds",
            "changes",
            "note",
        ],
    )?;
    for listed in &impact.present.listed {
        line(out, impact, "present", listed)?;
    }
    if let History::Replayed(replayed) = &impact.history {
        for listed in &replayed.part.listed {
            line(out, impact, "history", listed)?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, impact: &Impact<'_>, part: &str, listed: &Listed) -> io::Result<()> {
    let consequence = &listed.consequence;
    let labels: Vec<_> =
        consequence.policies.iter().filter_map(|policy| impact.labels.get(*policy)).collect();
    let (sequence, time, actor) = match &listed.when {
        Some((sequence, time, actor)) => (sequence.to_string(), time.to_string(), actor.as_str()),
        None => (String::new(), String::new(), ""),
    };
    let titles: Vec<&str> = labels.iter().map(|label| label.title.as_str()).collect();
    let mut assignments: Vec<&str> = labels.iter().map(|label| label.assignment_id.as_str()).collect();
    assignments.dedup();
    let changes: Vec<String> = consequence.deltas.iter().map(delta_text).collect();
    row(
        out,
        &[
            part,
            consequence.kind.name(),
            &time,
            actor,
            &sequence,
            &listed.resource,
            &titles.join("; "),
            &assignments.join("; "),
            &changes.join("; "),
            consequence.note.as_deref().unwrap_or_default(),
        ],
    )
}
