//! Evidence that lists were read to their end (decision record 0001).

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, IdRef};

use crate::document::Completeness;
use crate::json::text::quoted;
use crate::json::tree::Node;
use crate::report::{Outcome, shorten};

/// The kind and version of manifests.
pub(crate) const KIND: &str = "evidence/1";

/// One complete list.
pub(crate) struct Complete<'e> {
    /// `Microsoft.Network/networkSecurityGroups`, or `graph:/users` for a Graph collection.
    pub(crate) kind: &'e str,
    /// The resource id at and below which the list is complete; `/` for Graph.
    pub(crate) scope: &'e str,
    /// When it was read, as written.
    pub(crate) time: Option<&'e str>,
    /// Who says so.
    pub(crate) source: &'e str,
    /// Whether it speaks of the scope alone, not of what is below.
    pub(crate) here: bool,
}

impl Complete<'_> {
    /// The evidence document.
    pub(crate) fn document(&self) -> Result<(DocumentKey, String), Diagnostic> {
        let bad = |what: &str, text: &str, expected: &str| {
            Diagnostic::error(
                "import-evidence",
                format!("the {what} `{}` is not usable: {expected}", shorten(text, 80)),
            )
        };
        let (kind, scope) = (self.kind.trim_matches('/'), self.scope);
        let kind_is_graph = kind.strip_prefix("graph:/").is_some_and(|path| !path.is_empty());
        if !kind_is_graph && (!kind.contains('/') || kind.split('/').any(str::is_empty)) {
            return Err(bad("type", self.kind, "expected `Namespace/type` or `graph:/collection`"));
        }
        let scope = IdRef::parse(scope).map_err(|error| bad("scope", scope, &error.to_string()))?;
        let scope = scope.canonical();
        if kind_is_graph && scope != "/" {
            return Err(bad("scope", &scope, "a Graph collection is complete at `/` only"));
        }
        let reach = if self.here { "!here" } else { "" };
        let path = format!("evidence/{}@{}{reach}", kind.replace('/', "|"), scope.replace('/', "|"));
        let key = DocumentKey::azimuth(&path).map_err(|_| {
            bad("type and scope", &path, "together they are too long or hold control characters")
        })?;
        let mut body = format!(r#"{{"kind":"Evidence","type":{},"scope":{}"#, quoted(kind), quoted(&scope));
        if self.here {
            body.push_str(r#","reach":"here""#);
        }
        if let Some(time) = self.time {
            body.push_str(&format!(r#","time":{}"#, quoted(time)));
        }
        body.push_str(&format!(r#","source":{}}}"#, quoted(self.source)));
        Ok((key, body))
    }

    /// Adds the document, or why there is none, to an outcome.
    pub(crate) fn add_to(&self, outcome: &mut Outcome) {
        match self.document() {
            Ok((key, body)) => outcome.push(key, body, Completeness::Full),
            Err(finding) => outcome.findings.push(finding),
        }
    }
}

/// The statements of a manifest.
pub(crate) fn manifest(node: &Node<'_>) -> Outcome {
    let Some(entries) = node.get("complete").and_then(Node::array) else {
        let expected = "expected `complete` to be a list of `{\"type\":…,\"scope\":…,\"time\":…}`";
        return Outcome::rejected(Diagnostic::error("import-evidence", expected));
    };
    let mut outcome = Outcome::default();
    for (index, entry) in entries.iter().enumerate() {
        let text = |key: &str| entry.text_at(key);
        let graph_scope = || text("type").filter(|kind| kind.starts_with("graph:/")).map(|_| "/".into());
        let (Some(kind), Some(scope)) = (text("type"), text("scope").or_else(graph_scope)) else {
            let message = format!("`complete[{index}]` needs `type` and `scope` (`/` for the whole tenant)");
            outcome.findings.push(Diagnostic::error("import-evidence", message));
            continue;
        };
        let time = text("time");
        let source = text("source");
        Complete {
            kind: &kind,
            scope: &scope,
            time: time.as_deref(),
            source: source.as_deref().unwrap_or("manifest"),
            here: text("reach").is_some_and(|reach| reach.eq_ignore_ascii_case("here")),
        }
        .add_to(&mut outcome);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_decision_record() {
        let complete = Complete {
            kind: "Microsoft.Security/securityContacts",
            scope: "/SUBSCRIPTIONS/0B1F6471-1bf0-4dda-aec3-cb9272f09590",
            time: Some("2025-01-01T00:00:00Z"),
            source: "test",
            here: false,
        };
        let (key, body) = complete.document().unwrap();
        assert_eq!(
            key.as_str(),
            "azimuth:/evidence/microsoft.security|securitycontacts@|subscriptions|0b1f6471-1bf0-4dda-aec3-cb9272f09590"
        );
        assert_eq!(
            body,
            r#"{"kind":"Evidence","type":"Microsoft.Security/securityContacts","scope":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590","time":"2025-01-01T00:00:00Z","source":"test"}"#
        );
        let graph = Complete { kind: "graph:/users", scope: "/", time: None, source: "test", here: false };
        assert_eq!(graph.document().unwrap().0.as_str(), "azimuth:/evidence/graph:|users@|");
    }
}
