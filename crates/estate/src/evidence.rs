//! Which lists are known to have been read to their end.
//!
//! An object that is absent proves something only if the list it would stand in is complete. Evidence documents
//! (`azimuth:/evidence/…`, decision record 0001) say so for a resource type at a scope or a Graph collection.

use std::collections::BTreeSet;

use azimuth_ids::{DocumentKey, IdKind, IdRef, KeyError, fold};
use serde::Deserialize;

use crate::snapshot::Snapshot;

/// The type that stands for every resource of a resource list (`az resource list`, the `resources` table).
pub const ALL_RESOURCES: &str = "Microsoft.Resources/resources";

/// Completeness of lists, by folded type and scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Folded `(type, scope)`: complete at the scope and below.
    complete: BTreeSet<(String, String)>,
    /// Folded `(type, scope)`: complete at the scope itself only.
    complete_here: BTreeSet<(String, String)>,
    /// Folded types complete everywhere because the user said so.
    assumed: BTreeSet<String>,
    assume_all: bool,
}

#[derive(Deserialize)]
struct Record {
    r#type: String,
    #[serde(default = "tenant")]
    scope: String,
    #[serde(default)]
    reach: Reach,
}

/// How far a complete list reaches. Some lists of a scope hold only what lies directly on it: a subscription's
/// diagnostic settings are not those of its resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// The scope and everything below it.
    #[default]
    Below,
    /// The scope itself.
    Here,
}

fn tenant() -> String {
    "/".to_owned()
}

impl Evidence {
    /// The evidence that a snapshot's documents give.
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut evidence = Self::default();
        for entry in snapshot.of_type("azimuth:/evidence") {
            let Ok(record) = entry.read::<Record>() else { continue };
            if record.scope == "*" {
                evidence.assume(&record.r#type);
            } else {
                evidence.add(&record.r#type, &record.scope, record.reach);
            }
        }
        evidence
    }

    /// Notes that all objects of a type at a scope are known, and below it if the list reaches there.
    pub fn add(&mut self, kind: &str, scope: &str, reach: Reach) {
        let scope = scope.trim_end_matches('/');
        let scope = if scope.is_empty() { "/" } else { scope };
        let set = match reach {
            Reach::Below => &mut self.complete,
            Reach::Here => &mut self.complete_here,
        };
        set.insert((fold(kind).into_owned(), fold(scope).into_owned()));
    }

    /// Takes a type as complete everywhere; `all` means every type.
    pub fn assume(&mut self, kind: &str) {
        if kind.eq_ignore_ascii_case("all") {
            self.assume_all = true;
        } else {
            self.assumed.insert(fold(kind).into_owned());
        }
    }

    /// Whether all objects of a type are known at `scope` itself, by a list of that scope or of one above it in
    /// the id. Lists of management groups count for their subscriptions only through
    /// [`Snapshot::lists`], which knows the hierarchy.
    pub fn complete(&self, kind: &str, scope: IdRef<'_>) -> bool {
        let kind = fold(kind);
        self.assume_all
            || self.assumed.contains(&*kind)
            || self.complete_here.contains(&(kind.to_string(), fold(scope.as_str()).into_owned()))
            || scope.scope_chain().any(|at| self.has(&kind, &fold(at.as_str())))
    }

    /// Whether a Graph collection such as `graph:/users` is known in full.
    pub fn complete_collection(&self, collection: &str) -> bool {
        let collection = fold(collection);
        self.assume_all || self.assumed.contains(&*collection) || self.has(&collection, "/")
    }

    fn has(&self, kind: &str, scope: &str) -> bool {
        self.complete.contains(&(kind.to_owned(), scope.to_owned()))
    }

    /// Every `(type, scope)` known to be complete at the scope and below, folded, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.complete.iter().map(|(kind, scope)| (&**kind, &**scope))
    }
}

impl Snapshot {
    /// Whether all objects of a resource type at and below `scope` are in the snapshot: by evidence for the type
    /// (or, for top-level resource types, for the whole resource list) at the scope, above it in the id, or at
    /// a management group above its subscription.
    pub fn lists(&self, kind: &str, scope: IdRef<'_>) -> bool {
        let evidence = self.evidence();
        let tracked = kind.split('/').count() == 2 && !is_untracked(kind);
        let complete =
            |at: IdRef<'_>| evidence.complete(kind, at) || tracked && evidence.complete(ALL_RESOURCES, at);
        if complete(scope) {
            return true;
        }
        let above = match (scope.kind(), scope.subscription_id(), scope.management_group()) {
            (IdKind::Tenant, _, _) => Vec::new(),
            (_, Some(subscription), _) => self.hierarchy().ancestors_of_subscription(subscription),
            (_, None, Some(group)) => self.hierarchy().ancestors(group),
            _ => Vec::new(),
        };
        above.iter().any(|group| {
            let id = format!("/providers/Microsoft.Management/managementGroups/{group}");
            IdRef::parse(&id).is_ok_and(complete)
        })
    }
}

/// Extension and proxy types with two segments that no resource list holds.
fn is_untracked(kind: &str) -> bool {
    [
        "microsoft.authorization/",
        "microsoft.security/",
        "microsoft.insights/diagnosticsettings",
        "microsoft.management/",
    ]
    .iter()
    .any(|prefix| fold(kind).starts_with(prefix))
}

/// The document key of the evidence for a type at a scope.
///
/// # Errors
/// [`KeyError`] if type or scope hold control characters.
pub fn evidence_key(kind: &str, scope: &str) -> Result<DocumentKey, KeyError> {
    DocumentKey::azimuth(&format!("evidence/{}@{}", kind.replace('/', "|"), scope.replace('/', "|")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> IdRef<'_> {
        IdRef::parse(text).unwrap()
    }

    #[test]
    fn a_list_above_covers_what_is_below() {
        let mut evidence = Evidence::default();
        evidence.add("Microsoft.Security/pricings", "/subscriptions/A/", Reach::Below);
        assert!(evidence.complete("microsoft.security/PRICINGS", id("/subscriptions/a")));
        assert!(evidence.complete("microsoft.security/pricings", id("/subscriptions/a/resourceGroups/x")));
        assert!(!evidence.complete("microsoft.security/pricings", id("/subscriptions/ab")));
        assert!(!evidence.complete("microsoft.security/contacts", id("/subscriptions/a")));
    }

    #[test]
    fn a_list_of_a_scope_alone_says_nothing_of_what_is_below() {
        let mut evidence = Evidence::default();
        evidence.add("Microsoft.Insights/diagnosticSettings", "/subscriptions/a", Reach::Here);
        assert!(evidence.complete("microsoft.insights/diagnosticSettings", id("/subscriptions/A")));
        assert!(
            !evidence
                .complete("microsoft.insights/diagnosticSettings", id("/subscriptions/a/resourceGroups/x"))
        );
    }

    #[test]
    fn assumptions_hold_everywhere() {
        let mut evidence = Evidence::default();
        evidence.assume("graph:/users");
        assert!(evidence.complete_collection("graph:/Users"));
        assert!(!evidence.complete_collection("graph:/groups"));
        evidence.assume("all");
        assert!(evidence.complete_collection("graph:/groups"));
    }

    #[test]
    fn keys_hold_type_and_scope() {
        let key = evidence_key("Microsoft.Security/pricings", "/subscriptions/a").unwrap();
        assert_eq!(key.as_str(), "azimuth:/evidence/microsoft.security|pricings@|subscriptions|a");
    }
}
