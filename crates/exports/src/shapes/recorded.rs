//! Responses recorded together with their requests, as `azimuth collect` writes them.
//!
//! The address tells what was listed where; a list read to its end is evidence (decision record 0001).

use std::borrow::Cow;

use azimuth_diag::Diagnostic;
use azimuth_ids::IdRef;

use super::evidence::Complete;
use super::graph::Collection;
use crate::classify::Members;
use crate::report::{Outcome, shorten};

/// The kind and version of recorded responses.
pub(crate) const KIND: &str = "recorded-response/1";

/// What a refused Graph request lacks, by the start of its path; the first match counts. Source: the
/// "Permissions" table of each operation in the Graph reference.
const GRAPH_PERMISSIONS: [(&str, &str); 8] = [
    ("identity/", "`Policy.Read.All` and the role Security Reader"),
    ("policies/", "`Policy.Read.All` and the role Security Reader"),
    ("rolemanagement/", "`RoleManagement.Read.Directory`"),
    ("directoryroles", "`RoleManagement.Read.Directory`"),
    ("reports/", "`AuditLog.Read.All` and the role Reports Reader"),
    ("users/", "`Policy.Read.All` and `User.Read.All`"),
    ("applications", "`Application.Read.All`"),
    ("", "`Directory.Read.All`"),
];

/// What a refused Resource Manager request lacks, by a part of its path in lower case.
const ARM_ROLES: [(&str, &str); 4] = [
    ("/providers/microsoft.security/", "the role Security Reader at this scope"),
    ("/providers/microsoft.management/", "the role Management Group Reader on the root management group"),
    ("/providers/microsoft.authorization/", "the role Reader at this scope"),
    ("", "the role Reader at this scope"),
];

/// A request and how it was answered.
pub(crate) struct Request {
    is_get: bool,
    is_graph: bool,
    /// The path in the form of a resource id, or below the Graph version.
    path: String,
    query: String,
    url: String,
    status: u64,
    time: Option<String>,
    is_final: bool,
    /// What the recorder itself says is complete with this page: type, scope, whether only there.
    stated: Vec<(String, String, bool)>,
}

impl Request {
    pub(crate) fn read(view: &Members<'_>) -> Result<Self, Diagnostic> {
        let expected = |what: &str| {
            Err(Diagnostic::error("import-recorded", format!("the recorded response has no {what}")))
        };
        let Some(url) = view.text("url") else { return expected("`url`") };
        let Some(status) = view.number("status") else { return expected("numeric `status`") };
        let Some((host, rest)) = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .and_then(|rest| rest.split_once('/'))
        else {
            let message = format!("`{}` is no address of Azure", shorten(&url, 120));
            return Err(Diagnostic::error("import-recorded", message));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = percent_decoded(path);
        let is_graph = host.contains("graph.") || host.starts_with("graph");
        let path = match is_graph {
            true => path
                .split_once('/')
                .map_or(String::new(), |(_version, path)| path.trim_matches('/').to_owned()),
            false => format!("/{}", path.trim_matches('/')),
        };
        Ok(Self {
            is_get: view.text("method").is_none_or(|method| method.eq_ignore_ascii_case("GET")),
            is_graph,
            path,
            query: query.to_owned(),
            status,
            time: view.text("time").map(Cow::into_owned),
            is_final: view.raw("final") == Some("true"),
            stated: stated(view),
            url: url.into_owned(),
        })
    }

    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The path of a Resource Manager request, in the form of a resource id.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The collection asked for, if the request went to Graph.
    pub(crate) fn graph_collection(&self, is_page: bool) -> Option<Collection> {
        self.is_graph.then(|| Collection::from_request(&self.path, is_page))
    }

    /// What the status means for the estate.
    pub(crate) fn answer_outcome(&self) -> Outcome {
        let asked = shorten(&self.path, 160);
        let finding = match self.status {
            200..300 | 404 => return Outcome::default(),
            401 => Diagnostic::warning(
                "import-status",
                format!("`{asked}` was answered with 401: not signed in"),
            )
            .with_hint("run `az login` and collect again"),
            403 => Diagnostic::warning(
                "import-status",
                format!("`{asked}` was answered with 403: not permitted"),
            )
            .with_hint(format!("the collecting identity needs {}", self.missing_role())),
            status => {
                Diagnostic::warning("import-status", format!("`{asked}` was answered with status {status}"))
                    .with_hint("what it should have listed is missing; collect again")
            }
        };
        Outcome::rejected(finding)
    }

    fn missing_role(&self) -> &'static str {
        let path = self.path.to_ascii_lowercase();
        if self.is_graph {
            GRAPH_PERMISSIONS.iter().find(|(start, _)| path.starts_with(start)).map_or("", |(_, role)| role)
        } else {
            ARM_ROLES.iter().find(|(part, _)| path.contains(part)).map_or("", |(_, role)| role)
        }
    }

    /// The evidence that a page gives, if it is the last of an unfiltered list.
    pub(crate) fn evidence(&self) -> Outcome {
        let mut outcome = Outcome::default();
        let source = format!("{} {}", if self.is_get { "GET" } else { "POST" }, self.url);
        let time = self.time.as_deref();
        if self.is_final && !self.stated.is_empty() {
            for (kind, scope, here) in &self.stated {
                Complete { kind, scope, time, source: &source, here: *here }.add_to(&mut outcome);
            }
            return outcome;
        }
        let is_filtered = ["$filter", "%24filter", "$search", "%24search"]
            .iter()
            .any(|option| self.query.to_ascii_lowercase().contains(option));
        if !(self.is_get && self.is_final) || is_filtered {
            return outcome;
        }
        let mut add = |kind: &str, scope: &str| {
            // The settings listed at a scope are those of the scope itself, not of the resources in it.
            let here = kind.eq_ignore_ascii_case("Microsoft.Insights/diagnosticSettings");
            Complete { kind, scope, time, source: &source, here }.add_to(&mut outcome);
        };
        if self.is_graph {
            let collection = Collection::from_request(&self.path, true);
            add(&format!("graph:/{}", collection.path()), "/");
        } else if let Some((kind, scope)) = list_of(&self.path) {
            if kind.eq_ignore_ascii_case("Microsoft.Management/managementGroups/descendants") {
                add("Microsoft.Management/managementGroups", &scope);
                add("Microsoft.Management/managementGroups/subscriptions", &scope);
            } else {
                add(&kind, &scope);
            }
        }
        outcome
    }
}

/// The member `evidence` of a recorded line: `[{"type":…,"scope":…,"reach":"here"}]`.
fn stated(view: &Members<'_>) -> Vec<(String, String, bool)> {
    #[derive(serde::Deserialize)]
    struct Statement {
        r#type: String,
        scope: String,
        #[serde(default)]
        reach: Option<String>,
    }
    let statements = view.raw("evidence").and_then(|text| serde_json::from_str::<Vec<Statement>>(text).ok());
    let here = |reach: Option<String>| reach.is_some_and(|reach| reach.eq_ignore_ascii_case("here"));
    statements
        .unwrap_or_default()
        .into_iter()
        .map(|statement| (statement.r#type, statement.scope, here(statement.reach)))
        .collect()
}

/// The type and scope of a list, from its path; `None` if the path names one resource.
pub(crate) fn list_of(path: &str) -> Option<(String, String)> {
    let lower = path.to_ascii_lowercase();
    let Some(block) = lower.rfind("/providers/") else {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let scope = |kept: usize| match kept {
            0 => "/".to_owned(),
            _ => format!("/{}", segments[..kept].join("/")),
        };
        let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
        return match lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["subscriptions"] => Some(("Microsoft.Resources/subscriptions".into(), scope(0))),
            ["subscriptions", _, "resourcegroups"] => {
                Some(("Microsoft.Resources/subscriptions/resourceGroups".into(), scope(2)))
            }
            ["subscriptions", _, "resources"] => Some(("Microsoft.Resources/resources".into(), scope(2))),
            ["subscriptions", _, "resourcegroups", _, "resources"] => {
                Some(("Microsoft.Resources/resources".into(), scope(4)))
            }
            _ => None,
        };
    };
    let segments: Vec<&str> = path[block + "/providers/".len()..].split('/').collect();
    let (namespace, rest) = segments.split_first()?;
    if rest.len().is_multiple_of(2) {
        return None;
    }
    let kind =
        std::iter::once(*namespace).chain(rest.iter().step_by(2).copied()).collect::<Vec<_>>().join("/");
    let scope = match rest.len() {
        1 => &path[..block],
        _ => path.rsplit_once('/').map_or("", |(parent, _)| parent),
    };
    let scope = if scope.is_empty() { "/" } else { scope };
    IdRef::parse(scope).ok()?;
    Some((kind, scope.to_owned()))
}

/// Percent-escapes resolved; sequences that are none, or no UTF-8, stay as they are.
fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
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
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_path() {
        let list = |path: &str| list_of(path).map(|(kind, scope)| format!("{kind} @ {scope}"));
        let cases = [
            ("/subscriptions", Some("Microsoft.Resources/subscriptions @ /")),
            (
                "/subscriptions/s/resourcegroups",
                Some("Microsoft.Resources/subscriptions/resourceGroups @ /subscriptions/s"),
            ),
            (
                "/subscriptions/s/providers/Microsoft.Security/securityContacts",
                Some("Microsoft.Security/securityContacts @ /subscriptions/s"),
            ),
            (
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets",
                Some(
                    "Microsoft.Network/virtualNetworks/subnets @ /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
                ),
            ),
            (
                "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/Microsoft.Insights/diagnosticSettings",
                Some(
                    "Microsoft.Insights/diagnosticSettings @ /subscriptions/s/resourceGroups/g/providers/A.B/c/d",
                ),
            ),
            (
                "/providers/Microsoft.Management/managementGroups",
                Some("Microsoft.Management/managementGroups @ /"),
            ),
            ("/providers/Microsoft.Management/managementGroups/m", None),
            ("/subscriptions/s", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(list(path).as_deref(), expected, "{path}");
        }
    }
}
