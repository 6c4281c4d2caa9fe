//! `azimuth check`: is the store's file sound.

use super::output;
use crate::args::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::input;

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let store = input::open_store(&args.store, true)?;
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
