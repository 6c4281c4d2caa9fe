//! A definition with its parameter values.

use std::sync::Arc;

use azimuth_arm::{Object, Value};
use thiserror::Error;

use crate::definition::{Definition, Effect, ParameterError};
use crate::evaluate::constant_template;

/// A definition with parameter values: what an assignment, or a reference of an assigned initiative, amounts to.
#[derive(Clone, Debug)]
pub struct Policy {
    definition: Arc<Definition>,
    parameters: Object,
    override_effect: Option<Effect>,
    /// The effect, if it does not depend on the resource.
    effect: Option<Effect>,
    context: PolicyContext,
    /// What `policy()` yields.
    facts: Value,
}

/// Where a policy comes from: what `policy()` yields in a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyContext {
    /// The assignment.
    pub assignment_id: String,
    /// The definition.
    pub definition_id: String,
    /// The initiative, or empty.
    pub set_definition_id: String,
    /// The reference within the initiative, or empty.
    pub definition_reference_id: String,
}

/// Why parameters do not fit a definition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the parameter values do not fit the definition")]
pub struct BindError {
    /// Everything that is wrong.
    pub parameters: Vec<ParameterError>,
}

impl Policy {
    /// Binds a definition to parameter values.
    ///
    /// # Errors
    /// If a value is missing, unknown, of the wrong type or not allowed.
    pub fn bind(
        definition: Arc<Definition>,
        given: &Object,
        context: PolicyContext,
    ) -> Result<Self, BindError> {
        let parameters = definition.parameters.bind(given).map_err(|parameters| BindError { parameters })?;
        Ok(Self::new(definition, parameters, context))
    }

    /// Binds without checking: missing values stay missing, and an expression that asks for one fails.
    pub fn bind_unchecked(definition: Arc<Definition>, given: &Object, context: PolicyContext) -> Self {
        let parameters = definition.parameters.bind_unchecked(given);
        Self::new(definition, parameters, context)
    }

    fn new(definition: Arc<Definition>, parameters: Object, context: PolicyContext) -> Self {
        let mut facts = Object::new();
        for (name, value) in [
            ("assignmentId", &context.assignment_id),
            ("definitionId", &context.definition_id),
            ("setDefinitionId", &context.set_definition_id),
            ("definitionReferenceId", &context.definition_reference_id),
        ] {
            facts.set(name.into(), Value::string(value.as_str()));
        }
        let facts = Value::object(facts);
        let mut policy = Self { definition, parameters, override_effect: None, effect: None, context, facts };
        policy.effect = policy.effect_name().and_then(|name| Effect::from_name(&name));
        policy
    }

    /// The same policy with another effect, as an override of the assignment asks for.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.override_effect = Some(effect);
        self.effect = Some(effect);
        self
    }

    /// The same policy with other facts for `policy()`, given as an object.
    #[must_use]
    pub fn with_facts(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }

    /// The definition.
    pub fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// The value of every parameter, defaults included.
    pub fn parameters(&self) -> &Object {
        &self.parameters
    }

    /// Where the policy comes from.
    pub fn context(&self) -> &PolicyContext {
        &self.context
    }

    pub(crate) fn facts(&self) -> &Value {
        &self.facts
    }

    /// The effect, if it does not depend on the resource.
    pub fn effect(&self) -> Option<Effect> {
        self.effect
    }

    /// The name of the effect as the definition or the parameter spells it.
    pub fn effect_name(&self) -> Option<String> {
        if let Some(effect) = self.override_effect {
            return Some(effect.name().to_owned());
        }
        let value = constant_template(&self.definition.rule.effect, self)?;
        value.as_str().map(str::to_owned)
    }

    pub(crate) fn override_effect(&self) -> Option<Effect> {
        self.override_effect
    }
}
