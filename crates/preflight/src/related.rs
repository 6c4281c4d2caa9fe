//! Related resources: what IfNotExists effects look for beside the resource itself.
//!
//! Documented under "auditIfNotExists properties": a related type below that of the resource is looked for under the
//! resource alone, any other in the resource group or, with `existenceScope`, in the subscription.

use std::cell::RefCell;

use azimuth_arm::ExpandedResource;
use azimuth_ids::{eq_fold, fold};
use azimuth_policy::{Related, RelatedQuery, RelatedResources, Resource, Shelf};

/// A resource of the template, as others see it.
pub(crate) struct Sibling<'e> {
    pub(crate) resource: &'e ExpandedResource,
    pub(crate) json: String,
}

/// Looks for related resources in the template and in what exists already.
pub(crate) struct Surroundings<'a> {
    pub(crate) siblings: &'a [Sibling<'a>],
    pub(crate) existing: Option<&'a dyn Shelf>,
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
    /// Whether the template has a resource of the type whose name is not known, so that it may be one that was meant.
    pub(crate) has_nameless: bool,
}

impl Related for Surroundings<'_> {
    fn related(&self, resource: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let found: Vec<usize> = (0..self.siblings.len())
            .filter(|at| self.is_related(self.siblings[*at].resource, query))
            .collect();
        let mut texts: Vec<String> = found.iter().map(|at| self.siblings[*at].json.clone()).collect();
        let is_below = is_below(&self.subject.resource_type, &query.resource_type);
        let mut is_complete = is_below || is_extension(&query.resource_type);
        if let Some(shelf) = self.existing {
            let (key, kind) = (fold(&self.subject.id), fold(&self.subject.resource_type));
            let existing = RelatedResources::new(shelf, &key, &kind);
            let known = existing.related(resource, query).unwrap_or_default();
            is_complete |= existing.take_doubt().is_none();
            // What the template deploys takes the place of what exists.
            texts.extend(known.into_iter().filter(|text| !self.is_deployed(text)));
        }
        let has_nameless = (0..self.siblings.len()).any(|at| {
            let other = self.siblings[at].resource;
            !other.is_id_resolved
                && eq_fold(&other.resource_type, &query.resource_type)
                && !found.contains(&at)
        });
        *self.asked.borrow_mut() = Some(Asked { query: query.clone(), found, is_complete, has_nameless });
        Some(texts)
    }
}

impl Surroundings<'_> {
    fn is_deployed(&self, existing: &str) -> bool {
        let json: serde_json::Value = serde_json::from_str(existing).unwrap_or_default();
        let id = json["id"].as_str().unwrap_or_default();
        self.siblings.iter().any(|sibling| eq_fold(&sibling.resource.id, id))
    }

    fn is_related(&self, other: &ExpandedResource, query: &RelatedQuery) -> bool {
        eq_fold(&other.resource_type, &query.resource_type)
            && query.name.as_deref().is_none_or(|wanted| fits(&other.name, wanted))
            && self.is_in_reach(other, query)
    }

    fn is_in_reach(&self, other: &ExpandedResource, query: &RelatedQuery) -> bool {
        let subject = self.subject;
        if is_below(&subject.resource_type, &query.resource_type) || is_extension(&query.resource_type) {
            return is_under(&other.id, &subject.id)
                || is_named_below(&other.name, &subject.name)
                || self.is_adopted(other);
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

impl Surroundings<'_> {
    /// Whether a resource, whose name speaks of a parent that the template does not have, waits for the subject: then the
    /// subject is what it is meant for.
    fn is_adopted(&self, other: &ExpandedResource) -> bool {
        let parent = other.id.rsplitn(3, '/').nth(2).unwrap_or_default();
        let waits_for = |id: &str| other.depends_on.iter().any(|needed| eq_fold(needed, id));
        waits_for(&self.subject.id)
            && !self.siblings.iter().any(|sibling| eq_fold(&sibling.resource.id, parent))
    }
}

/// Whether a name that is an expression begins with the name of the holder, which may be an expression as well: such
/// names cannot be compared by their ids.
fn is_named_below(name: &str, holder: &str) -> bool {
    let inside =
        |text: &str| text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
    let Some(name) = inside(name) else { return false };
    match inside(holder) {
        Some(holder) => {
            name.starts_with(&format!("concat({holder}, '/"))
                || name.starts_with("format('{0}/") && name.contains(&format!("', {holder}"))
        }
        None => ["concat('", "format('"].iter().any(|call| name.starts_with(&format!("{call}{holder}/"))),
    }
}

/// Whether `inner` is a type below `outer`.
fn is_below(outer: &str, inner: &str) -> bool {
    inner.len() > outer.len()
        && inner.as_bytes()[outer.len()] == b'/'
        && inner.is_char_boundary(outer.len())
        && eq_fold(&inner[..outer.len()], outer)
}

/// Types whose resources extend another one and are looked for on it; what ends with `/` stands for a whole namespace.
const EXTENSIONS: &[&str] = &[
    "microsoft.authorization/",
    "microsoft.eventgrid/eventsubscriptions",
    "microsoft.guestconfiguration/",
    "microsoft.insights/datacollectionruleassociations",
    "microsoft.insights/diagnosticsettings",
    "microsoft.kubernetesconfiguration/",
    "microsoft.maintenance/configurationassignments",
    "microsoft.recoveryservices/backupprotecteditems",
    "microsoft.security/",
    "microsoft.securityinsights/",
];

fn is_extension(resource_type: &str) -> bool {
    let folded = fold(resource_type);
    EXTENSIONS
        .iter()
        .any(|known| if known.ends_with('/') { folded.starts_with(known) } else { folded == *known })
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
    }

    #[test]
    fn names_that_are_expressions() {
        for (name, holder, is_below) in [
            ("[concat(parameters('a'), '/default')]", "[parameters('a')]", true),
            ("[format('{0}/default', parameters('a'))]", "[parameters('a')]", true),
            ("[concat(parameters('ab'), '/default')]", "[parameters('a')]", false),
            ("[concat('srv/', parameters('b'))]", "srv", true),
            ("[concat('srv2/', parameters('b'))]", "srv", false),
            ("srv/default", "[parameters('a')]", false),
        ] {
            assert_eq!(is_named_below(name, holder), is_below, "{name} below {holder}");
        }
    }

    #[test]
    fn types_below_others() {
        assert!(is_below("Microsoft.Sql/servers", "microsoft.sql/SERVERS/auditingSettings"));
        assert!(!is_below("Microsoft.Sql/servers", "Microsoft.Sql/serversX"));
        assert!(!is_below("Microsoft.Sql/servers", "Microsoft.Sql/servers"));
        assert!(is_under("/a/b/c", "/A/B") && !is_under("/a/bc", "/a/b"));
    }
}
