//! Texts of known forms taken apart: CSV, URLs, paths, versions, command lines, XML, user agents.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::dynamic::{MAX_ITEMS, follow, json_path};
use crate::functions::strings::written;
use crate::functions::{convert, user_agent};
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["parse_csv"], |_, arguments| Ok(Value::array(csv(&written(&arguments[0]))))),
    Function::pure(&["parse_url"], |_, arguments| Ok(parse_url(&written(&arguments[0])))),
    Function::pure(&["parse_urlquery"], |_, arguments| {
        let query = written(&arguments[0]);
        Ok(bag([("Query Parameters", query_members(query.strip_prefix('?').unwrap_or(&query)))]))
    }),
    Function::pure(&["parse_path"], |_, arguments| Ok(parse_path(&written(&arguments[0])))),
    Function::pure(&["parse_version"], |_, arguments| Ok(parse_version(&written(&arguments[0])))),
    Function::pure(&["parse_command_line"], parse_command_line),
    Function::pure(&["parse_xml"], |_, arguments| Ok(parse_xml(&written(&arguments[0])))),
    Function::pure(&["parse_user_agent"], parse_user_agent),
    Function::pure(&["extract_json", "extractjson"], extract_json),
];

fn bag<const N: usize>(members: [(&str, Json); N]) -> Value {
    Value::Dynamic(Arc::new(Json::Object(members.map(|(name, value)| (Arc::from(name), value)).into())))
}

/// The fields of the first record (RFC 4180).
fn csv(text: &str) -> Vec<Json> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(Json::string(std::mem::take(&mut field))),
            '\n' | '\r' if !quoted => break,
            other => field.push(other),
        }
        if fields.len() >= MAX_ITEMS {
            break;
        }
    }
    fields.push(Json::string(field));
    fields
}

fn decoded(text: &str) -> Json {
    Json::string(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

fn query_members(query: &str) -> Json {
    let mut members: Vec<(Arc<str>, Json)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()).take(MAX_ITEMS) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Json::String(name) = decoded(name) else { continue };
        super::dynamic::set_member(&mut members, name, decoded(value));
    }
    Json::Object(members)
}

/// `parse_url(url)`: scheme, host, port, path, user, password, query and fragment.
fn parse_url(url: &str) -> Value {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = match rest.split_once("://") {
        Some((scheme, rest)) => (scheme, Some(rest)),
        None => match rest.split_once(':') {
            Some((scheme, path)) if !scheme.contains(['/', '.']) => (scheme, Some(path)),
            _ => ("", None),
        },
    };
    let Some(rest) = rest else {
        // A text without a scheme is no URL: every part is empty.
        return url_parts("", "", "", "", "", "", Json::Object(Vec::new()), "");
    };
    let split = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = if url.contains("://") { rest.split_at(split) } else { ("", rest) };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (host, ""),
    };
    url_parts(scheme, host, port, path, name, password, query_members(query), fragment)
}

#[expect(clippy::too_many_arguments, reason = "the parts of a URL")]
fn url_parts(
    scheme: &str,
    host: &str,
    port: &str,
    path: &str,
    user: &str,
    password: &str,
    query: Json,
    fragment: &str,
) -> Value {
    bag([
        ("Scheme", Json::string(scheme)),
        ("Host", Json::string(host)),
        ("Port", Json::string(port)),
        ("Path", Json::string(path)),
        ("Username", Json::string(user)),
        ("Password", Json::string(password)),
        ("Query Parameters", query),
        ("Fragment", Json::string(fragment)),
    ])
}

/// `parse_path(path)`: of Windows, UNC, Unix and `file:` paths.
fn parse_path(path: &str) -> Value {
    let (scheme, rest) = path.split_once("://").unwrap_or(("", path));
    // Behind the first colon that is no drive's stands an alternate data stream.
    let drive =
        rest.as_bytes().get(1) == Some(&b':') && rest.starts_with(|first: char| first.is_ascii_alphabetic());
    let (body, stream) = match rest.get(2..).and_then(|tail| tail.find(':')) {
        Some(at) => (&rest[..at + 2], &rest[at + 3..]),
        None => (rest, ""),
    };
    let separator = |character: char| character == '/' || character == '\\';
    let root = if drive { &body[..body.len().min(3)] } else { "" };
    let (directory, file) = match body.rfind(separator) {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => ("", body),
    };
    let name = directory.rsplit(separator).next().unwrap_or_default();
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    bag([
        ("Scheme", Json::string(scheme)),
        ("RootPath", Json::string(root)),
        ("DirectoryPath", Json::string(directory)),
        ("DirectoryName", Json::string(name)),
        ("Filename", Json::string(file)),
        ("Extension", Json::string(extension)),
        ("AlternateDataStreamName", Json::string(stream)),
    ])
}

/// `parse_version(text)`: up to four parts of up to eight digits, as one decimal.
fn parse_version(text: &str) -> Value {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let valid =
        |part: &&str| (1..=8).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
    if parts.len() > 4 || !parts.iter().all(valid) {
        return Value::Null;
    }
    let number = (0..4).try_fold(0_i128, |number, index| {
        let part: i128 = parts.get(index).map_or(Ok(0), |part| part.parse())?;
        Ok::<_, std::num::ParseIntError>(number * 100_000_000 + part)
    });
    let decimal =
        number.ok().and_then(|number| rust_decimal::Decimal::try_from_i128_with_scale(number, 0).ok());
    decimal.map_or(Value::Null, Value::Decimal)
}

/// `parse_command_line(text, "windows")`: the arguments by the rules of the C runtime on Windows.
fn parse_command_line(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let kind = written(&arguments[1]);
    if !kind.eq_ignore_ascii_case("windows") {
        return Err(Refusal::new(format!("`parse_command_line` knows `windows` only, not `{kind}`")));
    }
    let text = written(&arguments[0]);
    let mut parts = Vec::new();
    let mut part: Option<String> = None;
    let (mut quoted, mut slashes) = (false, 0_usize);
    for character in text.chars() {
        if character == '\\' {
            slashes += 1;
            continue;
        }
        if slashes > 0 {
            let out = part.get_or_insert_default();
            let literal = if character == '"' { slashes / 2 } else { slashes };
            out.extend(std::iter::repeat_n('\\', literal));
        }
        let escaped = character == '"' && slashes % 2 == 1;
        slashes = 0;
        match character {
            '"' if escaped => part.get_or_insert_default().push('"'),
            '"' => {
                quoted = !quoted;
                part.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => parts.extend(part.take().map(Json::string)),
            other => part.get_or_insert_default().push(other),
        }
    }
    if slashes > 0 {
        part.get_or_insert_default().extend(std::iter::repeat_n('\\', slashes));
    }
    parts.extend(part.map(Json::string));
    Ok(if parts.is_empty() { Value::Null } else { Value::array(parts) })
}

/// An element under way: its name, members, text.
struct Element {
    name: String,
    members: Vec<(Arc<str>, Json)>,
    text: String,
}

/// Levels of XML that are followed.
const MAX_XML_DEPTH: usize = 128;

/// `parse_xml(text)`: attributes are members behind `@`, text beside other members is `#text`, repeated elements an array.
/// Null if it is not XML.
fn parse_xml(text: &str) -> Value {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Vec<(Arc<str>, Json)> = Vec::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => return Value::Null,
        };
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                if open.len() >= MAX_XML_DEPTH {
                    return Value::Null;
                }
                let mut members = Vec::new();
                for attribute in start.attributes() {
                    let Ok(attribute) = attribute else { return Value::Null };
                    let name = format!("@{}", String::from_utf8_lossy(attribute.key.as_ref()));
                    let raw = String::from_utf8_lossy(&attribute.value).into_owned();
                    let value = quick_xml::escape::unescape(&raw)
                        .map_or_else(|_| raw.clone(), std::borrow::Cow::into_owned);
                    members.push((name.into(), Json::string(value)));
                }
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                let element = Element { name, members, text: String::new() };
                if matches!(event, Event::Empty(_)) {
                    close(element, &mut open, &mut root);
                } else {
                    open.push(element);
                }
            }
            Event::End(_) => match open.pop() {
                Some(element) => close(element, &mut open, &mut root),
                None => return Value::Null,
            },
            Event::Text(part) => {
                if let (Some(element), Ok(part)) = (open.last_mut(), part.decode()) {
                    element.text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&String::from_utf8_lossy(&part));
                }
            }
            Event::GeneralRef(entity) => {
                if let (Some(element), Ok(name)) = (open.last_mut(), entity.decode()) {
                    let written = format!("&{name};");
                    let text = quick_xml::escape::unescape(&written).map(std::borrow::Cow::into_owned);
                    element.text.push_str(&text.unwrap_or(written));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if root.is_empty() || !open.is_empty() {
        Value::Null
    } else {
        Value::Dynamic(Arc::new(Json::Object(root)))
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Vec<(Arc<str>, Json)>) {
    let text = element.text.trim();
    let value = match (element.members.is_empty(), text.is_empty()) {
        (true, true) => Json::Null,
        (true, false) => Json::string(text),
        (false, true) => Json::Object(element.members),
        (false, false) => {
            let mut members = element.members;
            members.push(("#text".into(), Json::string(text)));
            Json::Object(members)
        }
    };
    let members = open.last_mut().map_or(root, |parent| &mut parent.members);
    match members.iter_mut().find(|(name, _)| **name == *element.name) {
        None => members.push((element.name.into(), value)),
        Some((_, Json::Array(items))) => items.push(value),
        Some((_, known)) => {
            let first = std::mem::take(known);
            *known = Json::Array(vec![first, value]);
        }
    }
}

/// `parse_user_agent(text, what)`: `what` is `browser`, `os`, `device`, or an array of them; without it, all three.
fn parse_user_agent(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let text = written(&arguments[0]);
    let wanted: Vec<String> = match arguments.get(1).map(|what| (what, what.as_array())) {
        Some((_, Some(items))) => items.iter().map(|item| written(&item.to_value())).collect(),
        Some((what, None)) => vec![written(what)],
        None => ["browser", "os", "device"].map(str::to_owned).into(),
    };
    let mut members = Vec::new();
    for what in wanted {
        members.push(match what.to_ascii_lowercase().as_str() {
            "browser" => (Arc::from("Browser"), user_agent::browser(&text)),
            "os" => (Arc::from("OperatingSystem"), user_agent::system(&text)),
            "device" => (Arc::from("Device"), user_agent::device(&text)),
            _ => {
                return Err(Refusal::new(format!(
                    "`parse_user_agent` knows `browser`, `os` and `device`, not `{what}`"
                )));
            }
        });
    }
    Ok(Value::Dynamic(Arc::new(Json::Object(members))))
}

/// `extract_json(path, text, type)`.
fn extract_json(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let json = match &arguments[1] {
        Value::String(text) => Json::parse(text),
        other => Some(other.to_json()),
    };
    let Some(steps) = json_path(&written(&arguments[0])) else { return Ok(Value::Null) };
    let found =
        json.as_ref().and_then(|json| follow(json, &steps)).cloned().map_or(Value::Null, Value::dynamic);
    Ok(match arguments.get(2).and_then(Value::as_str) {
        Some("long") => convert::to_long(&found),
        Some("int") => convert::to_int(&found),
        Some("real" | "double") => convert::to_real(&found),
        Some("bool" | "boolean") => convert::to_bool(&found),
        Some("datetime" | "date") => convert::to_datetime(&found),
        Some("timespan" | "time") => convert::to_timespan(&found),
        Some("guid") => convert::to_guid(&found),
        Some("decimal") => convert::to_decimal(&found),
        Some("dynamic") => found,
        _ => crate::text::to_string(&found).into(),
    })
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value, text};

    fn call(name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::from(*text)).collect();
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), &arguments).unwrap())
    }

    #[test]
    fn forms() {
        assert_eq!(call("parse_csv", &["aa,\"b,\"\"b\"\"\",c\nx"]), r#"["aa","b,\"b\"","c"]"#);
        assert_eq!(call("parse_version", &["1.2.3.4"]), "1000000020000000300000004");
        assert_eq!(call("parse_version", &["1.2.x"]), "");
        assert_eq!(
            call("parse_command_line", &["echo \"hello world!\" a\\\\\"b c\"", "windows"]),
            r#"["echo","hello world!","a\\b c"]"#
        );
        assert_eq!(
            call("parse_url", &["https://u:p@h.com:80/a/b?k=v%20w#f"]),
            r#"{"Scheme":"https","Host":"h.com","Port":"80","Path":"/a/b","Username":"u","Password":"p","Query Parameters":{"k":"v w"},"Fragment":"f"}"#
        );
        assert_eq!(
            call("parse_path", &["file://C:/temp/file.txt:some.exe"]),
            r#"{"Scheme":"file","RootPath":"C:/","DirectoryPath":"C:/temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":"some.exe"}"#
        );
        assert_eq!(call("extract_json", &["$.a[1].b", r#"{"a":[0,{"b":"x"}]}"#]), "x");
    }

    #[test]
    fn xml() {
        assert_eq!(
            call("parse_xml", &["<r a='1'><i>x &amp; y</i><i k='v'>z</i><e/></r>"]),
            r##"{"r":{"@a":"1","i":["x & y",{"@k":"v","#text":"z"}],"e":null}}"##
        );
        assert_eq!(call("parse_xml", &["<r><open></r>"]), "");
    }
}
