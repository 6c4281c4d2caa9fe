//! Running a suite.

use std::sync::Arc;

use azimuth_arm::{Object, Source, Value};
use azimuth_diag::{Diagnostic, Place};
use jiff::Timestamp;
use serde_json::json;

use super::compare::compare;
use super::observe::{Listed, observe};
use super::resource::load;
use super::show::show_evaluated;
use super::{Case, Coverage, Mismatch, Observed, Suite, Surroundings};
use crate::catalogue::Catalogue;
use crate::compile::CompileOptions;
use crate::definition::Definition;
use crate::evaluate::Context;
use crate::fold::eq;
use crate::governance::{Assignment, Governance, Initiative, parse_assignment};
use crate::lint::{Entry, PolicyObject, Workspace};
use crate::suggest::did_you_mean;

/// The assignment that a suite stands for.
const ASSIGNMENT: &str = "/providers/Microsoft.Authorization/policyAssignments/policy-test";

/// Gives the text of files that a suite names.
pub trait Files {
    /// The name of the file for people, and its text.
    ///
    /// # Errors
    /// One line on why it cannot be read.
    fn text(&self, name: &str) -> Result<(String, String), String>;
}

/// There are no files.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn text(&self, name: &str) -> Result<(String, String), String> {
        Err(format!("there is no file `{name}`"))
    }
}

/// What suites may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// Definitions and initiatives, found by id or name.
    pub known: &'a Workspace,
    /// Aliases.
    pub catalogue: &'a Arc<Catalogue>,
    /// The moment of cases that name none.
    pub now: Timestamp,
}

/// The outcome of a suite.
#[derive(Debug)]
pub struct SuiteReport {
    /// The file, as the user named it.
    pub file: String,
    /// The suite's name, else that of what it tests.
    pub name: String,
    /// Why the suite could not be run, if it could not.
    pub error: Option<Diagnostic>,
    /// The cases in the order written; those that the filter leaves out are missing.
    pub cases: Vec<CaseReport>,
    /// What was seen of the definition's conditions; none for initiatives.
    pub coverage: Option<Coverage>,
}

/// The outcome of a case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Why it could not be run, if it could not.
    pub error: Option<Diagnostic>,
    /// Expectations that are not met.
    pub mismatches: Vec<Mismatch>,
    /// The comparisons that decided, one line each.
    pub trace: Vec<String>,
    /// What the engine said, if it was asked.
    pub observed: Option<Observed>,
}

impl CaseReport {
    /// Whether everything expected came.
    pub fn is_passed(&self) -> bool {
        self.error.is_none() && self.mismatches.is_empty()
    }
}

impl SuiteReport {
    /// Whether it ran and every case passed.
    pub fn is_passed(&self) -> bool {
        self.error.is_none() && self.cases.iter().all(CaseReport::is_passed)
    }
}

/// What a suite tests, found.
enum Subject {
    Definition(Arc<Definition>, Box<Coverage>),
    Initiative(Arc<Initiative>),
}

/// Runs the cases of a suite that `wants` their name.
pub fn run_suite(
    suite: &Suite,
    library: &Library<'_>,
    files: &dyn Files,
    wants: &dyn Fn(&str) -> bool,
) -> SuiteReport {
    let mut report = SuiteReport {
        file: suite.file.clone(),
        name: suite.name.clone().unwrap_or_else(|| suite.subject.name.clone()),
        error: None,
        cases: Vec::new(),
        coverage: None,
    };
    let mut subject = match find_subject(suite, library, files) {
        Ok(subject) => subject,
        Err(diagnostic) => {
            report.error = Some(*diagnostic);
            return report;
        }
    };
    if suite.name.is_none() {
        let name = match &subject {
            Subject::Definition(definition, _) => definition.display_name.clone().or(definition.name.clone()),
            Subject::Initiative(initiative) => initiative.display_name.clone().or(initiative.name.clone()),
        };
        report.name = name.unwrap_or(report.name);
    }
    for case in suite.cases.iter().filter(|case| wants(&case.name)) {
        report.cases.push(run_case(suite, case, &mut subject, library, files));
    }
    if let Subject::Definition(_, coverage) = subject {
        report.coverage = Some(*coverage);
    }
    report
}

fn find_subject(suite: &Suite, library: &Library<'_>, files: &dyn Files) -> Result<Subject, Box<Diagnostic>> {
    let subject = &suite.subject;
    let error = |message: String| Diagnostic::error("suite-subject", message).at(subject.place.clone());
    let is_id = subject.name.to_ascii_lowercase().contains("/providers/microsoft.authorization/");
    let what = if subject.is_initiative { "initiative" } else { "definition" };
    if let Some(found) = known_subject(library.known, &subject.name, subject.is_initiative) {
        return Ok(found);
    }
    if is_id {
        return Err(error(format!("there is no {what} `{}`", subject.name))
            .with_hint("name its file, or the folder it lies in with `--definitions PATH`")
            .into());
    }
    let (file, text) = files.text(&subject.name).map_err(|message| {
        let names = library.known.definitions().filter_map(|(_, known)| known.name.as_deref());
        let near = did_you_mean(&subject.name, names);
        let hint = near.map_or_else(
            || format!("`{what}` takes a path from the suite's folder, or the id or name of one below `--definitions`"),
            |near| format!("did you mean `{near}`?"),
        );
        error(message).with_hint(hint)
    })?;
    let source = Source::parse(&file, &text)?;
    let mut workspace = Workspace::new();
    workspace.add(&source);
    if let Some(found) =
        workspace.diagnostics().iter().find(|found| found.severity == azimuth_diag::Severity::Error)
    {
        return Err(found.clone().into());
    }
    let mut found: Vec<&Entry> = workspace
        .entries()
        .iter()
        .filter(|entry| match &entry.object {
            PolicyObject::Definition(_) => !subject.is_initiative,
            PolicyObject::Initiative(_) => subject.is_initiative,
            _ => false,
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(entry), true) => Ok(of_entry(entry).expect("only definitions and initiatives were kept")),
        (Some(_), false) => Err(error(format!("`{}` holds {} {what}s", subject.name, found.len() + 1))
            .with_hint("name one by its id and pass the file with `--definitions`")
            .into()),
        (None, _) => Err(error(format!("`{}` holds no {what}", subject.name)).into()),
    }
}

fn known_subject(known: &Workspace, name: &str, is_initiative: bool) -> Option<Subject> {
    let entry = if is_initiative { known.initiative(name)?.0 } else { known.definition(name)?.0 };
    of_entry(entry)
}

fn of_entry(entry: &Entry) -> Option<Subject> {
    match &entry.object {
        PolicyObject::Definition(definition) => {
            Some(Subject::Definition(definition.clone(), Box::new(Coverage::new(entry, definition))))
        }
        PolicyObject::Initiative(initiative) => Some(Subject::Initiative(initiative.clone())),
        PolicyObject::Assignment(_) | PolicyObject::Exemption(_) => None,
    }
}

fn run_case(
    suite: &Suite,
    case: &Case,
    subject: &mut Subject,
    library: &Library<'_>,
    files: &dyn Files,
) -> CaseReport {
    let mut report = CaseReport {
        name: case.name.clone(),
        place: case.place.clone(),
        error: None,
        mismatches: Vec::new(),
        trace: Vec::new(),
        observed: None,
    };
    match observe_case(suite, case, subject, library, files) {
        Err(diagnostic) => report.error = Some(*diagnostic),
        Ok(observed) => {
            let is_initiative = matches!(subject, Subject::Initiative(_));
            report.mismatches = compare(&case.expected, &observed, is_initiative);
            for policy in &observed.policies {
                let prefix = if is_initiative { format!("{}: ", policy.reference_id) } else { String::new() };
                let lines = policy.evaluated.iter().map(|found| format!("{prefix}{}", show_evaluated(found)));
                report.trace.extend(lines);
            }
            report.observed = Some(observed);
        }
    }
    report
}

fn observe_case(
    suite: &Suite,
    case: &Case,
    subject: &mut Subject,
    library: &Library<'_>,
    files: &dyn Files,
) -> Result<Observed, Box<Diagnostic>> {
    let surroundings = case.surroundings.or(&suite.surroundings);
    let now = surroundings.now.unwrap_or(library.now);
    let loaded = load(&case.resource, &case.place, now, files)?;
    let mut related = Vec::new();
    for input in case.related.iter().flatten() {
        related.push(load(input, &case.place, now, files)?.json);
    }
    let related = Listed(case.related.is_some().then_some(&*related));
    let api_version = surroundings.api_version.clone().or(loaded.api_version.clone());
    let id = loaded.json.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let context = context(&surroundings, api_version.as_deref(), now, &id);
    let mut parameters = suite.parameters.clone();
    for (name, value) in case.parameters.iter() {
        let known = parameters.keys().find(|known| eq(known, name)).cloned();
        parameters.set(known.unwrap_or_else(|| name.clone()), value.clone());
    }
    let error = |message: String| Diagnostic::error("suite-case", message).at(case.place.clone());
    let governance = govern(suite, subject, parameters, library).map_err(error)?;
    let coverage = match subject {
        Subject::Definition(_, coverage) => Some(&mut **coverage),
        Subject::Initiative(_) => None,
    };
    observe(&governance, &loaded.json, api_version.as_deref(), &context, &related, coverage)
        .map_err(|message| error(message).into())
}

fn context(surroundings: &Surroundings, api_version: Option<&str>, now: Timestamp, id: &str) -> Context {
    let mut context = Context::at(now).of_resource(id);
    if let Some(request) = &surroundings.request {
        context.request = request.clone();
    }
    if let Some(version) = api_version
        && context.request.get("apiVersion").is_none()
    {
        context = context.with_api_version(version);
    }
    let merged = |known: &Value, more: &Option<Value>| {
        let Some(more) = more else { return known.clone() };
        let mut members = known.as_object().cloned().unwrap_or_default();
        for (name, value) in more.as_object().iter().flat_map(|object| object.iter()) {
            members.set(name.clone(), value.clone());
        }
        Value::object(members)
    };
    context.resource_group = merged(&context.resource_group, &surroundings.resource_group);
    context.subscription = merged(&context.subscription, &surroundings.subscription);
    context
}

/// An assignment at the root of all scopes.
pub(crate) fn assignment(definition_id: &str, message: Option<&str>) -> Assignment {
    let messages: Vec<serde_json::Value> = message.iter().map(|text| json!({"message": text})).collect();
    let json = json!({
        "id": ASSIGNMENT,
        "name": "policy-test",
        "properties": {"scope": "/", "policyDefinitionId": definition_id, "nonComplianceMessages": messages},
    });
    let source = Source::parse("assignment", &json.to_string()).expect("it was written as JSON");
    parse_assignment(&source, source.root(), "$").value.expect("it names a definition")
}

/// The suite as an assignment.
fn govern(
    suite: &Suite,
    subject: &Subject,
    parameters: Object,
    library: &Library<'_>,
) -> Result<Governance, String> {
    let (mut definitions, mut initiatives) = (Vec::new(), Vec::new());
    let definition_id = match subject {
        Subject::Definition(definition, _) => {
            let id = definition.id.clone().unwrap_or_else(|| {
                let name = definition.name.as_deref().unwrap_or("tested");
                format!("/providers/Microsoft.Authorization/policyDefinitions/{name}")
            });
            definitions.push(if definition.id.is_some() {
                definition.clone()
            } else {
                Arc::new(Definition { id: Some(id.clone()), ..(**definition).clone() })
            });
            id
        }
        Subject::Initiative(initiative) => {
            let id = initiative.id.clone().unwrap_or_else(|| {
                let name = initiative.name.as_deref().unwrap_or("tested");
                format!("/providers/Microsoft.Authorization/policySetDefinitions/{name}")
            });
            for reference in &initiative.references {
                if let Some((_, definition)) = library.known.definition(&reference.definition_id) {
                    definitions.push(definition.clone());
                }
            }
            initiatives.push(Initiative { id: Some(id.clone()), ..(**initiative).clone() });
            id
        }
    };
    let assignment = Assignment { parameters, ..assignment(&definition_id, suite.message.as_deref()) };
    let (governance, errors) = Governance::new(
        library.catalogue.clone(),
        &definitions,
        initiatives,
        vec![assignment],
        Vec::new(),
        &CompileOptions::default(),
    );
    if errors.is_empty() {
        return Ok(governance);
    }
    // The assignment is ours; its name would help nobody.
    let named = format!("the assignment `{ASSIGNMENT}`");
    let texts: Vec<String> = errors
        .iter()
        .map(|error| {
            let text = error.to_string();
            let text = text.replace(&format!("the parameters of {named} do not fit: "), "");
            text.replace(&named, "the initiative")
        })
        .collect();
    Err(texts.join("; "))
}
