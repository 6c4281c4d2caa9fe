//! A comparison for eyes.

use std::io::{self, Write};

use super::outcome::{Comparison, Compliance};
use crate::command::output::safe;
use crate::report::count;

/// Writes a comparison, at most so many of each list.
pub(super) fn write(out: &mut dyn Write, found: &Comparison, most: usize) -> io::Result<()> {
    writeln!(out, "Forked from {} at change {}, judged at {}\n", found.base, found.sequence, found.as_of)?;
    writeln!(out, "{} changed", count(found.documents.len(), "document"))?;
    let lines = found.documents.iter().map(|document| format!("{:<8} {}", document.change, document.key));
    list(out, lines, most)?;

    writeln!(out, "\n{} end otherwise", count(found.controls.len(), "control"))?;
    for control in &found.controls {
        let verdict = match control.before == control.after {
            true => control.after.to_owned(),
            false => format!("{} → {}", control.before, control.after),
        };
        writeln!(out, "  {:<6} {} ({verdict})", control.id, control.title)?;
        for (sign, examples) in [('+', &control.new), ('-', &control.gone)] {
            let lines =
                examples.iter().map(|example| format!("    {sign} {} {}", example.object, example.path));
            list(out, lines, most)?;
        }
    }

    let (worse, other): (Vec<_>, Vec<_>) = found.compliance.iter().partition(|found| found.is_worse());
    for (states, title) in
        [(worse, "no longer in line with a policy"), (other, "in another state under a policy")]
    {
        writeln!(out, "\n{} {title}", count(states.len(), "resource"))?;
        list(out, states.into_iter().map(state), most)?;
    }

    writeln!(out, "\n{} of the lab would be refused", count(found.refused.len(), "write"))?;
    let lines = found.refused.iter().map(|refusal| {
        let policies = refusal.policies.iter().map(|policy| last(&policy.assignment));
        format!("{} by {}", refusal.resource, policies.collect::<Vec<_>>().join(", "))
    });
    list(out, lines, most)
}

fn state(found: &Compliance) -> String {
    let name = |state: Option<&'static str>| state.unwrap_or("–");
    let definition = if found.reference.is_empty() { last(&found.definition) } else { &found.reference };
    format!(
        "{} → {}  {}  {} / {definition} ({})",
        name(found.before),
        name(found.after),
        found.resource,
        last(&found.assignment),
        found.effect
    )
}

/// The name at the end of an id.
fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn list(out: &mut dyn Write, lines: impl ExactSizeIterator<Item = String>, most: usize) -> io::Result<()> {
    let count = lines.len();
    for line in lines.take(most) {
        writeln!(out, "  {}", safe(&line))?;
    }
    match count.checked_sub(most) {
        Some(more) if more > 0 => writeln!(out, "  … and {more} more: `--show {count}`, or `--output json`"),
        _ => Ok(()),
    }
}
