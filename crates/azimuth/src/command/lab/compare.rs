//! `azimuth lab compare`.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_estate::{Entry, Snapshot};
use azimuth_host::{AsOf, Change, Documents};
use azimuth_ids::DocumentKey;
use jiff::Timestamp;

use super::compliance::{self, Side};
use super::outcome::{Comparison, Document};
use super::{terminal, verdicts};
use crate::args::{LabCompareArgs, ListFormat};
use crate::command::{output, policy};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::load;
use crate::source::Lab;
use crate::ui::Ui;

/// Changes read at a time.
const PAGE: usize = 10_000;

pub(super) fn run(args: &LabCompareArgs, ui: Ui) -> Result<Exit, Failure> {
    let held = args.record.as_deref().map(policy::record::open).transpose()?;
    let lab = Lab::open(&args.lab, true)?;
    let catalogue = Arc::new(policy::aliases::catalogue(&args.aliases)?);
    let (at, as_of) = (lab.facts.sequence, Timestamp::now());
    let spinner = ui.spinner("loading");
    let before = load::from_store(&lab.base, AsOf::Sequence(at), input::threads())?;
    let before = before.threads(input::threads()).finish();
    let after = load::from_documents(&lab.fork, AsOf::Now)?.threads(input::threads()).finish();
    spinner.finish_and_clear();
    let changed = changed(&lab)?;
    let written = written(&changed, &after);

    let was = verdicts::assess(&before, &*lab.base, as_of, "judging before", ui);
    let is = verdicts::assess(&after, &lab.fork, as_of, "judging after", ui);
    let mut types: Vec<String> = [&before, &after]
        .into_iter()
        .flat_map(|side| side.types().map(|(name, _)| name.to_owned()))
        .collect();
    types.sort();
    types.dedup();
    let sides = [&before, &after].map(|snapshot| Side::new(snapshot, &catalogue, as_of, &types));
    let comparison = Comparison {
        base: lab.facts.base.display().to_string(),
        sequence: at,
        as_of,
        documents: changed
            .iter()
            .map(|(key, (_, change))| Document { key: key.to_string(), change })
            .collect(),
        controls: verdicts::differences(&was, &is),
        compliance: compliance::differences(&sides[0], &sides[1], ui)?,
        refused: sides[1].refused(&written)?,
    };
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(out, &comparison),
        ListFormat::Table => terminal::write(out, &comparison, args.show),
    })?;
    if let (Some(path), Some(held)) = (&args.record, held) {
        let runs = runs(&written, &comparison, after.len());
        let count = crate::report::count(runs.len(), "trial");
        policy::record::append(path, held, runs)?;
        ui.note(format_args!("note: {count} put on record in `{}`", path.display()));
    }
    let is_worse = args.fail_on_worse && comparison.is_worse();
    // The process ends here: taking large estates apart again would cost more than much of the run.
    std::mem::forget(sides);
    std::mem::forget((before, after));
    Ok(if is_worse { Exit::ConditionMet } else { Exit::Done })
}

/// What the lab changed in the end: the last change of each document that differs from the store's.
fn changed(lab: &Lab) -> Result<BTreeMap<DocumentKey, (Change, &'static str)>, Failure> {
    let mut last: BTreeMap<DocumentKey, Change> = BTreeMap::new();
    let mut position = lab.facts.sequence;
    loop {
        let page = lab.fork.changes(position, PAGE)?;
        let Some(end) = page.last() else { break };
        position = end.sequence;
        last.extend(page.into_iter().map(|change| (change.key.clone(), change)));
    }
    let mut changed = BTreeMap::new();
    for (key, change) in last {
        let was = lab.base.read(&key, AsOf::Sequence(lab.facts.sequence))?;
        let kind = match (was, &change.after) {
            (None, None) => continue,
            (Some(was), Some(is)) if was.body == *is => continue,
            (None, Some(_)) => "created",
            (Some(_), Some(_)) => "updated",
            (Some(_), None) => "deleted",
        };
        changed.insert(key, (change, kind));
    }
    Ok(changed)
}

/// The documents that the lab wrote, as they are in it.
fn written<'s>(
    changed: &BTreeMap<DocumentKey, (Change, &'static str)>,
    after: &'s Snapshot,
) -> Vec<Entry<'s>> {
    let there = changed.keys().filter_map(|key| after.get(key));
    there.filter(|entry| entry.resource_id().is_some()).collect()
}

/// A trial for each policy assignment that the lab wrote, as control MG-5 reads it.
fn runs(written: &[Entry<'_>], comparison: &Comparison, resources: usize) -> Vec<serde_json::Value> {
    let assignments =
        written.iter().filter(|entry| entry.kind() == "microsoft.authorization/policyassignments");
    let run = |entry: &Entry<'_>| {
        let body: serde_json::Value = serde_json::from_str(entry.body()).unwrap_or_default();
        let id = entry.resource_id().map_or_else(|| entry.key().to_owned(), |id| id.to_string());
        let own = |is_wanted: &dyn Fn(&super::outcome::Compliance) -> bool| {
            let of_it = comparison
                .compliance
                .iter()
                .filter(|found| azimuth_ids::eq_fold(&found.assignment, &id) && is_wanted(found));
            of_it.count()
        };
        serde_json::json!({
            "assignment": id,
            "definition": body["properties"]["policyDefinitionId"],
            "time": comparison.as_of.to_string(),
            "asOf": comparison.as_of.to_string(),
            "resources": resources,
            "found": {
                "nonCompliant": own(&|found| found.after == Some("NonCompliant")),
                "compliant": own(&|found| found.after == Some("Compliant")),
            },
        })
    };
    assignments.map(run).collect()
}
