//! `azimuth import`: exported files into a store, as one transaction.

use azimuth_exports::{Completeness, Imported};
use azimuth_host::{AsOf, Documents, Write as DocumentWrite, WriteOutcome};
use azimuth_store::{ImportMode, ImportSummary};

use super::output;
use crate::args::{ImportArgs, ListFormat};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::source::Source;
use crate::ui::Ui;

pub(crate) fn run(args: &ImportArgs, ui: Ui) -> Result<Exit, Failure> {
    let mut read = input::read_paths(&args.paths, args.template_scope.as_deref(), ui)?;
    input::report(&read.diagnostics, ui);
    input::refuse_if_strict(args.strict, &read.diagnostics)?;
    if read.documents.is_empty() {
        return Err(Failure::input("no Azure document found, nothing was imported"));
    }
    let source = Source::open(&args.store, false)?;
    if let (Source::Lab(_), true) = (&source, args.replace) {
        return Err(Failure::usage("`--replace` is for stores: a lab has what its store has")
            .hint("take documents out of a lab with `azimuth lab delete`"));
    }
    let mode = if args.replace {
        ImportMode::Replace { prefixes: ["/", "graph:/", "tags:/", "azimuth:/"].map(str::to_owned).into() }
    } else {
        ImportMode::Merge
    };
    let count = read.documents.len();
    let kept = keep_fuller(source.documents(), &mut read.documents)?;
    if kept > 0 {
        ui.note(format_args!(
            "note: {kept} documents are only mentioned or listed in these files; the fuller ones of the store stay"
        ));
    }
    let bar = ui.bar("writing", count as u64, false);
    let writes = read.documents.into_iter().map(|document| {
        bar.inc(1);
        DocumentWrite::put(document.key, document.body)
    });
    let summary = match &source {
        Source::Store(store) => store.import(&args.actor, &mode, writes)?,
        Source::Lab(lab) => counted(&lab.fork.commit(&args.actor, writes.collect())?),
    };
    bar.finish_and_clear();
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(
            out,
            &serde_json::json!({
                "files": read.files, "documents": count, "created": summary.created, "updated": summary.updated,
                "unchanged": summary.unchanged, "deleted": summary.deleted,
                "firstSequence": summary.first, "lastSequence": summary.last,
                "diagnostics": read.diagnostics,
            }),
        ),
        ListFormat::Table => writeln!(
            out,
            "{count} documents from {} files: {} created, {} updated, {} unchanged, {} deleted",
            read.files, summary.created, summary.updated, summary.unchanged, summary.deleted
        ),
    })?;
    Ok(Exit::Done)
}

/// What a commit came to, counted.
fn counted(outcomes: &[WriteOutcome]) -> ImportSummary {
    let mut summary = ImportSummary::default();
    for outcome in outcomes {
        let (count, place) = match outcome {
            WriteOutcome::Created(place) => (&mut summary.created, Some(*place)),
            WriteOutcome::Updated(place) => (&mut summary.updated, Some(*place)),
            WriteOutcome::Deleted(place) => (&mut summary.deleted, Some(*place)),
            WriteOutcome::Unchanged(_) => (&mut summary.unchanged, None),
            WriteOutcome::Absent => continue,
        };
        *count += 1;
        summary.first = summary.first.or(place);
        summary.last = place.or(summary.last);
    }
    summary
}

/// Gives a document that its source only lists or mentions the store's body if that says more, and returns how
/// many there are: a later `az resource list` must not wipe out properties.
fn keep_fuller(store: &dyn Documents, documents: &mut [Imported]) -> Result<usize, Failure> {
    let mut kept = 0;
    for document in documents.iter_mut().filter(|document| document.rank != Completeness::Full) {
        if let Some(current) = store.read(&document.key, AsOf::Now)?
            && (document.rank == Completeness::Stub || has_properties(&current.body))
            && *current.body != *document.body
        {
            document.body = (*current.body).into();
            kept += 1;
        }
    }
    Ok(kept)
}

/// Whether a resource's JSON text has properties of its own, as opposed to the head that lists give.
pub(crate) fn has_properties(body: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Shape {
        #[serde(default)]
        properties: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Shape>(body).is_ok_and(|shape| shape.properties.is_some())
}
