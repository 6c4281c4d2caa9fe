//! Policies grouped by resource type.

use std::sync::Arc;

use hashbrown::HashMap;

use super::applicability::looks_at_location;
use super::provider::{Hosts, OfNamespace, hosts};
use super::types::{Types, types_of};
use super::{Compiler, FieldSlots, Guards, Node, Policy};
use crate::catalogue::Catalogue;
use crate::definition::{Condition, Effect, Mode};
use crate::document::{Layout, LayoutBuilder};
use crate::evaluate::{RelatedQuery, constant_template};
use crate::fold::fold;
use crate::template::{Template, for_each_call};

/// Most sets of API versions that one type is compiled for.
const MAX_VERSIONS: usize = 48;

/// The number of a policy in its [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyId(pub u32);

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Compile only for these resource types (any letter case) besides the plan for all others; empty: for every type
    /// that some policy names.
    pub resource_types: Vec<String>,
}

/// Policies compiled together.
#[derive(Debug)]
pub struct Program {
    catalogue: Arc<Catalogue>,
    policies: Box<[Policy]>,
    existence: Box<[Option<Existence>]>,
    plans: Box<[Plan]>,
    /// Folded type → its plans: the one for most API versions, then those for special ones.
    by_type: HashMap<Box<str>, Box<[VersionPlan]>>,
    /// The plan of types that no policy names.
    others: u32,
    /// Policies of provider modes that name no type.
    of_namespace: OfNamespace,
}

/// API versions (none: all others) and the number of the plan for them.
type VersionPlan = (Box<[Box<str>]>, u32);

/// Everything there is to decide about resources of one type.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Folded.
    pub(crate) resource_type: Option<Box<str>>,
    pub(crate) api_version: Option<Box<str>>,
    pub(crate) layout: Layout,
    pub(crate) items: Box<[Item]>,
    /// Policies of provider modes, which are about such resources and cannot be decided here.
    pub(crate) providers: Box<[Item]>,
    /// Fields that expressions ask for by name.
    pub(crate) fields: HashMap<Box<str>, FieldSlots>,
    /// Policies that name no type and use no alias; the same for every plan.
    pub(crate) generic: Arc<[Item]>,
}

/// One policy in a plan.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) policy: PolicyId,
    pub(crate) condition: Node,
    /// What `condition` begins with.
    pub(crate) guards: Guards,
    pub(crate) applicability: Node,
    /// Whether the mode asks for types with tags and location.
    pub(crate) wants_indexed: bool,
    /// Whether the rule looks at the location, which keeps it off subscriptions.
    pub(crate) wants_location: bool,
}

/// The related resources that an IfNotExists effect asks for.
#[derive(Debug)]
pub(crate) struct Existence {
    /// Folded.
    pub(crate) resource_type: Option<Box<str>>,
    pub(crate) layout: Layout,
    pub(crate) condition: Option<Node>,
    /// What is looked for, if that does not depend on the resource.
    pub(crate) query: Option<RelatedQuery>,
    /// Fields that `current()` asks for by name.
    pub(crate) fields: HashMap<Box<str>, FieldSlots>,
}

impl Program {
    /// Compiles policies. Disabled ones cost nothing later.
    pub fn compile(catalogue: Arc<Catalogue>, policies: Vec<Policy>, options: &CompileOptions) -> Self {
        let policies: Box<[Policy]> = policies.into();
        let types: Vec<Types> = policies
            .iter()
            .map(|policy| {
                types_of(&policy.definition().rule.condition, &|template| constant_template(template, policy))
            })
            .collect();
        let active: Vec<usize> = (0..policies.len()).filter(|index| is_active(&policies[*index])).collect();
        let (generic, special): (Vec<usize>, Vec<usize>) = active
            .into_iter()
            .partition(|index| types[*index] == Types::Any && is_generic(&policies[*index]));
        let mut base = LayoutBuilder::new();
        let mut aliases = Vec::new();
        let mut fields = HashMap::new();
        let generic: Arc<[Item]> = generic
            .into_iter()
            .map(|index| {
                let target = Target { resource_type: None, api_version: None };
                let mut sink = Sink { layout: &mut base, aliases: &mut aliases, fields: &mut fields };
                compile_item(&catalogue, &policies[index], PolicyId(index as u32), target, &mut sink)
            })
            .collect();
        let mut of_namespace = OfNamespace::default();
        let mut hosted: HashMap<Box<str>, Vec<(usize, bool)>> = HashMap::new();
        for (index, policy) in policies.iter().enumerate() {
            match hosts(policy).filter(|_| policy.effect() != Some(Effect::Disabled)) {
                Some(Hosts::Types { names, is_component }) => {
                    for name in names {
                        hosted.entry(name).or_default().push((index, is_component));
                    }
                }
                Some(Hosts::Namespace(namespace)) => of_namespace.add(&namespace, PolicyId(index as u32)),
                None => {}
            }
        }
        let names = named_types(&types, &special, hosted.keys(), options);
        let mut program = Self {
            existence: policies.iter().map(|policy| compile_existence(&catalogue, policy)).collect(),
            catalogue,
            policies,
            plans: Box::default(),
            by_type: HashMap::new(),
            others: 0,
            of_namespace,
        };
        let mut plans = Vec::new();
        let any: Vec<usize> = special.iter().copied().filter(|index| types[*index] == Types::Any).collect();
        plans.push(program.plan_for(None, None, (&any, &[]), &base, &generic).0);
        let mut by_type: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for index in &special {
            match &types[*index] {
                Types::Only(list) => {
                    for name in list.iter().filter(|name| names.contains(*name)) {
                        by_type.entry(name.clone()).or_default().push(*index);
                    }
                }
                Types::Any => {}
            }
        }
        for name in names {
            let mut wanted = by_type.remove(&name).unwrap_or_default();
            wanted.extend(&any);
            wanted.sort_unstable();
            let hosted = hosted.remove(&name).unwrap_or_default();
            let wanted = (&*wanted, &*hosted);
            let (plan, aliases) = program.plan_for(Some(&name), None, wanted, &base, &generic);
            let mut entries = vec![(Box::default(), plans.len() as u32)];
            plans.push(plan);
            for versions in version_classes(&program.catalogue, &name, &aliases) {
                let (plan, _) =
                    program.plan_for(Some(&name), versions.first().map(|v| &**v), wanted, &base, &generic);
                entries.push((versions, plans.len() as u32));
                plans.push(plan);
            }
            program.by_type.insert(name, entries.into());
        }
        program.plans = plans.into();
        program
    }

    fn plan_for(
        &self,
        resource_type: Option<&str>,
        api_version: Option<&str>,
        (wanted, hosted): (&[usize], &[(usize, bool)]),
        base: &LayoutBuilder,
        generic: &Arc<[Item]>,
    ) -> (Plan, Vec<Box<str>>) {
        let mut layout = base.clone();
        let mut aliases = Vec::new();
        let mut fields = HashMap::new();
        let mut items = Vec::new();
        let mut providers = Vec::new();
        for (index, is_component) in hosted {
            let target = Target { resource_type, api_version };
            let mut sink = Sink { layout: &mut layout, aliases: &mut aliases, fields: &mut fields };
            let id = PolicyId(*index as u32);
            providers.push(compile_provider(
                &self.catalogue,
                self.policy(id),
                id,
                *is_component,
                target,
                &mut sink,
            ));
        }
        providers.retain(|item| !matches!(item.applicability, Node::Const(false)));
        for index in wanted {
            let target = Target { resource_type, api_version };
            let mut sink = Sink { layout: &mut layout, aliases: &mut aliases, fields: &mut fields };
            let id = PolicyId(*index as u32);
            let item = compile_item(&self.catalogue, &self.policies[*index], id, target, &mut sink);
            let is_never = matches!(item.applicability, Node::Const(false))
                && matches!(item.condition, Node::Const(false));
            if !is_never {
                items.push(item);
            }
        }
        let plan = Plan {
            resource_type: resource_type.map(Into::into),
            api_version: api_version.map(Into::into),
            layout: layout.finish(),
            items: items.into(),
            providers: providers.into(),
            fields,
            generic: generic.clone(),
        };
        (plan, aliases)
    }

    /// The policies in the order given.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// A policy by its number.
    pub fn policy(&self, id: PolicyId) -> &Policy {
        &self.policies[id.0 as usize]
    }

    /// Policies of provider modes about all resources of the type's namespace.
    pub(crate) fn providers_of_namespace(&self, resource_type: &str) -> &[PolicyId] {
        self.of_namespace.of(resource_type)
    }

    /// The catalogue compiled with.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(crate) fn existence(&self, id: PolicyId) -> Option<&Existence> {
        self.existence[id.0 as usize].as_ref()
    }

    /// The plan for a type and the API version of a payload, both in any letter case.
    pub(crate) fn plan(&self, resource_type: &str, api_version: Option<&str>) -> &Plan {
        let known = self.by_type.get(resource_type).or_else(|| {
            if resource_type.bytes().any(|byte| !byte.is_ascii_lowercase()) {
                self.by_type.get(fold(resource_type).as_str())
            } else {
                None
            }
        });
        let Some(entries) = known else { return &self.plans[self.others as usize] };
        let special = api_version.and_then(|version| {
            let mut others = entries[1..].iter();
            others.find(|(versions, _)| versions.iter().any(|known| known.eq_ignore_ascii_case(version)))
        });
        &self.plans[special.map_or(entries[0].1, |(_, plan)| *plan) as usize]
    }

    /// How many policies are looked at for resources of a type.
    pub fn policies_of_type(&self, resource_type: &str) -> usize {
        let plan = self.plan(resource_type, None);
        plan.items.len() + plan.generic.len()
    }

    /// How many resource types have a plan of their own.
    pub fn type_count(&self) -> usize {
        self.by_type.len()
    }
}

fn is_active(policy: &Policy) -> bool {
    policy.effect() != Some(Effect::Disabled) && !matches!(policy.definition().mode, Mode::Provider(_))
}

/// Whether a policy speaks of no alias, so that it means the same for every type.
fn is_generic(policy: &Policy) -> bool {
    let mut has_alias = false;
    let mut visit = |template: &Template| {
        template.for_each_expression(&mut |expression| {
            for_each_call(expression, &mut |call| has_alias |= matches!(&*call.key, "field" | "current"));
        });
    };
    policy.definition().rule.condition.for_each_template(&mut visit);
    policy.definition().rule.condition.for_each_leaf(&mut |leaf| {
        use crate::definition::{Left, Over};
        if let Left::Field(name) | Left::Count(crate::definition::Count { over: Over::Field(name), .. }) =
            &leaf.left
        {
            let name = constant_template(name, policy);
            has_alias |= name.is_none_or(|name| name.as_str().is_none_or(|name| name.contains('/')));
        }
    });
    !has_alias
}

fn named_types<'a>(
    types: &[Types],
    special: &[usize],
    hosts: impl Iterator<Item = &'a Box<str>>,
    options: &CompileOptions,
) -> Vec<Box<str>> {
    if !options.resource_types.is_empty() {
        let mut names: Vec<Box<str>> = options.resource_types.iter().map(|name| fold(name).into()).collect();
        names.sort();
        names.dedup();
        return names;
    }
    let mut names: Vec<Box<str>> = hosts.cloned().collect();
    for index in special {
        if let Types::Only(list) = &types[*index] {
            names.extend(list.iter().cloned());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// What a policy is compiled for.
#[derive(Clone, Copy)]
struct Target<'a> {
    resource_type: Option<&'a str>,
    api_version: Option<&'a str>,
}

/// What the policies of a plan share.
struct Sink<'a> {
    layout: &'a mut LayoutBuilder,
    aliases: &'a mut Vec<Box<str>>,
    fields: &'a mut HashMap<Box<str>, FieldSlots>,
}

fn compile_item(
    catalogue: &Catalogue,
    policy: &Policy,
    id: PolicyId,
    target: Target<'_>,
    sink: &mut Sink<'_>,
) -> Item {
    let rule = &policy.definition().rule;
    let resource_type = target.resource_type;
    let mut compiler = compiler(catalogue, policy, target, sink);
    let condition = compiler.condition(&rule.condition);
    let applicability = match policy.effect() {
        _ if !is_about_type(catalogue, policy, resource_type) => Node::Const(false),
        Some(effect) if effect.is_if_not_exists() => condition.clone(),
        _ => compiler.applicability(&rule.condition),
    };
    Item {
        policy: id,
        guards: Guards::of(&condition),
        condition,
        applicability,
        wants_indexed: policy.definition().mode == Mode::Indexed,
        wants_location: looks_at_location(&rule.condition),
    }
}

/// A policy of a provider mode: its applicability is all that matters, its condition never holds here.
fn compile_provider(
    catalogue: &Catalogue,
    policy: &Policy,
    id: PolicyId,
    is_component: bool,
    target: Target<'_>,
    sink: &mut Sink<'_>,
) -> Item {
    let applicability = if is_component {
        Node::Const(true)
    } else {
        let is_kubernetes = policy.definition().mode.name().eq_ignore_ascii_case("Microsoft.Kubernetes.Data");
        let mut compiler = compiler(catalogue, policy, target, sink);
        let condition = &policy.definition().rule.condition;
        if is_kubernetes { compiler.condition(condition) } else { compiler.applicability(condition) }
    };
    let condition = Node::Const(false);
    let guards = Guards::default();
    Item { policy: id, condition, guards, applicability, wants_indexed: false, wants_location: false }
}

fn compiler<'a>(
    catalogue: &'a Catalogue,
    policy: &'a Policy,
    target: Target<'a>,
    sink: &'a mut Sink<'_>,
) -> Compiler<'a> {
    Compiler {
        catalogue,
        resource_type: target.resource_type,
        api_version: target.api_version,
        policy,
        layout: sink.layout,
        scopes: Vec::new(),
        aliases: sink.aliases,
        is_folding: true,
        next_leaf: 0,
        is_existence: false,
        items: Vec::new(),
        folds_type: false,
        fields: sink.fields,
    }
}

/// Whether a policy that was not compiled for the type of a resource can be about it.
pub(crate) fn may_be_about(item: &Item, catalogue: &Catalogue, resource_type: &str) -> bool {
    super::applicability::is_evaluated_type(resource_type)
        && !(item.wants_location && super::applicability::is_subscription_type(resource_type))
        && (!item.wants_indexed || catalogue.is_indexed(resource_type))
}

/// Whether mode, aliases and the special rules of applicability let a policy look at a type.
fn is_about_type(catalogue: &Catalogue, policy: &Policy, resource_type: Option<&str>) -> bool {
    let condition = &policy.definition().rule.condition;
    if let Some(resource_type) = resource_type {
        if !super::applicability::is_evaluated_type(resource_type)
            || (super::applicability::is_subscription_type(resource_type) && looks_at_location(condition))
        {
            return false;
        }
        if policy.definition().mode == Mode::Indexed && !catalogue.is_indexed(resource_type) {
            return false;
        }
    }
    !has_unknown_alias(catalogue, condition)
}

/// Whether a field of the condition is an alias that its type, which publishes its aliases, does not have.
pub(crate) fn has_unknown_alias(catalogue: &Catalogue, condition: &Condition) -> bool {
    use crate::definition::Left;
    let mut found = false;
    condition.for_each_leaf(&mut |leaf| {
        if let Left::Field(name) = &leaf.left
            && let Some(name) = name.known().and_then(azimuth_arm::Value::as_str)
        {
            found |= catalogue.refuses(name);
        }
    });
    found
}

fn compile_existence(catalogue: &Catalogue, policy: &Policy) -> Option<Existence> {
    let details = &policy.definition().rule.details;
    let resource_type = details.get("type").and_then(|template| constant_template(template, policy));
    let resource_type: Option<Box<str>> =
        resource_type.and_then(|value| value.as_str().map(|name| fold(name).into()));
    if resource_type.is_none() && details.existence.is_none() {
        return None;
    }
    let mut layout = LayoutBuilder::new();
    let mut aliases = Vec::new();
    let mut fields = HashMap::new();
    let mut compiler = Compiler {
        catalogue,
        resource_type: resource_type.as_deref(),
        api_version: None,
        policy,
        layout: &mut layout,
        scopes: Vec::new(),
        aliases: &mut aliases,
        is_folding: true,
        next_leaf: 0,
        is_existence: true,
        items: Vec::new(),
        folds_type: false,
        fields: &mut fields,
    };
    let condition = details.existence.as_ref().map(|condition| compiler.condition(condition));
    let query = constant_query(policy);
    Some(Existence { resource_type, layout: layout.finish(), condition, query, fields })
}

/// What an IfNotExists effect looks for, if only parameters decide.
fn constant_query(policy: &Policy) -> Option<RelatedQuery> {
    let text = |name: &str| match policy.definition().rule.details.get(name) {
        None => Some(None),
        Some(template) => Some(constant_template(template, policy)?.as_str().map(str::to_owned)),
    };
    Some(RelatedQuery {
        resource_type: text("type")?.unwrap_or_default(),
        name: text("name")?,
        resource_group: text("resourceGroupName")?,
        in_subscription: text("existenceScope")?
            .is_some_and(|scope| scope.eq_ignore_ascii_case("subscription")),
    })
}

/// Sets of API versions for which some alias has another path, each set with the same paths.
fn version_classes(catalogue: &Catalogue, resource_type: &str, aliases: &[Box<str>]) -> Vec<Box<[Box<str>]>> {
    let mut names: Vec<String> = aliases.iter().map(|alias| fold(alias)).collect();
    names.sort();
    names.dedup();
    let served = names
        .iter()
        .filter_map(|name| catalogue.alias(name).iter().find(|alias| *alias.resource_type == *resource_type));
    let served: Vec<_> =
        served.filter(|alias| alias.versions.iter().any(|other| other.path != alias.path)).collect();
    let mut versions: Vec<&Box<str>> = served
        .iter()
        .flat_map(|alias| alias.versions.iter().filter(|other| other.path != alias.path))
        .flat_map(|other| other.api_versions.iter())
        .collect();
    versions.sort();
    versions.dedup();
    let mut classes: Vec<(Vec<String>, Vec<Box<str>>)> = Vec::new();
    for version in versions {
        let paths: Vec<String> =
            served.iter().map(|alias| alias.place(Some(version)).path.to_string()).collect();
        if let Some((_, versions)) = classes.iter_mut().find(|(known, _)| *known == paths) {
            versions.push(version.clone());
        } else if classes.len() < MAX_VERSIONS {
            classes.push((paths, vec![version.clone()]));
        }
    }
    classes.into_iter().map(|(_, versions)| versions.into()).collect()
}
