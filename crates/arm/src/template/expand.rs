//! The expansion itself: templates into resources, nested deployments into their parents, dependencies into waves.

use std::sync::Arc;

use azimuth_diag::Diagnostic;

use super::body;
use super::context::Context;
use super::declare::{Deployment, Scope};
use super::environment::{Env, Mode};
use super::expansion::{ExpandedDeployment, ExpandedResource, Expansion, Output};
use super::graph::{grouped, levels};
use super::instances::Condition;
use super::parameters::{Parameters, entries};
use super::run::Run;
use super::supplied::supplied_by_file;
use super::{EstateView, Loader};
use crate::expression::Fault;
use crate::json::{Node, NodeKind, Source};
use crate::origin::FrameId;
use crate::value::Value;

/// Expands `template` with `parameters` in `context`. Linked templates come from `loader`, stored state from `estate`.
///
/// Never fails: what cannot be computed is reported in [`Expansion::diagnostics`] and stays symbolic. The work is
/// bounded by [`crate::Limits`].
pub fn expand(
    template: &Arc<Source>,
    parameters: &Parameters,
    context: &Context,
    loader: &dyn Loader,
    estate: &dyn EstateView,
) -> Expansion {
    let run = Run::new(context, loader, estate);
    let (part, outputs, skipped) = expand_root(&run, template, parameters);
    let mut flat = Flat::default();
    flat.add_part(part, None);
    let (waves, cycle) = flat.waves();
    if let Some(names) = cycle {
        let file = run.add_file(template);
        let span = template.root().member("resources").map_or(template.root().span, |member| member.key_span);
        let message = format!("the resources depend on each other in a circle: {}", names.join(" → "));
        let diagnostic = Diagnostic::error("arm-circular-dependency", message)
            .with_hint("remove one `dependsOn` or `reference` of the circle");
        run.report(file, span, diagnostic);
    }
    let (origins, diagnostics, refusals) = run.finish();
    Expansion {
        resources: flat.resources,
        skipped,
        deployments: flat.deployments,
        outputs,
        diagnostics,
        refusals,
        waves,
        origins,
    }
}

fn expand_root(
    run: &Run<'_>,
    template: &Arc<Source>,
    parameters: &Parameters,
) -> (Part, Vec<Output>, Vec<ExpandedResource>) {
    let file = run.add_file(template);
    let context = run.context;
    let root = template.root();
    if !root.is_object() {
        let fault = Fault::new(format!("a template is an object, not {}", root.type_name()))
            .with_hint("write `{\"$schema\": …, \"contentVersion\": …, \"resources\": […]}`");
        run.report_fault(file, root.span, fault.with_code("arm-template"));
        return (Part::default(), Vec::new(), Vec::new());
    }
    let deployment = |supplied| Deployment {
        file,
        root,
        target: context.target.clone(),
        name: Value::from(context.deployment_name.as_str()),
        location: context.deployment_location.as_deref().map(Value::from),
        group: None,
        frame: FrameId::default(),
        depth: 0,
        lineage: None,
        unescaped: 0,
        outer: None,
        supplied,
    };
    // Expressions in parameter files see no template; an empty one stands in.
    let nothing = Node { kind: NodeKind::Object(Vec::new()), span: root.span };
    let mut supplied = Vec::new();
    for source in parameters.sources() {
        let host = Scope::new(run, Deployment { root: &nothing, ..deployment(Vec::new()) });
        let env = Env { mode: Mode::ParameterFile, ..Env::new(&host) };
        supplied.extend(supplied_by_file(&env, run.add_parameter_file(source), entries(source.root())));
    }
    let scope = Scope::new(run, deployment(supplied));
    let (mut part, outputs) = scope.expand();
    let skipped = part.take_skipped();
    (part, outputs, skipped)
}

/// The resources of one template, in order.
#[derive(Debug, Default)]
pub(crate) struct Part {
    entries: Vec<Entry>,
    skipped: Vec<ExpandedResource>,
}

#[derive(Debug)]
struct Entry {
    /// Positions of the entries that this one needs.
    needs: Vec<usize>,
    id: Arc<str>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Resource(Box<ExpandedResource>),
    Deployment {
        scope: String,
        part: Part,
    },
    /// Nothing to deploy: a condition is false.
    Nothing,
}

impl Part {
    /// Makes every resource hang on the condition of the deployment around it.
    fn make_conditional(&mut self, condition: &Value) {
        for entry in &mut self.entries {
            match &mut entry.content {
                Content::Resource(resource) => {
                    resource.condition.get_or_insert_with(|| condition.clone());
                }
                Content::Deployment { part, .. } => part.make_conditional(condition),
                Content::Nothing => {}
            }
        }
    }

    /// What was left out here and in nested deployments.
    fn take_skipped(&mut self) -> Vec<ExpandedResource> {
        let mut out = std::mem::take(&mut self.skipped);
        for entry in &mut self.entries {
            if let Content::Deployment { part, .. } = &mut entry.content {
                out.append(&mut part.take_skipped());
            }
        }
        out
    }
}

impl<'t> Scope<'t> {
    /// Expands the template: its resources and outputs.
    pub(crate) fn expand(&'t self) -> (Part, Vec<Output>) {
        self.check_parameters();
        let mut part = Part::default();
        let Some(instances) = self.instances() else { return (part, Vec::new()) };
        for (at, instance) in instances.iter().enumerate() {
            if self.run.budget.is_spent() {
                break;
            }
            let id: Arc<str> = body::shown(&instance.id).into();
            if instance.condition == Condition::False {
                part.skipped.push(body::skipped(instance));
                part.entries.push(Entry { needs: Vec::new(), id, content: Content::Nothing });
                continue;
            }
            if instance.is_deployment()
                && !instance.is_existing
                && let Some(mut inner) = self.take_nested(at)
            {
                if let Condition::Unknown(condition) = &instance.condition {
                    inner.make_conditional(condition);
                }
                let node = self.node_at(instance.node_at);
                let needs = node.map(|node| self.deployment_needs(&instances, at, node)).unwrap_or_default();
                let scope = instance.deployment_target.as_ref().map(super::Target::id);
                let scope = scope.map(|id| body::shown(&id)).unwrap_or_default();
                part.entries.push(Entry { needs, id, content: Content::Deployment { scope, part: inner } });
                continue;
            }
            match self.resource(&instances, at) {
                Some((resource, needs)) => {
                    part.entries.push(Entry { needs, id, content: Content::Resource(Box::new(resource)) });
                }
                None => part.entries.push(Entry { needs: Vec::new(), id, content: Content::Nothing }),
            }
        }
        let outputs = self.outputs();
        let is_off = |instance: &&super::instances::Instance| instance.condition == Condition::False;
        let skipped: Vec<u32> = instances.iter().filter(is_off).map(|instance| instance.node_at).collect();
        self.check_unread(&skipped);
        (part, outputs)
    }
}

/// All parts in one list, with the graph of what needs what.
#[derive(Debug, Default)]
struct Flat {
    resources: Vec<ExpandedResource>,
    deployments: Vec<ExpandedDeployment>,
    /// Nodes of the graph: resources, and a start and an end for each deployment.
    needs: Vec<Vec<usize>>,
    names: Vec<Arc<str>>,
    /// The resource of each node, if it is one.
    resource_of: Vec<Option<usize>>,
}

impl Flat {
    fn node(&mut self, name: &Arc<str>, resource: Option<usize>, needs: Vec<usize>) -> usize {
        self.needs.push(needs);
        self.names.push(name.clone());
        self.resource_of.push(resource);
        self.needs.len() - 1
    }

    /// Adds a part whose entries all need `start`; returns the nodes that end its entries.
    fn add_part(&mut self, part: Part, start: Option<usize>) -> Vec<usize> {
        let count = part.entries.len();
        let mut starts = vec![0; count];
        let mut ends = vec![0; count];
        let ids: Vec<Arc<str>> = part.entries.iter().map(|entry| entry.id.clone()).collect();
        let is_real: Vec<bool> =
            part.entries.iter().map(|entry| !matches!(entry.content, Content::Nothing)).collect();
        let mut needs = Vec::with_capacity(count);
        for (at, entry) in part.entries.into_iter().enumerate() {
            let depends_on: Vec<Arc<str>> =
                entry.needs.iter().filter(|need| is_real[**need]).map(|need| ids[*need].clone()).collect();
            needs.push(entry.needs);
            match entry.content {
                Content::Resource(mut resource) => {
                    resource.depends_on = depends_on;
                    self.resources.push(*resource);
                    let node =
                        self.node(&entry.id, Some(self.resources.len() - 1), start.into_iter().collect());
                    (starts[at], ends[at]) = (node, node);
                }
                Content::Nothing => {
                    let node = self.node(&entry.id, None, start.into_iter().collect());
                    (starts[at], ends[at]) = (node, node);
                }
                Content::Deployment { scope, part } => {
                    let first = self.resources.len();
                    starts[at] = self.node(&entry.id, None, start.into_iter().collect());
                    let place = self.deployments.len();
                    self.deployments.push(ExpandedDeployment {
                        id: entry.id.to_string(),
                        scope,
                        depends_on,
                        resources: 0..0,
                    });
                    let inner = self.add_part(part, Some(starts[at]));
                    self.deployments[place].resources = first..self.resources.len();
                    let mut all = inner;
                    all.push(starts[at]);
                    ends[at] = self.node(&entry.id, None, all);
                }
            }
        }
        for (at, needs) in needs.into_iter().enumerate() {
            let ends: Vec<usize> = needs.into_iter().map(|need| ends[need]).collect();
            self.needs[starts[at]].extend(ends);
        }
        ends
    }

    /// The waves, or the names of a circle's members.
    fn waves(&self) -> (Vec<Vec<usize>>, Option<Vec<String>>) {
        let is_resource = |node: usize| self.resource_of[node].is_some();
        match levels(&self.needs, |node| usize::from(is_resource(node))) {
            Ok(levels) => {
                let existing =
                    |node: usize| self.resource_of[node].is_some_and(|at| !self.resources[at].existing);
                let waves = grouped(&levels, existing);
                let waves = waves
                    .into_iter()
                    .map(|wave| wave.into_iter().filter_map(|node| self.resource_of[node]).collect())
                    .collect();
                (waves, None)
            }
            Err(cycle) => {
                let mut names: Vec<String> = Vec::new();
                for node in cycle.members.iter().take(20) {
                    let name = self.names[*node].rsplit("/providers/").next().unwrap_or_default();
                    if names.last().is_none_or(|last| last != name) {
                        names.push(name.to_owned());
                    }
                }
                names.extend(names.first().cloned());
                (Vec::new(), Some(names))
            }
        }
    }
}
