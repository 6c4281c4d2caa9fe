//! Scopes: where an assignment holds, and what lies above a scope.

use std::fmt;

use azimuth_ids::{eq_fold, fold};
use thiserror::Error;

use crate::condition::Truth;

const MANAGEMENT_GROUPS: &str = "/providers/microsoft.management/managementgroups/";
const SUBSCRIPTIONS: &str = "/subscriptions/";

/// A scope: `/`, a management group, a subscription, a resource group, a resource, or a provider's own scope
/// (`/providers/Microsoft.Capacity`). Compared without regard to case and by whole segments.
///
/// INVARIANT: `folded` is case-folded, begins with a slash and ends with none, except for `/` itself.
#[derive(Clone, Debug)]
pub struct Scope {
    text: Box<str>,
    folded: Box<str>,
}

/// Why a text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no scope: expected a path such as `/subscriptions/…` without empty segments")]
pub struct ScopeError {
    /// The text.
    pub text: String,
}

impl Scope {
    /// Reads a scope; one trailing slash is tolerated.
    ///
    /// # Errors
    /// [`ScopeError`] if the text does not begin with a slash, is longer than 4,096 bytes, or has an empty or
    /// control-character segment.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let error = || ScopeError { text: text.chars().take(200).collect() };
        if text == "/" {
            return Ok(Self::tenant());
        }
        let path = text.strip_suffix('/').unwrap_or(text);
        let segments = path.strip_prefix('/').ok_or_else(error)?;
        let malformed =
            path.len() > 4_096 || segments.split('/').any(str::is_empty) || path.contains(char::is_control);
        if malformed {
            return Err(error());
        }
        Ok(Self { text: path.into(), folded: fold(path).into() })
    }

    /// The tenant, `/`.
    pub fn tenant() -> Self {
        Self { text: "/".into(), folded: "/".into() }
    }

    /// The management group of a name.
    pub fn management_group(name: &str) -> Self {
        let text = format!("/providers/Microsoft.Management/managementGroups/{name}");
        Self { folded: fold(&text).into(), text: text.into() }
    }

    /// The scope as written, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// The subscription or management group at the root of the scope, from which the hierarchy leads upwards.
    pub fn root(&self) -> ScopeRoot<'_> {
        if let Some(rest) = self.folded.strip_prefix(SUBSCRIPTIONS) {
            ScopeRoot::Subscription(first_segment(rest))
        } else if let Some(rest) = self.folded.strip_prefix(MANAGEMENT_GROUPS) {
            ScopeRoot::ManagementGroup(first_segment(rest))
        } else {
            ScopeRoot::Tenant
        }
    }

    /// Whether the scope is a management group.
    pub fn is_management_group(&self) -> bool {
        self.folded.strip_prefix(MANAGEMENT_GROUPS).is_some_and(|name| !name.contains('/'))
    }

    /// Whether this scope is `outer` or lies below it by its text; management groups hold subscriptions only by
    /// the hierarchy, which is not asked.
    pub fn is_within(&self, outer: &Self) -> bool {
        *outer.folded == *"/"
            || self
                .folded
                .strip_prefix(&*outer.folded)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn first_segment(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Scope {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where a scope begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeRoot<'a> {
    /// The tenant, or a scope of a provider directly below it.
    Tenant,
    /// The management group of this name.
    ManagementGroup(&'a str),
    /// The subscription of this id.
    Subscription(&'a str),
}

/// The management groups above a subscription or management group: what no resource id tells.
///
/// Implemented by every closure of that signature, so a hierarchy of any crate can answer:
///
/// ```
/// use azimuth_access::{ScopeRoot, Scopes};
///
/// let hierarchy = |root: ScopeRoot<'_>| match root {
///     ScopeRoot::Subscription("s1") => Some(vec!["prod".to_owned(), "root".to_owned()]),
///     ScopeRoot::ManagementGroup("prod") => Some(vec!["root".to_owned()]),
///     _ => None,
/// };
/// assert_eq!(hierarchy.groups_above(ScopeRoot::ManagementGroup("prod")).unwrap(), ["root"]);
/// ```
pub trait Scopes {
    /// The names of the management groups above, nearest first; `None` if they are not known, and then what is
    /// assigned at management groups stays undecided. Names in `root` come case-folded; the tenant is never asked
    /// for.
    fn groups_above(&self, root: ScopeRoot<'_>) -> Option<Vec<String>>;
}

impl<F: Fn(ScopeRoot<'_>) -> Option<Vec<String>>> Scopes for F {
    fn groups_above(&self, root: ScopeRoot<'_>) -> Option<Vec<String>> {
        self(root)
    }
}

/// A scope with everything above it, case-folded.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    folded: Box<str>,
    /// The ends of the scope's own segments, nearest first.
    ends: Vec<usize>,
    /// The ids of the management groups above; `None` if they are not known.
    above: Option<Vec<String>>,
}

impl Chain {
    pub(crate) fn of(scope: &Scope, scopes: &dyn Scopes) -> Self {
        let folded: Box<str> = scope.folded().into();
        let mut ends: Vec<usize> = folded.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).collect();
        if *folded != *"/" {
            ends.push(folded.len());
        }
        ends.reverse();
        let groups = match scope.root() {
            ScopeRoot::Tenant => Some(Vec::new()),
            root => scopes.groups_above(root),
        };
        let id = |name: &String| format!("{MANAGEMENT_GROUPS}{}", fold(name));
        Self { folded, ends, above: groups.map(|groups| groups.iter().map(id).collect()) }
    }

    /// The scopes, nearest first, ending with `/`. Texts that end within a type (`/subscriptions`) are among
    /// them; nothing is assigned there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let own = self.ends.iter().map(|end| &self.folded[..*end]);
        let above = self.above.iter().flatten().map(String::as_str);
        own.chain(above).chain(std::iter::once("/"))
    }

    /// Whether the management groups above are known.
    pub(crate) fn is_known(&self) -> bool {
        self.above.is_some()
    }

    /// Whether the chain passes through a scope; unknown for management groups if those above are not known.
    pub(crate) fn passes(&self, scope: &Scope) -> Truth {
        let outer = scope.folded();
        let own = outer == "/"
            || self.folded.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match &self.above {
            _ if own => Truth::True,
            None if scope.is_management_group() => Truth::Unknown,
            Some(above) if above.iter().any(|group| group == outer) => Truth::True,
            _ => Truth::False,
        }
    }

    /// Whether a scope is the very start of the chain.
    pub(crate) fn starts_at(&self, scope: &Scope) -> bool {
        *self.folded == *scope.folded()
    }
}

/// The last segment of an id, by which role definitions are known whatever the scope they are read from.
pub(crate) fn last_segment(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The scope in front of `/providers/{provider}` at the end of an extension's id.
pub(crate) fn scope_before<'a>(id: &'a str, provider: &str) -> Option<&'a str> {
    let begins = |at: usize| {
        let end = at + provider.len();
        id.len() > end && id.is_char_boundary(end) && eq_fold(&id[at..end], provider)
    };
    let (at, _) = id.match_indices('/').rfind(|(at, _)| begins(*at))?;
    Some(if at == 0 { "/" } else { &id[..at] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn whole_segments_count() {
        let resource = scope("/subscriptions/S1/resourceGroups/rg10/providers/Microsoft.Web/sites/a/");
        assert!(resource.is_within(&scope("/SUBSCRIPTIONS/s1/resourcegroups/RG10")));
        assert!(!resource.is_within(&scope("/subscriptions/s1/resourceGroups/rg1")));
        assert!(resource.is_within(&Scope::tenant()));
        assert_eq!(resource.root(), ScopeRoot::Subscription("s1"));
        assert!(Scope::parse("subscriptions/x").is_err() && Scope::parse("/a//b").is_err());
    }

    #[test]
    fn the_chain_goes_through_management_groups() {
        let scopes = |root: ScopeRoot<'_>| match root {
            ScopeRoot::Subscription("s1") => Some(vec!["Prod".to_owned(), "Root".to_owned()]),
            _ => None,
        };
        let chain = Chain::of(&scope("/subscriptions/S1/resourceGroups/rg"), &scopes);
        assert_eq!(chain.passes(&Scope::management_group("ROOT")), Truth::True);
        assert_eq!(chain.passes(&Scope::tenant()), Truth::True);
        assert_eq!(chain.passes(&Scope::management_group("other")), Truth::False);
        let lost = Chain::of(&scope("/subscriptions/s2"), &scopes);
        assert_eq!(lost.passes(&Scope::management_group("root")), Truth::Unknown);
        assert_eq!(lost.passes(&scope("/subscriptions/s1")), Truth::False);
        assert_eq!(chain.iter().next(), Some("/subscriptions/s1/resourcegroups/rg"));
        assert_eq!(chain.iter().last(), Some("/"));
        assert_eq!(Chain::of(&Scope::tenant(), &scopes).iter().collect::<Vec<_>>(), ["/"]);
    }

    #[test]
    fn the_scope_of_an_assignment_is_in_its_id() {
        let provider = "/providers/Microsoft.Authorization/roleAssignments";
        let id = "/subscriptions/s/providers/microsoft.authorization/roleassignments/1";
        assert_eq!(scope_before(id, provider), Some("/subscriptions/s"));
        assert_eq!(scope_before("/providers/Microsoft.Authorization/roleAssignments/1", provider), Some("/"));
        assert_eq!(scope_before("/subscriptions/s", provider), None);
    }
}
