//! Parameters of definitions and initiatives.

use azimuth_arm::{Kind, Node, NodeKind, Object, Value};
use thiserror::Error;

use super::Report;
use crate::suggest::did_you_mean;

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name as written.
    pub name: String,
    /// The type of its values.
    pub kind: ParameterType,
    /// The value if none is given. In an initiative it may be an expression.
    pub default: Option<Value>,
    /// The values that may be given; compared with letter case. None: any.
    pub allowed: Option<Vec<Value>>,
    /// JSON schema of an object.
    pub schema: Option<Value>,
    /// `displayName`, `description`, `strongType`, `assignPermissions`, `deprecated`.
    pub metadata: Value,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// Text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Float,
    /// A moment in ISO 8601.
    DateTime,
}

impl ParameterType {
    /// The type of this name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "string" | "securestring" => Self::String,
            "array" => Self::Array,
            "object" | "secureobject" => Self::Object,
            "boolean" | "bool" => Self::Boolean,
            "integer" | "int" => Self::Integer,
            "float" => Self::Float,
            "datetime" => Self::DateTime,
            _ => return None,
        })
    }

    /// The name as documented.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::DateTime => "dateTime",
        }
    }

    /// Whether a value is of the type. The service takes numbers and booleans written as text as well.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value.kind()) {
            (Self::String, Kind::String(_))
            | (Self::Array, Kind::Array(_))
            | (Self::Object, Kind::Object(_))
            | (Self::Boolean, Kind::Bool(_))
            | (Self::Integer, Kind::Int(_))
            | (Self::Float, Kind::Int(_) | Kind::Float(_)) => true,
            (Self::Integer, Kind::Float(number)) => number.fract() == 0.0,
            (Self::Boolean, Kind::String(text)) => {
                text.parse::<bool>().is_ok()
                    || text.eq_ignore_ascii_case("true")
                    || text.eq_ignore_ascii_case("false")
            }
            (Self::Integer, Kind::String(text)) => text.parse::<i64>().is_ok(),
            (Self::Float, Kind::String(text)) => text.parse::<f64>().is_ok(),
            (Self::DateTime, Kind::String(text)) => crate::operator::parse_moment(text).is_some(),
            _ => false,
        }
    }
}

/// What is wrong with the value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// There is neither a value nor a default.
    #[error("the parameter `{name}` has no value")]
    Missing {
        /// The parameter.
        name: String,
    },
    /// No such parameter.
    #[error("there is no parameter `{name}`")]
    Unknown {
        /// The name given.
        name: String,
        /// A parameter of a similar name.
        near: Option<String>,
    },
    /// The type differs.
    #[error("the parameter `{name}` takes {wanted} values, not {found}")]
    Type {
        /// The parameter.
        name: String,
        /// The declared type.
        wanted: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The value is not among the allowed ones.
    #[error("the parameter `{name}` does not allow `{value}`")]
    NotAllowed {
        /// The parameter.
        name: String,
        /// The value given.
        value: String,
    },
}

/// The parameters of a definition or initiative.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    items: Vec<Parameter>,
}

impl Parameters {
    /// The parameters in the order written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Parameter> {
        self.items.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The parameter of this name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.items.iter().find(|parameter| crate::fold::eq(&parameter.name, name))
    }

    /// The value of every parameter: the given one, else the default.
    ///
    /// # Errors
    /// Every parameter without value, of another type, or with a value that is not allowed, and every value for a
    /// parameter that does not exist.
    pub fn bind(&self, given: &Object) -> Result<Object, Vec<ParameterError>> {
        let mut errors = Vec::new();
        let mut bound = Object::new();
        for (name, value) in given.iter() {
            let Some(parameter) = self.get(name) else {
                let near = did_you_mean(name, self.items.iter().map(|known| known.name.as_str()));
                errors
                    .push(ParameterError::Unknown { name: name.to_string(), near: near.map(str::to_owned) });
                continue;
            };
            if let Err(error) = parameter.check(value) {
                errors.push(error);
            }
            bound.set(parameter.name.as_str().into(), value.clone());
        }
        for parameter in &self.items {
            if bound.get(&parameter.name).is_some() {
                continue;
            }
            match &parameter.default {
                Some(value) => bound.set(parameter.name.as_str().into(), value.clone()),
                None => errors.push(ParameterError::Missing { name: parameter.name.clone() }),
            }
        }
        if errors.is_empty() { Ok(bound) } else { Err(errors) }
    }

    /// The value of every parameter as far as it is known; nothing is checked.
    pub fn bind_unchecked(&self, given: &Object) -> Object {
        let mut bound = Object::new();
        for parameter in &self.items {
            if let Some(value) = &parameter.default {
                bound.set(parameter.name.as_str().into(), value.clone());
            }
        }
        for (name, value) in given.iter() {
            bound.set(name.clone(), value.clone());
        }
        bound
    }
}

impl Parameter {
    /// The hint for people which kind of Azure object the value names, such as `location` or `omsWorkspace`.
    pub fn strong_type(&self) -> Option<String> {
        self.metadata.get("strongType").and_then(|word| word.as_str().map(str::to_owned))
    }

    /// Checks a value against type and allowed values. Allowed values are compared **with** letter case; every item
    /// of an array has to be allowed.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn check(&self, value: &Value) -> Result<(), ParameterError> {
        if !self.kind.accepts(value) {
            return Err(ParameterError::Type {
                name: self.name.clone(),
                wanted: self.kind.name(),
                found: value.type_name(),
            });
        }
        let Some(allowed) = &self.allowed else { return Ok(()) };
        let is_allowed = |value: &Value| {
            allowed.iter().any(|known| known == value)
                || (self.kind == ParameterType::Boolean
                    && allowed.iter().any(|known| {
                        crate::fold::eq(
                            &known.to_string().replace('"', ""),
                            &value.to_string().replace('"', ""),
                        )
                    }))
        };
        let refused = match value.as_array() {
            Some(items) if !is_allowed(value) => items.iter().find(|item| !is_allowed(item)),
            Some(_) => None,
            None => (!is_allowed(value)).then_some(value),
        };
        match refused {
            None => Ok(()),
            Some(value) => {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Err(ParameterError::NotAllowed { name: self.name.clone(), value })
            }
        }
    }
}

/// Reads the `parameters` of a definition or initiative.
pub(crate) fn read_parameters(report: &mut Report<'_>, node: Option<&Node>, path: &str) -> Parameters {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Parameters::default() };
    if !node.is_object() {
        let found = node.type_name();
        report.error(
            "policy-parameter",
            node.span,
            path,
            format!("expected an object of parameters, found {found}"),
        );
        return Parameters::default();
    }
    super::check_duplicates(report, node, path);
    let items = node.members().iter();
    let items = items.filter_map(|member| {
        read_parameter(report, &member.key, &member.value, &format!("{path}.{}", member.key))
    });
    Parameters { items: items.collect() }
}

fn read_parameter(report: &mut Report<'_>, name: &str, node: &Node, path: &str) -> Option<Parameter> {
    let kind = match node.get("type").and_then(Node::as_str) {
        Some(word) => match ParameterType::from_name(word) {
            Some(kind) => kind,
            None => {
                let known = ["string", "array", "object", "boolean", "integer", "float", "dateTime"];
                let hint = did_you_mean(word, known.into_iter()).map_or_else(
                    || format!("use one of {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("`{word}` is no type of a parameter");
                report.hinted("policy-parameter", node.span, path, message, Some(hint));
                return None;
            }
        },
        None => {
            report.error(
                "policy-parameter",
                node.span,
                path,
                format!("the parameter `{name}` has no `type`"),
            );
            return None;
        }
    };
    let parameter = Parameter {
        name: name.to_owned(),
        kind,
        default: node.get("defaultValue").map(Value::from_node),
        allowed: node.get("allowedValues").and_then(|list| match &list.kind {
            NodeKind::Array(items) => Some(items.iter().map(Value::from_node).collect()),
            _ => None,
        }),
        schema: node.get("schema").map(Value::from_node),
        metadata: node.get("metadata").map_or(Value::NULL, Value::from_node),
    };
    if let Some(default) = &parameter.default {
        let is_expression = default.as_str().is_some_and(azimuth_arm::is_expression);
        if !is_expression && let Err(error) = parameter.check(default) {
            report.warning("policy-parameter", node.span, path, format!("the default does not fit: {error}"));
        }
    }
    Some(parameter)
}

/// Why `new` may not replace `old`: parameters may be added with a default, but not removed nor change their type.
pub fn change_problems(old: &Parameters, new: &Parameters) -> Vec<String> {
    let removed = old.iter().filter_map(|known| match new.get(&known.name) {
        None => Some(format!("the parameter `{}` cannot be removed", known.name)),
        Some(changed) if changed.kind != known.kind => {
            Some(format!("the parameter `{}` cannot change its type to {}", known.name, changed.kind.name()))
        }
        Some(_) => None,
    });
    let added = new.iter().filter_map(|parameter| {
        let is_new = old.get(&parameter.name).is_none();
        (is_new && parameter.default.is_none())
            .then(|| format!("the new parameter `{}` needs a `defaultValue`", parameter.name))
    });
    removed.chain(added).collect()
}
