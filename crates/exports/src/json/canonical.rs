//! The one spelling of a JSON value.

use azimuth_diag::{Diagnostic, Place};

use super::loose;
use super::scan::Scanner;
use super::text::write_string;
use super::tree::Node;
use crate::report::fault_diagnostic;

/// The canonical form of a JSON value: members sorted by the bytes of their keys, no white space, strings with
/// the fewest escapes, numbers as written. Equal values (apart from the spelling of numbers) have equal forms,
/// and the form of a form is itself.
///
/// # Errors
/// A diagnostic with the JSON path if `body` is not exactly one valid value without duplicate keys.
pub fn canonical(body: &str) -> Result<String, Diagnostic> {
    let bytes = body.as_bytes();
    let start = loose::skip_space(bytes, 0);
    let scanned = Scanner::default().scan(bytes, start).map_err(|error| {
        let place = Place { path: Some(loose::path_at(bytes, start, error.at)), ..Place::default() };
        fault_diagnostic(bytes, &error).at(place)
    })?;
    let rest = loose::skip_space(bytes, scanned.end);
    if rest < bytes.len() {
        return Err(Diagnostic::error("import-json", "text follows the JSON value"));
    }
    let mut out = String::with_capacity(body.len());
    write(&mut Node::parse(&body[start..scanned.end]), &mut out);
    Ok(out)
}

fn write(node: &mut Node<'_>, out: &mut String) {
    match node {
        Node::Scalar(raw) => match Node::Scalar(raw.clone()).as_text() {
            Some(text) => write_string(&text, out),
            None => out.push_str(raw),
        },
        Node::Array(items) => {
            out.push('[');
            for (index, item) in items.iter_mut().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            members.sort_by(|left, right| left.0.as_bytes().cmp(right.0.as_bytes()));
            out.push('{');
            for (index, (key, value)) in members.iter_mut().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_respells() {
        let form = canonical("{\"b\": [1.0, \"\\u0041\\/\"], \"a\": {\"z\":null,\"y\":1E2}} ").unwrap();
        assert_eq!(form, r#"{"a":{"y":1E2,"z":null},"b":[1.0,"A/"]}"#);
        assert_eq!(canonical(&form).unwrap(), form);
    }

    #[test]
    fn names_the_place_of_a_fault() {
        let error = canonical(r#"{"a":[0,{"b":1,"b":2}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "$.a[1]: the key `b` stands twice in one object");
        assert!(canonical("1 2").is_err());
        assert!(canonical("").is_err());
    }
}
