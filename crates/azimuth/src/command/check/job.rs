//! One template with one set of parameters, checked; all of them on several threads.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azimuth_arm::{EstateView, NoEstate, Node, Parameters, Source};
use azimuth_preflight::{Options, Pack, Report, check};

use super::estate::Surroundings;
use super::files::{Job, STDIN, ending};
use super::places::Bicep;
use crate::args::CheckArgs;
use crate::command::arm::estate::SnapshotView;
use crate::command::arm::links::FileLinks;
use crate::command::arm::target::{Level, level_of};
use crate::command::arm::template::read_text;
use crate::command::arm::{bicep, diagnostics};
use crate::exit::Failure;
use crate::ui::Ui;

/// A job and what became of it.
pub(super) struct Checked {
    pub(super) job: Job,
    pub(super) result: Result<Done, Undone>,
}

/// A template that was checked.
pub(super) struct Done {
    pub(super) report: Report,
    pub(super) bicep: Option<Bicep>,
}

/// A file that was not.
pub(super) enum Undone {
    /// It is no template, and nobody said that it is one.
    NoTemplate,
    /// It is Bicep and there is no compiler; only told, as nobody named the file.
    NoCompiler,
    /// It could not be read.
    Failed(String),
}

/// Checks everything; the results come in the order of the jobs.
pub(super) fn run_all(
    jobs: &[Job],
    args: &CheckArgs,
    pack: &Pack,
    surroundings: &Surroundings<'_>,
    ui: Ui,
) -> Vec<Checked> {
    let bar = ui.bar("checking", jobs.len() as u64, false);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Checked)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..super::threads().min(jobs.len()).max(1) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let result = run(job, args, pack, surroundings);
                    bar.inc(1);
                    let checked = Checked { job: job.clone(), result };
                    results.lock().expect("no holder of this lock panics").push((index, checked));
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut results = results.into_inner().expect("no holder of this lock panics");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, checked)| checked).collect()
}

fn run(job: &Job, args: &CheckArgs, pack: &Pack, surroundings: &Surroundings<'_>) -> Result<Done, Undone> {
    let failed = |failure: Failure| Undone::Failed(told(&failure));
    let timeout = Duration::from_secs(args.bicep_timeout);
    let is_bicep = ending(&job.template) == "bicep";
    let (name, text) = if is_bicep {
        match bicep::build(&job.template, timeout) {
            Ok(compiled) => (format!("{} (compiled)", job.template.display()), compiled.stdout),
            Err(failure) if !job.is_named && failure.error.to_string().contains("no Bicep compiler") => {
                return Err(Undone::NoCompiler);
            }
            Err(failure) => return Err(failed(failure)),
        }
    } else if job.template == Path::new(STDIN) {
        let text = std::io::read_to_string(std::io::stdin());
        (
            STDIN.to_owned(),
            text.map_err(|error| Undone::Failed(format!("cannot read standard input: {error}")))?,
        )
    } else {
        (job.template.display().to_string(), read_text(&job.template).map_err(failed)?)
    };
    if !job.is_named && !is_bicep && !text.contains("resources") {
        return Err(Undone::NoTemplate);
    }
    let source = match Source::parse(&name, &text) {
        Ok(source) => source,
        // A broken file in a folder is no template as far as anybody can tell, unless it says that it is one.
        Err(_) if !job.is_named && !text.contains("eploymentTemplate.json") => {
            return Err(Undone::NoTemplate);
        }
        Err(diagnostic) => {
            let hint = diagnostic.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(Undone::Failed(format!("{diagnostic}{hint}")));
        }
    };
    if let Some(problem) = no_template(&source) {
        return Err(match job.is_named {
            true => Undone::Failed(format!("`{name}` {problem}")),
            false => Undone::NoTemplate,
        });
    }
    let parameters = match &job.parameters {
        Some(file) => read_parameters(file, timeout)?,
        None => Parameters::none(),
    };
    let links = FileLinks::new(&args.link).map_err(failed)?;
    let level = level_of(&source).unwrap_or(Level::ResourceGroup);
    let mut options = Options::new(surroundings.context(level, args), surroundings.now);
    options.context.deployment_name = job
        .template
        .file_stem()
        .map_or_else(|| "main".to_owned(), |stem| stem.to_string_lossy().into_owned());
    options.loader = &links;
    let view = surroundings.snapshot.map(SnapshotView);
    options.estate = view.as_ref().map_or(&NoEstate as &dyn EstateView, |view| view);
    options.existing = surroundings.around.as_ref().map(|around| around as _);
    options.assigned = surroundings.assigned.as_ref();
    let facts = |id: &str| surroundings.facts(id);
    options.facts = Some(&facts);
    options.ancestors = &surroundings.ancestors;
    let mut report = check(&source, &parameters, &options, pack);
    let bicep = is_bicep.then(|| Bicep::read(&job.template, &name));
    if let Some(bicep) = &bicep {
        bicep.translate(&mut report);
    }
    Ok(Done { report, bicep })
}

/// Why a document is no template; `None` if it is one.
fn no_template(source: &Source) -> Option<&'static str> {
    let root = source.root();
    let schema = root.get("$schema").and_then(Node::as_str).unwrap_or_default().to_lowercase();
    let name = schema.trim_end_matches('#').rsplit('/').next().unwrap_or_default();
    if name == "deploymentparameters.json" {
        return Some("is a parameter file");
    }
    if !root.is_object() || root.get("resources").is_none() {
        return Some("is no template: it has no `resources`");
    }
    let is_template = name.ends_with("deploymenttemplate.json")
        || root.get("contentVersion").is_some()
        || root.get("resources").is_some_and(|resources| {
            let first =
                resources.items().first().or_else(|| resources.members().first().map(|member| &member.value));
            resources.items().is_empty() && resources.members().is_empty()
                || first.is_some_and(|first| first.get("type").is_some() && first.get("apiVersion").is_some())
        });
    (!is_template).then_some("is no template: its resources have no type and API version")
}

fn read_parameters(file: &Path, timeout: Duration) -> Result<Parameters, Undone> {
    let text = if ending(file) == "bicepparam" {
        let compiled =
            bicep::build_params(file, timeout).map_err(|failure| Undone::Failed(told(&failure)))?;
        compiled.0.parameters_json
    } else {
        read_text(file).map_err(|failure| Undone::Failed(told(&failure)))?
    };
    Parameters::parse(&file.display().to_string(), &text)
        .map_err(|diagnostic| Undone::Failed(diagnostic.to_string()))
}

/// A failure on one line.
fn told(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
    diagnostics::safe_lines(&format!("{:#}{hint}", failure.error))
}
