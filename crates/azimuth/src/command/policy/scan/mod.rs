//! `azimuth policy scan`: every assigned policy over every resource.

mod components;
mod explain;
mod html;
mod junit;
mod markdown;
mod names;
pub(super) mod rows;
mod sarif;
mod summary;
mod terminal;

use std::io::{self, Write};

use azimuth_estate::{Entry, Snapshot};
use azimuth_ids::{IdRef, eq_fold, fold};
use azimuth_policy::{
    CompileOptions, ComplianceState, Counts, Finding, Governance, GovernanceError, Inventory, PolicyId, Scan,
    Slots, Standing, Surroundings, SurveyOptions, Tally, survey,
};
use indicatif::ProgressBar;

use super::source::{self, Policies};
use crate::args::{PolicyFailOn, PolicyFormat, PolicyScanArgs, StateFilter};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input::{self, Estate};
use crate::ui::Ui;

use components::ComponentTally;
use names::Names;
use summary::Summary;

/// Examples kept for each policy, whatever is shown.
const EXAMPLES: usize = 20;

pub(crate) fn run(args: &PolicyScanArgs, ui: Ui) -> Result<Exit, Failure> {
    let estate = input::load(&args.input, ui)?;
    let mut policies = source::load(&args.source, &estate.snapshot, ui)?;
    if policies.inventory.assignments.is_empty() {
        return Err(Failure::input("the estate holds no policy assignment").hint(
            "export them with `az policy assignment list --disable-scope-strict-match` at every subscription and management group, or give them with --definitions; docs/exports.md says how",
        ));
    }
    keep_assignments(&args.assignment, &mut policies.inventory)?;
    let missing = policies.inventory.missing();
    let components = components::read(&args.component_states, ui)?;
    let (governance, errors) = govern(&policies, &estate.snapshot);
    let governance = governance.with_components(components.clone());
    tell_errors(&errors, ui);
    let has_selectors =
        policies.inventory.exemptions.iter().any(|exemption| !exemption.resource_selectors.is_empty());
    let scan = Scan::new(&governance, &policies.inventory.attestations, has_selectors);
    let surroundings = Surroundings::new(&estate.snapshot, estate.as_of);
    let wanted = wanted_policies(&args.policy, &scan)?;
    let names = Names::new(&scan, &policies.inventory);
    let exit = if let Some(resource) = &args.explain {
        explain::run(resource, &scan, &surroundings, &estate.snapshot, &names, wanted.as_deref(), args)?
    } else {
        let subjects = subjects(args.scope.as_deref(), &estate.snapshot, &surroundings)?;
        let job =
            Job { args, scan: &scan, surroundings: &surroundings, names: &names, wanted: wanted.as_deref() };
        let components = ComponentTally::new(&components, &job, &subjects);
        let facts =
            Facts { estate: &estate, missing: &missing, idle: &policies.idle, components: &components };
        job.run(&subjects, &facts, ui)?
    };
    // The process ends here: taking a large estate apart again would cost more than much of the run.
    std::mem::forget((surroundings, names, missing));
    std::mem::forget(governance);
    std::mem::forget((policies, estate));
    Ok(exit)
}

/// Compiles the assignments for the types that the estate has.
pub(super) fn govern(policies: &Policies, snapshot: &Snapshot) -> (Governance, Vec<GovernanceError>) {
    let resource_types = snapshot.types().map(|(name, _)| name.to_owned()).collect();
    policies.inventory.govern(policies.catalogue.clone(), &CompileOptions { resource_types })
}

/// Says what of the assignments cannot be used, but for missing definitions, which the report names.
pub(super) fn tell_errors(errors: &[GovernanceError], ui: Ui) {
    let told: Vec<_> =
        errors.iter().filter(|error| !matches!(error, GovernanceError::MissingDefinition { .. })).collect();
    for error in told.iter().take(5) {
        ui.note(format_args!("warning: {error}"));
    }
    if told.len() > 5 {
        ui.note(format_args!("… and {} more parts of assignments do not fit", told.len() - 5));
    }
}

/// Drops the assignments that are not asked for.
pub(super) fn keep_assignments(wanted: &[String], inventory: &mut Inventory) -> Result<(), Failure> {
    for name in wanted {
        let is_it =
            |id: &str| eq_fold(id, name) || id.rsplit('/').next().is_some_and(|last| eq_fold(last, name));
        if !inventory.assignments.iter().any(|assignment| is_it(&assignment.id)) {
            return Err(Failure::usage(format_args!("no assignment is called `{name}`"))
                .hint(super::near(name, inventory.assignments.iter().map(|known| known.name.as_str()))));
        }
    }
    if !wanted.is_empty() {
        inventory.assignments.retain(|assignment| {
            wanted.iter().any(|name| eq_fold(&assignment.id, name) || eq_fold(&assignment.name, name))
        });
    }
    Ok(())
}

/// By policy number: whether it is asked for; `None`: all are.
pub(super) fn wanted_policies(wanted: &[String], scan: &Scan<'_>) -> Result<Option<Vec<bool>>, Failure> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let policies = scan.governance().program().policies();
    let is_called = |policy: &azimuth_policy::Policy, name: &str| {
        let (context, definition) = (policy.context(), policy.definition());
        let last = |id: &str| id.rsplit('/').next().is_some_and(|last| eq_fold(last, name));
        eq_fold(&context.definition_id, name)
            || last(&context.definition_id)
            || eq_fold(&context.set_definition_id, name)
            || last(&context.set_definition_id)
            || eq_fold(&context.definition_reference_id, name)
            || definition.display_name.as_deref().is_some_and(|shown| eq_fold(shown, name))
    };
    for name in wanted {
        if !policies.iter().any(|policy| is_called(policy, name)) {
            let known = policies.iter().filter_map(|policy| policy.definition().display_name.as_deref());
            return Err(Failure::usage(format_args!("no assigned policy is called `{name}`"))
                .hint(super::near(name, known)));
        }
    }
    Ok(Some(policies.iter().map(|policy| wanted.iter().any(|name| is_called(policy, name))).collect()))
}

pub(super) fn subjects<'a>(
    scope: Option<&str>,
    snapshot: &'a Snapshot,
    surroundings: &Surroundings<'a>,
) -> Result<Vec<Entry<'a>>, Failure> {
    let all = surroundings.subjects();
    let Some(written) = scope else { return Ok(all) };
    let scope = source::scope_id(written);
    let within: Vec<Entry<'_>> = all
        .into_iter()
        .filter(|entry| azimuth_policy::is_within(entry.key(), &scope, surroundings.ancestors(entry.key())))
        .collect();
    if within.is_empty() {
        source::Scopes::new(snapshot).known(written, "--scope")?;
    }
    Ok(within)
}

/// What is known besides the counts.
struct Facts<'a> {
    estate: &'a Estate,
    missing: &'a [(String, usize)],
    idle: &'a std::collections::BTreeMap<String, usize>,
    components: &'a ComponentTally<'a>,
}

/// Called with each resource and finding that is listed; writes what is to be handed on.
type EachFinding<'a> = dyn Fn(Entry<'_>, &Finding, &mut Slots, &mut Vec<u8>) + Sync + 'a;

/// A scan under way.
struct Job<'a> {
    args: &'a PolicyScanArgs,
    scan: &'a Scan<'a>,
    surroundings: &'a Surroundings<'a>,
    names: &'a Names,
    /// By policy number.
    wanted: Option<&'a [bool]>,
}

impl Job<'_> {
    fn run(&self, subjects: &[Entry<'_>], facts: &Facts<'_>, ui: Ui) -> Result<Exit, Failure> {
        let mut tally = None;
        let bar = ui.bar("deciding", subjects.len() as u64, false);
        output::to(self.args.out.as_deref(), |out| {
            let counted = match self.args.format {
                PolicyFormat::Json => self.json(out, subjects, facts, &bar)?,
                PolicyFormat::Csv => self.csv(out, subjects, &bar)?,
                PolicyFormat::Sarif => self.sarif(out, subjects, facts, &bar)?,
                PolicyFormat::Terminal
                | PolicyFormat::Html
                | PolicyFormat::Markdown
                | PolicyFormat::Junit => {
                    let counted = self.survey(subjects, &bar, &|_, _, _, _| {}, &mut |_| Ok(()))?;
                    bar.finish_and_clear();
                    let summary = self.summary(&counted, facts, subjects);
                    match self.args.format {
                        PolicyFormat::Html => html::write(out, &summary)?,
                        PolicyFormat::Markdown => markdown::write(out, &summary, self.args.top)?,
                        PolicyFormat::Junit => junit::write(out, &summary)?,
                        _ => {
                            terminal::write(
                                out,
                                &summary,
                                self.args.top,
                                self.args.show,
                                crate::ui::width(),
                            )?;
                        }
                    }
                    counted
                }
            };
            tally = Some(counted);
            Ok(())
        })?;
        bar.finish_and_clear();
        let counts = tally.map(|tally| tally.all).unwrap_or_default();
        Ok(if is_met(self.args.fail_on, &counts) { Exit::ConditionMet } else { Exit::Done })
    }

    fn summary<'a>(
        &'a self,
        tally: &'a Tally,
        facts: &'a Facts<'_>,
        subjects: &'a [Entry<'a>],
    ) -> Summary<'a> {
        Summary::new(self, tally, facts, subjects)
    }

    /// Goes through the resources, the policies that are asked for alone.
    fn survey(
        &self,
        subjects: &[Entry<'_>],
        bar: &ProgressBar,
        each: &EachFinding<'_>,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Tally> {
        let mut done = 0;
        let each = |entry: Entry<'_>, findings: &[Finding], slots: &mut Slots, out: &mut Vec<u8>| {
            for finding in findings.iter().filter(|finding| self.is_listed(finding)) {
                each(entry, finding, slots, out);
            }
        };
        survey(
            self.scan,
            self.surroundings,
            subjects,
            &SurveyOptions {
                threads: input::threads(),
                examples: EXAMPLES.max(self.args.show),
                wanted: &|policy| self.is_wanted(policy),
            },
            &each,
            &mut |part, position| {
                if position != done {
                    done = position;
                    bar.set_position(position as u64);
                }
                if part.is_empty() { Ok(()) } else { sink(part) }
            },
        )
    }

    fn is_wanted(&self, policy: PolicyId) -> bool {
        self.wanted.is_none_or(|wanted| wanted[policy.0 as usize])
    }

    /// Whether formats that list results list it.
    fn is_listed(&self, finding: &Finding) -> bool {
        self.args.state.is_empty() || self.args.state.iter().any(|filter| is_of(*filter, &finding.standing))
    }

    fn json(
        &self,
        out: &mut dyn Write,
        subjects: &[Entry<'_>],
        facts: &Facts<'_>,
        bar: &ProgressBar,
    ) -> io::Result<Tally> {
        let rows = rows::Rows::new(self, facts.estate.as_of);
        writeln!(
            out,
            "{{\n\"schema\": \"azimuth.policy.scan/1\",\n\"asOf\": \"{}\",\n\"value\": [",
            facts.estate.as_of
        )?;
        let mut first = true;
        let tally = self.survey(
            subjects,
            bar,
            &|entry, finding, slots, out| rows.json(entry, finding, slots, out),
            &mut |part| {
                // Every row begins with a comma and a line break.
                let part = if std::mem::take(&mut first) { &part[1..] } else { part };
                out.write_all(part)
            },
        )?;
        bar.finish_and_clear();
        writeln!(out, "\n],\n\"components\":")?;
        serde_json::to_writer_pretty(&mut *out, &facts.components.rows_json())?;
        writeln!(out, ",\n\"summary\":")?;
        serde_json::to_writer_pretty(&mut *out, &self.summary(&tally, facts, subjects).to_json())?;
        writeln!(out, "\n}}")?;
        Ok(tally)
    }

    fn csv(&self, out: &mut dyn Write, subjects: &[Entry<'_>], bar: &ProgressBar) -> io::Result<Tally> {
        let rows = rows::Rows::new(self, self.surroundings.now());
        crate::report::csv::row(out, &rows::HEAD)?;
        self.survey(
            subjects,
            bar,
            &|entry, finding, slots, out| rows.csv(entry, finding, slots, out),
            &mut |part| out.write_all(part),
        )
    }

    fn sarif(
        &self,
        out: &mut dyn Write,
        subjects: &[Entry<'_>],
        facts: &Facts<'_>,
        bar: &ProgressBar,
    ) -> io::Result<Tally> {
        sarif::begin(out)?;
        let mut first = true;
        let tally = self.survey(
            subjects,
            bar,
            &|entry, finding, slots, out| sarif::result(self, entry, finding, slots, out),
            &mut |part| {
                let part = if std::mem::take(&mut first) { &part[1..] } else { part };
                out.write_all(part)
            },
        )?;
        sarif::end(out, &self.summary(&tally, facts, subjects))?;
        Ok(tally)
    }
}

/// Whether a result has the state of a filter.
fn is_of(filter: StateFilter, standing: &Standing) -> bool {
    let wanted = match filter {
        StateFilter::Noncompliant => ComplianceState::NonCompliant,
        StateFilter::Compliant => ComplianceState::Compliant,
        StateFilter::Exempt => ComplianceState::Exempt,
        StateFilter::Conflict => ComplianceState::Conflict,
        StateFilter::Error => ComplianceState::Error,
        StateFilter::Unknown => ComplianceState::Unknown,
        StateFilter::Undecided => return standing.state().is_none(),
    };
    standing.state() == Some(wanted)
}

/// Resources that do not comply, fail or are in conflict.
fn bad(counts: &Counts) -> u64 {
    [ComplianceState::NonCompliant, ComplianceState::Error, ComplianceState::Conflict]
        .iter()
        .map(|state| counts.of(*state))
        .sum()
}

fn is_met(fail_on: PolicyFailOn, counts: &Counts) -> bool {
    match fail_on {
        PolicyFailOn::Never => false,
        PolicyFailOn::Noncompliant => bad(counts) > 0,
        PolicyFailOn::Undecided => bad(counts) > 0 || counts.undecided > 0,
    }
}

/// The document of a resource that the user names.
pub(super) fn find<'a>(written: &str, snapshot: &'a Snapshot) -> Result<Entry<'a>, Failure> {
    let by_id = IdRef::parse(written).ok().and_then(|id| snapshot.resource(id));
    if let Some(entry) = by_id {
        return Ok(entry);
    }
    if written.starts_with('/') {
        return Err(Failure::input(format_args!("the estate holds no `{written}`")).hint(
            "`azimuth export PATH | grep …` finds ids; a bare name is enough if only one resource has it",
        ));
    }
    let name = fold(written);
    let mut named =
        snapshot.entries().filter(|entry| entry.key().starts_with("/subscriptions/") && entry.name() == name);
    match (named.next(), named.next()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => Err(Failure::usage(format_args!("`{written}` names several resources"))
            .hint(format!("give the id: {} or {}", one.id(), other.id()))),
        _ => Err(Failure::input(format_args!("no resource is called `{written}`"))
            .hint("write a resource id such as `/subscriptions/{id}/resourceGroups/…`")),
    }
}
