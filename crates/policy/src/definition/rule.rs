//! The rule of a definition.

use azimuth_arm::Value;

use super::Condition;
use crate::template::Template;

/// `if` and `then`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The condition.
    pub condition: Condition,
    /// The effect's name, or an expression that yields one.
    pub effect: Template,
    /// What the effect needs to know.
    pub details: Details,
}

/// `then.details`.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The whole, as written, expressions and all.
    pub written: Option<Value>,
    /// The whole, its expressions parsed; a deployment's template is left as it is.
    pub template: Option<Template>,
    /// `existenceCondition` of the IfNotExists effects.
    pub existence: Option<Condition>,
}

impl Details {
    /// The member `name` of an object, in any letter case.
    pub fn get(&self, name: &str) -> Option<&Template> {
        match self.template.as_ref()? {
            Template::Object(members) => {
                members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The member `name` as written.
    pub fn written(&self, name: &str) -> Option<&Value> {
        self.written.as_ref()?.as_object()?.get(name)
    }

    /// The items of an array.
    pub fn items(&self) -> &[Template] {
        match &self.template {
            Some(Template::Array(items)) => items,
            _ => &[],
        }
    }
}
