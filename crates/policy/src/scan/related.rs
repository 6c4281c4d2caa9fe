//! Related resources of the IfNotExists effects, looked up in what is known of an estate.
//!
//! Documented in "Azure Policy definitions auditIfNotExists effect", properties of `details`: a type below that of the
//! resource is looked for below the resource; another type in the resource group of the resource, or in the whole
//! subscription under `existenceScope`, or in the group that `resourceGroupName` gives. Extension resources belong to
//! what they extend, so they are looked for on the resource itself.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::catalogue::is_extension;
use crate::evaluate::{Related, RelatedQuery, Resource};
use crate::fold::fold;

/// Documents by type and key, both folded.
pub trait Shelf: Sync {
    /// Visits the documents of a type whose keys begin with `prefix`: key and JSON text.
    fn below(&self, kind: &str, prefix: &str, visit: &mut dyn FnMut(&str, &str));
    /// Whether all resources of a type at and below a scope are known.
    fn is_listed(&self, kind: &str, scope: &str) -> bool;
}

/// Looks for the related resources of one resource.
pub struct RelatedResources<'a> {
    shelf: &'a dyn Shelf,
    key: &'a str,
    kind: &'a str,
    doubt: Cell<Option<String>>,
    /// Searches made so far: many policies ask for the same.
    searches: RefCell<Vec<Rc<Search>>>,
}

/// Where related resources of a type are looked for, whatever their names.
struct Search {
    resource_type: String,
    resource_group: Option<String>,
    in_subscription: bool,
    /// The type, folded.
    wanted: String,
    place: Place,
    is_listed: bool,
}

impl<'a> RelatedResources<'a> {
    /// For the resource of a folded key and type.
    pub fn new(shelf: &'a dyn Shelf, key: &'a str, kind: &'a str) -> Self {
        Self { shelf, key, kind, doubt: Cell::new(None), searches: RefCell::default() }
    }

    /// The type of resources that the last search looked for in a list that is not known to be complete; the answer
    /// "none fits" then proves nothing. Asking forgets it.
    pub fn take_doubt(&self) -> Option<String> {
        self.doubt.take()
    }

    fn search(&self, query: &RelatedQuery) -> Rc<Search> {
        let mut searches = self.searches.borrow_mut();
        let is_same = |known: &&Rc<Search>| {
            known.resource_type == query.resource_type
                && known.resource_group == query.resource_group
                && known.in_subscription == query.in_subscription
        };
        if let Some(known) = searches.iter().find(is_same) {
            return known.clone();
        }
        let wanted = fold(&query.resource_type);
        let place = place(self.key, self.kind, &wanted, query);
        let is_listed = self.shelf.is_listed(&wanted, &place.scope);
        let search = Rc::new(Search {
            resource_type: query.resource_type.clone(),
            resource_group: query.resource_group.clone(),
            in_subscription: query.in_subscription,
            wanted,
            place,
            is_listed,
        });
        searches.push(search.clone());
        search
    }
}

impl Related for RelatedResources<'_> {
    fn related(&self, resource: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let mut found = Vec::new();
        self.each_related(resource, query, &mut |body| {
            found.push(body.to_owned());
            ControlFlow::Continue(())
        });
        Some(found)
    }

    fn each_related(
        &self,
        _: &Resource<'_>,
        query: &RelatedQuery,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> bool {
        let search = self.search(query);
        let name = query.name.as_deref().map(fold);
        let mut is_over = false;
        self.shelf.below(&search.wanted, &search.place.prefix, &mut |key, body| {
            if !is_over && name.as_deref().is_none_or(|name| is_named(key, name)) {
                is_over = visit(body).is_break();
            }
        });
        self.doubt.set((!search.is_listed).then(|| query.resource_type.clone()));
        true
    }
}

/// Where to look.
#[derive(Debug, PartialEq)]
struct Place {
    /// What keys begin with.
    prefix: String,
    /// The scope whose list has to be complete.
    scope: String,
}

fn place(key: &str, kind: &str, wanted: &str, query: &RelatedQuery) -> Place {
    let is_child = wanted.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'));
    if is_child {
        return Place { prefix: format!("{key}/"), scope: key.to_owned() };
    }
    if is_extension(wanted) {
        let namespace = wanted.split('/').next().unwrap_or_default();
        return Place { prefix: format!("{key}/providers/{namespace}/"), scope: key.to_owned() };
    }
    let mut parts = key.split('/').skip(2);
    let subscription = format!("/subscriptions/{}", parts.next().unwrap_or_default());
    let own_group = match (parts.next(), parts.next()) {
        (Some("resourcegroups"), Some(name)) => Some(name.to_owned()),
        _ => None,
    };
    let group = query.resource_group.as_deref().map(fold).filter(|name| !name.is_empty());
    let group = if query.in_subscription { group } else { group.or(own_group) };
    let scope = match group {
        Some(name) => format!("{subscription}/resourcegroups/{name}"),
        None => subscription,
    };
    // A search for resource groups themselves finds the one that is the scope, too.
    Place { prefix: if wanted == kind && scope == key { scope.clone() } else { format!("{scope}/") }, scope }
}

/// Whether the full name of a key is `name`: the names of parents and the own one, joined by `/`; the last may be `?`. A
/// name without `/` is compared with the last segment.
fn is_named(key: &str, name: &str) -> bool {
    let block = key.rsplit_once("/providers/").map_or(key, |(_, block)| block);
    let names: Vec<&str> = block.split('/').skip(2).step_by(2).collect();
    let wanted: Vec<&str> = name.split('/').collect();
    let compared = match (wanted.len(), names.len()) {
        (1, count) => &names[count.saturating_sub(1)..],
        (wanted, count) if wanted == count => &names[..],
        _ => return false,
    };
    let last = wanted.len() - 1;
    compared.len() == wanted.len()
        && wanted
            .iter()
            .zip(compared)
            .enumerate()
            .all(|(at, (wanted, found))| wanted == found || (at == last && *wanted == "?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VM: &str = "/subscriptions/s/resourcegroups/web/providers/microsoft.compute/virtualmachines/vm1";

    fn query(resource_type: &str) -> RelatedQuery {
        RelatedQuery {
            resource_type: resource_type.to_owned(),
            name: None,
            resource_group: None,
            in_subscription: false,
        }
    }

    #[track_caller]
    fn check(key: &str, kind: &str, query: &RelatedQuery, prefix: &str) {
        assert_eq!(place(key, kind, &fold(&query.resource_type), query).prefix, prefix);
    }

    #[test]
    fn places_follow_type_and_scope() {
        let vm = "microsoft.compute/virtualmachines";
        check(VM, vm, &query("Microsoft.Compute/virtualMachines/extensions"), &format!("{VM}/"));
        check(
            VM,
            vm,
            &query("Microsoft.Insights/diagnosticSettings"),
            &format!("{VM}/providers/microsoft.insights/"),
        );
        check(VM, vm, &query("Microsoft.Network/networkWatchers"), "/subscriptions/s/resourcegroups/web/");
        let wide = RelatedQuery { in_subscription: true, ..query("Microsoft.Network/networkWatchers") };
        check(VM, vm, &wide, "/subscriptions/s/");
        let named = RelatedQuery { resource_group: Some("NetworkWatcherRG".to_owned()), ..wide };
        check(VM, vm, &named, "/subscriptions/s/resourcegroups/networkwatcherrg/");
        check(
            "/subscriptions/s",
            "microsoft.resources/subscriptions",
            &query("Microsoft.Security/pricings"),
            "/subscriptions/s/providers/microsoft.security/",
        );
        check(
            "/subscriptions/s/resourcegroups/web",
            "microsoft.resources/subscriptions/resourcegroups",
            &query("Microsoft.Storage/storageAccounts"),
            "/subscriptions/s/resourcegroups/web/",
        );
    }

    #[test]
    fn names_are_full_or_last() {
        let key =
            "/subscriptions/s/resourcegroups/web/providers/microsoft.sql/servers/db/auditingsettings/default";
        for (name, expected) in [
            ("default", true),
            ("db/default", true),
            ("db/?", true),
            ("?", true),
            ("other/default", false),
            ("a/b/c", false),
        ] {
            assert_eq!(is_named(key, name), expected, "{name}");
        }
    }
}
