//! `azimuth import`: exported files into a store, as one transaction.

use azimuth_exports::{Completeness, Imported};
use azimuth_host::{AsOf, Documents, Write as DocumentWrite};
use azimuth_store::{ImportMode, Store};

use super::output;
use crate::args::{ImportArgs, ListFormat};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(args: &ImportArgs, ui: Ui) -> Result<Exit, Failure> {
    let mut read = input::read_paths(&args.paths, args.template_scope.as_deref(), ui)?;
    input::report(&read.diagnostics, ui);
    input::refuse_if_strict(args.strict, &read.diagnostics)?;
    if read.documents.is_empty() {
        return Err(Failure::input("no Azure document found, nothing was imported"));
    }
    let store = input::open_store(&args.store, false)?;
    let mode = if args.replace {
        ImportMode::Replace { prefixes: ["/", "graph:/", "tags:/", "azimuth:/"].map(str::to_owned).into() }
    } else {
        ImportMode::Merge
    };
    let count = read.documents.len();
    let kept = keep_fuller(&store, &mut read.documents)?;
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
    let summary = store.import(&args.actor, &mode, writes)?;
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

/// Gives a document that its source only lists or mentions the store's body if that says more, and returns how
/// many there are: a later `az resource list` must not wipe out properties.
fn keep_fuller(store: &Store, documents: &mut [Imported]) -> Result<usize, Failure> {
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
