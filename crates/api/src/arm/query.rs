//! Query parameters, and lists in pages.

use serde_json::{Value, json};

/// The parameters after the `?`, decoded; names in any letter case. Of two of one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query. Clients encode names too (`%24filter`), and send empty values.
    pub(crate) fn parse(raw: &str) -> Self {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        };
        Self(raw.split('&').filter(|part| !part.is_empty()).take(100).map(pair).collect())
    }

    /// The value of a parameter; `None` if it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A number; `None` if it is absent or none.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }

    /// The same query with one parameter replaced or added, as text.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let kept = self.0.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name));
        let mut parts: Vec<String> =
            kept.map(|(name, value)| format!("{}={}", encode_name(name), encode(value))).collect();
        parts.push(format!("{}={}", encode_name(name), encode(value)));
        parts.join("&")
    }
}

/// Names of parameters keep `$` and `-`.
fn encode_name(name: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'$').remove(b'-').remove(b'_');
    percent_encoding::utf8_percent_encode(name, &KEPT).to_string()
}

/// Members of a page where the caller names no number.
pub(crate) const PAGE: usize = 1_000;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// The members.
    pub(crate) value: Vec<Value>,
    /// The key after which the next page begins, if there is one.
    pub(crate) after: Option<String>,
}

/// The page that begins after the key `after`; the items come in the order of their keys.
pub(crate) fn page(items: impl Iterator<Item = (String, Value)>, after: Option<&str>, size: usize) -> Page {
    let mut value = Vec::new();
    let mut last = None;
    for (key, item) in items {
        if after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        if value.len() == size.max(1) {
            return Page { value, after: last };
        }
        last = Some(key);
        value.push(item);
    }
    Page { value, after: None }
}

/// A token for a key: opaque to clients, and safe in a URL.
pub(crate) fn token_of(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of a token; `None` if it is none of ours.
pub(crate) fn key_of_token(token: &str) -> Option<String> {
    if !token.is_ascii() || token.len() % 2 == 1 {
        return None;
    }
    let bytes = (0..token.len()).step_by(2).map(|at| u8::from_str_radix(&token[at..at + 2], 16));
    String::from_utf8(bytes.collect::<Result<_, _>>().ok()?).ok()
}

/// A list in the shape of Resource Manager.
pub(crate) fn list(value: Vec<Value>, next_link: Option<String>) -> Value {
    let mut body = json!({});
    body["value"] = value.into();
    if let Some(link) = next_link {
        body["nextLink"] = link.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse("api%2Dversion=2024-01-01&%24filter=a+eq+%27b%27&$top=&x");
        assert_eq!(query.get("API-VERSION"), Some("2024-01-01"));
        assert_eq!(query.get("$filter"), Some("a eq 'b'"));
        assert_eq!(query.get("$top"), None);
        assert_eq!(Query::parse(&query.with("$skiptoken", "a/b")).get("$skiptoken"), Some("a/b"));
        assert_eq!(Query::parse(&query.with("$filter", "c")).get("$filter"), Some("c"));
    }

    #[test]
    fn pages_follow_one_another_without_gaps() {
        let items = || (0..5).map(|n| (format!("k{n}"), json!(n)));
        let first = page(items(), None, 2);
        assert_eq!((first.value.len(), first.after.as_deref()), (2, Some("k1")));
        let second = page(items(), first.after.as_deref(), 2);
        let third = page(items(), second.after.as_deref(), 2);
        assert_eq!((third.value, third.after), (vec![json!(4)], None));
        assert_eq!(page(items(), None, 5).after, None);
        assert_eq!(key_of_token(&token_of("/a/é")).as_deref(), Some("/a/é"));
        assert_eq!(key_of_token("zz"), None);
    }
}
