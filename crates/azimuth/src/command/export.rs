//! `azimuth export`: documents as canonical NDJSON, sorted by key: the same estate gives the same bytes.

use azimuth_diag::Place;
use azimuth_exports::{Completeness, Imported};
use azimuth_ids::{DocumentKey, IdKind};

use super::output;
use crate::args::ExportArgs;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(args: &ExportArgs, ui: Ui) -> Result<Exit, Failure> {
    let estate = input::load(&args.input, ui)?;
    let bar = ui.bar("writing", estate.snapshot.len() as u64, false);
    output::to(args.out.as_deref(), |out| {
        for entry in estate.snapshot.entries() {
            bar.inc(1);
            let is_head = entry.resource_id().is_some_and(|id| id.kind() == IdKind::Resource)
                && !super::import::has_properties(entry.body());
            let document = Imported {
                key: DocumentKey::parse(entry.key()).map_err(std::io::Error::other)?,
                body: entry.body().into(),
                rank: if is_head { Completeness::Listed } else { Completeness::Full },
                place: Place::default(),
            };
            azimuth_exports::write_ndjson(&[document], out)?;
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(Exit::Done)
}
