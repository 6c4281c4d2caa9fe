//! `format`: composite format strings as .NET has them.

use super::number_format::format_number;
use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::{Kind, Value};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[Function::pure("format", 1, None, format)];

fn format(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let mut out = String::new();
    let mut rest = text;
    loop {
        let Some(at) = rest.find(['{', '}']) else {
            out.push_str(rest);
            arguments.budget.allow_bytes(out.len() as u64)?;
            return Ok(Value::string(out));
        };
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(escaped) = after.strip_prefix(brace) {
            out.push_str(brace);
            rest = escaped;
            continue;
        }
        let lone = || {
            Fault::new("the format has a single brace").with_hint("write a brace itself twice: `{{`").about(0)
        };
        if brace == "}" {
            return Err(lone());
        }
        let end = after.find('}').ok_or_else(lone)?;
        out.push_str(&hole(&after[..end], arguments)?);
        arguments.budget.allow_bytes(out.len() as u64)?;
        rest = &after[end + 1..];
    }
}

/// The text for one `{index,width:specifier}`.
fn hole(hole: &str, arguments: &Arguments<'_>) -> Result<String, Fault> {
    let bad = || Fault::new(format!("`{{{hole}}}` is not a placeholder")).about(0);
    let (head, specifier) = match hole.split_once(':') {
        Some((head, specifier)) => (head, specifier),
        None => (hole, ""),
    };
    let (index, width) = match head.split_once(',') {
        Some((index, width)) => (index, width.trim().parse::<i32>().map_err(|_| bad())?),
        None => (head, 0),
    };
    let index: usize = index.trim().parse().map_err(|_| bad())?;
    let value = arguments.get(index.checked_add(1).ok_or_else(bad)?).ok_or_else(|| {
        let count = arguments.len() - 1;
        let values = if count == 1 { "is 1 value".to_owned() } else { format!("are {count} values") };
        Fault::new(format!("the format asks for `{{{index}}}`, and there {values}"))
            .with_hint("pass what is missing; placeholders count from `{0}`")
            .about(0)
    })?;
    let text = shown(value, specifier)?;
    let missing = (width.unsigned_abs() as usize).min(100_000).saturating_sub(text.encode_utf16().count());
    let padding = " ".repeat(missing);
    Ok(if width < 0 { text + &padding } else { padding + &text })
}

fn shown(value: &Value, specifier: &str) -> Result<String, Fault> {
    Ok(match value.kind() {
        Kind::Null => String::new(),
        Kind::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Kind::String(text) => text.to_string(),
        Kind::Int(_) | Kind::Float(_) => format_number(value, specifier)
            .ok_or_else(|| Fault::new(format!("`{specifier}` is not a number format")).about(0))?,
        // The service writes structures as JSON in single quotes.
        _ => value.reveal().to_string().replace('"', "'"),
    })
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn composite_formats() {
        check("format('{0}, {1}. {2:N0}', 'Hello', 'User', 8175133)", r#""Hello, User. 8,175,133""#);
        check("format('{{{0}}}', true())", r#""{True}""#);
        check("format('[{0,4}|{0,-4}]', 7)", r#""[   7|7   ]""#);
        check("format('{0}', createObject('a', 'b'))", r#""{'a':'b'}""#);
        check("format('{1}', 'a')", "error: the format asks for `{1}`, and there is 1 value");
        check("format('{', 'a')", "error: the format has a single brace");
        check("format('{x}', 'a')", "error: `{x}` is not a placeholder");
        check("format('plain')", r#""plain""#);
    }
}
