//! States of components, such as the keys of a vault, as the resource providers reported them: read from exports, and kept
//! apart from the states of the resources.
//!
//! Source: Azure REST reference, Component Policy States (2022-04-01), and Policy States with `$expand=components`.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use azimuth_arm::{Node, Source};
use azimuth_diag::Severity;
use azimuth_estate::Entry;
use azimuth_ids::fold;
use azimuth_policy::{
    ComplianceState, Component, PolicyId, compliance_percent, components_state, parse_components,
};
use serde_json::{Map, Value, json};

use super::Job;
use crate::command::policy::lint::files::text_of;
use crate::exit::Failure;
use crate::ui::Ui;

/// Problems shown before the rest is only counted.
const SHOWN: usize = 5;

/// Reads states of components from files: one row, an array, a page with `value`, or one of these on each line.
pub(super) fn read(paths: &[PathBuf], ui: Ui) -> Result<Vec<Component>, Failure> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let (text, name) = (text_of(path)?, path.display().to_string());
        let known = found.len();
        let documents: Vec<&str> = match Source::parse(&name, &text) {
            Ok(_) => vec![&text],
            Err(_) => text.lines().filter(|line| !line.trim().is_empty()).collect(),
        };
        for document in documents {
            let source = Source::parse(&name, document).map_err(|problem| {
                Failure::input(azimuth_diag::render(&problem, None).trim_end()).hint(HINT)
            })?;
            for row in rows(source.root()) {
                let parsed = parse_components(&source, row, "$");
                found.extend(parsed.value.unwrap_or_default());
                problems.extend(parsed.diagnostics);
            }
            if source.root().get("@odata.nextLink").and_then(Node::as_str).is_some() {
                ui.note(format_args!(
                    "warning: `{name}` is one page of several: follow its `@odata.nextLink`"
                ));
            }
        }
        if found.len() == known {
            return Err(Failure::input(format_args!("`{name}` holds no state of a component")).hint(HINT));
        }
    }
    let told = problems.iter().filter(|problem| problem.severity != Severity::Note);
    for problem in told.take(SHOWN) {
        ui.note(azimuth_diag::render(problem, None).trim_end());
    }
    if problems.len() > SHOWN {
        ui.note(format_args!("… and {} more states of components are wrong", problems.len() - SHOWN));
    }
    Ok(found)
}

const HINT: &str = "export them with `az policy state list --expand components`, or from `…/componentPolicyStates/latest/queryResults`";

fn rows(root: &Node) -> &[Node] {
    let list = root.get("value").unwrap_or(root).items();
    if list.is_empty() { std::slice::from_ref(root) } else { list }
}

/// Components of one policy of an assignment.
pub(super) struct Row<'a> {
    pub(super) policy: PolicyId,
    states: BTreeMap<&'static str, (ComplianceState, usize)>,
    /// Those that do not comply, fail or are in conflict, in the order of the files.
    pub(super) examples: Vec<&'a Component>,
    /// Resources and the state of their components together.
    resources: BTreeMap<String, Vec<Component>>,
}

impl Row<'_> {
    pub(super) fn total(&self) -> usize {
        self.states.values().map(|(_, count)| count).sum()
    }

    pub(super) fn failing(&self) -> usize {
        self.examples.len()
    }

    /// The share that complies, as that of resources is computed.
    pub(super) fn percent(&self) -> Option<f64> {
        compliance_percent(self.states.values().map(|(state, count)| (*state, *count as u64)))
    }
}

/// The components of what is looked at, by policy.
pub(super) struct ComponentTally<'a> {
    components: Vec<(PolicyId, &'a Component)>,
    /// The most failing first.
    pub(super) rows: Vec<Row<'a>>,
    /// Components of resources or policies that are not looked at.
    pub(super) elsewhere: usize,
}

impl<'a> ComponentTally<'a> {
    /// Puts components to the policies that are asked for and the resources that are looked at.
    pub(super) fn new(all: &'a [Component], job: &Job<'_>, subjects: &[Entry<'_>]) -> Self {
        let mut tally = Self { components: Vec::new(), rows: Vec::new(), elsewhere: 0 };
        if all.is_empty() {
            return tally;
        }
        let keys: HashSet<&str> = subjects.iter().map(|entry| entry.key()).collect();
        let mut by_name: BTreeMap<[String; 3], PolicyId> = BTreeMap::new();
        for (index, policy) in job.scan.governance().program().policies().iter().enumerate() {
            let id = PolicyId(index as u32);
            if job.is_wanted(id) {
                let context = policy.context();
                let reference = &context.definition_reference_id;
                by_name.insert(name(&context.assignment_id, reference, &context.definition_id), id);
            }
        }
        let mut rows: BTreeMap<PolicyId, Row<'a>> = BTreeMap::new();
        for component in all {
            let name = name(&component.assignment_id, &component.reference_id, &component.definition_id);
            let key = fold(&component.resource_id).into_owned();
            let (Some(policy), true) = (by_name.get(&name), keys.contains(key.as_str())) else {
                tally.elsewhere += 1;
                continue;
            };
            tally.components.push((*policy, component));
            let row = rows.entry(*policy).or_insert_with(|| Row {
                policy: *policy,
                states: BTreeMap::new(),
                examples: Vec::new(),
                resources: BTreeMap::new(),
            });
            row.states.entry(component.state.name()).or_insert((component.state, 0)).1 += 1;
            if is_bad(component.state) {
                row.examples.push(component);
            }
            row.resources.entry(key).or_default().push(component.clone());
        }
        tally.rows = rows.into_values().collect();
        tally.rows.sort_by_key(|row| std::cmp::Reverse(row.failing()));
        tally
    }

    /// Whether nothing was imported.
    pub(super) fn is_empty(&self) -> bool {
        self.components.is_empty() && self.elsewhere == 0
    }

    /// One record for each component, with the members of Azure's component policy states.
    pub(super) fn rows_json(&self) -> Value {
        let record = |component: &Component| {
            json!({
                "resourceId": component.resource_id, "policyAssignmentId": component.assignment_id,
                "policyDefinitionId": component.definition_id,
                "policyDefinitionReferenceId": component.reference_id,
                "componentId": component.id, "componentType": component.component_type,
                "componentName": component.name, "complianceState": component.state.name(),
            })
        };
        self.components.iter().map(|(_, component)| record(component)).collect()
    }

    /// Counts by policy: components by state, and resources by the state of their components together.
    pub(super) fn summary_json(&self) -> Value {
        let policies: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let first = row.resources.values().flatten().next();
                let states: Map<String, Value> = row
                    .states
                    .iter()
                    .map(|(name, (_, count))| ((*name).to_owned(), (*count).into()))
                    .collect();
                let mut resources: BTreeMap<&str, usize> = BTreeMap::new();
                let together = row.resources.values().filter_map(|components| components_state(components));
                together.for_each(|state| *resources.entry(state.name()).or_default() += 1);
                json!({
                    "policyAssignmentId": first.map(|component| &component.assignment_id),
                    "policyDefinitionId": first.map(|component| &component.definition_id),
                    "policyDefinitionReferenceId": first.map(|component| &component.reference_id),
                    "components": row.total(), "percent": row.percent(), "states": states,
                    "resources": resources,
                })
            })
            .collect();
        json!({"components": self.components.len(), "elsewhere": self.elsewhere, "policies": policies})
    }
}

fn is_bad(state: ComplianceState) -> bool {
    matches!(state, ComplianceState::NonCompliant | ComplianceState::Error | ComplianceState::Conflict)
}

/// What a state and a policy are brought together by; in an initiative the reference counts, not the definition.
fn name(assignment: &str, reference: &str, definition: &str) -> [String; 3] {
    let definition = if reference.is_empty() { fold(definition).into_owned() } else { String::new() };
    [fold(assignment).into_owned(), fold(reference).into_owned(), definition]
}
