//! URI functions.

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::Value;

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("uri", 2, Some(2), uri),
    Function::pure("uriComponent", 1, Some(1), |arguments| {
        Ok(Value::string(percent_encoded(&arguments.as_text(0)?)))
    }),
    Function::pure("uriComponentToString", 1, Some(1), |arguments| {
        Ok(Value::string(percent_decoded(&arguments.as_text(0)?)))
    }),
];

/// Resolves the second argument against the first, as RFC 3986 section 5 has it.
fn uri(arguments: &Arguments<'_>) -> Outcome {
    let (base, relative) = (arguments.text(0)?, arguments.text(1)?);
    if scheme(relative).is_some() {
        return Ok(Value::from(relative));
    }
    let Some(scheme) = scheme(base) else {
        return Err(Fault::new("the base of `uri` is not an absolute URI")
            .with_hint("begin it like `https://host/`")
            .about(0));
    };
    if let Some(rest) = relative.strip_prefix("//") {
        return Ok(Value::string(format!("{scheme}://{rest}")));
    }
    let rest = &base[scheme.len() + 3..];
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (relative_path, suffix) = match relative.find(['?', '#']) {
        Some(at) => relative.split_at(at),
        None => (relative, ""),
    };
    let joined = if relative_path.starts_with('/') {
        relative_path.to_owned()
    } else if relative_path.is_empty() {
        path.to_owned()
    } else {
        let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
        format!("{folder}{relative_path}")
    };
    Ok(Value::string(format!("{scheme}://{authority}{}{suffix}", without_dots(&joined))))
}

/// The scheme of an absolute URI with an authority.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some(scheme)
}

fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let last = path.rsplit('/').next().unwrap_or_default();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let slash = if matches!(last, "." | "..") && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}

/// Everything but letters, digits and `-_.~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn documented_bases() {
        check("uri('http://contoso.org/firstpath', 'myscript.sh')", r#""http://contoso.org/myscript.sh""#);
        check(
            "uri('http://contoso.org/firstpath/', 'myscript.sh')",
            r#""http://contoso.org/firstpath/myscript.sh""#,
        );
        check(
            "uri('http://contoso.org/firstpath/azuredeploy.json', 'a/../b.sh?x')",
            r#""http://contoso.org/firstpath/b.sh?x""#,
        );
        check("uri('http://contoso.org', 'a')", r#""http://contoso.org/a""#);
        check("uri('nothing', 'a')", "error: the base of `uri` is not an absolute URI");
    }

    #[test]
    fn components() {
        check("uriComponent('http://x.y/a b')", r#""http%3A%2F%2Fx.y%2Fa%20b""#);
        check("uriComponentToString('a%20b%zz%c3%a9')", r#""a b%zzé""#);
    }
}
