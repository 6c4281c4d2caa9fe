//! Related resources: what IfNotExists effects look for beside the resource itself.
//!
//! Documented under "auditIfNotExists properties": a related type below that of the resource is looked for under the
//! resource alone, any other in the resource group or, with `existenceScope`, in the subscription.

use std::cell::RefCell;

use azimuth_arm::ExpandedResource;
use azimuth_ids::{IdKind, IdRef, eq_fold};
use azimuth_policy::{Related, RelatedQuery, Resource};

/// What exists already, beside the template.
pub trait Existing {
    /// The JSON texts of existing resources of the type wanted that stand where the query looks, seen from the resource
    /// with the id `subject`; `None` if that cannot be known. Names are compared by the caller.
    fn related(&self, subject: &str, query: &RelatedQuery) -> Option<Vec<String>>;
}

/// A resource of the template, as others see it.
pub(crate) struct Sibling<'e> {
    pub(crate) resource: &'e ExpandedResource,
    pub(crate) json: String,
}

/// Looks for related resources in the template and in what exists already.
pub(crate) struct Surroundings<'a> {
    pub(crate) siblings: &'a [Sibling<'a>],
    pub(crate) existing: Option<&'a dyn Existing>,
    pub(crate) subject: &'a ExpandedResource,
    /// What was asked for last, until somebody takes it.
    pub(crate) asked: RefCell<Option<Asked>>,
}

/// What an effect asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) query: RelatedQuery,
    /// Positions of what was found among the siblings.
    pub(crate) found: Vec<usize>,
    /// Whether everything that could fit has been looked at.
    pub(crate) is_complete: bool,
}

impl Related for Surroundings<'_> {
    fn related(&self, _: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let found: Vec<usize> = (0..self.siblings.len())
            .filter(|at| self.is_related(self.siblings[*at].resource, query))
            .collect();
        let mut texts: Vec<String> = found.iter().map(|at| self.siblings[*at].json.clone()).collect();
        let existing = self.existing.and_then(|existing| existing.related(&self.subject.id, query));
        let is_below = is_below(&self.subject.resource_type, &query.resource_type);
        let is_complete = existing.is_some() || is_below || is_extension(&query.resource_type);
        for text in existing.into_iter().flatten() {
            let id = serde_json::from_str::<serde_json::Value>(&text).ok();
            let id = id.as_ref().and_then(|json| json["id"].as_str()).unwrap_or_default();
            let is_replaced = found.iter().any(|at| eq_fold(&self.siblings[*at].resource.id, id));
            let name = name_of_id(id);
            if !is_replaced && query.name.as_deref().is_none_or(|wanted| fits(&name, wanted)) {
                texts.push(text);
            }
        }
        *self.asked.borrow_mut() = Some(Asked { query: query.clone(), found, is_complete });
        Some(texts)
    }
}

impl Surroundings<'_> {
    fn is_related(&self, other: &ExpandedResource, query: &RelatedQuery) -> bool {
        eq_fold(&other.resource_type, &query.resource_type)
            && query.name.as_deref().is_none_or(|wanted| fits(&other.name, wanted))
            && self.is_in_reach(other, query)
    }

    fn is_in_reach(&self, other: &ExpandedResource, query: &RelatedQuery) -> bool {
        let subject = self.subject;
        if is_below(&subject.resource_type, &query.resource_type) || is_extension(&query.resource_type) {
            return is_under(&other.id, &subject.id);
        }
        if query.in_subscription || is_scope(&subject.resource_type) {
            let subscription = |id: &str| segment(id, "subscriptions");
            return subscription(&other.id) == subscription(&subject.id);
        }
        let wanted = query.resource_group.clone().map(|name| name.to_lowercase());
        let group = |id: &str| segment(id, "resourceGroups");
        group(&other.id) == wanted.or_else(|| group(&subject.id))
    }
}

/// Whether `inner` is a type below `outer`.
fn is_below(outer: &str, inner: &str) -> bool {
    inner.len() > outer.len()
        && inner.as_bytes()[outer.len()] == b'/'
        && inner.is_char_boundary(outer.len())
        && eq_fold(&inner[..outer.len()], outer)
}

/// Types whose resources extend another one and are looked for on it.
const EXTENSIONS: &[&str] = &[
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/dataCollectionRuleAssociations",
    "Microsoft.Authorization/locks",
    "Microsoft.GuestConfiguration/guestConfigurationAssignments",
    "Microsoft.Security/advancedThreatProtectionSettings",
    "Microsoft.Security/defenderForStorageSettings",
    "Microsoft.KubernetesConfiguration/extensions",
];

fn is_extension(resource_type: &str) -> bool {
    EXTENSIONS.iter().any(|known| eq_fold(known, resource_type))
}

fn is_scope(resource_type: &str) -> bool {
    eq_fold(resource_type, "Microsoft.Resources/subscriptions")
}

fn is_under(id: &str, holder: &str) -> bool {
    id.len() > holder.len()
        && id.is_char_boundary(holder.len())
        && eq_fold(&id[..holder.len()], holder)
        && id.as_bytes()[holder.len()] == b'/'
}

/// The segment after `key`, in lower case.
fn segment(id: &str, key: &str) -> Option<String> {
    let mut parts = id.split('/');
    parts.find(|part| eq_fold(part, key))?;
    parts.next().map(str::to_lowercase)
}

/// The full name of a resource, parents included, from its id.
fn name_of_id(id: &str) -> String {
    let Ok(parsed) = IdRef::parse(id) else { return id.rsplit('/').next().unwrap_or_default().to_owned() };
    if parsed.kind() != IdKind::Resource {
        return parsed.name().to_owned();
    }
    let own = id.rsplit_once("/providers/").map_or(id, |(_, own)| own);
    own.split('/').skip(1).skip(1).step_by(2).collect::<Vec<_>>().join("/")
}

/// Whether a full name fits the one wanted, which may leave out parents; `?` stands for any name.
fn fits(name: &str, wanted: &str) -> bool {
    let mut own = name.rsplit('/');
    wanted.rsplit('/').all(|part| own.next().is_some_and(|own| part == "?" || eq_fold(own, part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_leave_out_parents() {
        assert!(fits("srv/Default", "default") && fits("srv/default", "srv/?") && fits("a/b", "A/B"));
        assert!(!fits("default", "srv/default") && !fits("srv/x", "default"));
        assert_eq!(name_of_id("/subscriptions/s/resourceGroups/g/providers/A.B/c/x/d/y"), "x/y");
    }

    #[test]
    fn types_below_others() {
        assert!(is_below("Microsoft.Sql/servers", "microsoft.sql/SERVERS/auditingSettings"));
        assert!(!is_below("Microsoft.Sql/servers", "Microsoft.Sql/serversX"));
        assert!(!is_below("Microsoft.Sql/servers", "Microsoft.Sql/servers"));
        assert!(is_under("/a/b/c", "/A/B") && !is_under("/a/bc", "/a/b"));
    }
}
