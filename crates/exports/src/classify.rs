//! Telling the shape of an object from its members.

use std::borrow::Cow;

use crate::json::scan::{Kind, Member};
use crate::json::text::decode;

/// An object's outermost members with the text they stand in.
#[derive(Clone, Copy)]
pub(crate) struct Members<'t> {
    text: &'t [u8],
    members: &'t [Member],
}

impl<'t> Members<'t> {
    pub(crate) fn new(text: &'t [u8], members: &'t [Member]) -> Self {
        Self { text, members }
    }

    pub(crate) fn find(&self, key: &str) -> Option<&'t Member> {
        self.members.iter().find(|member| &self.text[member.key.clone()] == key.as_bytes())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    fn of_kind(&self, key: &str, kind: Kind) -> Option<&'t Member> {
        self.find(key).filter(|member| member.kind == kind)
    }

    /// The member `key`, if it is an array.
    pub(crate) fn array(&self, key: &str) -> Option<&'t Member> {
        self.of_kind(key, Kind::Array)
    }

    /// The decoded text of the member `key`, if it is a string.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'t, str>> {
        let value = self.of_kind(key, Kind::Text)?.value.clone();
        self.text.get(value.start + 1..value.end.saturating_sub(1).max(value.start + 1)).map(decode)
    }

    /// The member `key` as a whole number.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.raw(key)?.parse().ok()
    }

    /// The member `key` as it is written.
    pub(crate) fn raw(&self, key: &str) -> Option<&'t str> {
        std::str::from_utf8(self.text.get(self.find(key)?.value.clone())?).ok()
    }
}

/// What an object turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Something Azimuth wrote; the text says which kind and version.
    Azimuth(String),
    /// An ARM template (`true`) or its parameters.
    Template {
        whole: bool,
    },
    ServiceTags,
    /// Answers to a batch of requests, in `responses`.
    Batch,
    /// A Resource Graph answer, rows in `data`.
    ResourceGraph,
    /// A list page, elements in `value`; with the context if it comes from Graph.
    List {
        context: Option<String>,
    },
    /// One Graph entity with its context.
    Entity {
        context: String,
    },
    /// Compliance states of Azure Policy, which Azimuth works out itself.
    PolicyStates,
    /// Azure's error envelope.
    Error,
    /// One record of some list.
    Item,
}

/// The class of an object.
pub(crate) fn classify(members: Members<'_>) -> Class {
    if let Some(kind) = members.text("azimuth") {
        return Class::Azimuth(kind.into_owned());
    }
    if let Some(schema) = members.text("$schema") {
        let schema = schema.to_ascii_lowercase();
        let schema = schema.trim_end_matches('#');
        if schema.ends_with("deploymenttemplate.json") {
            return Class::Template { whole: true };
        }
        if schema.ends_with("deploymentparameters.json") {
            return Class::Template { whole: false };
        }
    }
    if members.array("values").is_some() && members.has("cloud") && members.has("changeNumber") {
        return Class::ServiceTags;
    }
    if members.array("responses").is_some() && !members.has("id") {
        return Class::Batch;
    }
    let answers_query = ["totalRecords", "total_records", "count", "skip_token", "$skipToken"]
        .into_iter()
        .any(|key| members.has(key));
    if answers_query
        && members.find("data").is_some_and(|data| matches!(data.kind, Kind::Array | Kind::Object))
        && !members.has("id")
    {
        return Class::ResourceGraph;
    }
    let context = members.text("@odata.context").map(Cow::into_owned);
    if context.as_deref().is_some_and(|context| context.contains("Microsoft.PolicyInsights/")) {
        return Class::PolicyStates;
    }
    let is_page = members.array("value").is_some() && !(members.has("id") && members.has("properties"));
    match (context, is_page) {
        (context, true) => return Class::List { context },
        (Some(context), false) => return Class::Entity { context },
        (None, false) => {}
    }
    if members.of_kind("error", Kind::Object).is_some() && !members.has("id") {
        return Class::Error;
    }
    Class::Item
}

/// Whether an object is a plain Resource Manager resource, which needs no rearranging: the member with its id.
///
/// `None` sends the object the slow way; that is always right, only slower.
pub(crate) fn plain_resource<'t>(text: &'t [u8], members: &'t [Member]) -> Option<&'t [u8]> {
    let mut id = None;
    let mut has_properties = false;
    for member in members {
        match &text[member.key.clone()] {
            b"id" if member.kind == Kind::Text => {
                id = Some(&text[member.value.start + 1..member.value.end - 1]);
            }
            b"properties" if member.kind == Kind::Object => has_properties = true,
            b"id" | b"properties" | b"resourceGroup" | b"subscriptionId" | b"tenantId" | b"azimuth"
            | b"$schema" | b"@odata.context" | b"children" => return None,
            _ => {}
        }
    }
    id.filter(|id| has_properties && id.first() == Some(&b'/') && memchr::memchr(b'\\', id).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::Scanner;

    fn class(text: &str) -> Class {
        let mut scanner = Scanner::default();
        scanner.scan(text.as_bytes(), 0).unwrap();
        classify(Members::new(text.as_bytes(), scanner.members()))
    }

    #[test]
    fn classes() {
        assert_eq!(class(r#"{"azimuth":"evidence/1"}"#), Class::Azimuth("evidence/1".into()));
        assert_eq!(class(r#"{"value":[]}"#), Class::List { context: None });
        assert_eq!(class(r#"{"count":0,"data":[]}"#), Class::ResourceGraph);
        assert_eq!(class(r#"{"id":"/a","properties":{},"value":[]}"#), Class::Item);
        assert_eq!(class(r#"{"error":{"code":"X"}}"#), Class::Error);
        assert_eq!(class(r#"{"@odata.context":"c","value":[]}"#), Class::List { context: Some("c".into()) });
        let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
        assert_eq!(class(&format!(r#"{{"$schema":"{schema}"}}"#)), Class::Template { whole: true });
    }
}
