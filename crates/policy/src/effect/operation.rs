//! The operations of append and modify, evaluated for one resource.

use azimuth_arm::{Value, is_expression, parse_expression};

use super::ConflictEffect;
use crate::compile::{PolicyId, Program};
use crate::definition::Effect;
use crate::document::Slots;
use crate::evaluate::{Context, Env, Fault, Resource, evaluate_expression, evaluate_template};
use crate::template::Template;

/// What a policy wants to change.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// Append or modify.
    pub effect: Effect,
    /// The operations whose conditions hold.
    pub operations: Vec<Operation>,
    /// What happens when one cannot run.
    pub conflict: ConflictEffect,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// The field, its expression evaluated.
    pub field: String,
    /// The value.
    pub value: Value,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Append: adds; a different value that is there already denies the request.
    Append,
    /// Sets where nothing is there.
    Add,
    /// Sets.
    AddOrReplace,
    /// Removes (tags only).
    Remove,
}

impl Program {
    /// What an append or modify policy wants to change in a resource; `None` for other effects. Whether the condition of
    /// the rule holds is the caller's affair.
    ///
    /// # Errors
    /// If an expression fails, which denies the request.
    pub fn mutation(
        &self,
        policy: PolicyId,
        slots: &mut Slots,
        resource: &Resource<'_>,
        context: &Context,
    ) -> Result<Option<Mutation>, Fault> {
        let plan = self.plan_of(resource);
        let document =
            slots.read(resource.json, &plan.layout).map_err(|error| Fault::new(error.to_string()))?;
        let env = self.env_of(policy, plan, &document, resource, context);
        let bound = self.policy(policy);
        let Some(effect) = bound.effect() else { return Ok(None) };
        let details = &bound.definition().rule.details;
        let (items, is_append) = match effect {
            Effect::Append => (details.items().to_vec(), true),
            Effect::Modify => match details.get("operations") {
                Some(Template::Array(items)) => (items.clone(), false),
                Some(Template::Known(value)) => {
                    let items = value.as_array().unwrap_or_default().iter().cloned();
                    (items.map(Template::Known).collect(), false)
                }
                _ => (Vec::new(), false),
            },
            _ => return Ok(None),
        };
        let mut operations = Vec::new();
        for item in &items {
            operations.extend(operation(item, is_append, &env)?);
        }
        let conflict = details.written("conflictEffect").and_then(|_| {
            let template = details.get("conflictEffect")?;
            let value = evaluate_template(template, &env, None).ok()?;
            ConflictEffect::from_name(value.as_str()?)
        });
        Ok(Some(Mutation { effect, operations, conflict: conflict.unwrap_or_default() }))
    }
}

/// The operation, if its condition holds.
fn operation(item: &Template, is_append: bool, env: &Env<'_>) -> Result<Option<Operation>, Fault> {
    let member = |name: &str| -> Result<Option<Value>, Fault> {
        match item {
            Template::Object(members) => members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, template)| evaluate_template(template, env, None))
                .transpose(),
            Template::Known(value) => Ok(value.get(name)),
            Template::Expression(_) | Template::Array(_) => Ok(None),
        }
    };
    let holds = match member("condition")? {
        None => true,
        Some(value) => truth(&value, env)?,
    };
    if !holds {
        return Ok(None);
    }
    let field = member("field")?.and_then(|value| value.as_str().map(str::to_owned));
    let field = field.ok_or_else(|| Fault::new("an operation names no `field`"))?;
    let kind = if is_append {
        OperationKind::Append
    } else {
        let word =
            member("operation")?.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "add" => OperationKind::Add,
            "addorreplace" => OperationKind::AddOrReplace,
            "remove" => OperationKind::Remove,
            _ => return Err(Fault::new(format!("there is no operation `{word}`"))),
        }
    };
    Ok(Some(Operation { kind, field, value: member("value")?.unwrap_or(Value::NULL) }))
}

fn truth(value: &Value, env: &Env<'_>) -> Result<bool, Fault> {
    if let Some(text) = value.as_str().filter(|text| is_expression(text)) {
        let expression = parse_expression(text).map_err(|error| Fault::new(error.message))?;
        return truth(&evaluate_expression(&expression, env, None)?, env);
    }
    match (value.as_bool(), value.as_str()) {
        (Some(truth), _) => Ok(truth),
        (None, Some(word)) if word.eq_ignore_ascii_case("true") => Ok(true),
        (None, Some(word)) if word.eq_ignore_ascii_case("false") => Ok(false),
        _ => {
            Err(Fault::new(format!("the condition of an operation is a boolean, not {}", value.type_name())))
        }
    }
}
