//! How values are shown: as JSON, secrets redacted.

use std::fmt;

use super::{Kind, REDACTED, Value};

impl Value {
    /// The value as JSON. Secrets are written as `***`, symbolic values as the expression in brackets, strings that
    /// begin with a bracket as they are.
    pub fn to_json(&self) -> serde_json::Value {
        json(self, false, false)
    }

    /// The value as JSON with its secrets. For handing to a resource provider; never for showing or logging.
    pub fn reveal(&self) -> serde_json::Value {
        json(self, false, true)
    }
}

fn json(value: &Value, within_secure: bool, reveal: bool) -> serde_json::Value {
    let secure = within_secure || value.is_secure;
    // A symbolic value shows how a secret is fetched, not the secret itself; null and booleans tell nothing.
    let is_open = matches!(value.kind, Kind::Null | Kind::Bool(_) | Kind::Symbolic(_));
    if secure && !reveal && !is_open {
        return REDACTED.into();
    }
    match &value.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(truth) => (*truth).into(),
        Kind::Int(int) => (*int).into(),
        Kind::Float(float) => (*float).into(),
        Kind::String(text) => (&**text).into(),
        Kind::Array(items) => items.iter().map(|item| json(item, secure, reveal)).collect(),
        Kind::Object(object) => serde_json::Value::Object(
            object.iter().map(|(name, value)| (name.to_string(), json(value, secure, reveal))).collect(),
        ),
        Kind::Symbolic(symbolic) => symbolic.to_string().into(),
    }
}

impl fmt::Display for Value {
    /// JSON on one line, secrets redacted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl fmt::Debug for Value {
    /// As [`fmt::Display`], so that no secret reaches a log through `{:?}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    #[test]
    fn secrets_stay_hidden_everywhere_but_in_reveal() {
        let mut inner = Object::new();
        inner.set("password".into(), Value::string("hunter2").secured(true));
        inner.set("user".into(), Value::string("ana"));
        let value = Value::object(inner);
        assert!(value.has_secure());
        for shown in [value.to_string(), format!("{value:?}"), value.to_json().to_string()] {
            assert_eq!(shown, r#"{"password":"***","user":"ana"}"#);
        }
        assert_eq!(value.reveal()["password"], "hunter2");
        let whole = Value::array(vec![Value::string("hunter2")]).secured(true);
        assert_eq!(whole.to_string(), "\"***\"");
        assert_eq!(whole.reveal()[0], "hunter2");
    }
}
