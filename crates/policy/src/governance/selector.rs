//! Resource selectors of assignments and exemptions.

use azimuth_arm::Node;

use crate::fold::eq;

/// A resource selector: holds when all its selectors hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSelector {
    /// Its name.
    pub name: String,
    /// What has to hold.
    pub selectors: Vec<Selector>,
}

/// One condition on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// What is looked at.
    pub kind: SelectorKind,
    /// The value has to be one of these.
    pub allowed: Option<Vec<String>>,
    /// The value may be none of these.
    pub refused: Option<Vec<String>>,
}

/// What a selector looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// The location.
    ResourceLocation,
    /// The type.
    ResourceType,
    /// Resources that have no location; the value is `subscriptionLevelResources`.
    ResourceWithoutLocation,
    /// The reference within an initiative (overrides only).
    PolicyDefinitionReferenceId,
    /// The user who asks.
    UserPrincipalId,
    /// A group of the user who asks.
    GroupPrincipalId,
    /// A share of the resources.
    ResourceRolloutPercentage,
    /// A kind this engine does not know; it selects nothing.
    Other(String),
}

impl SelectorKind {
    pub(crate) fn from_name(name: &str) -> Self {
        let known = [
            ("resourceLocation", Self::ResourceLocation),
            ("resourceType", Self::ResourceType),
            ("resourceWithoutLocation", Self::ResourceWithoutLocation),
            ("policyDefinitionReferenceId", Self::PolicyDefinitionReferenceId),
            ("userPrincipalId", Self::UserPrincipalId),
            ("groupPrincipalId", Self::GroupPrincipalId),
            ("resourceRolloutPercentage", Self::ResourceRolloutPercentage),
        ];
        let known = known.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name));
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, kind)| kind)
    }
}

/// Whether a resource is selected: one of several resource selectors is enough; none selects everything.
pub fn selects(selectors: &[ResourceSelector], resource_type: &str, location: Option<&str>) -> bool {
    selectors.is_empty()
        || selectors
            .iter()
            .any(|selector| selector.selectors.iter().all(|part| part.holds(resource_type, location)))
}

impl Selector {
    fn holds(&self, resource_type: &str, location: Option<&str>) -> bool {
        let location = location.filter(|location| !location.is_empty() && !eq(location, "global"));
        match self.kind {
            SelectorKind::ResourceLocation => {
                location.is_some_and(|location| self.admits(&plain(location), true))
            }
            SelectorKind::ResourceType => self.admits(resource_type, false),
            SelectorKind::ResourceWithoutLocation => location.is_none(),
            // Facts about who asks and about shares of resources are not part of an offline evaluation.
            SelectorKind::UserPrincipalId
            | SelectorKind::GroupPrincipalId
            | SelectorKind::ResourceRolloutPercentage
            | SelectorKind::PolicyDefinitionReferenceId => true,
            SelectorKind::Other(_) => false,
        }
    }

    /// Whether a value is among the allowed ones, and not among the refused.
    pub(crate) fn admits(&self, value: &str, is_location: bool) -> bool {
        let is_in = |list: &[String]| {
            list.iter().any(|known| if is_location { eq(&plain(known), value) } else { eq(known, value) })
        };
        self.allowed.as_ref().is_none_or(|list| is_in(list))
            && self.refused.as_ref().is_none_or(|list| !is_in(list))
    }
}

fn plain(location: &str) -> String {
    location.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Reads `resourceSelectors`.
pub(crate) fn read_resource_selectors(node: Option<&Node>) -> Vec<ResourceSelector> {
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .map(|item| ResourceSelector {
            name: item.get("name").and_then(Node::as_str).unwrap_or_default().to_owned(),
            selectors: read_selectors(item.get("selectors")),
        })
        .collect()
}

pub(crate) fn read_selectors(node: Option<&Node>) -> Vec<Selector> {
    let list = |node: Option<&Node>| {
        node.map(|node| node.items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
    };
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .map(|item| Selector {
            kind: SelectorKind::from_name(item.get("kind").and_then(Node::as_str).unwrap_or_default()),
            allowed: list(item.get("in")),
            refused: list(item.get("notIn")),
        })
        .collect()
}

/// What is wrong with resource selectors.
pub(crate) fn selector_problems(selectors: &[ResourceSelector]) -> Vec<String> {
    let mut problems = Vec::new();
    if selectors.len() > 10 {
        problems.push(format!("{} resource selectors; at most 10 are allowed", selectors.len()));
    }
    for selector in selectors {
        problems.extend(part_problems(&selector.selectors));
    }
    problems
}

pub(crate) fn part_problems(parts: &[Selector]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if part.allowed.is_some() && part.refused.is_some() {
            problems.push("a selector has both `in` and `notIn`; keep one".to_owned());
        }
        if part.allowed.is_none() && part.refused.is_none() {
            problems.push("a selector has neither `in` nor `notIn`".to_owned());
        }
        let count = part.allowed.iter().chain(&part.refused).map(Vec::len).max().unwrap_or(0);
        if count > 50 {
            problems.push(format!("{count} values in a selector; at most 50 are allowed"));
        }
        if parts[..index].iter().any(|other| other.kind == part.kind) {
            problems.push("a kind of selector is used twice; merge the two".to_owned());
        }
        if let SelectorKind::Other(name) = &part.kind {
            problems.push(format!("there is no kind of selector `{name}`"));
        }
    }
    let has = |kind: &SelectorKind| parts.iter().any(|part| part.kind == *kind);
    if has(&SelectorKind::ResourceLocation) && has(&SelectorKind::ResourceWithoutLocation) {
        problems.push("`resourceLocation` and `resourceWithoutLocation` exclude each other".to_owned());
    }
    problems
}
