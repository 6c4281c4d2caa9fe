//! Controls that end otherwise.

use std::collections::HashSet;

use azimuth_estate::Snapshot;
use azimuth_host::Documents;
use azimuth_posture::{Assessment, Counterexample, History, Options};
use jiff::Timestamp;

use super::outcome::Control;
use crate::command::assess::StoreHistory;
use crate::input;
use crate::ui::Ui;

/// What every control says of an estate.
pub(super) fn assess(
    snapshot: &Snapshot,
    documents: &dyn Documents,
    as_of: Timestamp,
    what: &'static str,
    ui: Ui,
) -> Assessment {
    let history = StoreHistory(documents);
    let options = Options { history: Some(&history as &dyn History), ..Options::new(as_of) };
    let bar = ui.bar(what, azimuth_posture::controls().len() as u64, false);
    let assessment =
        azimuth_posture::assess(snapshot, &options, input::threads(), &|_control, done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        });
    bar.finish_and_clear();
    assessment
}

/// The controls that end otherwise, or with other counterexamples.
pub(super) fn differences(before: &Assessment, after: &Assessment) -> Vec<Control> {
    let mut found = Vec::new();
    for (was, is) in before.results.iter().zip(&after.results) {
        let (old, new) = (was.verdict.counterexamples(), is.verdict.counterexamples());
        let control = Control {
            id: is.control.id,
            title: is.control.title,
            before: was.verdict.name(),
            after: is.verdict.name(),
            new: without(new, old),
            gone: without(old, new),
        };
        if control.before != control.after || !control.new.is_empty() || !control.gone.is_empty() {
            found.push(control);
        }
    }
    found
}

/// Counterexamples that are not among others: another object, or another property of it.
fn without(all: &[Counterexample], others: &[Counterexample]) -> Vec<Counterexample> {
    let others: HashSet<_> = others.iter().map(Counterexample::place).collect();
    all.iter().filter(|example| !others.contains(&example.place())).cloned().collect()
}
