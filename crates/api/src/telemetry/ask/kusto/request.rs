//! The body of a query or command: `db`, `csl` and `properties`.
//!
//! `properties` is an object, or a text that holds one; its members and the request's are named in any letter case.

use std::time::Duration;

use azimuth_host::{Question, Scope};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// How long a query takes unless it says otherwise, and at most.
const TIMEOUT: Duration = Duration::from_secs(4 * 60);
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// A query or command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Request {
    pub(super) database: String,
    pub(super) text: String,
    options: Vec<(String, Value)>,
    parameters: Vec<(String, String)>,
}

/// What a request says of how its answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Frames of a few rows each, rather than whole tables
    pub(super) is_progressive: bool,
}

impl Request {
    /// Reads a body.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("the body is no request in JSON: {error}"))?;
        let body = body.as_object().ok_or("the body is no object with `db` and `csl`")?;
        let text = member(body, "csl").and_then(Value::as_str).unwrap_or_default().trim();
        if text.is_empty() {
            return Err("the request has no query: `csl` is missing or empty".to_owned());
        }
        let database = member(body, "db").and_then(Value::as_str).unwrap_or_default();
        let mut request = Self { database: database.to_owned(), text: text.to_owned(), ..Self::default() };
        let properties = match member(body, "properties") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(properties)) => properties.clone(),
            Some(Value::String(text)) if text.trim().is_empty() => Map::new(),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map_err(|error| format!("`properties` hold no object in JSON: {error}"))?,
            Some(_) => return Err("`properties` are neither an object nor a text that holds one".to_owned()),
        };
        if let Some(Value::Object(options)) = member(&properties, "options") {
            request.options = options.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        }
        if let Some(Value::Object(parameters)) = member(&properties, "parameters") {
            let literals = parameters.iter().map(|(name, value)| (name.clone(), literal(value)));
            request.parameters = literals.collect();
        }
        Ok(request)
    }

    /// Whether it is a command: its first line that is neither empty nor a comment begins with a dot.
    pub(super) fn is_command(&self) -> bool {
        let mut lines = self.text.lines().map(str::trim);
        lines
            .find(|line| !line.is_empty() && !line.starts_with("//"))
            .is_some_and(|line| line.starts_with('.'))
    }

    /// How its answer is written.
    pub(super) fn options(&self) -> Options {
        Options { is_progressive: self.is_set("results_progressive_enabled") }
    }

    /// Whether it lifts the limits of results.
    pub(super) fn is_unbounded(&self) -> bool {
        self.is_set("notruncation")
    }

    fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn is_set(&self, name: &str) -> bool {
        self.option(name).is_some_and(|value| match value {
            Value::Bool(is_set) => *is_set,
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        })
    }

    /// The question at a moment.
    pub(super) fn question(self, now: Timestamp) -> Result<Question, String> {
        let timeout = match self.option("servertimeout") {
            None | Some(Value::Null) => TIMEOUT,
            Some(value) => duration(value)
                .ok_or_else(|| {
                    format!("the option `servertimeout` is no timespan: `{value}`; write it as 00:04:00")
                })?
                .clamp(Duration::from_secs(1), MAX_TIMEOUT),
        };
        Ok(Question {
            text: self.text,
            scope: Scope::Database(self.database),
            further: Vec::new(),
            window: None,
            parameters: self.parameters,
            options: self.options,
            timeout,
            now,
        })
    }
}

/// A member by name, in any letter case.
fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The literal of a parameter: a text is KQL already, other JSON is written as KQL writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => format!("dynamic({value})"),
        other => other.to_string(),
    }
}

/// A timespan such as `00:04:00`, `0:04:00`, `1.00:00:00.5`, `4m` and `90s`; a number is seconds.
fn duration(value: &Value) -> Option<Duration> {
    let text = match value {
        Value::Number(number) => return Duration::try_from_secs_f64(number.as_f64()?).ok(),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    for (unit, seconds) in [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)] {
        if let Some(number) = text.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok()) {
            return Duration::try_from_secs_f64(number * seconds).ok();
        }
    }
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) if clock.contains(':') => (days.parse::<u32>().ok()?, clock),
        _ => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    let seconds = parts.next().map_or(Some(0.0), |seconds| seconds.parse::<f64>().ok())?;
    let whole = f64::from(days) * 86400.0 + f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0;
    Duration::try_from_secs_f64(whole + seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_are_a_text_or_an_object() {
        let inner = r#"{"Options":{"servertimeout":"0:04:00"},"Parameters":{"x":"5"}}"#;
        let of_python = json!({"db": "D", "csl": " print 1 ", "properties": inner});
        let of_grafana = json!({"DB": "D", "csl": "print 1", "properties": {"options": {"servertimeout": "0:04:00"}, "parameters": {"x": "5"}}});
        let read = |body: &Value| Request::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(read(&of_python), read(&of_grafana));
        let question = read(&of_python).question(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(question.timeout, Duration::from_secs(240));
        assert_eq!(question.parameters, [("x".to_owned(), "5".to_owned())]);
    }

    #[test]
    fn wrong_bodies_say_what_is_wrong() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"csl": " "}"#,
            r#"{"csl":"x","properties":"{"}"#,
            r#"{"csl":"x","properties":5}"#,
        ] {
            assert!(Request::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let request =
            Request::read(br#"{"csl":"x","properties":{"Options":{"servertimeout":"soon"}}}"#).unwrap();
        assert!(request.question(Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn timespans_of_options() {
        let seconds = |text: &str| duration(&json!(text)).map(|duration| duration.as_secs());
        assert_eq!(seconds("00:04:00"), Some(240));
        assert_eq!(seconds("1.00:00:01"), Some(86_401));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("4m"), Some(240));
        assert_eq!(seconds("later"), None);
    }

    #[test]
    fn commands_begin_with_a_dot() {
        let is_command = |text: &str| Request { text: text.to_owned(), ..Request::default() }.is_command();
        assert!(is_command(".show tables") && is_command("// a\n .show tables"));
        assert!(!is_command("T | take 1"));
    }
}
