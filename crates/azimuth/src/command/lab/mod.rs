//! `azimuth lab`: an estate forked, changed and compared with what it was.

mod compare;
mod compliance;
mod outcome;
mod terminal;
mod verdicts;

use azimuth_host::{AsOf, Documents, Write as DocumentWrite, WriteOutcome};
use azimuth_ids::DocumentKey;

use crate::args::{LabCommand, LabDeleteArgs, LabForkArgs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::report::count;
use crate::source::Lab;
use crate::ui::Ui;

pub(crate) fn run(command: &LabCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        LabCommand::Fork(args) => fork(args, ui),
        LabCommand::Delete(args) => delete(args, ui),
        LabCommand::Compare(args) => compare::run(args, ui),
    }
}

fn fork(args: &LabForkArgs, ui: Ui) -> Result<Exit, Failure> {
    let as_of = args.as_of.as_deref().map(input::parse_time).transpose()?.map_or(AsOf::Now, AsOf::Time);
    let lab = Lab::create(&args.lab, &args.store, as_of)?;
    let shown = args.lab.display();
    ui.note(format_args!(
        "forked `{}` at change {} into `{shown}`\n\nnext: azimuth import CHANGES --store {shown}\n      azimuth lab compare {shown}",
        lab.facts.base.display(),
        lab.facts.sequence
    ));
    Ok(Exit::Done)
}

fn delete(args: &LabDeleteArgs, ui: Ui) -> Result<Exit, Failure> {
    let lab = Lab::open(&args.lab, false)?;
    let keys = args.ids.iter().map(|id| {
        DocumentKey::parse(id)
            .map_err(|error| Failure::usage(error).hint("write a resource id, or `graph:/users/{id}`"))
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let (mut writes, mut known) = (Vec::new(), vec![false; keys.len()]);
    lab.fork.scan(AsOf::Now, &mut |document| {
        let is_at = |key: &DocumentKey| {
            let below = document.key.as_str().strip_prefix(key.as_str());
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(place) = keys.iter().position(is_at) {
            known[place] = true;
            writes.push(DocumentWrite::delete(document.key));
        }
        true
    })?;
    if let Some(place) = known.iter().position(|known| !known) {
        return Err(Failure::input(format_args!("the lab has no `{}`, nothing was deleted", keys[place])));
    }
    let outcomes = lab.fork.commit(&args.actor, writes)?;
    let gone = outcomes.iter().filter(|outcome| matches!(outcome, WriteOutcome::Deleted(_))).count();
    ui.note(format_args!("{} deleted in the lab", count(gone, "document")));
    Ok(Exit::Done)
}
