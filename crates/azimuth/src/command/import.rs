//! `azimuth import`: exported files into a store, as one transaction.

use azimuth_host::Write as DocumentWrite;
use azimuth_store::ImportMode;

use super::output;
use crate::args::{ImportArgs, ListFormat};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(args: &ImportArgs, ui: Ui) -> Result<Exit, Failure> {
    let read = input::read_paths(&args.paths, ui)?;
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
