//! Functions that only policy has, and those that policy answers differently from templates.
//!
//! The differences are those that published tests of policy rules show: text functions fold letter case fully,
//! arithmetic takes fractions, `int` truncates, `empty` and `tryGet` take anything.

mod arithmetic;
mod moment;
mod text;

use azimuth_arm::{Fault, HostCall, Kind, Value};

use super::host::built_in;
use super::ip;

pub(crate) use moment::utc_now;

type Outcome = Result<Value, Fault>;

type Run = fn(&HostCall<'_>) -> Outcome;

/// Functions answered here, in lower case.
const OWN: &[(&str, Run)] = &[
    ("add", arithmetic::add),
    ("adddays", moment::add_days),
    ("concat", concat),
    ("datetimeadd", moment::date_time_add),
    ("empty", empty),
    ("endswith", text::ends_with),
    ("indexof", text::index_of),
    ("int", arithmetic::int),
    ("iprangecontains", ip_range_contains),
    ("lastindexof", text::last_index_of),
    ("mul", arithmetic::mul),
    ("startswith", text::starts_with),
    ("sub", arithmetic::sub),
    ("tryget", try_get),
];

/// Whether a function, in any letter case, is answered here rather than by the template language.
pub(crate) fn is_own(key: &str) -> bool {
    OWN.iter().any(|(name, _)| name.eq_ignore_ascii_case(key))
}

/// Calls a function of this module.
pub(crate) fn call(key: &str, call: &HostCall<'_>) -> Option<Outcome> {
    OWN.iter().find(|(name, _)| *name == key).map(|(_, run)| run(call))
}

/// The argument `index`.
fn argument<'a>(call: &HostCall<'a>, index: usize) -> Result<&'a Value, Fault> {
    call.arguments
        .get(index)
        .ok_or_else(|| Fault::new(format!("`{}` needs at least {} arguments", call.name, index + 1)))
}

/// As in templates, but nothing at all is the empty text.
fn concat(call: &HostCall<'_>) -> Outcome {
    let mut text = String::new();
    for argument in call.arguments {
        let Some(part) = argument.as_str() else { return built_in("concat", call.arguments) };
        call.budget.allow_bytes((text.len() + part.len()) as u64)?;
        text.push_str(part);
    }
    Ok(Value::string(text))
}

/// As in templates, but numbers and booleans are simply not empty.
fn empty(call: &HostCall<'_>) -> Outcome {
    let is_empty = match argument(call, 0)?.kind() {
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => false,
        Kind::String(text) => text.is_empty(),
        Kind::Array(items) => items.is_empty(),
        Kind::Object(members) => members.is_empty(),
        Kind::Null | Kind::Symbolic(_) => return built_in("empty", call.arguments),
    };
    Ok(Value::bool(is_empty))
}

/// As in templates, but nothing is in a value that is neither array nor object.
fn try_get(call: &HostCall<'_>) -> Outcome {
    match (argument(call, 0)?.kind(), call.arguments) {
        (Kind::Object(members), [_, key]) if key.as_str().is_some() => {
            Ok(key.as_str().and_then(|key| members.get(key)).cloned().unwrap_or(Value::NULL))
        }
        (Kind::Array(_) | Kind::Object(_), _) => built_in("tryGet", call.arguments),
        _ => Ok(Value::NULL),
    }
}

/// `ipRangeContains(range, target)`; what is no range contains nothing.
fn ip_range_contains(call: &HostCall<'_>) -> Outcome {
    ip::contains(call.text(0)?, call.text(1)?).map(Value::bool).map_err(Fault::new)
}
