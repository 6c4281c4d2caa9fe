//! Why a policy decided as it did.

use std::ops::ControlFlow;

use azimuth_arm::Value;
use hashbrown::HashMap;
use serde_json::json;

use crate::compile::{CompiledLeft, Compiler, Node, PolicyId, Program};
use crate::definition::{Condition, Leaf, Left, Operator, Over};
use crate::document::{LayoutBuilder, ReadError, Row, Slots};
use crate::evaluate::{Context, Env, Fault, Resource, evaluate_template, find_bound, holds, special_text};
use crate::template::Template;

/// One comparison that had a part in the decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// JSON path of the condition in its definition.
    pub path: String,
    /// `Field`, `Value` or `Count`.
    pub kind: &'static str,
    /// The field, value or count as written.
    pub expression: String,
    /// Where the field stands in the resource, if it is one.
    pub resource_path: Option<String>,
    /// The value seen; null if absent.
    pub seen: Value,
    /// The value wanted.
    pub wanted: Value,
    /// The comparison.
    pub operator: Operator,
    /// Whether it holds; a failed one does not.
    pub result: bool,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
}

/// The decision of one rule with the comparisons that decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether the condition holds.
    pub result: Result<bool, Fault>,
    /// The comparisons that decided.
    pub evaluated: Vec<Evaluated>,
}

impl Evaluated {
    /// The comparison as policy states show it under `evaluatedExpressions`.
    pub fn to_json(&self) -> serde_json::Value {
        let value =
            |value: &Value| serde_json::from_str(&value.to_string()).unwrap_or(serde_json::Value::Null);
        json!({
            "result": if self.result { "True" } else { "False" },
            "expression": self.expression,
            "expressionKind": self.kind,
            "path": self.resource_path,
            "expressionValue": value(&self.seen),
            "targetValue": value(&self.wanted),
            "operator": operator_name(self.operator),
        })
    }
}

fn operator_name(operator: Operator) -> String {
    let mut letters = operator.name().chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The sentence that the portal shows for a failing comparison: what would have to be true.
pub fn reason(operator: Operator, is_negated: bool) -> &'static str {
    let (positive, is_opposite) = operator.positive();
    match (positive, is_opposite != is_negated) {
        (Operator::ContainsKey, false) => "Current value must contain the target value as a key.",
        (Operator::ContainsKey, true) => "Current value must not contain the target value as a key.",
        (Operator::Contains, false) => "Current value must contain the target value.",
        (Operator::Contains, true) => "Current value must not contain the target value.",
        (Operator::Less, false) | (Operator::GreaterOrEquals, true) => {
            "Current value must be less than the target value."
        }
        (Operator::GreaterOrEquals, false) | (Operator::Less, true) => {
            "Current value must be greater than or equal to the target value."
        }
        (Operator::Greater, false) | (Operator::LessOrEquals, true) => {
            "Current value must be greater than the target value."
        }
        (Operator::LessOrEquals, false) | (Operator::Greater, true) => {
            "Current value must be less than or equal to the target value."
        }
        (Operator::In, false) => "Current value must be in the target value.",
        (Operator::In, true) => "Current value must not be in the target value.",
        (Operator::Like, false) => "Current value must be like the target value.",
        (Operator::Like, true) => "Current value must not be like the target value.",
        (Operator::Match, false) => "Current value must case-sensitive match the target value.",
        (Operator::Match, true) => "Current value must not case-sensitive match the target value.",
        (Operator::MatchInsensitively, false) => {
            "Current value must case-insensitive match the target value."
        }
        (Operator::MatchInsensitively, true) => {
            "Current value must not case-insensitive match the target value."
        }
        (Operator::Exists, false) => "Current value must exist.",
        (Operator::Exists, true) => "Current value must not exist.",
        (_, false) => "Current value must be equal to the target value.",
        (_, true) => "Current value must not be equal to the target value.",
    }
}

impl Program {
    /// The decision of one policy about a resource with the comparisons that decided: all of an `allOf` that holds, the
    /// first that does not hold of one that does not, and so on.
    ///
    /// # Errors
    /// If the resource is no JSON object.
    pub fn explain(
        &self,
        policy: PolicyId,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
    ) -> Result<Explanation, ReadError> {
        let plan = self.plan_of(resource);
        let mut layout = LayoutBuilder::new();
        let mut aliases = Vec::new();
        let mut fields = HashMap::new();
        let rule = &self.policy(policy).definition().rule;
        let mut compiler = Compiler {
            catalogue: self.catalogue(),
            resource_type: plan.resource_type.as_deref(),
            api_version: plan.api_version.as_deref(),
            policy: self.policy(policy),
            layout: &mut layout,
            scopes: Vec::new(),
            aliases: &mut aliases,
            is_folding: false,
            next_leaf: 0,
            is_existence: false,
            items: Vec::new(),
            folds_type: false,
            fields: &mut fields,
        };
        let node = compiler.condition(&rule.condition);
        let mut leaves = Vec::new();
        rule.condition.for_each_leaf(&mut |leaf| leaves.push(leaf));
        let document = slots.read(resource.json, &layout.finish())?;
        let env = Env { fields: &fields, ..self.env_of(policy, plan, &document, resource, context) };
        let trace = trace(&node, &rule.condition, &leaves, &env);
        let result = holds(&node, &env, None);
        Ok(Explanation { result, evaluated: trace.1 })
    }
}

/// The truth of a condition and the comparisons that decided it.
fn trace(node: &Node, condition: &Condition, leaves: &[&Leaf], env: &Env<'_>) -> (bool, Vec<Evaluated>) {
    match (node, condition) {
        (Node::All(nodes), Condition::AllOf(parts)) => join(nodes, parts, leaves, env, false),
        (Node::Any(nodes), Condition::AnyOf(parts)) => join(nodes, parts, leaves, env, true),
        (Node::Not(node), Condition::Not(inner)) => {
            let (truth, evaluated) = trace(node, inner, leaves, env);
            (!truth, evaluated)
        }
        _ => {
            let evaluated = evaluate_leaf(node, leaves, env);
            let truth = evaluated.first().is_some_and(|only| only.result);
            (truth, evaluated)
        }
    }
}

/// `ends`: the truth value that decides the whole.
fn join(
    nodes: &[Node],
    parts: &[Condition],
    leaves: &[&Leaf],
    env: &Env<'_>,
    ends: bool,
) -> (bool, Vec<Evaluated>) {
    let mut all = Vec::new();
    for (node, part) in nodes.iter().zip(parts) {
        let (truth, evaluated) = trace(node, part, leaves, env);
        if truth == ends {
            return (ends, evaluated);
        }
        all.extend(evaluated);
    }
    (!ends, all)
}

fn evaluate_leaf(node: &Node, leaves: &[&Leaf], env: &Env<'_>) -> Vec<Evaluated> {
    let number = match node {
        Node::Slot { leaf, .. } => *leaf,
        Node::Leaf(leaf) => leaf.leaf,
        Node::Const(_) | Node::All(_) | Node::Any(_) | Node::Not(_) => return Vec::new(),
    };
    let Some(leaf) = leaves.get(number as usize) else { return Vec::new() };
    let outcome = holds(node, env, None);
    let (kind, expression) = match &leaf.left {
        Left::Field(name) => ("Field", shown(name, env)),
        Left::Value(value) => ("Value", written(value)),
        Left::Count(count) => match &count.over {
            Over::Field(name) => ("Count", shown(name, env)),
            Over::Value { value, .. } => ("Count", written(value)),
        },
    };
    let resource_path = match &leaf.left {
        Left::Field(_) => {
            crate::field::resolve(&expression, env.catalogue, env.subject_type, env.api_version)
                .map(|field| field.path.to_string())
        }
        Left::Value(_) | Left::Count(_) => None,
    };
    vec![Evaluated {
        path: leaf.path.clone(),
        kind,
        expression,
        resource_path,
        seen: seen(node, env),
        wanted: evaluate_template(&leaf.right, env, None).unwrap_or(Value::NULL),
        operator: leaf.operator,
        result: outcome == Ok(true),
        fault: outcome.err(),
    }]
}

/// What the left side of a comparison is.
fn seen(node: &Node, env: &Env<'_>) -> Value {
    let collection = |members: Vec<Option<Value>>| {
        Value::array(members.into_iter().map(|member| member.unwrap_or(Value::NULL)).collect())
    };
    match node {
        Node::Slot { slot, .. } => env.subject.seen(Row::ROOT, *slot).to_value(),
        Node::Leaf(leaf) => match &leaf.left {
            CompiledLeft::Slot(slots) => {
                let mut members = Vec::new();
                let visited = env.subject.each_row(Row::ROOT, &slots.arrays, &mut |row| {
                    members.push(env.subject.seen(row, slots.slot).to_value());
                    ControlFlow::<()>::Continue(())
                });
                let _ = visited;
                Value::array(members)
            }
            CompiledLeft::Tree(path) => match find_bound(path, env, None) {
                crate::document::Found::One(value) => value.unwrap_or(Value::NULL),
                crate::document::Found::Many { members, .. } => collection(members),
            },
            CompiledLeft::Special(special) => special_text(*special, env).map_or(Value::NULL, Value::string),
            CompiledLeft::FieldValue(slot) => env.subject.seen(Row::ROOT, *slot).to_value(),
            CompiledLeft::Absent | CompiledLeft::Dynamic(_) => Value::NULL,
            CompiledLeft::Value(value) | CompiledLeft::Context(_, value) => {
                evaluate_template(value, env, None).unwrap_or(Value::NULL)
            }
            CompiledLeft::Count(count) => crate::evaluate::count_members(count, env, None)
                .map_or(Value::NULL, |number| Value::int(number as i64)),
        },
        Node::Const(_) | Node::All(_) | Node::Any(_) | Node::Not(_) => Value::NULL,
    }
}

fn shown(template: &Template, env: &Env<'_>) -> String {
    let value = evaluate_template(template, env, None).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| written(template))
}

fn written(template: &Template) -> String {
    match template {
        Template::Known(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        Template::Expression(expression) => format!("[{expression}]"),
        Template::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Template::Object(_) => "{…}".to_owned(),
    }
}
