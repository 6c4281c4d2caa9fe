//! `azimuth store check`: is the store's file sound.

use std::path::Path;

use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;

pub(super) fn check(path: &Path) -> Result<Exit, Failure> {
    let store = input::open_store(path, true)?;
    let report = store.check()?;
    if !report.is_sound() {
        let shown = report.problems.join("\n  ");
        return Err(Failure::new(Exit::Outside, anyhow::anyhow!("the store is damaged:\n  {shown}"))
            .hint("restore a backup, or import the exports again into a new store"));
    }
    output::to(None, |out| {
        writeln!(
            out,
            "sound: {} documents, {} versions, {} commits",
            report.documents, report.versions, report.commits
        )
    })?;
    Ok(Exit::Done)
}
