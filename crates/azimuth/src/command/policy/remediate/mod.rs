//! `azimuth policy remediate`: what remediation tasks would deploy and change, written as a run that can be deployed.

mod files;
mod lacks;
mod manifest;
mod plan;
mod terminal;

use azimuth_policy::{Scan, Surroundings};

use super::scan::{find, govern, keep_assignments, subjects, tell_errors, wanted_policies};
use super::source;
use crate::args::{PolicyRemediateArgs, RemediateFailOn, RemediateFormat};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::report::count;
use crate::ui::Ui;

use files::Files;
use plan::{Plan, Question};

/// The file that lists everything.
const MANIFEST: &str = "remediation.json";

pub(crate) fn run(args: &PolicyRemediateArgs, ui: Ui) -> Result<Exit, Failure> {
    if let Some(folder) = args.out.as_deref().filter(|folder| folder.join(MANIFEST).exists()) {
        return Err(Failure::usage(format_args!("`{}` already holds a run", folder.display()))
            .hint("give another folder, or remove that one: files of two runs do not mix"));
    }
    let estate = input::load(&args.input, ui)?;
    let mut policies = source::load(&args.source, &estate.snapshot, ui)?;
    if policies.inventory.assignments.is_empty() {
        return Err(Failure::input("the estate holds no policy assignment").hint(
            "export them with `az policy assignment list --disable-scope-strict-match`, or give them with --definitions; docs/exports.md says how",
        ));
    }
    keep_assignments(&args.assignment, &mut policies.inventory)?;
    let missing = policies.inventory.missing();
    if !missing.is_empty() {
        ui.note(format_args!(
            "warning: {} assigned and not in the files; hint: {}",
            match missing.len() {
                1 => "1 definition is".to_owned(),
                many => format!("{many} definitions are"),
            },
            source::export_hint(&missing)
        ));
    }
    let (governance, errors) = govern(&policies, &estate.snapshot);
    tell_errors(&errors, ui);
    let has_selectors =
        policies.inventory.exemptions.iter().any(|exemption| !exemption.resource_selectors.is_empty());
    let scan = Scan::new(&governance, &policies.inventory.attestations, has_selectors);
    let surroundings = Surroundings::new(&estate.snapshot, estate.as_of);
    let wanted = wanted_policies(&args.policy, &scan)?;
    let mut subjects = subjects(args.scope.as_deref(), &estate.snapshot, &surroundings)?;
    if !args.resource.is_empty() {
        let named: Vec<&str> = args
            .resource
            .iter()
            .map(|written| find(written, &estate.snapshot).map(azimuth_estate::Entry::key))
            .collect::<Result<_, _>>()?;
        subjects.retain(|entry| named.contains(&entry.key()));
        if subjects.is_empty() {
            return Err(Failure::usage("Azure Policy looks at none of the resources of `--resource`")
                .hint("name resources, resource groups or subscriptions at or below `--scope`"));
        }
    }
    let question = Question {
        scan: &scan,
        surroundings: &surroundings,
        snapshot: &estate.snapshot,
        subjects: &subjects,
        wanted: wanted.as_deref(),
        resource_count: args.resource_count,
        parallel: args.parallel,
    };
    let plan = Plan::new(&question, ui)?;
    let files = Files::new(&plan, &question);
    let manifest = manifest::manifest(&plan, &question, &files);
    if let Some(folder) = &args.out {
        files.write(folder, &manifest, ui)?;
        ui.note(format_args!(
            "wrote {} and `{MANIFEST}` to `{}`",
            count(files.len(), "file"),
            folder.display()
        ));
    }
    output::to(None, |out| match args.format {
        RemediateFormat::Terminal => {
            terminal::write(out, &plan, &question, &files, args.show, args.out.as_deref())
        }
        RemediateFormat::Json => {
            let mut manifest = manifest;
            if args.out.is_none() {
                manifest["files"] = files.to_json();
            }
            output::json(out, &manifest)
        }
    })?;
    let is_met = match args.fail_on {
        RemediateFailOn::Never => false,
        RemediateFailOn::Lack => plan.lacks() > 0,
        RemediateFailOn::Any => plan.lacks() > 0 || plan.steps() > 0,
    };
    Ok(if is_met { Exit::ConditionMet } else { Exit::Done })
}
