//! From arguments to an expansion: what both commands do first.

use std::path::Path;

use azimuth_arm::{Cloud, Context, EstateView, Expansion, Mode, NoEstate, Target, Value, expand};
use azimuth_diag::Severity;
use azimuth_estate::Snapshot;

use super::estate::{SnapshotView, facts};
use super::links::FileLinks;
use super::places::BicepText;
use super::{target, template};
use crate::args::{CloudName, InputArgs, TemplateArgs};
use crate::exit::Failure;
use crate::input::{self, Estate};
use crate::ui::Ui;

/// An expanded template and what it was expanded with.
pub(super) struct Prepared {
    pub(super) expansion: Expansion,
    pub(super) file: String,
    pub(super) target: Target,
    pub(super) deployment_name: String,
    pub(super) bicep: Option<BicepText>,
    pub(super) estate: Option<Estate>,
}

/// How a template is expanded.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) mode: Mode,
    /// Placeholders for the target are refused.
    pub(super) must_be_real: bool,
    /// What the service would refuse because of the values given is an error.
    pub(super) is_strict: bool,
}

/// Reads and expands what the arguments name.
pub(super) fn prepare(args: &TemplateArgs, how: How, ui: Ui) -> Result<Prepared, Failure> {
    let links = FileLinks::new(&args.link)?;
    let now = args.now.as_deref().map(input::parse_time).transpose()?;
    let template = template::read(args, ui)?;
    let estate = load_estate(args, ui)?;
    let snapshot = estate.as_ref().map(|estate| &estate.snapshot);
    let target = target::choose(args, &template.source, snapshot, how.must_be_real, ui)?;
    let deployment_name = args.deployment_name.clone().unwrap_or_else(|| stem(&args.template));
    let mut context = Context::new(target.clone());
    context.deployment_name.clone_from(&deployment_name);
    context.now = now;
    context.mode = how.mode;
    context.is_strict = how.is_strict;
    context.cloud = match args.cloud {
        CloudName::Public => Cloud::Public,
        CloudName::UsGovernment => Cloud::UsGovernment,
        CloudName::China => Cloud::China,
    };
    describe_scope(&mut context, args, snapshot);
    let view = snapshot.map(SnapshotView);
    let view: &dyn EstateView = view.as_ref().map_or(&NoEstate, |view| view);
    let expansion = expand(&template.source, &template.parameters, &context, &links, view);
    let file = args.template.display().to_string();
    Ok(Prepared { expansion, file, target, deployment_name, bicep: template.bicep, estate })
}

fn load_estate(args: &TemplateArgs, ui: Ui) -> Result<Option<Estate>, Failure> {
    if args.estate.is_empty() && args.store.is_none() {
        return Ok(None);
    }
    let input = InputArgs {
        template_scope: None,
        paths: args.estate.clone(),
        store: args.store.clone().filter(|_| args.estate.is_empty()),
        as_of: args.as_of.clone(),
        ..InputArgs::default()
    };
    input::load(&input, ui).map(Some)
}

fn stem(template: &Path) -> String {
    let stem = template.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| stem != "-").unwrap_or_else(|| "main".to_owned())
}

/// What is known of the scope beside its name: from the estate, and from `--location`.
fn describe_scope(context: &mut Context, args: &TemplateArgs, snapshot: Option<&Snapshot>) {
    let id = context.target.id();
    let id = id.as_str().unwrap_or_default();
    let subscription = match &context.target {
        Target::Subscription(id) | Target::ResourceGroup(id, _) => id.as_str().unwrap_or_default(),
        _ => "",
    };
    if let Some(snapshot) = snapshot {
        let id = format!("/subscriptions/{subscription}");
        context.subscription = facts(snapshot, &id, &["displayName", "tenantId", "tags"]);
    }
    if let Target::ResourceGroup(..) = context.target {
        let known = snapshot.and_then(|snapshot| facts(snapshot, id, &["location", "tags", "managedBy"]));
        let mut members = match known.as_ref().map(Value::to_json) {
            Some(serde_json::Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        if let Some(location) = &args.location {
            members.insert("location".to_owned(), location.as_str().into());
        }
        if !members.is_empty() {
            context.resource_group = Some(Value::from_json(&serde_json::Value::Object(members)));
        }
    } else {
        context.deployment_location.clone_from(&args.location);
        if let (Some(snapshot), Target::ManagementGroup(_)) = (snapshot, &context.target) {
            context.management_group = facts(snapshot, id, &["properties"]);
        }
    }
}

/// How many errors there are, as a failure.
pub(super) fn refuse_errors(prepared: &Prepared) -> Result<(), Failure> {
    let errors = prepared.expansion.diagnostics.iter();
    let errors: Vec<_> = errors.filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
    if errors.is_empty() {
        return Ok(());
    }
    let word = if errors.len() == 1 { "error" } else { "errors" };
    // Some limits are our own: then nothing is known of what the service would say.
    let is_cut_short = errors.iter().any(|error| error.code == "arm-limit");
    let outcome =
        if is_cut_short { "it is not expanded in full" } else { "the deployment service would refuse it" };
    Err(Failure::input(format_args!("`{}` has {} {word}; {outcome}", prepared.file, errors.len())))
}

/// Says that the values given would be refused, if nothing worse is to be said.
pub(super) fn note_refusals(prepared: &Prepared, ui: Ui) {
    let refusals = prepared.expansion.refusals;
    if refusals == 0 || prepared.expansion.has_errors() {
        return;
    }
    let places = if refusals == 1 { "1 place".to_owned() } else { format!("{refusals} places") };
    ui.note(format_args!(
        "note: with these values the deployment service would refuse the template, for {places} above; `--strict` makes that an error"
    ));
}
