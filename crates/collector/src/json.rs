//! The little that must be read of a body: its items, and where the next page is.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The JSON text of a response body without white space between tokens, so that it fits on one line; strings
/// and numbers stay as they were sent. `None` if the body is not JSON.
pub(crate) fn compact(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<&RawValue>(text).ok()?;
    let mut out = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if byte == b'"' {
            in_string = true;
        } else if byte.is_ascii_whitespace() {
            out.push_str(&text[start..at]);
            start = at + 1;
        }
    }
    out.push_str(&text[start..]);
    Some(out)
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    /// At this address (`nextLink`, `@odata.nextLink`).
    Link(String),
    /// By sending the query again with this token (`$skipToken` of Resource Graph).
    Token(String),
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// Its items.
    pub(crate) items: Vec<&'a RawValue>,
    /// The next page, or `None` on the last one.
    pub(crate) next: Option<Next>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    value: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(rename = "nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.nextLink")]
    odata_next_link: Option<String>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    #[serde(rename = "resultTruncated")]
    truncated: Option<Truncated>,
}

/// Resource Graph says `"true"` or `"false"` in a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Truncated {
    Word(String),
    Flag(bool),
}

/// Reads a list page: an object with `value` (or `data`, Resource Graph), or a bare array as some old
/// api-versions answer.
///
/// # Errors
/// What is wrong with the body, in a few words.
pub(crate) fn page(body: &str) -> Result<Page<'_>, String> {
    if body.starts_with('[') {
        let items = serde_json::from_str(body).map_err(|error| error.to_string())?;
        return Ok(Page { items, next: None });
    }
    let wire: Wire<'_> = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let items = wire.value.or(wire.data).ok_or("the body is no list: neither `value` nor `data`")?;
    let link = [wire.next_link, wire.odata_next_link].into_iter().flatten().find(|link| !link.is_empty());
    let token = wire.skip_token.filter(|token| !token.is_empty()).map(Next::Token);
    let next = link.map(Next::Link).or(token);
    let truncated = match &wire.truncated {
        Some(Truncated::Word(word)) => word.eq_ignore_ascii_case("true"),
        Some(Truncated::Flag(flag)) => *flag,
        None => false,
    };
    if truncated && next.is_none() {
        return Err("the result is truncated and has no `$skipToken`".to_owned());
    }
    Ok(Page { items, next })
}

/// The members of an item that further calls are made from. Whatever has another shape is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Item {
    /// `id`.
    pub(crate) id: Option<String>,
    /// `name`.
    pub(crate) name: Option<String>,
    /// `type`.
    pub(crate) r#type: Option<String>,
    /// `kind`.
    pub(crate) kind: Option<String>,
    /// `tenantId`, set on subscriptions.
    #[serde(rename = "tenantId")]
    pub(crate) tenant_id: Option<String>,
    /// `properties.tenantId`, set on management groups.
    pub(crate) properties: Properties,
}

/// See [`Item::properties`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties {
    /// `tenantId`.
    pub(crate) tenant_id: Option<String>,
}

impl<'de> Deserialize<'de> for Properties {
    /// Never fails on a well-formed value: `properties` is `null`, text or a number on some types.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Known {
            #[serde(rename = "tenantId")]
            tenant_id: Option<String>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let tenant_id = serde_json::from_str::<Known>(raw.get()).ok().and_then(|known| known.tenant_id);
        Ok(Self { tenant_id })
    }
}

/// The code and message of an error body, `{"error":{"code":…,"message":…}}`.
pub(crate) fn error_of(body: &str) -> (String, String) {
    #[derive(Deserialize, Default)]
    struct Outer {
        error: Option<Inner>,
    }
    #[derive(Deserialize, Default)]
    struct Inner {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let inner = serde_json::from_str::<Outer>(body).unwrap_or_default().error.unwrap_or_default();
    (inner.code, inner.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_everything_else_stays() {
        let body = "\u{feff}{\r\n \"a\" : [ 1.0 , 12345678901234567890123 ],\n\t\"b c\\\"\": \"x \\\\\" }\n";
        assert_eq!(
            compact(body.as_bytes()).unwrap(),
            r#"{"a":[1.0,12345678901234567890123],"b c\"":"x \\"}"#
        );
        for broken in ["", "{", "<html>", "{\"a\":1} x", "{\"value\":[{\"id\":\"/su"] {
            assert_eq!(compact(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(compact(b"\xff{}"), None);
        // Depth is no danger: nothing recurses.
        let deep = "[".repeat(200_000);
        assert_eq!(compact(deep.as_bytes()), None);
    }

    #[test]
    fn pages_of_all_three_services() {
        let arm = page(r#"{"value":[{},{}],"nextLink":"https://x.test/2"}"#).unwrap();
        assert_eq!((arm.items.len(), arm.next), (2, Some(Next::Link("https://x.test/2".into()))));
        let graph = page(r#"{"@odata.nextLink":"https://g.test/2","value":[]}"#).unwrap();
        assert_eq!(graph.next, Some(Next::Link("https://g.test/2".into())));
        let more = page(r#"{"data":[{}],"$skipToken":"t","resultTruncated":"true"}"#).unwrap();
        assert_eq!(more.next, Some(Next::Token("t".into())));
        assert!(page(r#"{"value":[1],"nextLink":null}"#).unwrap().next.is_none());
        assert_eq!(page("[{}]").unwrap().items.len(), 1);
        for odd in [r#"{"data":[],"resultTruncated":"true"}"#, "{}", "3", r#"{"value":{}}"#] {
            assert!(page(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn items_tolerate_odd_members() {
        let item: Item =
            serde_json::from_str(r#"{"id":"/x","properties":"text","kind":null,"other":[1]}"#).unwrap();
        assert_eq!(item.id.as_deref(), Some("/x"));
        let group: Item = serde_json::from_str(r#"{"properties":{"tenantId":"t"}}"#).unwrap();
        assert_eq!(group.properties.tenant_id.as_deref(), Some("t"));
        assert_eq!(error_of(r#"{"error":{"code":"C","message":"m"}}"#), ("C".into(), "m".into()));
        assert_eq!(error_of("[]"), (String::new(), String::new()));
    }
}
