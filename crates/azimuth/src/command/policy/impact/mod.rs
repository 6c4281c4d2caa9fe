//! `azimuth policy impact`: what a new or changed assignment would do, now and to the writes of the past.

mod csv;
mod html;
mod outcome;
mod proposal;
pub(in crate::command) mod record;
mod replay;
mod terminal;

use azimuth_ids::fold;
use azimuth_policy::{CompileOptions, ConsequenceKind, GovernanceError, Inventory, Proposal, Surroundings};
use jiff::Timestamp;

use super::source;
use crate::args::{ImpactFailOn, ImpactFormat, PolicyImpactArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

use outcome::{History, Impact, Part};
use replay::Replay;

pub(crate) fn run(args: &PolicyImpactArgs, ui: Ui) -> Result<Exit, Failure> {
    let since = args.since.as_deref().map(start_of).transpose()?;
    // Looked at first: a file that cannot take the run is no reason to find out after minutes.
    let held = args.record.as_deref().map(record::open).transpose()?;
    let estate = input::load(&args.input, ui)?;
    let policies = source::load(&args.source, &estate.snapshot, ui)?;
    let today = policies.inventory;
    let scopes = source::Scopes::new(&estate.snapshot);
    let proposed = proposal::read(args, &today, &scopes, ui)?;
    let govern =
        |inventory: &Inventory| inventory.govern(policies.catalogue.clone(), &CompileOptions::default());
    let mut only_changed = proposed.inventory.clone();
    only_changed.assignments.retain(|assignment| proposed.changed.contains(&*fold(&assignment.id)));
    let (changed, errors) = govern(&only_changed);
    refuse(&errors)?;
    super::scan::tell_errors(&errors, ui);
    let (before, _) = govern(&today);
    let (after, _) = govern(&proposed.inventory);
    let proposal = Proposal::new(&before, &after, &changed);

    let surroundings = Surroundings::new(&estate.snapshot, estate.as_of);
    let mut present = Part::new(args.limit);
    replay::estate(&proposal, &surroundings, &mut present, ui);
    let history = match &estate.store {
        Some(store) => {
            let replay = Replay {
                store: store.documents(),
                proposal: &proposal,
                snapshot: &estate.snapshot,
                since,
                until: args.input.as_of.as_ref().map(|_| estate.as_of),
                actors: &args.actor,
            };
            History::Replayed(Box::new(replay.run(args.limit, ui)?))
        }
        None => {
            if since.is_some() || !args.actor.is_empty() {
                return Err(Failure::usage("`--since` and `--actor` need the history of a store")
                    .hint("import exports regularly with `azimuth import PATH --store FILE`, then give --store FILE"));
            }
            History::Absent
        }
    };
    let impact = Impact {
        as_of: estate.as_of,
        labels: proposal.labels(),
        assignments: changed.assignments(),
        assignments_today: today.assignments.len(),
        present,
        history,
    };
    output::to(args.out.as_deref(), |out| match args.format {
        ImpactFormat::Terminal => terminal::write(out, &impact, args.show, crate::ui::width()),
        ImpactFormat::Json => output::json(out, &impact.to_json()),
        ImpactFormat::Csv => csv::write(out, &impact),
        ImpactFormat::Html => html::write(out, &impact),
    })?;
    if let (Some(path), Some(held)) = (&args.record, held) {
        record::write(path, held, &impact, Timestamp::now())?;
        let runs = crate::report::count(impact.assignments.len(), "impact run");
        ui.note(format_args!("note: {runs} put on record in `{}`", path.display()));
    }
    let replayed = match &impact.history {
        History::Replayed(part) => Some(&**part),
        History::Absent => None,
    };
    let is_met = match args.fail_on {
        ImpactFailOn::Never => false,
        ImpactFailOn::Denied => replayed.is_some_and(|part| {
            part.part.total(ConsequenceKind::Denied) + part.part.total(ConsequenceKind::Blocked) > 0
        }),
        ImpactFailOn::Any => {
            impact.present.has_consequences() || replayed.is_some_and(|part| part.part.has_consequences())
        }
    };
    Ok(if is_met { Exit::ConditionMet } else { Exit::Done })
}

/// What stands against the proposal itself.
fn refuse(errors: &[GovernanceError]) -> Result<(), Failure> {
    let fatal = errors.iter().find(|error| {
        matches!(
            error,
            GovernanceError::MissingDefinition { .. }
                | GovernanceError::Parameters { .. }
                | GovernanceError::Reference { .. }
        )
    });
    match fatal {
        None => Ok(()),
        Some(error @ GovernanceError::MissingDefinition { .. }) => Err(Failure::input(error).hint(
            "give the definitions with --with FILE or --definitions FILE (`az policy definition list`)",
        )),
        Some(error) => {
            Err(Failure::input(error).hint("give values with --param NAME=VALUE or --set NAME=VALUE"))
        }
    }
}

/// `--since`: RFC 3339, or a date, whose first moment in UTC it then is.
fn start_of(text: &str) -> Result<jiff::Timestamp, Failure> {
    let first_moment = format!("{text}T00:00:00Z");
    text.parse().or_else(|_| first_moment.parse()).map_err(|_| {
        Failure::usage(format_args!("`{text}` is no time"))
            .hint("write it as `2026-01-31` or `2026-01-31T12:00:00Z`")
    })
}
