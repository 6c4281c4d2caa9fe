//! Policy objects of the estate and of further files, their scopes mapped, and the aliases to read them with.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_diag::Severity;
use azimuth_estate::Snapshot;
use azimuth_ids::{IdRef, eq_fold, fold};
use azimuth_policy::{Assignment, Catalogue, Inventory, ancestors};

use super::aliases;
use crate::args::PolicySourceArgs;
use crate::exit::Failure;
use crate::input;
use crate::report::count;
use crate::ui::Ui;

/// Problems shown before the rest is only counted.
const SHOWN: usize = 5;

/// What is to be decided with.
pub(super) struct Policies {
    pub(super) inventory: Inventory,
    pub(super) catalogue: Arc<Catalogue>,
    /// Scopes of assignments that hold nothing of the estate, and how many assignments each has.
    pub(super) idle: BTreeMap<String, usize>,
}

/// Gathers policy objects and puts assignments where they are wanted.
pub(super) fn load(source: &PolicySourceArgs, snapshot: &Snapshot, ui: Ui) -> Result<Policies, Failure> {
    let mut inventory = Inventory::of_snapshot(snapshot, input::threads());
    if !source.definitions.is_empty() {
        let read = input::read_paths(&source.definitions, None, ui)?;
        input::report(&read.diagnostics, ui);
        let mut builder = Snapshot::builder().threads(input::threads());
        for document in read.documents {
            builder.push(&document.key, document.body);
        }
        let more = Inventory::of_snapshot(&builder.finish(), input::threads());
        if more.definitions.is_empty() && more.initiatives.is_empty() && more.assignments.is_empty() {
            return Err(Failure::input("`--definitions` names no file with policy objects")
                .hint("export some: `az policy definition list > definitions.json`"));
        }
        inventory.fill_from(more);
    }
    tell_problems(&inventory, ui);
    let catalogue = Arc::new(aliases::catalogue(&source.aliases)?);
    let scopes = Scopes::new(snapshot);
    map_scopes(source, &mut inventory.assignments, &scopes)?;
    let mut idle = BTreeMap::new();
    for assignment in &mut inventory.assignments {
        if scopes.holds_something(&assignment.scope) {
            continue;
        }
        match &source.assign_at {
            Some(scope) => assignment.scope = scopes.known(scope, "--assign-at")?,
            None => *idle.entry(assignment.scope.clone()).or_default() += 1,
        }
    }
    Ok(Policies { inventory, catalogue, idle })
}

fn tell_problems(inventory: &Inventory, ui: Ui) {
    let problems: Vec<_> =
        inventory.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    for problem in problems.iter().take(SHOWN) {
        ui.note(azimuth_diag::render(problem, None).trim_end());
    }
    if problems.len() > SHOWN {
        ui.note(format_args!(
            "… and {} more policy objects or parts of them are wrong",
            problems.len() - SHOWN
        ));
    }
}

/// What scopes the estate has.
pub(super) struct Scopes<'a> {
    snapshot: &'a Snapshot,
    /// Folded ids of management groups that hold subscriptions.
    groups: Vec<String>,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let above = ancestors(snapshot);
        let mut groups: Vec<String> =
            above.values().flat_map(|ids| ids.iter().map(|id| fold(id).into_owned())).collect();
        groups.sort();
        groups.dedup();
        Self { snapshot, groups }
    }

    fn holds_something(&self, scope: &str) -> bool {
        let folded = fold(scope.trim_end_matches('/'));
        if folded.is_empty() || self.groups.iter().any(|group| *group == folded) {
            return true;
        }
        folded.starts_with("/subscriptions/")
            && IdRef::parse(&folded).is_ok_and(|id| !self.snapshot.within(id).is_empty())
    }

    /// The scope that the user names with an option, which must hold something of the estate.
    pub(super) fn known(&self, written: &str, option: &str) -> Result<String, Failure> {
        let scope = scope_id(written);
        if self.holds_something(&scope) {
            return Ok(scope);
        }
        let names: Vec<&str> =
            self.groups.iter().filter_map(|group| group.rsplit('/').next()).take(12).collect();
        let hint = if names.is_empty() {
            "the files hold no management groups; write `/subscriptions/{id}`, or export them with `az account management-group list`".to_owned()
        } else {
            format!("write `/subscriptions/{{id}}` or a management group: {}", names.join(", "))
        };
        Err(Failure::usage(format_args!("nothing of the estate lies at the scope `{written}` of `{option}`"))
            .hint(hint))
    }
}

/// A scope as people write it: an id, or the bare name of a management group.
pub(super) fn scope_id(written: &str) -> String {
    if written.starts_with('/') {
        written.to_owned()
    } else {
        format!("/providers/Microsoft.Management/managementGroups/{written}")
    }
}

fn map_scopes(
    source: &PolicySourceArgs,
    assignments: &mut [Assignment],
    scopes: &Scopes<'_>,
) -> Result<(), Failure> {
    let mut pairs = Vec::new();
    for pair in &source.map_scope {
        let Some((from, to)) = pair.split_once('=') else {
            return Err(Failure::usage(format_args!("`{pair}` is no pair of scopes"))
                .hint("write `--map-scope FROM=TO`, for example `--map-scope landingzones=contoso`"));
        };
        let from = scope_id(from.trim());
        if !assignments.iter().any(|assignment| eq_fold(&assignment.scope, &from)) {
            let mut known: Vec<&str> =
                assignments.iter().filter_map(|known| known.scope.rsplit('/').next()).collect();
            known.sort_unstable();
            known.dedup();
            known.truncate(12);
            return Err(Failure::usage(format_args!("nothing is assigned at `{from}`"))
                .hint(format!("assignments are at: {}", known.join(", "))));
        }
        pairs.push((from, scopes.known(to.trim(), "--map-scope")?));
    }
    for assignment in assignments {
        let mapped =
            |scope: &str| pairs.iter().find(|(from, _)| eq_fold(from, scope)).map(|(_, to)| to.clone());
        if let Some(scope) = mapped(&assignment.scope) {
            assignment.scope = scope;
        }
        for scope in &mut assignment.not_scopes {
            if let Some(to) = mapped(scope) {
                *scope = to;
            }
        }
    }
    Ok(())
}

/// How to get definitions that are not there, one line each.
pub(super) fn missing_lines(missing: &[(String, usize)], top: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        missing.iter().take(top).map(|(id, uses)| format!("{id} ({})", count(*uses, "reference"))).collect();
    if missing.len() > top {
        lines.push(format!("… and {} more", missing.len() - top));
    }
    lines
}

/// The command that exports what is missing.
pub(super) fn export_hint(missing: &[(String, usize)]) -> &'static str {
    let is_set = |id: &str| fold(id).contains("/policysetdefinitions/");
    match (missing.iter().any(|(id, _)| is_set(id)), missing.iter().any(|(id, _)| !is_set(id))) {
        (true, true) => {
            "az policy definition list > definitions.json; az policy set-definition list > initiatives.json; then --definitions FILE"
        }
        (true, false) => {
            "az policy set-definition list > initiatives.json; then --definitions initiatives.json"
        }
        _ => "az policy definition list > definitions.json; then --definitions definitions.json",
    }
}
