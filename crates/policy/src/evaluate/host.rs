//! Expressions of rules: the template language with policy's own functions.

use azimuth_arm::{
    Expression, ExpressionKind, Fault as ArmFault, Host, HostCall, Object, Value, evaluate, function_arity,
    parse_expression,
};

use super::condition::{find_bound, special_text};
use std::ops::ControlFlow;

use hashbrown::HashMap;

use super::{Context, Env, Fault, Resource, functions};
use crate::catalogue::Catalogue;
use crate::compile::Policy;
use crate::document::{Document, Found, LayoutBuilder, Row, Slots, find, full_budget, top_level_text};
use crate::field::{self, Special};
use crate::fold;
use crate::operator::Seen;
use crate::path::{Path, Step};
use crate::template::{Template, for_each_call};

/// A member of a count around the current condition.
pub(crate) struct Frame<'a> {
    pub(crate) parent: Option<&'a Frame<'a>>,
    pub(crate) kind: FrameKind<'a>,
}

/// Which member.
pub(crate) enum FrameKind<'a> {
    /// The row of an array of the resource.
    Row { row: Row, path: &'a Path },
    /// A member of an array that has no rows.
    Member { value: Value, path: &'a Path },
    /// An item of a value.
    Item { value: &'a Value, name: &'a str },
}

/// The value of a template.
pub(crate) fn evaluate_template(
    template: &Template,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
) -> Result<Value, Fault> {
    template.resolve(&mut |expression| evaluate_expression(expression, env, frames))
}

/// The value of an expression.
pub(crate) fn evaluate_expression(
    expression: &Expression,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
) -> Result<Value, Fault> {
    let host = PolicyHost { env, frames };
    evaluate(expression, &host, &env.spender().budget()).map_err(|error| Fault::new(error.message))
}

/// The value of a template that depends on nothing but parameters.
pub(crate) fn constant_template(template: &Template, policy: &Policy) -> Option<Value> {
    template.resolve(&mut |expression| constant_value(expression, policy, &[]).ok_or(())).ok()
}

/// The value of an expression that depends on nothing but parameters; `None` also if it fails. `items` are the items of
/// counts around, by name.
pub(crate) fn constant_value(
    expression: &Expression,
    policy: &Policy,
    items: &[(Box<str>, Value)],
) -> Option<Value> {
    Known { items, has_item: false, resource_type: None }.value(expression, policy)
}

/// What is known beside the parameters while a condition is compiled.
pub(crate) struct Known<'a> {
    /// Items of counts around, by name, outermost first.
    pub(crate) items: &'a [(Box<str>, Value)],
    /// Whether the last of them belongs to the innermost count, which `current()` without a name means.
    pub(crate) has_item: bool,
    /// The type of the resource, folded.
    pub(crate) resource_type: Option<&'a str>,
}

impl Known<'_> {
    /// The value of an expression that depends on nothing else; `None` also if it fails.
    pub(crate) fn value(&self, expression: &Expression, policy: &Policy) -> Option<Value> {
        let mut is_constant = true;
        let outermost: *const azimuth_arm::Call = match &expression.kind {
            ExpressionKind::Call(call) => &raw const **call,
            _ => std::ptr::null(),
        };
        for_each_call(expression, &mut |call| {
            let literal = match call.arguments.first().map(|argument| &argument.kind) {
                Some(ExpressionKind::Literal(value)) => value.as_str(),
                _ => None,
            };
            is_constant &= call.namespace.is_none()
                && match &*call.key {
                    "parameters" | "policy" | "adddays" | "iprangecontains" => true,
                    "requestcontext" | "resourcegroup" | "subscription" | "utcnow" => false,
                    // The type is known in lower case only, which functions could tell from what is written.
                    "field" => {
                        self.resource_type.is_some()
                            && std::ptr::eq(call, outermost)
                            && literal.is_some_and(|name| name.trim().eq_ignore_ascii_case("type"))
                    }
                    "current" if call.arguments.is_empty() => self.has_item,
                    "current" => literal.is_some_and(|name| self.item(name).is_some()),
                    key => function_arity(key).is_some(),
                };
        });
        if !is_constant {
            return None;
        }
        let host = ConstantHost { parameters: policy.parameters(), facts: policy.facts(), known: Some(self) };
        evaluate(expression, &host, &full_budget()).ok()
    }

    fn item(&self, name: &str) -> Option<&Value> {
        self.items.iter().rev().find(|(known, _)| fold::eq(known, name)).map(|(_, value)| value)
    }
}

/// The value of a template given parameters, such as those of an initiative.
pub(crate) fn bound_value(template: &Template, parameters: &Object) -> Result<Value, Fault> {
    let host = ConstantHost { parameters, facts: &Value::NULL, known: None };
    template.resolve(&mut |expression| {
        evaluate(expression, &host, &full_budget()).map_err(|error| Fault::new(error.message))
    })
}

/// The value of an expression of a rule for one resource, without any parameters.
///
/// # Errors
/// If the text is no expression, the resource no JSON object, or the evaluation fails.
pub fn evaluate_text(
    expression: &str,
    catalogue: &Catalogue,
    policy: &Policy,
    resource: &Resource<'_>,
    context: &Context,
) -> Result<Value, Fault> {
    let expression = parse_expression(expression).map_err(|error| Fault::new(error.message))?;
    let layout = LayoutBuilder::new().finish();
    let mut slots = Slots::default();
    let subject = slots.read(resource.json, &layout).map_err(|error| Fault::new(error.to_string()))?;
    let resource_type =
        resource.resource_type.or_else(|| top_level_text(resource.json, "type")).map(fold::fold);
    let env = Env {
        catalogue,
        policy,
        context,
        subject: &subject,
        subject_type: resource_type.as_deref(),
        api_version: resource.api_version,
        payload_version: resource.api_version,
        fields: &HashMap::new(),
        primary: None,
    };
    evaluate_expression(&expression, &env, None)
}

/// Calls one function of the language with values: the door for tests of functions and for tools.
///
/// # Errors
/// If there is no such function, or it fails.
pub fn call_function(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let names: Vec<String> = (0..arguments.len()).map(|index| format!("parameters('a{index}')")).collect();
    let text = format!("[{name}({})]", names.join(","));
    let expression = parse_expression(&text).map_err(|error| Fault::new(error.message))?;
    let parameters: Object = arguments
        .iter()
        .enumerate()
        .map(|(index, value)| (format!("a{index}").into(), value.clone()))
        .collect();
    let host = ConstantHost { parameters: &parameters, facts: &Value::NULL, known: None };
    evaluate(&expression, &host, &full_budget()).map_err(|error| Fault::new(error.message))
}

/// Calls a function of the template language as templates have it.
pub(super) fn built_in(name: &str, arguments: &[Value]) -> Result<Value, ArmFault> {
    struct Templates<'a>(&'a [Value]);
    impl Host for Templates<'_> {
        fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, ArmFault>> {
            let index =
                call.arguments.first().and_then(Value::as_int).and_then(|index| usize::try_from(index).ok());
            Some(
                index
                    .and_then(|index| self.0.get(index))
                    .cloned()
                    .ok_or_else(|| ArmFault::new("no such argument")),
            )
        }
    }
    let parts: Vec<String> = (0..arguments.len()).map(|index| format!("parameters({index})")).collect();
    let expression = parse_expression(&format!("[{name}({})]", parts.join(",")));
    let value =
        expression.and_then(|expression| evaluate(&expression, &Templates(arguments), &full_budget()));
    value.map_err(|error| ArmFault { hint: error.hint, ..ArmFault::new(error.message) })
}

/// Only parameters and the facts about the policy.
struct ConstantHost<'a> {
    parameters: &'a Object,
    facts: &'a Value,
    known: Option<&'a Known<'a>>,
}

impl Host for ConstantHost<'_> {
    fn permits(&self, key: &str) -> bool {
        !functions::is_own(key)
    }

    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, ArmFault>> {
        match call.key {
            "parameters" => Some(parameter(self.parameters, call)),
            "policy" => Some(Ok(self.facts.clone())),
            "field" => {
                let resource_type = self.known.and_then(|known| known.resource_type);
                Some(Ok(Value::string(resource_type.unwrap_or_default())))
            }
            "current" => {
                let known = self.known?;
                let item = match call.arguments.first().and_then(Value::as_str) {
                    Some(name) => known.item(name),
                    None => known.items.last().map(|(_, value)| value),
                };
                Some(item.cloned().ok_or_else(|| ArmFault::new("`current` stands outside of any count")))
            }
            key => functions::call(key, call),
        }
    }
}

fn parameter(parameters: &Object, call: &HostCall<'_>) -> Result<Value, ArmFault> {
    let name = call.text(0)?;
    let known = parameters.get(name).cloned();
    let known = known.or_else(|| {
        parameters.iter().find(|(known, _)| fold::eq(known, name)).map(|(_, value)| value.clone())
    });
    known.ok_or_else(|| ArmFault::new(format!("the parameter `{name}` has no value")))
}

struct PolicyHost<'a> {
    env: &'a Env<'a>,
    frames: Option<&'a Frame<'a>>,
}

impl Host for PolicyHost<'_> {
    fn permits(&self, key: &str) -> bool {
        !functions::is_own(key)
    }

    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, ArmFault>> {
        let context = self.env.context;
        let scope = |value: &Value, what: &str| {
            if value.is_null() {
                return Err(ArmFault::new(format!("the resource has no {what}")));
            }
            let mut members = value.as_object().cloned().unwrap_or_default();
            for (name, nothing) in [("managedBy", Value::NULL), ("tags", Value::object(Object::new()))] {
                if members.get(name).is_none() {
                    members.set(name.into(), nothing);
                }
            }
            Ok(Value::object(members))
        };
        Some(match call.key {
            "parameters" => parameter(self.env.policy.parameters(), call),
            "policy" => Ok(self.env.policy.facts().clone()),
            "field" => call.text(0).map(|name| self.field(name)),
            "current" => self.current(call),
            "requestcontext" => Ok(self.env.request().into_owned()),
            "resourcegroup" => scope(&context.resource_group, "resource group"),
            "subscription" => scope(&context.subscription, "subscription"),
            "utcnow" => functions::utc_now(context.now, call),
            key => return functions::call(key, call),
        })
    }

    fn function_names(&self) -> Vec<String> {
        crate::definition::OWN_FUNCTIONS.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl PolicyHost<'_> {
    /// `field('…')`: the value, `''` if absent; of a collection always an array.
    fn field(&self, name: &str) -> Value {
        let (env, frames) = match self.env.primary {
            Some(primary) => (primary, None),
            None => (self.env, self.frames),
        };
        if let Some(value) = self.slot_value(name, env, frames, "") {
            return value;
        }
        let Some(field) = field::resolve(name, env.catalogue, env.subject_type, env.api_version) else {
            return if name.contains("[*]") { Value::array(Vec::new()) } else { Value::string("") };
        };
        if field.special != Special::No {
            return Value::string(special_text(field.special, env).unwrap_or_default());
        }
        let found = match self.through_count(&field.path, env, frames) {
            Some(found) => found,
            None => find_bound(&field.path, env, frames),
        };
        let is_collection = field.path.is_collection();
        match found {
            Found::Many { members, .. } => Value::array(members.into_iter().flatten().collect()),
            Found::One(Some(value)) if is_collection => Value::array(vec![value]),
            Found::One(None) if is_collection => Value::array(Vec::new()),
            Found::One(Some(value)) if field.form == crate::document::Form::Name => match value.as_str() {
                Some(text) => Value::string(text.rsplit('/').next().unwrap_or(text)),
                None => value,
            },
            Found::One(Some(value)) => value,
            Found::One(None) => Value::string(""),
        }
    }

    /// The value of a field that has slots, seen from the innermost count over one of its arrays; `absent` stands for
    /// nothing. `None` if it has no slots.
    fn slot_value(
        &self,
        name: &str,
        env: &Env<'_>,
        frames: Option<&Frame<'_>>,
        absent: &str,
    ) -> Option<Value> {
        let field = env.fields.get(name)?;
        let (mut row, mut done) = (Row::ROOT, 0);
        let mut frame = frames;
        while let Some(current) = frame {
            match &current.kind {
                FrameKind::Row { row: bound, path } => {
                    if field.path.after(path).is_some() {
                        row = *bound;
                        done = path.steps().iter().filter(|step| **step == Step::Each).count();
                        break;
                    }
                    let (_, prefix) = path.steps().split_last()?;
                    if field.path.after(&Path::of(prefix.to_vec())).is_some() {
                        return None;
                    }
                }
                FrameKind::Member { .. } => return None,
                FrameKind::Item { .. } => {}
            }
            frame = current.parent;
        }
        let arrays = field.slots.arrays.get(done..)?;
        let value = |seen: Seen<'_>| match seen {
            Seen::Absent => None,
            seen => Some(seen.to_value()),
        };
        if !field.path.is_collection() {
            return Some(
                value(env.subject.seen(row, field.slots.slot)).unwrap_or_else(|| Value::string(absent)),
            );
        }
        let mut members = Vec::new();
        let visited: ControlFlow<(), _> = env.subject.each_row(row, arrays, &mut |row| {
            members.extend(value(env.subject.seen(row, field.slots.slot)));
            // The function that asks for the members notices that nothing is left.
            if env.spender().spend(1).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let _ = visited;
        Some(Value::array(members))
    }

    /// A path that leaves out the `[*]` of a count around it means the count's member: `list.x` for `list[*].x`.
    fn through_count(&self, path: &Path, env: &Env<'_>, frames: Option<&Frame<'_>>) -> Option<Found> {
        let mut frame = frames;
        while let Some(current) = frame {
            if let Some(array) = current.path()
                && let Some((Step::Each, prefix)) = array.steps().split_last()
                && let Some(rest) = path.after(&Path::of(prefix.to_vec()))
                && matches!(rest.first(), Some(Step::Key(_)))
            {
                return Some(find(&current.value(env.subject), rest));
            }
            frame = current.parent;
        }
        None
    }

    /// `current()`, `current('name')`, `current('alias[*].x')`.
    fn current(&self, call: &HostCall<'_>) -> Result<Value, ArmFault> {
        let subject: &Document<'_> = self.env.subject;
        if call.arguments.is_empty() {
            let frame = self.frames.ok_or_else(|| ArmFault::new("`current` stands outside of any count"))?;
            return Ok(frame.value(subject));
        }
        let name = call.text(0)?;
        let mut frame = self.frames;
        while let Some(current) = frame {
            if let FrameKind::Item { name: known, value } = &current.kind
                && fold::eq(known, name)
            {
                return Ok((*value).clone());
            }
            frame = current.parent;
        }
        let field = field::resolve(name, self.env.catalogue, self.env.subject_type, self.env.api_version);
        if let Some(field) = field {
            let mut frame = self.frames;
            while let Some(current) = frame {
                if let Some(array) = current.path()
                    && let Some(rest) = field.path.after(array)
                {
                    return Ok(match find(&current.value(subject), rest) {
                        Found::One(value) => value.unwrap_or_else(|| Value::string("")),
                        Found::Many { members, .. } => Value::array(members.into_iter().flatten().collect()),
                    });
                }
                frame = current.parent;
            }
        }
        Err(ArmFault::new(format!("no count around here goes over `{name}`")))
    }
}
