//! A rule taken apart, so that every comparison in it can be asked for on its own.
//!
//! The policy engine decides a rule as a whole. Before a deployment some values are not known, and then it has to be
//! told which comparisons they touch, and whether the others decide alone. So every comparison is compiled as a small
//! policy of its own for the type of the resource; nothing about operators is decided here.

use std::sync::Arc;

use azimuth_arm::{ExpressionKind, Value};
use azimuth_policy::{
    Catalogue, CompileOptions, Condition, Context, Count, Definition, Evaluated, Leaf, Left, Mode, Operator,
    Over, Policy, PolicyId, Program, Resource, Slots, Template,
};

use crate::reads::Reads;

/// A condition, each comparison of which can be asked for.
#[derive(Debug)]
pub(crate) enum Probe {
    All(Vec<Probe>),
    Any(Vec<Probe>),
    Not(Box<Probe>),
    Leaf(Box<LeafProbe>),
}

/// A comparison that can be asked for.
#[derive(Debug)]
pub(crate) struct LeafProbe {
    pub(crate) policy: PolicyId,
    pub(crate) operator: Operator,
    pub(crate) reads: Reads,
    pub(crate) subject: Subject,
    /// JSON path of the comparison in the definition.
    pub(crate) path: Box<str>,
    /// The right side, as far as it does not depend on the resource.
    pub(crate) target: Option<Value>,
}

/// What a comparison compares.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A field; its name unless that is computed.
    Field(Option<Box<str>>),
    /// A value.
    Value,
    /// A count of array members.
    Count {
        /// The array alias unless it is computed.
        array: Option<Box<str>>,
        /// What a member has to meet, asked for on a resource with that member alone.
        member: Option<Box<Probe>>,
    },
}

/// The comparisons of one rule, compiled for one type of resource.
#[derive(Debug)]
pub(crate) struct Probes {
    program: Program,
    pub(crate) root: Probe,
}

impl Probes {
    /// Takes a condition of `policy` apart for resources of a type.
    pub(crate) fn new(
        catalogue: Arc<Catalogue>,
        policy: &Policy,
        condition: &Condition,
        resource_type: &str,
    ) -> Self {
        let mut builder = Builder { policy, resource_type, policies: Vec::new() };
        let root = builder.probe(condition, &|leaf| leaf);
        let Builder { policies, .. } = builder;
        Self { program: Program::compile(catalogue, policies, &CompileOptions::default()), root }
    }

    /// The answer to one comparison.
    pub(crate) fn ask(
        &self,
        leaf: &LeafProbe,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
    ) -> Option<Evaluated> {
        let explanation = self.program.explain(leaf.policy, slots, resource, context).ok()?;
        // The comparison with the type comes first and holds.
        explanation.evaluated.into_iter().next_back()
    }
}

struct Builder<'a> {
    policy: &'a Policy,
    resource_type: &'a str,
    policies: Vec<Policy>,
}

impl Builder<'_> {
    /// `wrap` makes of a comparison inside a count one about the whole resource.
    fn probe(&mut self, condition: &Condition, wrap: &dyn Fn(Leaf) -> Leaf) -> Probe {
        match condition {
            Condition::AllOf(parts) => Probe::All(parts.iter().map(|part| self.probe(part, wrap)).collect()),
            Condition::AnyOf(parts) => Probe::Any(parts.iter().map(|part| self.probe(part, wrap)).collect()),
            Condition::Not(inner) => Probe::Not(Box::new(self.probe(inner, wrap))),
            Condition::Leaf(leaf) => Probe::Leaf(Box::new(self.leaf(leaf, wrap))),
        }
    }

    fn leaf(&mut self, leaf: &Leaf, wrap: &dyn Fn(Leaf) -> Leaf) -> LeafProbe {
        let name = |template: &Template| template.known().and_then(Value::as_str).map(Into::into);
        let subject = match &leaf.left {
            Left::Field(field) => Subject::Field(name(field)),
            Left::Value(_) => Subject::Value,
            Left::Count(Count { over: Over::Value { .. }, .. }) => Subject::Value,
            Left::Count(Count { over: Over::Field(array), condition }) => Subject::Count {
                array: name(array),
                member: condition.as_ref().map(|condition| {
                    Box::new(self.probe(condition, &|inner: Leaf| wrap(any_member(array, inner))))
                }),
            },
        };
        let reads = Reads::of_condition(&Condition::Leaf(Box::new(leaf.clone())));
        let target = self.known(&leaf.right);
        let policy = self.push(wrap(leaf.clone()));
        let path = leaf.path.as_str().into();
        LeafProbe { policy, operator: leaf.operator, reads, subject, path, target }
    }

    /// A value that is written, or the value of a parameter.
    fn known(&self, template: &Template) -> Option<Value> {
        match template {
            Template::Known(value) => Some(value.clone()),
            Template::Expression(expression) => match &expression.kind {
                ExpressionKind::Call(call) if &*call.key == "parameters" => {
                    let ExpressionKind::Literal(name) = &call.arguments.first()?.kind else { return None };
                    self.policy.parameters().get(name.as_str()?).cloned()
                }
                _ => None,
            },
            Template::Array(_) | Template::Object(_) => None,
        }
    }

    fn push(&mut self, leaf: Leaf) -> PolicyId {
        let definition = self.policy.definition();
        let mut rule = definition.rule.clone();
        rule.condition = Condition::AllOf(vec![is_type(self.resource_type), Condition::Leaf(Box::new(leaf))]);
        rule.effect = Template::Known(Value::string("audit"));
        rule.details = azimuth_policy::Details::default();
        let definition = Definition { mode: Mode::All, rule, ..(**definition).clone() };
        let id = PolicyId(u32::try_from(self.policies.len()).unwrap_or(u32::MAX));
        self.policies.push(Policy::bind_unchecked(
            Arc::new(definition),
            self.policy.parameters(),
            self.policy.context().clone(),
        ));
        id
    }
}

fn is_type(resource_type: &str) -> Condition {
    Condition::Leaf(Box::new(Leaf {
        left: Left::Field(Template::Known(Value::string("type"))),
        operator: Operator::Equals,
        right: Template::Known(Value::string(resource_type)),
        path: String::new(),
    }))
}

/// "Some member of the array meets the comparison".
fn any_member(array: &Template, inner: Leaf) -> Leaf {
    let path = inner.path.clone();
    Leaf {
        left: Left::Count(Count {
            over: Over::Field(array.clone()),
            condition: Some(Condition::Leaf(Box::new(inner))),
        }),
        operator: Operator::Greater,
        right: Template::Known(Value::int(0)),
        path,
    }
}
