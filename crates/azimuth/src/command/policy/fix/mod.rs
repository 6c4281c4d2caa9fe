//! `azimuth policy fix`: the smallest change that makes a resource comply.

mod report;

use std::path::Path;
use std::sync::Arc;

use azimuth_arm::{Object, Source, Value as ArmValue};
use azimuth_ids::{IdRef, eq_fold};
use azimuth_policy::fix::{FixOptions, FixReport, fix};
use azimuth_policy::lint::PolicyObject;
use azimuth_policy::suite::Listed;
use azimuth_policy::{
    Assignment, CompileOptions, Context, Definition, Governance, Initiative, Outcome, PolicyId, Related,
    RelatedResources, Resource, Selected, Slots, Surroundings, parse_assignment,
};
use serde_json::{Value, json};

use super::lint::files;
use super::{aliases, source};
use crate::args::{InputArgs, ListFormat, PolicyFixArgs, PolicySourceArgs};
use crate::command::output;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

/// Most resources judged; a search over more is given up.
const MAX_JUDGED: usize = 20_000;

/// Everything a search needs, and what its answer is shown with.
pub(super) struct Question<'a> {
    governance: &'a Governance,
    /// The resource as it is.
    before: Value,
    id: String,
    ancestors: &'a [String],
    context: &'a Context,
    related: &'a dyn Related,
}

pub(crate) fn run(args: &PolicyFixArgs, ui: Ui) -> Result<Exit, Failure> {
    if !args.definition.is_empty() {
        return with_definitions(args, ui);
    }
    if !args.estate.is_empty() || args.store.is_some() {
        return with_estate(args, ui);
    }
    Err(Failure::usage("nothing says what the resource is to comply with")
        .hint("name definitions with `--definition FILE`, or an estate with its assignments with `--estate PATH` or `--store FILE`"))
}

/// A file with a resource, against definitions.
fn with_definitions(args: &PolicyFixArgs, ui: Ui) -> Result<Exit, Failure> {
    let before = resource_file(Path::new(&args.resource))?;
    let read = files::read(&args.definition)?;
    let texts = &read.texts;
    let mut wrong = read.diagnostics.iter().chain(read.workspace.diagnostics());
    if let Some(found) = wrong.find(|found| found.severity == azimuth_diag::Severity::Error) {
        let text = found.place.file.as_ref().and_then(|file| texts.get(file));
        return Err(Failure::input(azimuth_diag::render(found, text.map(String::as_str)).trim_end()));
    }
    let mut definitions: Vec<Arc<Definition>> = Vec::new();
    let mut initiatives: Vec<Initiative> = Vec::new();
    for (index, entry) in read.workspace.entries().iter().enumerate() {
        match &entry.object {
            PolicyObject::Definition(definition) => definitions.push(identified(definition, index)),
            PolicyObject::Initiative(initiative) => initiatives.push((**initiative).clone()),
            PolicyObject::Assignment(_) | PolicyObject::Exemption(_) => {}
        }
    }
    if definitions.is_empty() {
        return Err(Failure::input("`--definition` names no policy definition"));
    }
    let given = parameters(&args.parameter)?;
    let in_set = |id: &str| {
        initiatives
            .iter()
            .flat_map(|set| &set.references)
            .any(|reference| eq_fold(&reference.definition_id, id))
    };
    let mut assignments = Vec::new();
    for initiative in &initiatives {
        if let Some(id) = &initiative.id {
            assignments.push(assigned(id, only(&given, &initiative.parameters)));
        }
    }
    for definition in &definitions {
        let id = definition.id.as_deref().unwrap_or_default();
        if !in_set(id) {
            assignments.push(assigned(id, only(&given, &definition.parameters)));
        }
    }
    let known = |name: &str| {
        definitions.iter().any(|known| known.parameters.get(name).is_some())
            || initiatives.iter().any(|known| known.parameters.get(name).is_some())
    };
    if let Some(name) = given.keys().find(|name| !known(name)) {
        let names =
            definitions.iter().flat_map(|known| known.parameters.iter()).map(|known| known.name.as_str());
        return Err(Failure::usage(format_args!("no definition has a parameter `{name}`"))
            .hint(super::near(name, names)));
    }
    let catalogue = Arc::new(aliases::catalogue(&args.aliases)?);
    let (governance, errors) = Governance::new(
        catalogue,
        &definitions,
        initiatives,
        assignments,
        Vec::new(),
        &CompileOptions::default(),
    );
    if let Some(error) = errors.first() {
        return Err(Failure::input(error).hint("give values with `--parameter NAME=VALUE`"));
    }
    let related: Vec<Value> = args
        .related
        .iter()
        .filter(|name| *name != "none")
        .map(|name| resource_file(Path::new(name)))
        .collect::<Result<_, _>>()?;
    let listed = Listed((!args.related.is_empty()).then_some(&*related));
    let id = before.get("id").and_then(Value::as_str).map_or_else(placeholder, str::to_owned);
    let context = Context::at(jiff::Timestamp::now()).of_resource(&id);
    let question =
        Question { governance: &governance, before, id, ancestors: &[], context: &context, related: &listed };
    answer(args, &question, ui)
}

/// A resource of an estate, against its assignments.
fn with_estate(args: &PolicyFixArgs, ui: Ui) -> Result<Exit, Failure> {
    let wanted = InputArgs { paths: args.estate.clone(), store: args.store.clone(), ..InputArgs::default() };
    let estate = input::load(&wanted, ui)?;
    let sources = PolicySourceArgs { aliases: args.aliases.clone(), ..PolicySourceArgs::default() };
    let policies = source::load(&sources, &estate.snapshot, ui)?;
    let inventory = &policies.inventory;
    if inventory.assignments.is_empty() {
        return Err(Failure::input("the estate holds no policy assignment")
            .hint("export them with `az policy assignment list --disable-scope-strict-match`"));
    }
    let (governance, _) = inventory.govern(policies.catalogue.clone(), &CompileOptions::default());
    let path = Path::new(&args.resource);
    let before = if path.is_file() {
        resource_file(path)?
    } else {
        let id = IdRef::parse(&args.resource).ok();
        let entry = id.and_then(|id| estate.snapshot.resource(id)).ok_or_else(|| {
            Failure::usage(format_args!("`{}` is neither a file nor a resource of the estate", args.resource))
                .hint("write the whole id, as `az resource list` shows it")
        })?;
        serde_json::from_str(entry.body()).map_err(|error| Failure::new(Exit::Input, error))?
    };
    let Some(id) = before.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Failure::input(format_args!(
            "`{}` has no `id`, which says which assignments cover it",
            args.resource
        )));
    };
    let surroundings = Surroundings::new(&estate.snapshot, estate.as_of);
    let key = azimuth_ids::fold(&id).into_owned();
    let kind = azimuth_ids::fold(before.get("type").and_then(Value::as_str).unwrap_or_default()).into_owned();
    let related = RelatedResources::new(&surroundings, &key, &kind);
    let question = Question {
        governance: &governance,
        before,
        id,
        ancestors: surroundings.ancestors(&key),
        context: surroundings.context(&key),
        related: &related,
    };
    answer(args, &question, ui)
}

fn answer(args: &PolicyFixArgs, question: &Question<'_>, ui: Ui) -> Result<Exit, Failure> {
    let wanted = wanted(&args.policy, question.governance)?;
    let text = question.before.to_string();
    let member = |name: &str| question.before.get(name).and_then(Value::as_str);
    let written = member("apiVersion");
    let selected = Selected {
        resource: Resource {
            json: &text,
            resource_type: member("type"),
            api_version: args.api_version.as_deref().or(written),
        },
        id: &question.id,
        resource_type: member("type").unwrap_or_default(),
        location: member("location"),
        ancestors: question.ancestors,
    };
    if selected.resource_type.is_empty() {
        return Err(Failure::input(format_args!("`{}` has no `type`", args.resource)));
    }
    let options = FixOptions {
        policies: &wanted,
        max_edits: usize::from(args.max_changes),
        max_judged: MAX_JUDGED,
        ..FixOptions::default()
    };
    tell_undecided(question, &selected, ui)?;
    let found: FixReport = fix(question.governance, &selected, question.context, question.related, &options)
        .map_err(Failure::input)?;
    output::to(None, |out| match args.output {
        ListFormat::Table => report::terminal(out, question, &found),
        ListFormat::Json => report::json(out, question, &found),
    })?;
    let is_helped = found.violations.is_empty()
        || (found.obstacles.is_empty() && !(found.fixes.is_empty() && found.related.is_empty()));
    Ok(if is_helped { Exit::Done } else { Exit::ConditionMet })
}

/// Policies that nothing can be said about without related resources.
fn tell_undecided(question: &Question<'_>, selected: &Selected<'_>, ui: Ui) -> Result<(), Failure> {
    let mut types: Vec<String> = Vec::new();
    question
        .governance
        .states(&mut Slots::default(), selected, question.context, question.related, &mut |state| {
            if let Outcome::NeedsRelated(query) = &state.outcome
                && !types.contains(&query.resource_type)
            {
                types.push(query.resource_type.clone());
            }
        })
        .map_err(|error| Failure::new(Exit::Input, error))?;
    if !types.is_empty() {
        ui.note(format_args!(
            "note: policies look at related resources of type {}, which are not known; name them with `--related FILE`, or `--related none`",
            types.join(", ")
        ));
    }
    Ok(())
}

/// The policies that the user names.
fn wanted(names: &[String], governance: &Governance) -> Result<Vec<PolicyId>, Failure> {
    let policies = governance.program().policies();
    let names_of = |index: usize| {
        let policy = &policies[index];
        let definition = policy.definition();
        [
            definition.id.clone(),
            definition.name.clone(),
            definition.display_name.clone(),
            Some(policy.context().definition_reference_id.clone()).filter(|id| !id.is_empty()),
        ]
    };
    let mut out = Vec::new();
    for name in names {
        let found: Vec<usize> = (0..policies.len())
            .filter(|index| names_of(*index).iter().flatten().any(|known| eq_fold(known, name)))
            .collect();
        if found.is_empty() {
            let known: Vec<String> =
                (0..policies.len()).flat_map(|index| names_of(index).into_iter().flatten().nth(1)).collect();
            return Err(Failure::usage(format_args!("no assigned policy is called `{name}`"))
                .hint(super::near(name, known.iter().map(String::as_str))));
        }
        out.extend(found.into_iter().map(|index| PolicyId(index as u32)));
    }
    Ok(out)
}

/// A definition with an id to assign it by.
fn identified(definition: &Arc<Definition>, index: usize) -> Arc<Definition> {
    if definition.id.is_some() {
        return definition.clone();
    }
    let name = definition.name.clone().unwrap_or_else(|| format!("definition{index}"));
    let id = format!("/providers/Microsoft.Authorization/policyDefinitions/{name}");
    Arc::new(Definition { id: Some(id), ..(**definition).clone() })
}

/// An assignment at the root of all scopes.
fn assigned(definition_id: &str, parameters: Object) -> Assignment {
    let document = json!({
        "id": "/providers/Microsoft.Authorization/policyAssignments/fix",
        "properties": {"scope": "/", "policyDefinitionId": definition_id},
    });
    let source = Source::parse("assignment", &document.to_string()).expect("it was written as JSON");
    let parsed = parse_assignment(&source, source.root(), "$");
    Assignment { parameters, ..parsed.value.expect("it names a definition") }
}

fn only(given: &Object, known: &azimuth_policy::Parameters) -> Object {
    given
        .iter()
        .filter(|(name, _)| known.get(name).is_some())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn parameters(written: &[String]) -> Result<Object, Failure> {
    let mut out = Object::new();
    for pair in written {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(Failure::usage(format_args!("`{pair}` is no parameter"))
                .hint("write `--parameter NAME=VALUE`"));
        };
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        out.set(name.trim().into(), ArmValue::from_json(&value));
    }
    Ok(out)
}

fn resource_file(path: &Path) -> Result<Value, Failure> {
    let text = files::text_of(path)?;
    let source = Source::parse(&path.display().to_string(), &text)
        .map_err(|found| Failure::input(azimuth_diag::render(&found, Some(&text)).trim_end()))?;
    let root = source.root();
    let json = ArmValue::from_node(root).to_json();
    let one = match &json {
        Value::Array(items) if items.len() == 1 => items[0].clone(),
        _ => json,
    };
    if one.is_object() {
        Ok(one)
    } else {
        Err(Failure::input(format_args!("`{}` holds no single resource", path.display()))
            .hint("write one resource as `az resource show` prints it"))
    }
}

/// The id of a resource that has none: somewhere below a resource group.
fn placeholder() -> String {
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example".to_owned()
}
